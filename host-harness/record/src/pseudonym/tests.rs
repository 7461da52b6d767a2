//! What is replaced, and what stays.

use serde_json::{Value, json};

use super::Pseudonyms;

/// Pseudonyms for what a vendor answered and what a store held, with the words of a component.
fn pseudonyms(answers: &[(&str, &Value)]) -> Pseudonyms {
    let mut pseudonyms = Pseudonyms::new(
        b"userid errcode mobile cgi-bin active walking directory synced-at read_at member qyapi.weixin.qq.com",
    );
    answers.iter().for_each(|(function, answer)| pseudonyms.collect(function, &Value::Null, answer));
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

/// What a vendor, a store or a caller gave.
enum Given {
    Answer(&'static str, Value),
    Arguments(&'static str, Vec<Value>),
}

impl Given {
    /// What is left of it.
    fn replaced(self, mut pseudonyms: Pseudonyms) -> String {
        match self {
            Self::Answer(function, answer) => {
                pseudonyms.collect(function, &Value::Null, &answer);
                pseudonyms.complete();
                pseudonyms.answer(function, &answer).to_string()
            }
            Self::Arguments(function, arguments) => {
                pseudonyms.collect_arguments(function, &arguments);
                pseudonyms.complete();
                Value::from(pseudonyms.arguments(function, &arguments)).to_string()
            }
        }
    }
}

fn vendor(body: &Value) -> Given {
    Given::Answer("http.send", answered(body))
}

fn stored(key: &str, value: &str) -> Given {
    Given::Answer("storage.scan", json!({"ok": {"entries": [{"key": key, "value": value, "version": 1}]}}))
}

/// The secret that the component declares stands under a name that says nothing.
const DECLARED: [&str; 3] = ["9876", "feedfacefeedface", "walking"];

#[test]
fn nothing_planted_stays() {
    use Given::Arguments;
    let configuration = json!({"pin": "9876", "code": 9876, "mark": "feedfacefeedface", "kind": "walking",
        "proxyPassword": "deadbeefdeadbeef", "clientSecret": "123456", "apiToken": "active", "PROXY_USERNAME": "administrators",
        "proxy": "http://nobody:hunter2@proxy.corp.cn:3128", "secretKey": "abc", "locale": "zh-CN"});
    let rows: Vec<(Given, &[&str])> = vec![
        (
            Arguments("element.validate-config", vec![json!(configuration.to_string())]),
            &[
                "9876",
                "feedface",
                "walking",
                "deadbeef",
                "123456",
                "active",
                "administrators",
                "hunter2",
                "abc",
                "corp",
            ],
        ),
        (Given::Answer("settings.get", json!(configuration.to_string())), &["9876", "feedface", "123456", "\\\"abc"]),
        (
            vendor(
                &json!({"mobile_md5": "0cc175b9c0f1b6a831c399e269772661", "guid": "3f2b8c1e-0d4a-4b6e-9c1d-2e3f4a5b6c7d",
                "authCode": "abcdef0123456789", "session_key": "c1d2e3f4a5b6c7d8", "avatar2": "https://img.corp.cn/92eb5ffee6ae2fec/0"}),
            ),
            &["0cc175b9", "3f2b8c1e", "9c1d", "abcdef012", "c1d2e3f4", "92eb5ffee6"],
        ),
        (stored("directory/m/who", r#"{"mobile_md5":"0cc175b9c0f1b6a831c399e269772661"}"#), &["0cc175b9", "who"]),
        (vendor(&json!({"code": "482913", "pin": "4821"})), &["482913", "4821"]),
        (stored("some/mark", "0cc175b9c0f1b6a831c399e269772661"), &["0cc175b9"]),
        (stored("some/0cc175b9c0f1b6a831c399e269772661", ""), &["0cc175b9"]),
        (stored("directory/r/0199f0c2a1b3-9f8e7d6c5b4a3f2e", ""), &["9f8e7d6c5b4a3f2e"]),
        (Given::Answer("settings.get", json!(r#"{"wangcorp":"a","wang-er":{"b":1}}"#)), &["wang"]),
        (
            vendor(&json!({"AddUserItems": "wanger,lisi", "tag": "13812345671,7"})),
            &["wanger", "lisi", "13812345671", ",7"],
        ),
        (Arguments("callbacks.follow-up", vec![json!({"kind": "refresh-member", "subject": "7"})]), &["\"7\""]),
        (
            Arguments("messaging.upload", vec![json!({"file_name": "wang.png", "content": {"bytes": "d2FuZw=="}})]),
            &["wang", "d2Fu"],
        ),
        (
            Given::Answer(
                "http.send",
                json!({"ok": {"status": 200, "headers": [], "body": {"base64": "eyJhIjoid2FuZyJ9"}}}),
            ),
            &["d2Fu"],
        ),
        (
            vendor(&json!({"account": 13_812_345_671_u64, "sms": 13_812_345_672_u64, "items": [13_812_345_673_u64],
                "lat": 13_812_345_674_u64, "chat": "13812345675"})),
            &["1381234567"],
        ),
        (stored("directory/m/1001", r#"{"id":"1001","department":["1"]}"#), &["1001"]),
        (stored("directory/x/2/7", ""), &["/7\""]),
        (stored("directory/o/a", r#"{"id":"a"}"#), &["o/a\"", "\\\"a\\\""]),
        (Arguments("directory.find-member", vec![json!("7")]), &["\"7\""]),
        (Arguments("directory.find-members", vec![json!(["active", "12", "Li"])]), &["active", "\"12\"", "Li"]),
        (stored("some/note-of", "ring 138 1234 5678 today"), &["138", "1234", "5678"]),
        (stored("some/thing", r#"{"other":"ring 138 1234 5678"}"#), &["138", "1234", "5678"]),
        (vendor(&json!({"errmsg": "tel 138 1234 5678, 0571-8888 4321"})), &["138", "1234", "5678", "8888", "4321"]),
        (
            vendor(&json!({"handle": "walki", "state": "Li", "called": "bo-wu", "more": "direct"})),
            &["walki", "Li", "bo-wu", "direct\\"],
        ),
        (vendor(&json!({"roles": {"wanger": 1, "wang.er": 2, "bo": 3, "walk1": 4}})), &["wang", "\\\"bo", "walk1"]),
    ];
    for (at, (given, planted)) in rows.into_iter().enumerate() {
        let mut pseudonyms = Pseudonyms::new(b"userid errcode mobile active walking directory member administrators");
        DECLARED.iter().for_each(|secret| pseudonyms.collect_secret(secret));
        let found = given.replaced(pseudonyms);
        for text in planted {
            assert!(!found.contains(text), "row {at}, {text}: {found}");
        }
    }
}

#[test]
fn what_a_component_must_recognise_stays() {
    for (given, kept) in [
        (
            stored("directory/d/1001", r#"{"id":"1001","parent_id":"1","name":"x y"}"#),
            r#"{\"id\":\"1001\",\"parent_id\":\"1\","#,
        ),
        (stored("directory/m/7", r#"{"id":"7","departments":["7"]}"#), r#"\"departments\":[\"7\"]"#),
        (stored("directory/f/00000000000000000012", ""), "directory/f/00000000000000000012"),
        (stored("directory/r/0199f0c2a1b3-9f8e7d6c5b4a3f2e", ""), "directory/r/0199f0c2a1b3-"),
        (vendor(&json!({"fields": "mobile,active", "department": "1,22"})), r#"mobile,active"#),
        (vendor(&json!({"department": "1,22"})), r#"1,22"#),
        (Given::Arguments("messaging.upload", vec![json!({"file_name": "a.png"})]), ".png"),
        (vendor(&json!({"errcode": 60011, "errmsg": "no privilege, hint: check"})), "no privilege, hint: check"),
        (
            vendor(&json!({"create_time": 1_764_450_000, "kind": "active"})),
            r#"{\"create_time\":1764450000,\"kind\":\"active\"}"#,
        ),
    ] {
        let pseudonyms = Pseudonyms::new(b"userid errcode active mobile directory member create_time kind privilege");
        let found = given.replaced(pseudonyms);
        assert!(found.contains(kept), "{kept}: {found}");
    }
}

#[test]
fn the_last_look_finds_what_is_left() {
    let mut pseudonyms = Pseudonyms::new(b"");
    pseudonyms.collect_secret("pa\"ss w0rd");
    pseudonyms.collect_secret("q7x");
    pseudonyms.collect_secret("12");
    pseudonyms.complete();
    let own = pseudonyms.atom("somebody@corp.cn");
    for (text, is_left) in [
        (r#"{"a":"xpa\"ss w0rdx"}"#.to_owned(), true),
        (r#"{"a":"{\"b\":\"pa\\\"ss w0rd\"}"}"#.to_owned(), true),
        (r#"{"a":"pass w0rd"}"#.to_owned(), false),
        (r#"{"a":"q7x"}"#.to_owned(), true),
        (r#"{"a":"{\"b\":\"q7x\"}"}"#.to_owned(), true),
        (r#"{"a":"aq7x","b":"12"}"#.to_owned(), false),
        (r#"{"a":"ring 13911187654"}"#.to_owned(), true),
        (r#"{"a":"line\n13911187654"}"#.to_owned(), true),
        (r#"{"at":1764450000000,"b":10000000007,"c":"a13911187654"}"#.to_owned(), false),
        (r#"{"a":"11010519491231002X"}"#.to_owned(), true),
        (r#"{"a":"123456789012345678"}"#.to_owned(), false),
        (r#"{"a":"me@private-corp.cn"}"#.to_owned(), true),
        (r#"{"name":"lowcode:organisation/types@0.1.0"}"#.to_owned(), false),
        (format!(r#"{{"a":"{own}"}}"#), false),
        (r#"{"import":"random.get-random-u64","answer":13911187654}"#.to_owned(), false),
    ] {
        assert_eq!(pseudonyms.left_in(&text) > 0, is_left, "{text}");
    }
}

#[test]
fn a_key_says_whose_id_it_is() {
    for (key, value, kept) in [
        ("directory/d/1001", r#"{"id":"1001"}"#, true),
        ("directory/m/1001", r#"{"id":"1001"}"#, false),
        ("directory/m/7", r#"{"id":"7"}"#, false),
        ("directory/f/00000000000000000012", r#"{"department":{"id":"1001"}}"#, true),
        ("directory/f/00000000000000000012", r#"{"member":{"id":"7"}}"#, false),
    ] {
        let Given::Answer(function, answer) = stored(key, value) else { panic!("an answer") };
        let mut pseudonyms = Pseudonyms::new(b"directory department member");
        pseudonyms.collect(function, &json!({"keys": [key]}), &answer);
        pseudonyms.complete();
        assert_eq!(pseudonyms.answer(function, &answer) == answer, kept, "{key}");
    }
    let mut pseudonyms = Pseudonyms::new(b"directory");
    let nothing = json!({"ok": [null]});
    pseudonyms.collect("storage.get-many", &json!({"keys": ["directory/m/7"]}), &nothing);
    pseudonyms.complete();
    assert_ne!(pseudonyms.arguments("directory.find-member", &[json!("7")]), [json!("7")]);
    assert!(pseudonyms.known.contains_key("7"), "what was asked for is noted");
}
