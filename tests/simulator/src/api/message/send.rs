//! `message/send` (doc 90236).

use serde_json::Value;

use super::content::{self, Against};
use super::recipients::{Recipients, check_counts, joined};
use super::{card, translation};
use crate::api::answer::{Answer, Refusal};
use crate::api::call::Call;
use crate::message::{Draft, LONGEST_CHECK};

/// For how long identical bodies are suppressed unless the body says otherwise, and at most; in seconds.
const INTERVAL: u64 = 1800;
const LONGEST_INTERVAL: u64 = LONGEST_CHECK.as_secs();

/// Checks a message and puts it into the inboxes.
pub(crate) fn send(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let kind = call.text("msgtype").ok_or(40008)?.to_owned();
    let app = own_app(call, kind == "miniprogram_notice")?;
    let recipients = recipients(call, &kind)?;
    let content = content(call, &kind)?;
    let is_card = kind == "template_card";
    let calls_back = is_card && card::calls_back(&content);
    if calls_back && call.app()?.callback.is_none() {
        return Err(43012.into());
    }
    let task_id = if is_card { content["task_id"].as_str().map(str::to_owned) } else { None };
    let (invalid, members) = split(call, recipients);
    if members.is_empty() {
        return Err(Refusal { fields: invalid, ..81013.into() });
    }

    let now = call.world.now();
    let body = Value::Object(call.body.clone()).to_string();
    let checked = call.number("enable_duplicate_check") == Some(1);
    let repeated = if checked { duplicate(call, app, &body)? } else { None };
    let id = match repeated {
        Some(id) => (id, None),
        None if task_id.as_deref().is_some_and(|task| call.world.messages.task_taken(app, task)) => {
            return Err(Refusal::saying(42014, "task_id is duplicate"));
        }
        None => {
            let limits = call.world.behaviour.messaging.clone();
            let count = u64::try_from(members.len()).unwrap_or(u64::MAX);
            if !call.world.messages.frequency.admit(app, count, &limits, now) {
                return Err(45009.into());
            }
            let safe = call.number("safe").unwrap_or(0);
            let draft = Draft { app, kind, content, safe, task_id, calls_back, recipients: members };
            let world = &mut *call.world;
            let sent = world.messages.send(draft, &limits, (now, &mut world.random));
            if checked {
                world.messages.note_body(app, body, &sent.0, now);
            }
            sent
        }
    };
    let mut fields = invalid;
    fields.push(("msgid", Value::from(id.0)));
    fields.extend(id.1.map(|code| ("response_code", Value::from(code))));
    Ok(Answer::ok(fields))
}

/// The calling app, whose id the body must name.
pub(super) fn own_app(call: &Call<'_>, optional: bool) -> Result<u64, Refusal> {
    let own = call.app()?.id;
    match call.body.get("agentid") {
        None | Some(Value::Null) if optional => Ok(own),
        None | Some(Value::Null) => Err(41011.into()),
        Some(_) => match call.number("agentid").and_then(|id| u64::try_from(id).ok()) {
            Some(id) if id == own => Ok(own),
            Some(id) if call.view.corp.app(id).is_some() => Err(301002.into()),
            _ => Err(40056.into()),
        },
    }
}

fn recipients(call: &Call<'_>, kind: &str) -> Result<Recipients, Refusal> {
    let ids = |name| joined(call.body.get(name), name);
    let members = ids("touser")?;
    if members.iter().any(|id| id == "@all") {
        if kind == "miniprogram_notice" {
            return Err(Refusal::form("touser cannot be @all"));
        }
        return Ok(Recipients::everybody(&call.view));
    }
    let (departments, tags) = (ids("toparty")?, ids("totag")?);
    if members.is_empty() && departments.is_empty() && tags.is_empty() {
        return Err(82001.into());
    }
    check_counts(members.len(), departments.len(), tags.len())?;
    Ok(Recipients::of(&call.view, &members, &departments, &tags))
}

fn content(call: &Call<'_>, kind: &str) -> Result<Value, Refusal> {
    let safe = match call.body.get("safe") {
        None | Some(Value::Null) => 0,
        Some(_) => {
            call.number("safe").filter(|safe| (0..=2).contains(safe)).ok_or_else(|| Refusal::form("invalid safe"))?
        }
    };
    let world = &*call.world;
    let against = Against { media: &world.media, now: world.now(), mini_program: call.app()?.mini_program.as_deref() };
    let given = call.body.get(kind).cloned().unwrap_or_default();
    let mut content = content::read(kind, &given, safe, &against)?;
    if call.number("enable_id_trans") == Some(1) {
        translation::translate(&call.view, kind, &mut content);
    }
    Ok(content)
}

type Members = std::collections::BTreeSet<crate::corp::MemberKey>;

/// The lists of the answer, as the text `a|b`, and the members that remain.
fn split(call: &Call<'_>, found: Recipients) -> (Vec<(&'static str, Value)>, Members) {
    let without = &call.world.behaviour.messaging.unlicensed;
    let (unlicensed, members): (Vec<_>, Members) = {
        let (out, stay): (Members, Members) = found.members.into_iter().partition(|id| without.contains(id.as_ref()));
        (out.iter().map(ToString::to_string).collect(), stay)
    };
    let lists = [
        ("invaliduser", found.invalid_members),
        ("invalidparty", found.invalid_departments),
        ("invalidtag", found.invalid_tags),
        ("unlicenseduser", unlicensed),
    ];
    let empty = call.view.quirks.empty_invalid_lists;
    let shown = lists.into_iter().filter(|(_, ids)| empty || !ids.is_empty());
    (shown.map(|(name, ids)| (name, Value::from(ids.join("|")))).collect(), members)
}

/// The message this one repeats. What the platform answers then is not documented: here
/// it is the id of the first message, without a response code.
fn duplicate(call: &mut Call<'_>, app: u64, body: &str) -> Result<Option<String>, Refusal> {
    let interval = match call.number("duplicate_check_interval") {
        None => INTERVAL,
        Some(seconds) => u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds <= LONGEST_INTERVAL)
            .ok_or_else(|| Refusal::form("invalid duplicate_check_interval"))?,
    };
    let now = call.world.now();
    Ok(call.world.messages.duplicate(app, body, interval, now))
}
