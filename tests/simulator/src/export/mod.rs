//! The asynchronous export of contacts (fact sheet section 4.4): jobs, and the encrypted files they leave behind.
//!
//! A file is written row by row through the cipher into an unlinked temporary file and read from it in slices, so that an
//! organisation of a million members never stands in memory as text. The organisation itself is the one of the moment of
//! the submission; it is let go when the files are written.

mod file;
mod jobs;
mod order;
mod slice;

pub(crate) use file::Stored;
pub use jobs::{FILE_LIFETIME, KEPT_JOBS};
pub(crate) use jobs::{Found, Jobs, Progress, Work};
pub(crate) use order::{Order, Subject};
pub(crate) use slice::{Harm, Slice};
