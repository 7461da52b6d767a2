//! Where everything lies in storage. This is the whole layout of the directory; no other file spells a key.
//!
//! | Key | Value |
//! |---|---|
//! | `directory/head` | [`super::head::Head`]: corp id, last change, counts; its version serialises all writers |
//! | `directory/d/<id>` | a department |
//! | `directory/m/<id>` | a member, whatever its status; ids in lower case, since they compare ignoring case |
//! | `directory/x/<department>/<id>` | present members by department; empty value |
//! | `directory/o/<id>` | what the platform adds to a member (roles); outlives every sync |
//! | `directory/f/<seq>` | an entry of the change feed, for 30 days; the number has 20 digits, so keys order by it |
//! | `directory/acknowledged` | the last change that was acknowledged |
//! | `directory/run` | the current [`super::sync::run::Run`] |
//! | `directory/run-lease` | who works on it now |
//! | `directory/synced-at` | when the last run was complete, in Unix milliseconds |
//! | `directory/export-refused` | why the bulk export does not work here, for a week |
//! | `directory/h/<run>` | the report of one of the last runs; ids of runs begin with the time, so keys order by it |
//! | `directory/r/<run>/j/<page>` | scratch, sealed: the bulk export that was ordered, with its key; the place in a file |
//! | `directory/r/<run>/d/<page>` | scratch: the departments met, parents first |
//! | `directory/r/<run>/u/<page>` | scratch: members granted one by one or by tag |
//! | `directory/r/<run>/b/<page>` | scratch: one bit for each member of the directory, set when it was met |
//! | `directory/r/<run>/m/<id>` | scratch: a member that is new or differs |
//! | `directory/r/<run>/g/<id>` | scratch: a member that was not met |
//! | `directory/r/<run>/e/<id>` | scratch: a department that was not met |
//! | `observed/sensitive-fields` | whether the last run saw any sensitive field, for `check-connection` |

/// See the table above.
pub const HEAD: &str = "directory/head";
/// See the table above.
pub const ACKNOWLEDGED: &str = "directory/acknowledged";
/// See the table above.
pub const RUN: &str = "directory/run";
/// See the table above.
pub const RUN_LEASE: &str = "directory/run-lease";
/// See the table above.
pub const OBSERVED_SENSITIVE_FIELDS: &str = "observed/sensitive-fields";
/// See the table above.
pub const SYNCED_AT: &str = "directory/synced-at";
/// See the table above.
pub const EXPORT_REFUSED: &str = "directory/export-refused";
/// Prefix of what runs keep for themselves.
pub const ALL_SCRATCH: &str = "directory/r/";
/// Prefix of all departments.
pub const DEPARTMENTS: &str = "directory/d/";
/// Prefix of all members.
pub const MEMBERS: &str = "directory/m/";
/// Prefix of the change feed.
pub const FEED: &str = "directory/f/";
/// Prefix of the reports of runs.
pub const HISTORY: &str = "directory/h/";

/// A department.
pub fn department(id: &str) -> String {
    format!("{DEPARTMENTS}{id}")
}

/// A member, by its id in any spelling.
pub fn member(id: &str) -> String {
    [MEMBERS, &fold(id)].concat()
}

/// What the platform adds to a member, by its id in any spelling.
pub fn overlay(id: &str) -> String {
    format!("directory/o/{}", fold(id))
}

/// Prefix of a department's index.
pub fn index(department: &str) -> String {
    format!("directory/x/{department}/")
}

/// A member's entry in a department's index.
pub fn index_entry(department: &str, id: &str) -> String {
    ["directory/x/", department, "/", &fold(id)].concat()
}

/// An entry of the change feed.
pub fn change(seq: u64) -> String {
    format!("{FEED}{seq:020}")
}

/// The report of a run.
pub fn history_of(run: &str) -> String {
    format!("{HISTORY}{run}")
}

/// The form of an id under which it is compared.
pub fn fold(id: &str) -> String {
    // Nearly all are, and need no tables.
    if id.is_ascii() { id.to_ascii_lowercase() } else { id.to_lowercase() }
}

/// Everything of a run.
pub fn scratch(run: &str) -> String {
    format!("directory/r/{run}/")
}

/// One kind of scratch of a run; see the table above.
pub fn scratch_of(run: &str, kind: char) -> String {
    format!("directory/r/{run}/{kind}/")
}

/// A numbered page of scratch.
pub fn scratch_page(run: &str, kind: char, page: usize) -> String {
    format!("directory/r/{run}/{kind}/{page:06}")
}

/// A row of scratch about one id, in any spelling.
pub fn scratch_row(run: &str, kind: char, id: &str) -> String {
    let mut key = scratch_of(run, kind);
    key.push_str(&fold(id));
    key
}
