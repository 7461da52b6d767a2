use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::approvals::tests::{mutated, mutations};

/// A control of every kind, with its config.
fn controls() -> Value {
    let control = |control: &str, require: u8, config: Value| {
        let property = json!({
            "control": control, "id": format!("{control}-1"), "title": [{ "text": control, "lang": "zh_CN" }],
            "placeholder": [{ "text": "请填写", "lang": "zh_CN" }], "require": require, "un_print": 0,
        });
        match config {
            Value::Null => json!({ "property": property }),
            config => json!({ "property": property, "config": config }),
        }
    };
    let none = Value::Null;
    let texts = |text: &str| json!([{ "text": text, "lang": "zh_CN" }, { "text": "x", "lang": "en" }]);
    json!([
        control("Text", 1, none.clone()),
        control("Textarea", 0, none.clone()),
        control("Number", 0, none.clone()),
        control("Money", 0, none.clone()),
        control("Date", 0, json!({ "date": { "type": "hour" } })),
        control(
            "Selector",
            0,
            json!({ "selector": {
            "type": "multi", "exp_type": 0,
            "options": [{ "key": "option-1", "value": texts("硬件") }, { "key": "option-2", "value": { "text": "软件", "lang": "zh_CN" } }],
            "op_relations": [],
        } })
        ),
        control("Contact", 0, json!({ "contact": { "type": "single", "mode": "department" } })),
        control("Tips", 0, json!({ "tips": { "tips_content": [] } })),
        control("File", 0, json!({ "file": { "is_only_photo": 0 } })),
        control(
            "Table",
            0,
            json!({ "table": {
            "children": [control("Money", 1, none.clone()), control("Contact", 0, json!({ "contact": { "type": "multi", "mode": "user" } }))],
            "stat_field": [{ "id": "Money-1" }],
        } })
        ),
        control("Attendance", 0, json!({ "attendance": { "date_range": { "type": "halfday" }, "type": 4 } })),
        control("Vacation", 0, json!({ "vacation_list": { "item": [{ "id": 4, "name": texts("调休假") }] } })),
        control("Location", 0, json!({ "location": { "distance": 100 } })),
        control("RelatedApproval", 0, json!({ "related_approval": { "template_id": ["t"] } })),
        control("Formula", 0, none.clone()),
        control(
            "DateRange",
            0,
            json!({ "date_range": { "type": "halfday", "official_holiday": 1, "perday_duration": 86_400 } })
        ),
        control("PhoneNumber", 0, none.clone()),
        control("BankAccount", 0, none),
        control("PunchCorrection", 0, json!({ "punch_correction": {} })),
        control("Hologram", 1, json!({ "hologram": { "colours": [1, 2] } })),
    ])
}

fn answer() -> Value {
    let names = json!([{ "text": "采购申请", "lang": "zh_CN" }]);
    json!({ "errcode": 0, "template_names": names, "template_content": { "controls": controls() } })
}

fn template() -> Template {
    parse(&answer().to_string()).unwrap()
}

#[test]
fn every_control_is_listed_and_nothing_of_it_is_lost() {
    let (template, controls) = (template(), controls());
    let kinds: Vec<_> = template.controls.iter().map(|control| control.control.kind.as_str()).collect();
    let expected = [
        "text",
        "textarea",
        "number",
        "money",
        "date",
        "selector",
        "contact",
        "tips",
        "file",
        "table",
        "attendance",
        "vacation",
        "location",
        "related-approval",
        "formula",
        "date-range",
        "phone-number",
        "bank-account",
        "punch-correction",
        "Hologram",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(template.names[0], LocalisedText { language: "zh-CN".into(), text: "采购申请".into() });
    for (control, json) in template.controls.iter().zip(controls.as_array().unwrap()) {
        let plain = &control.control;
        assert_eq!(plain.id, json["property"]["id"]);
        assert_eq!(plain.titles[0].text, json["property"]["control"]);
        assert_eq!(plain.placeholders[0].text, "请填写");
        assert_eq!(plain.required, json["property"]["require"] == 1);
        match plain.kind.as_str() {
            "table" => assert_eq!(config(plain), json!({ "table": { "stat_field": [{ "id": "Money-1" }] } })),
            _ => assert_eq!(config(plain), json["config"], "{}", plain.kind),
        }
    }
}

#[test]
fn options_and_columns_are_read() {
    let template = template();
    let control = |kind: &str| template.controls.iter().find(|control| control.control.kind == kind).unwrap();
    let selector = &control("selector").control;
    let keys: Vec<_> = selector.options.iter().map(|option| (option.key.as_str(), option.texts.len())).collect();
    assert_eq!((keys, selector.multiple), (vec![("option-1", 2), ("option-2", 1)], true));
    let vacation = &control("vacation").control;
    assert_eq!((vacation.options[0].key.as_str(), vacation.options[0].texts[0].text.as_str()), ("4", "调休假"));
    assert!(!control("contact").control.multiple);
    let columns: Vec<_> = control("table")
        .columns
        .iter()
        .map(|column| (column.kind.as_str(), column.required, column.multiple))
        .collect();
    assert_eq!(columns, [("money", true, false), ("contact", false, true)]);
}

#[test]
fn a_template_without_anything_is_empty() {
    let template = parse(r#"{"errcode":0,"template_names":[]}"#).unwrap();
    assert_eq!((template.names.len(), template.controls.len()), (0, 0));
    assert!(parse("[]").is_err());
}

proptest! {
    #[test]
    fn of_a_mutated_answer_every_config_can_be_read(changes in mutations()) {
        if let Ok(template) = parse(&mutated(answer(), &changes).to_string()) {
            for control in template.controls {
                prop_assert!(control.control.config.is_none() || !config(&control.control).is_null());
            }
        }
    }
}
