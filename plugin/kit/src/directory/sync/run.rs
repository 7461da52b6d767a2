//! A run: the whole state of a sync between two calls, as it lies in storage.

use serde::{Deserialize, Serialize};

use super::phase::Phase;
use crate::{
    contract::{
        directory::{self as contract, Strategy},
        types::RemovalCounts,
    },
    directory::{key, record::CLOCK_SKEW_MS},
    failure::Failure,
    json,
    locale::Text,
    platform::Platform,
    store,
};

/// The form in which this version stores a run; a newer version counts on. See [`Outline`] for runs of other forms.
const FORMAT: u32 = 7;

/// One pass over the organisation, from asking for its scope to the last written record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub(super) format: u32,
    /// Unique for ever: the scratch of a run that was given up can never be taken for another's.
    pub id: String,
    /// What it was begun for (organisation, app, API, fields): under another one it does not go on.
    pub basis: String,
    /// Unix milliseconds.
    pub started_at: u64,
    /// When it was written last: the sign that somebody works on it.
    pub written_at: u64,
    /// When the vendor was asked for the departments.
    pub departments_read_at: u64,
    /// What is to be done next.
    pub phase: Phase,
    /// How members are to be fetched, as somebody asked when the run began.
    pub strategy: Strategy,
    /// Whether they are fetched, or were, by the vendor's export.
    pub is_export: bool,
    /// The export did not work, so nothing of this run asks for it again.
    pub export_failed: bool,
    /// Where the walk stopped that was given up for the export.
    pub walked: PageCursor,
    pub department_pages: usize,
    pub departments_seen: u64,
    /// Rows of departments whose id could not be read: what was not seen may be among them.
    pub departments_unreadable: u64,
    /// Pages of members that are asked about one by one.
    pub individual_pages: usize,
    /// Members that are asked about one by one.
    pub individuals: u64,
    /// The last change of the feed when the run began: where it is still the last, nobody else wrote the copy.
    pub began_after: u64,
    pub members_seen: u64,
    /// Among them those that the directory holds as present.
    pub present_seen: u64,
    pub planned: ChangeCounts,
    pub applied: ChangeCounts,
    /// What of the directory would go.
    pub missing: Missing,
    /// What the guard stopped, while a person has to approve it.
    pub blocked: Option<RemovalCounts>,
    /// What a person has approved to go: no more of either.
    pub approved: Option<RemovalCounts>,
    /// The administrators among what the guard stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub administrators_leaving: Vec<String>,
    /// Those among what was approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_administrators: Vec<String>,
    /// Members who left long ago and were erased.
    #[serde(default)]
    pub erased: u64,
    /// Whether the vendor was asked about everything that was not seen.
    pub is_confirmed: bool,
    /// Whether records of the copy are written, or were: such a run can only be carried through.
    pub is_writing: bool,
    /// Whether any fetched member carried a sensitive field.
    pub saw_sensitive: bool,
    /// Requests side by side; falls when the vendor wants fewer at once.
    pub parallelism: u32,
    pub notes: Vec<Text>,
    pub planned_at: Option<u64>,
    /// Set while the caller was asked to wait.
    pub pending_wait: Option<PendingWait>,
    /// Failures since the run last got on.
    pub failures: Failures,
}

/// Failures in a row, each kind with a patience of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// The vendor asked for fewer calls.
    pub rate_limits: u32,
    /// The vendor was busy, could not be reached or could not be read.
    pub hiccups: u32,
}

/// Where an export stands. The kit stores the vendor's state and knows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPhase {
    pub(super) state: String,
    /// For people: name, done, total.
    pub(super) progress: (String, u64, u64),
}

/// Rows of a page of departments: about 30 KB.
pub const DEPARTMENTS_PER_PAGE: usize = 200;
/// Rows of a page of member ids: 65 KB at most.
pub const INDIVIDUALS_PER_PAGE: usize = 1_000;

/// A place in the pages of scratch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageCursor {
    pub page: usize,
    pub row: usize,
    /// Where in the list of that row's department, as the vendor named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
}

impl PageCursor {
    /// The place `rows` further on, on the next page after the end of this one, at the beginning of a list.
    pub(super) fn advance(&self, rows: usize, page_len: usize) -> Self {
        let row = self.row + rows;
        let (page, row) = if row < page_len { (self.page, row) } else { (self.page + 1, 0) };
        Self { page, row, within: None }
    }
}

