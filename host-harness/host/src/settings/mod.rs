//! The configuration of an element as a JitAI app keeps it: a folder with `e.json`, which says what kind of element it
//! is, and `<folder name>.json`, its business configuration, in which `{{NAME}}` stands for a variable that the
//! operator granted to this element.
//!
//! What the keys mean is the component's business; the host only makes sure that the document is one JSON object and
//! that nothing which was not granted gets into it.
//!
//! **What is wiped.** A document, its parsed form, the variables and the file or declaration they came from are wiped from
//! memory when they go. Not in this program's hand: the environment of the process, what the operating system buffered or swapped
//! out, and a component's own memory, which gets the values that it computes with; the engine clears that memory
//! before another instance has it.

mod document;
mod encoding;
mod fill;
mod folder;
mod look_alike;
mod object;
mod unique;

pub use document::{Document, DocumentError};
pub use encoding::{EncodingError, text_of_bytes};
pub use fill::{FillError, Variables};
pub use folder::{ElementFolder, MAX_FILE_BYTES, SettingsError};
pub use look_alike::LookAlike;
pub use object::{Object, text_of, wipe};
pub use unique::Unique;
