//! The answer of `--replay`.

use organisation_host::recording::RecordedEnd;
use organisation_record::{Header, Replayed};
use serde::Serialize;
use serde_json::Value;

use crate::text::clean;

/// A recording that was replayed and showed no difference.
#[derive(Debug, Serialize)]
pub struct ReplayView {
    /// The command that was recorded.
    pub about: String,
    pub component: String,
    pub exit_status: u8,
    /// Present where the recording took as much memory as it might: the command went on after the last call here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_off_at_bytes: Option<usize>,
    pub calls: Vec<CallView>,
}

/// One call of it.
#[derive(Debug, Serialize)]
pub struct CallView {
    pub function: String,
    /// `answered`, `refused`, `limit`, `trap` or `broken-off`.
    pub outcome: &'static str,
    /// What it answered, which limit, or which trap.
    pub detail: Value,
}

impl ReplayView {
    /// What is shown of it.
    pub fn of(header: &Header, replayed: &[Replayed]) -> Self {
        Self {
            about: header.about.clone(),
            component: header.component.to_string(),
            exit_status: header.exit_status,
            cut_off_at_bytes: header.cut_off_at_bytes,
            calls: replayed.iter().map(CallView::from).collect(),
        }
    }

    /// For people: a line for each call.
    pub fn text(&self) -> String {
        let lines = self
            .calls
            .iter()
            .map(|CallView { function, outcome, detail }| clean(&format!("{function} {outcome} {detail}")));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl From<&Replayed> for CallView {
    fn from(Replayed { function, end }: &Replayed) -> Self {
        let (outcome, detail) = match end {
            RecordedEnd::Answered(answer) => match (answer.get("ok"), answer.get("err")) {
                (_, Some(error)) => ("refused", error.clone()),
                (Some(value), None) => ("answered", value.clone()),
                (None, None) => ("answered", answer.clone()),
            },
            RecordedEnd::Limit { limit } => ("limit", limit.as_str().into()),
            RecordedEnd::Trap { kind, output } => ("trap", serde_json::json!({"kind": kind, "output": output})),
            RecordedEnd::BrokenOff => ("broken-off", Value::Null),
        };
        Self { function: function.clone(), outcome, detail }
    }
}
