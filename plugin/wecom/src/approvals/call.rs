//! The calls of the approvals app.

use organisation_kit::calls::Call;
use serde_json::{Value, json};

use crate::config::Config;

impl Config {
    /// Doc 91982: what a template asks for.
    pub(super) fn approval_template(&self, id: &str) -> Call {
        let body = json!({ "template_id": id });
        self.post("oa/gettemplatedetail", &body).about(format!("?template_id={id}"))
    }

    /// Doc 91853: makes a request. Made again, it is another one.
    pub(super) fn apply_event(&self, body: &Value) -> Call {
        self.post("oa/applyevent", body)
    }

    /// Doc 91816: numbers of requests.
    pub(super) fn approval_info(&self, body: &Value) -> Call {
        self.post("oa/getapprovalinfo", body)
    }

    /// Doc 91983: one request.
    pub(super) fn approval_detail(&self, number: &str) -> Call {
        let body = json!({ "sp_no": number });
        self.post("oa/getapprovaldetail", &body).about(format!("?sp_no={number}"))
    }
}
