//! The members of the copy: searched, by department, page by page. No page reads the whole copy.

use std::time::{Duration, Instant};

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::directory::{MemberFilter, MemberStatus};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::Serializer;

use super::{
    asked::Asked,
    failure::Failure,
    masked::masked,
    names::{names, places},
};

const ROWS: u32 = 50;
/// A search may go through many pages without a find. After so long a page shows what there is and leads on.
const PATIENCE: Duration = Duration::from_millis(150);

/// Kinds of members, as a filter names them.
const KINDS: [(&str, MemberStatus); 5] = [
    ("active", MemberStatus::Active),
    ("disabled", MemberStatus::Disabled),
    ("not-activated", MemberStatus::NotActivated),
    ("left-range", MemberStatus::LeftRange),
    ("resigned", MemberStatus::Resigned),
];

fn kind(name: &str) -> Result<MemberStatus, Failure> {
    let found = KINDS.iter().find(|(known, _)| *known == name).map(|(_, status)| *status);
    found.ok_or(Failure::Asked(["没有这种状态。", "There is no such status."]))
}

/// How a member stands, in the language of the page.
fn status_words(asked: &Asked, status: MemberStatus) -> &'static str {
    let [chinese, english] = match status {
        MemberStatus::Active => ["已激活", "active"],
        MemberStatus::Disabled => ["已禁用", "disabled"],
        MemberStatus::NotActivated => ["未激活", "not activated"],
        MemberStatus::LeftRange => ["已离开可见范围", "left the range"],
        MemberStatus::Resigned => ["已离职", "resigned"],
    };
    asked.language.pick(chinese, english)
}

/// The same as a mark.
pub fn status(asked: &Asked, status: MemberStatus) -> Markup {
    let kind = match status {
        MemberStatus::Active => "tag good",
        MemberStatus::NotActivated => "tag",
        MemberStatus::Disabled | MemberStatus::LeftRange => "tag warn",
        MemberStatus::Resigned => "tag bad",
    };
    html! { span class=(kind) { (status_words(asked, status)) } }
}

/// Where a member has a page.
pub fn address(asked: &Asked, id: &str) -> String {
    asked.address(&format!("members/{}", utf8_percent_encode(id, NON_ALPHANUMERIC)))
}

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let filter = MemberFilter {
        department: asked.text("department").map(str::to_owned),
        below: asked.text("below") == Some("true"),
        status: asked.text("status").map(kind).transpose()?,
        search: asked.text("search").map(str::to_owned),
        role: asked.text("role").map(str::to_owned),
    };
    let (mut members, mut cursor) = (Vec::new(), asked.text("cursor").map(str::to_owned));
    let began = Instant::now();
    loop {
        let page = asked.element.members(&filter, cursor.as_deref(), ROWS).await?;
        members.extend(page.members);
        cursor = page.cursor;
        if cursor.is_none() || members.len() >= ROWS as usize / 2 || began.elapsed() > PATIENCE {
            break;
        }
    }
    let departments = names(asked, &places(&members)).await?;
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        div.columns {
            section.card aria-label=(say("部门", "Departments")) {
                h2 { (say("部门", "Departments")) }
                // Levels have no index, so the page does not wait for the tree.
                div.tree hx-get=(asked.address("departments")) hx-trigger="load" hx-select="#level > *" {
                    a href=(asked.address("departments")) { (say("打开部门树", "Open the tree")) }
                }
                p { a href=(asked.address("members")) { (say("全部成员", "All members")) } }
            }
            div {
                (search(asked))
                @if members.is_empty() {
                    p.banner role="status" {
                        @if cursor.is_some() {
                            (say("到此处尚未找到，可继续查找。", "Nothing was found so far: go on searching."))
                        } @else {
                            (say("没有符合条件的成员。首次同步之前，通讯录是空的。", "No member fits. Before the first sync there are none."))
                        }
                    }
                } @else {
                    table.stacked {
                        thead {
                            tr {
                                th { (say("姓名", "Name")) } th { (say("账号", "Id")) } th { (say("部门", "Departments")) }
                                th { (say("手机", "Mobile")) } th { (say("状态", "Status")) } th { (say("角色", "Roles")) }
                            }
                        }
                        tbody {
                            @for member in &members {
                                tr {
                                    td data-label=(say("姓名", "Name")) { a href=(address(asked, &member.id)) { (member.name) } }
                                    td data-label=(say("账号", "Id")) { code { (member.id) } }
                                    td data-label=(say("部门", "Departments")) {
                                        div {
                                            @for place in &member.departments {
                                                (departments.get(&place.id).unwrap_or(&place.id))
                                                @if place.leader { " " span.tag { (say("负责人", "leader")) } }
                                                br;
                                            }
                                        }
                                    }
                                    td data-label=(say("手机", "Mobile")) { (member.mobile.as_deref().map(masked).unwrap_or_default()) }
                                    td data-label=(say("状态", "Status")) { (status(asked, member.status)) }
                                    td data-label=(say("角色", "Roles")) { (member.roles.join(", ")) }
                                }
                            }
                        }
                    }
                }
                @if let Some(cursor) = &cursor {
                    p { a.button.quiet href=(next(asked, cursor)) { (say("下一页", "Next page")) } }
                }
            }
        }
    };
    Ok(asked.page(say("通讯录", "Members"), content))
}

fn search(asked: &Asked) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        form method="get" action=(asked.address("members")) role="search" {
            div.row {
                label.visually-hidden for="search" { (say("搜索", "Search")) }
                input #search type="search" name="search" value=[asked.text("search")] placeholder=(say("姓名、账号或别名", "Name, id or alias"));
                label.visually-hidden for="status" { (say("状态", "Status")) }
                select #status name="status" {
                    option value="" { (say("所有状态", "Every status")) }
                    @for (name, kind) in KINDS {
                        option value=(name) selected[asked.text("status") == Some(name)] {
                            (status_words(asked, kind))
                        }
                    }
                }
                @if let Some(department) = asked.text("department") {
                    input type="hidden" name="department" value=(department);
                    label {
                        input type="checkbox" name="below" value="true" checked[asked.text("below") == Some("true")];
                        " " (say("含下级部门", "and below"))
                    }
                }
                button { (say("搜索", "Search")) }
            }
        }
    }
}

fn next(asked: &Asked, cursor: &str) -> String {
    let mut query = Serializer::new(String::new());
    for name in ["department", "below", "status", "search", "role"] {
        if let Some(value) = asked.text(name) {
            query.append_pair(name, value);
        }
    }
    format!("{}?{}", asked.address("members"), query.append_pair("cursor", cursor).finish())
}
