//! The local copy, its sync and its feed.

use super::super::Element;
use crate::call::{Answered, Call};
use crate::contract::{
    directory::{
        Begun, ChangePage, Department, DepartmentFilter, DepartmentPage, DirectorySummary, Goal, Member, MemberFilter,
        MemberPage, PlanPage, Report, Strategy, SyncStep,
    },
    types::RemovalCounts,
};

impl Element {
    /// Joins the current run of synchronisation, or begins one.
    pub fn begin<'a>(&'a self, strategy: &'a Strategy) -> Call<'a, Answered<Begun>> {
        self.call("directory.begin", (strategy,))
    }

    /// Advances a run within the limits of one call; the step says what to do next.
    pub fn advance<'a>(&'a self, run: &'a str, until: Goal) -> Call<'a, Answered<SyncStep>> {
        self.call("directory.advance", (run, until))
    }

    /// Lets a blocked run remove what it was blocked for.
    pub fn approve<'a>(&'a self, run: &'a str, counts: RemovalCounts) -> Call<'a, Answered<()>> {
        self.call("directory.approve", (run, counts))
    }

    /// Gives up a run that has written nothing.
    pub fn abandon<'a>(&'a self, run: &'a str) -> Call<'a, Answered<()>> {
        self.call("directory.abandon", (run,))
    }

    /// Ends a run that cannot be carried through, as it stands.
    pub fn repair<'a>(&'a self, run: &'a str) -> Call<'a, Answered<Report>> {
        self.call("directory.repair", (run,))
    }

    /// Forgets the copy with its feed and its runs.
    pub fn reset(&self) -> Call<'_, Answered<()>> {
        self.call("directory.reset", ())
    }

    /// A page of what the current run would change.
    pub fn plan<'a>(&'a self, cursor: Option<&'a str>, limit: u32) -> Call<'a, Answered<PlanPage>> {
        self.call("directory.plan", (cursor, limit))
    }

    /// The reports of the last runs, newest first.
    pub fn history(&self) -> Call<'_, Answered<Vec<Report>>> {
        self.call("directory.history", ())
    }

    /// Reads the feed after `cursor` (`None`: after what was acknowledged).
    pub fn changes<'a>(&'a self, cursor: Option<&'a str>, limit: u32) -> Call<'a, Answered<ChangePage>> {
        self.call("directory.changes", (cursor, limit))
    }

    /// Gives up the entries of the feed up to `cursor`.
    pub fn acknowledge<'a>(&'a self, cursor: &'a str) -> Call<'a, Answered<()>> {
        self.call("directory.acknowledge", (cursor,))
    }

    /// Counts and the state of synchronisation.
    pub fn overview(&self) -> Call<'_, Answered<DirectorySummary>> {
        self.call("directory.overview", ())
    }

    /// A page of the departments of the copy that meet a filter.
    pub fn departments<'a>(
        &'a self,
        filter: &'a DepartmentFilter,
        cursor: Option<&'a str>,
        limit: u32,
    ) -> Call<'a, Answered<DepartmentPage>> {
        self.call("directory.departments", (filter, cursor, limit))
    }

    /// A page of the members of the copy that meet a filter.
    pub fn members<'a>(
        &'a self,
        filter: &'a MemberFilter,
        cursor: Option<&'a str>,
        limit: u32,
    ) -> Call<'a, Answered<MemberPage>> {
        self.call("directory.members", (filter, cursor, limit))
    }

    /// Members of the copy by their ids, in the order asked.
    pub fn find_members<'a>(&'a self, ids: &'a [String]) -> Call<'a, Answered<Vec<Option<Member>>>> {
        self.call("directory.find-members", (ids,))
    }

    /// One member of the copy.
    pub fn find_member<'a>(&'a self, id: &'a str) -> Call<'a, Answered<Member>> {
        self.call("directory.find-member", (id,))
    }

    /// One department of the copy.
    pub fn find_department<'a>(&'a self, id: &'a str) -> Call<'a, Answered<Department>> {
        self.call("directory.find-department", (id,))
    }

    /// Reads one member from the vendor into the copy.
    pub fn sync_member<'a>(&'a self, id: &'a str) -> Call<'a, Answered<Member>> {
        self.call("directory.sync-member", (id,))
    }

    /// Reads one department from the vendor into the copy.
    pub fn sync_department<'a>(&'a self, id: &'a str) -> Call<'a, Answered<Department>> {
        self.call("directory.sync-department", (id,))
    }
}
