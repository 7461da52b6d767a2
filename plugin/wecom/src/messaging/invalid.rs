//! Who does not get a message. Pure.

use organisation_kit::{
    contract::messaging::{InvalidRecipient, RecipientKind, Recipients},
    directory::id::IdRule,
};

use super::frequency::Flooded;
use crate::wire::message::SentAnswer;

/// From WeCom's lists, in which ids of members are in lower case, to the ids that the caller named. One that was not named
/// stands as it came: it was reached by a department or a tag. WeCom does not say who is written to too often.
pub(super) fn of(
    ids: IdRule,
    to: &Recipients,
    answer: &SentAnswer,
    flooded: Vec<Flooded>,
) -> Vec<InvalidRecipient> {
    let member = |id: &String| to.members.iter().find(|named| ids.is_same(named, id)).unwrap_or(id).clone();
    let row = |kind, reason: &str, id: String| InvalidRecipient { kind, id, reason: reason.to_owned() };
    let outside = "outside-range";
    let members = answer.members.iter().map(|id| row(RecipientKind::Member, outside, member(id)));
    let departments = answer.departments.iter().map(|id| row(RecipientKind::Department, outside, id.clone()));
    let tags = answer.tags.iter().map(|id| row(RecipientKind::Tag, outside, id.clone()));
    let unlicensed = answer.unlicensed.iter().map(|id| row(RecipientKind::Member, "unlicensed", member(id)));
    let refused: Vec<InvalidRecipient> = members.chain(departments).chain(tags).chain(unlicensed).collect();
    let is_new = |one: &Flooded| refused.iter().all(|other| other.kind != RecipientKind::Member || other.id != one.id);
    let flooded: Vec<InvalidRecipient> =
        flooded.into_iter().filter(is_new).map(|one| row(RecipientKind::Member, "too-frequent", one.id)).collect();
    [refused, flooded].concat()
}
