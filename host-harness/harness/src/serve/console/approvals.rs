//! Requests that members made: found by the days on which they were submitted, and what became of each. What people wrote is shown
//! only when somebody asks for it.

use std::collections::BTreeMap;

use axum::response::Response;
use futures_util::future::try_join_all;
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use maud::{Markup, html};
use organisation_host::contract::approvals::{Approval, LocalisedText, SearchFilter};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::Serializer;

use super::{
    approval_status::{KINDS, REQUESTS, kind_name, status},
    asked::{Asked, when},
    failure::{Failure, answer_if_any},
};

/// Requests of a page: each is looked at by a call of its own.
const ROWS: u32 = 10;
/// Days that are searched where nobody says which.
const DAYS: i64 = 30;

/// The days that are searched, both included, in UTC.
struct Range {
    from: Date,
    until: Date,
}

impl Range {
    fn of(asked: &Asked) -> Result<Self, Failure> {
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        let day = |name: &str, usual: Date| match asked.text(name) {
            None => Ok(usual),
            Some(text) => {
                text.parse().map_err(|_| Failure::Asked(["日期应如 2026-01-31。", "A day is written like 2026-01-31."]))
            }
        };
        let until = day("until", today)?;
        let from = day("from", until.saturating_sub(DAYS.days()))?;
        if from > until {
            return Err(Failure::Asked(["开始日期晚于结束日期。", "The first day comes after the last one."]));
        }
        Ok(Self { from, until })
    }

    /// In milliseconds since 1970; the second is not included.
    fn instants(&self) -> Result<(u64, u64), Failure> {
        let at = |day: Date| {
            let at = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight())).ok()?.as_millisecond();
            u64::try_from(at).ok()
        };
        let next = self.until.tomorrow().ok();
        let range = at(self.from).zip(next.and_then(at));
        range.ok_or(Failure::Asked(["日期应在 1970 年之后。", "Days count from 1970."]))
    }
}

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let range = Range::of(asked)?;
    let (begin, end) = range.instants()?;
    let owned = |name: &str| asked.text(name).map(str::to_owned);
    let filter = SearchFilter {
        template: owned("template"),
        applicant: owned("applicant"),
        departments: owned("department").into_iter().collect(),
        status: owned("status"),
        kind: owned("kind"),
    };
    let page = asked.element.search_approvals(begin, end, &filter, asked.text("cursor"), ROWS).await?;
    let found = try_join_all(page.numbers.iter().map(|number| one(asked, number))).await?;
    let ids: Vec<String> = found.iter().flatten().flat_map(|approval| approval.applicants.clone()).collect();
    let names = names(asked, ids).await?;
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        (search(asked, &range))
        @if page.numbers.is_empty() {
            p.hint {
                @if page.cursor.is_some() { (say("这一页没有，后面可能还有。", "None on this page; there may be more.")) }
                @else { (say("没有符合条件的审批。", "There are no such requests.")) }
            }
        } @else {
            table.stacked {
                thead {
                    tr {
                        th { (say("编号", "Number")) } th { (say("审批", "Request")) } th { (say("申请人", "Applicant")) }
                        th { (say("状态", "Status")) } th { (say("提交时间", "Submitted")) }
                    }
                }
                tbody { @for (number, approval) in page.numbers.iter().zip(&found) { (row(asked, number, approval.as_ref(), &names)) } }
            }
        }
        @if let Some(cursor) = &page.cursor { p { a.button.quiet href=(next(asked, cursor)) { (say("下一页", "Next page")) } } }
    };
    Ok(asked.page(say("审批", "Approvals"), content))
}

/// A request; nothing where it has gone since it was found.
async fn one(asked: &Asked, number: &str) -> Result<Option<Approval>, Failure> {
    answer_if_any(asked.element.approval(number).await)
}

/// Names of members by id, as far as the copy has them.
pub async fn names(asked: &Asked, mut ids: Vec<String>) -> Result<BTreeMap<String, String>, Failure> {
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = answer_if_any(asked.element.find_members(&ids).await)?.unwrap_or_default();
    Ok(ids.into_iter().zip(found).filter_map(|(id, member)| Some((id, member?.name))).collect())
}

