//! The copy and its feed: read page by page, compared with each other, and looked at through every filter.

use std::{
    collections::{BTreeMap, HashSet},
    ops::ControlFlow,
};

use organisation_host::{
    Element,
    contract::directory::{
        Change, ChangeKind, Changed, Department, DepartmentFilter, Member, MemberFilter, MemberStatus, TreeLevel,
    },
};

use super::{
    promise::{
        ACKNOWLEDGE, CURSORS, DENSE, DEPARTMENT_MEMBERS, DEPARTMENT_ORDER, FEED, FIND_MEMBERS, FIND_TOO_MANY, LEVELS,
        LIMIT, MEMBER_ORDER, NOT_FOUND, PLACE, REFRESH, SEARCH, SUMMARY,
    },
    trial::{Trial, shown},
};

const EVERYBODY: MemberFilter = MemberFilter { department: None, below: false, status: None, search: None, role: None };
const EVERYWHERE: DepartmentFilter = DepartmentFilter { level: None, search: None };
/// Small pages, so that reading takes several.
pub(super) const PAGE: u32 = 7;
/// A list of more pages than this does not end.
const MOST_PAGES: usize = 1_000_000;
/// So many calls of the storage read a few keys.
const MOST_READS: u64 = 20;
/// So many records are looked at one by one.
const SAMPLE: usize = 3;

/// What a copy holds, with the feed that led there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Copy {
    pub(super) departments: BTreeMap<String, Department>,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) feed: Vec<Change>,
}

impl Copy {
    /// How many members are in the visible range.
    pub(super) fn present(&self) -> u64 {
        self.members.values().filter(|member| is_present(member)).count() as u64
    }

    /// Whether both hold the same records, whatever led there.
    pub(super) fn has_records_of(&self, other: &Self) -> bool {
        self.departments == other.departments && self.members == other.members
    }
}

pub(super) fn is_present(member: &Member) -> bool {
    !matches!(member.status, MemberStatus::LeftRange | MemberStatus::Resigned)
}

/// A list that is read to its end, page by page.
pub(super) struct List<'a, T> {
    trial: &'a Trial,
    function: &'static str,
    records: Vec<T>,
    seen: HashSet<String>,
    cursor: Option<String>,
}

impl<'a, T> List<'a, T> {
    pub(super) fn new(trial: &'a Trial, function: &'static str) -> Self {
        Self { trial, function, records: Vec::new(), seen: HashSet::new(), cursor: None }
    }

    /// What the next page follows.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Takes a page of [`PAGE`] and the cursor of the next one. Answers all records after the last page, and nothing where the
    /// list breaks off.
    pub(super) fn add(&mut self, page: Vec<T>, next: Option<String>) -> ControlFlow<Option<Vec<T>>> {
        self.trial.expect(&LIMIT, page.len() <= PAGE as usize, || {
            format!("a page of {} of {PAGE} has {} records", self.function, page.len())
        });
        self.records.extend(page);
        let Some(next) = next else { return ControlFlow::Break(Some(std::mem::take(&mut self.records))) };
        let is_new = self.seen.insert(next.clone()) && self.seen.len() < MOST_PAGES;
        if !self.trial.expect(&CURSORS, is_new, || {
            format!("{} answered {next:?} before, or does not end: {} pages so far", self.function, self.seen.len())
        }) {
            return ControlFlow::Break(None);
        }
        self.cursor = Some(next);
        ControlFlow::Continue(())
    }
}

async fn members(trial: &Trial, element: &Element, filter: &MemberFilter) -> Option<Vec<Member>> {
    let mut list = List::new(trial, "members");
    loop {
        let page = trial.demand(&LIMIT, element.members(filter, list.cursor(), PAGE)).await?;
        if let ControlFlow::Break(members) = list.add(page.members, page.cursor) {
            return members;
        }
    }
}

async fn departments(trial: &Trial, element: &Element, filter: &DepartmentFilter) -> Option<Vec<Department>> {
    let mut list = List::new(trial, "departments");
    loop {
        let page = trial.demand(&LIMIT, element.departments(filter, list.cursor(), PAGE)).await?;
        if let ControlFlow::Break(departments) = list.add(page.departments, page.cursor) {
            return departments;
        }
    }
}

