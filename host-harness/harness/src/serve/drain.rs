//! The time between the wish that a host ends and its end: it serves on, and says that it stops, so that a balancer sends
//! people elsewhere before connections are refused.

use std::time::Duration;

use tokio::time::sleep;

use crate::interrupt::{Interrupt, asked_to_end};

/// Where nothing else is asked for: so long for a supervisor, behind whom balancers are. A person at the terminal waits
/// for nothing.
const USUAL: Duration = Duration::from_secs(5);

/// How long to drain when this one asks the host to end.
pub fn time(wanted: Option<Duration>, by: Interrupt) -> Duration {
    wanted.unwrap_or(match by {
        Interrupt::Person => Duration::ZERO,
        Interrupt::Supervisor => USUAL,
    })
}

/// Returns after this time, or when the host is asked to end once more.
pub async fn drain(time: Duration) {
    tokio::select! {
        biased;
        _ = asked_to_end(2) => {}
        () = sleep(time) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balancers_are_given_time_and_people_are_not_kept() {
        let minute = Duration::from_mins(1);
        for (wanted, by, expected) in [
            (None, Interrupt::Supervisor, USUAL),
            (None, Interrupt::Person, Duration::ZERO),
            (Some(minute), Interrupt::Supervisor, minute),
            (Some(minute), Interrupt::Person, minute),
            (Some(Duration::ZERO), Interrupt::Supervisor, Duration::ZERO),
        ] {
            assert_eq!(time(wanted, by), expected, "{wanted:?} {by:?}");
        }
    }
}
