//! Units and people as the service sends them.

use organisation_kit::{
    contract::directory::MemberStatus,
    directory::{
        department::{Department, DepartmentRow},
        member::{Absent, AlternateId, Member, MemberRow, Membership},
    },
    row::Row,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Place {
    unit: String,
    head: bool,
    rank: u64,
}

pub(crate) fn id(row: &Value) -> Option<String> {
    Row::new(row).id("id")
}

pub(crate) fn unit(row: &Value) -> DepartmentRow {
    let Some(id) = id(row) else { return DepartmentRow::Unreadable };
    let mut row = Row::new(row);
    let department = Department {
        id,
        name: row.take("name", Absent::NAME),
        name_en: None,
        parent_id: row.text("parent", Absent::PARENT),
        order: row.take("rank", Absent::ORDER),
        leaders: row.take("heads", Absent::LEADERS),
    };
    row.into_department(department)
}

pub(crate) fn person(row: &Value) -> MemberRow {
    let (id, places) = (id(row), Vec::<Place>::deserialize(&row["units"]).ok());
    let (Some(id), Some(places)) = (id.clone(), places) else { return MemberRow::Unreadable { id } };
    let mut row = Row::new(row);
    let status = match row.take::<String>("state", Absent::STATUS).as_str() {
        "invited" => MemberStatus::NotActivated,
        "suspended" => MemberStatus::Disabled,
        "left" => MemberStatus::Resigned,
        _ => MemberStatus::Active,
    };
    let main_department = places.first().map(|place| place.unit.clone());
    let place = |place: Place| Membership { id: place.unit, leader: place.head, order: place.rank };
    let others = [
        ("account", row.text("account", Absent::ALTERNATE_IDS)),
        ("employee-number", row.text("badge", Absent::ALTERNATE_IDS)),
    ];
    let member = Member {
        alternate_ids: others
            .into_iter()
            .filter_map(|(kind, id)| Some(AlternateId { kind: kind.to_owned(), id: id? }))
            .collect(),
        name: row.take("name", Absent::NAME),
        departments: places.into_iter().map(place).collect(),
        main_department,
        direct_leaders: Vec::from_iter(row.text("manager", Absent::LEADERS)),
        position: row.text("title", Absent::POSITION),
        mobile: row.text("phone", Absent::MOBILE),
        business_email: row.text("email", Absent::BUSINESS_EMAIL),
        ..Member::new(id, status)
    };
    row.into_member(member)
}
