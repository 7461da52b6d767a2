//! What is to be delivered, and what was.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Notify;

use super::client::Exchange;
use super::event::{Event, Form};
use super::receiver::{CallbackError, Receiver, Target};
use super::reply::Reply;
use crate::behaviour::Callbacks;
use crate::cipher;
use crate::clock::UnixMillis;
use crate::corp::Corp;
use crate::log::LOG_CAPACITY;
use crate::secret::random_text;

/// Names a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DeliveryId(pub(crate) u64);

/// In which order held deliveries are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the events happened.
    AsSent,
    /// The other way round.
    Reversed,
}

/// One request of a delivery, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Attempt {
    /// The receiver answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body, what is not UTF-8 replaced.
        body: String,
    },
    /// No whole answer in time.
    TimedOut,
    /// No connection, or a broken one.
    Failed(String),
}

/// One event on its way to a receiver, with every attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Its name.
    pub id: DeliveryId,
    /// Where it goes.
    pub receiver: Receiver,
    /// `Event`, or `MsgType` of a message.
    pub event: String,
    /// Simulated time of the event, Unix milliseconds.
    pub at: UnixMillis,
    /// The text before encryption.
    pub message: String,
    /// Up to three, in order.
    pub attempts: Vec<Attempt>,
    /// What the answer said.
    pub reply: Reply,
    /// Whether no further attempt will be made.
    pub done: bool,
}

impl Delivery {
    /// Status of the last attempt, if it was answered.
    pub fn status(&self) -> Option<u16> {
        match self.attempts.last() {
            Some(Attempt::Answered { status, .. }) => Some(*status),
            _ => None,
        }
    }

    /// Body of the last attempt, if it was answered.
    pub fn body(&self) -> Option<&str> {
        match self.attempts.last() {
            Some(Attempt::Answered { body, .. }) => Some(body),
            _ => None,
        }
    }
}

/// The card an event is about: whose, and which message.
#[derive(Clone, Debug)]
pub(crate) struct CardAt {
    pub(crate) member: String,
    pub(crate) message: String,
}

/// What a delivery needs beside its log.
#[derive(Clone)]
pub(super) struct Parcel {
    pub(super) target: Target,
    pub(super) encrypted: String,
    pub(super) timestamp: String,
    pub(super) nonce: String,
    pub(super) body: String,
    pub(super) from: String,
    pub(super) is_message: bool,
    pub(super) card: Option<CardAt>,
}

impl Parcel {
    /// The signature of the request.
    pub(super) fn signature(&self) -> String {
        cipher::signature(&self.target.token, &self.timestamp, &self.nonce, &self.encrypted)
    }
}

/// Deliveries to make and made.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<DeliveryId>,
    log: BTreeMap<DeliveryId, Delivery>,
    parcels: BTreeMap<DeliveryId, Parcel>,
    held: bool,
    issued: u64,
    /// Wakes whoever delivers.
    pub(super) wake: Arc<Notify>,
    /// Wakes whoever waits for a delivery to be done.
    pub(super) changed: Arc<Notify>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("log", &self.log).finish_non_exhaustive()
    }
}

