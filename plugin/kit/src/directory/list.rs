//! Lists of departments and members, page by page.
//!
//! A page goes through the keys in order, keeps what meets the filter, and stops when it is full, at the end, or when it has
//! looked at enough for one call. There is no index but those of members by department and by assigned role: departments are
//! few, and people search now and then, while every sync would pay for an index with each record that it writes. What rules
//! give has none either: a rule for everybody would cost a row for each member. So whoever asks for a role that a rule gives
//! reads the roles of all.

#[cfg(test)]
mod tests;

use super::{
    head::{self, Head},
    key,
    member::is_id,
    member_status::is_present,
    record::{DepartmentRecord, MemberRecord, show_department, show_member},
    roles::{self, Roles, is_role},
    search::Search,
    tree::Tree,
};
use crate::{
    config::Common,
    contract::{
        administration::RoleRule,
        directory::{self as contract, TreeLevel},
        storage::Entry,
    },
    failure::Failure,
    platform::Platform,
    store,
};

/// Records of a page at most.
pub(crate) const PAGE: usize = 200;
/// So many records are looked at for one page, about: some megabytes of storage, 15 to 30 ms of CPU.
const LOOKED_AT: usize = 4_000;
/// Records that are read at once at first where a filter may drop most of them.
const FIRST_READ: usize = 100;

/// See `departments` in `wit/directory.wit`.
pub fn departments(
    platform: &dyn Platform,
    common: &Common,
    filter: &contract::DepartmentFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<contract::DepartmentPage, Failure> {
    let is_gone = head::is_being_forgotten(platform, common)?;
    let search = filter.search.as_deref().map(Search::new);
    let range = Range::begin(key::DEPARTMENTS.to_owned(), cursor)?;
    if is_gone {
        return Ok(contract::DepartmentPage { departments: Vec::new(), cursor: None });
    }
    let is_filtered = search.is_some() || filter.level.is_some();
    let mut tree = Tree::default();
    let (departments, cursor) = range.page(platform, limit, is_filtered, |entries, _| {
        let mut found = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let department = store::parse::<DepartmentRecord>(entry)?.value.department;
            let parent = department.parent_id.as_deref();
            let is_at_level = match &filter.level {
                None | Some(TreeLevel::Roots) => true,
                Some(TreeLevel::ChildrenOf(meant)) => parent == Some(meant.as_str()),
            };
            if is_at_level && search.as_ref().is_none_or(|search| search.finds_department(&department)) {
                found.push((index, department));
            }
        }
        if filter.level == Some(TreeLevel::Roots) {
            tree.learn(platform, found.iter().filter_map(|(_, department)| department.parent_id.as_deref()))?;
            found.retain(|(_, one)| !one.parent_id.as_deref().is_some_and(|parent| tree.is_known(parent)));
        }
        Ok(found)
    })?;
    Ok(contract::DepartmentPage { departments: departments.into_iter().map(show_department).collect(), cursor })
}

/// See `members` in `wit/directory.wit`.
pub fn members(
    platform: &dyn Platform,
    common: &Common,
    filter: &contract::MemberFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<contract::MemberPage, Failure> {
    let head = head::read_own(platform, common)?.map(|stored| stored.value);
    let department = filter.department.as_deref();
    // The narrowest keys that name all who are meant. All of them end with the id of a member and order by it.
    let prefix = match (department, &filter.role) {
        (Some(department), _) if !filter.below => key::index(department),
        (_, Some(role)) if is_assigned_alone(platform, head.as_ref(), role)? => key::assigned(role),
        (_, Some(_)) => key::ALL_ROLES.to_owned(),
        _ => key::MEMBERS.to_owned(),
    };
    let range = Range::begin(prefix, cursor)?;
    let is_gone = head.is_some_and(|head| head.forgetting.is_some());
    // What can be no id and no name is nobody's, and must not become part of a key.
    let is_nobodys =
        department.is_some_and(|id| !is_id(id)) || filter.role.as_deref().is_some_and(|role| !is_role(role));
    if is_gone || is_nobodys {
        return Ok(contract::MemberPage { members: Vec::new(), cursor: None });
    }
    let search = filter.search.as_deref().map(Search::new);
    let top = department.filter(|_| filter.below);
    let is_filtered = filter.status.is_some() || filter.role.is_some() || search.is_some() || top.is_some();
    let mut tree = Tree::default();
    let (found, cursor) = range.page(platform, limit, is_filtered, |entries, wanted| {
        let mut meant: Vec<(usize, &Entry)> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            // Of the roles of all, those who have another one are not looked at any further.
            let is_meant = match &filter.role {
                Some(role) if range.prefix == key::ALL_ROLES => store::parse::<Roles>(entry)?.value.has(role),
                _ => true,
            };
            if is_meant {
                meant.push((index, entry));
            }
        }
        let records = if range.prefix == key::MEMBERS {
            None
        } else {
            let of = |(_, entry): &(usize, &Entry)| [key::MEMBERS, range.id_key(entry)].concat();
            Some(store::get_many(platform, &meant.iter().map(of).collect::<Vec<_>>())?)
        };
        let mut found: Vec<(usize, MemberRecord)> = Vec::new();
        for (place, &(index, entry)) in meant.iter().enumerate() {
            // An index and the records that it names are read one after the other: a member may be gone by then.
            let Some(entry) = records.as_ref().map_or(Some(entry), |records| records[place].as_ref()) else { continue };
            let record: MemberRecord = store::parse(entry)?.value;
            // Likewise it may be in another department by then.
            let is_there = |id: &str| record.member.departments.iter().any(|place| place.id == id);
            let meets = filter.status.is_none_or(|status| record.presence == status)
                && department.is_none_or(|id| is_present(record.presence) && (filter.below || is_there(id)))
                && search.as_ref().is_none_or(|search| search.finds_member(&record.member));
            if meets {
                found.push((index, record));
            }
        }
        if let Some(top) = top {
            let places = found.iter().flat_map(|(_, record)| &record.member.departments);
            tree.learn_upwards(platform, places.map(|place| place.id.as_str()))?;
            found.retain(|(_, record)| record.member.departments.iter().any(|place| tree.is_below(&place.id, top)));
        }
        if filter.role.is_none() {
            found.truncate(wanted);
        }
        let ids: Vec<&str> = found.iter().map(|(_, record)| record.member.id.as_str()).collect();
        let roles = roles::read_many(platform, common.ids, &ids)?;
        let mut found: Vec<(usize, (MemberRecord, Option<Roles>))> =
            found.into_iter().zip(roles).map(|((index, record), roles)| (index, (record, roles))).collect();
        if let Some(role) = &filter.role {
            found.retain(|(_, (_, roles))| roles.as_ref().is_some_and(|roles| roles.has(role)));
        }
        Ok(found)
    })?;
    let show = |(record, roles): (MemberRecord, _)| show_member(record.member, record.presence, roles);
    Ok(contract::MemberPage { members: found.into_iter().map(show).collect(), cursor })
}

