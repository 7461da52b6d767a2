//! The answer of `describe`.

use host_harness::contract::element::{ConfigField, Description};
use serde::Serialize;

/// What an element says of itself.
#[derive(Debug, Serialize)]
pub struct DescriptionView {
    pub id: String,
    pub version: String,
    pub title: String,
    pub summary: String,
    pub fields: Vec<FieldView>,
    pub capabilities: Vec<String>,
}

/// One key of the configuration.
#[derive(Debug, Serialize)]
pub struct FieldView {
    pub key: String,
    pub label: String,
    pub help: String,
    pub required: bool,
    pub secret: bool,
    pub in_clear: bool,
    pub pattern: Option<String>,
    pub default: Option<String>,
    pub where_to_find: Option<String>,
}

impl From<Description> for DescriptionView {
    fn from(description: Description) -> Self {
        let Description { id, version, title, summary, fields, capabilities } = description;
        Self { id, version, title, summary, fields: fields.into_iter().map(FieldView::from).collect(), capabilities }
    }
}

impl From<ConfigField> for FieldView {
    fn from(field: ConfigField) -> Self {
        let ConfigField { key, label, help, required, secret, in_clear, pattern, default, where_to_find } = field;
        Self { key, label, help, required, secret, in_clear, pattern, default, where_to_find }
    }
}
