//! What the simulated vendor takes and sends, for an examination.

use organisation_conform::Samples;
use organisation_host::contract::{JsonError, from_json};
use serde_json::json;
use wecom_simulator::PURCHASE_TEMPLATE;

/// The samples with a request for approval where they hold none.
///
/// # Errors
/// It is no such request.
pub fn samples(samples: Samples) -> Result<Samples, JsonError> {
    let approval = match samples.approval {
        Some(approval) => approval,
        None => from_json(json!({
            "template": PURCHASE_TEMPLATE,
            "applicant": "wangwu",
            "fields": [{ "id": "Money-1700000000001", "value": { "plain": { "money": "700" } } }],
        }))?,
    };
    Ok(Samples { approval: Some(approval), ..samples })
}