/// Whether all who have a role are in the index of those to whom it is assigned: no rule gives it, nor did one before whose end
/// has not come to everybody yet.
fn is_assigned_alone(platform: &dyn Platform, head: Option<&Head>, role: &str) -> Result<bool, Failure> {
    if !head.is_some_and(|head| head.roles_indexed) {
        return Ok(false);
    }
    // Together: rules and what is left of those before change in one write.
    let keys = [key::RULES, key::SPREADING].map(str::to_owned);
    let mut entries = store::get_many(platform, &keys)?.into_iter();
    let (rules, spreading) = (entries.next().flatten(), entries.next().flatten());
    let rules: Vec<RoleRule> = store::parsed(rules.as_ref())?.unwrap_or_default();
    Ok(spreading.is_none() && rules.iter().all(|rule| rule.role != role))
}

/// The keys of a list that follow a cursor. A cursor is the rest of the last key, behind a mark.
struct Range {
    prefix: String,
    after: Option<String>,
}

/// A page of what was found, and the cursor of the next one.
type Page<T> = (Vec<T>, Option<String>);

impl Range {
    fn begin(prefix: String, cursor: Option<&str>) -> Result<Self, Failure> {
        let after = |cursor: &str| {
            cursor.strip_prefix("k:").map(|rest| format!("{prefix}{rest}")).ok_or_else(|| {
                Failure::invalid_argument(
                    "cursor",
                    (
                        "该游标不是本接口返回的：请原样传回",
                        "the cursor was not made by this function: pass on what a page answered",
                    ),
                )
            })
        };
        let after = cursor.map(after).transpose()?;
        Ok(Self { prefix, after })
    }

    /// The id of a member, as it compares, in a key of the range.
    fn id_key<'e>(&self, entry: &'e Entry) -> &'e str {
        entry.key.strip_prefix(&self.prefix).unwrap_or_default()
    }

    /// Reads on until a page is full. `pick` gets the entries that were read and how many records are still wanted, and
    /// answers those that are meant, in order, with their positions; it may answer too many.
    fn page<T>(
        &self,
        platform: &dyn Platform,
        limit: u32,
        is_filtered: bool,
        mut pick: impl FnMut(&[Entry], usize) -> Result<Vec<(usize, T)>, Failure>,
    ) -> Result<Page<T>, Failure> {
        let limit = usize::try_from(limit).unwrap_or(PAGE).clamp(1, PAGE);
        let (mut found, mut looked_at) = (Vec::new(), 0);
        let (mut after, mut size) = (self.after.clone(), limit.max(FIRST_READ));
        loop {
            let asked = u32::try_from(if is_filtered { size } else { limit - found.len() }).unwrap_or(u32::MAX);
            let mut read = platform.scan(&self.prefix, after.as_deref(), asked)?;
            let mut end = read.entries.len();
            looked_at += end;
            for (index, record) in pick(&read.entries, limit - found.len())? {
                found.push(record);
                if found.len() == limit {
                    // What stands behind it is read again for the next page.
                    read.more |= index + 1 < end;
                    end = index + 1;
                    break;
                }
            }
            let Some(last) = read.entries.get(end.wrapping_sub(1)).filter(|_| read.more) else {
                return Ok((found, None));
            };
            if found.len() == limit || looked_at >= LOOKED_AT {
                return Ok((found, Some(format!("k:{}", self.id_key(last)))));
            }
            after = Some(last.key.clone());
            size = (size * 2).min(store::ITEMS_PER_CALL);
        }
    }
}
