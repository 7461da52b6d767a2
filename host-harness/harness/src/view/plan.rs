//! What a run would change.

use organisation_host::contract::directory::{FieldChange, PlannedChange};
use serde::{Deserialize, Serialize};

use super::change::kind;
use crate::output::Kept;

/// What `plan` prints.
#[derive(Debug, Serialize)]
pub struct PlanView {
    pub run: String,
    pub changes: Kept<PlannedChangeView>,
}

/// One change that would be made.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlannedChangeView {
    pub kind: String,
    pub id: String,
    pub name: String,
    pub fields: Vec<FieldChangeView>,
}

/// What would become of one field.
#[derive(Debug, Serialize, Deserialize)]
pub struct FieldChangeView {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl From<PlannedChange> for PlannedChangeView {
    fn from(change: PlannedChange) -> Self {
        let field = |FieldChange { field, before, after }| FieldChangeView { field, before, after };
        Self {
            kind: kind(change.kind).to_owned(),
            id: change.id,
            name: change.name,
            fields: change.fields.into_iter().map(field).collect(),
        }
    }
}
