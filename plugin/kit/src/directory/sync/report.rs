//! What a run did, or would do, for the administrator.

use serde::{Deserialize, Serialize};

use super::{
    run::{ChangeCounts, Run},
    stats::Stats,
};
use crate::{
    contract::directory::{self as contract, RunOutcome},
    directory::head::Head,
    json,
    locale::{Locale, Text},
};

/// The form in which this version stores a report.
const FORMAT: u32 = 1;

/// The stored form of a report: the contract's own, with notes in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The first versions wrote the same form without its number.
    #[serde(default = "first_format")]
    format: u32,
    report: contract::Report,
    notes: Vec<Text>,
}

fn first_format() -> u32 {
    1
}

impl Report {
    /// Reads a stored one; nothing where it is of another form or damaged, since an older one only ever told people something.
    pub fn read(json: &str) -> Option<Self> {
        json::from_str::<Self>(json).ok().filter(|report| report.format == FORMAT)
    }

    /// The report of a run that ended, or whose plan is complete. One that wrote counts what it did, every other what it
    /// would do.
    pub fn new(outcome: RunOutcome, run: &Run, stats: &Stats, head: &Head, finished_at: u64) -> Self {
        let ChangeCounts {
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
            strategy: if run.is_export { contract::Strategy::Export } else { contract::Strategy::Walk },
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
            vendor_calls: stats.vendor_calls(),
            calls_by_api: stats.calls_by_api(),
            downloads: stats.downloads,
            bytes_in: stats.bytes_in,
            retries: stats.retries,
            waits: stats.waits,
            advances: stats.advances,
            peak_memory: stats.peak_memory,
            phases: stats.phases.clone(),
            notes: Vec::new(),
        };
        Self { format: FORMAT, report, notes: run.notes.clone() }
    }

    pub fn run_id(&self) -> &str {
        &self.report.run
    }

    pub fn outcome(&self) -> RunOutcome {
        self.report.outcome
    }

    pub fn show(self, locale: Locale) -> contract::Report {
        let notes = self.notes.iter().map(|note| note.line(locale)).collect();
        contract::Report { notes, ..self.report }
    }
}
