//! Requests that are not WeCom's, and rubbish.

use proptest::prelude::*;

use super::{super::fields::Fields, super::query::Query, sealing::Sent, *};

#[test]
fn what_is_not_proven_is_refused_and_told_nothing() {
    let side = app();
    let sound = side.message(ENTERED);
    let random = [7_u8; 16];
    let sent = |encrypted: &str| side.sent("1790000000", "n", encrypted);
    let plain = |length: u32, rest: &[u8]| sent(&side.encrypt(&[&random[..], &length.to_be_bytes(), rest].concat()));
    let other = |receiver: &'static str| Side { receiver, ..app() }.message(ENTERED);
    let padded = |byte: u8| {
        let mut bytes = [&random[..], &2_u32.to_be_bytes(), b"{}", CORP.as_bytes()].concat();
        bytes.resize(64, byte);
        sent(&side.encrypt_blocks(bytes))
    };
    let whole = plain(2, &[b"{}", CORP.as_bytes()].concat());
    assert_eq!(handled(&config(), &whole.delivery("wecom")).response.status, 200);
    let cut = |bytes: usize| {
        let mut ciphertext = STANDARD.decode(&sound.encrypted).unwrap();
        ciphertext.truncate(bytes);
        sent(&STANDARD.encode(ciphertext))
    };
    for (name, sent) in [
        ("signature of somebody else", Sent { signature: "0".repeat(40), ..sound.clone() }),
        ("signature in capitals", Sent { signature: sound.signature.to_uppercase(), ..sound.clone() }),
        ("signature cut", Sent { signature: sound.signature[..39].into(), ..sound.clone() }),
        ("no signature", Sent { signature: String::new(), ..sound.clone() }),
        ("another time", Sent { timestamp: "1790000001".into(), ..sound.clone() }),
        ("another nonce", Sent { nonce: "31415927".into(), ..sound.clone() }),
        ("another organisation", other("ww0123456789abcdee")),
        ("the organisation and more", other("ww0123456789abcdef0")),
        ("no organisation", other("")),
        ("another token", Side { token: "other", ..app() }.message(ENTERED)),
        ("another key", Side { key: [9; 32], ..app() }.message(ENTERED)),
        ("too long by its length", plain(u32::MAX, CORP.as_bytes())),
        ("one byte too long", plain(3, &[b"{}", &CORP.as_bytes()[..0]].concat())),
        ("a length that takes of the organisation", plain(4, &[b"{}", CORP.as_bytes()].concat())),
        ("too short for a length", sent(&side.encrypt(&random[..15]))),
        ("padding of 0", padded(0)),
        ("padding of 33", padded(33)),
        ("padding that differs", padded(25)),
        ("no blocks", cut(33)),
        ("nothing", cut(0)),
        ("half of it", cut(32)),
        ("no Base64", sent("!!!!")),
        ("blanks in it", sent(&sound.encrypted.replace('+', " "))),
    ] {
        assert!(is_refused(&handled(&config(), &sent.delivery("wecom"))), "{name}");
        assert!(is_refused(&handled(&config(), &sent.check("wecom"))), "{name}");
    }
}