/// Members for people: the name where it is known, and the id.
pub fn people(ids: &[String], names: &BTreeMap<String, String>) -> Markup {
    html! {
        @for (number, id) in ids.iter().enumerate() {
            @if number > 0 { ", " }
            @if let Some(name) = names.get(id) { (name) " " }
            code { (id) }
        }
    }
}

/// The text in the language of the page, else the first one.
pub fn pick<'a>(asked: &Asked, texts: &'a [LocalisedText]) -> &'a str {
    let wanted = asked.language.pick("zh", "en");
    let own = texts.iter().find(|text| text.language.to_ascii_lowercase().starts_with(wanted));
    own.or_else(|| texts.first()).map_or("", |text| text.text.as_str())
}

/// Where a request stands.
pub fn address(asked: &Asked, number: &str) -> String {
    asked.address(&format!("approvals/{}", utf8_percent_encode(number, NON_ALPHANUMERIC)))
}

fn row(asked: &Asked, number: &str, approval: Option<&Approval>, names: &BTreeMap<String, String>) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        tr {
            td data-label=(say("编号", "Number")) { a href=(address(asked, number)) { (number) } }
            @match approval {
                None => td data-label=(say("状态", "Status")) { (say("已不存在", "There is none of it any more")) },
                Some(approval) => {
                    td data-label=(say("审批", "Request")) { (approval.name) }
                    td data-label=(say("申请人", "Applicant")) { div { (people(&approval.applicants, names)) } }
                    td data-label=(say("状态", "Status")) { (status(asked, &approval.status)) }
                    td data-label=(say("提交时间", "Submitted")) { (when(approval.submitted_at)) }
                }
            }
        }
    }
}

fn search(asked: &Asked, range: &Range) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let field = |name: &str, label: &str, kind: &str, value: Option<&str>| {
        html! {
            div.field {
                label for=(name) { (label) }
                input id=(name) name=(name) type=(kind) value=[value];
            }
        }
    };
    let (from, until) = (range.from.to_string(), range.until.to_string());
    html! {
        form.card method="get" action=(asked.address("approvals")) {
            div.grid {
                (field("from", say("提交日期从（UTC）", "Submitted from (UTC)"), "date", Some(&from)))
                (field("until", say("至（含）", "Until, included"), "date", Some(&until)))
                (field("applicant", say("申请人账号", "Id of the applicant"), "text", asked.text("applicant")))
                (field("department", say("部门 ID", "Id of a department"), "text", asked.text("department")))
                (field("template", say("模板 ID", "Id of the template"), "text", asked.text("template")))
                div.field {
                    label for="status" { (say("状态", "Status")) }
                    (select(asked, "status", REQUESTS.iter().map(|(name, _, words)| (*name, *words))))
                }
                div.field {
                    label for="kind" { (say("类型", "Kind")) }
                    (select(asked, "kind", KINDS.iter().map(|(name, words)| (*name, *words))))
                }
            }
            button { (say("查询", "Search")) }
        }
    }
}

fn select<'a>(asked: &Asked, name: &str, options: impl Iterator<Item = (&'a str, [&'a str; 2])>) -> Markup {
    html! {
        select id=(name) name=(name) {
            option value="" { (asked.say("不限", "any")) }
            @for (value, words) in options {
                option value=(value) selected[asked.text(name) == Some(value)] { (asked.language.pick(words[0], words[1])) }
            }
        }
    }
}

fn next(asked: &Asked, cursor: &str) -> String {
    let kept = asked.fields.iter().filter(|(name, value)| name != "cursor" && !value.is_empty());
    let query = Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", cursor).finish();
    format!("{}?{query}", asked.address("approvals"))
}

/// What a request of this kind is called.
pub fn kind(asked: &Asked, name: &str) -> String {
    kind_name(name).map_or_else(|| name.to_owned(), |[chinese, english]| asked.say(chinese, english).to_owned())
}
