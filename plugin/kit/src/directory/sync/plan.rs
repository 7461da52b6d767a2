//! The plan of a run, page by page: what lies in its scratch against the copy as it is now, by the same decisions that
//! applying it takes. Nothing is written, so a plan can be read by anybody, as often as they like.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{
    compare::PlannedMember,
    phase::Phase,
    run::{self, Run},
};
use crate::{
    config::Common,
    contract::{
        directory::{ChangeKind, FieldChange, MemberStatus, PlanPage, PlannedChange},
        storage::Entry,
    },
    directory::{
        department::{self, FetchedDepartment},
        head, key,
        member_status::{self, Decision, is_present},
        record::{DepartmentRecord, MemberRecord, outlives},
    },
    failure::Failure,
    json,
    names::Named,
    order,
    platform::Platform,
    store,
};

/// Changes of a page at most.
const PAGE: u32 = 200;
/// Rows of scratch that are read together.
const ROWS: u32 = 200;
/// Rows after which a page ends although it is not full: most departments of a plan do not change.
const LOOKED_AT: usize = 4_000;
/// Bytes of an id in a cursor: more than any id has in lower case.
const ID_BYTES: usize = 256;

/// Reads a page. See `plan` in `wit/directory.wit`.
pub fn plan(platform: &dyn Platform, common: &Common, cursor: Option<&str>, limit: u32) -> Result<PlanPage, Failure> {
    head::read_own(platform, common)?;
    let run = held(platform, common)?;
    let mut place = match cursor {
        Some(cursor) => Some(PlanCursor::parse(cursor, &run)?),
        None => Some(PlanCursor::BEGINNING),
    };
    let limit = usize::try_from(limit.clamp(1, PAGE)).unwrap_or(1);
    let mut page = PageFiller { platform, common, run, changes: Vec::new(), limit, looked_at: 0 };
    while let Some(from) = place.take_if(|_| page.is_open()) {
        place = page.fill(from)?;
    }
    // Whoever ended the run meanwhile took the scratch away, and what is missing would look like no change.
    if held(platform, common).ok().as_ref().map(|run| &run.id) != Some(&page.run.id) {
        return Err(no_plan());
    }
    let cursor = place.map(|place| place.show(&page.run));
    Ok(PlanPage { run: page.run.id, changes: page.changes, cursor })
}

/// The run that has a plan: one that is planned, or that the guard holds.
fn held(platform: &dyn Platform, common: &Common) -> Result<Run, Failure> {
    let run = run::load(platform)?.readable();
    // Before the first record is written, only the run says whose members are in its plan.
    let run = run.filter(|run| super::current::is_of(run, common));
    run.filter(|run| run.phase == Phase::Planned || run.blocked.is_some()).ok_or_else(no_plan)
}

fn no_plan() -> Failure {
    failure! { NotFound:
    "没有同步计划：没有完成的试运行，也没有被拦截的同步",
    "there is no plan: no dry run is finished, and no run is held by the guard";
    "当前没有同步计划：请先试运行（dry run）", "there is no plan to show: run a dry run first" }
}

/// Where a page begins. The order is the order of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PlanCursor {
    /// Departments written: at this row of this page of scratch.
    Departments(usize, usize),
    DepartmentRemovals(String),
    Members(String),
    Removals(String),
}

impl PlanCursor {
    const BEGINNING: Self = Self::Departments(0, 0);

    /// The kinds are those of the scratch, see [`key`].
    fn show(&self, run: &Run) -> String {
        let run = &run.id;
        match self {
            Self::Departments(page, row) => format!("{run}/d/{page}.{row}"),
            Self::DepartmentRemovals(after) => format!("{run}/e/{after}"),
            Self::Members(after) => format!("{run}/m/{after}"),
            Self::Removals(after) => format!("{run}/g/{after}"),
        }
    }