/// The feed after a cursor, or after what was acknowledged.
async fn changes(trial: &Trial, element: &Element, after: Option<&str>) -> Option<Vec<Change>> {
    let mut list = List::new(trial, "changes");
    loop {
        let page = trial.demand(&FEED, element.changes(list.cursor().or(after), PAGE)).await?;
        if let ControlFlow::Break(changes) = list.add(page.changes, page.more.then_some(page.cursor)) {
            return changes;
        }
    }
}

/// Reads copy and feed, and holds them against each other. The feed is read from what was acknowledged: all of it where
/// nothing was.
pub(super) async fn read_all(trial: &Trial, element: &Element) -> Option<Copy> {
    read_from(trial, element, None).await
}

/// As [`read_all`], with the feed from a cursor at which the copy was empty.
pub(super) async fn read_from(trial: &Trial, element: &Element, beginning: Option<&str>) -> Option<Copy> {
    let members = members(trial, element, &EVERYBODY).await?;
    let departments = departments(trial, element, &EVERYWHERE).await?;
    let feed = changes(trial, element, beginning).await?;
    order(trial, &members, &departments);
    let copy = Copy {
        members: members.into_iter().map(|member| (member.id.clone(), member)).collect(),
        departments: departments.into_iter().map(|department| (department.id.clone(), department)).collect(),
        feed,
    };
    let first = if beginning.is_some() { copy.feed.first().map_or(1, |change| change.seq) } else { 1 };
    let gap = copy.feed.iter().zip(first..).find(|(change, number)| change.seq != *number);
    trial.expect(&DENSE, gap.is_none(), || format!("found {gap:?}"));
    let replayed = replay(&copy.feed);
    let is_kept = replayed == (copy.departments.clone(), copy.members.clone());
    trial.expect(&FEED, is_kept, || difference(&replayed.1, &copy.members, &replayed.0, &copy.departments));
    Some(copy)
}

fn order(trial: &Trial, members: &[Member], departments: &[Department]) {
    let ignores_case = trial.description.ids_ignore_case;
    let key = |member: &Member| if ignores_case { member.id.to_lowercase() } else { member.id.clone() };
    let is_strict = members.is_sorted_by(|one, next| key(one) < key(next));
    trial.expect(&MEMBER_ORDER, is_strict, || {
        format!("found {:?}", members.iter().map(|member| &member.id).collect::<Vec<_>>())
    });
    let is_strict = departments.is_sorted_by(|one, next| one.id < next.id);
    trial.expect(&DEPARTMENT_ORDER, is_strict, || {
        format!("found {:?}", departments.iter().map(|department| &department.id).collect::<Vec<_>>())
    });
}

fn replay(feed: &[Change]) -> (BTreeMap<String, Department>, BTreeMap<String, Member>) {
    let (mut departments, mut members) = (BTreeMap::new(), BTreeMap::new());
    for change in feed {
        match &change.record {
            Changed::Member(member) => {
                members.insert(member.id.clone(), member.clone());
            }
            Changed::Department(department) if change.kind == ChangeKind::DepartmentRemoved => {
                departments.remove(&department.id);
            }
            Changed::Department(department) => {
                departments.insert(department.id.clone(), department.clone());
            }
            Changed::Nothing => {
                members.remove(&change.id);
            }
        }
    }
    (departments, members)
}

fn difference(
    replayed: &BTreeMap<String, Member>,
    members: &BTreeMap<String, Member>,
    replayed_departments: &BTreeMap<String, Department>,
    departments: &BTreeMap<String, Department>,
) -> String {
    fn ids<T: PartialEq>(one: &BTreeMap<String, T>, other: &BTreeMap<String, T>) -> Vec<String> {
        let differs = |id: &&String| one.get(*id) != other.get(*id);
        one.keys().chain(other.keys()).filter(differs).take(SAMPLE).cloned().collect()
    }
    format!(
        "the feed and the copy differ in the members {:?} … and the departments {:?} …",
        ids(replayed, members),
        ids(replayed_departments, departments)
    )
}

/// Looks at every way to read the copy, which is complete.
pub(super) async fn examine(trial: &Trial, element: &Element, copy: &Copy) {
    levels(trial, element, copy).await;
    members_of_departments(trial, element, copy).await;
    finding(trial, element, copy).await;
    summary(trial, element, copy).await;
    refresh(trial, element, copy).await;
    nonsense(trial, element).await;
    acknowledge(trial, element, copy).await;
}

