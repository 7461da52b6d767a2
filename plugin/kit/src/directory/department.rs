//! A department, in the kit's own form.

use serde::{Deserialize, Serialize};

use super::{id::IdRule, member::Absent, member_status::Decision};
use crate::{contract::directory::ChangeKind, order};

/// A department.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    /// In the vendor's spelling.
    pub id: String,
    /// Empty where the vendor never told one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The English name, where the organisation keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// As the vendor says, whether or not that department is visible; absent for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Larger sorts first.
    #[serde(default)]
    pub order: u64,
    /// Ids of members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaders: Vec<String>,
}

/// A department as an answer showed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedDepartment {
    /// What the answer says.
    pub department: Department,
    /// What it does not speak of, which is not the same as empty.
    #[serde(default, skip_serializing_if = "Absent::is_none")]
    pub absent: Absent,
    /// Names of the vendor's fields that could not be read and were left out.
    #[serde(skip)]
    pub unreadable: Vec<&'static str>,
}

impl From<Department> for FetchedDepartment {
    /// A department whose answer spoke of everything.
    fn from(department: Department) -> Self {
        Self { department, ..Self::default() }
    }
}

/// A row of a list of departments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DepartmentRow {
    /// A department.
    Fetched(FetchedDepartment),
    /// A row whose id cannot be read.
    Unreadable,
}

impl Department {
    /// Whether both say the same. The order of leaders means nothing: no vendor promises one.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self == other
            || (order::sorted(&self.leaders) == order::sorted(&other.leaders)
                && (&self.id, &self.name, &self.name_en, &self.parent_id, self.order)
                    == (&other.id, &other.name, &other.name_en, &other.parent_id, other.order))
    }
}

impl FetchedDepartment {
    /// Takes over from what is known whatever the answer did not speak of.
    pub fn complete_from(&mut self, known: &Department) {
        let Self { department, absent, .. } = self;
        if absent.has(Absent::NAME) {
            department.name.clone_from(&known.name);
        }
        if absent.has(Absent::NAME_EN) {
            department.name_en.clone_from(&known.name_en);
        }
        if absent.has(Absent::PARENT) {
            department.parent_id.clone_from(&known.parent_id);
        }
        if absent.has(Absent::ORDER) {
            department.order = known.order;
        }
        if absent.has(Absent::LEADERS) {
            department.leaders.clone_from(&known.leaders);
        }
    }
}

/// Compares a fetched department with the copy. The fetched one takes over the spelling of ids that the copy had first,
/// and whatever the answer did not speak of.
pub fn on_department(ids: IdRule, stored: Option<&Department>, fetched: &mut FetchedDepartment) -> Decision {
    let Some(stored) = stored else { return Decision::Change(ChangeKind::DepartmentAdded) };
    for leader in &mut fetched.department.leaders {
        ids.keep_spelling(leader, &stored.leaders);
    }
    fetched.complete_from(stored);
    if stored.says_the_same(&fetched.department) {
        Decision::Unchanged
    } else {
        Decision::Change(ChangeKind::DepartmentUpdated)
    }
}
