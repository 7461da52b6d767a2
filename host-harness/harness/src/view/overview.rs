//! The answer of `overview`.

use organisation_host::contract::directory::{DirectorySummary, StatusCounts};
use serde::Serialize;

use super::{
    error::RemovalView,
    run::{ProgressView, ReportView},
};

/// What the copy holds and how it stands.
#[derive(Debug, Serialize)]
pub struct OverviewView {
    pub organisation_id: Option<String>,
    pub departments: u64,
    pub members: StatusCountsView,
    pub last_change: u64,
    /// Stands after it in the feed.
    pub cursor: String,
    pub acknowledged: u64,
    pub last_run: Option<ReportView>,
    pub current_run: Option<ProgressView>,
    /// What it would remove, while somebody has to approve that.
    pub blocked: Option<RemovalView>,
    pub partly_applied: bool,
}

/// Members by status.
#[derive(Debug, Serialize)]
pub struct StatusCountsView {
    pub active: u64,
    pub disabled: u64,
    pub not_activated: u64,
    pub left_range: u64,
    pub resigned: u64,
}

impl From<DirectorySummary> for OverviewView {
    fn from(summary: DirectorySummary) -> Self {
        let StatusCounts { active, disabled, not_activated, left_range, resigned } = summary.members;
        Self {
            organisation_id: summary.organisation_id,
            departments: summary.departments,
            members: StatusCountsView { active, disabled, not_activated, left_range, resigned },
            last_change: summary.last_change,
            cursor: summary.cursor,
            acknowledged: summary.acknowledged,
            last_run: summary.last_run.map(ReportView::from),
            current_run: summary.current_run.map(ProgressView::from),
            blocked: summary.blocked.map(RemovalView::from),
            partly_applied: summary.partly_applied,
        }
    }
}
