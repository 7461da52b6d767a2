//! Reading the copy: pages of departments and members, single records, the summary.

use super::{
    feed, head, key,
    member::is_id,
    record::{DepartmentRecord, MemberRecord, show_department, show_member},
    roles,
    sync::{self, run},
};
use crate::{
    config::Common,
    contract::{
        directory as contract,
        storage::{Entry, EntryPage},
        types::Reason,
    },
    failure::Failure,
    locale::Text,
    platform::Platform,
    store,
};

/// Records of a page at most.
const PAGE: u32 = 200;

/// See `departments` in `wit/directory.wit`.
pub fn departments<P: Platform>(
    platform: &P,
    common: &Common,
    cursor: Option<&str>,
    limit: u32,
) -> Result<contract::DepartmentPage, Failure> {
    head::read_own(platform, common)?;
    let page = scan(platform, key::DEPARTMENTS, cursor, limit)?;
    let cursor = next_cursor(&page, key::DEPARTMENTS);
    let departments = page
        .entries
        .iter()
        .map(|entry| Ok(show_department(store::parse::<DepartmentRecord>(entry)?.value.department)))
        .collect::<Result<_, Failure>>()?;
    Ok(contract::DepartmentPage { departments, cursor })
}

/// See `members` in `wit/directory.wit`.
pub fn members<P: Platform>(
    platform: &P,
    common: &Common,
    filter: &contract::MemberFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<contract::MemberPage, Failure> {
    head::read_own(platform, common)?;
    let (records, cursor) = match &filter.department {
        None => {
            let page = scan(platform, key::MEMBERS, cursor, limit)?;
            let cursor = next_cursor(&page, key::MEMBERS);
            (page.entries, cursor)
        }
        Some(department) if !is_id(department) => (Vec::new(), None),
        Some(department) => {
            let prefix = key::index(department);
            let page = scan(platform, &prefix, cursor, limit)?;
            let cursor = next_cursor(&page, &prefix);
            let keys: Vec<String> =
                page.entries.iter().map(|entry| [key::MEMBERS, &entry.key[prefix.len()..]].concat()).collect();
            (store::get_many(platform, &keys)?.into_iter().flatten().collect(), cursor)
        }
    };
    let mut records: Vec<MemberRecord> =
        records.iter().map(|entry: &Entry| Ok(store::parse(entry)?.value)).collect::<Result<_, Failure>>()?;
    if let Some(status) = filter.status {
        records.retain(|record| record.presence == status);
    }
    let ids: Vec<&str> = records.iter().map(|record| record.member.id.as_str()).collect();
    let roles = roles::read_many(platform, common.ids, &ids)?;
    let members = records
        .into_iter()
        .zip(roles)
        .map(|(record, roles)| show_member(record.member, record.presence, roles))
        .collect();
    Ok(contract::MemberPage { members, cursor })
}

/// See `find-member` in `wit/directory.wit`.
pub fn find_member<P: Platform>(platform: &P, common: &Common, id: &str) -> Result<contract::Member, Failure> {
    // What can be no id is known to nobody, and must not become part of a key.
    if !is_id(id) {
        return Err(no_member(id));
    }
    head::read_own(platform, common)?;
    match store::get::<_, MemberRecord>(platform, &key::member(common.ids, id))? {
        Some(stored) => {
            let roles = roles::read(platform, common.ids, id)?;
            Ok(show_member(stored.value.member, stored.value.presence, roles))
        }
        None => Err(no_member(id)),
    }
}

/// See `find-department` in `wit/directory.wit`.
pub fn find_department<P: Platform>(platform: &P, common: &Common, id: &str) -> Result<contract::Department, Failure> {
    if !is_id(id) {
        return Err(no_department(id));
    }
    head::read_own(platform, common)?;
    match store::get::<_, DepartmentRecord>(platform, &key::department(id))? {
        Some(stored) => Ok(show_department(stored.value.department)),
        None => Err(no_department(id)),
    }
}

/// See `overview` in `wit/directory.wit`.
pub fn overview<P: Platform>(platform: &P, common: &Common) -> Result<contract::DirectorySummary, Failure> {
    let head = head::read_own(platform, common)?.map(|stored| stored.value);
    // A run of another version of this component says nothing here; the next sync gives it up.
    let run = run::load(platform)?.readable();
    let last_run = sync::history::last_complete(platform, common)?;
    let acknowledged = feed::acknowledged(platform)?;
    let organisation_id = head.as_ref().and_then(|head| head.bound_to().map(str::to_owned));
    let head = head.unwrap_or_default();
    Ok(contract::DirectorySummary {
        organisation_id,
        departments: head.departments,
        members: contract::StatusCounts {
            active: head.members.active,
            disabled: head.members.disabled,
            not_activated: head.members.not_activated,
            left_range: head.members.left_range,
            resigned: head.members.resigned,
        },
        last_change: head.last_change,
        acknowledged,
        last_run,
        partly_applied: run.as_ref().is_some_and(|run| run.is_writing),
        current_run: run.map(|run| run.progress()),
    })
}

/// There is no such member.
pub(crate) fn no_member(id: &str) -> Failure {
    unknown("member", "成员", id)
}

/// There is no such department.
pub(crate) fn no_department(id: &str) -> Failure {
    unknown("department", "部门", id)
}

fn unknown(kind: &str, kind_zh: &str, id: &str) -> Failure {
    let shown: String = id.chars().take(64).collect();
    Failure::new(
        Reason::NotFound,
        (
            format!("通讯录中没有{kind_zh} {shown:?}"),
            format!("there is no {kind} {shown:?} in the directory"),
        ),
    )
    .with_hint(Text::new(
        format!("通讯录中没有该{kind_zh}：请检查 ID，或先同步通讯录（可见范围之外的不会同步）"),
        format!("the directory has no such {kind}: check the id, or sync first (what is outside the visible range is not synced)"),
    ))
}

/// A page of keys below a prefix. A cursor is the rest of the last key, behind a mark.
fn scan<P: Platform>(platform: &P, prefix: &str, cursor: Option<&str>, limit: u32) -> Result<EntryPage, Failure> {
    let after = match cursor {
        None => None,
        Some(cursor) => Some(cursor.strip_prefix("k:").map(|rest| format!("{prefix}{rest}")).ok_or_else(|| {
            Failure::invalid_argument(
                "cursor",
                (
                    "该游标不是本接口返回的：请原样传回",
                    "the cursor was not made by this function: pass on what a page answered",
                ),
            )
        })?),
    };
    Ok(platform.scan(prefix, after.as_deref(), limit.clamp(1, PAGE))?)
}

fn next_cursor(page: &EntryPage, prefix: &str) -> Option<String> {
    let last = page.entries.last().filter(|_| page.more)?;
    Some(format!("k:{}", last.key.strip_prefix(prefix).unwrap_or_default()))
}
