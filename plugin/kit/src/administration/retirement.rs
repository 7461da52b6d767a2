//! Declaring members as resigned, and taking that back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    member,
    trail::{ENTRIES, Trail},
};
use crate::{
    config::Common,
    contract::{
        administration::IdOutcome,
        audit,
        directory::{ChangeKind, MemberStatus},
        storage::Op,
    },
    directory::{
        administrators,
        batch::Batch,
        forgetting, key,
        member::is_id,
        refresh::{ATTEMPTS, contended},
        retired::{self, Retired},
    },
    failure::{Cause, Failure},
    names::Named,
    platform::Auditor,
    store,
};

/// How a member stands, for the trail.
#[derive(Serialize)]
struct RetiredState {
    retired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

/// Ids of one call.
const MOST: usize = 1_000;

/// See `retire-members` in `wit/administration.wit`.
pub fn retire_members(
    platform: &dyn Auditor,
    common: &Common,
    ids: &[String],
    actor: &str,
) -> Result<Vec<IdOutcome>, Failure> {
    let trail = Trail::begin(platform, "administration.retire-members", actor)?;
    each(platform, common, ids, trail, &|batch, id, trail| {
        let record = member(platform, common.ids, id)?;
        let id = record.member.id.as_str();
        if retired::is_retired(platform, common.ids, id)? {
            return Ok(None);
        }
        if administrators::include(&administrators::read(platform)?, common.ids, id) {
            return Err(is_administrator(id));
        }
        let now = platform.now_ms();
        batch.push(store::put(key::retired(common.ids, id), &Retired { at: now }));
        if record.presence != MemberStatus::Resigned {
            let gone = record.gone(MemberStatus::Resigned, now);
            batch.member(platform, Some(&record), &gone, ChangeKind::MemberResigned)?;
        }
        let before = RetiredState { retired: false, status: Some(record.presence.name()) };
        Ok(Some(trail.entry(Some(id), Some(&before), Some(&RetiredState { retired: true, status: None }))))
    })
}

/// See `reinstate-members` in `wit/administration.wit`.
pub fn reinstate_members(
    platform: &dyn Auditor,
    common: &Common,
    ids: &[String],
    actor: &str,
) -> Result<Vec<IdOutcome>, Failure> {
    let trail = Trail::begin(platform, "administration.reinstate-members", actor)?;
    each(platform, common, ids, trail, &|batch, id, trail| {
        // The mark outlives the copy: after a reset nobody but the mark may know the member.
        if !is_id(id) || !retired::is_retired(platform, common.ids, id)? {
            return member(platform, common.ids, id).map(|_| None);
        }
        batch.push(store::delete(key::retired(common.ids, id)));
        let (before, after) =
            (RetiredState { retired: true, status: None }, RetiredState { retired: false, status: None });
        Ok(Some(trail.entry(Some(id), Some(&before), Some(&after))))
    })
}

/// Does something for one id, as part of a batch. Nothing where it is so already.
type IdOperation<'s> = dyn Fn(&mut Batch, &str, &Trail<'_>) -> Result<Option<audit::Entry>, Failure> + 's;

/// Takes the ids one after the other, as many as fit into one write at a time. What is wrong about one stops no other.
fn each(
    platform: &dyn Auditor,
    common: &Common,
    ids: &[String],
    mut trail: Trail<'_>,
    operation: &IdOperation<'_>,
) -> Result<Vec<IdOutcome>, Failure> {
    if ids.len() > MOST {
        let found = ids.len();
        return Err(invalid_argument! { "ids":
        "一次最多 {MOST} 个 ID，收到 {found} 个：请分批处理",
        "at most {MOST} ids are taken at once, not {found}: ask for fewer, in several calls" });
    }
    forgetting::finish(platform, common)?;
    let mut outcomes = Vec::with_capacity(ids.len());
    while outcomes.len() < ids.len() {
        outcomes.extend(portion(platform, common, &ids[outcomes.len()..], &mut trail, operation)?);
    }
    Ok(outcomes)
}

/// Writes for the first of these ids, as many as fit.
fn portion(
    platform: &dyn Auditor,
    common: &Common,
    ids: &[String],
    trail: &mut Trail<'_>,
    operation: &IdOperation<'_>,
) -> Result<Vec<IdOutcome>, Failure> {
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, common)?;
        let (mut outcomes, mut entries) = (Vec::new(), Vec::new());
        // One that is named twice is taken once: what is written is not read back within a batch.
        let mut problems = BTreeMap::new();
        for id in ids {
            if batch.is_full() || entries.len() == ENTRIES {
                break;
            }
            let id_key = common.ids.key(id);
            if !problems.contains_key(&id_key) {
                let problem = match operation(&mut batch, id, trail) {
                    Ok(entry) => {
                        entries.extend(entry);
                        None
                    }
                    Err(failure) if failure.cause == Cause::Storage => return Err(failure),
                    Err(failure) => Some(failure.into_error(common.locale)),
                };
                problems.insert(id_key.clone(), problem);
            }
            let problem = problems.get(&id_key).cloned().flatten();
            outcomes.push(IdOutcome { id: id.clone(), problem });
        }
        if batch.is_empty() {
            return Ok(outcomes);
        }
        trail.write(entries)?;
        let ops: Vec<Op> = batch.into_ops();
        if store::apply(platform, &ops)?.is_ok() {
            return Ok(outcomes);
        }
    }
    Err(contended(ATTEMPTS))
}

fn is_administrator(id: &str) -> Failure {
    failure! { Conflict:
    "{id} 是管理员", "{id} is an administrator";
    "请先将其移出管理员名单", "take them off the list of administrators first" }
}
