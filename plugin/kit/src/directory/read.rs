//! Reading the copy: single records and the summary. Lists are read in [`list`].

use super::{
    feed, head, key, list,
    member::is_id,
    record::{DepartmentRecord, MemberRecord, show_department, show_member},
    roles,
    sync::{self, run, stats::Stats},
};
use crate::{config::Common, contract::directory as contract, failure::Failure, platform::Platform, store};

/// See `find-members` in `wit/directory.wit`.
pub fn find_members(
    platform: &dyn Platform,
    common: &Common,
    ids: &[String],
) -> Result<Vec<Option<contract::Member>>, Failure> {
    if ids.len() > list::PAGE {
        let (found, most) = (ids.len(), list::PAGE);
        return Err(invalid_argument! { "ids":
        "一次最多查询 {most} 个 ID，收到 {found} 个：请分批查询",
            "at most {most} ids are looked up at once, not {found}: ask for fewer, in several calls" });
    }
    if head::is_being_forgotten(platform, common)? {
        return Ok(vec![None; ids.len()]);
    }
    // What can be no id is known to nobody, and must not become part of a key.
    let usable = ids.iter().filter(|id| is_id(id));
    let keys: Vec<String> = usable.flat_map(|id| [key::member(common.ids, id), key::roles(common.ids, id)]).collect();
    let mut entries = store::get_many(platform, &keys)?.into_iter();
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let (member, roles) =
            if is_id(id) { (entries.next().flatten(), entries.next().flatten()) } else { (None, None) };
        let (member, roles) = (store::parsed::<MemberRecord>(member.as_ref())?, store::parsed(roles.as_ref())?);
        found.push(member.map(|record| show_member(record.member, record.presence, roles)));
    }
    Ok(found)
}

/// See `find-member` in `wit/directory.wit`.
pub fn find_member(platform: &dyn Platform, common: &Common, id: &str) -> Result<contract::Member, Failure> {
    // What can be no id is known to nobody, and must not become part of a key.
    if !is_id(id) {
        return Err(no_member(id));
    }
    if head::is_being_forgotten(platform, common)? {
        return Err(no_member(id));
    }
    let record: MemberRecord = store::value(platform, &key::member(common.ids, id))?.ok_or_else(|| no_member(id))?;
    Ok(show_member(record.member, record.presence, roles::read(platform, common.ids, id)?))
}

/// See `find-department` in `wit/directory.wit`.
pub fn find_department(platform: &dyn Platform, common: &Common, id: &str) -> Result<contract::Department, Failure> {
    if !is_id(id) {
        return Err(no_department(id));
    }
    if head::is_being_forgotten(platform, common)? {
        return Err(no_department(id));
    }
    let record: DepartmentRecord = store::value(platform, &key::department(id))?.ok_or_else(|| no_department(id))?;
    Ok(show_department(record.department))
}

/// See `overview` in `wit/directory.wit`.
pub fn overview(platform: &dyn Platform, common: &Common) -> Result<contract::DirectorySummary, Failure> {
    let head = head::read_own(platform, common)?.map(|stored| stored.value);
    let stored = run::load(platform)?;
    let partly_applied = stored.is_writing();
    // A run of another version of this component says no more here; the next sync gives it up, or names it.
    let run = stored.readable();
    let stats = run.as_ref().map(|run| Stats::load(platform, &run.id)).transpose()?.unwrap_or_default();
    let last_run = match head.as_ref().is_some_and(|head| head.forgetting.is_some()) {
        true => None,
        false => sync::history::last_complete(platform, common)?,
    };
    let acknowledged = feed::acknowledged(platform)?;
    let organisation_id = head.as_ref().map(|head| head.organisation.clone());
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
        cursor: feed::format_cursor(head.last_change),
        blocked: run.as_ref().and_then(|run| run.blocked),
        acknowledged,
        last_run,
        partly_applied,
        current_run: run.map(|run| run.progress(stats.vendor_calls())),
    })
}

pub(crate) fn no_member(id: &str) -> Failure {
    unknown("member", "成员", id)
}

pub(crate) fn no_department(id: &str) -> Failure {
    unknown("department", "部门", id)
}

fn unknown(kind: &str, kind_zh: &str, id: &str) -> Failure {
    let shown: String = id.chars().take(64).collect();
    failure! { NotFound:
    "通讯录中没有{kind_zh} {shown:?}", "there is no {kind} {shown:?} in the directory";
    "通讯录中没有该{kind_zh}：请检查 ID，或先同步通讯录（可见范围之外的不会同步）",
    "the directory has no such {kind}: check the id, or sync first (what is outside the visible range is not synced)" }
}
