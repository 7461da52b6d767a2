//! An error as every command prints it.

use organisation_host::contract::types::{Error, Reason, RemovalCounts};
use serde::Serialize;

use super::problem::ProblemView;
use crate::command_error::CommandError;

/// What standard output holds instead of an answer.
#[derive(Debug, Serialize)]
pub struct ErrorDocument {
    pub error: ErrorView,
}

/// Why there is no answer.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorView {
    pub reason: String,
    pub message: String,
    pub hint: Option<String>,
    pub vendor_code: Option<i64>,
    pub retry_after_ms: Option<u64>,
    pub request_id: Option<String>,
    /// What names the call in the host's log and reports, where the rest is not for whoever asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What is wrong with the configuration or the argument.
    pub problems: Vec<ProblemView>,
    /// The run that is blocked.
    pub run: Option<String>,
    /// What it would remove.
    pub removal: Option<RemovalView>,
}

/// What a sync would take away.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RemovalView {
    pub members: u64,
    pub members_total: u64,
    pub departments: u64,
    pub departments_total: u64,
}

impl From<RemovalCounts> for RemovalView {
    fn from(counts: RemovalCounts) -> Self {
        let RemovalCounts { members, members_total, departments, departments_total } = counts;
        Self { members, members_total, departments, departments_total }
    }
}

impl From<Error> for ErrorView {
    fn from(error: Error) -> Self {
        Self::from(&CommandError::Answered(error))
    }
}

impl From<&CommandError> for ErrorView {
    fn from(failure: &CommandError) -> Self {
        let mut view = Self {
            reason: failure.reason().to_owned(),
            message: failure.to_string(),
            hint: failure.hint(),
            vendor_code: None,
            retry_after_ms: None,
            request_id: None,
            reference: None,
            problems: Vec::new(),
            run: None,
            removal: None,
        };
        if let CommandError::Answered(error) = failure {
            view.vendor_code = error.vendor_code;
            view.retry_after_ms = error.retry_after_ms;
            view.request_id.clone_from(&error.request_id);
            match &error.reason {
                Reason::InvalidConfig(problems) => view.problems = problems.iter().cloned().map(Into::into).collect(),
                Reason::InvalidArgument(problem) => view.problems = vec![problem.clone().into()],
                Reason::MassRemovalBlocked(counts) => view.removal = Some((*counts).into()),
                _ => {}
            }
        }
        view
    }
}
