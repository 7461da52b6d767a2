//! The tree of departments, open along the way to one of them. Every entry is a link, so that it needs no script and a page
//! holds no more of a large company than a person looks at. Where there is one, entries and members are dragged to another department.

use maud::{Markup, html};

use super::super::scene::Scene;
use crate::corp::{Department, ROOT};

/// Of the children of one department so many are shown; the search finds the others.
const CHILDREN: usize = 200;

/// The tree; `address` says where an entry leads.
pub(super) fn tree(scene: &Scene, at: u64, address: &dyn Fn(u64) -> String) -> Markup {
    let open: Vec<u64> = scene.path_of(at).iter().map(|department| department.id).collect();
    html! {
        ul.tree { @if let Some(root) = scene.corp.department(ROOT) { (entry(scene, root, at, &open, address)) } }
    }
}

fn entry(scene: &Scene, one: &Department, at: u64, open: &[u64], address: &dyn Fn(u64) -> String) -> Markup {
    let is_open = open.contains(&one.id);
    let children = scene.corp.children(one.id).filter_map(|id| scene.corp.department(id));
    let has_children = scene.corp.children(one.id).next().is_some();
    html! {
        li {
            span.mark aria-hidden="true" { @if is_open && has_children { "▾" } @else if has_children { "▸" } @else { "·" } }
            // Where a script lets go of a member or a department.
            a href=(address(one.id)) aria-current=[(one.id == at).then_some("true")] data-department=(one.id)
                data-move=[(one.id != ROOT).then_some("move-department")] data-id=(one.id) { (one.name) }
            @if is_open && has_children {
                ul {
                    @for child in children.take(CHILDREN) { (entry(scene, child, at, open, address)) }
                    @let rest = scene.corp.children(one.id).count().saturating_sub(CHILDREN);
                    @if rest > 0 {
                        li.hint { (scene.say("还有", "and ")) " " (rest) " " (scene.say("个，请搜索", "more: search for them")) }
                    }
                }
            }
        }
    }
}
