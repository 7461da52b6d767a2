//! The guard against mass removal: a run that would take away too much stops before anything is written, until somebody
//! approves it.

use super::{
    compare::PlannedMember,
    context::{RunContext, Stepped},
    run::Run,
};
use crate::{
    config::Guard,
    contract::{directory::MemberStatus, types::RemovalCounts},
    directory::{
        administrators, head, key,
        member_status::is_present,
        record::{MemberRecord, outlives},
    },
    failure::Failure,
    locale::Text,
    store,
    vendor::Client,
};

/// Stops a run that would take away too much, or an administrator, unless somebody has approved that: asked before the vendor is asked
/// about each missing one, and again before anything is written. Answers why, where it is stopped.
pub(super) fn check<C: Client>(context: &mut RunContext<'_, C>) -> Stepped<Option<Failure>> {
    let head = head::read_for(context.platform, context.common)?.0;
    let leaving = administrators_leaving(context)?;
    let run = &mut context.run;
    let counts = counts(run, head.members.present(), head.departments);
    let is_approved = run.approved.is_some_and(|approved| covers(&approved, &counts))
        && leaving.iter().all(|id| run.approved_administrators.contains(id));
    let is_stopped = (is_mass(context.common.guard, &counts) || !leaving.is_empty()) && !is_approved;
    run.blocked = is_stopped.then_some(counts);
    run.administrators_leaving = if is_stopped { leaving } else { Vec::new() };
    run.is_confirmed |= run.missing.members == 0 && run.missing.departments == 0;
    // The plan is as old as the question, however long it took to come to it.
    if run.planned_at.is_none() && (run.is_confirmed || run.blocked.is_some()) {
        run.planned_at = Some(context.platform.now_ms());
    }
    Ok(run.blocked.map(|counts| blocked(counts, &run.administrators_leaving)))
}

/// The administrators who are not seen any more, or of whom the vendor says that they resigned.
fn administrators_leaving<C: Client>(context: &RunContext<'_, C>) -> Result<Vec<String>, Failure> {
    let (ids, run) = (context.common.ids, &context.run.id);
    let administrators = administrators::read(context.platform)?;
    let keys = |id: &String| {
        let id_key = ids.key(id);
        let row = |kind| key::scratch_row(run, kind, &id_key);
        [key::member(ids, id), row('g'), row('m')]
    };
    let keys: Vec<String> = administrators.iter().flat_map(keys).collect();
    let mut entries = store::get_many(context.platform, &keys)?.into_iter();
    let mut leaving = Vec::new();
    for id in administrators {
        let mut next = || entries.next().flatten();
        let (record, unseen, row) = (next(), next(), next());
        let Some(record) = store::parsed::<MemberRecord>(record.as_ref())?.filter(|one| is_present(one.presence))
        else {
            continue;
        };
        let has_resigned = match &row {
            None => false,
            Some(row) => {
                let row: PlannedMember<'_> = store::parse(row)?.value;
                row.member.status == MemberStatus::Resigned
                    && !outlives(record.read_at, row.read_at, context.platform.now_ms())
            }
        };
        if unseen.is_some() || has_resigned {
            leaving.push(id);
        }
    }
    Ok(leaving)
}

/// Whether what was approved is at least what would go.
pub(super) fn covers(approved: &RemovalCounts, counts: &RemovalCounts) -> bool {
    counts.members <= approved.members && counts.departments <= approved.departments
}

/// Whether this many are too many to go without a question. Members and departments are judged apart. That more than half
/// is too many is no matter of configuration.
pub(crate) fn is_mass(guard: Guard, counts: &RemovalCounts) -> bool {
    let Guard { percent, floor, absolute } = guard;
    let too_many = |gone: u64, total: u64| {
        gone * 2 > total || (gone > floor && gone * 100 > total * percent) || absolute.is_some_and(|most| gone > most)
    };
    too_many(counts.members, counts.members_total) || too_many(counts.departments, counts.departments_total)
}

/// What would go, as far as the run knows: who was not seen, until the vendor has been asked, and who will have left. A
/// member who would become resigned is lost to the app like one who cannot be seen any more.
fn counts(run: &Run, members_total: u64, departments_total: u64) -> RemovalCounts {
    let members = run.missing.members + run.missing.resigned + run.planned.members_left_range;
    let departments = run.missing.departments + run.planned.departments_removed;
    RemovalCounts { members, members_total, departments, departments_total }
}

/// Names in a message at most.
const NAMES: usize = 5;

