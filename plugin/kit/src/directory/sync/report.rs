//! What a run did, or would do, for the administrator.

use serde::{Deserialize, Serialize};

use super::{
    stats::PhaseTime,
    run::{Counts, Run},
};
use crate::{contract::directory as contract, directory::head::Head};

/// The stored form of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How the run ended.
    outcome: Outcome,
    /// The run as it was then.
    run: Run,
    /// Unix milliseconds.
    finished_at: u64,
    /// Departments of the copy afterwards.
    departments_total: u64,
    /// Present members of the copy afterwards.
    members_total: u64,
}

/// The stored form of the contract's `run-outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Written.
    Complete,
    /// A plan, not written yet.
    Planned,
    /// Given up before anything was written.
    Abandoned,
}

impl From<Outcome> for contract::RunOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete => Self::Complete,
            Outcome::Planned => Self::Planned,
            Outcome::Abandoned => Self::Abandoned,
        }
    }
}

impl Report {
    /// The report of a run that ended, or whose plan is complete.
    pub fn new(outcome: Outcome, run: &Run, head: &Head, finished_at: u64) -> Self {
        Self {
            outcome,
            run: run.clone(),
            finished_at,
            departments_total: head.departments,
            members_total: head.members.present(),
        }
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.run.id
    }

    /// How the run ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The contract's record. A complete run counts what it did, every other what it would do.
    pub fn show(&self) -> contract::Report {
        let run = &self.run;
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
        } = if self.outcome == Outcome::Complete { run.applied } else { run.planned };
        contract::Report {
            run: run.id.clone(),
            outcome: self.outcome.into(),
            strategy: if run.is_exported { contract::Strategy::Export } else { contract::Strategy::Walk },
            started_at: run.started_at,
            finished_at: self.finished_at,
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
            departments_total: self.departments_total,
            members_total: self.members_total,
            vendor_calls: run.calls.values().sum(),
            calls_by_api: run
                .calls
                .iter()
                .map(|(api, calls)| contract::CallCount { api: api.clone(), calls: *calls })
                .collect(),
            downloads: run.downloads,
            bytes_in: run.figures.bytes_in,
            retries: run.retries,
            waits: run.waits,
            sync_calls: run.sync_calls,
            peak_memory: run.figures.peak_memory,
            phases: run
                .figures
                .phases
                .iter()
                .map(|PhaseTime { phase, vendor_calls, ms }| contract::PhaseTime {
                    phase: phase.clone(),
                    vendor_calls: *vendor_calls,
                    ms: *ms,
                })
                .collect(),
            notes: run.notes.clone(),
        }
    }
}
