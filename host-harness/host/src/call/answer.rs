//! What a call comes to, with its report.

use super::{error::CallError, report::CallReport};

/// The answer of a component and the report of the call.
#[derive(Debug, Clone)]
pub struct Called<T> {
    /// What the component answered; for most functions a `Result` whose error is one of the contract.
    pub value: T,
    /// What the call did.
    pub report: CallReport,
}

/// A call without an answer, with its report.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub struct FailedCall {
    /// Why there is no answer.
    #[source]
    pub error: CallError,
    /// What the call did until then.
    pub report: CallReport,
}

/// What every typed method of an [`Element`](crate::Element) answers. The failure is boxed: a report is large.
pub type CallResult<T> = Result<Called<T>, Box<FailedCall>>;
