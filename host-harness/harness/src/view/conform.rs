//! The answer of `conform`.

use organisation_conform::{Conformance, Finding};
use serde::Serialize;

/// How a component stands to the contract.
#[derive(Debug, Serialize)]
pub struct ConformView {
    pub conforms: bool,
    pub component: String,
    pub element: String,
    pub version: String,
    /// Why the pure functions alone were looked at.
    pub hindrance: Option<String>,
    pub promises: Vec<PromiseView>,
}

/// How it stands to one sentence.
#[derive(Debug, Serialize)]
pub struct PromiseView {
    pub name: &'static str,
    /// The file in `wit/`.
    pub file: &'static str,
    pub sentence: &'static str,
    /// `kept`, `broken` or `skipped`.
    pub outcome: &'static str,
    /// How often it was looked at.
    pub looks: u64,
    /// What broke it.
    pub broken: Vec<String>,
    /// Why nobody looked.
    pub skipped: Option<String>,
}

impl From<&Conformance> for ConformView {
    fn from(conformance: &Conformance) -> Self {
        let (element, version) = conformance.element.clone();
        Self {
            conforms: conformance.conforms(),
            component: conformance.component.to_string(),
            element,
            version,
            hindrance: conformance.hindrance.clone(),
            promises: conformance.findings.iter().map(PromiseView::from).collect(),
        }
    }
}

impl From<&Finding> for PromiseView {
    fn from(finding: &Finding) -> Self {
        let outcome = match finding {
            finding if !finding.is_kept() => "broken",
            finding if finding.looks == 0 => "skipped",
            _ => "kept",
        };
        Self {
            name: finding.promise.name,
            file: finding.promise.file,
            sentence: finding.promise.sentence,
            outcome,
            looks: finding.looks,
            broken: finding.broken.clone(),
            skipped: finding.skipped.clone(),
        }
    }
}
