//! What is replaced, and what stays.

use serde_json::{Value, json};

use super::Pseudonyms;

/// Pseudonyms for what a vendor answered and what a store held, with the words of a component.
fn pseudonyms(answers: &[(&str, &Value)]) -> Pseudonyms {
    let mut pseudonyms =
        Pseudonyms::new(b"userid errcode mobile cgi-bin active walking directory member qyapi.weixin.qq.com");
    answers.iter().for_each(|(function, answer)| pseudonyms.collect(function, answer));
    pseudonyms.complete();
    pseudonyms
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["ok"]["body"]["text"].as_str().unwrap()).unwrap()
}

fn answered(body: &Value) -> Value {
    json!({"ok": {"status": 200, "headers": [{"name": "Content-Type", "value": "application/json"}, {"name": "X-Who", "value": "zhangsan"}],
        "body": {"text": body.to_string()}}})
}

#[test]
fn an_answer_loses_whoever_is_in_it() {
    let original = answered(&json!({
        "errcode": 0, "errmsg": "ok", "expires_in": 7200, "access_token": "t0ken-Of-An-App-1234567890",
        "userlist": [{"userid": "ZhangSan", "name": "张三", "mobile": "13812345678", "department": [2, 1001], "status": 1,
            "enable": true, "nobody_knows": "Lina from Köln", "kind": "active", "avatar": "https://img.corp.example.com:8443/p/a1?who=lisi",
            "direct_leader": ["lisi"]}],
    }));
    let mut pseudonyms = pseudonyms(&[("http.send", &original)]);
    let found = pseudonyms.answer("http.send", &original);
    let text = found.to_string();
    for private in ["ZhangSan", "zhangsan", "张三", "13812345678", "Lina", "Köln", "lisi", "corp", "img", "t0ken"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    let replaced = body(&found);
    let member = &replaced["userlist"][0];
    assert_eq!(
        (&replaced["errcode"], &replaced["errmsg"], &replaced["expires_in"]),
        (&json!(0), &json!("ok"), &json!(7200))
    );
    assert_eq!(
        (&member["department"], &member["status"], &member["kind"]),
        (&json!([2, 1001]), &json!(1), &json!("active"))
    );
    assert_eq!(member["mobile"].as_str().unwrap().len(), 11);
    assert!(member["avatar"].as_str().unwrap().contains(".example:8443/"), "{member}");
    assert_eq!(found["ok"]["headers"][0]["value"], "application/json");
    assert!(pseudonyms.left_in(&original.to_string()) >= 5, "what is left is found");
    assert_eq!(pseudonyms.left_in(&text), 0);
}

#[test]
fn the_same_is_the_same_everywhere() {
    let vendor = answered(&json!({"userid": "ZhangSan", "name": "张三"}));
    let store = json!({"ok": {"more": false, "entries": [
        {"key": "directory/member/zhangsan", "value": "{\"id\":\"ZhangSan\",\"name\":\"张三\",\"read_at\":1764450000000}", "version": 7},
        {"key": "directory/synced-at", "value": "1764450000000", "version": 8},
    ]}});
    let mut pseudonyms = pseudonyms(&[("http.send", &vendor), ("storage.scan", &store)]);
    let member = body(&pseudonyms.answer("http.send", &vendor));
    let found = pseudonyms.answer("storage.scan", &store);
    let entry = &found["ok"]["entries"][0];
    let id = member["userid"].as_str().unwrap();
    assert_eq!(entry["key"], format!("directory/member/{}", id.to_lowercase()));
    let value: Value = serde_json::from_str(entry["value"].as_str().unwrap()).unwrap();
    assert_eq!(value, json!({"id": id, "name": member["name"], "read_at": 1_764_450_000_000_u64}));
    assert_eq!(found["ok"]["entries"][1], store["ok"]["entries"][1], "a time is nobody's");
}

#[test]
fn what_a_component_made_itself_is_learnt() {
    let mut pseudonyms = pseudonyms(&[]);
    for (original, found, stands) in [
        ("0199f0c2a1b3-9f8e7d6c5b4a3f2e", "0199f0c2a1b3-0000000000000001", true),
        ("0199f0c2a1b3-9f8e7d6c5b4a3f2e", "0199f0c2a1b3-0000000000000002", false),
        ("short", "other", false),
        ("has two words", "has not words", false),
    ] {
        // Once the component has been given what stands for it, it stays.
        assert_eq!(pseudonyms.stands_for(original, found), stands, "{original} {found}");
        pseudonyms.lookup(original);
    }
}