    fn parse(cursor: &str, run: &Run) -> Result<Self, Failure> {
        let mut parts = cursor.splitn(3, '/');
        let (Some(of), Some(kind), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(foreign_cursor());
        };
        let after = || {
            let is_id = rest.len() <= ID_BYTES && !rest.chars().any(char::is_control);
            if is_id { Ok(rest.to_owned()) } else { Err(foreign_cursor()) }
        };
        let place = match kind {
            "d" => {
                let (page, row) = rest.split_once('.').ok_or_else(foreign_cursor)?;
                let number = |digits: &str| digits.parse().map_err(|_| foreign_cursor());
                Self::Departments(number(page)?, number(row)?)
            }
            "e" => Self::DepartmentRemovals(after()?),
            "m" => Self::Members(after()?),
            "g" => Self::Removals(after()?),
            _ => return Err(foreign_cursor()),
        };
        match of {
            of if of == run.id => Ok(place),
            of if run::is_id(of) => Err(expired()),
            _ => Err(foreign_cursor()),
        }
    }
}

fn foreign_cursor() -> Failure {
    invalid_argument! { "cursor":
    "该游标不是 plan 返回的：请原样传回", "the cursor was not made by `plan`: pass on what a page answered" }
}

fn expired() -> Failure {
    failure! { CursorExpired:
    "该游标属于另一次同步的计划", "the cursor belongs to the plan of another run";
    "该计划已被新的计划取代：请从头读取", "another plan has taken this one's place: read the plan from its beginning" }
}

/// What a row of scratch would change, if anything.
type Judged = Result<Option<PlannedChange>, Failure>;

/// A page that is being filled.
struct PageFiller<'a> {
    platform: &'a dyn Platform,
    common: &'a Common,
    run: Run,
    changes: Vec<PlannedChange>,
    limit: usize,
    looked_at: usize,
}

