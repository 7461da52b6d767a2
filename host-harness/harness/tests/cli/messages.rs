//! `message`: what the files of `examples/messages` become, and files that hold no message.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use wecom_simulator::{
    DEMO_AGENT_ID, Effect, Fault, Press, When,
    corp::{Callback, Corp},
    demo,
};

use crate::bed::{Bed, Ended};

/// An app that may send everything: bound to a mini program, and with a callback address where nothing is delivered.
async fn bed() -> Bed {
    let mut corp: Corp = demo();
    let update = corp.update_app(DEMO_AGENT_ID, |app| {
        app.mini_program = Some("wx0123456789abcdef".to_owned());
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        app.callback = Some(Callback::new("http://127.0.0.1:9/callback", "token", key));
    });
    update.unwrap();
    let bed = Bed::of(corp).await;
    bed.control().hold_callbacks();
    bed
}

/// Writes a file and answers its path.
pub fn file(bed: &Bed, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = bed.home().join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The files of a folder of examples, by name.
pub fn examples(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

pub fn uploaded(bed: &Bed, kind: &str, content: &[u8]) -> String {
    let file = file(bed, "upload.bin", content);
    let extensions = [("image", "png"), ("voice", "amr"), ("video", "mp4"), ("file", "pdf")];
    let (_, extension) = extensions.iter().find(|(known, _)| *known == kind).unwrap();
    let name = format!("附件.{extension}");
    let media = bed.run(&["message", "upload", &file, "--kind", kind, "--name", &name]).exits(0);
    assert_eq!((&media["url"], media["expires_at"].is_string()), (&Value::Null, true), "{media}");
    media["media_id"].as_str().unwrap().to_owned()
}

fn send(bed: &Bed, message: &Value, key: Option<&str>) -> Ended {
    let file = file(bed, "message.json", message.to_string());
    let key = key.map(|key| ["--idempotency-key", key]);
    bed.run(&[&["message", "send", file.as_str()][..], key.as_ref().map_or(&[], |key| &key[..])].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_sent() {
    let bed = bed().await;
    bed.run(&["sync"]).exits(0);
    let media = [
        ("image", &b"\x89PNG\r\n\x1a\n and more"[..]),
        ("voice", b"#!AMR and more"),
        ("video", b"\0\0\0\x18ftypmp42"),
        ("file", b"a contract"),
    ]
    .map(|(kind, content)| (kind, uploaded(&bed, kind, content)));
    let all = examples("messages");
    assert!(all.len() >= 17, "{all:?}");
    for (name, text) in all {
        let kind = name.trim_end_matches(".json");
        let of_kind = |kind: &str| &media.iter().find(|(known, _)| *known == kind).unwrap().1;
        let id = match kind {
            "image" | "voice" | "video" => of_kind(kind),
            "articles" => of_kind("image"),
            _ => of_kind("file"),
        };
        let mut message: Value = serde_json::from_str(&text.replace("MEDIA_ID", id)).unwrap();
        if message["to"].get("tags").is_some() {
            message["to"]["tags"] = json!(["7"]);
        }
        let sent = send(&bed, &message, None).exits(0);
        // Nobody has the role of the example.
        let invalid = if name == "text.json" {
            json!([{ "kind": "role", "id": "buyer", "reason": "nobody-has-it" }])
        } else {
            json!([])
        };
        assert_eq!((&sent["delivered"], &sent["invalid"]), (&json!("yes"), &invalid), "{name}");
        let id = sent["message_id"].as_str().unwrap_or_else(|| panic!("{name}: {sent}"));
        let received = bed.control().inboxes().into_values().flatten().any(|received| received.id == id);
        assert!(received, "{name}: {sent}");
        let interactive = name.contains("interaction") || name == "card-text-notice.json";
        assert_eq!(sent["response_code"].is_string(), interactive, "{name}: {sent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_is_yes_no_or_unknown_and_the_exit_code_says_so() {
    let bed = bed().await;
    let text = |members: &Value| json!({ "to": { "members": members }, "content": { "text": "你好" } });
    bed.control().inject(Fault::of("message/send", When::Nth(1), Effect::Disconnect { processed: true }));
    let hello = text(&json!(["lisi"]));
    let lost = send(&bed, &hello, Some("hello")).exits(1);
    assert_eq!((&lost["delivered"], &lost["message_id"]), (&json!("unknown"), &Value::Null));
    let again = send(&bed, &hello, Some("hello")).exits(0);
    let inbox = bed.control().inbox("lisi");
    assert_eq!((inbox.len(), &again["message_id"]), (1, &json!(inbox[0].id)));
    send(&bed, &text(&json!(["ZhangSan"])), Some("hello")).fails(1, "invalid-argument");

    bed.control().clear_faults();
    bed.control().inject(Fault::of("message/send", When::Nth(2), Effect::Code(45009)));
    let mut members: Vec<String> = (0..1_000).map(|number| format!("nobody-{number}")).collect();
    members[0] = "LiSi".to_owned();
    members.push("ZhangSan".to_owned());
    let partly = send(&bed, &text(&json!(members)), None).exits(1);
    assert_eq!(partly["delivered"], "no");
    let parts: Vec<&Value> = partly["parts"].as_array().unwrap().iter().map(|part| &part["delivery"]).collect();
    assert_eq!(parts, ["yes", "no"]);
    assert_eq!(partly["invalid"][0], json!({ "kind": "member", "id": "nobody-1", "reason": "outside-range" }));

    let nobody = send(&bed, &text(&json!(["nobody"])), None).fails(1, "not-found");
    assert_eq!(nobody["vendor_code"], 81013);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_changed_and_a_message_taken_back() {
    let bed = bed().await;
    let buttons = json!([{ "text": "同意", "action": { "key": "approve" } }]);
    let card = json!({ "heading": { "title": "请假申请" }, "body": { "button-interaction": { "buttons": buttons } } });
    let message = json!({ "to": { "members": ["lisi"] }, "content": { "card": card } });
    let sent = send(&bed, &message, None).exits(0);
    let id = sent["message_id"].as_str().unwrap();
    let pressed = bed.control().press("lisi", id, &Press::key("approve")).unwrap();
    for (code, change, shown) in [
        (&*pressed.response_code, json!({ "done": "已同意" }), "已同意"),
        (
            sent["response_code"].as_str().unwrap(),
            json!({ "card": { "replace_text": "已归档", "heading": { "title": "请假申请" },
            "body": { "button-interaction": { "buttons": buttons } } } }),
            "已归档",
        ),
    ] {
        let update = json!({ "to": { "members": ["lisi", "nobody"] }, "response_code": code, "change": change });
        let update = file(&bed, "update.json", update.to_string());
        let updated = bed.run(&["message", "update-card", &update]).exits(0);
        assert_eq!(updated["updated"], true);
        assert_eq!(updated["invalid"], json!([{ "kind": "member", "id": "nobody", "reason": "outside-range" }]));
        assert_eq!(bed.control().inbox("lisi")[0].card.as_ref().unwrap().replaced.as_deref(), Some(shown));
        let spent = bed.run(&["message", "update-card", &update]);
        assert!(spent.code == 1 && !spent.stdout.contains(code), "{spent:?}");
    }
    assert_eq!(bed.run(&["message", "recall", id]).exits(0), json!({ "recalled": id }));
    assert!(bed.control().inbox("lisi")[0].recalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_holds_no_message_is_refused_with_its_place() {
    let bed = bed().await;
    for (command, content, words) in [
        (&["message", "send"][..], "{\"to\": ", "is no JSON"),
        (&["message", "send"], "[]", "expected an object"),
        (&["message", "send"], r#"{"to":{"member":["lisi"]},"content":{"text":"a"}}"#, "to: unknown key `member`"),
        (&["message", "send"], r#"{"to":{"members":["lisi"]},"content":{"Text":"a"}}"#, "content: unknown case `Text`"),
        (&["message", "send"], r#"{"to":{"members":[7]},"content":{"text":"a"}}"#, "to.members[0]: expected"),
        (&["message", "send"], r#"{"to":{},"content":{"text":"a"},"sharing":"secret"}"#, "unknown case `secret`"),
        (&["message", "send"], r#"{"to":{"members":["lisi"]}}"#, "content: missing"),
        (
            &["message", "update-card"],
            r#"{"to":{},"response_code":"a","change":{"gone":1}}"#,
            "change: unknown case `gone`",
        ),
        (&["approval", "submit"], r#"{"template":"t","applicant":"a","process":"mine"}"#, "process: expected an array"),
        (
            &["approval", "submit"],
            r#"{"template":"t","applicant":"a","fields":[{"id":"a","value":{"plain":{"txt":1}}}]}"#,
            "fields[0].value.plain: unknown case `txt`",
        ),
        (&["approval", "submit"], r#"{"template":"t","applicant":"a","rush":true}"#, "unknown key `rush`"),
    ] {
        let file = file(&bed, "bad.json", content);
        let error = bed.run(&[command, &[file.as_str()]].concat()).fails(2, "usage");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words) && message.contains("bad.json"), "{content}: {message}");
        assert!(error["hint"].as_str().unwrap().contains("examples"), "{error}");
    }
    for command in [&["message", "send"][..], &["message", "upload"], &["approval", "submit"]] {
        bed.run(&[command, &["/nowhere/message.json"]].concat()).fails(2, "file");
    }
    assert_eq!(bed.control().count("gettoken").calls, 0);
}
