//! Rules that give roles to many, and what they give to a member.
//!
//! What they give is stored with each member's roles, so that the copy and the feed say the same at every instant: who writes a
//! member writes that too, and where rules, departments or tags change the [spreading](super::spreading) brings it to everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::{id::IdRule, key, member::Member, tree::Tree};
use crate::{
    contract::administration::{RoleRule, RuleScope, RuledRole},
    failure::Failure,
    order,
    platform::Platform,
    store,
};

/// The rules, in the order in which they were given.
pub(crate) fn read(platform: &dyn Platform) -> Result<Vec<RoleRule>, Failure> {
    Ok(store::value(platform, key::RULES)?.unwrap_or_default())
}

/// The tags that rules name, each once.
pub(crate) fn tags(rules: &[RoleRule]) -> BTreeSet<&str> {
    order::set(rules.iter().filter_map(|rule| match &rule.scope {
        RuleScope::Tag(tag) => Some(tag.as_str()),
        RuleScope::Everybody | RuleScope::Department(_) => None,
    }))
}

/// Tells what rules give, for one call or one write: it remembers what it has read of departments and tags.
#[derive(Debug)]
pub(crate) struct Evaluator {
    rules: Vec<RoleRule>,
    tree: Tree,
    /// The departments that each tag names.
    tag_departments: BTreeMap<String, BTreeSet<String>>,
}

impl Evaluator {
    /// For these rules; nothing where there are none.
    pub(crate) fn new(platform: &dyn Platform, rules: Vec<RoleRule>) -> Result<Option<Self>, Failure> {
        if rules.is_empty() {
            return Ok(None);
        }
        let mut tag_departments = BTreeMap::new();
        for tag in tags(&rules) {
            tag_departments.insert(tag.to_owned(), departments_of(platform, tag)?);
        }
        Ok(Some(Self { rules, tree: Tree::default(), tag_departments }))
    }

    /// For the rules that are stored.
    pub(crate) fn read(platform: &dyn Platform) -> Result<Option<Self>, Failure> {
        Self::new(platform, read(platform)?)
    }

    /// Whether what they give depends on where departments stand.
    pub(crate) fn looks_at_departments(&self) -> bool {
        self.rules.iter().any(|rule| rule.scope != RuleScope::Everybody)
    }

    /// What the rules give to members who are present, in order.
    pub(crate) fn give(
        &mut self,
        platform: &dyn Platform,
        ids: IdRule,
        members: &[&Member],
    ) -> Result<Vec<Vec<RuledRole>>, Failure> {
        if self.looks_at_departments() {
            let places = members.iter().flat_map(|member| &member.departments);
            self.tree.learn_upwards(platform, places.map(|place| place.id.as_str()))?;
        }
        let tags = tags(&self.rules);
        let keys = members.iter().flat_map(|one| tags.iter().map(|tag| key::tag_member(ids, tag, &one.id)));
        let mut marks = store::get_many(platform, &keys.collect::<Vec<_>>())?.into_iter();
        let mut given = Vec::with_capacity(members.len());
        for member in members {
            let tagged = order::set(tags.iter().copied().filter(|_| marks.next().flatten().is_some()));
            let meant = self.rules.iter().filter(|rule| self.means(member, &rule.scope, &tagged));
            given.push(
                meant.map(|RoleRule { role, scope }| RuledRole { role: role.clone(), scope: scope.clone() }).collect(),
            );
        }
        Ok(given)
    }

    /// The names of the roles that the rules give to a member who is present, sorted, each once.
    pub(crate) fn names(
        &mut self,
        platform: &dyn Platform,
        ids: IdRule,
        member: &Member,
    ) -> Result<Vec<String>, Failure> {
        Ok(self.give(platform, ids, &[member])?.pop().map(names).unwrap_or_default())
    }

    fn means(&self, member: &Member, scope: &RuleScope, tagged: &BTreeSet<&str>) -> bool {
        let is_below = |top: &str| member.departments.iter().any(|place| self.tree.is_below(&place.id, top));
        match scope {
            RuleScope::Everybody => true,
            RuleScope::Department(id) => is_below(id),
            RuleScope::Tag(tag) => {
                tagged.contains(tag.as_str())
                    || self.tag_departments.get(tag).is_some_and(|tops| tops.iter().any(|top| is_below(top)))
            }
        }
    }
}

/// The names of roles, sorted, each once.
pub(crate) fn names(given: Vec<RuledRole>) -> Vec<String> {
    order::set(given.into_iter().map(|given| given.role)).into_iter().collect()
}

fn departments_of(platform: &dyn Platform, tag: &str) -> Result<BTreeSet<String>, Failure> {
    let prefix = key::tag_departments(tag);
    Ok(order::set(store::keys(platform, &prefix)?.iter().map(|key| key[prefix.len()..].to_owned())))
}
