//! To whom a message goes: members, departments with everything below, tags; as far as the app sees them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::answer::Refusal;
use crate::api::view::View;
use crate::corp::{Member, MemberKey, Status, folded, key};

/// The members that were found, and what was not, lower-cased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recipients {
    pub(super) members: BTreeSet<MemberKey>,
    pub(super) invalid_members: Vec<String>,
    pub(super) invalid_departments: Vec<String>,
    pub(super) invalid_tags: Vec<String>,
}

impl Recipients {
    /// Looks up ids, in the caller's range.
    pub(super) fn of(view: &View, members: &[String], departments: &[String], tags: &[String]) -> Self {
        let mut found = Self::default();
        for id in members {
            match view.corp.member(id).filter(|member| can_receive(view, member)) {
                Some(member) => drop(found.members.insert(key(&member.id))),
                None => found.invalid_members.push(folded(id).into_owned()),
            }
        }
        for id in departments {
            match id.parse().ok().filter(|id| view.range.department(*id)) {
                Some(id) => found.add_department(view, id),
                None => found.invalid_departments.push(id.clone()),
            }
        }
        for id in tags {
            let Some(tag) = id.parse().ok().and_then(|id| view.corp.tag(id)) else {
                found.invalid_tags.push(id.clone());
                continue;
            };
            found.add(view, tag.members().filter_map(|id| view.corp.member(id)));
            for department in tag.departments().filter(|id| view.range.department(*id)) {
                found.add_department(view, department);
            }
        }
        found
    }

    /// Everybody the caller sees.
    pub(super) fn everybody(view: &View) -> Self {
        let mut found = Self::default();
        found.add(view, view.corp.members());
        found
    }

    fn add_department(&mut self, view: &View, id: u64) {
        for id in view.corp.subtree(id) {
            self.add(view, view.corp.staff(id));
        }
    }

    fn add<'m>(&mut self, view: &View, members: impl Iterator<Item = &'m Member>) {
        self.members.extend(members.filter(|member| can_receive(view, member)).map(|member| key(&member.id)));
    }
}

/// Whether a member is in range and has not left.
fn can_receive(view: &View, member: &Member) -> bool {
    view.range.member(member) && member.status != Status::Resigned
}

/// The ids of a text that joins them with `|`. Numbers are taken as well.
pub(super) fn joined(value: Option<&Value>, name: &str) -> Result<Vec<String>, Refusal> {
    let text = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(Refusal::form(format!("{name} should be string"))),
    };
    Ok(text.split('|').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect())
}

/// The ids of a list of texts or numbers.
pub(super) fn listed(value: Option<&Value>, name: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::form(format!("{name} should be array"));
    let items = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(wrong()),
    };
    let text = |item: &Value| match item {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(wrong()),
    };
    items.iter().map(text).collect()
}

/// Refuses more ids than a call may name.
pub(super) fn check_counts(members: usize, departments: usize, tags: usize) -> Result<(), Refusal> {
    for (count, most, code) in [(members, 1000, 40032), (departments, 100, 82002), (tags, 100, 82003)] {
        if count > most {
            return Err(code.into());
        }
    }
    Ok(())
}
