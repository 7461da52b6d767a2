//! The description of the API, as OpenAPI 3.1. Requests and answers that are records of the contract are described from the
//! contract itself.

use std::sync::LazyLock;

use organisation_fleet::tenants::ApiScope;
use organisation_host::contract::{answer_schema, parameter_schema};
use serde_json::{Map, Value, json};

use crate::view::record::INSTANTS;

/// The document.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// One address with one method.
struct Operation {
    method: &'static str,
    path: &'static str,
    scope: ApiScope,
    summary: &'static str,
    /// Parameters of the query: name, whether it is needed, what it is.
    query: &'static [(&'static str, bool, &'static str)],
    request: Option<Value>,
    answer: Value,
}

fn operations() -> Vec<Operation> {
    let of = |function: &str, name: &str| parameter_schema(function, name);
    let answered = |function: &str| answer_schema(function).unwrap_or_default();
    let text = || json!({ "type": "string" });
    let list = |item: Value| json!({ "type": "array", "items": item });
    let object = |fields: Value| json!({ "type": "object", "properties": fields });
    let sent = answered("messaging.send");
    let invalid = sent["properties"]["invalid"].clone();
    let approval = answered("approvals.detail");
    let operation = |method, path, scope, summary| Operation {
        method,
        path,
        scope,
        summary,
        query: &[],
        request: None,
        answer: json!({}),
    };
    vec![
        Operation {
            request: of("messaging.send", "message"),
            answer: object(json!({
                "message_id": { "type": ["string", "null"] }, "response_code": { "type": ["string", "null"] },
                "delivered": sent["properties"]["delivery"], "invalid": invalid, "parts": sent["properties"]["parts"],
            })),
            ..operation("post", "messages", ApiScope::Messages, "发送消息 Send a message")
        },
        Operation {
            request: Some(object(json!({ "message_id": text() }))),
            answer: object(json!({ "recalled": text() })),
            ..operation("post", "messages/recall", ApiScope::Messages, "撤回消息 Take a message back")
        },
        Operation {
            request: of("messaging.update-card", "update"),
            answer: object(json!({ "updated": { "type": "boolean" }, "invalid": invalid })),
            ..operation("post", "cards/update", ApiScope::Messages, "更新卡片 Change a card that was sent")
        },
        Operation {
            query: &[
                ("kind", true, "image, voice, video, file or inline-image"),
                ("file_name", true, "the name that members see"),
            ],
            answer: answered("messaging.upload"),
            ..operation("post", "media", ApiScope::Messages, "上传素材 Hand the vendor a file: the body as it is")
        },
        Operation {
            request: of("approvals.submit", "request"),
            answer: object(json!({ "number": text() })),
            ..operation("post", "approvals", ApiScope::Approvals, "提交审批 Make a request for approval")
        },
        Operation {
            query: &[
                ("from", true, "a day such as 2026-01-31 (in UTC), or an instant in RFC 3339"),
                ("until", false, "likewise, not included; now where it is absent"),
                ("template", false, "id of a template"),
                ("applicant", false, "id of a member"),
                ("department", false, "id of a department"),
                ("status", false, "pending, approved, rejected …"),
                ("kind", false, "leave, trip, overtime …"),
                ("cursor", false, "of the page before"),
                ("limit", false, "1 to 200; 100 where it is absent"),
            ],
            answer: answered("approvals.search"),
            ..operation("get", "approvals", ApiScope::Approvals, "查询审批 Numbers of requests by time")
        },
        Operation {
            answer: object(json!({
                "number": text(), "name": text(), "template": text(), "status": text(), "submitted_at": text(),
                "applicant": { "type": ["string", "null"] }, "applicants": list(text()),
                "department": { "type": ["string", "null"] },
                "controls": approval["properties"]["fields"], "nodes": approval["properties"]["nodes"],
                "told": list(text()), "remarks": approval["properties"]["remarks"],
            })),
            ..operation("get", "approvals/{number}", ApiScope::Approvals, "审批详情 One request with all decisions")
        },
        Operation {
            answer: answered("approvals.describe-template"),
            ..operation("get", "templates/{id}", ApiScope::Approvals, "审批模板 What a template asks for")
        },
        Operation {
            query: &[
                ("after", false, "cursor of the page before"),
                ("limit", false, "1 to 200; 100 where it is absent"),
            ],
            answer: object(json!({
                "events": list(object(json!({
                    "kind": text(), "id": text(), "at": text(), "member": { "type": ["string", "null"] },
                }))),
                "cursor": { "type": ["string", "null"] }, "more": { "type": "boolean" },
            })),
            ..operation("get", "events", ApiScope::Events, "回调事件 What the vendor told within seven days")
        },
        Operation {
            answer: answered("administration.member-roles-of"),
            ..operation("get", "members/{id}/roles", ApiScope::Roles, "查询角色 The roles of a member")
        },
        Operation {
            request: Some(object(json!({ "roles": list(text()) }))),
            answer: answered("administration.set-member-roles"),
            ..operation("put", "members/{id}/roles", ApiScope::Roles, "设置角色 Replace the assigned roles of a member")
        },
        Operation {
            request: of("web.js-sdk-signature", "request"),
            answer: answered("web.js-sdk-signature"),
            ..operation("post", "page-signatures", ApiScope::Pages, "页面签名 Sign the address of a page")
        },
    ]
}

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
    for operation in operations() {
        let path = super::of_tenant(operation.path);
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path =
            in_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
        let in_query = operation.query.iter().map(|(name, required, description)| {
            json!({
                "name": name, "in": "query", "required": required, "description": description,
                "schema": { "type": "string" },
            })
        });
        let request = operation.request.map(|mut schema| {
            write_instants(&mut schema, true);
            // It is what is usual where nobody says otherwise.
            if let Some(required) = schema["required"].as_array_mut() {
                required.retain(|name| name != "sharing");
            }
            json!({ "required": true, "content": { "application/json": { "schema": schema } } })
        });
        let file = || {
            let schema = json!({ "type": "string", "format": "binary" });
            json!({ "required": true, "content": { "application/octet-stream": { "schema": schema } } })
        };
        let request = if operation.path == "media" { Some(file()) } else { request };
        let mut answer = operation.answer;
        write_instants(&mut answer, false);
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
                        "properties": { "error": {
                            "type": "object",
                            "properties": {
                                "reason": { "type": "string" }, "message": { "type": "string" },
                                "hint": { "type": ["string", "null"] }, "vendor_code": { "type": ["integer", "null"] },
                                "retry_after_ms": { "type": ["integer", "null"] },
                            },
                        } },
                    } } },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_described_from_the_contract() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(operations().len(), 12);
        for (path, methods) in paths {
            for (method, described) in methods.as_object().unwrap() {
                let schema = &described["responses"]["200"]["content"]["application/json"]["schema"];
                assert!(schema.as_object().is_some_and(|schema| !schema.is_empty()), "{method} {path}");
                let named = described["parameters"].as_array().unwrap();
                assert!(named.iter().any(|parameter| parameter["name"] == "tenant"), "{method} {path}");
                let text = schema.to_string();
                assert!(!text.contains("\"submitted_at\":{\"minimum\""), "{method} {path}: {text}");
                if method != "get" && path != "/t/{tenant}/api/media" {
                    let schema = &described["requestBody"]["content"]["application/json"]["schema"];
                    assert!(schema["properties"].is_object(), "{method} {path}");
                }
            }
        }
    }
}
