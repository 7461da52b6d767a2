//! One member: the card, and what may happen to it.

use maud::{Markup, html};

use super::super::scene::{Room, Scene, field, hidden};
use super::department::department_field;
use super::departments_of;
use crate::corp::{Gender, Member, Status, Visible};
use crate::pages::redirect::encoded;

/// The page of a member; `None` when there is none.
pub(crate) fn member(scene: &Scene, id: &str) -> Option<String> {
    let member = scene.corp.member(id)?;
    let content = html! {
        div.columns {
            div.card { (facts(scene, member)) }
            div { (changes(scene, member)) }
        }
    };
    Some(scene.render(Room::Company, &member.name, &content))
}

fn facts(scene: &Scene, member: &Member) -> Markup {
    let seen_by: Vec<&str> = scene
        .corp
        .apps()
        .filter(|app| Visible::of(&scene.corp, app).member(member))
        .map(|app| app.name.as_str())
        .collect();
    let rows = [
        (scene.say("账号", "Id"), member.id.clone()),
        (scene.say("部门", "Departments"), departments_of(scene, member)),
        (scene.say("职务", "Position"), member.position.clone()),
        (scene.say("别名", "Alias"), member.alias.clone()),
        (scene.say("手机", "Mobile"), member.mobile.clone()),
        (scene.say("邮箱", "E-mail"), member.email.clone()),
        (scene.say("直接上级", "Reports to"), member.direct_leaders.join(" ")),
        (scene.say("可见此成员的应用", "Visible to"), seen_by.join(" · ")),
    ];
    html! {
        dl.facts {
            dt { (scene.say("状态", "State")) } dd { (scene.status(member)) }
            @for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) { dt { (name) } dd { (value) } }
        }
        p {
            @if let Some(main) = member.main() {
                a href={ "/console/department/" (main) } { (scene.say("所在部门", "The department")) } " · "
            }
            a href={ "/console/phone/" (encoded(&member.id)) } { (scene.say("打开此人的手机", "This member's phone")) }
        }
    }
}

fn changes(scene: &Scene, member: &Member) -> Markup {
    let main = member.main().unwrap_or_default();
    let states = [
        (Status::Active, scene.say("已激活", "active")),
        (Status::Disabled, scene.say("已禁用", "disabled")),
        (Status::NotActivated, scene.say("未激活", "not activated")),
    ];
    let genders = [
        (Gender::Unknown, scene.say("未填", "not given")),
        (Gender::Male, scene.say("男", "male")),
        (Gender::Female, scene.say("女", "female")),
    ];
    html! {
        div.card {
            (scene.form("change-member", &html! {
                (hidden("id", &member.id))
                (field(scene.say("姓名", "Name"), "name", &member.name, ""))
                (field(scene.say("职务", "Position"), "position", &member.position, ""))
                (field(scene.say("别名", "Alias"), "alias", &member.alias, ""))
                (field(scene.say("手机", "Mobile"), "mobile", &member.mobile, ""))
                (field(scene.say("邮箱", "E-mail"), "email", &member.email, ""))
                div.field {
                    label {
                        (scene.say("状态", "State"))
                        select name="status" {
                            @for (status, text) in states { option value=(status.number()) selected[status == member.status] { (text) } }
                            @if member.status == Status::Resigned { option value="5" selected { (scene.say("已离职", "resigned")) } }
                        }
                    }
                }
                div.field {
                    label {
                        (scene.say("性别", "Gender"))
                        select name="gender" {
                            @for (gender, text) in genders { option value=(gender.text()) selected[gender == member.gender] { (text) } }
                        }
                    }
                }
                button { (scene.say("保存", "Save")) }
            }))
        }
        div.card {
            (scene.form("move-member", &html! {
                (hidden("id", &member.id))
                (department_field(scene, scene.say("调动到", "Move to"), "department", main))
                button { (scene.say("调动", "Move")) }
            }))
        }
        details.card {
            summary { (scene.say("更改账号", "Change the id")) }
            (scene.form_then("rename-member", "/console", &html! {
                (hidden("id", &member.id))
                (field(scene.say("新账号", "New id"), "new_id", &member.id, scene.say("引用此成员之处随之更改", "references follow")))
                button { (scene.say("更改", "Change")) }
            }))
        }
        details.card {
            summary { (scene.say("离职", "Resignation")) }
            (scene.form("resign-member", &html! {
                (hidden("id", &member.id))
                (hidden("listed", "1"))
                button.danger { (scene.say("离职，仍在列表中（状态 5）", "Resign, still listed (status 5)")) }
            }))
            (scene.form_then("resign-member", &format!("/console/department/{main}"), &html! {
                (hidden("id", &member.id))
                button.danger { (scene.say("离职，从列表中消失", "Resign and vanish from the lists")) }
            }))
        }
    }
}
