//! A request for approval.

use organisation_host::contract::approvals::Approval;
use serde::Serialize;
use serde_json::Value;

use super::{record::record, time};
use crate::command_error::CommandError;

/// What `approval submit` prints.
#[derive(Debug, Serialize)]
pub struct SubmittedView {
    pub number: String,
}

/// What `approval detail` prints.
#[derive(Debug, Serialize)]
pub struct ApprovalView {
    pub number: String,
    pub name: String,
    pub template: String,
    pub status: String,
    pub submitted_at: String,
    /// The first of those in whose name it was made.
    pub applicant: Option<String>,
    pub applicants: Vec<String>,
    pub department: Option<String>,
    pub controls: Value,
    pub nodes: Value,
    pub copied_to: Vec<String>,
    pub remarks: Value,
}

impl ApprovalView {
    /// As every answer is printed.
    ///
    /// # Errors
    /// As [`record`].
    pub fn of(approval: Approval) -> Result<Self, CommandError> {
        Ok(Self {
            controls: record(&approval.fields)?,
            nodes: record(&approval.nodes)?,
            remarks: record(&approval.remarks)?,
            submitted_at: time(approval.submitted_at),
            applicant: approval.applicants.first().cloned(),
            number: approval.number,
            name: approval.name,
            template: approval.template,
            status: approval.status,
            applicants: approval.applicants,
            department: approval.department,
            copied_to: approval.copied_to,
        })
    }
}
