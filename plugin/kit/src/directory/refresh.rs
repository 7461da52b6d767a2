//! Refreshing one member or department, beside any sync: every writer checks the head, and the record that was read
//! later wins.

use super::{
    batch::Batch,
    department, forgetting, key,
    member::is_id,
    member_status::{self, Decision, is_present},
    read::{self, no_department, no_member},
    record::{DepartmentRecord, MemberRecord, outlives},
};
use crate::{
    config::Common,
    contract::{
        directory::{self as contract, ChangeKind, MemberStatus},
        types::Reason,
    },
    failure::Failure,
    platform::Platform,
    store,
    vendor::{Client, DepartmentAnswer, MemberAnswer},
};

/// Attempts to write before another writer is given way. Each loses only against a writer that succeeded.
pub(crate) const ATTEMPTS: u32 = 20;

/// See `sync-member` in `wit/directory.wit`.
pub fn sync_member<P: Platform, C: Client<P>>(
    platform: &P,
    common: &Common,
    client: &C,
    id: &str,
) -> Result<contract::Member, Failure> {
    check_id(id)?;
    forgetting::make_way(platform, common)?;
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
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, common)?;
        let stored = store::get::<_, MemberRecord>(platform, &key::member(common.ids, id))?.map(|stored| stored.value);
        if stored.as_ref().is_some_and(|stored| outlives(stored.read_at, read_at, platform.now_ms())) {
            return read::find_member(platform, common, id);
        }
        match (stored, fetched.clone()) {
            (None, None) => return Err(no_member(id)),
            (Some(stored), None) if !is_present(stored.presence) => return read::find_member(platform, common, id),
            (Some(stored), None) => {
                let record = MemberRecord { read_at, presence: MemberStatus::LeftRange, ..stored.clone() };
                batch.member(Some(&stored), &record, ChangeKind::MemberLeftRange);
            }
            (stored, Some(mut fetched)) => match member_status::on_member(common, stored.as_ref(), &mut fetched) {
                Decision::Ignore => return Err(no_member(id)),
                decision => batch.decided_member(platform, stored.as_ref(), fetched, read_at, decision)?,
            },
        }
        if store::apply(platform, &batch.into_ops())?.is_ok() {
            return read::find_member(platform, common, id);
        }
    }
    Err(contended())
}

/// See `sync-department` in `wit/directory.wit`.
pub fn sync_department<P: Platform, C: Client<P>>(
    platform: &P,
    common: &Common,
    client: &C,
    id: &str,
) -> Result<contract::Department, Failure> {
    check_id(id)?;
    forgetting::make_way(platform, common)?;
    let read_at = platform.now_ms();
    let fetched = match client.department(id)? {
        DepartmentAnswer::Shown(fetched) => *fetched,
        DepartmentAnswer::Hidden(_) => return Err(no_department(id)),
        DepartmentAnswer::Unreadable => return Err(unreadable("department", "部门", id)),
    };
    let id = fetched.department.id.clone();
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, common)?;
        let stored = store::get::<_, DepartmentRecord>(platform, &key::department(&id))?.map(|stored| stored.value);
        if stored.as_ref().is_some_and(|stored| outlives(stored.read_at, read_at, platform.now_ms())) {
            return read::find_department(platform, common, &id);
        }
        let mut fetched = fetched.clone();
        let known = stored.as_ref().map(|stored| &stored.department);
        let decision = department::on_department(common.ids, known, &mut fetched);
        match (decision, stored) {
            (Decision::Change(kind), _) => {
                batch.department(&DepartmentRecord { read_at, department: fetched.department }, kind);
            }
            // Only that it was read: the feed says nothing, so the record must not either.
            (_, Some(stored)) => batch.push(store::put(key::department(&id), &DepartmentRecord { read_at, ..stored })),
            (_, None) => return Err(no_department(&id)),
        }
        if store::apply(platform, &batch.into_ops())?.is_ok() {
            return read::find_department(platform, common, &id);
        }
    }
    Err(contended())
}

fn check_id(id: &str) -> Result<(), Failure> {
    if is_id(id) {
        return Ok(());
    }
    Err(Failure::invalid_argument(
        "id",
        ("ID 须为 1 至 128 字节，且不含控制字符", "an id has 1 to 128 bytes and no control characters"),
    ))
}

fn unreadable(kind: &str, kind_zh: &str, id: &str) -> Failure {
    Failure::new(
        Reason::UnexpectedAnswer,
        (
            format!("{kind_zh} {id:?} 的返回内容无法识别，本地记录保持不变"),
            format!("the answer about the {kind} {id:?} cannot be read; the directory keeps what it knew"),
        ),
    )
}

/// Other writers of the copy kept coming first.
pub(crate) fn contended() -> Failure {
    Failure::new(
        Reason::Conflict,
        (
            format!("通讯录连续 {ATTEMPTS} 次被其他写入修改"),
            format!("other writers changed the directory {ATTEMPTS} times in a row"),
        ),
    )
    .with_retry_after_ms(1_000)
}
