//! The messages of `examples/messages`: each is one that the contract can say and that WeCom takes.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::Map;

use super::*;

/// Fields that hold a variant, and the one that holds an enumeration.
const VARIANTS: [&str; 5] = ["content", "link", "target", "action", "body"];

/// What may be left out, in any record that has it.
fn defaults() -> Map<String, Value> {
    let value = json!({
        "everybody": false, "members": [], "departments": [], "tags": [], "roles": [],
        "translate_ids": false, "emphasise_first": false, "items": [], "actions": [], "rows": [], "jumps": [],
        "sections": [], "buttons": [], "choices": [], "selectors": [], "disabled": false, "chosen": false,
        "multiple": false
    });
    match value {
        Value::Object(map) => map,
        value => panic!("{value}"),
    }
}

/// `link-card` as the generated types have it.
fn camel(name: &str) -> String {
    let upper = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(upper).collect()
}

/// The examples' form as the generated types are read.
fn as_generated(key: &str, value: Value) -> Value {
    match value {
        Value::Object(object) if VARIANTS.contains(&key) => {
            assert_eq!(object.len(), 1, "{object:?}");
            object.into_iter().map(|(case, value)| (camel(&case), as_generated("", value))).collect()
        }
        Value::Object(object) => {
            let mut record = defaults();
            record.extend(object);
            record.into_iter().map(|(key, value)| (key.clone(), as_generated(&key, value))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| as_generated("", item)).collect(),
        Value::String(name) if key == "sharing" => camel(&name).into(),
        value => value,
    }
}

fn examples() -> Vec<(String, Message)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/messages");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let message = serde_json::from_value(as_generated("", value));
        (name.clone(), message.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(read).collect()
}

#[test]
fn every_example_is_sent() {
    let mut kinds = BTreeSet::new();
    for (name, mut message) in examples() {
        // Roles are the directory's, which is empty here.
        message.to.roles.clear();
        let fake = answering(|_, _| ok(SENT));
        let sent = send(&fake, message).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert_eq!(sent.delivery, Delivery::Yes, "{name}");
        let body = &bodies(&fake, "message/send")[0];
        let card = body["template_card"]["card_type"].as_str();
        kinds.insert(card.or(body["msgtype"].as_str()).unwrap().to_owned());
    }
    let expected = [
        "button_interaction",
        "file",
        "image",
        "markdown",
        "miniprogram_notice",
        "mpnews",
        "multiple_interaction",
        "news",
        "news_notice",
        "text",
        "text_notice",
        "textcard",
        "video",
        "voice",
        "vote_interaction",
    ];
    assert_eq!(kinds, expected.map(str::to_owned).into());
}

#[test]
fn the_page_names_every_example() {
    let page = include_str!("../../../../../examples/messages/README.md");
    for (name, _) in examples() {
        assert!(page.contains(&format!("[{name}]({name})")), "{name}");
    }
}