/// A walk over departments, then members, in key order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sweep {
    Departments(Option<String>),
    Members(Option<String>),
}

/// What of the directory would go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Departments that were not seen, and that the vendor was not asked about yet.
    pub departments: u64,
    pub members: u64,
    /// Present members who, as the vendor says, have resigned.
    pub resigned: u64,
    /// How many of both that were not seen the vendor was asked about.
    pub confirmed: u64,
    /// How many departments and members of the copy were looked at to find them, and how many it holds.
    pub searched: (u64, u64),
}

/// Numbers of a plan, or of what was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ChangeCounts {
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

impl ChangeCounts {
    pub(super) fn member_changes(&self) -> u64 {
        self.members_added
            + self.members_updated
            + self.members_left_range
            + self.members_resigned
            + self.members_rejoined
    }

    pub(super) fn count(&mut self, kind: contract::ChangeKind) {
        use contract::ChangeKind;
        *match kind {
            // No sync writes roles or erases anybody.
            ChangeKind::MemberRolesUpdated | ChangeKind::MemberErased => return,
            ChangeKind::MemberAdded => &mut self.members_added,
            ChangeKind::MemberUpdated => &mut self.members_updated,
            ChangeKind::MemberLeftRange => &mut self.members_left_range,
            ChangeKind::MemberResigned => &mut self.members_resigned,
            ChangeKind::MemberRejoined => &mut self.members_rejoined,
            ChangeKind::DepartmentAdded => &mut self.departments_added,
            ChangeKind::DepartmentUpdated => &mut self.departments_updated,
            ChangeKind::DepartmentRemoved => &mut self.departments_removed,
        } += 1;
    }
}

/// The longest wait, whoever asks for it: a day (contract).
pub(super) const LONGEST_WAIT_MS: u64 = 24 * 60 * 60 * 1_000;

/// The reason of a wait for the vendor to finish an export; the vendor's word that it has ends it.
pub const EXPORT_RUNNING: &str = "export-running";

/// Why and until when the caller waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingWait {
    /// Unix milliseconds, by the clock of the host that waits.
    #[serde(default)]
    asked_at: u64,
    pub(super) not_before: u64,
    pub(super) reason: String,
    pub(super) vendor_code: Option<i64>,
}

impl PendingWait {
    /// A wait of so many milliseconds, at most a day. The reason is kebab-case, the code the vendor's.
    pub fn new(now: u64, wait_ms: u64, reason: &str, vendor_code: Option<i64>) -> Self {
        let not_before = now.saturating_add(wait_ms.min(LONGEST_WAIT_MS));
        Self { asked_at: now, not_before, reason: reason.to_owned(), vendor_code }
    }

    /// Whether it is not over. What a host has stored whose clock is far ahead would hold everybody else until then.
    pub(super) fn holds(&self, now: u64) -> bool {
        let is_trusted = self.asked_at <= now.saturating_add(CLOCK_SKEW_MS)
            && self.not_before <= now.saturating_add(LONGEST_WAIT_MS + CLOCK_SKEW_MS);
        is_trusted && now < self.not_before
    }
}

/// The run that lies in storage.
#[derive(Debug)]
pub enum Stored {
    None,
    /// One of this version, and which write it is.
    Readable(Box<Run>, u64),
    /// One of another version, with no more than its outline.
    Foreign(Box<Run>, u64),
    /// One that is damaged.
    Unreadable(u64),
}

impl Stored {
    /// The run, where it can be read.
    pub fn readable(self) -> Option<Run> {
        match self {
            Self::Readable(run, _) => Some(*run),
            Self::None | Self::Foreign(..) | Self::Unreadable(_) => None,
        }
    }

    /// Whether it has begun to write, whichever version did.
    pub fn is_writing(&self) -> bool {
        matches!(self, Self::Readable(run, _) | Self::Foreign(run, _) if run.is_writing)
    }
}

/// What every version stores of a run under the same names, whatever else it changes. So no version ends the run of another
/// one without a word, and an older one sees that a newer one is at work.
#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    format: u32,
    id: String,
    #[serde(default)]
    basis: String,
    started_at: u64,
    #[serde(default)]
    written_at: u64,
    #[serde(default)]
    is_writing: bool,
    #[serde(default, alias = "is_bulk", alias = "is_exported")]
    is_export: bool,
    #[serde(default)]
    pending_wait: Option<PendingWait>,
}

