//! Any record, a key on a line.

use serde::Serialize;
use serde_json::Value;

use super::{Paint, clean};

/// The record, with a heading over it.
pub fn record(heading: &str, record: &impl Serialize, paint: Paint) -> String {
    let value = serde_json::to_value(record).unwrap_or_else(|error| Value::String(error.to_string()));
    let mut text = format!("{}\n", paint.bold(heading));
    fields(&value, 1, &mut text);
    text
}

fn fields(value: &Value, depth: usize, text: &mut String) {
    let margin = "  ".repeat(depth);
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                entry(&format!("{margin}{}:", clean(key)), value, depth, text);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| entry(&format!("{margin}-"), item, depth, text)),
        value => text.push_str(&format!("{margin}{}\n", plain(value))),
    }
}

fn entry(label: &str, value: &Value, depth: usize, text: &mut String) {
    match value {
        // Nobody misses what is not there.
        Value::Null => {}
        Value::Object(object) if !object.is_empty() => {
            text.push_str(&format!("{label}\n"));
            fields(value, depth + 1, text);
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            text.push_str(&format!("{label}\n"));
            fields(value, depth + 1, text);
        }
        value => text.push_str(&format!("{label} {}\n", plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => "是 yes".to_owned(),
        Value::Bool(false) => "否 no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.lines().map(clean).collect::<Vec<_>>().join(" ⏎ "),
        Value::Array(items) if items.is_empty() => "无 none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(_) => "无 none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_shown_by_keys() {
        let value = json!({
            "name": "采购\u{1b}[2J", "absent": null, "yes": true, "roles": ["a", "b"], "none": [],
            "nodes": [{"kind": "approve", "decisions": [{"member": "lisi"}]}], "text": "one\ntwo",
        });
        let shown = record("审批 approval", &value, Paint::plain());
        for line in [
            "审批 approval\n",
            "  name: 采购\u{fffd}[2J\n",
            "  yes: 是 yes\n",
            "  roles: a, b\n",
            "  none: 无 none\n",
            "  nodes:\n    -\n      ",
            "        -\n          member: lisi\n",
            "  text: one ⏎ two\n",
        ] {
            assert!(shown.contains(line), "{line:?} in {shown}");
        }
        assert!(!shown.contains("absent"));
    }
}
