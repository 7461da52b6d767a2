//! When a tenant's periodic syncs do not work any more, and when an operator hears of it: decisions, and the lines of the log.
//!
//! Nobody looks at a host that runs unattended, so its log says at default verbosity when the syncs of a tenant stop working, when
//! they work again, and once a day that they still do not; never once a sync. What was said is kept in the store, so that it is said
//! by one host, whichever has the lease.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outcome::SyncOutcome;

/// How often the log says so while it lasts.
const REMINDER: Duration = Duration::from_hours(24);
/// No run has come to its end for so long, and for two periods: what a wait or many calls never explain.
const OVERDUE: Duration = Duration::from_hours(24);
/// Syncs that may fail one after the other for a reason that passes by itself, a minute or two apart.
const PASSING: u32 = 3;
/// Reasons that often do.
const MAY_PASS: [&str; 3] = ["unavailable", "rate-limited", "conflict"];
/// Bytes of a component's words that a line of the log quotes.
const WORDS: usize = 1_000;

/// What is wrong with the periodic syncs of a tenant, as the hosts of a store remember it. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Trouble {
    /// When the first sync since the last complete run ended without one.
    since: Option<u64>,
    /// When the log last said that the syncs do not work. Absent: they do, or it is too early to say.
    reported: Option<u64>,
}

/// What the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// They do not work any more.
    Began,
    /// They still do not.
    Lasts,
    /// They do again.
    Over,
}

impl Trouble {
    /// Whether an operator was told.
    pub(super) fn is_reported(self) -> bool {
        self.reported.is_some()
    }

    /// After a sync that ended so, which makes so many failures one after the other.
    pub(super) fn after(
        self,
        outcome: &SyncOutcome,
        failures: u32,
        period: Duration,
        now: u64,
    ) -> (Self, Option<Notice>) {
        match outcome {
            SyncOutcome::Complete => return (Self::default(), self.reported.map(|_| Notice::Over)),
            // They say something of the host, and nothing of the tenant.
            SyncOutcome::Stopped | SyncOutcome::Lost | SyncOutcome::BrokenOff => return (self, None),
            _ => {}
        }
        let since = self.since.unwrap_or(now);
        let passed = |time: u64| Duration::from_millis(now.saturating_sub(time));
        let notice = match self.reported {
            Some(reported) => (passed(reported) >= REMINDER).then_some(Notice::Lasts),
            None => {
                let is_overdue = passed(since) >= OVERDUE.max(period.saturating_mul(2));
                (is_overdue || does_not_work(outcome, failures)).then_some(Notice::Began)
            }
        };
        let reported = if notice.is_some() { Some(now) } else { self.reported };
        (Self { since: Some(since), reported }, notice)
    }
}

/// Whether a sync that ended so shows that the next will not be better.
fn does_not_work(outcome: &SyncOutcome, failures: u32) -> bool {
    match outcome {
        SyncOutcome::Blocked { .. } => true,
        SyncOutcome::Paused { reason, .. } | SyncOutcome::Failed { reason, .. } => {
            failures >= if MAY_PASS.contains(&reason.as_str()) { PASSING } else { 1 }
        }
        _ => false,
    }
}

impl Notice {
    /// Writes it into the log.
    pub(super) fn log(self, tenant: &str, outcome: &SyncOutcome, trouble: Trouble) {
        let reason = outcome.reason().unwrap_or_default();
        let (vendor_code, ended) = (outcome.vendor_code(), outcome.name());
        // No field of the name `message`: those are written as they are, and these are a component's words.
        let (error, hint) = (outcome.message().map(shortened), outcome.hint().map(shortened));
        let since = trouble.since.and_then(|since| jiff::Timestamp::from_millisecond(since.try_into().ok()?).ok());
        let since = since.map(tracing::field::display);
        match self {
            Self::Began => tracing::warn!(
                lowcode.tenant = tenant,
                ended,
                reason,
                vendor_code,
                error,
                hint,
                since,
                "the periodic syncs of a tenant do not work any more"
            ),
            Self::Lasts => tracing::warn!(
                lowcode.tenant = tenant,
                ended,
                reason,
                vendor_code,
                error,
                hint,
                since,
                "the periodic syncs of a tenant still do not work"
            ),
            Self::Over => tracing::info!(lowcode.tenant = tenant, "the periodic syncs of a tenant work again"),
        }
    }
}

fn shortened(words: &str) -> &str {
    &words[..words.floor_char_boundary(WORDS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_hours(1);
    const HOUR: u64 = 3_600_000;

    fn paused(reason: &str) -> SyncOutcome {
        let (message, hint) = (String::new(), None);
        SyncOutcome::Paused { reason: reason.to_owned(), vendor_code: None, message, hint }
    }

    fn waiting() -> SyncOutcome {
        SyncOutcome::Waiting { wait: PERIOD, reason: "rate-limit".to_owned(), vendor_code: None }
    }

    /// What is said of syncs that end so at these hours. Failures are counted as the scheduler does.
    fn said(syncs: &[(u64, SyncOutcome)]) -> Vec<Option<Notice>> {
        let (mut trouble, mut failures) = (Trouble::default(), 0);
        let mut said = Vec::new();
        for (hour, outcome) in syncs {
            failures = if matches!(outcome, SyncOutcome::Paused { .. }) { failures + 1 } else { 0 };
            let (after, notice) = trouble.after(outcome, failures, PERIOD, 1 + hour * HOUR);
            trouble = after;
            said.push(notice);
        }
        said
    }

    #[test]
    fn what_stops_working_is_said_once_then_daily_and_when_it_is_over() {
        let refused = || paused("not-permitted");
        let complete = SyncOutcome::Complete;
        let syncs =
            [(0, refused()), (1, refused()), (23, refused()), (24, refused()), (47, refused()), (49, refused())];
        let (began, lasts) = (Some(Notice::Began), Some(Notice::Lasts));
        assert_eq!(said(&syncs), [began, None, None, lasts, None, lasts]);
        // A wait, or a host that stops, is no sign that it works.
        let syncs = [(0, refused()), (1, waiting()), (2, SyncOutcome::Stopped), (3, complete.clone()), (4, complete)];
        assert_eq!(said(&syncs), [began, None, None, Some(Notice::Over), None]);
    }

    #[test]
    fn what_passes_by_itself_is_said_when_it_does_not() {
        let busy = || paused("unavailable");
        assert_eq!(said(&[(0, busy()), (0, busy()), (0, SyncOutcome::Complete)]), [None; 3]);
        assert_eq!(said(&[(0, busy()), (0, busy()), (0, busy())]), [None, None, Some(Notice::Began)]);
    }

    #[test]
    fn a_run_that_never_ends_is_said() {
        for endless in [waiting(), SyncOutcome::Unfinished] {
            let syncs = [(0, endless.clone()), (23, endless.clone()), (24, endless.clone()), (25, endless)];
            assert_eq!(said(&syncs), [None, None, Some(Notice::Began), None]);
        }
        assert_eq!(said(&[(0, waiting()), (20, SyncOutcome::Complete), (24, waiting()), (40, waiting())]), [None; 4]);
    }
}
