//! What a run did, or would do, for the administrator.

use serde::{Deserialize, Serialize};

use super::run::{Counts, Run};
use crate::{
    contract::directory::{self as contract, RunOutcome},
    directory::head::Head,
    locale::{Locale, Text},
};

/// The stored form of a report: the contract's own, with notes in both languages. One that another version stored and
/// that cannot be read is left out of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    report: contract::Report,
    notes: Vec<Text>,
}

impl Report {
    /// The report of a run that ended, or whose plan is complete. One that wrote counts what it did, every other what it
    /// would do.
    pub fn new(outcome: RunOutcome, run: &Run, head: &Head, finished_at: u64) -> Self {
        let Counts {
            departments_added,
            departments_updated,
            departments_removed,
            members_added,
            members_updated,
            members_left_range,
            members_resigned,
            members_rejoined,
            ..
        } = match outcome {
            RunOutcome::Complete | RunOutcome::Repaired => run.applied,
            RunOutcome::Planned | RunOutcome::Abandoned => run.planned,
        };
        let report = contract::Report {
            run: run.id.clone(),
            outcome,
            strategy: if run.is_bulk { contract::Strategy::Export } else { contract::Strategy::Walk },
            started_at: run.started_at,
            finished_at,
            departments: contract::DepartmentCounts {
                added: departments_added,
                updated: departments_updated,
                removed: departments_removed,
            },
            members: contract::MemberCounts {
                added: members_added,
                updated: members_updated,
                left_range: members_left_range,
                resigned: members_resigned,
                rejoined: members_rejoined,
                unchanged: run.planned.members_unchanged,
            },
            departments_total: head.departments,
            members_total: head.members.present(),
            vendor_calls: run.stats.vendor_calls(),
            calls_by_api: run.stats.calls_by_api(),
            downloads: run.stats.downloads,
            bytes_in: run.stats.bytes_in,
            retries: run.stats.retries,
            waits: run.stats.waits,
            advances: run.stats.advances,
            peak_memory: run.stats.peak_memory,
            phases: run.stats.phases.clone(),
            notes: Vec::new(),
        };
        Self { report, notes: run.notes.clone() }
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.report.run
    }

    /// How the run ended.
    pub fn outcome(&self) -> RunOutcome {
        self.report.outcome
    }

    /// The contract's record.
    pub fn show(self, locale: Locale) -> contract::Report {
        let notes = self.notes.iter().map(|note| note.line(locale)).collect();
        contract::Report { notes, ..self.report }
    }
}
