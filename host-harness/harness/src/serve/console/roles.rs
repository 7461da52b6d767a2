//! Rules that give roles, and who administers the app.

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::administration::{RoleRule, RuleScope};

use super::{
    asked::{Asked, SHOWN},
    failure::Failure,
    members,
};

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let state = asked.element.role_rules().await?;
    let administrators = asked.element.administrators().await?;
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        section.card {
            h2 { (say("角色规则", "Rules")) }
            p.hint {
                (say("规则把角色给予全体成员、一个部门及其下级、或一个标签；单个成员的角色在其页面上分配。",
                     "A rule gives a role to everybody, to a department and all below it, or to a tag. Roles of one member are given on the member's page."))
            }
            @if state.spreading { p.banner.warn { (say("规则正在生效。", "The rules are still spreading.")) } }
            @if !state.rules.is_empty() {
                table.stacked {
                    thead { tr { th { (say("角色", "Role")) } th { (say("给予", "Given to")) } th { (say("操作", "Action")) } } }
                    tbody { @for (number, rule) in state.rules.iter().enumerate() { (row(asked, number, rule)) } }
                }
            }
            (asked.form("roles/rules", &html! {
                div.row {
                    label.visually-hidden for="role" { (say("角色", "Role")) }
                    input #role name="role" required placeholder=(say("角色，如 staff", "role, such as staff"));
                    label.visually-hidden for="scope" { (say("给予", "Given to")) }
                    select #scope name="scope" {
                        option value="everybody" { (say("全体成员", "everybody")) }
                        option value="department" { (say("部门及其下级", "a department and below")) }
                        option value="tag" { (say("标签", "a tag")) }
                    }
                    label.visually-hidden for="id" { (say("部门或标签的 ID", "Id of the department or tag")) }
                    input #id name="id" placeholder=(say("部门或标签的 ID", "id of the department or tag"));
                    button { (say("添加规则", "Add the rule")) }
                }
            }))
        }
        section.card {
            h2 { (say("管理员", "Administrators")) }
            p.hint {
                (say("管理员可进入本控制台。同步不会未经确认就移除管理员。",
                     "Administrators may open this console. No sync removes one without being asked."))
            }
            @if administrators.is_empty() { p.banner.warn { (say("还没有管理员。", "There are no administrators yet.")) } } @else {
                ul { @for id in &administrators { li { a href=(members::address(asked, id)) { (id) } } } }
            }
            (asked.form("roles/administrators", &html! {
                div.field {
                    label for="ids" { (say("管理员账号，每行一个", "Ids of the administrators, one a line")) }
                    textarea #ids name="ids" { (administrators.join("\n")) }
                }
                input type="hidden" name=(SHOWN) value=(asked.mark(&[&administrators]));
                button { (say("保存管理员", "Save the administrators")) }
            }))
        }
    };
    Ok(asked.page(say("角色与管理员", "Roles and administrators"), content))
}

fn row(asked: &Asked, number: usize, rule: &RoleRule) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        tr {
            td data-label=(say("角色", "Role")) { (rule.role) }
            td data-label=(say("给予", "Given to")) {
                @match &rule.scope {
                    RuleScope::Everybody => (say("全体成员", "everybody")),
                    RuleScope::Department(id) => { (say("部门", "department")) " " code { (id) } }
                    RuleScope::Tag(id) => { (say("标签", "tag")) " " code { (id) } }
                }
            }
            td data-label=(say("操作", "Action")) {
                (asked.form("roles/rules/remove", &html! {
                    input type="hidden" name="number" value=(number);
                    input type="hidden" name="rule" value=(name(rule));
                    button.link { (say("移除", "Remove")) }
                }))
            }
        }
    }
}

/// What a form calls a rule, so that nobody removes another one than the one that was shown.
fn name(rule: &RoleRule) -> String {
    match &rule.scope {
        RuleScope::Everybody => format!("{} everybody", rule.role),
        RuleScope::Department(id) => format!("{} department {id}", rule.role),
        RuleScope::Tag(id) => format!("{} tag {id}", rule.role),
    }
}

/// Adds a rule to those that are there.
pub async fn add_rule(asked: &Asked) -> Result<Response, Failure> {
    let id = || {
        let missing = Failure::Asked(["请填写部门或标签的 ID。", "Give the id of the department or tag."]);
        asked.text("id").map(str::to_owned).ok_or(missing)
    };
    let scope = match asked.text("scope") {
        Some("department") => RuleScope::Department(id()?),
        Some("tag") => RuleScope::Tag(id()?),
        Some("everybody") => RuleScope::Everybody,
        _ => return Err(Failure::Asked(["请选择规则的对象。", "Choose to whom the rule gives the role."])),
    };
    let role = asked.text("role").ok_or(Failure::Asked(["请填写角色。", "Give the role."]))?;
    let mut rules = asked.element.role_rules().await?.rules;
    rules.push(RoleRule { role: role.to_owned(), scope });
    asked.element.set_role_rules(&rules, &asked.actor()).await?;
    Ok(asked.go("roles"))
}

/// Takes one rule away.
pub async fn remove_rule(asked: &Asked) -> Result<Response, Failure> {
    let mut rules = asked.element.role_rules().await?.rules;
    let number: Option<usize> = asked.text("number").and_then(|number| number.parse().ok());
    let is_the_one = |rule: &RoleRule| asked.text("rule") == Some(&name(rule));
    let number = number.filter(|number| rules.get(*number).is_some_and(is_the_one));
    rules.remove(number.ok_or(Failure::Changed)?);
    asked.element.set_role_rules(&rules, &asked.actor()).await?;
    Ok(asked.go("roles"))
}

/// Replaces the administrators that were shown. Nobody takes away the own place by a slip, and nobody brings back whom another
/// administrator has removed since.
pub async fn set_administrators(asked: &Asked) -> Result<Response, Failure> {
    let ids = asked.text("ids").unwrap_or_default();
    let ids: Vec<String> =
        ids.split([',', '，', '\n', '\r']).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if let Some(own) = &asked.visitor.session.member
        && !ids.contains(own)
    {
        return Err(Failure::Asked([
            "名单中没有您自己：请让另一位管理员移除您，以免无人可以管理。",
            "You are not in the list: let another administrator take you out, so that the app is never without one.",
        ]));
    }
    asked.unless_changed(&[&asked.element.administrators().await?])?;
    asked.element.set_administrators(&ids, &asked.actor()).await?;
    Ok(asked.go("roles"))
}
