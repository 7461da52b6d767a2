//! How a periodic sync ended, and how long the tenant is then left alone: decisions only.

use std::time::Duration;

use organisation_host::contract::types::RemovalCounts;

/// How a periodic sync of one tenant ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// The run is complete.
    Complete,
    /// The vendor asked to wait; the next sync goes on with the run, on any host.
    Waiting {
        /// How long, from now.
        wait: Duration,
        /// The element's word for it, such as `rate-limit`.
        reason: String,
        /// The vendor's number, when it asked for the wait.
        vendor_code: Option<i64>,
    },
    /// The guard holds the run until somebody approves or abandons it.
    Blocked {
        /// The run.
        run: String,
        /// What it would remove.
        removal: RemovalCounts,
    },
    /// A person has to act; what is wrong is the reason.
    Paused {
        /// The reason of the contract, such as `not-permitted`.
        reason: String,
        /// The vendor's number, where there is one.
        vendor_code: Option<i64>,
        /// What happened, in the element's words.
        message: String,
        /// The next step, in the element's words.
        hint: Option<String>,
    },
    /// The element answered an error, or the call gave no answer.
    Failed {
        /// The reason of the contract, or the kind of [`CallError`](organisation_host::CallError).
        reason: String,
        /// The vendor's number, where there is one.
        vendor_code: Option<i64>,
        /// No earlier than this.
        retry_after: Option<Duration>,
        /// What happened, in the words of the element or of the host.
        message: String,
        /// The next step, in the element's words.
        hint: Option<String>,
    },
    /// The host has held the lease for long enough: the run goes on with the tenant's next one, after other tenants had theirs.
    Unfinished,
    /// The host stops: the run goes on at once elsewhere.
    Stopped,
    /// Another host has taken the lease, because this one did not renew it in time.
    Lost,
    /// Nobody works on it any more: its scheduler was dropped while it ran, or a defect of the host broke it off. The lease
    /// expires.
    BrokenOff,
}

impl SyncOutcome {
    /// In one word, for metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Waiting { .. } => "waiting",
            Self::Blocked { .. } => "blocked",
            Self::Paused { .. } => "paused",
            Self::Failed { .. } => "failed",
            Self::Unfinished => "unfinished",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
            Self::BrokenOff => "broken-off",
        }
    }

    /// Why the run is not complete, where that has a name.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Waiting { reason, .. } | Self::Paused { reason, .. } | Self::Failed { reason, .. } => Some(reason),
            Self::Blocked { .. } => Some("mass-removal-blocked"),
            _ => None,
        }
    }

    /// The vendor's number, where there is one.
    pub fn vendor_code(&self) -> Option<i64> {
        match self {
            Self::Waiting { vendor_code, .. } | Self::Paused { vendor_code, .. } | Self::Failed { vendor_code, .. } => {
                *vendor_code
            }
            _ => None,
        }
    }

    /// What happened, where somebody said so.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Paused { message, .. } | Self::Failed { message, .. } => Some(message),
            _ => None,
        }
    }

    /// The next step, where the element knows one.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Paused { hint, .. } | Self::Failed { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }
}

/// The back-off after the first failure; each further one doubles it.
const FIRST_BACK_OFF: Duration = Duration::from_mins(1);
/// The longest back-off, where the period is not longer, and the longest wait that an element can ask for: it is not to be
/// trusted with more.
const LONGEST_COOLDOWN: Duration = Duration::from_hours(24);
/// How often a blocked run is looked at, where the period is not shorter.
const BLOCKED_POLL: Duration = Duration::from_mins(5);
/// So many looks fall into the hour for which it rests.
const BLOCKED_POLLS: u32 = 10;
/// A wait is never shorter, so that an element that says "wait" without a time keeps no host busy.
pub(super) const SHORTEST_WAIT: Duration = Duration::from_millis(500);

