//! `message/update_template_card` (doc 94888): another text on the buttons, or another card.

use std::collections::BTreeSet;

use serde_json::Value;

use super::card::{self, Purpose};
use super::content::Against;
use super::recipients::{Recipients, check_counts, listed};
use super::send::own_app;
use super::text::required;
use super::translation;
use crate::api::answer::{Answer, Refusal};
use crate::api::call::Call;
use crate::corp::{MemberKey, folded};
use crate::message::{CardChange, CodeError};

/// Changes a card for some or all of its recipients. Here the ids come and go as lists.
pub(crate) fn update(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let app = own_app(call, false)?;
    let code = call.text("response_code").ok_or(60140)?.to_owned();
    let now = call.world.now();
    let ids = |name| listed(call.body.get(name), name);
    let (members, departments, tags) = (ids("userids")?, ids("partyids")?, ids("tagids")?);
    let all = call.number("atall") == Some(1);
    if !all && members.is_empty() && departments.is_empty() && tags.is_empty() {
        return Err(82101.into());
    }
    check_counts(members.len(), departments.len(), tags.len())?;

    let (recipients, shown) = call.world.messages.card_of(app, &code, now).map_err(|error| match error {
        CodeError::Worthless => 60140,
        CodeError::ForeignApp => 42015,
    })?;
    let change = change(call, shown)?;
    let found = Recipients::of(&call.view, &members, &departments, &tags);
    let (targets, strangers): (BTreeSet<MemberKey>, BTreeSet<MemberKey>) = if all {
        (recipients.clone(), BTreeSet::new())
    } else {
        found.members.into_iter().partition(|member| recipients.contains(member))
    };
    if targets.is_empty() {
        return Err(82102.into());
    }
    call.world.messages.update(&code, &targets, &change);
    let strangers = strangers.iter().filter(|id| members.iter().any(|named| folded(named) == id.as_ref()));
    let mut invalid = found.invalid_members;
    invalid.extend(strangers.map(ToString::to_string));
    Ok(Answer::ok(vec![("invaliduser", Value::from(invalid))]))
}

/// What the body wants to change. Only the three interactive types have buttons to replace.
fn change(call: &Call<'_>, shown: Option<&Value>) -> Result<CardChange, Refusal> {
    if let Some(button) = call.body.get("button").filter(|button| button.is_object()) {
        let name = required(button, "replace_name", 42020)?.to_owned();
        let interactive = shown.is_none_or(card::is_interactive);
        return if interactive { Ok(CardChange::Button(name)) } else { Err(Refusal::form("button is not supported")) };
    }
    let given = call.body.get("template_card").filter(|card| card.is_object());
    let mut new = given.ok_or_else(|| Refusal::form("missing template_card"))?.clone();
    let world = &*call.world;
    card::check(&new, Purpose::Update, &Against { media: &world.media, now: world.now(), mini_program: None })?;
    if call.number("enable_id_trans") == Some(1) {
        translation::translate(&call.view, "template_card", &mut new);
    }
    Ok(CardChange::Card(new))
}
