//! Trying again what lost a race, or its connection.
//!
//! A database with several writers may undo a transaction because of another one, and expects it to be repeated. And a
//! server that was started anew has left connections behind that fail one by one. How often is bounded, and the pauses
//! grow at random, so that those who met do not meet again.

use std::time::{Duration, Instant};

use super::failure::SqlFailure;

/// How often something is tried: more often than a store has connections that may be dead.
const ATTEMPTS: u32 = 10;

/// The longest first pause; each following may be twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(4);

const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Nothing is tried again after this time: a database that does not answer at all makes an attempt long.
const LONGEST: Duration = Duration::from_secs(10);

/// Repeats an attempt until it succeeds, fails for another reason, or was made too often.
pub(super) async fn repeated<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, SqlFailure>
where
    F: Future<Output = Result<T, SqlFailure>>,
{
    let (start, mut longest) = (Instant::now(), FIRST_PAUSE);
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(failure) if failure.may_be_repeated() && start.elapsed() < LONGEST => {}
            result => return result,
        }
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
        longest = LONGEST_PAUSE.min(longest * 2);
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::super::StorageError;
    use super::*;

    #[tokio::test]
    async fn only_lost_races_are_repeated_and_not_for_ever() {
        let lost = || SqlFailure::raced("another came first");
        let full = || SqlFailure::from(StorageError::unavailable("full"));
        for (name, losses, end, attempts, succeeds) in [
            ("at once", 0, None, 1, true),
            ("after three races", 3, None, 4, true),
            ("another failure", 1, Some(full as fn() -> SqlFailure), 2, false),
            ("races without end", u32::MAX, None, ATTEMPTS, false),
        ] {
            let made = Cell::new(0);
            let result = repeated(|| {
                made.set(made.get() + 1);
                let result = match end {
                    _ if made.get() <= losses => Err(lost()),
                    Some(end) => Err(end()),
                    None => Ok(()),
                };
                async { result }
            });
            assert_eq!((result.await.is_ok(), made.get()), (succeeds, attempts), "{name}");
        }
    }
}
