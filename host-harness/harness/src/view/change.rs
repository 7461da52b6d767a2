//! The feed.

use organisation_host::contract::directory::{Change, ChangeKind, ChangePage, Changed};
use serde::Serialize;

use super::{department::DepartmentView, member::MemberView, time};

/// A page of the feed.
#[derive(Debug, Serialize)]
pub struct ChangesView {
    pub changes: Vec<ChangeView>,
    pub cursor: String,
    pub more: bool,
}

/// One change with the whole record after it.
#[derive(Debug, Serialize)]
pub struct ChangeView {
    pub seq: u64,
    pub at: String,
    pub kind: &'static str,
    pub id: String,
    pub record: RecordView,
}

/// A member or a department; `kind` of the change says which.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RecordView {
    Member(Box<MemberView>),
    Department(DepartmentView),
    /// Of somebody who was erased.
    Nothing,
}

impl RecordView {
    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Member(member) => &member.name,
            Self::Department(department) => &department.name,
            Self::Nothing => "",
        }
    }
}

/// The kind in kebab-case.
pub fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::MemberAdded => "member-added",
        ChangeKind::MemberUpdated => "member-updated",
        ChangeKind::MemberLeftRange => "member-left-range",
        ChangeKind::MemberResigned => "member-resigned",
        ChangeKind::MemberRolesUpdated => "member-roles-updated",
        ChangeKind::MemberRejoined => "member-rejoined",
        ChangeKind::MemberErased => "member-erased",
        ChangeKind::DepartmentAdded => "department-added",
        ChangeKind::DepartmentUpdated => "department-updated",
        ChangeKind::DepartmentRemoved => "department-removed",
    }
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        let record = match change.record {
            Changed::Member(member) => RecordView::Member(Box::new(member.into())),
            Changed::Department(department) => RecordView::Department(department.into()),
            Changed::Nothing => RecordView::Nothing,
        };
        Self { seq: change.seq, at: time(change.at), kind: kind(change.kind), id: change.id, record }
    }
}

impl From<ChangePage> for ChangesView {
    fn from(page: ChangePage) -> Self {
        let ChangePage { changes, cursor, more } = page;
        Self { changes: changes.into_iter().map(ChangeView::from).collect(), cursor, more }
    }
}

/// What `acknowledge` prints.
#[derive(Debug, Serialize)]
pub struct AcknowledgedView {
    pub acknowledged: String,
}
