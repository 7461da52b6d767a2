//! The tree of departments: a level at a time, asked for when it is opened.

use std::time::{Duration, Instant};

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::directory::{Department, DepartmentFilter, TreeLevel};
use url::form_urlencoded::Serializer;

use super::{asked::Asked, failure::Failure};

const ROWS: u32 = 200;
/// How long pages are read for one level, which has no index; what is missing then is led to.
const PATIENCE: Duration = Duration::from_millis(150);

/// One level of the tree.
struct Level {
    departments: Vec<Department>,
    /// Where the next ones are shown.
    more: Option<String>,
}

impl Level {
    /// Reads it.
    ///
    /// # Errors
    /// The element.
    async fn read(asked: &Asked, level: TreeLevel) -> Result<Self, Failure> {
        let filter = DepartmentFilter { level: Some(level), search: None };
        let (mut departments, mut cursor) = (Vec::new(), asked.text("cursor").map(str::to_owned));
        let began = Instant::now();
        loop {
            let page = asked.element.departments(&filter, cursor.as_deref(), ROWS).await?;
            departments.extend(page.departments);
            cursor = page.cursor;
            if cursor.is_none() || departments.len() >= ROWS as usize || began.elapsed() > PATIENCE {
                break;
            }
        }
        departments.sort_by(|a, b| b.order.cmp(&a.order).then_with(|| a.id.cmp(&b.id)));
        let more = cursor.map(|cursor| address(asked, asked.text("parent"), Some(&cursor)));
        Ok(Self { departments, more })
    }

    /// As a list, each entry of which opens the next level.
    fn list(&self, asked: &Asked) -> Markup {
        html! {
            ul {
                @for department in &self.departments {
                    li {
                        // Beside what opens the level, not in it: of two controls in each other, a reader of the page finds one.
                        a href=(members_of(asked, &department.id)) aria-current=[is_shown(asked, &department.id)] {
                            (department.name)
                        }
                        details hx-get=(below(asked, &department.id)) hx-trigger="toggle once" hx-target="find .below"
                            hx-select="#level > *" {
                            summary aria-label={ (department.name) " · " (asked.say("下级", "below")) } {
                                (asked.say("下级", "below"))
                            }
                            div.below { a href=(below(asked, &department.id)) { (asked.say("下级部门", "Departments below")) } }
                        }
                    }
                }
                @if self.departments.is_empty() && self.more.is_none() { li.hint { (asked.say("没有下级部门", "No departments below")) } }
                @if let Some(more) = &self.more { li { a href=(more) { (asked.say("更多部门", "More departments")) } } }
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
    address(asked, Some(id), None)
}

/// Where a level is shown, from where its last page ended.
fn address(asked: &Asked, parent: Option<&str>, cursor: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in [("parent", parent), ("cursor", cursor)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("{}?{}", asked.address("departments"), query.finish())
}

/// The level below a department, or the first one: a part of the tree where a script asks, a page of its own else.
pub async fn children(asked: &Asked) -> Result<Response, Failure> {
    let level = asked.text("parent").map_or(TreeLevel::Roots, |id| TreeLevel::ChildrenOf(id.to_owned()));
    let level = Level::read(asked, level).await?;
    let content = html! { div #level.tree { (level.list(asked)) } };
    Ok(asked.page(asked.say("部门", "Departments"), content))
}
