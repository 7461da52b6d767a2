//! What a run does next, and in which order.

use serde::{Deserialize, Serialize};

use super::run::{ExportPhase, PageCursor, Run, Sweep};
use crate::contract::directory::Goal;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Ask which departments and members are visible; so many parts of the answer are known.
    Scope(usize),
    /// Get the members, and the departments where they are not known yet, by the vendor's export.
    Export(ExportPhase),
    /// Fetch the members of departments, from this one on.
    Fetch(PageCursor),
    /// Fetch members that are asked about one by one, from this one on.
    Individuals(PageCursor),
    /// List what the directory holds and the pass did not see, after this key.
    Missing(Sweep),
    /// Compare what would go with what the guard allows.
    Guard,
    /// Ask the vendor about each missing one.
    Confirm(Sweep),
    /// The plan is complete.
    Planned,
    /// Write departments, from this page on.
    ApplyDepartments(usize),
    /// Write members, after this key.
    ApplyMembers(Option<String>),
    /// Mark members that left, after this key.
    ApplyRemovals(Option<String>),
    /// Delete departments, deepest first; so many are done.
    ApplyDepartmentRemovals(usize),
    /// Ask whom the tags of rules name, from this one on, and bring to the members what rules give.
    Spread(usize),
    /// Erase members who left long ago, after this key.
    Retention(Option<String>),
    /// Clear the feed of members who are being erased.
    Erasure,
    /// Write the report and clear the scratch.
    Finish,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Scope(0)
    }
}

/// What follows when a phase has nothing left to do: every transition of a run, but for the export, which is entered
/// from `Scope` or `Fetch` and left for them when it fails.
///
/// A caller who wants the end need not wait for what is missing: whoever joined or changed is written first, since asking
/// about thousands one by one can take hours.
pub(super) fn after(run: &Run, until: Goal) -> Phase {
    match &run.phase {
        Phase::Scope(_) => Phase::Fetch(PageCursor::default()),
        Phase::Export(_) | Phase::Fetch(_) => Phase::Individuals(PageCursor::default()),
        Phase::Individuals(_) => Phase::Missing(Sweep::Departments(None)),
        Phase::Missing(Sweep::Departments(_)) => Phase::Missing(Sweep::Members(None)),
        Phase::Missing(Sweep::Members(_)) => Phase::Guard,
        Phase::Guard if until == Goal::Complete => Phase::ApplyDepartments(0),
        Phase::Guard if run.is_confirmed => Phase::Planned,
        Phase::Guard => Phase::Confirm(Sweep::Departments(None)),
        Phase::Confirm(Sweep::Departments(_)) => Phase::Confirm(Sweep::Members(None)),
        Phase::Confirm(Sweep::Members(_)) if run.is_writing => Phase::ApplyMembers(None),
        Phase::Confirm(Sweep::Members(_)) => Phase::Planned,
        Phase::Planned => Phase::ApplyDepartments(0),
        Phase::ApplyDepartments(_) => Phase::ApplyMembers(None),
        Phase::ApplyMembers(_) if run.is_confirmed => Phase::ApplyRemovals(None),
        Phase::ApplyMembers(_) => Phase::Confirm(Sweep::Departments(None)),
        Phase::ApplyRemovals(_) => Phase::ApplyDepartmentRemovals(0),
        Phase::ApplyDepartmentRemovals(_) => Phase::Spread(0),
        Phase::Spread(_) => Phase::Retention(None),
        Phase::Retention(_) => Phase::Erasure,
        Phase::Erasure | Phase::Finish => Phase::Finish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the phases until the run is planned or complete.
    fn way(until: Goal, something_is_missing: bool) -> Vec<String> {
        let mut run = Run::new("r".to_owned(), 0, 5);
        let mut names = Vec::new();
        loop {
            let name = format!("{:?}", run.phase);
            names.push(name.split('(').next().unwrap_or_default().to_owned());
            match run.phase {
                Phase::Planned | Phase::Finish => return names,
                Phase::Guard => run.is_confirmed = !something_is_missing,
                Phase::ApplyDepartments(_) => run.is_writing = true,
                Phase::Confirm(Sweep::Members(_)) => run.is_confirmed = true,
                _ => {}
            }
            run.phase = after(&run, until);
        }
    }

    #[test]
    fn joins_are_written_before_the_missing_are_asked_about() {
        let fetched = ["Scope", "Fetch", "Individuals", "Missing", "Missing", "Guard"];
        let removed = ["ApplyRemovals", "ApplyDepartmentRemovals", "Spread", "Retention", "Erasure", "Finish"];
        for (until, something_is_missing, then) in [
            (Goal::Plan, false, vec!["Planned"]),
            (Goal::Plan, true, vec!["Confirm", "Confirm", "Planned"]),
            (Goal::Complete, false, [&["ApplyDepartments", "ApplyMembers"], &removed[..]].concat()),
            (
                Goal::Complete,
                true,
                [&["ApplyDepartments", "ApplyMembers", "Confirm", "Confirm", "ApplyMembers"], &removed[..]].concat(),
            ),
        ] {
            assert_eq!(
                way(until, something_is_missing),
                [&fetched[..], &then].concat(),
                "{until:?} {something_is_missing}"
            );
        }
    }
}
