//! Delivers: the check of an address when it is saved, and events one after the other with their attempts.

use hyper::Method;
use serde_json::Value;

use super::client::{Exchange, send};
use super::outbox::{DeliveryId, Parcel};
use super::receiver::{CallbackError, Target};
use super::reply::{self, Reply};
use crate::cipher;
use crate::corp::Callback;
use crate::message::CardChange;
use crate::secret::random_text;
use crate::world::{Shared, World};

/// How often a delivery is attempted in all (fact sheet section 7.5).
const ATTEMPTS: usize = 3;

/// Delivers what is queued, one after the other, until it is aborted.
pub(crate) async fn run(shared: Shared) {
    let wake = shared.lock().outbox.wake.clone();
    loop {
        let next = shared.lock().outbox.next();
        match next {
            Some(id) => deliver(&shared, id).await,
            None => wake.notified().await,
        }
    }
}

/// Makes one delivery, with up to three attempts.
pub(crate) async fn deliver(shared: &Shared, id: DeliveryId) {
    let Some(mut parcel) = shared.lock().outbox.parcel(id) else { return };
    let (timeout, fresh, json) = {
        let callbacks = &shared.lock().behaviour.callbacks;
        (callbacks.timeout, callbacks.fresh_signatures, callbacks.json)
    };
    let kind = if json { "application/json" } else { "text/xml" };
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 && fresh {
            let mut world = shared.lock();
            let (now, world) = (world.now(), &mut *world);
            world.outbox.sign_anew(id, now, &mut world.random);
            parcel = world.outbox.parcel(id).unwrap_or(parcel);
        }
        let signature = parcel.signature();
        let pairs = [
            ("msg_signature", signature.as_str()),
            ("timestamp", parcel.timestamp.as_str()),
            ("nonce", parcel.nonce.as_str()),
        ];
        let exchange = send(&parcel.target.address, (Method::POST, &pairs), (kind, &parcel.body), timeout).await;
        shared.lock().outbox.note(id, &exchange);
        let success = matches!(exchange, Exchange::Answer { status: 200..=299, .. });
        last = Some(exchange);
        if success {
            break;
        }
    }
    let mut world = shared.lock();
    let reply = match last {
        Some(Exchange::Answer { status: 200..=299, body }) => receive(&mut world, id, &parcel, &body),
        _ => Reply::None,
    };
    world.outbox.finish(id, reply);
}

/// Reads the reply and does what it says.
fn receive(world: &mut World, id: DeliveryId, parcel: &Parcel, body: &[u8]) -> Reply {
    let corp = world.corp().clone();
    let message = match reply::read(&parcel.target, corp.id(), body) {
        Ok(Some(message)) => message,
        Ok(None) => return Reply::Acknowledged,
        Err(why) => return Reply::Refused(why),
    };
    let kind = message["MsgType"].as_str().unwrap_or_default().to_owned();
    let Some(delivery) = world.outbox.delivery(id) else { return Reply::None };
    let (event, receiver) = (delivery.event.clone(), delivery.receiver);
    if message["FromUserName"] != corp.id() {
        return Reply::Refused("FromUserName of the reply is not the corp".to_owned());
    }
    if !reply::is_honoured(&event, parcel.is_message, world.behaviour.callbacks.card_event_replies) {
        return Reply::Ignored { kind };
    }
    let done = match (kind.as_str(), &parcel.card) {
        ("update_button" | "update_template_card", Some(card)) => {
            let change = if kind == "update_button" {
                message["Button"]["ReplaceName"].as_str().map(|name| CardChange::Button(name.to_owned()))
            } else {
                let new = &message["TemplateCard"];
                new["CardType"].is_string().then(|| CardChange::Card(reply::card(new)))
            };
            if let Some(change) = &change {
                world.messages.change_card(&card.member, &card.message, change);
            }
            change.is_some()
        }
        ("text" | "image" | "voice" | "video" | "news", _) => {
            if let super::Receiver::App(app) = receiver {
                let content = content(&kind, &message);
                let now = world.now();
                world.messages.receive(&parcel.from, app, &kind, content, (now, &mut world.random));
            }
            true
        }
        _ => false,
    };
    if done { Reply::Honoured { kind, message } } else { Reply::Refused(format!("a reply cannot be {kind:?} here")) }
}

/// What a reply shows, under the names of the API where it is a text.
fn content(kind: &str, message: &Value) -> Value {
    match kind {
        "text" => serde_json::json!({"content": message["Content"]}),
        "news" => serde_json::json!({"articles": message["Articles"]["item"]}),
        "image" => reply::card(&message["Image"]),
        "voice" => reply::card(&message["Voice"]),
        _ => reply::card(&message["Video"]),
    }
}

/// The check of an address (fact sheet section 7.2): it must answer the decrypted text, and nothing else, within the time.
pub(crate) async fn check(shared: &Shared, callback: &Callback) -> Result<(), CallbackError> {
    let target = Target::read(callback)?;
    let (echo, encrypted, nonce, timestamp, timeout) = {
        let mut world = shared.lock();
        let (corp, seconds) = (world.corp().id().to_owned(), world.now() / 1000);
        let timeout = world.behaviour.callbacks.check_timeout;
        let echo = world.random.u64(1_000_000_000_000_000_000..9_000_000_000_000_000_000).to_string();
        let mut prefix = [0; 16];
        world.random.fill(&mut prefix);
        let sealed = cipher::seal(&target.key, prefix, echo.as_bytes(), corp.as_bytes());
        let nonce = random_text(&mut world.random, 10);
        (echo, sealed, nonce, seconds.to_string(), timeout)
    };
    let encrypted = encrypted.map_err(|_| CallbackError::TooLarge)?;
    let signature = cipher::signature(&target.token, &timestamp, &nonce, &encrypted);
    let pairs = [
        ("msg_signature", signature.as_str()),
        ("timestamp", timestamp.as_str()),
        ("nonce", nonce.as_str()),
        ("echostr", encrypted.as_str()),
    ];
    match send(&target.address, (Method::GET, &pairs), ("text/plain", ""), timeout).await {
        Exchange::Answer { status: 200, body } if body == echo.as_bytes() => Ok(()),
        Exchange::Answer { status: 200, .. } => failed("the answer is not the decrypted text alone"),
        Exchange::Answer { status, .. } => failed(format!("it answered HTTP {status}")),
        Exchange::TimedOut => failed(format!("no answer within {timeout:?}")),
        Exchange::Failed(error) => failed(error),
    }
}

fn failed(why: impl Into<String>) -> Result<(), CallbackError> {
    Err(CallbackError::Check(why.into()))
}
