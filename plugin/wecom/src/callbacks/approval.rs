//! Events of approvals: of the approvals app (doc 91815), whose requests `approvals` reads, and of the engine (docs 90240,
//! 90269), whose requests an app keeps itself.

use organisation_kit::contract::callbacks::ApprovalChange;

use super::fields::Fields;
use crate::approvals::status::{CHANGE, REQUEST};

const INFO: &str = "ApprovalInfo";

/// `sys_approval_change`.
pub(super) fn of_the_app(fields: &Fields) -> Option<ApprovalChange> {
    Some(ApprovalChange {
        number: fields.word(&[INFO, "SpNoStr"]).or_else(|| fields.word(&[INFO, "SpNo"]))?,
        template: fields.word(&[INFO, "TemplateId"]).unwrap_or_default(),
        status: REQUEST.name(fields.number(&[INFO, "SpStatus"])?),
        change: CHANGE.name(fields.number(&[INFO, "StatuChangeEvent"])?),
        applicant: fields.word(&[INFO, "Applyer", "UserId"]),
    })
}

/// `open_approval_change`, which says how the request stands and not what happened: that is what led there.
pub(super) fn of_the_engine(fields: &Fields) -> Option<ApprovalChange> {
    let status = fields.number(&[INFO, "OpenSpStatus"])?;
    let change = match status {
        1 => "submitted".to_owned(),
        status => REQUEST.name(status),
    };
    Some(ApprovalChange {
        number: fields.word(&[INFO, "ThirdNo"])?,
        template: fields.word(&[INFO, "OpenTemplateId"]).unwrap_or_default(),
        status: REQUEST.name(status),
        change,
        applicant: fields.word(&[INFO, "ApplyUserId"]),
    })
}
