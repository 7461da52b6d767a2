//! Erasing members: whatever is stored of one, but for the id, goes. The copy knows nothing of them after one write; the entries
//! of the feed that show them are rewritten after that, in portions, since the feed may be long. How far that came is stored,
//! and whoever calls next goes on.

use serde::{Deserialize, Serialize};

use super::{
    batch::Batch,
    deletion,
    feed::{ENTRY_TTL_MS, FeedEntry, Subject},
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
        log::Level,
        storage::{Entry, Op},
    },
    failure::Failure,
    platform::Platform,
    store::{self, Versioned},
};

/// Entries of the feed that are read together: each may take two operations of one write.
const PAGE: u32 = 400;

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
pub(crate) fn erase<P: Platform>(
    platform: &P,
    common: &Common,
    id: &str,
    decided: &mut dyn FnMut(Option<&MemberRecord>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let ids = common.ids;
    let is_under_way = store::get_text(platform, &key::erasing(ids, id))?.is_some();
    if is_under_way {
        clear(platform, ids, &ids.key(id))?;
    }
    match begin(platform, common, id, decided)? {
        Begun::Yes => clear(platform, ids, &ids.key(id)),
        // Whoever is here by then is somebody else.
        Begun::Unknown | Begun::Present if is_under_way => Ok(()),
        Begun::Unknown => Err(no_member(id)),
        Begun::Present => Err(is_here(id)),
    }
}

/// Goes on with what was left by calls that came to their end and were not repeated, as far as this call's budget goes. What
/// came before stands whether or not this succeeds.
pub(crate) fn sweep<P: Platform>(platform: &P, common: &Common) {
    if let Err(failure) = carry_on(platform, common.ids) {
        let fields = [("error", failure.message.en.as_str())];
        platform.log(Level::Warn, "what the feed says of erased members is left to a later call", &fields);
    }
}

fn carry_on<P: Platform>(platform: &P, ids: IdRule) -> Result<(), Failure> {
    loop {
        let page = platform.scan_keys(key::ERASING, None, 1)?;
        let Some(id_key) = page.keys.first().map(|key| &key[key::ERASING.len()..]) else { return Ok(()) };
        clear(platform, ids, id_key)?;
    }
}

enum Begun {
    Yes,
    Unknown,
    Present,
}

/// Takes the member out of the copy.
fn begin<P: Platform>(
    platform: &P,
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
        batch.erase(platform, id, stored.as_ref())?;
        let state = Erasing { after: 0, until: batch.head.last_change };
        batch.push(store::put(key::erasing(ids, id), &state));
        for row in scratch(platform, ids, id)? {
            batch.push(store::delete(row));
        }
        if store::apply(platform, &batch.into_ops())?.is_ok() {
            return Ok(Begun::Yes);
        }
    }
    Err(contended(ATTEMPTS))
}

/// What a run may have noted of the member. A run that finds its row gone leaves the member to the next one.
fn scratch<P: Platform>(platform: &P, ids: IdRule, id: &str) -> Result<Vec<String>, Failure> {
    Ok(match run::load(platform)? {
        run::Stored::Readable(run, _) | run::Stored::Foreign(run, _) => {
            ['m', 'g'].map(|kind| key::scratch_row(&run.id, kind, &ids.key(id))).into()
        }
        run::Stored::None | run::Stored::Unreadable(_) => Vec::new(),
    })
}

/// Rewrites the entries of the feed that show a member, up to the one that says that they were erased.
fn clear<P: Platform>(platform: &P, ids: IdRule, id_key: &str) -> Result<(), Failure> {
    let state_key = [key::ERASING, id_key].concat();
    loop {
        let Some(Versioned { value: state, version }) = store::get::<_, Erasing>(platform, &state_key)? else {
            // Another call came to the end first.
            return Ok(());
        };
        let page = platform.scan(key::FEED, Some(&key::change(state.after)), PAGE)?;
        let mut ops = vec![store::check(state_key.as_str(), Some(version))];
        let mut after = state.after;
        let mut is_end = !page.more;
        for entry in &page.entries {
            let FeedEntry { seq, at, id, subject, .. } = store::parse(entry)?.value;
            if seq >= state.until {
                is_end = true;
                break;
            }
            after = seq;
            if matches!(subject, Subject::Member { .. }) && ids.key(&id) == id_key {
                let nothing = FeedEntry { seq, at, kind: ChangeKind::MemberErased, id, subject: Subject::Nothing };
                ops.extend(rewritten(platform, entry, &nothing));
            }
        }
        ops.push(match is_end {
            true => store::delete(state_key.as_str()),
            false => store::put(state_key.as_str(), &Erasing { after, ..state }),
        });
        // Where an entry was acknowledged meanwhile, or another call was faster, the page is read again.
        if store::apply(platform, &ops)?.is_ok() && is_end {
            return Ok(());
        }
        if !deletion::has_budget(platform) {
            return Err(Failure::budget_exhausted("erase-member"));
        }
    }
}

/// The operations that replace an entry, which stays as long as it would have. One that is gone by then must not come back.
fn rewritten<P: Platform>(platform: &P, entry: &Entry, with: &FeedEntry) -> [Op; 2] {
    let left_ms = with.at.saturating_add(ENTRY_TTL_MS).saturating_sub(platform.now_ms()).clamp(1, ENTRY_TTL_MS);
    [store::check(entry.key.as_str(), Some(entry.version)), store::put_for(entry.key.as_str(), with, left_ms)]
}

fn is_here(id: &str) -> Failure {
    failure! { Conflict:
    "成员 {id} 仍在可见范围内，不能清除", "the member {id} is in the visible range and cannot be erased";
    "只能清除已离开可见范围或已离职的成员，否则下次同步会重新写入",
    "only who left the visible range or resigned can be erased: the next sync would bring anybody else back" }
}
