//! The files of the bulk export (docs 94849 to 94854, fact sheet §4.4): how they are fetched, decrypted and taken apart.
//!
//! A file may hold a million members, so nothing here ever holds a whole one. [`download`] fetches a range,
//! [`file::Reader`] takes it through the MD5, the [`cipher`] and the row [`scanner`](rows), and where a call ends in
//! the middle of a file its [`file::Bookmark`] goes into storage, for the next call to read on.

pub mod cipher;
pub mod download;
pub mod file;
pub mod rows;

pub use cipher::Key;
pub use file::{Bookmark, Damage, Reader};
