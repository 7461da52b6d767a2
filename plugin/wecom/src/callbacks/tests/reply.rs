//! What members get at once.

use super::{
    super::{fields::Fields, reply},
    *,
};

const REPLIES: &str =
    r#","welcomeReply":"欢迎 ]]>\n<a href=\"https://example.com/?a&b\">入口</a>","messageReply":"你好""#;
const WELCOME: &str = "欢迎 ]]>\n<a href=\"https://example.com/?a&b\">入口</a>";

fn incoming(kind: &str, name: &str, from: &str) -> String {
    let event = if name.is_empty() { String::new() } else { format!("<Event>{name}</Event>") };
    format!(
        "<xml><ToUserName>{CORP}</ToUserName><FromUserName>{from}</FromUserName><CreateTime>1760000100</CreateTime>\
         <MsgType>{kind}</MsgType>{event}<Content>hi</Content><TaskId>t</TaskId><ResponseCode>r</ResponseCode></xml>"
    )
}

/// Who gets which text, once signature and cipher were looked at as WeCom does.
fn opened(side: &Side, handled: &Handled) -> Option<(String, String)> {
    let Body::Text(body) = &handled.response.body else { panic!("{handled:?}") };
    if body.is_empty() {
        return None;
    }
    let envelope = Fields::parse(body).unwrap();
    let part = |name| envelope.text(&[name]).unwrap();
    let (encrypted, signature) = (part("Encrypt"), part("MsgSignature"));
    assert_eq!(signature, side.sign(&part("TimeStamp"), &part("Nonce"), &encrypted));
    let message = Fields::parse(&side.open(&encrypted)).unwrap();
    let part = |name| message.text(&[name]).unwrap();
    assert_eq!((part("MsgType").as_str(), part("FromUserName").as_str()), ("text", CORP));
    Some((part("ToUserName"), part("Content")))
}

#[test]
fn who_comes_into_the_range_and_who_writes_gets_the_text_of_the_configuration() {
    let config = config_with(REPLIES);
    for (kind, name, from, expected) in [
        ("event", "subscribe", "zhangsan", Some(WELCOME)),
        ("text", "", "zhangsan", Some("你好")),
        ("image", "", "Zhang.San", Some("你好")),
        ("location", "", "zhangsan", Some("你好")),
        ("event", "unsubscribe", "zhangsan", None),
        ("event", "enter_agent", "zhangsan", None),
        ("event", "click", "zhangsan", None),
        ("event", "template_card_event", "zhangsan", None),
        ("event", "template_card_menu_event", "zhangsan", None),
        ("event", "sys_approval_change", "sys", None),
        ("event", "unheard_of", "zhangsan", None),
        ("text", "", "sys", None),
        ("text", "", "", None),
    ] {
        let sent = app().message(&incoming(kind, name, from)).delivery("wecom");
        let expected = expected.map(|text| (from.to_owned(), text.to_owned()));
        let [first, again] = delivered_to(&config, &sent);
        assert_eq!(opened(&app(), &first), expected, "{kind} {name} {from}");
        assert_eq!(opened(&app(), &again), expected, "{kind} {name} {from}, repeated");
        assert_eq!((first.events.len(), again.events.len()), (1, 0), "{kind} {name} {from}");
    }
}

#[test]
fn nobody_gets_what_is_not_configured_or_in_another_wrapping() {
    let written = incoming("text", "", "zhangsan");
    let entered = incoming("event", "subscribe", "zhangsan");
    for (further, message) in [("", &written), ("", &entered), (r#","messageReply":"a""#, &entered)] {
        let [handled, _] = delivered_to(&config_with(further), &app().message(message).delivery("wecom"));
        assert_eq!(opened(&app(), &handled), None, "{further}");
    }
    let config = config_with(REPLIES);
    let [handled, _] = delivered_to(&config, &contacts().message(&written).delivery("contacts"));
    assert_eq!(opened(&contacts(), &handled), None, "another route has no replies");
    let sent = app().message(&written);
    let json = Body::Text(format!(r#"{{"Encrypt":"{}"}}"#, sent.encrypted));
    let [handled, _] = delivered_to(&config, &sent.with_body("wecom", json));
    assert_eq!((opened(&app(), &handled), handled.events.len()), (None, 1), "a delivery in JSON");
}

/// The sample of the fact sheet.
#[test]
fn a_reply_is_sealed_to_the_byte() {
    let config = config_with("");
    let callback = config.callback.as_ref().unwrap();
    let message = reply::message("zhangsan", CORP, 1_760_000_102, "你好");
    let reply = reply::sealed(callback, CORP, *b"ABCDEFGHIJKLMNOP", "1760000102", "27182818", &message);
    assert_eq!(
        reply,
        format!(
            "<xml><Encrypt><![CDATA[{REPLY_SEALED}]]></Encrypt>\
             <MsgSignature><![CDATA[739aee9569ce9da4a9a576ca193377021e80cfeb]]></MsgSignature>\
             <TimeStamp>1760000102</TimeStamp><Nonce><![CDATA[27182818]]></Nonce></xml>"
        )
    );
}
