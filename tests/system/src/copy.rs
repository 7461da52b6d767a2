//! The local copy of the organisation, read in pages or replayed from the change feed. Both must come to the same.

use std::collections::BTreeMap;

use organisation_host::{
    Element,
    contract::directory::{
        Change, ChangeKind, Changed, Department, DepartmentFilter, DirectorySummary, Member, MemberFilter, MemberStatus,
    },
};

use crate::{stage::Stage, test_vendor::TestVendor};

/// Everybody.
pub const EVERYBODY: MemberFilter =
    MemberFilter { department: None, below: false, status: None, search: None, role: None };
/// All departments.
pub const EVERYWHERE: DepartmentFilter = DepartmentFilter { level: None, search: None };
/// The cursor before the first change.
pub const BEGINNING: &str = "c0";
/// Small pages, so that reading takes several; odd, so that they end in the middle of things.
const PAGE: u32 = 37;

/// Departments and members by id, as the copy spells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// Departments.
    pub departments: BTreeMap<String, Department>,
    /// Members, those that left included.
    pub members: BTreeMap<String, Member>,
}

impl Copy {
    /// The copy that somebody has who only ever read the feed.
    ///
    /// # Panics
    /// When the feed has a gap, or removes what was not there.
    pub fn replayed(changes: &[Change]) -> Self {
        let mut copy = Self::default();
        for (number, change) in (1..).zip(changes) {
            assert_eq!(change.seq, number, "the feed is dense");
            match (&change.record, change.kind) {
                (Changed::Member(member), kind) => {
                    let known = copy.members.insert(member.id.clone(), member.clone());
                    assert_eq!(known.is_none(), kind == ChangeKind::MemberAdded, "{change:?}");
                }
                (Changed::Department(department), ChangeKind::DepartmentRemoved) => {
                    assert!(copy.departments.remove(&department.id).is_some(), "{change:?} removes nothing");
                }
                (Changed::Department(department), kind) => {
                    let known = copy.departments.insert(department.id.clone(), department.clone());
                    assert_eq!(known.is_none(), kind == ChangeKind::DepartmentAdded, "{change:?}");
                }
                // What the feed said of the member before is erased too.
                (Changed::Nothing, _) => drop(copy.members.remove(&change.id)),
            }
        }
        copy
    }

    /// The members that are in the visible range.
    pub fn present(&self) -> BTreeMap<String, Member> {
        self.members
            .iter()
            .filter(|(_, member)| is_present(member.status))
            .map(|(id, member)| (id.clone(), member.clone()))
            .collect()
    }
}

/// Whether a member of this status is in the visible range.
pub fn is_present(status: MemberStatus) -> bool {
    !matches!(status, MemberStatus::LeftRange | MemberStatus::Resigned)
}

impl<V: TestVendor> Stage<V> {
    /// The copy, all pages.
    pub async fn copy(&self) -> Copy {
        self.copy_of(&self.element).await
    }

    /// The copy of another element of the stage.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn copy_of(&self, element: &Element) -> Copy {
        let mut copy = Copy::default();
        for member in self.members_of(element, &EVERYBODY).await {
            let twice = copy.members.insert(member.id.clone(), member);
            assert_eq!(twice, None, "a member is listed once");
        }
        for department in self.departments_of(element, &EVERYWHERE).await {
            let twice = copy.departments.insert(department.id.clone(), department);
            assert_eq!(twice, None, "a department is listed once");
        }
        copy
    }

    /// The departments that meet a filter, all pages, in order.
    pub async fn departments(&self, filter: &DepartmentFilter) -> Vec<Department> {
        self.departments_of(&self.element, filter).await
    }

    /// The departments of another element of the stage.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn departments_of(&self, element: &Element, filter: &DepartmentFilter) -> Vec<Department> {
        let (mut departments, mut cursor) = (Vec::new(), None);
        loop {
            let page =
                self.heard(element.departments(filter, cursor.as_deref(), PAGE)).await.expect("the copy can be read");
            departments.extend(page.departments);
            cursor = page.cursor;
            if cursor.is_none() {
                return departments;
            }
        }
    }

    /// The members that meet a filter, all pages, in order.
    pub async fn members(&self, filter: &MemberFilter) -> Vec<Member> {
        self.members_of(&self.element, filter).await
    }

    /// The members of another element of the stage.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn members_of(&self, element: &Element, filter: &MemberFilter) -> Vec<Member> {
        let (mut members, mut cursor) = (Vec::new(), None);
        loop {
            let page =
                self.heard(element.members(filter, cursor.as_deref(), PAGE)).await.expect("the copy can be read");
            members.extend(page.members);
            cursor = page.cursor;
            if cursor.is_none() {
                return members;
            }
        }
    }

    /// The feed from its beginning.
    pub async fn changes(&self) -> Vec<Change> {
        self.changes_of(&self.element).await
    }

    /// The feed of another element of the stage, from its beginning.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn changes_of(&self, element: &Element) -> Vec<Change> {
        let (mut changes, mut cursor) = (Vec::new(), BEGINNING.to_owned());
        loop {
            let page = self.heard(element.changes(Some(&cursor), PAGE)).await.expect("the feed can be read");
            changes.extend(page.changes);
            cursor = page.cursor;
            if !page.more {
                return changes;
            }
        }
    }

    /// Counts and the state of synchronisation.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn overview(&self) -> DirectorySummary {
        self.heard(self.element.overview()).await.expect("the overview can be read")
    }
}
