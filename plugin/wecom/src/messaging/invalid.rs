//! Who does not get a message. Pure.

use organisation_kit::{
    contract::messaging::{InvalidRecipient, RecipientKind, Recipients},
    directory::id::IdRule,
};

use crate::wire::message::SentAnswer;

/// From WeCom's lists, in which ids of members are in lower case, to the ids that the caller named. One that was not named
/// stands as it came: it was reached by a department or a tag.
pub(super) fn of(ids: IdRule, to: &Recipients, answer: &SentAnswer) -> Vec<InvalidRecipient> {
    let member = |id: &String| to.members.iter().find(|named| ids.is_same(named, id)).unwrap_or(id).clone();
    let row = |kind, reason: &str, id: String| InvalidRecipient { kind, id, reason: reason.to_owned() };
    let outside = "outside-range";
    let members = answer.members.iter().map(|id| row(RecipientKind::Member, outside, member(id)));
    let departments = answer.departments.iter().map(|id| row(RecipientKind::Department, outside, id.clone()));
    let tags = answer.tags.iter().map(|id| row(RecipientKind::Tag, outside, id.clone()));
    let unlicensed = answer.unlicensed.iter().map(|id| row(RecipientKind::Member, "unlicensed", member(id)));
    members.chain(departments).chain(tags).chain(unlicensed).collect()
}
