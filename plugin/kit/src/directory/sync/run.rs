//! A run: the whole state of a sync between two calls, as it lies in storage.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stats::Figures;
use crate::{contract::directory as contract, vendor::client::Usage};

/// One pass over the organisation, from asking for its scope to the last written record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Unique for ever: the scratch of a run that was given up can never be taken for another's.
    pub id: String,
    /// What it was begun for (corp, app, fields): under another corp, app or selection of fields it does not go on.
    pub basis: String,
    /// Unix milliseconds.
    pub started_at: u64,
    /// When WeCom was asked for the departments.
    pub departments_read_at: u64,
    /// Stop before anything is written to the copy.
    pub dry_run: bool,
    /// What is to be done next.
    pub phase: Phase,
    /// How members are to be fetched.
    pub way: Way,
    /// Whether they are fetched, or were, by the bulk export.
    pub is_exported: bool,
    /// What was tried of the bulk export.
    pub export: Attempts,
    /// Pages of departments in scratch.
    pub department_pages: usize,
    /// Departments in scratch.
    pub departments_met: u64,
    /// Pages of members granted one by one.
    pub individual_pages: usize,
    /// Members granted one by one.
    pub individuals: u64,
    /// The last change of the feed when the run began: where it is still the last, nobody else wrote the copy.
    pub began_after: u64,
    /// Distinct members met.
    pub members_met: u64,
    /// Among them those that the directory holds as present.
    pub present_met: u64,
    /// What the plan holds.
    pub planned: Counts,
    /// What was applied so far.
    pub applied: Counts,
    /// Members and departments of the directory that were not met.
    pub missing: Missing,
    /// Whether the guard stopped it, so that a person has to allow the removal.
    pub is_blocked: bool,
    /// Whether any fetched member carried a sensitive field.
    pub saw_sensitive: bool,
    /// Requests side by side; falls when WeCom answers 45033.
    pub parallelism: u32,
    /// Vendor calls by API.
    pub calls: BTreeMap<String, u64>,
    /// Ranges of files that were fetched; not among the calls.
    pub downloads: u64,
    /// Requests that were repeated.
    pub retries: u64,
    /// Times the caller was asked to wait.
    pub waits: u64,
    /// Calls of `sync` that worked on this run.
    pub sync_calls: u32,
    /// What else it took.
    pub figures: Figures,
    /// For the administrator.
    pub notes: Vec<String>,
    /// When the plan was complete.
    pub planned_at: Option<u64>,
    /// Whether a dry run has answered the plan.
    pub is_reported: bool,
    /// Set while the caller was asked to wait.
    pub pending_wait: Option<PendingWait>,
    /// Failures of the current step in a row.
    pub failures: u32,
}

/// What is to be done next. The order is the order of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Ask which departments, members and tags are visible.
    Scope,
    /// Get the members, and the departments where they are not known yet, by the bulk export.
    Export(Export),
    /// Fetch the members of departments, from this one on.
    Fetch(Place),
    /// Fetch members that were granted one by one, from this one on.
    Individuals(Place),
    /// List what the directory holds and the pass did not meet, after this key.
    Missing(Sweep),
    /// Compare the number of missing ones with what the guard allows.
    Guard,
    /// Ask WeCom about each missing one.
    Confirm(Sweep),
    /// The plan is complete.
    Planned,
    /// Write departments, from this page on.
    ApplyDepartments(usize),
    /// Write members, after this key.
    ApplyMembers(Option<String>),
    /// Mark members that left, after this key.
    ApplyRemovals(Option<String>),
    /// Delete departments, deepest first.
    ApplyDepartmentRemovals,
    /// Write the report and clear the scratch.
    Finish,
}

/// How members are to be fetched, as somebody asked when the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// As the number of departments and their sizes suggest.
    Automatic,
    /// Department by department, whatever it takes.
    Walk,
    /// By the bulk export, departments included.
    Export,
}

/// What is to be done next of the bulk export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Export {
    /// Order it, with the departments or for the members alone.
    Order {
        /// Whether the departments are ordered as well.
        departments: bool,
    },
    /// Ask whether it is done. So many times it was not.
    Poll(u32),
    /// Read the files of departments.
    Departments,
    /// Read the files of members, from this place on.
    Members(Mark),
}

/// A place in the files of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The file.
    pub file: usize,
    /// Files in all.
    pub files: usize,
    /// Bytes of it that were read. What reading on takes beside lies sealed in scratch.
    pub offset: u64,
}

/// What was tried of the bulk export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// Orders given.
    pub orders: u32,
    /// Files that could not be used.
    pub damaged: u32,
    /// Bytes of a range, halved when the network is too slow for it. 0 before the first.
    pub range: u64,
    /// Where the walk stopped that was given up for the export.
    pub walked: Place,
    /// It did not work, so nothing of this run asks for it again.
    pub is_given_up: bool,
}

/// Rows of a page of departments: about 30 KB.
pub const DEPARTMENTS_PER_PAGE: usize = 200;
/// Rows of a page of member ids: 65 KB at most.
pub const INDIVIDUALS_PER_PAGE: usize = 1_000;

/// A place in the pages of scratch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The page.
    pub page: usize,
    /// The row of that page.
    pub row: usize,
}

/// A walk over departments, then members, in key order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sweep {
    /// Among departments, after this key.
    Departments(Option<String>),
    /// Among members, after this key.
    Members(Option<String>),
}

