//! What a run did, or would do, for the administrator.

use serde::{Deserialize, Serialize};

use super::run::{Counts, Run};
use crate::{
    contract::directory as contract,
    directory::{head::Head, key},
    failure::Failure,
    platform::Platform,
    store,
};

/// The stored form of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The run as it ended.
    run: Run,
    /// Unix milliseconds.
    finished_at: u64,
    /// Departments of the copy afterwards.
    departments_total: u64,
    /// Present members of the copy afterwards.
    members_total: u64,
}

impl Report {
    /// The report of a run that is complete, or whose plan is.
    pub fn new(run: &Run, head: &Head, finished_at: u64) -> Self {
        Self {
            run: run.clone(),
            finished_at,
            departments_total: head.departments,
            members_total: head.members.present(),
        }
    }

    /// The contract's record. A plan counts what it would do, a complete run what it did.
    pub fn show(&self, is_plan: bool) -> contract::Report {
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
        } = if is_plan { run.planned } else { run.applied };
        contract::Report {
            run: run.id.clone(),
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
            retries: run.retries,
            waits: run.waits,
            sync_calls: run.sync_calls,
            notes: run.notes.clone(),
        }
    }
}

/// The report of the last complete run.
pub fn last<P: Platform>(platform: &P) -> Result<Option<contract::Report>, Failure> {
    Ok(store::get::<_, Report>(platform, key::LAST_RUN)?.map(|stored| stored.value.show(false)))
}
