//! Tickets of the JS-SDK (fact sheet section 8.1): one of the corp, one of each app, the same while they are valid.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::{UnixMillis, millis};
use crate::secret::{Secret, random_text};

/// Lifetime of a JS-SDK ticket.
pub const JS_TICKET_LIFETIME: Duration = Duration::from_secs(7200);

/// Whose a ticket is: an app's, or the corp's.
pub(crate) type Owner = Option<u64>;

/// The tickets in use.
#[derive(Debug, Default)]
pub(crate) struct Tickets(HashMap<Owner, (Secret, UnixMillis)>);

impl Tickets {
    /// The owner's ticket, and the milliseconds it has left.
    pub(crate) fn get(&mut self, owner: Owner, now: UnixMillis, random: &mut fastrand::Rng) -> (Secret, u64) {
        let fresh =
            |random: &mut fastrand::Rng| (Secret::new(random_text(random, 86)), now + millis(JS_TICKET_LIFETIME));
        let (ticket, expires) = self.0.entry(owner).or_insert_with(|| fresh(random));
        if *expires <= now {
            (*ticket, *expires) = fresh(random);
        }
        (ticket.clone(), *expires - now)
    }
}
