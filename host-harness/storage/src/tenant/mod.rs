//! A tenant as a whole: a copy in a file, the way back, and removal.
//!
//! [`export`] writes everything a tenant's scopes hold as JSON lines, each scope as it was at one moment; [`import`]
//! brings such a file into any store; [`delete`] removes all that the tenant has at that time, and
//! [`delete_what_comes_back`] what hosts that do not know of that wrote since. All of them read and write page by page:
//! no more than a page is in memory, whatever the tenant holds.
//!
//! The file is not encrypted and holds personal data: it belongs where the database itself might lie. *Sealed* values
//! (access tokens and the like) never go into it in the clear. They are left out, and the element fetches them again;
//! or the operator gives a transfer key, and they are sealed with that on the way (see [`SealedValues`]).
//!
//! Versions are not carried over: in the new store every entry gets its own. Time to live is an instant, so it goes on
//! running while the file lies about; what has expired meanwhile is not imported.

mod delete;
mod export;
mod import;
mod line;

pub use delete::{Deleted, delete, delete_what_comes_back};
pub use export::{ExportError, Exported, SealedValues, export};
pub use import::{Import, ImportError, Imported, import};
