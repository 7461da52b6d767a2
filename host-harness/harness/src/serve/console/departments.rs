//! The tree of departments: a level at a time, asked for when it is opened.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::directory::{Department, DepartmentFilter, Member, TreeLevel};
use url::form_urlencoded::Serializer;

use super::{
    asked::Asked,
    failure::{Failure, answer, answer_if_any},
};

const ROWS: u32 = 200;
/// Pages that are read for one level: each is short, and a level has no index.
const PAGES: usize = 60;
/// Departments of one page of members whose names are looked up.
const NAMES: usize = 100;

/// One level of the tree.
struct Level {
    departments: Vec<Department>,
    /// Whether there are more than are shown.
    more: bool,
}

impl Level {
    /// Reads it.
    ///
    /// # Errors
    /// The element.
    async fn read(asked: &Asked, level: TreeLevel) -> Result<Self, Failure> {
        let filter = DepartmentFilter { level: Some(level), search: None };
        let (mut departments, mut cursor) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = answer(asked.element.departments(&filter, cursor.as_deref(), ROWS).await)?;
            departments.extend(page.departments);
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        departments.sort_by(|a, b| b.order.cmp(&a.order).then_with(|| a.id.cmp(&b.id)));
        Ok(Self { departments, more: cursor.is_some() })
    }

    /// As a list, each entry of which opens the next level.
    fn list(&self, asked: &Asked) -> Markup {
        html! {
            ul {
                @for department in &self.departments {
                    li {
                        details hx-get=(below(asked, &department.id)) hx-trigger="toggle once" hx-target="find .below"
                            hx-select="#level > *" {
                            summary {
                                a href=(members_of(asked, &department.id)) aria-current=[is_shown(asked, &department.id)] {
                                    (department.name)
                                }
                            }
                            div.below { a href=(below(asked, &department.id)) { (asked.say("下级部门", "Departments below")) } }
                        }
                    }
                }
                @if self.departments.is_empty() { li.hint { (asked.say("没有下级部门", "No departments below")) } }
                @if self.more { li.hint { (asked.say("仅显示一部分，请使用搜索", "Not all are shown: use the search")) } }
            }
        }
    }
}

fn is_shown(asked: &Asked, id: &str) -> Option<&'static str> {
    (asked.text("department") == Some(id)).then_some("true")
}

/// Where the members of a department and below it are shown.
fn members_of(asked: &Asked, id: &str) -> String {
    let query = Serializer::new(String::new()).append_pair("department", id).append_pair("below", "true").finish();
    format!("{}?{query}", asked.address("members"))
}

fn below(asked: &Asked, id: &str) -> String {
    let query = Serializer::new(String::new()).append_pair("parent", id).finish();
    format!("{}?{query}", asked.address("departments"))
}

/// The level below a department, or the first one: a part of the tree where a script asks, a page of its own else.
pub async fn children(asked: &Asked) -> Result<Response, Failure> {
    let level = asked.text("parent").map_or(TreeLevel::Roots, |id| TreeLevel::ChildrenOf(id.to_owned()));
    let level = Level::read(asked, level).await?;
    let content = html! { div #level.tree { (level.list(asked)) } };
    Ok(asked.page(asked.say("部门", "Departments"), content))
}

/// What departments are called, as far as the copy knows them.
///
/// # Errors
/// The element.
pub async fn names(asked: &Asked, ids: &BTreeSet<String>) -> Result<BTreeMap<String, String>, Failure> {
    let mut names = BTreeMap::new();
    for id in ids.iter().take(NAMES) {
        let found = answer_if_any(asked.element.find_department(id).await)?;
        names.insert(id.clone(), found.map_or_else(|| id.clone(), |department| department.name));
    }
    Ok(names)
}

/// The departments of these members.
pub fn places(members: &[Member]) -> BTreeSet<String> {
    members.iter().flat_map(|member| &member.departments).map(|place| place.id.clone()).collect()
}
