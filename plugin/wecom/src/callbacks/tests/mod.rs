//! Requests to the routes, as WeCom sends them and as others may.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::handle;
use crate::{
    config::Config,
    fake::{self, FakePlatform},
};
use organisation_kit::contract::{
    callbacks::{Event, FollowUpTask, Handled, Happening, IncomingRequest},
    types::{Body, Reason},
};
use sealing::{CONTACT_KEY, CONTACT_TOKEN, CORP, KEY, Side, TOKEN, app, contacts};

mod catalogue;
mod hostile;
mod repeated;
mod reply;
mod sealing;
mod to_do;
mod vectors;

fn document(token: &str, key: &str, corp: &str, more: &str) -> String {
    format!(
        r#"{{"corpId":"{corp}","agentId":1000002,"secret":"{}","callback":{{"token":"{token}","encodingAESKey":"{key}"{more}}},
        "contactCallback":{{"token":"{CONTACT_TOKEN}","encodingAESKey":"{CONTACT_KEY}"}}}}"#,
        fake::SECRET
    )
}

fn config() -> Config {
    config_with("")
}

/// With further keys beside those of the app's route.
fn config_with(further: &str) -> Config {
    Config::parse(&document(TOKEN, KEY, CORP, further)).unwrap()
}

/// What comes of a delivery, and of its repetition.
fn delivered_to(config: &Config, request: &IncomingRequest) -> [Handled; 2] {
    let fake = FakePlatform::new();
    [(); 2].map(|()| handle(&fake, config, request).unwrap())
}

