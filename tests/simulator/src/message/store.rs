//! All messages that were sent, by id and by recipient.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::card::{self, CardState, CodeError, Press, PressError, Pressed};
use super::frequency::Frequency;
use crate::behaviour::Messaging;
use crate::clock::{UnixMillis, millis};
use crate::corp::{MemberKey, key};
use crate::secret::random_text;

/// For how long after sending a message can be recalled (fact sheet section 5.5).
pub const RECALL_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// For how long a `response_code` can be used (fact sheet section 5.4).
pub const RESPONSE_CODE_LIFETIME: Duration = Duration::from_secs(72 * 3600);

/// For how long an identical body can be suppressed at most (fact sheet section 5.1).
pub(crate) const LONGEST_CHECK: Duration = Duration::from_secs(14_400);

/// A message as one member has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// `msgid` of the answer to `message/send`; passive replies have one as well.
    pub id: String,
    /// The app that sent it.
    pub app: u64,
    /// Simulated time, Unix milliseconds.
    pub at: UnixMillis,
    /// `msgtype`.
    pub kind: String,
    /// What stands under the key of the same name: after cuts, translation of ids, and updates of a card.
    pub content: Value,
    /// `safe`.
    pub safe: i64,
    /// Whether it was recalled; the content is kept here for tests, a member does not see it any more.
    pub recalled: bool,
    /// What became of it, where it is a template card.
    pub card: Option<CardState>,
}

/// Totals over all messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MessageCounts {
    /// Calls that were accepted, without duplicates.
    pub accepted: u64,
    /// Recipients that were reached.
    pub reached: u64,
    /// Recipients that were silently left out because of the frequency.
    pub dropped: u64,
    /// Calls that the duplicate check suppressed.
    pub duplicates: u64,
}

/// A message that passed every check.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) app: u64,
    pub(crate) kind: String,
    pub(crate) content: Value,
    pub(crate) safe: i64,
    pub(crate) task_id: Option<String>,
    /// Whether it can report a press, which is when it has a response code.
    pub(crate) calls_back: bool,
    pub(crate) recipients: BTreeSet<MemberKey>,
}

#[derive(Debug)]
struct Sent {
    app: u64,
    at: UnixMillis,
    task_id: String,
    recipients: BTreeSet<MemberKey>,
}

#[derive(Debug)]
struct Code {
    message: String,
    expires: UnixMillis,
    used: bool,
}

/// Why a recall is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecallError {
    /// Unknown, or of another app.
    Unknown,
    TooLate,
}

/// Messages, inboxes, response codes and counters.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    sent: HashMap<String, Sent>,
    inboxes: BTreeMap<MemberKey, Vec<Received>>,
    tasks: HashSet<(u64, String)>,
    codes: HashMap<String, Code>,
    /// Answers by app and body, for the duplicate check.
    bodies: HashMap<(u64, String), (UnixMillis, String)>,
    pub(crate) frequency: Frequency,
    pub(crate) counts: MessageCounts,
}

impl Messages {
    /// The id of an identical message of the last `interval` seconds.
    pub(crate) fn duplicate(&mut self, app: u64, body: &str, interval: u64, now: UnixMillis) -> Option<String> {
        let (at, id) = self.bodies.get(&(app, body.to_owned()))?;
        let within = now < at.saturating_add(interval.saturating_mul(1000));
        self.counts.duplicates += u64::from(within);
        within.then(|| id.clone())
    }

    /// Notes the body of a message for the duplicate check.
    pub(crate) fn note_body(&mut self, app: u64, body: String, id: &str, now: UnixMillis) {
        self.bodies.retain(|_, (at, _)| at.saturating_add(millis(LONGEST_CHECK)) > now);
        self.bodies.insert((app, body), (now, id.to_owned()));
    }

    /// Whether a card of the app had this task id.
    pub(crate) fn task_taken(&self, app: u64, task: &str) -> bool {
        self.tasks.contains(&(app, task.to_owned()))
    }

