//! The secrets of a configuration, by what the component itself says of them: `element.describe` names the fields, and
//! `element.validate-config`, which is the one call that is given them as they are, names the places.

use std::collections::BTreeSet;

use organisation_host::recording::{RecordedCall, RecordedEnd};
use serde_json::Value;

/// Every value that stands in place of a secret in what was recorded.
pub(crate) fn declared_secrets(recorded: &[RecordedCall]) -> BTreeSet<String> {
    let answers = |function: &'static str| {
        recorded.iter().filter(move |call| call.function == function).map(|call| match &call.end {
            RecordedEnd::Answered(answer) => (call, Some(answer)),
            _ => (call, None),
        })
    };
    let fields = answers("element.describe").filter_map(|(_, description)| description?["fields"].as_array());
    let keys: BTreeSet<&str> =
        fields.flatten().filter(|field| field["secret"] == true).filter_map(|field| field["key"].as_str()).collect();
    let mut secrets = BTreeSet::new();
    for (call, validation) in answers("element.validate-config") {
        let Some(document) = call.arguments.first().and_then(Value::as_str) else { continue };
        let Ok(document) = serde_json::from_str::<Value>(document) else { continue };
        let places = validation.and_then(|validation| validation["secrets"].as_array());
        let places = places.into_iter().flatten().filter_map(|place| place["path"].as_str());
        for path in places.chain(keys.iter().copied()) {
            if let Some(value) = at(&document, path) {
                leaves(value, &mut secrets);
            }
        }
        // Nobody said where they stand.
        if validation.is_none() {
            leaves(&document, &mut secrets);
        }
    }
    secrets
}

/// What stands at a path, with `.` between levels; a key may have a dot in it.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let step = |name: &str| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    };
    if let Some(found) = step(path) {
        return Some(found);
    }
    let dots = path.match_indices('.').map(|(dot, _)| dot);
    dots.filter_map(|dot| at(step(&path[..dot])?, &path[dot + 1..])).next()
}

/// All texts and numbers in a value.
fn leaves(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if !text.is_empty() => drop(into.insert(text.clone())),
        Value::Number(number) => drop(into.insert(number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, into)),
        Value::String(_) | Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use organisation_host::Limits;
    use serde_json::json;

    use super::*;

    fn call(function: &str, arguments: Vec<Value>, end: RecordedEnd) -> RecordedCall {
        RecordedCall { function: function.to_owned(), arguments, limits: Limits::default(), imports: Vec::new(), end }
    }

    #[test]
    fn what_the_component_calls_secret_is_found() {
        let describe = RecordedEnd::Answered(json!({"fields": [
            {"key": "secret", "secret": true}, {"key": "locale", "secret": false}, {"key": "callback.token", "secret": true},
        ]}));
        let document = json!({"secret": "deadbeefdeadbeef", "locale": "zh-CN", "callback": {"token": "active"},
            "apps": [{"pin": 1234}], "proxyPassword": "hunter2"});
        let validated = RecordedEnd::Answered(json!({"secrets": [
            {"key": "pin", "path": "apps.0.pin"}, {"key": "proxyPassword", "path": "proxyPassword"},
        ]}));
        let recorded = [
            call("element.describe", vec![json!("en")], describe),
            call("element.validate-config", vec![json!(document.to_string())], validated),
        ];
        let found: Vec<String> = declared_secrets(&recorded).into_iter().collect();
        assert_eq!(found, ["1234", "active", "deadbeefdeadbeef", "hunter2"]);
        let broken = call("element.validate-config", vec![json!(document.to_string())], RecordedEnd::BrokenOff);
        assert_eq!(declared_secrets(&[broken]).len(), 5, "where nothing is said, all of it is secret");
    }
}
