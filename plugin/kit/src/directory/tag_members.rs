//! Whom the tags of rules name: a key for each, so that neither a tag nor what changed of it need fit into one value.

use super::{
    batch::Batch,
    deletion,
    id::IdRule,
    key,
    member::is_id,
    refresh::{ATTEMPTS, contended},
    rules,
};
use crate::{
    config::Common,
    contract::storage::{Check, Expectation, Op},
    failure::Failure,
    order,
    platform::Platform,
    store,
    vendor::TagMembers,
};

/// Keys that are written together.
const PORTION: usize = 500;

/// What is to be written so that the store says what the vendor says of a tag. Nothing where it does.
pub(crate) fn differences(
    platform: &dyn Platform,
    ids: IdRule,
    tag: &str,
    named: &TagMembers,
) -> Result<Vec<Op>, Failure> {
    let departments = key::tag_departments(tag);
    let members = named.members.iter().filter(|id| is_id(id)).map(|id| key::tag_member(ids, tag, id));
    let departments = named.departments.iter().filter(|id| is_id(id)).map(|id| [&departments, id.as_str()].concat());
    let mut wanted = order::set(members.chain(departments));
    let stored = store::keys(platform, &key::tag(tag))?.into_iter();
    let mut ops: Vec<Op> = stored.filter(|key| !wanted.remove(key)).map(store::delete).collect();
    ops.extend(wanted.into_iter().map(|key| store::put_text(key, String::new())));
    Ok(ops)
}

/// Writes differences, through the head: who writes a member meanwhile sees the tag before or after a portion. Each portion also
/// begins to bring to the members what rules give, since a call that is killed must not leave that undone.
pub(crate) fn write(platform: &dyn Platform, common: &Common, ops: &[Op]) -> Result<(), Failure> {
    for portion in ops.chunks(PORTION) {
        let mut attempts = 0..ATTEMPTS;
        loop {
            let mut batch = Batch::begin(platform, common)?;
            portion.iter().for_each(|op| batch.push(op.clone()));
            batch.spread();
            if store::apply(platform, &batch.into_ops())?.is_ok() {
                break;
            }
            if attempts.next().is_none() {
                return Err(contended(ATTEMPTS));
            }
        }
    }
    Ok(())
}

/// Deletes what is known of tags that no rule names: of rules before, or of rules that were not written after all. As far as
/// the call's budget goes: what is left means nothing to anybody, and the next sync goes on.
pub(crate) fn forget_unnamed(platform: &dyn Platform) -> Result<(), Failure> {
    let version = store::get_text(platform, key::RULES)?.map(|entry| entry.version);
    // Where the rules are others by then, one of them may name a tag again.
    let unchanged =
        [Check { key: key::RULES.to_owned(), expected: version.map_or(Expectation::Absent, Expectation::Version) }];
    let rules = rules::read(platform)?;
    let named = order::set(rules::tags(&rules).into_iter().map(key::tag));
    let mut after = None;
    while deletion::has_budget(platform)
        && let Some(found) = platform.scan_keys(key::ALL_TAGS, after.as_deref(), 1)?.keys.first()
    {
        let tag = found[key::ALL_TAGS.len()..].split('/').next().unwrap_or_default();
        let prefix = [key::ALL_TAGS, tag, "/"].concat();
        if !named.contains(&prefix) {
            deletion::all(platform, &prefix, &unchanged)?;
        }
        // The character after the slash: whatever begins with the prefix is passed over.
        after = Some([key::ALL_TAGS, tag, "0"].concat());
    }
    Ok(())
}