/// The cooldown before the tenant is due again, and how many failures one after the other that makes. `None`: it is due at
/// once.
///
/// `chance` is drawn from 0 to 1. It moves a period by up to a tenth either way, so that tenants who began together do not
/// stay together; times that the vendor asked for are only ever lengthened.
pub(super) fn cooldown(outcome: &SyncOutcome, period: Duration, failures: u32, chance: f64) -> (Option<Duration>, u32) {
    let around = |time: Duration| time.mul_f64(0.9 + 0.2 * chance);
    let beyond = |time: Duration| time.mul_f64(1.0 + 0.1 * chance);
    match outcome {
        SyncOutcome::Complete => (Some(around(period)), 0),
        // The run is sound, so what failed before does not count any more.
        SyncOutcome::Waiting { wait, .. } => (Some(beyond((*wait).clamp(SHORTEST_WAIT, LONGEST_COOLDOWN))), 0),
        // A look costs next to nothing, and what was approved is to be carried out while it is fresh.
        // After an hour the run begins anew, and that is the period's affair.
        SyncOutcome::Blocked { .. } if failures < BLOCKED_POLLS => {
            (Some(around(BLOCKED_POLL.min(period))), failures.saturating_add(1))
        }
        SyncOutcome::Blocked { .. } => (Some(around(period)), 0),
        SyncOutcome::Paused { .. } | SyncOutcome::Failed { .. } => {
            let failures = failures.saturating_add(1);
            let doubled = FIRST_BACK_OFF.min(period).saturating_mul(1 << (failures - 1).min(20));
            let backed_off = around(doubled.min(LONGEST_COOLDOWN.max(period)));
            let asked = match outcome {
                SyncOutcome::Failed { retry_after: Some(asked), .. } => beyond((*asked).min(LONGEST_COOLDOWN)),
                _ => Duration::ZERO,
            };
            (Some(backed_off.max(asked)), failures)
        }
        // It got on, so what failed before does not count any more.
        SyncOutcome::Unfinished => (None, 0),
        SyncOutcome::Stopped | SyncOutcome::Lost | SyncOutcome::BrokenOff => (None, failures),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn failed(retry_after: Option<Duration>) -> SyncOutcome {
        let (reason, message) = ("unavailable".to_owned(), String::new());
        SyncOutcome::Failed { reason, vendor_code: None, retry_after, message, hint: None }
    }

    fn waiting(wait: Duration) -> SyncOutcome {
        SyncOutcome::Waiting { wait, reason: "rate-limit".to_owned(), vendor_code: None }
    }

    #[test]
    fn cooldowns_are_as_the_table_says() {
        let (reason, message) = ("not-permitted".to_owned(), String::new());
        let paused = SyncOutcome::Paused { reason, vendor_code: Some(60020), message, hint: None };
        let removal = RemovalCounts { members: 9, members_total: 9, departments: 0, departments_total: 1 };
        let blocked = SyncOutcome::Blocked { run: "r".to_owned(), removal };
        let seconds = Duration::from_secs;
        // In the middle of the chances nothing is moved but what only ever grows.
        for (outcome, period, failures, expected) in [
            (SyncOutcome::Complete, HOUR, 7, (Some(HOUR), 0)),
            (waiting(seconds(100)), HOUR, 2, (Some(seconds(105)), 0)),
            (waiting(Duration::ZERO), HOUR, 0, (Some(Duration::from_millis(525)), 0)),
            (failed(None), HOUR, 0, (Some(seconds(60)), 1)),
            (failed(None), HOUR, 1, (Some(seconds(120)), 2)),
            (failed(None), HOUR, 6, (Some(seconds(3_840)), 7)),
            (failed(None), HOUR, 40, (Some(seconds(86_400)), 41)),
            (failed(None), HOUR, u32::MAX, (Some(seconds(86_400)), u32::MAX)),
            (failed(None), seconds(2), 0, (Some(seconds(2)), 1)),
            (failed(None), 48 * HOUR, 40, (Some(48 * HOUR), 41)),
            (failed(Some(seconds(600))), HOUR, 0, (Some(seconds(630)), 1)),
            (waiting(Duration::MAX), HOUR, 0, (Some(seconds(90_720)), 0)),
            (failed(Some(Duration::MAX)), HOUR, 0, (Some(seconds(90_720)), 1)),
            (paused, HOUR, 0, (Some(seconds(60)), 1)),
            (blocked.clone(), HOUR, 0, (Some(seconds(300)), 1)),
            (blocked.clone(), 24 * HOUR, 9, (Some(seconds(300)), 10)),
            (blocked.clone(), 24 * HOUR, 10, (Some(24 * HOUR), 0)),
            (blocked, seconds(20), 7, (Some(seconds(20)), 8)),
            (SyncOutcome::Unfinished, HOUR, 3, (None, 0)),
            (SyncOutcome::Stopped, HOUR, 3, (None, 3)),
            (SyncOutcome::Lost, HOUR, 3, (None, 3)),
        ] {
            assert_eq!(cooldown(&outcome, period, failures, 0.5), expected, "{outcome:?} {period:?} {failures}");
        }
    }

    proptest! {
        #[test]
        fn chance_moves_periods_a_little_and_never_shortens_what_was_asked_for(
            chance in 0.0..=1.0_f64, seconds in 1..1_000_000_u64, failures in any::<u32>(),
        ) {
            let asked = Duration::from_secs(seconds);
            let after = |outcome: &SyncOutcome| cooldown(outcome, asked, failures, chance).0.unwrap();
            let complete = after(&SyncOutcome::Complete);
            prop_assert!(complete >= asked.mul_f64(0.899) && complete <= asked.mul_f64(1.101));
            let most = asked.min(LONGEST_COOLDOWN);
            prop_assert!(after(&waiting(asked)) >= most && after(&failed(Some(asked))) >= most);
        }
    }
}
