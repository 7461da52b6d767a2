//! One member: what the copy knows, roles, and what is shown only when somebody asks for it.

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::{administration::MemberRoles, directory::Member};

use super::{
    asked::{Asked, SHOWN},
    failure::{Failure, answer_if_any},
    masked::masked,
    members,
    names::{names, places},
};

/// The page, with what is personal covered.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    show(asked, false).await
}

/// The page with everything. That somebody asked for it stands in the audit trail first.
pub async fn reveal(asked: &Asked) -> Result<Response, Failure> {
    asked.audit("console.reveal-member", Some(asked.path("id").to_owned()), None).await?;
    show(asked, true).await
}

/// Replaces the assigned roles that were shown. Suspended ones go with that, so it is done by a button of their own.
pub async fn set_roles(asked: &Asked) -> Result<Response, Failure> {
    let roles = asked.text("roles").unwrap_or_default();
    let roles: Vec<String> = roles
        .split([',', '，', '、', '\n'])
        .map(str::trim)
        .filter(|role| !role.is_empty())
        .map(str::to_owned)
        .collect();
    let now = asked.element.member_roles_of(asked.path("id")).await?;
    unless_changed(asked, &now)?;
    if !now.suspended.is_empty() && asked.text("discard").is_none() {
        return Err(Failure::Changed);
    }
    asked.element.set_member_roles(asked.path("id"), &roles, &asked.actor()).await?;
    Ok(back(asked))
}

/// Gives the suspended roles that were shown back.
pub async fn confirm_roles(asked: &Asked) -> Result<Response, Failure> {
    unless_changed(asked, &asked.element.member_roles_of(asked.path("id")).await?)?;
    asked.element.confirm_roles(asked.path("id"), &asked.actor()).await?;
    Ok(back(asked))
}

fn unless_changed(asked: &Asked, now: &MemberRoles) -> Result<(), Failure> {
    asked.unless_changed(&[&now.assigned, &now.suspended])
}

fn is_by_rule(roles: &MemberRoles, role: &str) -> bool {
    roles.by_rule.iter().any(|ruled| ruled.role == role)
}

fn back(asked: &Asked) -> Response {
    super::super::home::sent(&members::address(asked, asked.path("id")))
}

async fn show(asked: &Asked, is_revealed: bool) -> Result<Response, Failure> {
    let member = asked.element.find_member(asked.path("id")).await?;
    let roles = answer_if_any(asked.element.member_roles_of(&member.id).await)?;
    let departments = names(asked, &places(std::slice::from_ref(&member))).await?;
    let say = |chinese, english| asked.say(chinese, english);
    let fact = |name: &str, value: Option<&str>| {
        html! { @if let Some(value) = value.filter(|value| !value.is_empty()) { dt { (name) } dd { (value) } } }
    };
    let personal = |name: &str, value: Option<&str>| {
        let value = value.map(|value| if is_revealed { value.to_owned() } else { masked(value) });
        fact(name, value.as_deref())
    };
    let page =
        format!("members/{}", percent_encoding::utf8_percent_encode(&member.id, percent_encoding::NON_ALPHANUMERIC));
    let content = html! {
        section.card {
            dl.facts {
                dt { (say("账号", "Id")) } dd { code { (member.id) } }
                dt { (say("状态", "Status")) } dd { (members::status(asked, member.status)) }
                dt { (say("部门", "Departments")) }
                dd {
                    @for place in &member.departments {
                        (departments.get(&place.id).unwrap_or(&place.id))
                        @if place.leader { " " span.tag { (say("负责人", "leader")) } }
                        br;
                    }
                }
                (fact(say("职务", "Position"), member.position.as_deref()))
                (fact(say("别名", "Alias"), member.alias.as_deref()))
                (personal(say("手机", "Mobile"), member.mobile.as_deref()))
                (personal(say("座机", "Telephone"), member.telephone.as_deref()))
                (personal(say("邮箱", "E-mail"), member.email.as_deref()))
                (personal(say("企业邮箱", "Business e-mail"), member.business_email.as_deref()))
                (personal(say("地址", "Address"), member.address.as_deref()))
            }
            @if !is_revealed && is_personal(&member) {
                (asked.form(&format!("{page}/reveal"), &html! {
                    button.quiet { (say("显示联系方式（将记入审计记录）", "Show numbers and addresses (goes into the audit trail)")) }
                }))
            }
        }
        @if let Some(roles) = &roles { (roles_of(asked, roles, &page)) }
        p { a href=(asked.address("members")) { (say("返回通讯录", "Back to the members")) } }
    };
    Ok(asked.page(&member.name, content))
}

fn is_personal(member: &Member) -> bool {
    [&member.mobile, &member.telephone, &member.email, &member.business_email, &member.address]
        .into_iter()
        .any(|value| value.as_ref().is_some_and(|value| !value.is_empty()))
}

fn roles_of(asked: &Asked, roles: &MemberRoles, page: &str) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let assigned = roles.assigned.join(", ");
    let shown = html! {
        input type="hidden" name=(SHOWN) value=(asked.mark(&[&roles.assigned, &roles.suspended]));
    };
    html! {
        section.card {
            h2 { (say("角色", "Roles")) }
            p {
                @for role in &roles.roles {
                    span.tag { (role) @if is_by_rule(roles, role) { " · " (say("按规则", "by rule")) } } " "
                }
                @if roles.roles.is_empty() { span.hint { (say("暂无", "none")) } }
            }
            @if roles.suspended.is_empty() {
                (asked.form(&format!("{page}/roles"), &html! {
                    (shown)
                    div.field {
                        label for="roles" { (say("直接分配的角色，以逗号分隔", "Roles that are assigned, with commas between them")) }
                        input #roles name="roles" value=(assigned);
                        @if !roles.by_rule.is_empty() {
                            p.hint {
                                (say("由规则给予的角色不写在这里也有效；写在这里的，规则取消后仍保留。",
                                     "Roles by rules count without standing here; those that stand here stay when the rule goes."))
                            }
                        }
                    }
                    button { (say("保存", "Save")) }
                }))
            } @else {
                p.banner.warn {
                    (say("暂停中的角色：", "Suspended: ")) (roles.suspended.join(", ")) ". "
                    (say("账号可能被他人重新使用，请确认后恢复。", "Ids are used again: look who it is before you give them back."))
                }
                div.row {
                    (asked.form(&format!("{page}/roles/confirm"), &html! {
                        (shown)
                        button.quiet { (say("恢复角色", "Give them back")) }
                    }))
                    (asked.form(&format!("{page}/roles"), &html! {
                        (shown)
                        input type="hidden" name="roles" value="";
                        input type="hidden" name="discard" value="yes";
                        button.quiet { (say("不再恢复，取消这些角色", "Take them away")) }
                    }))
                }
            }
        }
    }
}
