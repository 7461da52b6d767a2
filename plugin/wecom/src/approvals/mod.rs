//! Requests that members make on templates of the approvals app (审批) and that others decide.
//!
//! The approvals app is meant, whose data WeCom keeps; not the approval engine (审批流程引擎), whose data an app keeps itself.

pub(crate) mod status;
