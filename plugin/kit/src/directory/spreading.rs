//! Bringing to the members what rules give, after rules, departments or tags changed: a pass over the copy, a page at a time. How
//! far it came is stored, and any call goes on. A change in between begins it anew; whoever writes a member meanwhile writes
//! what the rules give as well, so it never undoes anything.

use serde::{Deserialize, Serialize};

use super::{
    batch::Batch,
    key,
    member_status::is_present,
    record::MemberRecord,
    refresh::{ATTEMPTS, contended},
    roles::{self, Roles},
    rules,
};
use crate::{
    config::Common,
    failure::Failure,
    platform::Platform,
    store::{self, Versioned},
};

/// Records of a portion.
const PAGE: u32 = 200;

/// Where the pass stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Spreading {
    /// At the members, after this key.
    Members(Option<String>),
    /// At roles of whom the copy does not hold, after a reset: what a rule gave before must not come back with them.
    Strays(Option<String>),
    /// At assigned roles that a version before their index wrote. Then all have what rules give.
    Unindexed(Option<String>),
}

impl Spreading {
    /// From the beginning.
    pub(crate) const BEGINNING: Self = Self::Members(None);
}

/// Whether members still have what the rules before gave them.
pub(crate) fn is_under_way(platform: &dyn Platform) -> Result<bool, Failure> {
    let at: Option<Spreading> = store::value(platform, key::SPREADING)?;
    Ok(at.is_some_and(|at| !matches!(at, Spreading::Unindexed(_))))
}

/// Goes on with the next portion; whether nothing is left.
pub(crate) fn portion(platform: &dyn Platform, common: &Common) -> Result<bool, Failure> {
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(platform, common)?;
        let (at, version) = match store::get::<Spreading>(platform, key::SPREADING)? {
            Some(Versioned { value, version }) => (value, Some(version)),
            None if batch.head.roles_indexed => return Ok(true),
            None => (Spreading::Unindexed(None), None),
        };
        let next = match at {
            Spreading::Members(after) => members(platform, common, &mut batch, after.as_deref())?,
            Spreading::Strays(after) => strays(platform, common, &mut batch, after.as_deref())?,
            Spreading::Unindexed(after) => unindexed(platform, &mut batch, after.as_deref())?,
        };
        batch.push(store::check(key::SPREADING, version));
        batch.push(match &next {
            Some(next) => store::put(key::SPREADING, next),
            None => store::delete(key::SPREADING),
        });
        if store::apply(platform, &batch.into_ops())?.is_ok() {
            return Ok(next.is_none());
        }
    }
    Err(contended(ATTEMPTS))
}

fn members(
    platform: &dyn Platform,
    common: &Common,
    batch: &mut Batch,
    after: Option<&str>,
) -> Result<Option<Spreading>, Failure> {
    let page = platform.scan(key::MEMBERS, after, PAGE)?;
    let mut records: Vec<MemberRecord> = Vec::with_capacity(page.entries.len());
    for entry in &page.entries {
        records.push(store::parse(entry)?.value);
    }
    let present: Vec<_> = records.iter().filter(|one| is_present(one.presence)).map(|one| &one.member).collect();
    let given = match batch.rules(platform)? {
        Some(rules) => rules.give(platform, common.ids, &present)?,
        None => vec![Vec::new(); present.len()],
    };
    let mut given = given.into_iter();
    let ids: Vec<&str> = records.iter().map(|record| record.member.id.as_str()).collect();
    let roles = roles::read_many(platform, common.ids, &ids)?;
    let mut last = None;
    for ((record, stored), entry) in records.iter().zip(roles).zip(&page.entries) {
        if batch.is_full() {
            return Ok(Some(Spreading::Members(last)));
        }
        let by_rule = if is_present(record.presence) { given.next().map(rules::names) } else { None };
        let stored = stored.unwrap_or_default();
        let becomes = Roles { by_rule: by_rule.unwrap_or_default(), ..stored.clone() };
        if becomes != stored {
            batch.roles(record, &stored, &becomes);
        }
        last = Some(entry.key.clone());
    }
    Ok(Some(if page.more { Spreading::Members(last) } else { Spreading::Strays(None) }))
}

fn strays(
    platform: &dyn Platform,
    common: &Common,
    batch: &mut Batch,
    after: Option<&str>,
) -> Result<Option<Spreading>, Failure> {
    let page = platform.scan(key::ALL_ROLES, after, PAGE)?;
    let mut ruled: Vec<(&str, Roles)> = Vec::new();
    for entry in &page.entries {
        let roles: Roles = store::parse(entry)?.value;
        if !roles.by_rule.is_empty() {
            ruled.push((&entry.key[key::ALL_ROLES.len()..], roles));
        }
    }
    let keys: Vec<String> = ruled.iter().map(|(id, _)| key::member(common.ids, id)).collect();
    for ((id, roles), member) in ruled.into_iter().zip(store::get_many(platform, &keys)?) {
        if member.is_none() {
            batch.push(Roles { by_rule: Vec::new(), ..roles }.op(common.ids, id));
        }
    }
    let last = page.entries.last().filter(|_| page.more);
    Ok(match last {
        Some(last) => Some(Spreading::Strays(Some(last.key.clone()))),
        None => (!batch.head.roles_indexed).then_some(Spreading::Unindexed(None)),
    })
}

fn unindexed(platform: &dyn Platform, batch: &mut Batch, after: Option<&str>) -> Result<Option<Spreading>, Failure> {
    let page = platform.scan(key::ALL_ROLES, after, PAGE)?;
    let mut last = None;
    for entry in &page.entries {
        if batch.is_full() {
            return Ok(Some(Spreading::Unindexed(last)));
        }
        let roles: Roles = store::parse(entry)?.value;
        let id_key = &entry.key[key::ALL_ROLES.len()..];
        for role in &roles.roles {
            batch.push(store::put_text([key::assigned(role).as_str(), id_key].concat(), String::new()));
        }
        last = Some(entry.key.clone());
    }
    batch.head.roles_indexed = !page.more;
    Ok(last.filter(|_| page.more).map(|last| Spreading::Unindexed(Some(last))))
}
