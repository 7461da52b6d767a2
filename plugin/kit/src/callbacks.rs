//! What the vendor sends by itself, as far as it is the same for every vendor: short answers, and each delivery once.
//!
//! | Key | Value |
//! |---|---|
//! | `callback/<id>` | a mark of the call that took the delivery, for [`REMEMBERED_MS`] |

use crate::{
    contract::{
        callbacks::{Handled, OutgoingResponse},
        storage::{Outcome, StorageError},
        types::Body,
    },
    failure::Failure,
    fingerprint,
    platform::Platform,
    store,
};

/// How long a delivery is remembered: an hour. Vendors repeat what was not answered within minutes; that, and a vendor's bad
/// quarter of an hour, lie well within it, and a busy day leaves only what one hour of it sent.
pub const REMEMBERED_MS: u64 = 60 * 60 * 1_000;

/// Whether nobody else took this delivery, on whatever host. `id` is a [fingerprint] of what was delivered.
///
/// # Errors
/// Where the store fails: the vendor is to send it again.
pub fn is_first(platform: &dyn Platform, id: &str) -> Result<bool, Failure> {
    let (key, mark) = (format!("callback/{id}"), fingerprint::mark(platform));
    match platform.apply(&[store::check(&key, None), store::put_for(&key, &mark, REMEMBERED_MS)]) {
        Ok(Outcome::Applied(_)) => Ok(true),
        Ok(Outcome::Conflict(_)) => Ok(false),
        // Nobody knows whether it was written, but the mark tells by whom.
        Err(error @ StorageError::Unavailable(true)) => match store::value::<String>(platform, &key)? {
            Some(found) => Ok(found == mark),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// What a request gets that is not the vendor's. It does not say what is wrong with it.
pub fn refused() -> Handled {
    let response = OutgoingResponse { status: 403, body: Body::Text("forbidden".to_owned()) };
    Handled { response, events: Vec::new(), follow_ups: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::types::Reason, fake::FakePlatform};

    #[test]
    fn one_of_two_hosts_is_first_and_after_an_hour_another() {
        let fake = FakePlatform::new();
        assert!(is_first(&fake, "one").unwrap());
        assert!(!is_first(&fake, "one").unwrap());
        assert!(is_first(&fake, "two").unwrap());
        fake.advance_ms(REMEMBERED_MS - 1);
        assert!(!is_first(&fake, "one").unwrap());
        fake.advance_ms(1);
        assert!(is_first(&fake, "one").unwrap());
    }

    #[test]
    fn a_write_whose_answer_is_lost_is_known_again() {
        let fake = FakePlatform::new();
        fake.after_storage(|_, touch| match touch.puts("callback/") {
            true => Err(StorageError::Unavailable(true)),
            false => Ok(()),
        });
        assert!(is_first(&fake, "one").unwrap());
        assert!(!is_first(&fake, "one").unwrap_or(false));
        // Not written: the vendor is to come again.
        fake.clear_hooks();
        fake.before_storage(|_, touch| match touch.puts("callback/") {
            true => Err(StorageError::Unavailable(true)),
            false => Ok(()),
        });
        assert_eq!(is_first(&fake, "two").unwrap_err().reason, Reason::Unavailable);
        fake.clear_hooks();
        assert!(is_first(&fake, "two").unwrap());
    }
}
