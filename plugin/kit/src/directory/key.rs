//! Where everything lies in storage. This is the whole layout of the directory; no other file spells a key.
//!
//! | Key | Value |
//! |---|---|
//! | `directory/head` | [`super::head::Head`]: organisation, last change, counts, whether the copy of before is still being deleted; its version serialises all writers |
//! | `directory/d/<id>` | a department |
//! | `directory/m/<id>` | a member, whatever its status; ids as they compare, see [`IdRule::key`] |
//! | `directory/x/<department>/<id>` | present members by department; empty value |
//! | `directory/o/<id>` | a member's roles; outlive every sync |
//! | `directory/a/<role>/<id>` | members by assigned role, also where it is suspended; empty value |
//! | `directory/p/administrators` | ids of the members who administer the app |
//! | `directory/p/rules` | rules that give roles |
//! | `directory/p/spreading` | how far they have been brought to the members, while they are |
//! | `directory/p/tag/<tag>/m/<id>`, `…/d/<department>` | whom a tag of a rule names; empty value |
//! | `directory/p/retired/<id>` | a member whom an administrator has declared as resigned, in the copy or not |
//! | `directory/p/erasing/<id>` | how far the feed was cleared of a member who is being erased |
//! | `directory/p/signature/<id>` | address of the image of a member's signature |
//! | `directory/f/<seq>` | an entry of the change feed, for 30 days; the number has 20 digits, so keys order by it |
//! | `directory/acknowledged` | the last change that was acknowledged |
//! | `directory/run` | the current [`super::sync::run::Run`] |
//! | `directory/run-lease` | who works on it now |
//! | `directory/wait` | until when the vendor wants no calls, where a run was ended that had to wait |
//! | `directory/synced-at` | when the last run was complete, in Unix milliseconds |
//! | `directory/followed-away` | members whom follow-ups took away since, for the guard |
//! | `directory/export-refused` | why the export does not work here, for a week |
//! | `directory/h/<run>` | the report of one of the last runs; ids of runs begin with the time, so keys order by it |
//! | `directory/r/<run>/t/0` | scratch: the run's statistics |
//! | `directory/r/<run>/s/0` | scratch: what is left of finding out the scope |
//! | `directory/r/<run>/j/<page>` | scratch, sealed: what an export keeps for itself |
//! | `directory/r/<run>/d/<page>` | scratch: the departments seen, parents first |
//! | `directory/r/<run>/u/<page>` | scratch: members granted one by one or by tag |
//! | `directory/r/<run>/b/<page>` | scratch: one bit for each member of the directory, set when it was seen |
//! | `directory/r/<run>/m/<id>` | scratch: a member that is new or differs |
//! | `directory/r/<run>/g/<id>` | scratch: a member that was not seen |
//! | `directory/r/<run>/e/<id>` | scratch: a department that was not seen |
//! | `observed/sensitive-fields` | whether the last run saw any sensitive field, for `check-connection` |
//!
//! Children of a department, members below one and searches have no index: [`super::list`] says why.

use super::id::IdRule;

pub(crate) const HEAD: &str = "directory/head";
pub(crate) const ACKNOWLEDGED: &str = "directory/acknowledged";
pub(crate) const RUN: &str = "directory/run";
pub(crate) const RUN_LEASE: &str = "directory/run-lease";
pub(crate) const INHERITED_WAIT: &str = "directory/wait";
/// See the table above.
pub const OBSERVED_SENSITIVE_FIELDS: &str = "observed/sensitive-fields";
pub(crate) const SYNCED_AT: &str = "directory/synced-at";
/// How many members follow-ups took away since the last complete run.
pub(crate) const FOLLOWED_AWAY: &str = "directory/followed-away";
pub(crate) const EXPORT_REFUSED: &str = "directory/export-refused";
pub(crate) const ALL_SCRATCH: &str = "directory/r/";
pub(crate) const ALL_INDEXES: &str = "directory/x/";
pub(crate) const ALL_ROLES: &str = "directory/o/";
/// Members by assigned role.
pub(crate) const ALL_ASSIGNED: &str = "directory/a/";
/// Beside the roles, all that the platform says of members.
pub(crate) const PLATFORM: &str = "directory/p/";
pub(crate) const ADMINISTRATORS: &str = "directory/p/administrators";
pub(crate) const RULES: &str = "directory/p/rules";
pub(crate) const SPREADING: &str = "directory/p/spreading";
pub(crate) const RETIRED: &str = "directory/p/retired/";
/// Members who are being erased.
pub(crate) const ERASING: &str = "directory/p/erasing/";
const SIGNATURES: &str = "directory/p/signature/";
pub(crate) const DEPARTMENTS: &str = "directory/d/";
pub(crate) const MEMBERS: &str = "directory/m/";
pub(crate) const FEED: &str = "directory/f/";
pub(crate) const HISTORY: &str = "directory/h/";

