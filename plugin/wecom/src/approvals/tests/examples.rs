//! The requests of `examples/approvals`: each is one that the contract can say and that this element submits.

use std::{collections::BTreeSet, fs, path::PathBuf};

use organisation_kit::contract::approvals::FieldValue;

use super::*;

/// Cases and names of enumerations, as the examples write them.
const NAMES: [&str; 25] = [
    "plain",
    "table",
    "empty",
    "text",
    "number",
    "money",
    "date",
    "span",
    "options",
    "members",
    "departments",
    "files",
    "vacation",
    "attendance",
    "place",
    "related",
    "other",
    "day",
    "half-day",
    "hour",
    "all",
    "any",
    "in-turn",
    "approve",
    "handle",
];

/// `half-day` as the generated types have it.
fn camel(name: &str) -> String {
    let upper = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(upper).collect()
}

/// The examples' form as the generated types are read: only names of cases differ.
fn as_generated(key: &str, value: Value) -> Value {
    let is_case = |name: &str| NAMES.contains(&name) || name == "copy";
    match value {
        Value::Object(object) if ["value", "plain"].contains(&key) => {
            assert_eq!(object.len(), 1, "{object:?}");
            let (case, value) = object.into_iter().next().unwrap();
            assert!(is_case(&case), "{case}");
            json!({ camel(&case): as_generated(&case, value) })
        }
        Value::Object(object) => {
            object.into_iter().map(|(key, value)| (key.clone(), as_generated(&key, value))).collect()
        }
        Value::Array(items) => {
            let key = if key == "process" { "node" } else { "" };
            items.into_iter().map(|item| if key == "node" { as_node(item) } else { as_generated("", item) }).collect()
        }
        Value::String(name) if ["precision", "consent", "value", "plain"].contains(&key) => {
            assert!(is_case(&name), "{name}");
            camel(&name).into()
        }
        value => value,
    }
}

/// In a node, unlike in a field, the kind is an enumeration.
fn as_node(node: Value) -> Value {
    let mut node = as_generated("", node);
    node["kind"] = camel(node["kind"].as_str().unwrap()).into();
    node
}

fn examples() -> Vec<(String, ApprovalRequest)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/approvals");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let request = serde_json::from_value(as_generated("", value));
        (name.clone(), request.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(read).collect()
}

/// A template with the controls of an example.
fn template_of(request: &ApprovalRequest) -> Value {
    let control = |id: &str, config: Value| {
        let control = id.split('-').next().unwrap();
        json!({ "property": { "control": control, "id": id, "title": [], "require": 1 }, "config": config })
    };
    let controls = request.fields.iter().map(|field| {
        let columns = match &field.value {
            FieldValue::Table(rows) => rows[0].fields.iter().map(|field| control(&field.id, json!({}))).collect(),
            FieldValue::Plain(_) => Vec::new(),
        };
        let columns: Vec<Value> = columns
            .into_iter()
            .map(|mut column: Value| {
                column["property"]["require"] = json!(0);
                column
            })
            .collect();
        let config = json!({
            "table": { "children": columns },
            "selector": { "type": "multi", "options": [{ "key": "option-1" }, { "key": "option-2" }] },
            "contact": { "type": "multi" },
            "vacation_list": { "item": [{ "id": 1, "name": [] }] },
        });
        control(&field.id, config)
    });
    json!({ "errcode": 0, "template_content": { "controls": controls.collect::<Vec<_>>() } })
}

#[test]
fn every_example_is_submitted() {
    let examples = examples();
    for (name, request) in &examples {
        let template = template_of(request);
        let fake = vendor(move |_, name, _| match name {
            "gettemplatedetail" => answered(template.clone()),
            _ => ok(r#"{"errcode":0,"errmsg":"ok","sp_no":"202601080001"}"#),
        });
        assert_eq!(submit(&fake, request), Ok("202601080001".to_owned()), "{name}");
        let sent = all_sent(&fake, "applyevent");
        assert_eq!(sent[0]["apply_data"]["contents"].as_array().unwrap().len(), request.fields.len(), "{name}");
    }
    let kinds: BTreeSet<&str> =
        examples.iter().flat_map(|(_, request)| &request.fields).filter_map(|field| field.kind.as_deref()).collect();
    let expected = [
        "attendance",
        "bank-account",
        "contact",
        "date",
        "date-range",
        "file",
        "location",
        "money",
        "number",
        "related-approval",
        "selector",
        "table",
        "text",
        "textarea",
        "vacation",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    assert!(examples.iter().any(|(_, request)| request.process.is_some()));
    assert!(examples.iter().any(|(_, request)| request.idempotency_key.is_some()));
}

#[test]
fn every_example_is_in_the_list() {
    let list = include_str!("../../../../../examples/approvals/README.md");
    for (name, _) in examples() {
        assert!(list.contains(&format!("[{name}]({name})")), "{name}");
    }
}