#[test]
fn other_shapes_are_refused() {
    let sound = app().message(ENTERED);
    let post = |body: Option<Body>| IncomingRequest { body, ..sound.delivery("wecom") };
    let text = |text: &str| post(Some(Body::Text(text.to_owned())));
    let bomb = format!(
        "<!DOCTYPE xml [<!ENTITY a \"{}\">]><xml><Encrypt>{}</Encrypt></xml>",
        "x".repeat(1_000),
        "&a;".repeat(1_000)
    );
    let padded = format!("<xml><Encrypt>{}</Encrypt><P>{}</P></xml>", sound.encrypted, "x".repeat(600 << 10));
    let twice = format!("<xml><Encrypt>{0}</Encrypt><Encrypt>x</Encrypt></xml>", sound.encrypted);
    for (name, request) in [
        ("HEAD", IncomingRequest { method: "HEAD".into(), ..sound.check("wecom") }),
        ("PUT", IncomingRequest { method: "PUT".into(), ..sound.delivery("wecom") }),
        ("GET without echostr", IncomingRequest { method: "GET".into(), ..sound.delivery("wecom") }),
        ("no query", IncomingRequest { query: String::new(), ..sound.delivery("wecom") }),
        ("no body", post(None)),
        ("an empty body", text("")),
        ("no text", post(Some(Body::Bytes(vec![0xff, 0xfe])))),
        ("no Base64", post(Some(Body::Base64("!".into())))),
        ("HTML", text("<html><body>hello</body></html>")),
        ("nothing encrypted", text("<xml><Encrypt></Encrypt></xml>")),
        ("nothing encrypted in JSON", text(r#"{"Encrypt":"  "}"#)),
        ("JSON without it", text(r#"{"a":{"Encrypt":"x"}}"#)),
        ("a number in JSON", text(r#"{"Encrypt":7}"#)),
        ("JSON that is cut", text(r#"{"Encrypt":"x""#)),
        ("deep JSON", text(&format!("{{\"a\":{}", "[".repeat(100_000)))),
        ("a bomb", text(&bomb)),
        ("too large", text(&padded)),
        ("too large in Base64", post(Some(Body::Base64(STANDARD.encode(&padded))))),
        ("deep", text(&"<a>".repeat(100_000))),
    ] {
        assert!(is_refused(&handled(&config(), &request)), "{name}");
    }
    // Only one of the two is what was signed, and the first is read.
    assert_eq!(handled(&config(), &text(&twice)).events.len(), 1);
}

proptest! {
    #[test]
    fn no_request_breaks_it(
        method in "GET|POST|PUT|",
        query in "(msg_signature|timestamp|nonce|echostr|[a-z]{1,3})=[ -~]{0,40}(&(msg_signature|timestamp|nonce|echostr)=[!-~é]{0,60}){0,4}",
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let request = IncomingRequest { route: "wecom".into(), method, query, headers: vec![], body: Some(Body::Bytes(bytes)) };
        prop_assert!(is_refused(&handled(&config(), &request)));
    }

    #[test]
    fn readers_take_anything(text in any::<String>(), tags in "(<[/!?]?[a-c]{0,2}>?|&[a-z#0-9]{0,3};?|[\\[\\]{}\":,]|<!\\[CDATA\\[|\\]\\]>|x){0,60}") {
        for text in [text.as_str(), &tags, &format!("<xml>{tags}</xml>"), &format!("{{\"a\":{tags}")] {
            if let Some(fields) = Fields::parse(text) {
                prop_assert!(Fields::parse(&fields.json()).is_some());
            }
            let _ = Query::parse(text);
        }
    }

    #[test]
    fn no_ciphertext_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..300), is_whole in any::<bool>()) {
        let side = app();
        let encrypted = if is_whole { side.encrypt(&bytes) } else { STANDARD.encode(&bytes) };
        let answer = handled(&config(), &side.sent("1", "n", &encrypted).delivery("wecom"));
        prop_assert!(is_refused(&answer));
    }

    #[test]
    fn one_changed_character_is_refused(at in any::<prop::sample::Index>(), part in 0..4_usize, to in "[0-9A-Za-z+/=]") {
        let sound = app().message(ENTERED);
        let mut sent = sound.clone();
        let text = [&mut sent.signature, &mut sent.timestamp, &mut sent.nonce, &mut sent.encrypted].into_iter().nth(part).unwrap();
        let at = at.index(text.len());
        prop_assume!(text[at..=at] != to);
        text.replace_range(at..=at, &to);
        for request in [sent.delivery("wecom"), sent.check("wecom")] {
            prop_assert!(is_refused(&handled(&config(), &request)));
        }
    }

    #[test]
    fn whatever_is_sealed_is_opened(message in any::<String>(), random in any::<[u8; 16]>()) {
        let side = app();
        let answer = handled(&config(), &side.sent("1", "n", &side.seal(&random, &message)).check("wecom"));
        match message.len() > 128 || message.contains(['<', '{']) {
            true => prop_assert!(is_refused(&answer)),
            false => prop_assert_eq!(answer.response.body, Body::Text(message)),
        }
    }
}
