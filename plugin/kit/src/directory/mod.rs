//! The local copy of the organisation: departments, members, and the feed of what changed.
//!
//! Data flows one way. [`sync`] and [`refresh`] ask the vendor, [`member_status`] (pure) compares the answer with the copy,
//! [`batch`] writes records, indexes, feed and [`head`] in one atomic step, and [`read`], [`list`], [`lookup`] and
//! [`feed`] only ever read. [`follow_up`] does what the vendor's own word asks for.
//! [`forgetting`], [`erasure`] and `deletion` take away, in portions. [`key`] is the one place that knows how storage is laid out.

pub(crate) mod administrators;
pub(crate) mod batch;
pub(crate) mod deletion;
pub mod department;
pub mod erasure;
pub mod feed;
pub mod follow_up;
pub mod forgetting;
pub mod head;
pub mod id;
pub mod key;
pub mod list;
pub mod lookup;
pub mod member;
pub mod member_status;
pub mod read;
pub mod record;
pub mod refresh;
pub(crate) mod retired;
pub mod roles;
pub(crate) mod rules;
pub mod search;
pub(crate) mod spreading;
pub mod sync;
pub(crate) mod tagged;
pub(crate) mod tree;
