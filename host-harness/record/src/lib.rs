//! Records what crossed the boundary of calls, without secrets and personal data, and replays it exactly.
//!
//! A bug report of a real company is one file. It holds a series of calls, each with everything that the component asked of its host
//! (HTTP, storage, settings, clock, randomness, what is left of the limits) and what came back, one event a line.
//!
//! # How private data leave a recording
//!
//! Replacing names in a file would not do: a component hashes and compares what it is given, and a replay would take another way.
//! So the *inputs* are replaced, by [`Pseudonyms`] that are the same throughout, and the component runs once more on them, without a
//! network and a store: the [rehearsal](rehearse). What it asks then, and what it answers, is what the file holds. It took the same
//! way as the real calls, import by import, and each call ended the same way; where it did not, there is no file.
//!
//! What the real calls asked is never written, nor is what they were answered. [`Pseudonyms`] says what is replaced and what stays.
//!
//! What a vendor encrypts is no exception: whoever knows it ([`VendorFormat`]) opens it, its contents are replaced, and it is sealed
//! anew with what stands for its keys. Those are the component's own of the rehearsal, or stand in the replaced configuration.
//!
//! # How a recording is replayed
//!
//! [`replay`] makes the same calls of a component. Every import must be asked in the recorded order with exactly the recorded
//! arguments, and every call must end as recorded; the first difference is the answer, with the line of the file. What of a limit
//! depends on time (`cpu-ms`, `wall-ms`) ends a replayed call at the same import as the recorded one. All other limits are in force.

mod bodies;
mod deliveries;
mod difference;
mod downloads;
mod file;
mod own;
mod pseudonym;
mod rehearsal;
mod replay;
mod same;
mod scene;
mod secret;
mod vendor;

pub use difference::{Difference, Place};
pub use file::{Header, RecordingError, RecordingFile};
pub use pseudonym::Pseudonyms;
pub use rehearsal::{Diverged, rehearse};
pub use replay::{Replayed, replay};
pub use vendor::{Contents, Delivery, Unsealed, VendorFormat};
