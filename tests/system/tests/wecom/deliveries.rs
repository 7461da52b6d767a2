//! What the vendor sends by itself, and hosts that die while they take it: the events are kept once, whoever handles a delivery
//! again.

use std::{collections::BTreeMap, net::SocketAddr};

use organisation_host::{
    Element,
    contract::{
        callbacks::{Event as Told, Happening, IncomingRequest},
        types::Body,
    },
};
use serde_json::json;
use system_tests::{Stage, fuse::Cut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use wecom_simulator::{DEMO_AGENT_ID, Event, Receiver, Reply, corp::Callback};

const TOKEN: &str = "tokenForTests";
const AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

async fn stage() -> (Stage, Element) {
    let stage = Stage::demo().await;
    let element = stage.reconfigured(&json!({ "callback": { "token": TOKEN, "encodingAESKey": AES_KEY } }));
    (stage, element)
}

/// A delivery as WeCom sends it, of a message to the app.
async fn delivery(stage: &Stage, text: &str) -> IncomingRequest {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let receiver = Receiver::App(DEMO_AGENT_ID);
    stage.control.set_callback(receiver, Some(Callback::new(url, TOKEN, AES_KEY))).unwrap();
    let receive = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = received(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        request
    };
    let event = Event::text_message("lisi", text);
    let (request, delivered) = tokio::join!(receive, stage.control.deliver(receiver, &event));
    delivered.unwrap();
    request
}

async fn received(stream: &mut TcpStream) -> IncomingRequest {
    let (mut request, mut buffer) = (String::new(), [0; 4_096]);
    while !request.ends_with("</xml>") {
        let length = stream.read(&mut buffer).await.unwrap();
        request.push_str(str::from_utf8(&buffer[..length]).unwrap());
    }
    IncomingRequest {
        route: "wecom".to_owned(),
        method: "POST".to_owned(),
        query: request.split(['?', ' ']).nth(2).unwrap().to_owned(),
        headers: Vec::new(),
        body: Some(Body::Text(request.split_once("\r\n\r\n").unwrap().1.to_owned())),
    }
}

/// A receiver that hands the next delivery to the component and answers what it answers; and what the vendor made of that.
async fn replied(stage: &Stage, element: &Element, event: &Event) -> Reply {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let receiver = Receiver::App(DEMO_AGENT_ID);
    stage.control.set_callback(receiver, Some(Callback::new(url, TOKEN, AES_KEY))).unwrap();
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = received(&mut stream).await;
        let handled = stage.heard(element.receive_callback(&request)).await.unwrap().handled;
        let Body::Text(body) = handled.response.body else { panic!("{:?}", handled.response) };
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    };
    let ((), delivered) = tokio::join!(answer, stage.control.deliver(receiver, event));
    delivered.unwrap().reply
}

fn text_of(event: &Told) -> &str {
    match &event.happening {
        Happening::Message(message) => message.text.as_deref().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The texts that were kept, and how often.
async fn kept(element: &Element) -> BTreeMap<String, usize> {
    let mut texts = BTreeMap::new();
    for kept in element.events(None, 1_000).await.unwrap().events {
        *texts.entry(text_of(&kept.event).to_owned()).or_default() += 1;
    }
    texts
}

#[tokio::test]
async fn wherever_a_host_dies_the_repetition_brings_the_events_and_each_is_kept_once() {
    let (stage, element) = stage().await;
    let mut deaths = 0;
    for cut in [Cut::Before, Cut::After] {
        for operations in 0.. {
            let text = format!("{cut:?} {operations}");
            let request = delivery(&stage, &text).await;
            stage.fuse.arm(operations, cut);
            let answered = stage.fuse.watch(element.receive_callback(&request).reported()).await;
            stage.fuse.mend();
            let has_died = answered.is_none();
            if let Some(answer) = answered {
                assert_eq!(stage.note_answer(answer).unwrap().handled.events.len(), 1, "{text}");
            }
            let again = stage.heard(element.receive_callback(&request)).await.unwrap();
            assert_eq!((again.handled.response.status, again.lost), (200, None), "{text}");
            assert_eq!(kept(&element).await.get(&text), Some(&1), "{text}");
            if !has_died {
                break;
            }
            deaths += 1;
        }
    }
    assert!(deaths >= 8, "a delivery is looked up, kept and written: {deaths}");
    assert!(kept(&element).await.values().all(|times| *times == 1));
}

/// Why the order matters: a host that lets the element write first has nothing to keep after its death.
#[tokio::test]
async fn what_the_element_has_noted_before_its_events_are_kept_comes_no_more() {
    let (stage, element) = stage().await;
    let request = delivery(&stage, "lost").await;
    assert_eq!(stage.heard(element.handle_callback(&request)).await.unwrap().events.len(), 1);
    let again = stage.heard(element.receive_callback(&request)).await.unwrap();
    assert_eq!((again.handled.response.status, again.handled.events), (200, Vec::new()));
    assert_eq!(kept(&element).await, BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_get_one_delivery_at_once_keep_its_events_once() {
    let (stage, element) = stage().await;
    let others = stage.reconfigured(&json!({ "callback": { "token": TOKEN, "encodingAESKey": AES_KEY } }));
    for number in 0..10 {
        let text = number.to_string();
        let request = delivery(&stage, &text).await;
        let (one, other) =
            tokio::join!(element.receive_callback(&request).reported(), others.receive_callback(&request).reported());
        for answer in [one, other] {
            assert_eq!(stage.note_answer(answer).unwrap().handled.response.status, 200, "{text}");
        }
        assert_eq!(kept(&element).await.get(&text), Some(&1), "{text}");
    }
}

#[tokio::test]
async fn members_get_the_replies_of_the_configuration() {
    let stage = Stage::demo().await;
    let (welcome, reply) = ("欢迎 ]]> <a href=\"https://app.example.com/?a&b\">入口</a>", "第一行\n第二行");
    let replies = json!({ "token": TOKEN, "encodingAESKey": AES_KEY, "welcomeReply": welcome, "messageReply": reply });
    let element = stage.reconfigured(&json!({ "callback": replies }));
    for (event, expected) in [
        (Event::subscribe("lisi"), Some(welcome)),
        (Event::text_message("lisi", "hi"), Some(reply)),
        (Event::click("lisi", "menu-1"), None),
    ] {
        match (replied(&stage, &element, &event).await, expected) {
            (Reply::Acknowledged, None) => {}
            (Reply::Honoured { kind, message }, Some(text)) => {
                assert_eq!(
                    (kind.as_str(), &message["Content"], &message["ToUserName"]),
                    ("text", &json!(text), &json!("lisi"))
                );
            }
            other => panic!("{event:?}: {other:?}"),
        }
    }
}