async fn levels(trial: &Trial, element: &Element, copy: &Copy) {
    let is_root = |department: &&Department| {
        department.parent_id.as_ref().is_none_or(|parent| !copy.departments.contains_key(parent))
    };
    let filter = DepartmentFilter { level: Some(TreeLevel::Roots), ..EVERYWHERE };
    let Some(found) = departments(trial, element, &filter).await else { return };
    let expected: Vec<_> = copy.departments.values().filter(is_root).cloned().collect();
    trial.expect(&LEVELS, found == expected, || format!("the roots are {expected:?}, found {found:?}"));
    for parent in copy.departments.keys().take(SAMPLE) {
        let filter = DepartmentFilter { level: Some(TreeLevel::ChildrenOf(parent.clone())), ..EVERYWHERE };
        let Some(found) = departments(trial, element, &filter).await else { return };
        let is_child = |department: &&Department| department.parent_id.as_ref() == Some(parent);
        let expected: Vec<_> = copy.departments.values().filter(is_child).cloned().collect();
        trial.expect(&LEVELS, found == expected, || format!("below {parent:?} are {expected:?}, found {found:?}"));
    }
}

async fn members_of_departments(trial: &Trial, element: &Element, copy: &Copy) {
    let ids = |found: &[Member]| {
        let mut ids: Vec<_> = found.iter().map(|member| member.id.clone()).collect();
        ids.sort_unstable();
        ids
    };
    for department in copy.departments.keys().take(SAMPLE) {
        let filter = MemberFilter { department: Some(department.clone()), ..EVERYBODY };
        let Some(found) = members(trial, element, &filter).await else { return };
        let is_there =
            |member: &&Member| is_present(member) && member.departments.iter().any(|place| place.id == *department);
        let expected: Vec<_> = copy.members.values().filter(is_there).cloned().collect();
        trial.expect(&DEPARTMENT_MEMBERS, ids(&found) == ids(&expected), || {
            format!("in {department:?} are {:?}, found {:?}", ids(&expected), ids(&found))
        });
    }
    for member in copy.members.values().take(SAMPLE) {
        for search in [&member.id, &member.name] {
            let filter = MemberFilter { search: Some(format!(" {} ", search.to_ascii_uppercase())), ..EVERYBODY };
            let Some(found) = members(trial, element, &filter).await else { return };
            trial.expect(&SEARCH, found.contains(member), || format!("{search:?} does not find {:?}", member.id));
        }
    }
}

async fn finding(trial: &Trial, element: &Element, copy: &Copy) {
    let sample: Vec<_> = copy.members.values().take(SAMPLE).cloned().collect();
    let mut ids: Vec<String> = sample.iter().rev().map(|member| member.id.clone()).collect();
    ids.push("conform-nobody".to_owned());
    ids.extend(sample.iter().map(|member| member.id.clone()));
    if let Some(found) = trial.demand(&FIND_MEMBERS, element.find_members(&ids)).await {
        let expected: Vec<_> =
            sample.iter().rev().cloned().map(Some).chain([None]).chain(sample.iter().cloned().map(Some)).collect();
        trial.expect(&FIND_MEMBERS, found == expected, || format!("asked for {ids:?}, found {found:?}"));
    }
    let many: Vec<String> = (0..201).map(|number| format!("conform-{number}")).collect();
    trial.refused(&FIND_TOO_MANY, "201 ids", &["invalid-argument"], element.find_members(&many)).await;
    for member in sample {
        let Some(found) = trial.demand(&NOT_FOUND, element.find_member(&member.id)).await else { return };
        trial.expect(&NOT_FOUND, found == member, || format!("the list says {member:?}, found {found:?}"));
    }
    let absent = ["not-found"];
    trial.refused(&NOT_FOUND, "a member that never was", &absent, element.find_member("conform-nobody")).await;
    trial.refused(&NOT_FOUND, "a department that never was", &absent, element.find_department("conform-none")).await;
}