impl Outline {
    /// A run that can be ended and reported, but not advanced.
    fn into_run(self) -> Run {
        let Self { format, id, basis, started_at, written_at, is_writing, is_export, pending_wait } = self;
        let note = (
            format!("该次同步由本组件的其他版本开始（格式 {format}，本版本为 {FORMAT}），无法继续：其计数未知"),
            format!(
                "the run was begun by another version of this component (format {format}, this version has {FORMAT}) and \
                 cannot go on: what it did is not known"
            ),
        );
        let notes = vec![note.into()];
        Run { format, basis, written_at, is_writing, is_export, pending_wait, notes, ..Run::new(id, started_at, 1) }
    }
}

/// Whether it has the form of a run's id: twelve hexadecimal digits of time, sixteen of chance.
pub(super) fn is_id(text: &str) -> bool {
    let is_hex = |part: &str, len| part.len() == len && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_once('-').is_some_and(|(time, chance)| is_hex(time, 12) && is_hex(chance, 16))
}

/// Reads the current run.
pub fn load(platform: &dyn Platform) -> Result<Stored, Failure> {
    let Some(entry) = store::get_text(platform, key::RUN)? else { return Ok(Stored::None) };
    match json::from_str::<Run>(&entry.value) {
        Ok(run) if run.format == FORMAT => return Ok(Stored::Readable(Box::new(run), entry.version)),
        _ => {}
    }
    Ok(match json::from_str::<Outline>(&entry.value) {
        Ok(outline) if outline.format != FORMAT && is_id(&outline.id) => {
            Stored::Foreign(Box::new(outline.into_run()), entry.version)
        }
        _ => Stored::Unreadable(entry.version),
    })
}

impl Run {
    pub fn new(id: String, now: u64, parallelism: u32) -> Self {
        Self {
            format: FORMAT,
            id,
            started_at: now,
            written_at: now,
            departments_read_at: now,
            parallelism,
            ..Self::default()
        }
    }

    pub(super) fn is_own(&self) -> bool {
        self.format == FORMAT
    }

    pub(super) fn is_newer(&self) -> bool {
        self.format > FORMAT
    }

    /// How the run stands, for people, after so many vendor calls.
    pub fn progress(&self, vendor_calls: u64) -> contract::Progress {
        let changes = self.planned.members_added + self.planned.members_updated + self.planned.members_rejoined;
        let removals = self.planned.members_left_range + self.planned.members_resigned;
        let written = self.applied.members_added + self.applied.members_updated + self.applied.members_rejoined;
        let walked = |at: &PageCursor| (at.page * DEPARTMENTS_PER_PAGE + at.row) as u64;
        let (phase, done, total) = match &self.phase {
            Phase::Scope(parts) => ("scope", *parts as u64, *parts as u64 + 1),
            Phase::Export(ExportPhase { progress: (name, done, total), .. }) => (name.as_str(), *done, *total),
            Phase::Fetch(at) => ("fetch", walked(at), self.departments_seen),
            Phase::Individuals(at) => {
                ("fetch-individuals", (at.page * INDIVIDUALS_PER_PAGE + at.row) as u64, self.individuals)
            }
            Phase::Missing(_) => ("missing", self.missing.searched.0, self.missing.searched.1),
            Phase::Guard => ("guard", 0, 1),
            Phase::Confirm(_) => (
                "confirm",
                self.missing.confirmed,
                self.missing.confirmed + self.missing.departments + self.missing.members,
            ),
            Phase::Planned => ("planned", 1, 1),
            Phase::ApplyDepartments(page) => {
                ("apply-departments", (page * DEPARTMENTS_PER_PAGE) as u64, self.departments_seen)
            }
            Phase::ApplyMembers(_) => ("apply-members", written, changes),
            Phase::ApplyRemovals(_) => {
                ("apply-removals", self.applied.members_left_range + self.applied.members_resigned, removals)
            }
            Phase::ApplyDepartmentRemovals(done) => {
                ("apply-department-removals", *done as u64, self.planned.departments_removed)
            }
            Phase::Spread(tags) => ("spread-roles", *tags as u64, *tags as u64 + 1),
            Phase::Retention(_) | Phase::Erasure => ("erase", 0, 1),
            Phase::Finish => ("finish", 0, 1),
        };
        contract::Progress {
            run: self.id.clone(),
            phase: phase.to_owned(),
            done: done.min(total),
            total,
            members: self.members_seen,
            vendor_calls,
        }
    }
}
