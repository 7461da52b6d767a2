//! Units and people as the service sends them. A field that is missing was not granted and says nothing; one that is
//! `null` is empty. A row that cannot be read stops nobody else.

use organisation_kit::{
    contract::directory::MemberStatus,
    directory::{
        department::{Department, DepartmentRow, FetchedDepartment},
        member::{Absent, FetchedMember, MEMBER_DEPARTMENTS, Member, MemberRow, Membership, is_id},
    },
};
use serde::Deserialize;
use serde_json::Value;

/// A page of rows.
#[derive(Deserialize)]
pub(crate) struct Page {
    #[serde(alias = "units", alias = "people")]
    pub(crate) rows: Vec<Value>,
    pub(crate) next: Option<String>,
}

/// A person's place.
#[derive(Deserialize)]
struct Place {
    unit: String,
    head: bool,
    rank: u64,
}

/// The fields of one row, with what could not be had.
struct Fields<'a> {
    row: &'a Value,
    absent: Absent,
    unreadable: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn of(row: &'a Value) -> Self {
        Self { row, absent: Absent::NONE, unreadable: Vec::new() }
    }

    /// The field, if it is there and of its type; the default for `null`.
    fn take<T: Deserialize<'a> + Default>(&mut self, key: &'static str, field: Absent) -> T {
        let read = self.row.get(key).map(Option::<T>::deserialize);
        if read.as_ref().is_some_and(Result::is_err) {
            self.unreadable.push(key);
        }
        match read {
            Some(Ok(value)) => value.unwrap_or_default(),
            _ => {
                self.absent.add(field);
                T::default()
            }
        }
    }

    fn text(&mut self, key: &'static str, field: Absent) -> Option<String> {
        Some(self.take::<String>(key, field)).filter(|text| !text.is_empty())
    }
}

pub(crate) fn id(row: &Value) -> Option<String> {
    row.get("id").and_then(Value::as_str).filter(|id| is_id(id)).map(str::to_owned)
}

pub(crate) fn unit(row: &Value) -> DepartmentRow {
    let Some(id) = id(row) else { return DepartmentRow::Unreadable };
    let mut fields = Fields::of(row);
    let department = Department {
        id,
        name: fields.take("name", Absent::NAME),
        name_en: None,
        parent_id: fields.text("parent", Absent::PARENT),
        order: fields.take("rank", Absent::ORDER),
        leaders: fields.take("heads", Absent::LEADERS),
    };
    let Fields { absent, unreadable, .. } = fields;
    DepartmentRow::Fetched(FetchedDepartment { department, absent, unreadable })
}

pub(crate) fn person(row: &Value) -> MemberRow {
    let id = id(row);
    let status = row.get("state").and_then(Value::as_str).and_then(|state| match state {
        "active" => Some(MemberStatus::Active),
        "invited" => Some(MemberStatus::NotActivated),
        "suspended" => Some(MemberStatus::Disabled),
        "left" => Some(MemberStatus::Resigned),
        _ => None,
    });
    let places = row.get("units").and_then(|units| Vec::<Place>::deserialize(units).ok());
    let places = places.filter(|all| all.len() <= MEMBER_DEPARTMENTS && all.iter().all(|place| is_id(&place.unit)));
    let (Some(id), Some(status), Some(places)) = (id.clone(), status, places) else {
        return MemberRow::Unreadable { id };
    };
    let mut fields = Fields::of(row);
    let main_department = places.first().map(|place| place.unit.clone());
    let place = |Place { unit, head, rank }| Membership { id: unit, leader: head, order: rank };
    let mut departments: Vec<_> = places.into_iter().map(place).collect();
    departments.sort_unstable();
    let member = Member {
        name: fields.take("name", Absent::NAME),
        direct_leaders: Vec::from_iter(fields.text("manager", Absent::LEADERS)),
        position: fields.text("title", Absent::POSITION),
        mobile: fields.text("phone", Absent::MOBILE),
        business_email: fields.text("email", Absent::BUSINESS_EMAIL),
        main_department,
        departments,
        ..Member::new(id, status)
    };
    let Fields { absent, unreadable, .. } = fields;
    MemberRow::Fetched(Box::new(FetchedMember { member, absent, unreadable }))
}