/// Why a run is stopped: what would go, and the administrators among it.
pub(crate) fn blocked(counts: RemovalCounts, administrators: &[String]) -> Failure {
    let RemovalCounts { members, members_total, departments, departments_total } = counts;
    let Text { zh, en } = match administrators {
        [] => Text::default(),
        some => {
            let names = some.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
            let (count, more) = (some.len(), if some.len() > NAMES { " …" } else { "" });
            text! { "，其中有 {count} 名管理员：{names}{more}", ", {count} administrators among them: {names}{more}" }
        }
    };
    failure! { MassRemovalBlocked(counts):
    "本次同步将移除 {members}/{members_total} 名成员、{departments}/{departments_total} 个部门{zh}",
    "the sync would remove {members} of {members_total} members and {departments} of {departments_total} departments{en}";
    "本次同步将移除 {members}/{members_total} 名成员、{departments}/{departments_total} \
     个部门{zh}，已停止且未做任何更改。请检查应用的可见范围；确认无误后允许本次移除，否则放弃本次同步",
    "stopped with nothing changed: {members} of {members_total} members and {departments} of {departments_total} \
     departments are no longer visible or have resigned{en}. Check the app's visible range; when this is right, approve \
     the run, else abandon it" }
}

#[cfg(test)]
mod tests {
    use super::{super::run::Missing, *};

    #[test]
    fn a_large_share_waits_for_a_person_and_a_few_do_not() {
        // Missing and resigned members, of; missing departments, of.
        for (members, resigned, members_total, departments, departments_total, expected) in [
            (0, 0, 0, 0, 0, false),
            (1, 0, 4, 0, 4, false),
            (2, 0, 4, 0, 4, false),
            (3, 0, 4, 0, 4, true),
            (4, 0, 4, 0, 4, true),
            (1, 0, 1, 0, 1, true),
            (1, 0, 2, 0, 1, false),
            (2, 0, 5, 0, 4, false),
            (3, 0, 5, 0, 4, true),
            (0, 3, 5, 0, 4, true),
            (2, 1, 5, 0, 4, true),
            (3, 0, 6, 0, 4, false),
            (4, 0, 6, 0, 4, true),
            (0, 0, 4, 4, 4, true),
            (0, 0, 4, 2, 4, false),
            (5, 0, 20, 0, 4, false),
            (6, 0, 30, 0, 4, false),
            (6, 0, 29, 0, 4, true),
            (3, 3, 29, 0, 4, true),
            (0, 6, 29, 0, 4, true),
            (200, 0, 1_000, 0, 4, false),
            (201, 0, 1_000, 0, 4, true),
            (0, 0, 1_000, 6, 29, true),
            (u64::MAX / 200, 0, u64::MAX / 100, 0, 1, true),
        ] {
            let missing = Missing { departments, members, resigned, ..Missing::default() };
            let run = Run { missing, ..Run::new("r".to_owned(), 0, 5) };
            let counts = counts(&run, members_total, departments_total);
            assert_eq!(is_mass(Guard::default(), &counts), expected, "{counts:?}");
        }
    }

    #[test]
    fn a_configured_guard_is_stricter_or_laxer_up_to_half() {
        let usual = Guard::default();
        // Who may go, then members, of; departments, of.
        for (guard, members, members_total, departments, departments_total, expected) in [
            (Guard { percent: 1, ..usual }, 6, 600, 0, 4, false),
            (Guard { percent: 1, ..usual }, 7, 600, 0, 4, true),
            (Guard { percent: 1, ..usual }, 0, 600, 5, 100, false),
            (Guard { percent: 50, ..usual }, 300, 600, 0, 4, false),
            (Guard { percent: 50, ..usual }, 301, 600, 0, 4, true),
            (Guard { percent: 1, floor: 0, ..usual }, 1, 99, 0, 4, true),
            (Guard { percent: 1, floor: 0, ..usual }, 1, 100, 0, 4, false),
            (Guard { floor: 100, ..usual }, 100, 200, 0, 4, false),
            (Guard { floor: 100, ..usual }, 100, 199, 0, 4, true),
            (Guard { floor: 100, ..usual }, 101, 400, 0, 4, true),
            (Guard { absolute: Some(3), ..usual }, 3, 1_000, 3, 1_000, false),
            (Guard { absolute: Some(3), ..usual }, 4, 1_000, 0, 4, true),
            (Guard { absolute: Some(3), ..usual }, 0, 1_000, 4, 1_000, true),
            (Guard { absolute: Some(1), ..usual }, 1, 1, 0, 4, true),
            (Guard { percent: 50, floor: 100, absolute: Some(1_000_000) }, 3, 4, 0, 4, true),
            (Guard { percent: 50, floor: 100, absolute: Some(1_000_000) }, 0, 4, 4, 4, true),
        ] {
            let counts = RemovalCounts { members, members_total, departments, departments_total };
            assert_eq!(is_mass(guard, &counts), expected, "{guard:?} {counts:?}");
        }
    }
}
