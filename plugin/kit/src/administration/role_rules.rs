//! Rules that give roles to many.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{member_roles::check_role, trail::Trail};
use crate::{
    config::Common,
    contract::{
        administration::{RoleRule, RuleScope, RulesState},
        log::Level,
        storage::{Check, Expectation},
    },
    directory::{deletion, forgetting, head, key, member::is_id, refresh, rules, spreading, tagged},
    failure::Failure,
    platform::{Auditor, Platform},
    store,
    vendor::Client,
};

/// Rules at most.
const MOST: usize = 200;

/// See `role-rules` in `wit/administration.wit`.
pub fn role_rules<P: Platform>(platform: &P, common: &Common) -> Result<RulesState, Failure> {
    head::read_own(platform, common)?;
    Ok(RulesState { rules: rules::read(platform)?, spreading: spreading::is_under_way(platform)? })
}

/// See `set-role-rules` in `wit/administration.wit`.
pub fn set_role_rules<P: Platform + Auditor, C: Client<P>>(
    platform: &P,
    common: &Common,
    client: &C,
    rules: &[RoleRule],
    actor: &str,
) -> Result<RulesState, Failure> {
    check(rules)?;
    let mut trail = Trail::begin(platform, "administration.set-role-rules", actor)?;
    forgetting::make_way(platform, common)?;
    learn_tags(platform, common, client, rules)?;
    let mut before = Vec::new();
    // All change at once: who signs in follows the new ones, and whoever writes a member writes what they give.
    refresh::write(platform, common, &mut |batch| {
        before = rules::read(platform)?;
        if before == rules {
            return Ok(false);
        }
        trail.write(vec![trail.entry("", Some(&in_words(&before)), Some(&in_words(rules)))])?;
        batch.push(if rules.is_empty() { store::delete(key::RULES) } else { store::put(key::RULES, &rules) });
        batch.spread();
        Ok(true)
    })?;
    forget_tags(platform, &before, rules);
    while !spreading::portion(platform, common)? && deletion::has_budget(platform) {}
    role_rules(platform, common)
}

/// Rules as the contract spells them, for whoever reads the trail: `[{"role": "staff", "scope": "everybody"}]`.
fn in_words(rules: &[RoleRule]) -> Vec<Value> {
    let scope = |scope: &RuleScope| match scope {
        RuleScope::Everybody => json!("everybody"),
        RuleScope::Department(id) => json!({ "department": id }),
        RuleScope::Tag(id) => json!({ "tag": id }),
    };
    rules.iter().map(|rule| json!({ "role": rule.role, "scope": scope(&rule.scope) })).collect()
}

fn check(rules: &[RoleRule]) -> Result<(), Failure> {
    if rules.len() > MOST {
        let found = rules.len();
        return Err(invalid_argument! { "rules":
        "最多 {MOST} 条规则，收到 {found} 条", "there are at most {MOST} rules, not {found}" });
    }
    for rule in rules {
        check_role(&rule.role)?;
        if let RuleScope::Department(id) | RuleScope::Tag(id) = &rule.scope
            && !is_id(id)
        {
            return Err(invalid_argument! { "rules":
            "部门或标签的 ID 须为 1 至 128 字节，且不含控制字符",
            "the id of a department or a tag has 1 to 128 bytes and no control characters" });
        }
    }
    Ok(())
}

/// Asks whom the tags name that no rule has named before, whom nobody looks at until one does. The others are asked about by
/// every sync.
fn learn_tags<P: Platform, C: Client<P>>(
    platform: &P,
    common: &Common,
    client: &C,
    rules: &[RoleRule],
) -> Result<(), Failure> {
    let known = rules::read(platform)?;
    let known = rules::tags(&known);
    for tag in rules::tags(rules).difference(&known) {
        let named = client.tag_members(tag)?;
        let ops = tagged::differences(platform, common.ids, tag, &named)?;
        tagged::write(platform, common, &ops)?;
    }
    Ok(())
}

/// Deletes what is known of tags that no rule names any more. What is left where that fails means nothing to anybody, and is put
/// right when a rule names the tag again.
fn forget_tags<P: Platform>(platform: &P, before: &[RoleRule], after: &[RoleRule]) {
    let after = rules::tags(after);
    let gone: BTreeSet<&str> = rules::tags(before).difference(&after).copied().collect();
    let forget = || -> Result<(), Failure> {
        for tag in gone {
            let version = store::get_text(platform, key::RULES)?.map(|entry| entry.version);
            // Where the rules are others by then, one of them may name it again.
            let expected = version.map_or(Expectation::Absent, Expectation::Version);
            let unchanged = [Check { key: key::RULES.to_owned(), expected }];
            if !rules::tags(&rules::read(platform)?).contains(tag) {
                deletion::all(platform, &key::tag(tag), &unchanged)?;
            }
        }
        Ok(())
    };
    if let Err(failure) = forget() {
        let fields = [("error", failure.message.en.as_str())];
        platform.log(Level::Warn, "what is known of a tag that no rule names is left where it is", &fields);
    }
}
