//! How a run of synchronisation stands or ended.

use std::collections::BTreeMap;

use organisation_host::contract::directory::{
    DepartmentCounts, MemberCounts, PhaseTime, Progress, Report, RunOutcome, Strategy,
};
use serde::Serialize;

use super::{error::ErrorView, plan::PlannedChangeView, time};
use crate::{
    output::Kept,
    run::{Finished, RunEnd},
};

/// What `sync` prints.
#[derive(Debug, Serialize)]
pub struct SyncView {
    pub state: &'static str,
    pub run: Option<String>,
    /// What was done, or in a plan would be; nothing while the run is not there yet.
    pub departments: Option<DepartmentCountsView>,
    pub members: Option<MemberCountsView>,
    /// What the copy holds afterwards.
    pub totals: Option<TotalsView>,
    pub vendor_calls: u64,
    /// Whether the run had begun before this command.
    pub resumed: bool,
    pub report: Option<ReportView>,
    /// Everything that a finished dry run would change, for programs.
    pub plan: Option<Kept<PlannedChangeView>>,
    /// Its beginning, for people.
    #[serde(skip)]
    pub preview: Vec<PlannedChangeView>,
    pub progress: Option<ProgressView>,
    /// Why a person has to act.
    pub error: Option<ErrorView>,
    pub waiting: Option<WaitingView>,
    /// Whether Ctrl-C ended the command.
    pub interrupted: bool,
}

/// Departments by what happened to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DepartmentCountsView {
    pub added: u64,
    pub updated: u64,
    pub removed: u64,
}

/// Members by what happened to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemberCountsView {
    pub added: u64,
    pub updated: u64,
    pub left_range: u64,
    pub resigned: u64,
    pub rejoined: u64,
    pub unchanged: u64,
}

/// Departments and present members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TotalsView {
    pub departments: u64,
    pub members: u64,
}

/// Why and until when to wait.
#[derive(Debug, Serialize)]
pub struct WaitingView {
    pub not_before: String,
    pub reason: String,
    pub vendor_code: Option<i64>,
}

/// Where a run is.
#[derive(Debug, Serialize)]
pub struct ProgressView {
    pub run: String,
    pub phase: String,
    pub done: u64,
    pub total: u64,
    pub members: u64,
    pub vendor_calls: u64,
}

/// What a run did and what it took.
#[derive(Debug, Serialize)]
pub struct ReportView {
    pub run: String,
    pub outcome: &'static str,
    pub strategy: String,
    pub started_at: String,
    pub finished_at: String,
    /// Between the two, waits included.
    pub duration_ms: u64,
    pub departments: DepartmentCountsView,
    pub members: MemberCountsView,
    pub totals: TotalsView,
    pub vendor_calls: u64,
    pub calls_by_api: BTreeMap<String, u64>,
    /// Files or ranges of files fetched outside the API.
    pub downloads: u64,
    pub bytes_in: u64,
    pub retries: u64,
    pub waits: u64,
    pub advances: u32,
    pub peak_memory: u64,
    /// Working time, without waits, in the order of the run.
    pub phases: Vec<PhaseView>,
    pub notes: Vec<String>,
}

/// What one phase took.
#[derive(Debug, Serialize)]
pub struct PhaseView {
    pub phase: String,
    pub vendor_calls: u64,
    pub ms: u64,
}

/// What `abandon` prints.
#[derive(Debug, Serialize)]
pub struct AbandonedView {
    pub abandoned: String,
}

/// What `repair` prints.
#[derive(Debug, Serialize)]
pub struct RepairedView {
    pub repaired: ReportView,
}

/// What `reset` prints.
#[derive(Debug, Serialize)]
pub struct ResetView {
    pub reset: bool,
}

/// What `sync --history` prints.
#[derive(Debug, Serialize)]
pub struct HistoryView {
    /// Newest first.
    pub runs: Vec<ReportView>,
}

impl From<PhaseTime> for PhaseView {
    fn from(time: PhaseTime) -> Self {
        let PhaseTime { phase, vendor_calls, ms } = time;
        Self { phase, vendor_calls, ms }
    }
}

