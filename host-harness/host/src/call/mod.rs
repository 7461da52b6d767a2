//! One call of a component: a fresh store, its limits, and its report.
//!
//! | File | What it holds |
//! |---|---|
//! | `limits` | what a call may use |
//! | `recorder` | from beginning to end: time, span, and passing the report on |
//! | `state` | what the imports of one call may touch |
//! | `resource_limiter`, `cpu`, `log` | the meters: memory and tables, CPU time, log lines |
//! | `memory_budget` | what calls may have of memory together |
//! | `output` | what the component writes to its standard streams |
//! | `masking` | what it writes, without what it was given |
//! | `run` | the call itself |
//! | `tape`, `play` | what crosses its boundary, written down and played back |
//! | `trap` | how a component broke off |
//! | `answer`, `report`, `error` | what comes out |
//! | `observer` | who is told |

pub(crate) mod answer;
pub(crate) mod cpu;
pub(crate) mod error;
pub(crate) mod limits;
pub(crate) mod log;
mod masking;
pub(crate) mod memory_budget;
mod observer;
pub(crate) mod output;
pub(crate) mod play;
pub(crate) mod recorder;
pub(crate) mod report;
pub(crate) mod resource_limiter;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod tape;
pub(crate) mod trap;

pub use answer::{Answered, Call, CallFailure, CallResult, Called, FailedCall};
pub use error::{CallError, CallSite};
pub use limits::{Exceeded, LimitName, Limits};
pub use log::{CallLog, LogLevel, LogLine};
pub use memory_budget::MemoryLimits;
pub use observer::{Meter, Observer};
pub use report::{CallOutcome, CallReport, HttpExchange, HttpTraffic};
pub use run::{reason_name, words_of};
pub use state::CallState;
pub(crate) use tape::Recording;
pub use trap::{Trap, TrapKind};
