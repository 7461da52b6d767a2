//! The visible range of an app as checkboxes. A form holds what is shown, and changes nothing else, so that a large company is
//! granted part by part.

use maud::{Markup, html};

use super::super::scene::{Scene, hidden};
use super::{found, tree};
use crate::corp::{App, Department, Member, ROOT, Visible, folded};

/// So many entries of a kind are offered at a time.
const OFFERED: usize = 50;

pub(super) fn range(scene: &Scene, app: &App) -> Markup {
    let (corp, range) = (&scene.corp, Visible::of(&scene.corp, app));
    let at = scene.asked("at").parse().ok().filter(|id| corp.department(*id).is_some()).unwrap_or(ROOT);
    let search = scene.asked("search");
    let path = format!("/console/app/{}", app.id);
    html! {
        p {
            (corp.departments().filter(|one| range.department(one.id)).count()) " " (scene.say("个部门", "departments")) " · "
            (corp.members().filter(|one| range.member(one)).count()) " " (scene.say("名成员在范围内", "members in range"))
        }
        (granted(scene, app))
        details.card open[!scene.asked("at").is_empty() || !search.is_empty()] {
            summary { (scene.say("添加部门、标签或成员", "Add departments, tags or members")) }
            div.columns {
                nav aria-label=(scene.say("选择部门", "Choose a department")) {
                    (tree::tree(scene, at, &|id| format!("{path}?at={id}")))
                }
                div {
                    (scene.search(&path, scene.say("按姓名或账号找成员", "find members by name or id")))
                    (offered(scene, app, at, search))
                }
            }
        }
    }
}

/// What the administrator listed.
fn granted(scene: &Scene, app: &App) -> Markup {
    let corp = &scene.corp;
    let departments: Vec<&Department> = app.visible.departments().filter_map(|id| corp.department(id)).collect();
    let members: Vec<&Member> = app.visible.members().filter_map(|id| corp.member(id)).take(OFFERED).collect();
    html! {
        @if departments.is_empty() && members.is_empty() && app.visible.tags().next().is_none() {
            p.hint { (scene.say("还没有授权任何部门或成员", "nothing is granted yet")) }
        } @else {
            div.card { (boxes(scene, app, &departments, true, &members)) }
        }
    }
}

/// What may be added here.
fn offered(scene: &Scene, app: &App, at: u64, search: &str) -> Markup {
    let corp = &scene.corp;
    let below = corp.children(at).take(OFFERED);
    let departments: Vec<&Department> = [at].into_iter().chain(below).filter_map(|id| corp.department(id)).collect();
    let members: Vec<&Member> = if search.is_empty() {
        corp.staff(at).take(OFFERED).collect()
    } else {
        found(corp, search).take(OFFERED).collect()
    };
    boxes(scene, app, if search.is_empty() { &departments } else { &[] }, search.is_empty(), &members)
}

/// A form of checkboxes.
fn boxes(scene: &Scene, app: &App, departments: &[&Department], with_tags: bool, members: &[&Member]) -> Markup {
    let ids = |ids: Vec<String>| ids.join(" ");
    let tags: Vec<_> = scene.corp.tags().filter(|_| with_tags).collect();
    let has_department = |id| app.visible.departments().any(|one| one == id);
    let has_tag = |id| app.visible.tags().any(|one| one == id);
    let has_member = |id: &str| app.visible.members().any(|one| one == folded(id));
    scene.form("set-range", &html! {
        (hidden("app", &app.id.to_string()))
        (hidden("shown_departments", &ids(departments.iter().map(|one| one.id.to_string()).collect())))
        (hidden("shown_tags", &ids(tags.iter().map(|one| one.id.to_string()).collect())))
        (hidden("shown_members", &ids(members.iter().map(|one| one.id.clone()).collect())))
        ul.plain {
            @for one in departments {
                li { label { input type="checkbox" name="departments" value=(one.id) checked[has_department(one.id)]; " "
                    (one.name) " " span.tag { (scene.say("部门及以下", "with all below")) } } }
            }
            @for one in &tags {
                li { label { input type="checkbox" name="tags" value=(one.id) checked[has_tag(one.id)]; " "
                    (one.name) " " span.tag { (scene.say("标签", "tag")) } } }
            }
            @for one in members {
                li { label { input type="checkbox" name="members" value=(one.id) checked[has_member(&one.id)]; " "
                    (one.name) " " span.hint { (one.id) } } }
            }
        }
        button { (scene.say("保存可见范围", "Save the range")) }
    })
}
