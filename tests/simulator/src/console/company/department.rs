//! One department: its members, and what may happen to it.

use maud::{Markup, html};

use super::super::scene::{Room, Scene, field, hidden};
use super::{LISTED, organisation, table};
use crate::corp::{Department, Member, ROOT};

/// The page of a department; `None` when there is none.
pub(crate) fn department(scene: &Scene, id: u64) -> Option<String> {
    let name = scene.corp.department(id)?.name.clone();
    Some(scene.render(Room::Company, &name, &organisation(scene, id)))
}

/// The department beside the tree.
pub(super) fn content(scene: &Scene, id: u64) -> Markup {
    let Some(one) = scene.corp.department(id) else { return html! {} };
    let mut staff: Vec<&Member> = scene.corp.staff(id).skip(scene.page() * LISTED).take(LISTED + 1).collect();
    let has_more = staff.len() > LISTED;
    staff.truncate(LISTED);
    let above = scene.path_of(one.parent);
    html! {
        p.hint {
            @for department in &above { a href={ "/console/department/" (department.id) } { (department.name) } " / " }
            (one.name) " · " (scene.say("编号", "id")) " " (id) " · "
            (scene.corp.staff(id).count()) " " (scene.say("名直属成员", "direct members"))
        }
        @if staff.is_empty() {
            p.hint { (scene.say("没有直属成员", "no direct members")) }
        } @else {
            (table(scene, &staff))
        }
        (scene.pager(&format!("/console/department/{id}"), &[], has_more))
        (changes(scene, one))
    }
}

fn changes(scene: &Scene, one: &Department) -> Markup {
    let id = one.id.to_string();
    html! {
        details.card {
            summary { (scene.say("添加成员", "Add a member")) }
            (scene.form("add-member", &html! {
                (hidden("department", &id))
                (field(scene.say("账号", "Id"), "id", "", scene.say("字母、数字与 _-@.", "letters, digits and _-@.")))
                (field(scene.say("姓名", "Name"), "name", "", ""))
                button { (scene.say("添加此成员", "Add the member")) }
            }))
        }
        details.card {
            summary { (scene.say("添加子部门", "Add a department below")) }
            (scene.form("add-department", &html! {
                (hidden("parent", &id))
                (field(scene.say("编号", "Id"), "id", &free_id(scene).to_string(), ""))
                (field(scene.say("部门名称", "Name of the department"), "name", "", ""))
                button { (scene.say("添加部门", "Add the department")) }
            }))
        }
        details.card {
            summary { (scene.say("修改部门", "Change this department")) }
            (scene.form("rename-department", &html! {
                (hidden("id", &id))
                (field(scene.say("名称", "Name"), "name", &one.name, ""))
                button { (scene.say("改名", "Rename")) }
            }))
            @if one.id != ROOT {
                (scene.form("move-department", &html! {
                    (hidden("id", &id))
                    (department_field(scene, scene.say("上级部门", "Parent"), "parent", one.parent))
                    button { (scene.say("移动", "Move")) }
                }))
                (scene.form_then("remove-department", &format!("/console/department/{}", one.parent), &html! {
                    (hidden("id", &id))
                    button.danger { (scene.say("删除（须为空）", "Remove (it has to be empty)")) }
                }))
            }
        }
    }
}

/// An input for a department: by id, with names to choose from where there are few.
pub(super) fn department_field(scene: &Scene, label: &str, name: &str, value: u64) -> Markup {
    /// More would make the page heavy; ids can be typed in any case.
    const OFFERED: usize = 300;
    html! {
        div.field {
            label {
                (label)
                input name=(name) value=(value) list="departments" inputmode="numeric" autocomplete="off";
            }
            datalist #departments {
                @for one in scene.corp.departments().take(OFFERED) { option value=(one.id) { (one.name) } }
            }
            div.hint { (scene.say("部门编号", "the department's id")) }
        }
    }
}

/// An id that no department has.
fn free_id(scene: &Scene) -> u64 {
    let mut id = u64::try_from(scene.corp.departments().count()).unwrap_or_default() + 100;
    while scene.corp.department(id).is_some() {
        id += 1;
    }
    id
}
