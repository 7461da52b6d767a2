//! Messages as the component sends them, with WeCom on the other side.

use std::{cell::Cell, rc::Rc};

use organisation_kit::{
    contract::{
        call::Budget,
        http::{self, HttpError, Request, Response},
        messaging::{
            Button, ButtonAction, ButtonInteraction, Card, CardBody, CardChange, CardMenu, CardSource, CardUpdate,
            Choice, Content, Delivery, Heading, InvalidRecipient, KeyedText, Link, Message, MultipleInteraction,
            OtherMessage, RecipientKind, Recipients, Selector, Sent, Sharing, TextNotice, VoteInteraction,
        },
        types::{Body, Reason},
    },
    failure::Failure,
    messages,
};
use serde_json::{Value, json};

use crate::{
    api::client::WeComClient,
    fake::{self, FakePlatform, errcode, lost, ok, path},
    wecom::WeCom,
};

mod content;
mod examples;
mod keyed;
mod properties;
mod roles;
mod send;
mod update;

type Answer = Result<Response, HttpError>;

const SENT: &str = r#"{"errcode":0,"errmsg":"ok","msgid":"m-1"}"#;

/// WeCom, which grants a token and answers the first, second … message as told.
fn answering(answer: impl Fn(usize, &Request) -> Answer + 'static) -> FakePlatform {
    let (fake, asked) = (FakePlatform::new(), Cell::new(0));
    fake.serve(move |request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        _ => {
            asked.set(asked.get() + 1);
            answer(asked.get(), request)
        }
    });
    fake
}

fn to(members: &[&str]) -> Recipients {
    let members = members.iter().map(|&id| id.to_owned()).collect();
    Recipients { everybody: false, members, departments: vec![], tags: vec![], roles: vec![] }
}

fn message(content: Content) -> Message {
    Message { to: to(&["ZhangSan"]), content, sharing: None, translate_ids: false, idempotency_key: None }
}

fn text(text: &str) -> Message {
    message(Content::Text(text.to_owned()))
}

fn keyed(key: &str, message: Message) -> Message {
    Message { idempotency_key: Some(key.to_owned()), ..message }
}

/// Sends as the shell does. Whatever happens, nothing secret shows.
fn send(fake: &FakePlatform, message: Message) -> Result<Sent, Failure> {
    fake.set_budget(Budget { wall_ms: 60_000, ..organisation_kit::platform::Platform::remaining(fake) });
    let config = fake::config();
    let outcome = messages::send::<WeCom>(fake, &config, &WeComClient::new(fake, &config), message);
    let shown = format!("{outcome:?} {:?}", fake.logs.borrow());
    assert!(!shown.contains("t0ken-1") && !shown.contains(fake::SECRET), "{shown}");
    if let Err(failure) = &outcome {
        assert!(!failure.message.zh.is_ascii() && !failure.message.en.is_empty(), "{failure:?}");
    }
    outcome
}

/// The bodies that were posted to a path, in order.
fn bodies(fake: &FakePlatform, api: &str) -> Vec<Value> {
    let is_meant = |request: &&Request| path(request).strip_prefix("/cgi-bin/") == Some(api);
    let body = |request: &Request| match &request.body {
        Some(Body::Text(text)) => serde_json::from_str(text).unwrap(),
        body => panic!("{body:?}"),
    };
    fake.requests.borrow().iter().filter(is_meant).map(body).collect()
}

/// The argument that is refused, before anything is sent.
fn refused(message: Message) -> (String, Failure) {
    let fake = answering(|_, _| ok(SENT));
    let failure = send(&fake, message).unwrap_err();
    assert_eq!(fake.requests.borrow().len(), 0);
    match failure.reason.clone() {
        Reason::InvalidArgument(problem) => (problem.path, failure),
        reason => panic!("{reason:?}: {failure:?}"),
    }
}

fn heading(title: &str) -> Heading {
    Heading { title: Some(title.to_owned()), description: None }
}

fn card(body: CardBody) -> Card {
    Card {
        task_id: None,
        source: None,
        menu: None,
        quote: None,
        heading: Some(heading("标题")),
        replace_text: None,
        body,
    }
}

fn button(text: &str, key: &str) -> Button {
    Button { text: text.to_owned(), style: None, action: ButtonAction::Key(key.to_owned()) }
}

fn buttons(buttons: Vec<Button>) -> CardBody {
    CardBody::ButtonInteraction(ButtonInteraction {
        selector: None,
        sub_title: None,
        rows: vec![],
        buttons,
        link: None,
    })
}

fn keyed_text(text: &str, key: &str) -> KeyedText {
    KeyedText { text: text.to_owned(), key: key.to_owned() }
}

fn choice(id: &str, chosen: bool) -> Choice {
    Choice { id: id.to_owned(), text: format!("选项{id}"), chosen }
}

fn selector(key: &str, choices: Vec<Choice>) -> Selector {
    Selector { key: key.to_owned(), title: None, choices, disabled: false }
}

fn notice() -> TextNotice {
    let link = Link::Url("https://app.example.com".to_owned());
    TextNotice { emphasis: None, sub_title: None, rows: vec![], jumps: vec![], link }
}