/// What was not met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Departments.
    pub departments: u64,
    /// Members.
    pub members: u64,
    /// How many of both WeCom was asked about.
    pub confirmed: u64,
}

/// Numbers of a plan, or of what was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Counts {
    pub departments_added: u64,
    pub departments_updated: u64,
    pub departments_removed: u64,
    pub members_added: u64,
    pub members_updated: u64,
    pub members_left_range: u64,
    pub members_resigned: u64,
    pub members_rejoined: u64,
    pub members_unchanged: u64,
}

/// Why and until when the caller waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingWait {
    /// Unix milliseconds.
    pub not_before: u64,
    /// Kebab-case.
    pub reason: String,
    /// WeCom's code.
    pub vendor_code: Option<i64>,
}

impl Run {
    /// A run that begins now.
    pub fn new(id: String, now: u64, dry_run: bool, parallelism: u32) -> Self {
        Self {
            id,
            basis: String::new(),
            started_at: now,
            departments_read_at: now,
            dry_run,
            phase: Phase::Scope,
            way: Way::Automatic,
            is_exported: false,
            export: Attempts::default(),
            department_pages: 0,
            departments_met: 0,
            individual_pages: 0,
            individuals: 0,
            began_after: 0,
            members_met: 0,
            present_met: 0,
            planned: Counts::default(),
            applied: Counts::default(),
            missing: Missing::default(),
            is_blocked: false,
            saw_sensitive: false,
            parallelism,
            calls: BTreeMap::new(),
            downloads: 0,
            retries: 0,
            waits: 0,
            sync_calls: 0,
            figures: Figures::default(),
            notes: Vec::new(),
            planned_at: None,
            is_reported: false,
            pending_wait: None,
            failures: 0,
        }
    }

    /// The run with nothing met yet: everything that was fetched is to be fetched again. What it took so far, and what
    /// it learned, stays.
    pub fn unmet(&self) -> Self {
        let fresh = Self::new(self.id.clone(), self.started_at, self.dry_run, self.parallelism);
        Self {
            basis: self.basis.clone(),
            way: self.way,
            is_exported: self.is_exported,
            export: Attempts { walked: Place::default(), ..self.export },
            phase: self.phase.clone(),
            calls: self.calls.clone(),
            downloads: self.downloads,
            retries: self.retries,
            waits: self.waits,
            sync_calls: self.sync_calls,
            notes: self.notes.clone(),
            began_after: self.began_after,
            failures: self.failures,
            figures: self.figures.clone(),
            ..fresh
        }
    }

    /// Whether records of the copy are being written.
    pub fn is_applying(&self) -> bool {
        matches!(
            self.phase,
            Phase::ApplyDepartments(_)
                | Phase::ApplyMembers(_)
                | Phase::ApplyRemovals(_)
                | Phase::ApplyDepartmentRemovals
                | Phase::Finish
        )
    }

    /// Adds the vendor calls between two counts of the same client.
    pub fn count(&mut self, now: &Usage, before: &Usage) {
        for (api, calls) in &now.calls {
            let known = before.calls.get(api).copied().unwrap_or_default();
            *self.calls.entry((*api).to_owned()).or_default() += calls - known;
        }
        self.retries += now.retries - before.retries;
        self.downloads += now.downloads - before.downloads;
    }

    /// How the run stands, for people.
    pub fn progress(&self) -> contract::Progress {
        let changes = self.planned.members_added + self.planned.members_updated + self.planned.members_rejoined;
        let removals = self.planned.members_left_range + self.planned.members_resigned;
        let written = self.applied.members_added + self.applied.members_updated + self.applied.members_rejoined;
        let walked = |place: &Place| (place.page * DEPARTMENTS_PER_PAGE + place.row) as u64;
        let (phase, done, total) = match &self.phase {
            Phase::Scope => ("scope", 0, 1),
            Phase::Export(Export::Order { .. }) => ("export-submit", 0, 1),
            Phase::Export(Export::Poll(_)) => ("export-wait", 0, 1),
            Phase::Export(Export::Departments) => ("export-departments", 0, 1),
            Phase::Export(Export::Members(mark)) => ("export-members", mark.file as u64, mark.files as u64),
            Phase::Fetch(place) => ("fetch", walked(place), self.departments_met),
            Phase::Individuals(place) => {
                ("fetch-individuals", (place.page * INDIVIDUALS_PER_PAGE + place.row) as u64, self.individuals)
            }
            Phase::Missing(_) | Phase::Guard => ("plan", 0, 1),
            Phase::Confirm(_) => ("confirm", self.missing.confirmed, self.missing.departments + self.missing.members),
            Phase::Planned => ("planned", 1, 1),
            Phase::ApplyDepartments(page) => {
                ("apply-departments", (page * DEPARTMENTS_PER_PAGE) as u64, self.departments_met)
            }
            Phase::ApplyMembers(_) => ("apply-members", written, changes),
            Phase::ApplyRemovals(_) => {
                ("apply-removals", self.applied.members_left_range + self.applied.members_resigned, removals)
            }
            Phase::ApplyDepartmentRemovals => ("apply-department-removals", 0, self.planned.departments_removed),
            Phase::Finish => ("finish", 0, 1),
        };
        contract::Progress {
            run: self.id.clone(),
            phase: phase.to_owned(),
            done: done.min(total),
            total,
            members: self.members_met,
            vendor_calls: self.calls.values().sum(),
        }
    }
}
