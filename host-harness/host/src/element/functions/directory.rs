//! The local copy, its sync and its feed.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::contract::{
    directory::{
        Begun, ChangePage, Department, DepartmentFilter, DepartmentPage, DirectorySummary, Goal, Member, MemberFilter,
        MemberPage, PlanPage, Report, Strategy, SyncStep,
    },
    types::RemovalCounts,
};

impl Element {
    /// Joins the current run of synchronisation, or begins one.
    pub async fn begin(&self, strategy: &Strategy) -> CallResult<Answered<Begun>> {
        self.call("directory.begin", (strategy,)).await
    }

    /// Advances a run within the limits of one call; the step says what to do next.
    pub async fn advance(&self, run: &str, until: Goal) -> CallResult<Answered<SyncStep>> {
        self.call("directory.advance", (run, until)).await
    }

    /// Lets a blocked run remove what it was blocked for.
    pub async fn approve(&self, run: &str, counts: RemovalCounts) -> CallResult<Answered<()>> {
        self.call("directory.approve", (run, counts)).await
    }

    /// Gives up a run that has written nothing.
    pub async fn abandon(&self, run: &str) -> CallResult<Answered<()>> {
        self.call("directory.abandon", (run,)).await
    }

    /// Ends a run that cannot be carried through, as it stands.
    pub async fn repair(&self, run: &str) -> CallResult<Answered<Report>> {
        self.call("directory.repair", (run,)).await
    }

    /// Forgets the copy with its feed and its runs.
    pub async fn reset(&self) -> CallResult<Answered<()>> {
        self.call("directory.reset", ()).await
    }

    /// A page of what the current run would change.
    pub async fn plan(&self, cursor: Option<&str>, limit: u32) -> CallResult<Answered<PlanPage>> {
        self.call("directory.plan", (cursor, limit)).await
    }

    /// The reports of the last runs, newest first.
    pub async fn history(&self) -> CallResult<Answered<Vec<Report>>> {
        self.call("directory.history", ()).await
    }

    /// Reads the feed after `cursor` (`None`: after what was acknowledged).
    pub async fn changes(&self, cursor: Option<&str>, limit: u32) -> CallResult<Answered<ChangePage>> {
        self.call("directory.changes", (cursor, limit)).await
    }

    /// Gives up the entries of the feed up to `cursor`.
    pub async fn acknowledge(&self, cursor: &str) -> CallResult<Answered<()>> {
        self.call("directory.acknowledge", (cursor,)).await
    }

    /// Counts and the state of synchronisation.
    pub async fn overview(&self) -> CallResult<Answered<DirectorySummary>> {
        self.call("directory.overview", ()).await
    }

    /// A page of the departments of the copy that meet a filter.
    pub async fn departments(
        &self,
        filter: &DepartmentFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> CallResult<Answered<DepartmentPage>> {
        self.call("directory.departments", (filter, cursor, limit)).await
    }

    /// A page of the members of the copy that meet a filter.
    pub async fn members(
        &self,
        filter: &MemberFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> CallResult<Answered<MemberPage>> {
        self.call("directory.members", (filter, cursor, limit)).await
    }

    /// Members of the copy by their ids, in the order asked.
    pub async fn find_members(&self, ids: &[String]) -> CallResult<Answered<Vec<Option<Member>>>> {
        self.call("directory.find-members", (ids,)).await
    }

    /// One member of the copy.
    pub async fn find_member(&self, id: &str) -> CallResult<Answered<Member>> {
        self.call("directory.find-member", (id,)).await
    }

    /// One department of the copy.
    pub async fn find_department(&self, id: &str) -> CallResult<Answered<Department>> {
        self.call("directory.find-department", (id,)).await
    }

    /// Reads one member from the vendor into the copy.
    pub async fn sync_member(&self, id: &str) -> CallResult<Answered<Member>> {
        self.call("directory.sync-member", (id,)).await
    }

    /// Reads one department from the vendor into the copy.
    pub async fn sync_department(&self, id: &str) -> CallResult<Answered<Department>> {
        self.call("directory.sync-department", (id,)).await
    }
}
