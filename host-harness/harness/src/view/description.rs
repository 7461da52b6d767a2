//! The answer of `describe`.

use organisation_host::contract::element::{ConfigField, Description};
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
    pub ids_ignore_case: bool,
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
        let Description { id, version, title, summary, fields, capabilities, ids_ignore_case } = description;
        let fields = fields.into_iter().map(FieldView::from).collect();
        Self { id, version, title, summary, fields, capabilities, ids_ignore_case }
    }
}

impl From<ConfigField> for FieldView {
    fn from(field: ConfigField) -> Self {
        let ConfigField { key, label, help, required, secret, in_clear, pattern, default, where_to_find } = field;
        Self { key, label, help, required, secret, in_clear, pattern, default, where_to_find }
    }
}
