//! Messages of apps: what was sent, what each member received of it, and what became of it: recalled, updated, pressed.
//! Plain state; the routes under `api/message` decide what gets in.

mod card;
mod frequency;
mod media;
mod store;

pub(crate) use card::CodeError;
pub use card::{CardState, Press, PressError};
pub use media::MEDIA_LIFETIME;
pub(crate) use media::{MediaKind, MediaStore, Pictures};
pub(crate) use store::{CardChange, Draft, LONGEST_CHECK, Messages, RecallError};
pub use store::{MessageCounts, RECALL_WINDOW, RESPONSE_CODE_LIFETIME, Received};
