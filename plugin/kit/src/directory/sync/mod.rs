//! The sync: a state machine whose state lies in storage, and the commands on it.
//!
//! ```text
//! begin ─▶ advance: scope ─▶ export or fetch ─▶ individuals ─▶ missing ─▶ guard ┬▶ confirm ─▶ planned ─▶ apply … ─▶ finish
//!                                                                           └▶ apply ─▶ confirm ─▶ apply … ─▶ finish
//! ```
//!
//! [`run::Run`] is the state and [`RunContext`] what every step works with. What a kill costs is at most the work since
//! the last checkpoint, because every checkpoint moves scratch and state together.
//!
//! | Files | What they hold |
//! |---|---|
//! | `begin`, `advance`, `approve`, `abandon`, `reset` | the commands; `abandon` also has `repair` |
//! | `end_wait` | what a vendor says that ends a wait |
//! | `scope`, `fetch`, `export`, `missing`, `guard`, `confirm` | the steps that fetch and judge |
//! | `pages`, `compare`, `seen` | what they leave for later steps: departments and ids, members compared with the copy, who was seen |
//! | `plan`, `apply` | the plan as people read it; the steps that write what the vendor says |
//! | `spread`, `erase_departed` | what rules about roles make of it; who left too long ago to be kept |
//! | `run`, `phase`, `current`, `context`, `lease`, `backoff` | the state, the order of the steps, whether a run goes on, its checkpoints, who works on it, and what stops it for a while |
//! | `scratch` | clearing up after a run |
//! | `report`, `stats`, `history` | what a run did, and the last ones |
//!
//! State, statistics and reports are records of their own, each with the number of its form, see [`run::load`].

pub mod abandon;
pub mod advance;
mod apply;
pub mod approve;
mod backoff;
pub mod begin;
mod compare;
mod confirm;
mod context;
mod current;
pub(crate) mod end_wait;
mod erase_departed;
mod export;
mod fetch;
pub(crate) mod guard;
pub mod history;
mod lease;
mod missing;
mod pages;
mod phase;
pub mod plan;
mod report;
pub mod reset;
pub(crate) mod run;
mod scope;
mod scratch;
mod seen;
mod spread;
pub(crate) mod stats;

pub use self::{
    context::{RunContext, StepError},
    run::{EXPORT_RUNNING, PendingWait},
};
use crate::{contract::storage::Op, store};

/// How long scratch is kept, which holds personal data in the clear: a run that nobody goes on with must not keep it for
/// ever. A run that is this old is given up, however far it came.
const SCRATCH_TTL_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// A scratch row that only says that it is there.
fn scratch_mark(key: String) -> Op {
    store::put_text_for(key, String::new(), SCRATCH_TTL_MS)
}
