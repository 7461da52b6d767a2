//! The guard against mass removal: a run that would take away too much stops before anything is written, until somebody
//! allows it.

use super::{
    context::{RunContext, StepError},
    run::{Missing, Phase, Sweep},
};
use crate::{
    contract::types::{Reason, RemovalCounts},
    directory::head,
    failure::Failure,
    locale::Text,
    platform::Platform,
    vendor::Client,
};

/// So many may go without a question, unless they are more than half of all.
const HARMLESS_COUNT: u64 = 5;
/// The share that may go without a question, in per cent, where it is more than a few.
const HARMLESS_PERCENT: u64 = 20;

/// Stops a run that would take away too much, unless somebody allowed it.
pub(super) fn step<P: Platform, C: Client<P>>(
    context: &mut RunContext<'_, P, C>,
    is_allowed: bool,
) -> Result<(), StepError> {
    let head = head::read_for(context.platform, context.common)?.0;
    let counts = counts(context.run.missing, head.members.present(), head.departments);
    context.run.is_blocked = !is_allowed && is_mass(&counts);
    if context.run.is_blocked {
        // The plan is as old as the question, however long it took to come to it.
        context.run.planned_at = Some(context.platform.now_ms());
        return Err(StepError::Vendor(blocked(counts)));
    }
    context.run.phase = Phase::Confirm(Sweep::Departments(None));
    context.checkpoint()
}

/// Whether this many are too many to go without a question. Members and departments are judged apart.
fn is_mass(counts: &RemovalCounts) -> bool {
    let too_many =
        |gone: u64, total: u64| gone * 2 > total || (gone > HARMLESS_COUNT && gone * 100 > total * HARMLESS_PERCENT);
    too_many(counts.members, counts.members_total) || too_many(counts.departments, counts.departments_total)
}

/// A member who would become resigned is lost to the app like one who cannot be seen any more.
fn counts(missing: Missing, members_total: u64, departments_total: u64) -> RemovalCounts {
    let members = missing.members + missing.resigned;
    RemovalCounts { members, members_total, departments: missing.departments, departments_total }
}

fn blocked(counts: RemovalCounts) -> Failure {
    let RemovalCounts { members, members_total, departments, departments_total } = counts;
    Failure::new(
        Reason::MassRemovalBlocked(counts),
        (
            format!("本次同步将移除 {members}/{members_total} 名成员、{departments}/{departments_total} 个部门"),
            format!(
                "the sync would remove {members} of {members_total} members and {departments} of {departments_total} \
                 departments"
            ),
        ),
    )
    .with_hint(Text::new(
        format!(
            "本次同步将移除 {members}/{members_total} 名成员、{departments}/{departments_total} 个部门，已停止且未做任何更改。请检查应用的可见范围；确认无误后允许大量移除再执行"
        ),
        format!(
            "stopped with nothing changed: {members} of {members_total} members and {departments} of {departments_total} \
             departments are no longer visible or have resigned. Check the app's visible range; when this is right, allow \
             the mass removal and sync again"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let missing = Missing { departments, members, resigned, confirmed: 0 };
            let counts = counts(missing, members_total, departments_total);
            assert_eq!(is_mass(&counts), expected, "{counts:?}");
        }
    }
}
