//! Departments as WeCom sends them (docs 90208, 95351), normalised at this edge. Only the id decides which one it is:
//! every other field that cannot be read is left out, and its name noted.

use super::{
    gaps::Gaps,
    tolerant::{self, Items, WireField, object},
};
use organisation_kit::directory::{
    department::{Department, DepartmentRow, FetchedDepartment},
    member::Absent,
};

object! {
    struct RawDepartment {
        id: u64,
        name: String,
        name_en: String,
        department_leader: Vec<String>,
        parentid: u64,
        order: u64,
    }
}

/// The departments of a `department/list` answer, in WeCom's order, which means nothing.
pub(crate) fn parse_list(text: &str) -> Result<Vec<DepartmentRow>, serde_json::Error> {
    object! {
        struct List {
            department: Items<RawDepartment>,
        }
    }
    let list = tolerant::parse::<List>(text)?.department.or_fail("department")?;
    let Items { read, odd } = list.unwrap_or_default();
    let unreadable = std::iter::repeat_n(DepartmentRow::Unreadable, odd);
    Ok(read.into_iter().map(RawDepartment::normalise).chain(unreadable).collect())
}

/// The department of a `department/get` answer: the same key holds an object there.
pub(crate) fn parse_one(text: &str) -> Result<DepartmentRow, serde_json::Error> {
    object! {
        struct One {
            department: RawDepartment,
        }
    }
    Ok(tolerant::parse::<One>(text)?.department.value().map_or(DepartmentRow::Unreadable, RawDepartment::normalise))
}

impl RawDepartment {
    fn normalise(self) -> DepartmentRow {
        let WireField::Read(id) = self.id else { return DepartmentRow::Unreadable };
        let mut gaps = Gaps::default();
        let department = Department {
            id: id.to_string(),
            name: gaps.take("name", Absent::NAME, self.name),
            name_en: gaps.text("name_en", Absent::NAME_EN, self.name_en),
            parent_id: gaps.department("parentid", Absent::PARENT, self.parentid),
            order: gaps.take("order", Absent::ORDER, self.order),
            leaders: gaps.members("department_leader", Absent::LEADERS, self.department_leader),
        };
        let Gaps { absent, unreadable } = gaps;
        DepartmentRow::Fetched(FetchedDepartment { department, absent, unreadable })
    }
}