impl From<DepartmentCounts> for DepartmentCountsView {
    fn from(counts: DepartmentCounts) -> Self {
        let DepartmentCounts { added, updated, removed } = counts;
        Self { added, updated, removed }
    }
}

impl From<MemberCounts> for MemberCountsView {
    fn from(counts: MemberCounts) -> Self {
        let MemberCounts { added, updated, left_range, resigned, rejoined, unchanged } = counts;
        Self { added, updated, left_range, resigned, rejoined, unchanged }
    }
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> Self {
        let Progress { run, phase, done, total, members, vendor_calls } = progress;
        Self { run, phase, done, total, members, vendor_calls }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            run: report.run,
            outcome: match report.outcome {
                RunOutcome::Complete => "complete",
                RunOutcome::Planned => "planned",
                RunOutcome::Abandoned => "abandoned",
                RunOutcome::Repaired => "repaired",
            },
            strategy: match report.strategy {
                Strategy::Automatic => "auto".to_owned(),
                Strategy::Walk => "walk".to_owned(),
                Strategy::Export => "export".to_owned(),
                Strategy::Other(name) => name,
            },
            started_at: time(report.started_at),
            finished_at: time(report.finished_at),
            duration_ms: report.finished_at.saturating_sub(report.started_at),
            departments: report.departments.into(),
            members: report.members.into(),
            totals: TotalsView { departments: report.departments_total, members: report.members_total },
            vendor_calls: report.vendor_calls,
            calls_by_api: report.calls_by_api.into_iter().map(|count| (count.api, count.calls)).collect(),
            downloads: report.downloads,
            bytes_in: report.bytes_in,
            retries: report.retries,
            waits: report.waits,
            advances: report.advances,
            peak_memory: report.peak_memory,
            phases: report.phases.into_iter().map(PhaseView::from).collect(),
            notes: report.notes,
        }
    }
}

impl From<Finished> for SyncView {
    fn from(finished: Finished) -> Self {
        let Finished { ended, resumed } = finished;
        let empty = Self {
            state: "waiting",
            run: None,
            departments: None,
            members: None,
            totals: None,
            vendor_calls: 0,
            resumed,
            report: None,
            plan: None,
            preview: Vec::new(),
            progress: None,
            error: None,
            waiting: None,
            interrupted: false,
        };
        match ended {
            RunEnd::Complete(report) => empty.with_report("complete", report),
            RunEnd::Planned(report) => empty.with_report("planned", report),
            RunEnd::Paused(pause) => {
                let error = Some(pause.error.into());
                Self { state: "paused", error, ..empty.with_progress(Some(pause.progress)) }
            }
            RunEnd::Blocked(pause) => {
                let error = ErrorView { run: Some(pause.progress.run.clone()), ..pause.error.into() };
                Self { state: "blocked", error: Some(error), ..empty.with_progress(Some(pause.progress)) }
            }
            RunEnd::Waiting { waiting, interrupted } => {
                let view = WaitingView {
                    not_before: time(waiting.not_before),
                    reason: waiting.reason,
                    vendor_code: waiting.vendor_code,
                };
                Self { waiting: Some(view), interrupted, ..empty.with_progress(Some(waiting.progress)) }
            }
            RunEnd::Interrupted(progress) => Self { interrupted: true, ..empty.with_progress(progress) },
        }
    }
}

impl SyncView {
    fn with_report(self, state: &'static str, report: Report) -> Self {
        let report = ReportView::from(report);
        Self {
            state,
            run: Some(report.run.clone()),
            departments: Some(report.departments),
            members: Some(report.members),
            totals: Some(report.totals),
            vendor_calls: report.vendor_calls,
            report: Some(report),
            ..self
        }
    }

    fn with_progress(self, progress: Option<Progress>) -> Self {
        let progress = progress.map(ProgressView::from);
        Self {
            run: progress.as_ref().map(|progress| progress.run.clone()),
            vendor_calls: progress.as_ref().map_or(0, |progress| progress.vendor_calls),
            progress,
            ..self
        }
    }
}
