//! What a refusal of WeCom means for whoever asked.

use crate::{contract::types::Reason, failure::Failure};

/// Whether WeCom says that this member does not exist or is not to be seen: it does not tell the two apart.
pub fn hides_member(failure: &Failure) -> bool {
    matches!(failure.vendor_code, Some(60111 | 60011 | 40003 | 50002 | 60021 | 92000))
}

/// Likewise for a department.
pub fn hides_department(failure: &Failure) -> bool {
    matches!(failure.vendor_code, Some(60003 | 60011 | 60123))
}

/// Whether an answer is larger than the host delivers, or than WeCom makes (45029).
pub fn is_too_large(failure: &Failure) -> bool {
    failure.vendor_code == Some(45029)
        || matches!(&failure.reason, Reason::Other(reason) if reason == "answer-too-large")
}
