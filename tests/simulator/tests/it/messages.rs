//! `message/send` and `message/recall`: what is taken, what is cut, whom it reaches (fact sheet section 5).

use std::time::Duration;

use serde_json::{Value, json};
use wecom_simulator::{Behaviour, DEMO_AGENT_ID, Messaging, Secret, corp};

use crate::bed::Bed;

const SEND: &str = "message/send";

fn text(to: &str, content: &str) -> Value {
    json!({"touser": to, "msgtype": "text", "agentid": DEMO_AGENT_ID, "text": {"content": content}})
}

/// A body with other values in some places.
fn with(body: &Value, changes: &[(&str, Value)]) -> Value {
    let mut body = body.clone();
    for (name, value) in changes {
        body[*name] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_message_reaches_whom_it_names() {
    let base = text("", "hi");
    let rows: Vec<(Value, Value, &[&str])> = vec![
        (json!({"touser": "LiSi"}), json!({}), &["lisi"]),
        (json!({"touser": "lisi|Nobody|ZhangLiu"}), json!({"invaliduser": "nobody|zhangliu"}), &["lisi"]),
        (json!({"toparty": "23"}), json!({}), &["zhengshi", "feng.yi", "chen_er", "lvsi"]),
        (json!({"toparty": "22|1|x"}), json!({"invalidparty": "1|x"}), &["wangwu", "weisi", "jiangwu"]),
        (json!({"totag": "7|99"}), json!({"invalidtag": "99"}), &["youyi", "zhujiu", "qinshi", "kongqi"]),
        (json!({"touser": "@all", "toparty": "31"}), json!({}), &["shiwu", "lisi", "youyi"]),
        (json!({"touser": "lisi|lisi", "toparty": 21}), json!({}), &["lisi", "zhouba"]),
    ];
    for (to, invalid, reached) in rows {
        let bed = Bed::start().await;
        let body =
            with(&base, &to.as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.clone())).collect::<Vec<_>>());
        let answer = bed.send(SEND, &body).await;
        assert_eq!(answer["errcode"], 0, "{to}: {answer}");
        assert!(answer["msgid"].is_string());
        for list in ["invaliduser", "invalidparty", "invalidtag", "unlicenseduser"] {
            assert_eq!(answer.get(list), invalid.get(list), "{to} {list}");
        }
        for member in reached {
            let inbox = bed.control.inbox(member);
            assert_eq!(inbox.len(), 1, "{to} reaches {member} once");
            assert_eq!(
                (&inbox[0].id, &inbox[0].content),
                (&answer["msgid"].as_str().unwrap().to_owned(), &json!({"content": "hi"}))
            );
        }
        assert!(bed.control.inbox("zhangliu").is_empty(), "{to} does not leave the range");
    }
}

#[tokio::test]
async fn nobody_is_reached() {
    let bed = Bed::start().await;
    let answer = bed.send(SEND, &with(&text("Nobody|zhangliu", "hi"), &[("toparty", json!("1"))])).await;
    assert_eq!(
        (&answer["errcode"], &answer["invaliduser"], &answer["invalidparty"]),
        (&json!(81013), &json!("nobody|zhangliu"), &json!("1"))
    );
    bed.control.configure(|behaviour| behaviour.messaging.unlicensed = ["lisi".to_owned()].into());
    assert_eq!(bed.send(SEND, &text("lisi|wangwu", "hi")).await["unlicenseduser"], "lisi");
    assert_eq!(bed.send_code(SEND, &text("lisi", "hi")).await, 81013);
    assert_eq!(bed.send_code(SEND, &json!({"msgtype": "text", "agentid": DEMO_AGENT_ID})).await, 82001);
    bed.control.change(|corp| corp.resign_member("wangwu", corp::Resignation::Listed)).unwrap();
    assert_eq!(bed.send(SEND, &text("WangWu", "hi")).await["invaliduser"], "wangwu", "listed, but gone");
}