impl Outbox {
    /// Prepares a delivery without sending it.
    pub(crate) fn prepare(
        &mut self,
        corp: &Corp,
        (receiver, event, card): (Receiver, &Event, Option<CardAt>),
        behaviour: &Callbacks,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> Result<DeliveryId, CallbackError> {
        let target = Target::read(receiver.settings(corp).ok_or(CallbackError::NoAddress)?)?;
        self.issued += 1;
        let id = DeliveryId(self.issued);
        let agent = match receiver {
            Receiver::App(id) => Some(id),
            Receiver::Contacts => None,
        };
        let seconds = now / 1000;
        // As large as the platform's own: they do not fit into 53 bits.
        let message_id = 7_000_000_000_000_000_000 + self.issued;
        let (json, cdata) = (behaviour.json, behaviour.cdata);
        let message = event.render(&Form { corp: corp.id(), agent, seconds, message_id, json, cdata });
        let mut prefix = [0; 16];
        random.fill(&mut prefix);
        let encrypted = cipher::seal(&target.key, prefix, message.as_bytes(), corp.id().as_bytes())
            .map_err(|_| CallbackError::TooLarge)?;
        let agent = agent.map(|id| id.to_string()).unwrap_or_default();
        let body = if json {
            serde_json::json!({"ToUserName": corp.id(), "AgentID": agent, "Encrypt": encrypted}).to_string()
        } else {
            let encrypt = format!("<Encrypt><![CDATA[{encrypted}]]></Encrypt>");
            let agent = format!("<AgentID><![CDATA[{agent}]]></AgentID>");
            let (first, second) = if behaviour.encrypt_first { (encrypt, agent) } else { (agent, encrypt) };
            format!("<xml><ToUserName><![CDATA[{}]]></ToUserName>{first}{second}</xml>", corp.id())
        };
        let (timestamp, nonce) = (seconds.to_string(), random_text(random, 10));
        let (from, is_message) = (event.from.clone(), event.message);
        self.parcels.insert(id, Parcel { target, encrypted, timestamp, nonce, body, from, is_message, card });
        let event = event.name().to_owned();
        let log = Delivery { id, receiver, event, at: now, message, attempts: vec![], reply: Reply::None, done: false };
        self.log.insert(id, log);
        self.forget();
        Ok(id)
    }

    /// Lets go of the oldest deliveries beyond what the log keeps, if they are done.
    fn forget(&mut self) {
        while self.log.len() > LOG_CAPACITY
            && let Some((id, Delivery { done: true, .. })) = self.log.first_key_value()
        {
            let id = *id;
            self.log.remove(&id);
            self.parcels.remove(&id);
        }
    }

    /// The same request once more, as a delivery of its own.
    pub(crate) fn again(&mut self, id: DeliveryId) -> Option<DeliveryId> {
        let (log, parcel) = (self.log.get(&id)?.clone(), self.parcels.get(&id)?.clone());
        self.issued += 1;
        let again = DeliveryId(self.issued);
        self.parcels.insert(again, parcel);
        self.log.insert(again, Delivery { id: again, attempts: vec![], reply: Reply::None, done: false, ..log });
        Some(again)
    }

    /// Queues a prepared delivery.
    pub(crate) fn queue(&mut self, id: DeliveryId) {
        self.waiting.push_back(id);
        self.wake.notify_one();
    }

    /// Forgets every delivery, also what waits.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.log.clear();
        self.parcels.clear();
        self.held = false;
        self.changed.notify_waiters();
    }

    /// Keeps what is queued from now on until it is let go.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// Lets go what was held, in this order.
    pub(crate) fn release(&mut self, order: Order) {
        self.held = false;
        if order == Order::Reversed {
            self.waiting.make_contiguous().reverse();
        }
        self.wake.notify_one();
    }

    pub(super) fn next(&mut self) -> Option<DeliveryId> {
        if self.held { None } else { self.waiting.pop_front() }
    }

    pub(super) fn parcel(&self, id: DeliveryId) -> Option<Parcel> {
        self.parcels.get(&id).cloned()
    }

    /// Gives the request of a delivery another time and nonce.
    pub(super) fn sign_anew(&mut self, id: DeliveryId, now: UnixMillis, random: &mut fastrand::Rng) {
        if let Some(parcel) = self.parcels.get_mut(&id) {
            parcel.timestamp = (now / 1000).to_string();
            parcel.nonce = random_text(random, 10);
        }
    }

    pub(super) fn note(&mut self, id: DeliveryId, exchange: &Exchange) {
        if let Some(delivery) = self.log.get_mut(&id) {
            delivery.attempts.push(match exchange {
                Exchange::Answer { status, body } => {
                    Attempt::Answered { status: *status, body: String::from_utf8_lossy(body).into_owned() }
                }
                Exchange::TimedOut => Attempt::TimedOut,
                Exchange::Failed(error) => Attempt::Failed(error.clone()),
            });
        }
    }

    pub(super) fn finish(&mut self, id: DeliveryId, reply: Reply) {
        if let Some(delivery) = self.log.get_mut(&id) {
            delivery.reply = reply;
            delivery.done = true;
        }
        self.changed.notify_waiters();
    }

    pub(crate) fn delivery(&self, id: DeliveryId) -> Option<&Delivery> {
        self.log.get(&id)
    }

    /// The most recent deliveries, oldest first.
    pub(crate) fn log(&self) -> Vec<Delivery> {
        self.log.values().cloned().collect()
    }

    /// Whether everything that is not held is delivered.
    pub(crate) fn is_settled(&self) -> bool {
        let waits = |delivery: &Delivery| self.held && self.waiting.contains(&delivery.id);
        self.log.values().all(|delivery| delivery.done || waits(delivery))
    }

    pub(crate) fn changes(&self) -> Arc<Notify> {
        self.changed.clone()
    }
}
