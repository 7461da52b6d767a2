//! The local copy of the organisation: departments, members, and the feed of what changed.
//!
//! Data flows one way: [`sync`] and [`refresh`] ask the vendor, [`member_status`] compares the answer with the copy, [`batch`]
//! writes, and [`read`], [`list`], [`lookup`] and [`feed`] only ever read.
//!
//! | Files | What they hold |
//! |---|---|
//! | [`sync`], [`refresh`], [`follow_up`] | the run over everything; one member or department; what the vendor's own word asks for |
//! | [`member_status`] | what a fetched member means: joined, changed, resigned, come back. Pure |
//! | [`member`], [`department`], [`id`] | a member and a department in the kit's own form; how their ids compare |
//! | [`batch`], [`head`], [`record`], [`key`] | one atomic write of records, indexes, feed and head; what is stored, and under which key |
//! | [`read`], [`list`], [`search`], [`lookup`], `tree` | single records, pages of them, search, a member for the sign-in, who is below whom |
//! | [`feed`] | the feed of changes, and how long an entry is kept |
//! | [`roles`], `rules`, `spreading`, `tag_members` | roles of members; rules that give them; bringing these to all; whom their tags name |
//! | `administrators`, `retired` | who administers the app; whom an administrator has declared as resigned |
//! | [`forgetting`], [`erasure`], `deletion` | taking away the copy, one member, many keys: in portions |

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
pub(crate) mod tag_members;
pub(crate) mod tree;
