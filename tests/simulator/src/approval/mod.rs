//! The approvals app (审批; fact sheet section 6): templates, requests, and the desk where people decide. Plain state; the
//! routes under `api/approval` decide what gets in.

mod calendar;
mod desk;
mod event;
mod flow;
mod request;
mod template;

pub(crate) use desk::{Approvals, Submission};
pub use desk::{Decision, DeskError};
pub(crate) use event::event;
pub use flow::{ApprovalNode, NodeKind, NodeMember, Relation};
pub use request::{Approval, ApprovalStatus, Change, Comment};
pub use template::{
    LEAVE_TEMPLATE, OLD_TEMPLATE, OUT_TEMPLATE, PUNCH_TEMPLATE, PURCHASE_TEMPLATE, Template, TemplateFlow,
};
