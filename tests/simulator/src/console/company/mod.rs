//! The company's WeCom: what its administrator sees and changes.

mod app;
mod callback;
mod department;
mod member;
mod range;
mod tree;

use maud::{Markup, html};

pub(super) use app::{app, secret};
pub(super) use department::department;
pub(super) use member::member;

use super::scene::{Room, SCRIPT_PATH, Scene, hidden, member_path};
use crate::corp::{Corp, Department, Member, ROOT};

/// So many entries stand on a page of a list.
const LISTED: usize = 50;

/// The first page: the company, its apps, and its organisation from the root.
pub(super) fn home(scene: &Scene) -> String {
    let corp = &scene.corp;
    let content = html! {
        div.grid {
            div.card { div.hint { (scene.say("企业 ID", "CorpID")) } code { (corp.id()) } }
            div.card { div.hint { (scene.say("成员", "Members")) } div.figure { (corp.member_count()) } }
            div.card { div.hint { (scene.say("部门", "Departments")) } div.figure { (corp.departments().count()) } }
        }
        h2 { (scene.say("应用管理", "Apps")) }
        ul.plain {
            @for app in corp.apps() {
                li.card {
                    a href={ "/console/app/" (app.id) } { strong { (app.name) } }
                    div.hint { "AgentId " (app.id) " · "
                        @if app.enabled { (scene.say("已启用", "enabled")) } @else { (scene.say("已停用", "disabled")) }
                    }
                }
            }
        }
        @if corp.contact_sync().is_some() {
            h2 { (scene.say("通讯录同步", "Contact sync")) }
            (callback::settings(scene, crate::callback::Receiver::Contacts))
        }
        (organisation(scene, ROOT))
    };
    scene.render(Room::Company, scene.say("企业", "Company"), &content)
}

/// The organisation with one department open: the tree beside the department.
fn organisation(scene: &Scene, at: u64) -> Markup {
    html! {
        h2 { (scene.say("通讯录", "Contacts")) }
        p.hint { (scene.say("可将成员或部门拖到左侧的另一个部门，或在其页面上移动。", "Drag a member or a department to another department of the tree, or move it on its page.")) }
        (scene.search("/console/search", scene.say("成员或部门的名称、账号、编号", "name or id of a member or department")))
        div.columns {
            nav.card aria-label=(scene.say("部门", "Departments")) { (tree::tree(scene, at, &|id| format!("/console/department/{id}"))) }
            div { (department::content(scene, at)) }
        }
        (drops(scene))
    }
}

/// What is sent when something is dropped on a department: the forms of its own page do the same by hand.
fn drops(scene: &Scene) -> Markup {
    html! {
        @for (action, into) in [("move-member", "department"), ("move-department", "parent")] {
            form hidden id=(action) data-into=(into) method="post" action={ "/sim/" (action) } {
                (hidden("then", &scene.here)) (hidden("id", "")) (hidden(into, ""))
            }
        }
        script src=(SCRIPT_PATH) defer {}
    }
}

/// Who and what matches a search.
pub(super) fn search(scene: &Scene) -> String {
    let (text, skip) = (scene.asked("search"), scene.page() * LISTED);
    let corp: &Corp = &scene.corp;
    let departments = corp.departments().filter(|one| one.name.contains(text) || one.id.to_string() == text);
    let departments: Vec<&Department> = departments.take(LISTED).collect();
    let mut members: Vec<&Member> = found(corp, text).skip(skip).take(LISTED + 1).collect();
    let has_more = members.len() > LISTED;
    members.truncate(LISTED);
    let content = html! {
        (scene.search("/console/search", scene.say("成员或部门的名称、账号、编号", "name or id of a member or department")))
        @if skip == 0 && !departments.is_empty() {
            h2 { (scene.say("部门", "Departments")) }
            ul { @for one in departments { li { a href={ "/console/department/" (one.id) } { (one.name) } " " span.hint { (one.id) } } } }
        }
        h2 { (scene.say("成员", "Members")) }
        @if members.is_empty() { p.hint { (scene.say("没有找到", "nobody was found")) } } @else { (table(scene, &members)) }
        (scene.pager("/console/search", &[("search", text)], has_more))
    };
    scene.render(Room::Company, scene.say("搜索", "Search"), &content)
}

/// Members by id or name.
pub(super) fn found<'c>(corp: &'c Corp, text: &'c str) -> impl Iterator<Item = &'c Member> {
    corp.members().filter(move |member| member.id.contains(text) || member.name.contains(text))
}

fn table(scene: &Scene, members: &[&Member]) -> Markup {
    let columns = [
        scene.say("姓名", "Name"),
        scene.say("账号", "Id"),
        scene.say("部门", "Departments"),
        scene.say("职务", "Position"),
        scene.say("状态", "State"),
    ];
    html! {
        table.stacked {
            thead { tr { @for column in columns { th scope="col" { (column) } } } }
            tbody {
                @for member in members {
                    tr {
                        td data-label=(columns[0]) {
                            a href=(member_path(&member.id)) data-move="move-member" data-id=(member.id) { (member.name) }
                        }
                        td data-label=(columns[1]) { (member.id) }
                        td data-label=(columns[2]) { (departments_of(scene, member)) }
                        td data-label=(columns[3]) { (member.position) }
                        td data-label=(columns[4]) { (scene.status(member)) }
                    }
                }
            }
        }
    }
}

fn departments_of(scene: &Scene, member: &Member) -> String {
    let names = member.departments.iter().filter_map(|place| scene.corp.department(place.department));
    names.map(|department| department.name.as_str()).collect::<Vec<_>>().join(" · ")
}