impl PageFiller<'_> {
    fn is_open(&self) -> bool {
        self.changes.len() < self.limit && self.looked_at < LOOKED_AT
    }

    /// Adds some of what follows a place; answers where to go on, if anywhere.
    fn fill(&mut self, from: PlanCursor) -> Result<Option<PlanCursor>, Failure> {
        use PlanCursor::{DepartmentRemovals, Departments, Members, Removals};
        Ok(match from {
            Departments(page, row) => Some(self.departments(page, row)?),
            DepartmentRemovals(after) => {
                let last = self.rows('e', &after, key::DEPARTMENTS, Self::department_removal)?;
                Some(last.map_or(Members(String::new()), DepartmentRemovals))
            }
            Members(after) => {
                let last = self.rows('m', &after, key::MEMBERS, Self::member)?;
                Some(last.map_or(Removals(String::new()), Members))
            }
            Removals(after) => self.rows('g', &after, key::MEMBERS, Self::removal)?.map(Removals),
        })
    }

    fn departments(&mut self, page: usize, row: usize) -> Result<PlanCursor, Failure> {
        if page >= self.run.department_pages {
            return Ok(PlanCursor::DepartmentRemovals(String::new()));
        }
        let scratch = key::scratch_page(&self.run.id, 'd', page);
        let Some(stored) = store::get::<Vec<FetchedDepartment>>(self.platform, &scratch)? else {
            // The store lost it, unless the run was ended a moment ago.
            return Err(held(self.platform, self.common).err().unwrap_or_else(|| Failure::damaged(&scratch)));
        };
        let fetched = stored.value;
        let rows = fetched.len();
        let keys: Vec<String> = fetched.iter().skip(row).map(|row| key::department(&row.department.id)).collect();
        let copy = store::get_many(self.platform, &keys)?;
        let now = self.platform.now_ms();
        for (index, (mut fetched, entry)) in fetched.into_iter().skip(row).zip(copy).enumerate() {
            if self.changes.len() >= self.limit {
                return Ok(PlanCursor::Departments(page, row + index));
            }
            let record: Option<DepartmentRecord> = store::parsed(entry.as_ref())?;
            if record.as_ref().is_some_and(|record| outlives(record.read_at, self.run.departments_read_at, now)) {
                continue;
            }
            let known = record.map(|record| record.department);
            if let Decision::Change(kind) = department::on_department(self.common.ids, known.as_ref(), &mut fetched) {
                let department = fetched.department;
                let fields =
                    fields(known.map(|known| store::to_json(&known)), Some(store::to_json(&department)), None)?;
                self.changes.push(PlannedChange { kind, id: department.id, name: department.name, fields });
            }
        }
        self.looked_at += rows.saturating_sub(row);
        Ok(PlanCursor::Departments(page + 1, 0))
    }

    fn department_removal(&self, _: &Entry, copy: Option<&Entry>) -> Judged {
        let known = store::parsed::<DepartmentRecord>(copy)?;
        let is_newer =
            |known: &DepartmentRecord| outlives(known.read_at, self.run.departments_read_at, self.platform.now_ms());
        let Some(DepartmentRecord { department, .. }) = known.filter(|known| !is_newer(known)) else { return Ok(None) };
        let (kind, fields) = (ChangeKind::DepartmentRemoved, fields(Some(store::to_json(&department)), None, None)?);
        Ok(Some(PlannedChange { kind, id: department.id, name: department.name, fields }))
    }

    fn member(&self, row: &Entry, copy: Option<&Entry>) -> Judged {
        let row: PlannedMember<'_> = store::parse(row)?.value;
        let known = store::parsed::<MemberRecord>(copy)?;
        if known.as_ref().is_some_and(|known| outlives(known.read_at, row.read_at, self.platform.now_ms())) {
            return Ok(None);
        }
        let mut fetched = row.into_fetched();
        let Decision::Change(kind) = member_status::on_member(self.common, known.as_ref(), &mut fetched) else {
            return Ok(None);
        };
        let member = fetched.member;
        let (before, presence) = known.map(|known| (store::to_json(&known.member), known.presence)).unzip();
        // The stored member has the status that the vendor said last, the record how it stands by now.
        let fields = fields(before, Some(store::to_json(&member)), Some((presence, member.status)))?;
        Ok(Some(PlannedChange { kind, id: member.id, name: member.name, fields }))
    }

    fn removal(&self, row: &Entry, copy: Option<&Entry>) -> Judged {
        let Some(known) = store::parsed::<MemberRecord>(copy)? else { return Ok(None) };
        // A candidate has not been asked about, so nobody knows more recent than the copy.
        let read_at = if row.value.is_empty() { u64::MAX } else { store::parse::<u64>(row)?.value };
        if !is_present(known.presence) || outlives(known.read_at, read_at, self.platform.now_ms()) {
            return Ok(None);
        }
        let fields = fields(None, None, Some((Some(known.presence), MemberStatus::LeftRange)))?;
        let (kind, member) = (ChangeKind::MemberLeftRange, known.member);
        Ok(Some(PlannedChange { kind, id: member.id, name: member.name, fields }))
    }

    /// Judges the next rows of a kind of scratch, each beside what the copy holds of it, as many as there is room for.
    /// Answers the id of the last one; nothing at the end.
    fn rows(
        &mut self,
        kind: char,
        after: &str,
        of_copy: &str,
        judge: fn(&Self, &Entry, Option<&Entry>) -> Judged,
    ) -> Result<Option<String>, Failure> {
        let prefix = key::scratch_of(&self.run.id, kind);
        let after = (!after.is_empty()).then(|| format!("{prefix}{after}"));
        let limit = u32::try_from(self.limit - self.changes.len()).map_or(ROWS, |room| room.min(ROWS));
        let rows = self.platform.scan(&prefix, after.as_deref(), limit)?.entries;
        self.looked_at += rows.len();
        let keys: Vec<String> = rows.iter().map(|row| [of_copy, &row.key[prefix.len()..]].concat()).collect();
        for (row, copy) in rows.iter().zip(store::get_many(self.platform, &keys)?) {
            let change = judge(self, row, copy.as_ref())?;
            self.changes.extend(change);
        }
        Ok(rows.last().map(|row| row.key[prefix.len()..].to_owned()))
    }
}

/// Compares two stored records key by key, whatever their fields are. Equal values have equal texts, since the same
/// serialiser wrote both. The status, before and after, is not taken from the records.
fn fields(
    before: Option<String>,
    after: Option<String>,
    status: Option<(Option<MemberStatus>, MemberStatus)>,
) -> Result<Vec<FieldChange>, Failure> {
    let json = |status: MemberStatus| store::to_json(&status.name());
    let status = status.map(|(before, after)| (before.map(json), json(after)));
    let (mut old, mut new) = (raw(before.as_deref())?, raw(after.as_deref())?);
    if let Some((before, after)) = &status {
        match before {
            Some(before) => drop(old.insert("status", parse(before)?)),
            None => drop(old.remove("status")),
        }
        new.insert("status", parse(after)?);
    }
    let mut changes = Vec::new();
    for name in order::set(old.keys().chain(new.keys()).copied()).into_iter().filter(|name| *name != "id") {
        let (before, after) = (old.get(name).map(|value| value.get()), new.get(name).map(|value| value.get()));
        if before != after {
            let (before, after) = (before.map(shown).transpose()?, after.map(shown).transpose()?);
            changes.push(FieldChange { field: name.replace('_', "-"), before, after });
        }
    }
    Ok(changes)
}

