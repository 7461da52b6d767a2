//! Refreshing one member or department, beside any sync: every writer checks the head, and the record that was read
//! later wins.

use super::{
    batch::Batch,
    department, forgetting, key,
    member::is_id,
    member_status::{self, Decision, is_present},
    read::{self, no_department, no_member},
    record::{DepartmentRecord, MemberRecord, outlives},
    sync::guard,
};
use crate::{
    config::Common,
    contract::{
        directory::{self as contract, ChangeKind, MemberStatus},
        types::RemovalCounts,
    },
    failure::Failure,
    platform::Platform,
    store,
    vendor::{Client, DepartmentAnswer, MemberAnswer},
};

/// Attempts to write before another writer is given way. Each loses only against a writer that succeeded.
pub(crate) const ATTEMPTS: u32 = 20;

/// Who asks for one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A person, about this one.
    Caller,
    /// An event of the vendor, of which there may be as many as there are members.
    FollowUp,
}

/// See `sync-member` in `wit/directory.wit`.
pub fn sync_member<C: Client>(
    platform: &dyn Platform,
    common: &Common,
    client: &C,
    id: &str,
) -> Result<contract::Member, Failure> {
    refresh_member(platform, common, client, id, Asker::Caller)
}

/// The same for either asker.
///
/// # Errors
/// Beside those of `sync-member`, `mass-removal-blocked` for a follow-up that is one too many.
pub(crate) fn refresh_member<C: Client>(
    platform: &dyn Platform,
    common: &Common,
    client: &C,
    id: &str,
    asker: Asker,
) -> Result<contract::Member, Failure> {
    check_id(id)?;
    forgetting::finish(platform, common)?;
    let read_at = platform.now_ms();
    let fetched = match client.member(id)? {
        MemberAnswer::Shown(mut fetched) => {
            if let Some(fields) = &common.fields {
                fetched.member.keep_only(fields);
            }
            Some(*fetched)
        }
        // Vendors do not tell a member who left the range from one who never was.
        MemberAnswer::Hidden(_) => None,
        MemberAnswer::Unreadable => return Err(unreadable("member", "成员", id)),
    };
    write(platform, common, &mut |batch| {
        let stored = store::value::<MemberRecord>(platform, &key::member(common.ids, id))?;
        if stored.as_ref().is_some_and(|stored| outlives(stored.read_at, read_at, platform.now_ms())) {
            return Ok(false);
        }
        match (stored, fetched.clone()) {
            (None, None) => return Err(no_member(id)),
            (Some(stored), None) if !is_present(stored.presence) => return Ok(false),
            (Some(stored), None) => {
                guard_removal(platform, common, batch, &stored, asker)?;
                let record = stored.gone(MemberStatus::LeftRange, read_at);
                batch.member(platform, Some(&stored), &record, ChangeKind::MemberLeftRange)?;
            }
            (stored, Some(mut fetched)) => {
                let decision = member_status::on_member(common, stored.as_ref(), &mut fetched);
                match (decision, &stored) {
                    (Decision::Ignore, _) => return Err(no_member(id)),
                    (Decision::Change(ChangeKind::MemberResigned), Some(stored)) => {
                        guard_removal(platform, common, batch, stored, asker)?;
                    }
                    _ => {}
                }
                batch.decided_member(platform, stored.as_ref(), fetched, read_at, decision)?;
            }
        }
        Ok(true)
    })?;
    read::find_member(platform, common, id)
}

/// Refuses to let go whom only a run of the sync may take away, and counts those whom follow-ups take away.
fn guard_removal(
    platform: &dyn Platform,
    common: &Common,
    batch: &mut Batch,
    stored: &MemberRecord,
    asker: Asker,
) -> Result<(), Failure> {
    guard_administrators(platform, batch, stored)?;
    if asker == Asker::Caller || !is_present(stored.presence) {
        return Ok(());
    }
    let gone = store::value::<u64>(platform, key::FOLLOWED_AWAY)?.unwrap_or_default();
    let counts = RemovalCounts {
        members: gone + 1,
        members_total: batch.head.members.present() + gone,
        departments: 0,
        departments_total: batch.head.departments,
    };
    if guard::is_mass(common.guard, &counts) {
        return Err(guard::blocked(counts, &[]));
    }
    batch.push(store::put(key::FOLLOWED_AWAY, &(gone + 1)));
    Ok(())
}

