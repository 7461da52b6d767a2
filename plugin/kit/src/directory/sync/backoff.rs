//! What a refusal of the vendor means for the run: wait, pause, or simply another call. Pure.

use super::run::{Failures, PendingWait, Run};
use crate::{contract::types::Reason, failure::Failure};

/// What becomes of a run that the vendor stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// This call's limits were too small for the step: the next call goes on.
    More,
    /// The host waits, then calls again.
    Wait(PendingWait),
    /// A person has to act.
    Pause,
}

/// Failures in a row of a read that may be a hiccup.
const HICCUPS: u32 = 3;
/// Rate limits in a row before a person is told: more than the hour of the longest ordinary window.
const RATE_LIMITS: u32 = 12;
/// The longest single wait that nobody asked for: ten minutes. A block that lasts longer is noticed again then.
const LONGEST_MS: u64 = 10 * 60 * 1_000;
/// Why a run waits that the vendor asked for fewer calls.
pub const RATE_LIMIT: &str = "rate-limit";
/// By how much waits differ by chance.
const SPREAD_MS: u64 = 2_000;
/// Who is told to wait no longer than this asked too much at once, not too often.
const AT_ONCE_MS: u64 = 2_000;

/// Judges a failure and counts it. `random` spreads the repetitions of many tenants.
pub fn judge(failure: &Failure, run: &mut Run, now: u64, random: u16) -> Backoff {
    let wait = |reason: &str, wait_ms: u64| Backoff::Wait(PendingWait::new(now, wait_ms, reason, failure.vendor_code));
    let spread = |limit_ms: u64| u64::from(random) * limit_ms / u64::from(u16::MAX);
    match &failure.reason {
        Reason::BudgetExhausted => Backoff::More,
        Reason::RateLimited if run.failures.rate_limits < RATE_LIMITS => {
            run.failures.rate_limits += 1;
            if failure.retry_after_ms.is_some_and(|wait_ms| wait_ms <= AT_ONCE_MS) {
                run.parallelism = (run.parallelism / 2).max(1);
            }
            let asked = failure.retry_after_ms.unwrap_or(60_000);
            let doubled = asked.saturating_mul(1 << (run.failures.rate_limits - 1).min(16)).min(LONGEST_MS);
            wait(RATE_LIMIT, doubled.max(asked).saturating_add(spread(SPREAD_MS / 2)))
        }
        Reason::Unavailable if run.failures.hiccups < HICCUPS => {
            run.failures.hiccups += 1;
            let reason = if failure.vendor_code.is_some() { "busy" } else { "unreachable" };
            wait(reason, failure.retry_after_ms.unwrap_or(0).max(1_000 + spread(SPREAD_MS)))
        }
        Reason::UnexpectedAnswer if run.failures.hiccups < HICCUPS => {
            run.failures.hiccups += 1;
            wait("unreadable", 1_000 + spread(SPREAD_MS))
        }
        _ => {
            run.failures = Failures::default();
            Backoff::Pause
        }
    }
}

/// Whether this failure has come so often in a row that [`judge`] would call a person.
pub(super) fn is_spent(failure: &Failure, run: &Run) -> bool {
    match failure.reason {
        Reason::RateLimited => run.failures.rate_limits >= RATE_LIMITS,
        _ => run.failures.hiccups >= HICCUPS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

    fn run() -> Run {
        Run::new("r".to_owned(), 0, 5)
    }

    fn failure(reason: Reason, code: Option<i64>, retry_after_ms: Option<u64>) -> Failure {
        let mut failure = Failure::new(reason, "m");
        (failure.vendor_code, failure.retry_after_ms) = (code, retry_after_ms);
        failure
    }

    fn wait_of(setback: &Backoff) -> Option<(u64, &str)> {
        match setback {
            Backoff::Wait(wait) => Some((wait.not_before, wait.reason.as_str())),
            _ => None,
        }
    }

    #[test]
    fn a_first_setback_is_judged_by_its_reason() {
        for (name, failure, expected) in [
            ("minute limit", failure(Reason::RateLimited, Some(45009), Some(60_000)), Some((60_000, "rate-limit"))),
            ("too many at once", failure(Reason::RateLimited, Some(45033), Some(2_000)), Some((2_000, "rate-limit"))),
            ("hours", failure(Reason::RateLimited, None, Some(7_200_000)), Some((7_200_000, "rate-limit"))),
            ("a day", failure(Reason::RateLimited, None, Some(DAY_MS)), Some((DAY_MS, "rate-limit"))),
            ("a week", failure(Reason::RateLimited, None, Some(7 * DAY_MS)), Some((DAY_MS, "rate-limit"))),
            ("for ever", failure(Reason::Unavailable, None, Some(u64::MAX)), Some((DAY_MS, "unreachable"))),
            ("busy", failure(Reason::Unavailable, Some(-1), None), Some((1_000, "busy"))),
            ("no connection", failure(Reason::Unavailable, None, None), Some((1_000, "unreachable"))),
            ("HTML", failure(Reason::UnexpectedAnswer, None, None), Some((1_000, "unreadable"))),
            ("untrusted address", failure(Reason::NotPermitted, Some(60020), None), None),
            ("wrong secret", failure(Reason::CredentialsRefused, Some(40001), None), None),
        ] {
            assert_eq!(wait_of(&judge(&failure, &mut run(), 0, 0)), expected, "{name}");
        }
    }

    #[test]
    fn hiccups_end_after_three_repetitions_and_begin_anew_after_the_pause() {
        let mut run = run();
        let busy = failure(Reason::Unavailable, Some(-1), None);
        let judged: Vec<bool> = (0..5).map(|_| matches!(judge(&busy, &mut run, 0, 0), Backoff::Wait(_))).collect();
        assert_eq!(judged, [true, true, true, false, true]);
    }

    #[test]
    fn rate_limits_back_off_up_to_ten_minutes() {
        let mut run = run();
        let limited = failure(Reason::RateLimited, Some(45009), Some(60_000));
        let waits: Vec<u64> = (0..6)
            .filter_map(|_| wait_of(&judge(&limited, &mut run, 0, 0)).map(|(not_before, _)| not_before / 1_000))
            .collect();
        assert_eq!(waits, [60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn too_many_at_once_lowers_the_number_side_by_side() {
        let mut run = run();
        let limited = failure(Reason::RateLimited, Some(45033), Some(2_000));
        let widths: Vec<u32> = (0..4)
            .map(|_| {
                judge(&limited, &mut run, 0, 0);
                run.parallelism
            })
            .collect();
        assert_eq!(widths, [2, 1, 1, 1]);
    }

    #[test]
    fn a_budget_that_was_too_small_is_no_failure() {
        let mut run = run();
        let exhausted = Failure::budget_exhausted("user/list");
        assert_eq!(judge(&exhausted, &mut run, 0, 0), Backoff::More);
        assert_eq!(run.failures, Failures::default());
    }

    #[test]
    fn rate_limits_leave_hiccups_their_repetitions_and_the_other_way_round() {
        let mut run = run();
        let limited = failure(Reason::RateLimited, Some(45009), Some(60_000));
        let busy = failure(Reason::Unavailable, Some(-1), None);
        for failure in [&limited, &limited, &limited, &limited, &busy, &limited, &busy, &limited, &busy] {
            assert!(matches!(judge(failure, &mut run, 0, 0), Backoff::Wait(_)), "{run:?}");
        }
        assert_eq!(judge(&busy, &mut run, 0, 0), Backoff::Pause);
    }
}
