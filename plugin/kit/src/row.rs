//! A row of an answer in JSON, read field by field: one that is missing says nothing, `null` is empty, and one of another
//! type is left out and named. Only the id and the departments decide who somebody is and where.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    directory::{
        department::{Department, DepartmentRow, FetchedDepartment},
        member::{Absent, FetchedMember, MEMBER_DEPARTMENTS, Member, MemberRow, is_id},
    },
    order,
};

/// A row that is being read.
#[derive(Debug)]
pub struct Row<'a> {
    value: &'a Value,
    absent: Absent,
    unreadable: Vec<&'static str>,
}

impl<'a> Row<'a> {
    /// Nothing of it is read yet.
    pub fn new(value: &'a Value) -> Self {
        Self { value, absent: Absent::NONE, unreadable: Vec::new() }
    }

    /// A field that can be the id of a member or department.
    pub fn id(&self, key: &str) -> Option<String> {
        self.value.get(key)?.as_str().filter(|id| is_id(id)).map(str::to_owned)
    }

    /// A field; its default where it is `null`, missing or of another type. `field` is what the kit calls it.
    pub fn take<T: Deserialize<'a> + Default>(&mut self, key: &'static str, field: Absent) -> T {
        match self.value.get(key).map(Option::<T>::deserialize) {
            Some(Ok(value)) => return value.unwrap_or_default(),
            Some(Err(_)) => self.unreadable.push(key),
            None => {}
        }
        self.absent.add(field);
        T::default()
    }

    /// A text; nothing where it is empty.
    pub fn text(&mut self, key: &'static str, field: Absent) -> Option<String> {
        Some(self.take::<String>(key, field)).filter(|text| !text.is_empty())
    }

    /// The row of a member, of which everything was read. Departments are brought in order, and a member with more than
    /// [`MEMBER_DEPARTMENTS`] or with one that has no sound id counts as one that cannot be read.
    pub fn into_member(self, mut member: Member) -> MemberRow {
        let departments = &mut member.departments;
        if departments.len() > MEMBER_DEPARTMENTS || !departments.iter().all(|place| is_id(&place.id)) {
            return MemberRow::Unreadable { id: Some(member.id) };
        }
        order::sort_by(departments, &Ord::cmp);
        let Self { absent, unreadable, .. } = self;
        MemberRow::Fetched(Box::new(FetchedMember { member, absent, unreadable }))
    }

    /// The row of a department, of which everything was read.
    pub fn into_department(self, department: Department) -> DepartmentRow {
        let Self { absent, unreadable, .. } = self;
        DepartmentRow::Fetched(FetchedDepartment { department, absent, unreadable })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{contract::directory::MemberStatus, directory::member::Membership};

    #[test]
    fn a_field_is_there_empty_missing_or_odd() {
        for (value, expected, is_absent, unreadable) in [
            (json!({ "title": "lead" }), Some("lead"), false, &[][..]),
            (json!({ "title": "" }), None, false, &[]),
            (json!({ "title": null }), None, false, &[]),
            (json!({}), None, true, &[]),
            (json!({ "title": 7 }), None, true, &["title"]),
            (json!("a text"), None, true, &[]),
        ] {
            let mut row = Row::new(&value);
            assert_eq!(row.text("title", Absent::POSITION).as_deref(), expected, "{value}");
            assert_eq!((row.absent.has(Absent::POSITION), &*row.unreadable), (is_absent, unreadable), "{value}");
        }
    }

    #[test]
    fn an_id_becomes_part_of_a_key() {
        for (value, expected) in [
            (json!({ "id": "a/b %" }), Some("a/b %")),
            (json!({ "id": "" }), None),
            (json!({ "id": "a\nb" }), None),
            (json!({ "id": "x".repeat(129) }), None),
            (json!({ "id": 7 }), None),
            (json!({}), None),
            (json!([]), None),
        ] {
            assert_eq!(Row::new(&value).id("id").as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn places_of_a_member_are_in_order_and_have_ids() {
        let of = |ids: &[&str]| {
            let place = |id: &&str| Membership { id: (*id).to_owned(), leader: false, order: 0 };
            let mut member = Member::new("anna".to_owned(), MemberStatus::Active);
            member.departments = ids.iter().map(place).collect();
            match Row::new(&Value::Null).into_member(member) {
                MemberRow::Fetched(fetched) => {
                    Ok(fetched.member.departments.into_iter().map(|place| place.id).collect::<Vec<_>>())
                }
                MemberRow::Unreadable { id } => Err(id),
            }
        };
        let many: Vec<String> = (0..=MEMBER_DEPARTMENTS).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&["b", "a"]), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(of(&[]), Ok(vec![]));
        for odd in [&["a", ""][..], &["a\n"], &many] {
            assert_eq!(of(odd), Err(Some("anna".to_owned())), "{odd:?}");
        }
    }
}