#[tokio::test]
async fn lists_without_members_are_missing_or_empty() {
    let bed = Bed::start().await;
    for (quirk, expected) in [(false, None), (true, Some(&json!("")))] {
        bed.control.configure(|behaviour| behaviour.quirks.empty_invalid_lists = quirk);
        let answer = bed.send(SEND, &text("lisi", "hi")).await;
        for list in ["invaliduser", "invalidparty", "invalidtag", "unlicenseduser"] {
            assert_eq!(answer.get(list), expected, "{list}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_has_its_code() {
    let bed = Bed::start().await;
    bed.control.change(|corp| corp.add_app(corp::App::new(5, "other", Secret::new("s5")))).unwrap();
    let many = |count: usize| vec!["9"; count].join("|");
    let article = json!({"title": "t", "url": "https://a.example"});
    let notice = json!({"appid": "wx1", "title": "四个字儿", "content_item": []});
    let rows: Vec<(&str, Value, i64)> = vec![
        ("agentid", Value::Null, 41011),
        ("agentid", json!("1000073"), 0),
        ("agentid", json!(5), 301002),
        ("agentid", json!(77), 40056),
        ("touser", json!(["lisi"]), 40058),
        ("touser", json!(""), 82001),
        ("touser", json!(many(1001)), 40032),
        ("toparty", json!(many(101)), 82002),
        ("totag", json!(many(101)), 82003),
        ("msgtype", Value::Null, 40008),
        ("msgtype", json!("taskcard"), 40008),
        ("text", json!({"content": ""}), 44004),
        ("text", Value::Null, 44004),
        ("safe", json!(1), 0),
        ("safe", json!(2), 40058),
        ("safe", json!(3), 40058),
        ("duplicate_check_interval", json!(14_401), 0),
        ("textcard", json!({"description": "d", "url": "https://a.example"}), 41016),
        ("textcard", json!({"title": "t", "url": "https://a.example"}), 41033),
        ("textcard", json!({"title": "t", "description": "d"}), 41010),
        ("textcard", json!({"title": "t", "description": "d", "url": "a.example"}), 45034),
        ("textcard", json!({"title": "t", "description": "d", "url": "https://a.example"}), 0),
        ("news", json!({"articles": []}), 40058),
        ("news", json!({"articles": [article.clone()]}), 0),
        ("news", json!({"articles": vec![article.clone(); 9]}), 45008),
        ("news", json!({"articles": [{"title": "t"}]}), 41010),
        ("news", json!({"articles": [{"title": "t", "appid": "a", "pagepath": "p"}]}), 0),
        ("news", json!({"articles": [{"url": "https://a.example"}]}), 41016),
        ("mpnews", json!({"articles": [{"title": "t", "content": "c"}]}), 41006),
        ("mpnews", json!({"articles": [{"title": "t", "content": "c", "thumb_media_id": "x"}]}), 40007),
        ("image", json!({}), 41006),
        ("file", json!({"media_id": "x"}), 40007),
        ("markdown", json!({"content": "*x*"}), 0),
        ("markdown", json!({"content": "x".repeat(2049)}), 40058),
        ("miniprogram_notice", notice.clone(), 90207),
        ("miniprogram_notice", json!({}), 90200),
    ];
    for (name, value, expected) in rows {
        let mut body = with(&text("lisi", "hi"), &[(name, value.clone())]);
        if value.is_object() {
            body["msgtype"] = json!(name);
        }
        assert_eq!(bed.send_code(SEND, &body).await, expected, "{name}: {value}");
    }
    let news = json!({"touser": "lisi", "msgtype": "news", "agentid": DEMO_AGENT_ID, "safe": 1, "news": {"articles": [article]}});
    assert_eq!(bed.send_code(SEND, &news).await, 40074);
    let checked =
        with(&text("lisi", "hi"), &[("enable_duplicate_check", json!(1)), ("duplicate_check_interval", json!(14_401))]);
    assert_eq!(bed.send_code(SEND, &checked).await, 40058);
    let token = bed.sync_token().await;
    let answer = bed.post(&format!("{SEND}?access_token={token}"), &text("lisi", "hi").to_string()).await;
    assert_eq!(answer["errcode"], 48002, "the contact-sync secret sends nothing");
}

#[tokio::test]
async fn a_mini_program_is_bound_to_the_app() {
    let bed = Bed::start().await;
    bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.mini_program = Some("wx1".into()))).unwrap();
    let item = json!({"key": "k", "value": "v"});
    for (change, expected) in [
        (json!({}), 0),
        (json!({"appid": "wx2"}), 90208),
        (json!({"content_item": vec![item.clone(); 11]}), 90201),
        (json!({"content_item": [{"value": "v"}]}), 90202),
        (json!({"content_item": [{"key": "k", "value": "v".repeat(31)}]}), 90203),
        (json!({"page": "p".repeat(1025)}), 90204),
        (json!({"title": "短"}), 40058),
    ] {
        let mut notice = json!({"appid": "wx1", "title": "四个字儿", "content_item": [item.clone()]});
        notice.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let body = json!({"touser": "lisi", "msgtype": "miniprogram_notice", "miniprogram_notice": notice});
        assert_eq!(bed.send_code(SEND, &body).await, expected, "{change}, without agentid");
    }
    let all = json!({"touser": "@all", "msgtype": "miniprogram_notice", "miniprogram_notice": {}});
    assert_eq!(bed.send_code(SEND, &all).await, 40058);
}

#[tokio::test]
async fn long_texts_are_cut_in_silence() {
    let bed = Bed::start().await;
    let long = "字".repeat(1000);
    let url = "https://a.example";
    let rows: Vec<(Value, &str, String)> = vec![
        (json!({"text": {"content": "x".repeat(3000)}}), "/content", "x".repeat(2048)),
        (json!({"text": {"content": long}}), "/content", format!("{}\u{FFFD}", "字".repeat(682))),
        (json!({"textcard": {"title": long, "description": "d", "url": url}}), "/title", "字".repeat(128)),
        (json!({"textcard": {"title": "t", "description": long, "url": url}}), "/description", "字".repeat(512)),
        (
            json!({"textcard": {"title": "t", "description": "d", "url": url, "btntxt": "一二三四五"}}),
            "/btntxt",
            "一二三四".into(),
        ),
        (json!({"news": {"articles": [{"title": "x".repeat(200), "url": url}]}}), "/articles/0/title", "x".repeat(128)),
        (
            json!({"news": {"articles": [{"title": "t", "description": "x".repeat(600), "url": url}]}}),
            "/articles/0/description",
            "x".repeat(512),
        ),
    ];
    for (content, pointer, expected) in rows {
        let kind = content.as_object().unwrap().keys().next().unwrap();
        let body = json!({"touser": "lisi", "msgtype": kind, "agentid": DEMO_AGENT_ID, kind: content[kind]});
        assert_eq!(bed.send_code(SEND, &body).await, 0, "{kind} {pointer}");
        let got = bed.control.inbox("lisi").last().unwrap().content.pointer(pointer).cloned();
        assert_eq!(got, Some(json!(expected)), "{kind} {pointer}");
    }
}

#[tokio::test]
async fn ids_become_names_on_request() {
    let bed = Bed::start().await;
    for (flag, expected) in [(0, "$userName=wangwu$ 来自 $departmentName=21$"), (1, "王五 来自 平台组")] {
        let body =
            with(&text("lisi", "$userName=wangwu$ 来自 $departmentName=21$"), &[("enable_id_trans", json!(flag))]);
        bed.send(SEND, &body).await;
        assert_eq!(bed.control.inbox("lisi").last().unwrap().content["content"], expected);
    }
}

#[tokio::test]
async fn a_repeated_body_is_suppressed_for_a_while() {
    let bed = Bed::start().await;
    let checked =
        with(&text("lisi", "hi"), &[("enable_duplicate_check", json!(1)), ("duplicate_check_interval", json!(600))]);
    let other = with(&checked, &[("text", json!({"content": "other"}))]);
    for (name, body, wait, received) in [
        ("first", &checked, 0, 1),
        ("same", &checked, 599, 1),
        ("another body", &other, 0, 2),
        ("after the interval", &checked, 1, 3),
        ("unchecked", &text("lisi", "hi"), 0, 4),
        ("unchecked again", &text("lisi", "hi"), 0, 5),
    ] {
        bed.control.advance(Duration::from_secs(wait));
        assert_eq!(bed.send_code(SEND, body).await, 0, "{name}");
        assert_eq!(bed.control.inbox("lisi").len(), received, "{name}");
    }
    let counts = bed.control.message_counts();
    assert_eq!((counts.accepted, counts.duplicates), (5, 1));
}

#[tokio::test]
async fn frequency_drops_in_silence_and_the_day_refuses() {
    let bed = Bed::start().await;
    bed.control.configure(|behaviour: &mut Behaviour| {
        behaviour.messaging = Messaging { per_minute: 2, per_hour: 3, account_limit: 1, ..Messaging::default() };
    });
    for (wait, received) in [(0, 1), (0, 2), (0, 2), (60, 3), (60, 3)] {
        bed.control.advance(Duration::from_secs(wait));
        assert_eq!(bed.send_code(SEND, &text("lisi", "hi")).await, 0);
        assert_eq!(bed.control.inbox("lisi").len(), received);
    }
    assert_eq!(bed.control.message_counts().dropped, 2);
    for _ in 0..8 {
        assert_eq!(bed.send_code(SEND, &text("@all", "hi")).await, 0, "22 recipients each, 5 of 200 are used");
    }
    assert_eq!(bed.send_code(SEND, &text("@all", "hi")).await, 45009);
    bed.control.advance(Duration::from_secs(86_400));
    assert_eq!(bed.send_code(SEND, &text("@all", "hi")).await, 0, "a new day");
}

#[tokio::test]
async fn a_message_can_be_recalled_for_a_day_by_its_app() {
    let bed = Bed::start().await;
    bed.control.change(|corp| corp.add_app(corp::App::new(5, "other", Secret::new("s5")))).unwrap();
    let answer = bed.send(SEND, &text("lisi|wangwu", "hi")).await;
    let late = bed.send(SEND, &text("lisi", "late")).await;
    let stranger = bed.token_of("s5").await;
    let message = json!({"msgid": answer["msgid"]});
    assert_eq!(
        bed.post(&format!("message/recall?access_token={stranger}"), &message.to_string()).await["errcode"],
        40058
    );
    assert!(!bed.control.inbox("lisi")[0].recalled);
    for (body, expected) in [(&message, 0), (&message, 0), (&json!({"msgid": "x"}), 40058), (&json!({}), 40058)] {
        assert_eq!(bed.send_code("message/recall", body).await, expected, "{body}");
    }
    assert!(bed.control.inbox("lisi")[0].recalled && bed.control.inbox("wangwu")[0].recalled);
    bed.control.advance(Duration::from_secs(86_401));
    assert_eq!(bed.send_code("message/recall", &json!({"msgid": late["msgid"]})).await, 42052);
    assert!(!bed.control.inbox("lisi")[1].recalled);
}
