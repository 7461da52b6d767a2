//! Messages of the app to members (docs 90236, 94888, 94867, 90253).
//!
//! | File | What it holds |
//! |---|---|
//! | `limits`, `judge` | the table of lengths and counts, and what holds a message against it |
//! | `content`, `card`, `json` | from the contract's records to WeCom's JSON |
//! | `recipients` | ids, and parts that WeCom takes at a time |
//! | `invalid` | who does not get it, in the caller's spelling |
//! | `frequency` | how many messages a member got lately |
//! | `update`, `upload` | the other two calls with a body of their own |
//!
//! Everything but the calls themselves is pure. What a key promises and which parts are sent is the kit's.

use organisation_kit::{
    capability::{PartOutcome, Sending},
    contract::messaging::{Content, Delivery, Message, Recipients, SentPart},
    failure::Failure,
    invalid_argument,
};
use serde_json::Value;

use self::{content::Body, json::Object};
use crate::{
    api::{answer, client::WeComClient, codes::NOBODY_VALID},
    config::Config,
    wire::message,
};

mod card;
mod content;
mod frequency;
mod invalid;
mod json;
mod judge;
mod limits;
mod recipients;
#[cfg(test)]
mod tests;
pub(crate) mod update;
pub(crate) mod upload;

/// A part whose answer was lost is sent again for so long: ten minutes less than the shortest interval that is asked for.
pub(crate) const DROPS_REPETITIONS_MS: u64 = 3 * 60 * 60 * 1_000;
/// Seconds for which WeCom can be asked to drop a request that it took already, at most (doc 90236).
const LONGEST_INTERVAL: u64 = 14_400;
/// By so much intervals differ: see [`interval`].
const INTERVALS: u64 = 3_000;
/// Bytes of a message's id that can be one.
const MESSAGE_ID_BYTES: usize = 512;

/// Judges a message and cuts its recipients.
pub(crate) fn parts(config: &Config, message: &Message) -> Result<Vec<Recipients>, Failure> {
    content::body(message, "any")?;
    let parts = recipients::parts(config.common.ids, &message.to)?;
    let named = match &message.content {
        Content::Card(card) if card::names_task(card) => Some("content.card.task-id"),
        Content::Other(other) if other.kind == card::KIND && card::json_names_task(&other.json) => {
            Some("content.other.json")
        }
        _ => None,
    };
    if let Some(path) = named.filter(|_| parts.len() > 1) {
        let count = parts.len();
        return Err(Failure::invalid_argument(
            path,
            (
                format!("收件人过多，须分 {count} 批发送，而 task-id 只能使用一次：请省略 task-id，或减少收件人"),
                format!(
                    "there are so many recipients that {count} requests are made, and a task id is good for one: leave \
                     it out, or name fewer recipients"
                ),
            ),
        ));
    }
    Ok(parts)
}

/// Sends one part.
pub(crate) fn send_part(
    client: &WeComClient<'_>,
    message: &Message,
    to: &Recipients,
    sending: Sending<'_>,
) -> Result<PartOutcome, Failure> {
    let config = client.config();
    let task_id = format!("{}-{}", sending.mark, sending.index);
    let body = content::body(message, &task_id)?;
    let platform = client.calls.platform();
    let flooded = frequency::flooded(platform, config.common.ids, &to.members);
    let names_others = to.everybody || !to.departments.is_empty() || !to.tags.is_empty();
    if flooded.len() == to.members.len() && !names_others {
        let failure = frequency::all_flooded(&flooded, platform.now_ms());
        if sending.parts == 1 {
            return Err(failure);
        }
        let mut invalid = Vec::new();
        invalid::add_flooded(&mut invalid, flooded);
        return Ok(PartOutcome::HeldBack { failure, invalid });
    }
    let call = config.message_send(&request(config, message, body, to, sending));
    let text = match client.calls.text(&call) {
        Err(failure) if NOBODY_VALID.include(&failure) => return Ok(PartOutcome::Nobody(failure)),
        outcome => outcome?,
    };
    let answer = answer::read(&call, &text, message::parse_sent)?;
    frequency::count(platform, config.common.ids, &to.members, &flooded);
    let mut invalid = invalid::of(config.common.ids, to, &answer);
    invalid::add_flooded(&mut invalid, flooded);
    let message::SentAnswer { message_id, response_code, .. } = answer;
    Ok(PartOutcome::Taken { part: SentPart { message_id, response_code, delivery: Delivery::Yes }, invalid })
}

/// The body of `message/send`. Pure: the same for the same message, part and mark, so that WeCom knows a repetition.
fn request(config: &Config, message: &Message, body: Body, to: &Recipients, sending: Sending<'_>) -> Value {
    let joined = |ids: &[String]| Some(ids.join("|")).filter(|ids| !ids.is_empty());
    let members = if to.everybody { Some(recipients::ALL.to_owned()) } else { joined(&to.members) };
    let mut object = Object::default()
        .optional("touser", members.as_ref())
        .optional("toparty", joined(&to.departments).as_ref())
        .optional("totag", joined(&to.tags).as_ref())
        .text("msgtype", &body.kind)
        .number("agentid", config.agent_id)
        .flag("enable_id_trans", message.translate_ids);
    if body.safe > 0 {
        object = object.number("safe", body.safe);
    }
    if sending.drops_repetitions {
        let seconds = interval(sending.mark);
        object = object.flag("enable_duplicate_check", true).number("duplicate_check_interval", seconds);
    }
    object.value(&body.kind, body.content).done()
}

/// The interval of the duplicate check, in seconds. WeCom compares whole requests and knows no key, so that the same words
/// under another key would be dropped too: the interval makes them another request, except by a chance of one in 3,000.
fn interval(mark: &str) -> u64 {
    let chance = u64::from_str_radix(mark, 16).unwrap_or_default();
    LONGEST_INTERVAL - chance % INTERVALS
}

/// Takes a message back.
pub(crate) fn recall(client: &WeComClient<'_>, message_id: &str) -> Result<(), Failure> {
    if message_id.is_empty() || message_id.len() > MESSAGE_ID_BYTES || message_id.contains(char::is_control) {
        return Err(invalid_argument! { "message-id":
        "message-id 须为 send 返回的消息 ID", "the message id is one that send answered" });
    }
    let call = client.config().message_recall(message_id);
    client.calls.with_retries(&call, |_| Ok(()))
}