    /// Puts a message into the inboxes; answers its id, and a response code where it can report a press.
    pub(crate) fn send(
        &mut self,
        draft: Draft,
        limits: &Messaging,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> (String, Option<String>) {
        let id = random_text(random, 64);
        self.counts.accepted += 1;
        for member in &draft.recipients {
            if !self.frequency.reaches(draft.app, member, limits, now) {
                self.counts.dropped += 1;
                continue;
            }
            self.counts.reached += 1;
            self.inboxes.entry(member.clone()).or_default().push(Received {
                id: id.clone(),
                app: draft.app,
                at: now,
                kind: draft.kind.clone(),
                content: draft.content.clone(),
                safe: draft.safe,
                recalled: false,
                card: (draft.kind == "template_card").then(CardState::default),
            });
        }
        if let Some(task) = &draft.task_id {
            self.tasks.insert((draft.app, task.clone()));
        }
        let task_id = draft.task_id.unwrap_or_default();
        self.sent.insert(id.clone(), Sent { app: draft.app, at: now, task_id, recipients: draft.recipients });
        let code = draft.calls_back.then(|| self.issue_code(&id, now, random));
        (id, code)
    }

    /// Puts what an app replied to a member into the inbox.
    pub(crate) fn receive(
        &mut self,
        member: &str,
        app: u64,
        kind: &str,
        content: Value,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) {
        let (id, kind) = (random_text(random, 64), kind.to_owned());
        let received = Received { id, app, at: now, kind, content, safe: 0, recalled: false, card: None };
        self.inboxes.entry(key(member)).or_default().push(received);
    }

    fn issue_code(&mut self, message: &str, now: UnixMillis, random: &mut fastrand::Rng) -> String {
        let code = random_text(random, 43);
        let expires = now + millis(RESPONSE_CODE_LIFETIME);
        self.codes.insert(code.clone(), Code { message: message.to_owned(), expires, used: false });
        code
    }

    /// What a member received, oldest first.
    pub(crate) fn inbox(&self, member: &str) -> Vec<Received> {
        self.inboxes.get(&key(member)).cloned().unwrap_or_default()
    }

    /// Every inbox that is not empty, by member id in lower case.
    pub(crate) fn inboxes(&self) -> impl Iterator<Item = (&str, &[Received])> {
        self.inboxes.iter().map(|(member, received)| (member.as_ref(), received.as_slice()))
    }

    /// Takes a message back from everybody.
    pub(crate) fn recall(&mut self, app: u64, id: &str, now: UnixMillis) -> Result<(), RecallError> {
        let sent = self.sent.get(id).filter(|sent| sent.app == app).ok_or(RecallError::Unknown)?;
        if now > sent.at + millis(RECALL_WINDOW) {
            return Err(RecallError::TooLate);
        }
        for received in self.inboxes.values_mut().flatten().filter(|received| received.id == id) {
            received.recalled = true;
        }
        Ok(())
    }

    /// The recipients of the card a response code belongs to, and what the card shows now.
    pub(crate) fn card_of(
        &self,
        app: u64,
        code: &str,
        now: UnixMillis,
    ) -> Result<(&BTreeSet<MemberKey>, Option<&Value>), CodeError> {
        let code = self.codes.get(code).filter(|code| !code.used && now < code.expires).ok_or(CodeError::Worthless)?;
        let sent = self.sent.get(&code.message).ok_or(CodeError::Worthless)?;
        if sent.app != app {
            return Err(CodeError::ForeignApp);
        }
        let shown = self.inboxes.values().flatten().find(|received| received.id == code.message);
        Ok((&sent.recipients, shown.map(|received| &received.content)))
    }

    /// Changes a card for some of its recipients and uses the code up.
    pub(crate) fn update(&mut self, code: &str, members: &BTreeSet<MemberKey>, change: &CardChange) {
        let Some(code) = self.codes.get_mut(code) else { return };
        code.used = true;
        let message = code.message.clone();
        for member in members {
            self.change_card(member, &message, change);
        }
    }

    /// Changes one member's card.
    pub(crate) fn change_card(&mut self, member: &str, message: &str, change: &CardChange) {
        let inbox = self.inboxes.get_mut(&key(member));
        let received = inbox.into_iter().flatten().find(|received| received.id == message);
        let Some(received) = received else { return };
        let state = received.card.get_or_insert_default();
        state.updates += 1;
        match change {
            CardChange::Button(text) => state.replaced = Some(text.clone()),
            CardChange::Card(card) => {
                state.replaced = card["replace_text"].as_str().map(str::to_owned);
                received.content = card.clone();
            }
        }
    }

    /// Presses something on a card.
    pub(crate) fn press(
        &mut self,
        member: &str,
        message: &str,
        press: &Press,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> Result<Pressed, PressError> {
        let inbox = self.inboxes.get_mut(&key(member));
        let received = inbox.into_iter().flatten().find(|received| received.id == message);
        let not_received = || PressError::NotReceived { member: member.to_owned(), message: message.to_owned() };
        let received = received.ok_or_else(not_received)?;
        let no_card = || PressError::NoCard(message.to_owned());
        if received.recalled {
            return Err(no_card());
        }
        let state = received.card.as_mut().ok_or_else(no_card)?;
        let menu = card::place(&received.content, state, &press.key);
        let menu = menu.ok_or_else(|| PressError::NoKey(press.key.clone()))?;
        card::check_selections(&received.content, &press.selections)?;
        state.presses.push(press.key.clone());
        let card_type = received.content["card_type"].as_str().unwrap_or_default().to_owned();
        let (app, id) = (received.app, received.id.clone());
        let task_id = self.sent.get(&id).map(|sent| sent.task_id.clone()).unwrap_or_default();
        let response_code = self.issue_code(&id, now, random);
        Ok(Pressed { app, menu, card_type, task_id, response_code })
    }
}

/// What an app changes on a card.
#[derive(Clone, Debug)]
pub(crate) enum CardChange {
    /// The buttons give way to this text.
    Button(String),
    /// The whole card.
    Card(Value),
}
