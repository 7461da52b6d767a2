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
        api::Api,
        client::{Call, Client},
        refusal::{hides_department, hides_member},
        wire::{department, member},
    },
};

/// Attempts to write before another writer is given way. Each loses only against a writer that succeeded.
const ATTEMPTS: u32 = 20;

/// See `sync-member` in `wit/directory.wit`.
pub fn sync_member<P: Platform>(platform: &P, config: &Config, id: &str) -> Result<contract::Member, Failure> {
    check_id(id)?;
    let read_at = platform.now_ms();
    let call = Call { api: Api::UserGet, query: vec![("userid", id.to_owned())], body: None };
    let fetched = match Client::new(platform, config).read_text(&call) {
        Ok(text) => {
            let mut member =
                member::parse_of(id, &text).map_err(|error| answer::unreadable(Api::UserGet, &error).failure)?;
            if let Some(fields) = &config.common.fields {
                member.keep_only(fields);
            }
            Some(member)
        }
        // WeCom does not tell a member who left the range from one who never was.
        Err(failure) if hides_member(&failure) => None,
        Err(failure) => return Err(failure),
    };
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, &config.common.organisation)?;
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
    let call = Call { api: Api::DepartmentGet, query: vec![("id", id.clone())], body: None };
    let text = match Client::new(platform, config).read_text(&call) {
        Err(failure) if hides_department(&failure) => return Err(unknown("department", "部门", &id)),
        answer => answer?,
    };
    let fetched =
        department::parse_one(&text).map_err(|error| answer::unreadable(Api::DepartmentGet, &error).failure)?;
    if fetched.id != id {
        return Err(answer::without(Api::DepartmentGet, "the department that was asked for").failure);
    }
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, &config.common.organisation)?;
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