fn handled(config: &Config, request: &IncomingRequest) -> Handled {
    let fake = FakePlatform::new();
    let handled = handle(&fake, config, request).unwrap();
    assert_eq!(fake.requests.borrow().len(), 0, "a handler asks nobody");
    let shown = format!("{:?}", fake.logs.borrow());
    for secret in [TOKEN, KEY, "simTok3n"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    handled
}

/// What comes of a message that is sound.
fn delivered(side: &Side, route: &str, message: &str) -> Handled {
    let handled = handled(&config(), &side.message(message).delivery(route));
    assert_eq!((handled.response.status, &handled.response.body), (200, &Body::Text(String::new())), "{message}");
    handled
}

fn is_refused(handled: &Handled) -> bool {
    assert!(handled.response.status != 403 || handled.response.body == Body::Text("forbidden".into()));
    handled.response.status == 403 && handled.events.is_empty() && handled.follow_ups.is_empty()
}

const OFFICIAL: &str = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";
const ENTERED: &str = "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1760000100</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[enter_agent]]></Event><EventKey><![CDATA[]]></EventKey><AgentID>1000002</AgentID></xml>";
const ENTERED_SEALED: &str = "wrNmYnsdngNwZHPRm4NnS0qYSa5jHJwmKnRwSuFvWXfcZokohHVNOvpJg5435mzzOlpd6jLI+zJXsWBgS9DluHnA7NwnuOBQiwTgm401laf/nYJPL1tFB70B/dyUXhIrSLiapTp9HrZayc+Bg0vQ90zTJB61veeA0cBYSWTCPPlzBz56JJub2ZjPXpMdzoYKD3RWHPAAXkPuNbp/1jIwRDpdEsyMPDO0/rVQrkBhK8ZyjGjPmrJtLKU3t85sNCad1+oKMG2i2aodPJ0qoZGOOebW+wkgV5bDXamX9JCq06/LnTyhrYKXDWq10+rnkNrHjVETvrUmHbRtzEVtMgB4E27cc1TRoKPe4QEcodb77YRkOKXVA5KgNSK90ASYyW5VSVWiZnw+BJbeuzi4nNewxSYGiZSXQtqUPechrIQc5UyHeScvchMNXSsJJjnpcruDZ0m4wBUnrT2ll8pa9PThXw==";
const REPLY_SEALED: &str = "vyx3HuuV3UaeH6CffeASrzCRePiqtYB3Ui+g6tpJ/qQnVIXEh6x0zgN++jG2zGo6gAeM9aGKd8CwhkIfekAlsDYTodpO23z/mbT68Z7SQCaAJ49BGMappKJqOjCUrhQnWleGOc9w2YRkcNH3rCR+1vHy5/Ws+x0zP0+8ox78xsqerVYkgAMtMyfImTgTSr637zppiZQgcK2i0LVAxV02s/lOpUfo+1Om4H/4ZVwkWE1SB73d+scxnpVZBGrQlGhVtVFveEsY/q5n7+yPc0QqggzYGkqExiJQbeiMvY0MkPNU91eBudBtgpJMlzAMEqTwh/Rd948Fk3Un/8wfoMjwUlHTffgiTO9ygwQRHOnQVQbVXUjkRsD8eiqCDNJJSO7Y";
const FULL_SEALED: &str = "4j/AuRx71kQlxVlzbpsMWLdwa700XSzOWDMkXDdU+WosU+ewEoBShSctEkjIMzDluDA/lOKCdUZUkeU4RUQWvlb25E9mxr2aw2oTfGSPUbVQb5xl1a82fEMwdygm5OKw";

fn request(method: &str, query: &str, body: Option<&str>) -> IncomingRequest {
    let body =
        body.map(|encrypted| Body::Text(format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><AgentID/></xml>")));
    IncomingRequest { route: "wecom".into(), method: method.into(), query: query.into(), headers: vec![], body }
}

/// The samples of WeCom's own documentation, whose key has bits at its end that mean nothing.
#[test]
fn the_official_samples_are_read() {
    let document = document("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7", "");
    let config = Config::parse(&document).unwrap();
    let check = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
    for query in [check.to_owned(), check.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")] {
        let answer = handled(&config, &request("GET", &query, None));
        assert_eq!(answer.response.body, Body::Text("1616140317555161061".into()), "{query}");
    }
    // A framework that makes a blank of `+` breaks it, and it is seen.
    assert!(is_refused(&handled(&config, &request("GET", &check.replace("%2B", "%20"), None))));
    let query = "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
    let answer = handled(&config, &request("POST", query, Some(OFFICIAL)));
    let [Event { at: 1_409_659_813_000, member: Some(member), happening: Happening::Message(message), .. }] =
        &answer.events[..]
    else {
        panic!("{answer:?}")
    };
    assert_eq!(
        (member.as_str(), message.kind.as_str(), message.text.as_deref(), message.id.as_deref()),
        ("mycreate", "text", Some("hello"), Some("4561255354251345929"))
    );
}

#[test]
fn own_samples_are_read_and_sealed_alike() {
    let x26 = "x".repeat(26);
    let hello = "<xml><ToUserName><![CDATA[zhangsan]]></ToUserName><FromUserName><![CDATA[ww0123456789abcdef]]></FromUserName><CreateTime>1760000102</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content></xml>";
    for (name, random, message, timestamp, nonce, sealed, signature) in [
        (
            "B1",
            b"0123456789abcdef",
            "7426153098812345678",
            "1760000000",
            "nonce-A1",
            "4j/AuRx71kQlxVlzbpsMWP+Og8qWy03352leL6FF/IyeJiZE7HrGGeglvn9EuFoJyAOyIDwXuh5tR4lv5XvBug==",
            "852d36dd08958c35207ef98fcc7ac0e90c8c062d",
        ),
        (
            "B2",
            b"fedcba9876543210",
            ENTERED,
            "1760000101",
            "31415926",
            ENTERED_SEALED,
            "5cc5f576bdbf00c86323492f05b389a0c3f10167",
        ),
        (
            "B3",
            b"ABCDEFGHIJKLMNOP",
            hello,
            "1760000102",
            "27182818",
            REPLY_SEALED,
            "739aee9569ce9da4a9a576ca193377021e80cfeb",
        ),
        (
            "B4",
            b"0123456789abcdef",
            &x26,
            "1760000103",
            "n-pad32",
            FULL_SEALED,
            "c12b99d144a93e13c6fabdbeb1edb2df8632441c",
        ),
    ] {
        let side = app();
        let sent = side.sent(timestamp, nonce, &side.seal(random, message));
        assert_eq!((sent.encrypted.as_str(), sent.signature.as_str()), (sealed, signature), "{name}");
        for key in [KEY, &KEY.replace("h8", "h9"), &format!("{} {}", &KEY[..20], &KEY[20..])] {
            let config = Config::parse(&document(TOKEN, key, CORP, "")).unwrap();
            let answer = handled(&config, &sent.check("wecom"));
            // What is in a delivery is told to nobody who asks in the form of a check.
            match message.starts_with('<') {
                true => assert!(is_refused(&answer), "{name}"),
                false => {
                    assert_eq!(answer.response.body, Body::Text(message.to_owned()), "{name}");
                    assert_eq!((answer.response.status, answer.events.len(), answer.follow_ups.len()), (200, 0, 0));
                }
            }
            assert_eq!(handled(&config, &sent.delivery("wecom")).response.status, 200, "{name}");
        }
    }
}

#[test]
fn a_delivery_comes_in_many_wrappings() {
    let sent = app().message(ENTERED);
    let encrypted = &sent.encrypted;
    let xml = format!("<xml><Encrypt>{encrypted}</Encrypt><ToUserName>x</ToUserName></xml>");
    for (name, body) in [
        ("as it is", sent.delivery("wecom").body.unwrap()),
        ("without CDATA, in another order", Body::Text(xml.clone())),
        ("bytes", Body::Bytes(xml.clone().into_bytes())),
        ("Base64", Body::Base64(STANDARD.encode(&xml))),
        ("JSON", Body::Text(format!(r#"{{"ToUserName":"{CORP}","Encrypt":"{encrypted}","AgentID":"1000002"}}"#))),
        ("JSON with more in it", Body::Text(format!(r#"{{"a":[{{"Encrypt":1}}],"ENCRYPT":" {encrypted}\n"}}"#))),
        ("JSON of bots", Body::Text(format!(r#"{{"encrypt":"{encrypted}"}}"#))),
        ("other case", Body::Text(format!("<XML><ENCRYPT>\n{encrypted}\n</ENCRYPT></XML>"))),
    ] {
        let answer = handled(&config(), &sent.with_body("wecom", body));
        assert_eq!(answer.events.len(), 1, "{name}");
    }
}

#[test]
fn a_check_answers_short_plain_text_alone() {
    for (text, is_answered) in [
        ("7426153098812345678", true),
        (&"x".repeat(128), true),
        (&"x".repeat(129), false),
        ("<a/>", false),
        ("a<", false),
        ("{}", false),
        (" {\"a\":1}", false),
        ("", true),
    ] {
        let sent = app().message(text);
        let answer = handled(&config(), &sent.check("wecom"));
        assert_eq!(is_refused(&answer), !is_answered, "{text}");
        assert_eq!(answer.response.body == Body::Text(text.to_owned()), is_answered, "{text}");
    }
}

#[test]
fn a_route_that_is_not_configured_is_not_there() {
    let config = fake::config();
    for route in ["wecom", "contacts", "", "other"] {
        let failure = handle(&FakePlatform::new(), &config, &app().message(ENTERED).delivery(route)).unwrap_err();
        assert_eq!(failure.reason, Reason::NotFound, "{route}");
    }
    let side = contacts();
    assert_eq!(delivered(&side, "contacts", ENTERED).events.len(), 1);
    // Each route has a secret of its own.
    for (side, route) in [(app(), "contacts"), (contacts(), "wecom")] {
        assert!(is_refused(&handled(&self::config(), &side.message(ENTERED).delivery(route))), "{route}");
    }
}

#[test]
fn what_is_proven_but_no_message_is_acknowledged() {
    for message in ["", "hello", "<xml>", "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml>&a;</xml>", "[1]"] {
        let answer = delivered(&app(), "wecom", message);
        assert_eq!((answer.events, answer.follow_ups), (vec![], vec![]), "{message}");
    }
}

#[test]
fn a_time_limit_is_kept_where_there_is_one() {
    let limited = Config::parse(&document(TOKEN, KEY, CORP, r#","maxAgeSeconds":600"#)).unwrap();
    let now = fake::START_MS / 1_000;
    for (timestamp, is_sound) in [
        (now.to_string(), true),
        ((now - 600).to_string(), true),
        ((now - 601).to_string(), false),
        ((now + 600).to_string(), true),
        ((now + 601).to_string(), false),
        (String::new(), false),
        ("soon".into(), false),
        (u64::MAX.to_string(), false),
    ] {
        let side = app();
        let sent = |text| side.sent(&timestamp, "n", &side.seal(b"0123456789abcdef", text));
        for request in [sent("7426153098812345678").check("wecom"), sent(ENTERED).delivery("wecom")] {
            assert_eq!(handled(&limited, &request).response.status == 200, is_sound, "{timestamp}");
            assert_eq!(handled(&config(), &request).response.status, 200, "{timestamp} without a limit");
        }
    }
}