pub(crate) fn department(id: &str) -> String {
    [DEPARTMENTS, id].concat()
}

pub(crate) fn member(ids: IdRule, id: &str) -> String {
    [MEMBERS, &ids.key(id)].concat()
}

pub(crate) fn roles(ids: IdRule, id: &str) -> String {
    [ALL_ROLES, &ids.key(id)].concat()
}

/// Prefix of those to whom a role is assigned. In place of a slash stands a character that no role has, and no longer one: a key
/// has 512 bytes.
pub(crate) fn assigned(role: &str) -> String {
    [ALL_ASSIGNED, &role.replace('/', "\u{1}"), "/"].concat()
}

pub(crate) fn assigned_entry(ids: IdRule, role: &str, id: &str) -> String {
    let mut key = assigned(role);
    key.push_str(&ids.key(id));
    key
}

pub(crate) fn retired(ids: IdRule, id: &str) -> String {
    [RETIRED, &ids.key(id)].concat()
}

pub(crate) fn erasing(ids: IdRule, id: &str) -> String {
    [ERASING, &ids.key(id)].concat()
}

pub(crate) fn signature(ids: IdRule, id: &str) -> String {
    [SIGNATURES, &ids.key(id)].concat()
}

/// Prefix of a department's index.
pub(crate) fn index(department: &str) -> String {
    [ALL_INDEXES, &without_slash(department), "/"].concat()
}

/// Of all tags.
pub(crate) const ALL_TAGS: &str = "directory/p/tag/";

/// Prefix of what is known of a tag.
pub(crate) fn tag(tag: &str) -> String {
    [ALL_TAGS, &without_slash(tag), "/"].concat()
}

pub(crate) fn tag_member(ids: IdRule, tag: &str, id: &str) -> String {
    [&self::tag(tag), "m/", &ids.key(id)].concat()
}

/// Prefix of the departments that a tag names.
pub(crate) fn tag_departments(tag: &str) -> String {
    [&self::tag(tag), "d/"].concat()
}

/// An id with a slash in it must not lead into another one's keys.
fn without_slash(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F")
}

pub(crate) fn index_entry(ids: IdRule, department: &str, id: &str) -> String {
    let mut key = index(department);
    key.push_str(&ids.key(id));
    key
}

pub(crate) fn change(seq: u64) -> String {
    format!("{FEED}{seq:020}")
}

pub(crate) fn history_of(run: &str) -> String {
    [HISTORY, run].concat()
}

pub(crate) fn scratch(run: &str) -> String {
    [ALL_SCRATCH, run, "/"].concat()
}

/// Whose scratch a key is.
pub(crate) fn run_of_scratch(key: &str) -> Option<&str> {
    key.strip_prefix(ALL_SCRATCH)?.split('/').next()
}

/// One kind of scratch of a run; see the table above.
pub(crate) fn scratch_of(run: &str, kind: char) -> String {
    scratch_row(run, kind, "")
}

pub(crate) fn scratch_page(run: &str, kind: char, page: usize) -> String {
    format!("directory/r/{run}/{kind}/{page:06}")
}

/// A row of scratch about one id, in the form in which it compares.
pub(crate) fn scratch_row(run: &str, kind: char, id_key: &str) -> String {
    [ALL_SCRATCH, run, "/", kind.encode_utf8(&mut [0; 4]), "/", id_key].concat()
}