async fn summary(trial: &Trial, element: &Element, copy: &Copy) {
    if let Ok(called) = element.overview().reported().await {
        let calls = called.report.host_calls.get("storage").copied().unwrap_or_default();
        trial.expect(&SUMMARY, calls <= MOST_READS, || format!("it asked the storage {calls} times"));
    }
    let Some(summary) = trial.demand(&SUMMARY, element.overview()).await else { return };
    let members = &summary.members;
    let counted = (summary.departments, members.active + members.disabled + members.not_activated, summary.last_change);
    let expected = (copy.departments.len() as u64, copy.present(), copy.feed.last().map_or(0, |change| change.seq));
    trial.expect(&SUMMARY, counted == expected, || {
        format!("departments, present members and the last change are {expected:?}, found {counted:?}")
    });
    trial.expect(&SUMMARY, summary.last_run.is_some() && !summary.partly_applied, || format!("found {summary:?}"));
    let Some(after) = changes(trial, element, Some(&summary.cursor)).await else { return };
    trial.expect(&PLACE, after.is_empty(), || format!("{} changes stand after its cursor", after.len()));
}

async fn refresh(trial: &Trial, element: &Element, copy: &Copy) {
    for member in copy.members.values().filter(|member| is_present(member)).take(SAMPLE) {
        let Some(found) = trial.demand(&REFRESH, element.sync_member(&member.id)).await else { return };
        let kept = trial.ask(element.find_member(&found.id)).await;
        trial.expect(&REFRESH, kept.as_ref() == Some(&Ok(found.clone())), || {
            format!("answered {found:?}, in the copy {kept:?}")
        });
    }
    for department in copy.departments.values().take(SAMPLE) {
        let Some(found) = trial.demand(&REFRESH, element.sync_department(&department.id)).await else { return };
        let kept = trial.ask(element.find_department(&found.id)).await;
        trial.expect(&REFRESH, kept.as_ref() == Some(&Ok(found.clone())), || {
            format!("answered {found:?}, in the copy {kept:?}")
        });
    }
    trial.refused(&NOT_FOUND, "a member of nobody", &["not-found"], element.sync_member("conform-nobody")).await;
    read_all(trial, element).await;
}

/// Arguments that nothing good can be made of: an error, or an empty answer, and never a broken call.
async fn nonsense(trial: &Trial, element: &Element) {
    let long = "长".repeat(10_000);
    for text in ["", "x", "\0", "\u{202e}\n", "conform/../..", &long] {
        // What comes of it is for `ask` to judge.
        let _ = trial.ask(element.changes(Some(text), 10)).await;
        let _ = trial.ask(element.acknowledge(text)).await;
        let _ = trial.ask(element.members(&EVERYBODY, Some(text), 10)).await;
        let _ = trial.ask(element.departments(&EVERYWHERE, Some(text), 10)).await;
        let _ = trial.ask(element.plan(Some(text), 10)).await;
        let _ = trial.ask(element.find_member(text)).await;
        let _ = trial.ask(element.find_department(text)).await;
        let _ = trial.ask(element.sync_member(text)).await;
        let filter = MemberFilter { department: Some(text.to_owned()), below: true, ..EVERYBODY };
        let _ = trial.ask(element.members(&filter, None, u32::MAX)).await;
    }
}

async fn acknowledge(trial: &Trial, element: &Element, copy: &Copy) {
    let pages = (
        trial.demand(&ACKNOWLEDGE, element.changes(None, PAGE)).await,
        trial.demand(&ACKNOWLEDGE, element.overview()).await,
    );
    let (Some(page), Some(summary)) = pages else { return };
    // The first page, everything, everything again, and the first page once more: the last one changes nothing.
    for cursor in [&page.cursor, &summary.cursor, &summary.cursor, &page.cursor] {
        if trial.demand(&ACKNOWLEDGE, element.acknowledge(cursor)).await.is_none() {
            return;
        }
    }
    let Some(left) = changes(trial, element, None).await else { return };
    trial.expect(&ACKNOWLEDGE, left.is_empty(), || format!("of {} changes {} are left", copy.feed.len(), left.len()));
    match trial.ask(element.overview()).await {
        Some(Ok(found)) => {
            trial.expect(&ACKNOWLEDGE, found.acknowledged == summary.last_change, || {
                format!("{} are acknowledged of {}", found.acknowledged, summary.last_change)
            });
        }
        Some(Err(error)) => trial.findings.broken(&ACKNOWLEDGE, shown(&error)),
        None => {}
    }
}
