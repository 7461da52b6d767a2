//! One request and what it has come to.

use serde::Serialize;
use serde_json::Value;

use super::flow::{ApprovalNode, NodeKind, PENDING};
use crate::clock::UnixMillis;

/// Where a request stands. The numbers are the wire's `sp_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ApprovalStatus {
    /// 1.
    InProgress,
    /// 2.
    Approved,
    /// 3.
    Rejected,
    /// 4.
    Withdrawn,
    /// 6.
    WithdrawnAfterApproval,
    /// 7.
    Deleted,
    /// 10.
    Paid,
}

impl ApprovalStatus {
    /// The number on the wire.
    pub fn number(self) -> u64 {
        match self {
            Self::InProgress => 1,
            Self::Approved => 2,
            Self::Rejected => 3,
            Self::Withdrawn => 4,
            Self::WithdrawnAfterApproval => 6,
            Self::Deleted => 7,
            Self::Paid => 10,
        }
    }

    /// Whether the request still counts: neither rejected nor taken back.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::InProgress | Self::Approved | Self::Paid)
    }
}

/// What happened to a request. The numbers are the wire's `StatuChangeEvent` (sic).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Change {
    Submitted,
    Agreed,
    Rejected,
    Transferred,
    Urged,
    Withdrawn,
    WithdrawnAfterApproval,
    Commented,
    ApproverAdded,
    Handled,
    HandedOver,
}

impl Change {
    /// The number on the wire.
    pub fn number(self) -> u64 {
        match self {
            Self::Submitted => 1,
            Self::Agreed => 2,
            Self::Rejected => 3,
            Self::Transferred => 4,
            Self::Urged => 5,
            Self::Withdrawn => 6,
            Self::WithdrawnAfterApproval => 8,
            Self::Commented => 10,
            Self::ApproverAdded => 12,
            Self::Handled => 14,
            Self::HandedOver => 15,
        }
    }
}

/// A comment on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// A string of digits.
    pub id: String,
    /// Who wrote it.
    pub member: String,
    /// What it says.
    pub text: String,
    /// Unix seconds.
    pub at: u64,
}

/// One request (审批单).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// `sp_no`.
    pub number: String,
    /// `sp_name`: the Chinese name of its template.
    pub name: String,
    /// Its template.
    pub template: String,
    /// 1 leave, 2 punch, 3 trip, 4 out, 5 overtime …, where the template has one.
    pub record_type: Option<u64>,
    /// Who applied.
    pub applicant: String,
    /// For which department.
    pub department: u64,
    /// Simulated time of the submission, Unix milliseconds.
    pub applied: UnixMillis,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// Its flow.
    pub nodes: Vec<ApprovalNode>,
    /// `apply_data.contents` as submitted.
    pub contents: Vec<Value>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
}

impl Approval {
    /// Members who are told (`notifyer`).
    pub fn copies(&self) -> impl Iterator<Item = &str> {
        let nodes = self.nodes.iter().filter(|node| node.kind == NodeKind::Copy);
        nodes.flat_map(|node| &node.members).map(|member| member.id.as_str())
    }

    /// Members whose decision is awaited now, in the order of the node.
    pub fn awaited(&self) -> Vec<&str> {
        if self.status != ApprovalStatus::InProgress {
            return Vec::new();
        }
        let Some(node) = self.nodes.iter().find(|node| node.waits()) else { return Vec::new() };
        let waiting = node.members.iter().filter(|member| member.state == PENDING).map(|member| member.id.as_str());
        if node.relation == super::Relation::InTurn { waiting.take(1).collect() } else { waiting.collect() }
    }

    /// The time a leave or an attendance covers, from and before; Unix seconds.
    pub(super) fn covers(&self) -> impl Iterator<Item = (i64, i64)> {
        self.contents.iter().filter_map(|content| covered(&content["value"]))
    }
}

/// The time a value covers, where it is a leave or an attendance.
pub(crate) fn covered(value: &Value) -> Option<(i64, i64)> {
    let inner = if value["vacation"].is_object() { &value["vacation"] } else { value };
    let range = &inner["attendance"]["date_range"];
    Some((range["new_begin"].as_i64()?, range["new_end"].as_i64()?))
}
