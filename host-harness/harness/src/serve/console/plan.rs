//! What a run would change, as a diff that a person can read.

use std::time::{Duration, Instant};

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::directory::{ChangeKind, PlannedChange};
use url::form_urlencoded::Serializer;

use super::{
    asked::Asked,
    failure::{Failure, answer_if_any},
};

const ROWS: u32 = 100;
/// Candidates that a question about a removal shows; the plan shows all of them.
const SHOWN: usize = 200;
/// How long pages are read for them, since those who go stand at the end of a plan. After that the page leads to the whole plan.
const PATIENCE: Duration = Duration::from_secs(1);
/// Fields that are shown: how somebody stands in the organisation. Of every other, which may be personal, it is shown that it
/// changes and not to what.
const SHOWN_FIELDS: [&str; 14] = [
    "name",
    "name-en",
    "status",
    "departments",
    "main-department",
    "direct-leaders",
    "position",
    "alias",
    "parent-id",
    "order",
    "leaders",
    "roles",
    "suspended-roles",
    "external-position",
];

/// How a kind of change looks, and is called.
pub fn kind(asked: &Asked, kind: ChangeKind) -> Markup {
    let (look, [chinese, english]) = match kind {
        ChangeKind::MemberAdded => ("tag good", ["成员加入", "member added"]),
        ChangeKind::MemberUpdated => ("tag", ["成员更新", "member updated"]),
        ChangeKind::MemberRolesUpdated => ("tag", ["角色更新", "roles updated"]),
        ChangeKind::MemberLeftRange => ("tag warn", ["离开可见范围", "left the range"]),
        ChangeKind::MemberResigned => ("tag bad", ["成员离职", "resigned"]),
        ChangeKind::MemberRejoined => ("tag good", ["成员回归", "rejoined"]),
        ChangeKind::MemberErased => ("tag bad", ["已彻底删除", "erased"]),
        ChangeKind::DepartmentAdded => ("tag good", ["部门新增", "department added"]),
        ChangeKind::DepartmentUpdated => ("tag", ["部门更新", "department updated"]),
        ChangeKind::DepartmentRemoved => ("tag bad", ["部门移除", "department removed"]),
    };
    html! { span class=(look) { (asked.language.pick(chinese, english)) } }
}

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let page = answer_if_any(asked.element.plan(asked.text("cursor"), ROWS).await)?;
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        @match page {
            None => {
                p.banner { (say("目前没有计划。", "There is no plan.")) " " a href=(asked.address("sync")) { (say("去制定计划", "Make one")) } }
            }
            Some(page) => {
                p.hint { (say("同步", "Run")) " " code { (page.run) } }
                @if page.changes.is_empty() && page.cursor.is_none() {
                    p.banner.good { (say("没有任何变化。", "Nothing would change.")) }
                } @else {
                    (diff(asked, &page.changes))
                }
                @if let Some(cursor) = page.cursor {
                    p { a.button.quiet href=(next(asked, &cursor)) { (say("下一页", "Next page")) } }
                }
            }
        }
        p { a href=(asked.address("sync")) { (say("返回同步", "Back to the sync")) } }
    };
    Ok(asked.page(say("同步计划", "Plan"), content))
}

fn next(asked: &Asked, cursor: &str) -> String {
    let query = Serializer::new(String::new()).append_pair("cursor", cursor).finish();
    format!("{}?{query}", asked.address("sync/plan"))
}

fn diff(asked: &Asked, changes: &[PlannedChange]) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        table.stacked {
            thead { tr { th { (say("变化", "Change")) } th { (say("对象", "Who or what")) } th { (say("字段：原值 → 新值", "Fields: before → after")) } } }
            tbody {
                @for change in changes {
                    tr {
                        td data-label=(say("变化", "Change")) { (kind(asked, change.kind)) }
                        td data-label=(say("对象", "Who or what")) { div { (change.name) " " code { (change.id) } } }
                        td data-label=(say("字段", "Fields")) {
                            @if change.fields.is_empty() { "—" } @else {
                                details open[change.fields.len() <= 4] {
                                    summary { (change.fields.len()) " " (say("个字段", "fields")) }
                                    dl.facts {
                                        @for field in &change.fields {
                                            dt { (field.field) }
                                            dd { (value(&field.field, field.before.as_deref())) " → " b { (value(&field.field, field.after.as_deref())) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A value of a field, as far as it is shown.
fn value<'a>(field: &str, value: Option<&'a str>) -> &'a str {
    match value {
        Some(value) if SHOWN_FIELDS.contains(&field) => value,
        Some(_) => "•••",
        None => "—",
    }
}

/// Those whom a blocked run would remove.
///
/// # Errors
/// The element.
pub async fn removals(asked: &Asked) -> Result<Markup, Failure> {
    let (mut going, mut cursor) = (Vec::new(), None);
    let began = Instant::now();
    loop {
        let Some(page) = answer_if_any(asked.element.plan(cursor.as_deref(), ROWS).await)? else { break };
        going.extend(page.changes.into_iter().filter(|change| {
            matches!(
                change.kind,
                ChangeKind::DepartmentRemoved | ChangeKind::MemberLeftRange | ChangeKind::MemberResigned
            )
        }));
        cursor = page.cursor;
        if cursor.is_none() || going.len() >= SHOWN || began.elapsed() > PATIENCE {
            break;
        }
    }
    let is_all = cursor.is_none() && going.len() <= SHOWN;
    going.truncate(SHOWN);
    Ok(html! {
        div.scroll {
            table.stacked {
                thead { tr { th { (asked.say("变化", "Change")) } th { (asked.say("姓名", "Name")) } th { (asked.say("账号", "Id")) } } }
                tbody {
                    @for change in &going {
                        tr {
                            td { (kind(asked, change.kind)) }
                            td data-label=(asked.say("姓名", "Name")) { (change.name) }
                            td data-label=(asked.say("账号", "Id")) { code { (change.id) } }
                        }
                    }
                }
            }
        }
        @if !is_all {
            p {
                (asked.say("以上并非全部。", "These are not all.")) " "
                a href=(asked.address("sync/plan")) { (asked.say("查看完整计划", "The whole plan")) }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn what_may_be_personal_is_not_shown() {
        for (field, before, expected) in [
            ("departments", Some("[]"), "[]"),
            ("mobile", Some("13800001234"), "•••"),
            ("attributes", Some("[{}]"), "•••"),
            ("external-profile", Some("{}"), "•••"),
            ("a-field-of-tomorrow", Some("x"), "•••"),
            ("mobile", None, "—"),
        ] {
            assert_eq!(value(field, before), expected, "{field}");
        }
    }
}
