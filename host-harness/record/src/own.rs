//! What calls wrote into the store and read again: the component's own words, in which nothing private is but what it was given.

use serde_json::Value;

/// The key and the value of everything that an import writes, where it writes to the store.
pub(crate) fn written(arguments: &Value) -> impl Iterator<Item = (&str, &str)> {
    let puts = arguments["ops"].as_array().into_iter().flatten().map(|op| &op["put"]);
    puts.filter_map(|put| Some((put["key"].as_str()?, put["value"].as_str()?)))
}

/// An answer of the store without the values that are the component's own.
pub(crate) fn without_own(answer: &Value, is_own: &impl Fn(&str, &str) -> bool) -> Value {
    match answer {
        Value::Array(items) => items.iter().map(|item| without_own(item, is_own)).collect(),
        Value::Object(fields) => {
            let key = fields.get("key").and_then(Value::as_str).unwrap_or_default();
            let fields = fields.iter().map(|(name, field)| {
                let field = match field {
                    Value::String(value) if name == "value" && is_own(key, value) => String::new().into(),
                    field => without_own(field, is_own),
                };
                (name.clone(), field)
            });
            Value::Object(fields.collect())
        }
        answer => answer.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_written_as_it_is_read_is_own() {
        let arguments =
            json!({"ops": [{"put": {"key": "a", "value": "1"}}, {"delete": "b"}, {"put": {"key": "c", "value": "3"}}]});
        let own: Vec<(&str, &str)> = written(&arguments).collect();
        assert_eq!(own, [("a", "1"), ("c", "3")]);
        let answer = json!({"ok": {"entries": [{"key": "a", "value": "1"}, {"key": "c", "value": "4"}, {"key": "d", "value": "1"}]}});
        let expected = json!({"ok": {"entries": [{"key": "a", "value": ""}, {"key": "c", "value": "4"}, {"key": "d", "value": "1"}]}});
        assert_eq!(without_own(&answer, &|key, value| own.contains(&(key, value))), expected);
    }
}
