//! What an administrator decided.

use organisation_host::AuditEntry;
use serde_json::{Value, json};

use super::time;

/// One entry of the trail. What was before and after is JSON; what is none, is shown as the text it is.
pub fn decision(AuditEntry { at, decision, cursor, .. }: AuditEntry) -> Value {
    let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
    json!({
        "at": time(at), "actor": decision.actor, "action": decision.action, "subject": decision.subject,
        "before": json(decision.before), "after": json(decision.after), "cursor": cursor,
    })
}
