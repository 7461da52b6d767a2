//! Refreshing one member or department, beside any sync: every writer checks the head, and the record that was read
//! later wins.

use super::{
    batch::Batch,
    decision::{self, Decision},
    key,
    read::{self, unknown},
    record::{DepartmentRecord, MemberRecord, is_present},
};
use crate::{
    config::Config,
    contract::{
        directory::{self as contract, ChangeKind, MemberStatus},
        types::Reason,
    },
    failure::Failure,
    platform::Platform,
    store,
    vendor::{
        answer,
        client::{Call, Client},
        refusal::{hides_department, hides_member},
        rows::{departments, members},
        wire::{department, member},
    },
};

/// Attempts to write before another writer is given way. Each loses only against a writer that succeeded.
const ATTEMPTS: u32 = 20;

/// See `sync-member` in `wit/directory.wit`.
pub fn sync_member<P: Platform>(platform: &P, config: &Config, id: &str) -> Result<contract::Member, Failure> {
    check_id(id)?;
    let read_at = platform.now_ms();
    let call = Call::member(id);
    let fetched = match Client::new(platform, config).read_text(&call) {
        Ok(text) => {
            let rows = member::parse(&text).map_err(|error| answer::unreadable(&call, &error).failure)?;
            let found = members([rows]).into_iter().find(|found| key::fold(&found.id) == key::fold(id));
            let mut member = found.ok_or_else(|| answer::without(&call, "the member that was asked for").failure)?;
            if let Some(fields) = &config.sync.fields {
                member.keep_only(fields);
            }
            Some(member)
        }
        // WeCom does not tell a member who left the range from one who never was.
        Err(failure) if hides_member(&failure) => None,
        Err(failure) => return Err(failure),
    };
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, &config.corp_id)?;
        let stored = store::get::<_, MemberRecord>(platform, &key::member(id))?.map(|stored| stored.value);
        if stored.as_ref().is_some_and(|stored| stored.read_at > read_at) {
            return read::find_member(platform, id);
        }
        match (stored, fetched.clone()) {
            (None, None) => return Err(unknown("member", "成员", id)),
            (Some(stored), None) if !is_present(stored.presence) => return read::find_member(platform, id),
            (Some(stored), None) => {
                let record = MemberRecord { read_at, presence: MemberStatus::LeftRange, ..stored.clone() };
                batch.member(Some(&stored), &record, ChangeKind::MemberLeftRange);
            }
            (stored, Some(mut member)) => match decision::on_member(stored.as_ref(), &mut member) {
                Decision::Ignore => return Err(unknown("member", "成员", id)),
                decision => batch.decided_member(platform, stored.as_ref(), member, read_at, decision)?,
            },
        }
        if store::apply(platform, &batch.into_ops())?.is_ok() {
            return read::find_member(platform, id);
        }
    }
    Err(contended())
}

/// See `sync-department` in `wit/directory.wit`.
pub fn sync_department<P: Platform>(platform: &P, config: &Config, id: &str) -> Result<contract::Department, Failure> {
    let number: u32 = id.parse().map_err(|_| {
        Failure::invalid_argument("id", "a department id is a whole number below 4294967296, such as 1 or 2315041299")
    })?;
    let id = number.to_string();
    let read_at = platform.now_ms();
    let call = Call::department(&id);
    let text = match Client::new(platform, config).read_text(&call) {
        Err(failure) if hides_department(&failure) => return Err(unknown("department", "部门", &id)),
        answer => answer?,
    };
    let rows = department::parse_one(&text).map_err(|error| answer::unreadable(&call, &error).failure)?;
    let fetched = departments([rows]).into_iter().find(|found| found.id == id);
    let fetched = fetched.ok_or_else(|| answer::without(&call, "the department that was asked for").failure)?;
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, &config.corp_id)?;
        let stored = store::get::<_, DepartmentRecord>(platform, &key::department(&id))?.map(|stored| stored.value);
        let mut department = fetched.clone();
        let decision = decision::on_department(stored.as_ref().map(|stored| &stored.department), &mut department);
        let record = DepartmentRecord { read_at, department };
        match decision {
            _ if stored.as_ref().is_some_and(|stored| stored.read_at > read_at) => {
                return read::find_department(platform, &id);
            }
            Decision::Change(kind) => batch.department(&record, kind),
            Decision::Unchanged | Decision::Ignore => batch.push(store::put(key::department(&id), &record)),
        }
        if store::apply(platform, &batch.into_ops())?.is_ok() {
            return read::find_department(platform, &id);
        }
    }
    Err(contended())
}

fn check_id(id: &str) -> Result<(), Failure> {
    if !member::is_id(id) {
        return Err(Failure::invalid_argument("id", "a member id has 1 to 64 bytes and no control characters"));
    }
    Ok(())
}

fn contended() -> Failure {
    Failure::new(Reason::Conflict, format!("other writers changed the directory {ATTEMPTS} times in a row"))
        .with_retry_after_ms(1_000)
}