fn raw(record: Option<&str>) -> Result<BTreeMap<&str, &RawValue>, Failure> {
    record.map_or_else(|| Ok(BTreeMap::new()), parse)
}

/// Text without its quotes; everything else as the JSON that it is.
fn shown(json: &str) -> Result<String, Failure> {
    if json.starts_with('"') { parse(json) } else { Ok(json.to_owned()) }
}

fn parse<'a, T: serde::Deserialize<'a>>(json: &'a str) -> Result<T, Failure> {
    json::from_str(json).map_err(|error| Failure::corrupt("the plan", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::Reason;

    #[test]
    fn records_are_compared_key_by_key() {
        let change = |field: &str, before: Option<&str>, after: Option<&str>| FieldChange {
            field: field.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let record = Some(r#"{"id":"1","name":"a \"b\"","main_department":"2","order":3,"departments":[{"id":"2"}]}"#);
        let moved = Some(r#"{"id":"1","name":"a \"b\"","order":3,"departments":[{"id":"4"}],"alias":"x"}"#);
        let whole = |at: fn(&str) -> (Option<&str>, Option<&str>)| -> Vec<FieldChange> {
            [("departments", r#"[{"id":"2"}]"#), ("main-department", "2"), ("name", r#"a "b""#), ("order", "3")]
                .map(|(field, value)| change(field, at(value).0, at(value).1))
                .into()
        };
        let status = Some((Some(MemberStatus::Active), MemberStatus::LeftRange));
        for (name, before, after, status, expected) in [
            ("nothing", record, record, None, vec![]),
            ("added", None, record, None, whole(|value| (None, Some(value)))),
            ("removed", record, None, None, whole(|value| (Some(value), None))),
            (
                "moved",
                record,
                moved,
                None,
                vec![
                    change("alias", None, Some("x")),
                    change("departments", Some(r#"[{"id":"2"}]"#), Some(r#"[{"id":"4"}]"#)),
                    change("main-department", Some("2"), None),
                ],
            ),
            ("the status alone", None, None, status, vec![change("status", Some("active"), Some("left-range"))]),
        ] {
            let found = fields(before.map(str::to_owned), after.map(str::to_owned), status).unwrap();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let id = "019a2b3c4d5e-0123456789abcdef";
        let run = Run::new(id.to_owned(), 0, 5);
        for place in [
            PlanCursor::BEGINNING,
            PlanCursor::Departments(3, 199),
            PlanCursor::DepartmentRemovals("31".to_owned()),
            PlanCursor::DepartmentRemovals(String::new()),
            PlanCursor::Members("a/b.c".to_owned()),
            PlanCursor::Removals("张三".to_owned()),
        ] {
            assert_eq!(PlanCursor::parse(&place.show(&run), &run).unwrap(), place);
        }
    }

    #[test]
    fn other_cursors_are_told_apart() {
        let run = Run::new("019a2b3c4d5e-0123456789abcdef".to_owned(), 0, 5);
        let of = |rest: &str| format!("{}/{rest}", run.id);
        for (cursor, is_expired) in [
            (String::new(), false),
            ("c7".to_owned(), false),
            (of("d"), false),
            (of("d/1"), false),
            (of("d/1.-1"), false),
            (of("d/99999999999999999999.0"), false),
            (of("x/1"), false),
            (of("m/a\u{0}"), false),
            (of(&format!("m/{}", "a".repeat(300))), false),
            ("elsewhere/m/a".to_owned(), false),
            ("019a2b3c4d5f-0123456789abcdef/m/a".to_owned(), true),
            ("019a2b3c4d5f-0123456789abcdef/d/0.0".to_owned(), true),
        ] {
            let reason = PlanCursor::parse(&cursor, &run).unwrap_err().into_details().reason;
            match reason {
                Reason::CursorExpired => assert!(is_expired, "{cursor}"),
                Reason::InvalidArgument(_) => assert!(!is_expired, "{cursor}"),
                other => panic!("{cursor}: {other:?}"),
            }
        }
    }
}
