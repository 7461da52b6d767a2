//! Erasing members: whatever is stored of one, but for the id, goes. The copy knows nothing of them after one write; the entries
//! of the feed that show them are rewritten after that, in portions, since the feed may be long. How far that came is stored,
//! and whoever calls next goes on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    batch::Batch,
    deletion,
    feed::{FEED_RETENTION_MS, FeedEntry, Subject},
    id::IdRule,
    key,
    member_status::is_present,
    read::no_member,
    record::MemberRecord,
    refresh::{ATTEMPTS, contended},
    sync::run,
};
use crate::{
    config::Common,
    contract::{
        directory::ChangeKind,
        storage::{Entry, Op},
    },
    failure::Failure,
    login::cached_exchange,
    platform::Platform,
    store::{self, Versioned},
};

/// Entries of the feed that are read together: each may take two operations of one write.
const PAGE: u32 = 400;
/// Members of whom the feed is cleared in one pass.
const TOGETHER: u32 = 300;

/// How far the feed was cleared of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Erasing {
    /// The last entry that was looked at.
    after: u64,
    /// The entry that says that the member was erased: what follows is about whoever has the id next.
    until: u64,
}

/// Erases a member. `decided` is told how they stood, before anything is written; it may be told again.
///
/// # Errors
/// `not-found` where nothing is known of them; `conflict` where they are present; `budget-exhausted` where more of the feed is left
/// than this call has time for: the next one goes on.
pub(crate) fn erase(
    platform: &dyn Platform,
    common: &Common,
    id: &str,
    decided: &mut dyn FnMut(Option<&MemberRecord>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let ids = common.ids;
    let key = key::erasing(ids, id);
    let finish = || {
        cached_exchange::forget(platform, ids, id)?;
        match clear(platform, ids, std::slice::from_ref(&key), &|| deletion::has_budget(platform))? {
            true => Ok(()),
            false => Err(Failure::budget_exhausted("erase-member")),
        }
    };
    let is_under_way = store::get_text(platform, &key)?.is_some();
    if is_under_way {
        finish()?;
    }
    match begin(platform, common, id, decided)? {
        Begun::Yes => finish(),
        // Whoever is here by then is somebody else.
        Begun::Unknown | Begun::Present if is_under_way => Ok(()),
        Begun::Unknown => Err(no_member(id)),
        Begun::Present => Err(is_here(id)),
    }
}

/// Goes on with members who are being erased, some at a time, while `may_go_on` says so; whether nothing is left.
pub(crate) fn resume(platform: &dyn Platform, ids: IdRule, may_go_on: &dyn Fn() -> bool) -> Result<bool, Failure> {
    loop {
        let page = platform.scan_keys(key::ERASING, None, TOGETHER)?;
        if page.keys.is_empty() {
            return Ok(true);
        }
        if !clear(platform, ids, &page.keys, may_go_on)? {
            return Ok(false);
        }
    }
}

enum Begun {
    Yes,
    Unknown,
    Present,
}

/// Takes the member out of the copy.
fn begin(
    platform: &dyn Platform,
    common: &Common,
    id: &str,
    decided: &mut dyn FnMut(Option<&MemberRecord>) -> Result<(), Failure>,
) -> Result<Begun, Failure> {
    let ids = common.ids;
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, common)?;
        // Roles, mark and signature outlive the copy: after a reset there may be nothing else.
        let keys = [key::member(ids, id), key::roles(ids, id), key::retired(ids, id), key::signature(ids, id)];
        let entries = store::get_many(platform, &keys)?;
        if entries.iter().all(Option::is_none) {
            return Ok(Begun::Unknown);
        }
        let stored: Option<MemberRecord> = store::parsed(entries.first().and_then(Option::as_ref))?;
        if stored.as_ref().is_some_and(|stored| is_present(stored.presence)) {
            return Ok(Begun::Present);
        }
        decided(stored.as_ref())?;
        let id = stored.as_ref().map_or(id, |stored| stored.member.id.as_str());
        take_from_copy(platform, ids, &mut batch, id, stored.as_ref(), false)?;
        if store::apply(platform, &batch.into_ops())?.is_ok() {
            return Ok(Begun::Yes);
        }
    }
    Err(contended(ATTEMPTS))
}

