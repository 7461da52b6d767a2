//! The description of the API, as OpenAPI 3.1. Requests and answers that are records of the contract are described from the
//! contract itself.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::operations::{OPERATIONS, Takes};
use crate::view::record::INSTANTS;

/// The document.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Instants are written as RFC 3339, and read as milliseconds since 1970 too.
fn write_instants(schema: &mut Value, is_read: bool) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| write_instants(item, is_read)),
        Value::Object(object) => {
            let properties = object.get_mut("properties").and_then(Value::as_object_mut);
            for (_, schema) in properties.into_iter().flatten().filter(|(name, _)| INSTANTS.contains(&name.as_str())) {
                become_instant(schema, is_read);
            }
            object.values_mut().for_each(|value| write_instants(value, is_read));
        }
        _ => {}
    }
}

fn become_instant(schema: &mut Value, is_read: bool) {
    if schema["type"] == "integer" {
        let text = json!({ "type": "string", "format": "date-time" });
        *schema = if is_read { json!({ "oneOf": [text, { "type": "integer", "minimum": 0 }] }) } else { text };
    } else if let Some(options) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        options.iter_mut().for_each(|option| become_instant(option, is_read));
    }
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in &*OPERATIONS {
        let path = super::of_tenant(operation.path);
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path =
            in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
        let in_query = operation.query.iter().map(|parameter| {
            json!({
                "name": parameter.name, "in": "query", "required": parameter.is_needed,
                "description": parameter.description, "schema": { "type": "string" },
            })
        });
        let request = operation.request_schema().map(|mut schema| {
            write_instants(&mut schema, true);
            let is_needed = schema["required"].as_array().is_none_or(|required| !required.is_empty());
            json!({ "required": is_needed, "content": { "application/json": { "schema": schema } } })
        });
        let file = || {
            let schema = json!({ "type": "string", "format": "binary" });
            json!({ "required": true, "content": { "application/octet-stream": { "schema": schema } } })
        };
        let request = if matches!(operation.takes, Takes::File) { Some(file()) } else { request };
        let mut answer = operation.answer_schema();
        if let Some(schema) = &mut answer {
            write_instants(schema, false);
        }
        let mut described = json!({
            "summary": operation.summary,
            "description": format!("Needs a key with the scope `{}`.", operation.scope.name()),
            "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
            "responses": {
                "200": { "description": "done", "content": { "application/json": { "schema": answer } } },
                "default": { "$ref": "#/components/responses/failure" },
            },
        });
        if let Some(request) = request {
            described["requestBody"] = request;
        }
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[operation.method] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "organisation element 组织元素",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the platform of a tenant asks of its organisation element.",
        },
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
            "responses": {
                "failure": {
                    "description": "why there is no answer",
                    "content": { "application/json": { "schema": {
                        "type": "object",
                        "properties": { "error": { "$ref": "#/components/schemas/error" } },
                    } } },
                },
            },
            "schemas": {
                "error": {
                    "type": "object",
                    "properties": {
                        "reason": { "type": "string" }, "message": { "type": "string" },
                        "hint": { "type": ["string", "null"] }, "vendor_code": { "type": ["integer", "null"] },
                        "retry_after_ms": { "type": ["integer", "null"] },
                    },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use organisation_host::contract::expected_functions;

    use super::*;

    #[test]
    fn every_address_is_described_from_the_contract() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let described: usize = paths.values().map(|methods| methods.as_object().unwrap().len()).sum();
        assert_eq!(described, OPERATIONS.len(), "two rows stand at one address");
        for (path, methods) in paths {
            for (method, described) in methods.as_object().unwrap() {
                let schema = &described["responses"]["200"]["content"]["application/json"]["schema"];
                assert!(schema.as_object().is_some_and(|schema| !schema.is_empty()), "{method} {path}");
                let named = described["parameters"].as_array().unwrap();
                assert!(named.iter().any(|parameter| parameter["name"] == "tenant"), "{method} {path}");
                let text = schema.to_string();
                assert!(!text.contains("\"submitted_at\":{\"minimum\""), "{method} {path}: {text}");
                let body = &described["requestBody"];
                let schema = &body["content"]["application/json"]["schema"];
                assert!(
                    body.is_null() || path.ends_with("/media") || schema["properties"].is_object(),
                    "{method} {path}"
                );
            }
        }
    }

    #[test]
    fn every_row_is_of_a_function_of_the_contract() {
        let functions: BTreeSet<String> = expected_functions()
            .filter_map(|(interface, function)| {
                let interface = interface.split(['/', '@']).nth(1)?;
                Some(format!("{interface}.{function}"))
            })
            .collect();
        for operation in &*OPERATIONS {
            let (method, path, function) = (operation.method, operation.path, operation.function);
            assert!(function.is_empty() || functions.contains(function), "{method} {path}: there is no {function}");
            assert!(operation.answer_schema().is_some(), "{method} {path}: {function} has no such answer");
            let takes_one = !matches!(operation.takes, Takes::Nothing | Takes::File);
            assert_eq!(
                operation.request_schema().is_some(),
                takes_one,
                "{method} {path}: its parameters are not the contract's"
            );
        }
    }
}
