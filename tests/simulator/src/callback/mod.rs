//! Callbacks (fact sheet section 7): what the platform tells apps and the contact-sync assistant, signed and encrypted,
//! over plain HTTP to loopback addresses, which are the only ones the simulator talks to.

mod changes;
mod client;
mod delivery;
mod event;
mod outbox;
mod receiver;
mod reply;

pub(crate) use changes::{contact_events, range_events};
pub(crate) use client::{Exchange, send};
pub(crate) use delivery::{check, deliver, run};
pub use event::{Event, EventValue};
pub use outbox::{Attempt, Delivery, DeliveryId, Order};
pub(crate) use outbox::{CardAt, Outbox};
pub(crate) use receiver::Address;
pub use receiver::{CallbackError, Receiver};
pub use reply::Reply;