/// Takes a member who is not present out of the copy, and says that the feed is to be cleared of them.
pub(crate) fn take_from_copy(
    platform: &dyn Platform,
    ids: IdRule,
    batch: &mut Batch,
    id: &str,
    stored: Option<&MemberRecord>,
    keeps_mark: bool,
) -> Result<(), Failure> {
    batch.erase(platform, id, stored, keeps_mark)?;
    let state = Erasing { after: 0, until: batch.head.last_change };
    batch.push(store::put(key::erasing(ids, id), &state));
    for row in scratch(platform, ids, id)? {
        batch.push(store::delete(row));
    }
    Ok(())
}

/// What a run may have noted of the member. A run that finds its row gone leaves the member to the next one.
fn scratch(platform: &dyn Platform, ids: IdRule, id: &str) -> Result<Vec<String>, Failure> {
    Ok(match run::load(platform)? {
        run::Stored::Readable(run, _) | run::Stored::Foreign(run, _) => {
            ['m', 'g'].map(|kind| key::scratch_row(&run.id, kind, &ids.key(id))).into()
        }
        run::Stored::None | run::Stored::Unreadable(_) => Vec::new(),
    })
}

/// Rewrites the entries of the feed that show those who are being erased, each up to the one that says so, in one pass over the
/// feed. Whether it came to the end: else how far it came is stored. A pass that is killed is begun anew from what was stored, and
/// finds nothing where it has been.
fn clear(platform: &dyn Platform, ids: IdRule, keys: &[String], may_go_on: &dyn Fn() -> bool) -> Result<bool, Failure> {
    loop {
        let mut states: BTreeMap<String, Versioned<Erasing>> = BTreeMap::new();
        for (key, entry) in keys.iter().zip(store::get_many(platform, keys)?) {
            // Where it is gone, another call came to the end first.
            if let Some(entry) = entry {
                states.insert(key[key::ERASING.len()..].to_owned(), store::parse(&entry)?);
            }
        }
        let Some(mut after) = states.values().map(|state| state.value.after).min() else { return Ok(true) };
        loop {
            let page = platform.scan(key::FEED, Some(&key::change(after)), PAGE)?;
            let (mut ops, mut last) = (Vec::new(), after);
            for entry in &page.entries {
                let FeedEntry { seq, at, id, subject, .. } = store::parse(entry)?.value;
                last = seq;
                let is_theirs = |state: &Versioned<Erasing>| seq < state.value.until;
                if matches!(subject, Subject::Member { .. }) && states.get(&ids.key(&id)).is_some_and(is_theirs) {
                    let nothing = FeedEntry { seq, at, kind: ChangeKind::MemberErased, id, subject: Subject::Nothing };
                    ops.extend(rewritten(platform, entry, &nothing));
                }
            }
            // Where one of them was acknowledged meanwhile, or another call was faster, the page is read again.
            if ops.is_empty() || store::apply(platform, &ops)?.is_ok() {
                after = last;
                if !page.more {
                    break;
                }
            }
            if !may_go_on() {
                // Where that is lost to another call, that one has come further or begun anew.
                let _ = store::apply(platform, &kept(&states, Some(after)))?;
                return Ok(false);
            }
        }
        if store::apply(platform, &kept(&states, None))?.is_ok() {
            return Ok(true);
        }
    }
}

/// The operations that store how far the pass came, or that it is over.
fn kept(states: &BTreeMap<String, Versioned<Erasing>>, after: Option<u64>) -> Vec<Op> {
    let kept = |(id_key, state): (&String, &Versioned<Erasing>)| {
        let key = [key::ERASING, id_key].concat();
        let write = match after {
            Some(after) => store::put(key.as_str(), &Erasing { after: after.max(state.value.after), ..state.value }),
            None => store::delete(key.as_str()),
        };
        [store::check(key, Some(state.version)), write]
    };
    states.iter().flat_map(kept).collect()
}

/// The operations that replace an entry, which stays as long as it would have. One that is gone by then must not come back.
fn rewritten(platform: &dyn Platform, entry: &Entry, with: &FeedEntry) -> [Op; 2] {
    let left_ms =
        with.at.saturating_add(FEED_RETENTION_MS).saturating_sub(platform.now_ms()).clamp(1, FEED_RETENTION_MS);
    [store::check(entry.key.as_str(), Some(entry.version)), store::put_for(entry.key.as_str(), with, left_ms)]
}

fn is_here(id: &str) -> Failure {
    failure! { Conflict:
    "成员 {id} 仍在可见范围内，不能清除", "the member {id} is in the visible range and cannot be erased";
    "只能清除已离开可见范围或已离职的成员，否则下次同步会重新写入",
    "only who left the visible range or resigned can be erased: the next sync would bring anybody else back" }
}