/// Refuses to let an administrator go: only a run of the sync can be approved.
fn guard_administrators(platform: &dyn Platform, batch: &mut Batch, stored: &MemberRecord) -> Result<(), Failure> {
    let id = &stored.member.id;
    if !is_present(stored.presence) || !batch.is_administrator(platform, id)? {
        return Ok(());
    }
    let counts = RemovalCounts {
        members: 1,
        members_total: batch.head.members.present(),
        departments: 0,
        departments_total: batch.head.departments,
    };
    Err(failure! { MassRemovalBlocked(counts):
    "管理员 {id} 已不可见或已离职，本地记录保持不变",
    "the administrator {id} is no longer visible or has resigned; the directory keeps what it knew";
    "请同步通讯录并允许本次移除，或先将其移出管理员名单",
    "run a sync and approve it, or take them off the list of administrators first" })
}

/// See `sync-department` in `wit/directory.wit`.
pub fn sync_department<C: Client>(
    platform: &dyn Platform,
    common: &Common,
    client: &C,
    id: &str,
) -> Result<contract::Department, Failure> {
    check_id(id)?;
    forgetting::finish(platform, common)?;
    let read_at = platform.now_ms();
    let fetched = match client.department(id)? {
        DepartmentAnswer::Shown(fetched) => *fetched,
        DepartmentAnswer::Hidden(_) => return Err(no_department(id)),
        DepartmentAnswer::Unreadable => return Err(unreadable("department", "部门", id)),
    };
    let id = fetched.department.id.clone();
    write(platform, common, &mut |batch| {
        let stored = store::value::<DepartmentRecord>(platform, &key::department(&id))?;
        if stored.as_ref().is_some_and(|stored| outlives(stored.read_at, read_at, platform.now_ms())) {
            return Ok(false);
        }
        let mut fetched = fetched.clone();
        let known = stored.as_ref().map(|stored| &stored.department);
        match (department::on_department(common.ids, known, &mut fetched), &stored) {
            (Decision::Change(kind), _) => {
                let new = DepartmentRecord { read_at, department: fetched.department };
                batch.department(platform, known, &new, kind)?;
            }
            // Only that it was read: the feed says nothing, so the record must not either.
            (_, Some(stored)) => {
                batch.push(store::put(key::department(&id), &DepartmentRecord { read_at, ..stored.clone() }));
            }
            (_, None) => return Err(no_department(&id)),
        }
        Ok(true)
    })?;
    read::find_department(platform, common, &id)
}

/// Fills a batch and writes it, anew when another writer came between. Where `fill` answers `false` the copy knows better.
pub(crate) fn write(
    platform: &dyn Platform,
    common: &Common,
    fill: &mut dyn FnMut(&mut Batch) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, common)?;
        if !fill(&mut batch)? || store::apply(platform, &batch.into_ops())?.is_ok() {
            return Ok(());
        }
    }
    Err(contended(ATTEMPTS))
}

pub(crate) fn check_id(id: &str) -> Result<(), Failure> {
    if is_id(id) {
        return Ok(());
    }
    Err(invalid_argument! { "id":
    "ID 须为 1 至 128 字节，且不含控制字符", "an id has 1 to 128 bytes and no control characters" })
}

fn unreadable(kind: &str, kind_zh: &str, id: &str) -> Failure {
    failure! { UnexpectedAnswer:
    "{kind_zh} {id:?} 的返回内容无法识别，本地记录保持不变",
    "the answer about the {kind} {id:?} cannot be read; the directory keeps what it knew" }
}

/// Other writers of the copy came first so many times in a row.
pub(crate) fn contended(attempts: u32) -> Failure {
    failure! { Conflict:
    "通讯录连续 {attempts} 次被其他写入修改", "other writers changed the directory {attempts} times in a row" }
    .with_retry_after_ms(1_000)
}
