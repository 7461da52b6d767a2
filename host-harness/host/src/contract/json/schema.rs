//! JSON Schema of what functions of the contract take and answer, in the form of [`super::from_json`] and [`super::to_json`].

use serde_json::{Map, Value, json};

use crate::contract::{shape::Shape, world::signature_of};

/// The schema of a parameter, such as `message` of `messaging.send`; nothing where the contract has none of that name.
pub fn parameter_schema(function: &str, parameter: &str) -> Option<Value> {
    let signature = signature_of(function)?;
    signature.params.iter().find(|(name, _)| name == parameter).map(|(_, shape)| schema(shape))
}

/// The schema of what a function answers where that is no error; nothing where the contract has no such function, or it
/// answers nothing.
pub fn answer_schema(function: &str) -> Option<Value> {
    match signature_of(function)?.result.as_ref()? {
        Shape::Result(answer, _) => answer.as_deref().map(schema),
        shape => Some(schema(shape)),
    }
}

fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Plain(name) => match name.as_str() {
            "bool" => json!({ "type": "boolean" }),
            "string" => json!({ "type": "string" }),
            "s8" | "s16" | "s32" | "s64" => json!({ "type": "integer" }),
            _ => json!({ "type": "integer", "minimum": 0 }),
        },
        Shape::List(item) => json!({ "type": "array", "items": schema(item) }),
        Shape::Option(value) => json!({ "anyOf": [schema(value), { "type": "null" }] }),
        Shape::Record(fields) => {
            let required: Vec<String> =
                fields.iter().filter(|(_, shape)| !may_be_left_out(shape)).map(|(name, _)| snake(name)).collect();
            let properties: Map<String, Value> =
                fields.iter().map(|(name, shape)| (snake(name), schema(shape))).collect();
            json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            })
        }
        Shape::Variant(cases) => {
            let case = |(name, shape): &(String, Option<Shape>)| match shape {
                None => json!({ "const": name }),
                Some(shape) => json!({
                    "type": "object", "properties": { name: schema(shape) }, "required": [name],
                    "additionalProperties": false,
                }),
            };
            json!({ "oneOf": cases.iter().map(case).collect::<Vec<_>>() })
        }
        Shape::Enum(labels) => json!({ "enum": labels }),
        // The contract has none of these in a parameter or an answer.
        Shape::Result(..) | Shape::Tuple(_) | Shape::Flags(_) => json!({}),
    }
}

/// What is absent, empty or `false` may be left out.
fn may_be_left_out(shape: &Shape) -> bool {
    match shape {
        Shape::Option(_) | Shape::List(_) => true,
        Shape::Plain(name) => name == "bool",
        _ => false,
    }
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_follow_the_contract() {
        let message = parameter_schema("messaging.send", "message").unwrap();
        assert_eq!(message["properties"]["to"]["properties"]["members"]["items"]["type"], "string");
        assert_eq!(message["properties"]["to"]["required"], json!([]));
        assert_eq!(message["required"], json!(["to", "content"]), "nothing is asked for that is usual");
        let approval = parameter_schema("approvals.submit", "request").unwrap();
        assert_eq!(approval["required"], json!(["template", "applicant"]));
        assert_eq!(approval["properties"]["fields"]["items"]["required"], json!(["id", "value"]));
        let cases = message["properties"]["content"]["oneOf"].as_array().unwrap();
        assert!(cases.iter().any(|case| case["properties"]["link-card"]["properties"]["url"]["type"] == "string"));
        let sent = answer_schema("messaging.send").unwrap();
        assert_eq!(sent["properties"]["delivery"]["enum"], json!(["yes", "no", "unknown"]));
        assert_eq!(answer_schema("messaging.recall"), None);
        assert_eq!(parameter_schema("messaging.send", "letter"), None);
        assert_eq!(parameter_schema("no.such", "message"), None);
    }
}
