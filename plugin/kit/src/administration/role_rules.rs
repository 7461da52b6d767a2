//! Rules that give roles to many.

use serde_json::{Value, json};

use super::{member_roles::check_role, trail::Trail};
use crate::{
    config::Common,
    contract::{
        administration::{RoleRule, RuleScope, RulesState},
        audit,
    },
    directory::{deletion, forgetting, head, key, member::is_id, refresh, rules, spreading, tag_members},
    failure::Failure,
    platform::{Auditor, Platform},
    store,
    vendor::TagMembers,
};

/// Rules at most.
const MOST: usize = 200;
/// Rules before and after in one entry of the trail, which holds 64 KiB: one takes 600 bytes, where all of its characters are
/// quotes.
const RULES_OF_ENTRY: usize = 50;

/// See `role-rules` in `wit/administration.wit`.
pub fn role_rules(platform: &dyn Platform, common: &Common) -> Result<RulesState, Failure> {
    if head::is_platform_forgotten(platform, common)? {
        return Ok(RulesState { rules: Vec::new(), spreading: false });
    }
    Ok(RulesState { rules: rules::read(platform)?, spreading: spreading::is_under_way(platform)? })
}

/// See `set-role-rules` in `wit/administration.wit`. `ask` asks the vendor whom a tag names.
pub fn set_role_rules(
    platform: &dyn Auditor,
    common: &Common,
    ask: &dyn Fn(&str) -> Result<TagMembers, Failure>,
    rules: &[RoleRule],
    actor: &str,
) -> Result<RulesState, Failure> {
    check(rules)?;
    let mut trail = Trail::begin(platform, "administration.set-role-rules", actor)?;
    forgetting::finish(platform, common)?;
    let tags = ask_tags(platform, ask, rules)?;
    write_tags(platform, common, &tags)?;
    // All change at once: who signs in follows the new ones, and whoever writes a member writes what they give.
    refresh::write(platform, common, &mut |batch| {
        let before = rules::read(platform)?;
        if before == rules {
            return Ok(false);
        }
        trail.write(entries(&trail, &before, rules))?;
        batch.push(if rules.is_empty() { store::delete(key::RULES) } else { store::put(key::RULES, &rules) });
        batch.spread();
        Ok(true)
    })?;
    // Another call may have taken them for tags that no rule names, until one did.
    write_tags(platform, common, &tags)?;
    loop {
        if spreading::portion(platform, common)? {
            tag_members::forget_unnamed(platform)?;
            break;
        }
        if !deletion::has_budget(platform) {
            break;
        }
    }
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

/// What is written down of a change of the rules: all of them, in as many entries as their length asks for.
fn entries(trail: &Trail<'_>, before: &[RoleRule], after: &[RoleRule]) -> Vec<audit::Entry> {
    let count = before.len().max(after.len()).div_ceil(RULES_OF_ENTRY).max(1);
    let part = |rules: &[RoleRule], index| in_words(rules.chunks(RULES_OF_ENTRY).nth(index).unwrap_or_default());
    (0..count).map(|index| trail.entry(None, Some(&part(before, index)), Some(&part(after, index)))).collect()
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

/// Asks whom the tags name that no rule has named before, whom nobody looks at until one does: all of them before any is written
/// down. The others are asked about by every sync.
///
/// # Errors
/// `not-found` for a tag that does not exist, `budget-exhausted` where the call has no time for all of them.
fn ask_tags(
    platform: &dyn Platform,
    ask: &dyn Fn(&str) -> Result<TagMembers, Failure>,
    rules: &[RoleRule],
) -> Result<Vec<(String, TagMembers)>, Failure> {
    let known = rules::read(platform)?;
    let known = rules::tags(&known);
    let mut named = Vec::new();
    for tag in rules::tags(rules).difference(&known) {
        if !deletion::has_budget(platform) || platform.remaining().requests == 0 {
            return Err(Failure::budget_exhausted("set-role-rules").with_hint((
                "规则涉及的新标签过多：请分几次增加规则",
                "the rules name too many new tags for one call: add them in several",
            )));
        }
        named.push(((*tag).to_owned(), ask(tag)?));
    }
    Ok(named)
}

/// Writes down whom the tags name.
fn write_tags(platform: &dyn Platform, common: &Common, named: &[(String, TagMembers)]) -> Result<(), Failure> {
    for (tag, named) in named {
        let ops = tag_members::differences(platform, common.ids, tag, named)?;
        tag_members::write(platform, common, &ops)?;
    }
    Ok(())
}
