//! The answer of `check`.

use std::collections::BTreeMap;

use organisation_host::contract::element::{Aspect, Status, Verdict};
use serde::Serialize;

/// What was found about one aspect.
#[derive(Debug, Serialize)]
pub struct AspectView {
    pub aspect: String,
    pub status: &'static str,
    pub code: String,
    pub message: String,
    pub hint: Option<String>,
    pub vendor_code: Option<i64>,
    pub console_url: Option<String>,
    pub facts: BTreeMap<String, String>,
}

/// What `check` prints.
#[derive(Debug, Serialize)]
pub struct CheckView {
    pub ok: bool,
    pub aspects: Vec<AspectView>,
}

impl From<Vec<Verdict>> for CheckView {
    fn from(verdicts: Vec<Verdict>) -> Self {
        Self {
            ok: verdicts.iter().all(|verdict| verdict.status != Status::Failed),
            aspects: verdicts.into_iter().map(AspectView::from).collect(),
        }
    }
}

impl From<Verdict> for AspectView {
    fn from(verdict: Verdict) -> Self {
        let aspect = match verdict.aspect {
            Aspect::Credentials => "credentials",
            Aspect::TrustedIp => "trusted-ip",
            Aspect::AppEnabled => "app-enabled",
            Aspect::VisibleRange => "visible-range",
            Aspect::TrustedDomain => "trusted-domain",
            Aspect::SensitiveFields => "sensitive-fields",
            Aspect::Callback => "callback",
            Aspect::Other(ref name) => name,
        };
        Self {
            aspect: aspect.to_owned(),
            status: match verdict.status {
                Status::Ok => "ok",
                Status::Warning => "warning",
                Status::Failed => "failed",
                Status::Skipped => "skipped",
            },
            code: verdict.code,
            message: verdict.message,
            hint: verdict.hint,
            vendor_code: verdict.vendor_code,
            console_url: verdict.console_url,
            facts: verdict.facts.into_iter().map(|fact| (fact.name, fact.value)).collect(),
        }
    }
}
