//! Who does not get a message. Pure.

use organisation_kit::{
    contract::messaging::{InvalidRecipient, RecipientKind, Recipients},
    directory::id::IdRule,
};

use super::frequency::Flooded;
use crate::wire::message::SentAnswer;

fn row(kind: RecipientKind, reason: &str, id: String) -> InvalidRecipient {
    InvalidRecipient { kind, id, reason: reason.to_owned() }
}

/// From WeCom's lists, in which ids of members are in lower case, to the ids that the caller named. One that was not named
/// stands as it came: it was reached by a department or a tag.
pub(super) fn of(ids: IdRule, to: &Recipients, answer: &SentAnswer) -> Vec<InvalidRecipient> {
    let member = |id: &String| to.members.iter().find(|named| ids.is_same(named, id)).unwrap_or(id).clone();
    let outside = "outside-range";
    let members = answer.members.iter().map(|id| row(RecipientKind::Member, outside, member(id)));
    let departments = answer.departments.iter().map(|id| row(RecipientKind::Department, outside, id.clone()));
    let tags = answer.tags.iter().map(|id| row(RecipientKind::Tag, outside, id.clone()));
    let unlicensed = answer.unlicensed.iter().map(|id| row(RecipientKind::Member, "unlicensed", member(id)));
    members.chain(departments).chain(tags).chain(unlicensed).collect()
}

/// Adds whom WeCom does not name, since it drops what they get too much of in silence.
pub(super) fn add_flooded(invalid: &mut Vec<InvalidRecipient>, flooded: Vec<Flooded>) {
    let is_named =
        |one: &Flooded| invalid.iter().any(|other| other.kind == RecipientKind::Member && other.id == one.id);
    let new: Vec<Flooded> = flooded.into_iter().filter(|one| !is_named(one)).collect();
    invalid.extend(new.into_iter().map(|one| row(RecipientKind::Member, "too-frequent", one.id)));
}
