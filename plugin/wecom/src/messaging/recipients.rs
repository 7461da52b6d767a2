//! Whom a message goes to: ids are judged, named once, and cut into parts that WeCom takes at a time. Pure.

use std::collections::BTreeSet;

use organisation_kit::{contract::messaging::Recipients, directory::id::IdRule, failure::Failure, invalid_argument};

use super::limits::{DEPARTMENTS, MEMBERS, TAGS};

/// Stands for everybody in the visible range.
pub(super) const ALL: &str = "@all";
/// Bytes of a member's id at most (doc 90196).
const ID_BYTES: usize = 64;

/// Judges and cuts. A part holds members, departments and tags side by side, so that few requests are made.
///
/// # Errors
/// `invalid-argument` for nobody at all, and for what can be no id.
pub(super) fn parts(ids: IdRule, to: &Recipients) -> Result<Vec<Recipients>, Failure> {
    if to.everybody {
        return Ok(vec![Recipients { everybody: true, ..nobody() }]);
    }
    let members = once("to.members", &to.members, is_member, |id| ids.key(id))?;
    let departments = once("to.departments", &to.departments, is_number, str::to_owned)?;
    let tags = once("to.tags", &to.tags, is_number, str::to_owned)?;
    let count =
        members.len().div_ceil(MEMBERS).max(departments.len().div_ceil(DEPARTMENTS)).max(tags.len().div_ceil(TAGS));
    if count == 0 {
        return Err(invalid_argument! { "to": "没有收件人", "there is no recipient" });
    }
    let chunk = |ids: &[String], size: usize, index: usize| {
        ids.chunks(size).nth(index).map(<[String]>::to_vec).unwrap_or_default()
    };
    let part = |index| Recipients {
        members: chunk(&members, MEMBERS, index),
        departments: chunk(&departments, DEPARTMENTS, index),
        tags: chunk(&tags, TAGS, index),
        ..nobody()
    };
    Ok((0..count).map(part).collect())
}

fn nobody() -> Recipients {
    Recipients { everybody: false, members: vec![], departments: vec![], tags: vec![], roles: vec![] }
}

/// The ids in the order in which they were named first.
fn once(
    path: &str,
    ids: &[String],
    is_id: fn(&str) -> bool,
    key: impl Fn(&str) -> String,
) -> Result<Vec<String>, Failure> {
    if let Some(odd) = ids.iter().find(|id| !is_id(id)) {
        let shown: String = odd.chars().take(64).collect();
        return Err(Failure::invalid_argument(
            path,
            (format!("{path} 中的 {shown:?} 不是有效的 ID"), format!("{shown:?} in {path} is no id")),
        ));
    }
    let mut seen = BTreeSet::new();
    Ok(ids.iter().filter(|id| seen.insert(key(id))).cloned().collect())
}

/// Ids are joined with `|`, and one of them stands for everybody.
fn is_member(id: &str) -> bool {
    let is_odd = |c: char| c == '|' || c.is_control() || c.is_whitespace();
    (1..=ID_BYTES).contains(&id.len()) && !id.contains(is_odd) && !id.eq_ignore_ascii_case(ALL)
}

/// Departments and tags have numbers.
fn is_number(id: &str) -> bool {
    id.bytes().all(|b| b.is_ascii_digit()) && id.parse::<u32>().is_ok()
}
