//! One request: who made it, the steps with every decision, and what it says, as far as somebody asks for it.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use organisation_host::contract::approvals::{
    Approval, Field, FieldValue, LocalisedText, Node, Person, PlainValue, Precision, SpanValue, TableRow,
};

use super::{
    approval_status::{consent, node_kind, status},
    approvals::{address, kind, names, people, pick},
    asked::{Asked, when},
    failure::{Failure, answer_if_any},
};

/// What is shown beside the request itself.
struct Shown {
    names: BTreeMap<String, String>,
    /// What may be chosen, by control and key, as its template says; only where the content is shown.
    options: BTreeMap<(String, String), Vec<LocalisedText>>,
    is_revealed: bool,
}

/// The page, with what people wrote left out.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    show(asked, false).await
}

/// The page with everything. That somebody asked for it stands in the audit trail first.
pub async fn reveal(asked: &Asked) -> Result<Response, Failure> {
    asked.audit("console.reveal-approval", Some(asked.path("number").to_owned()), None).await?;
    show(asked, true).await
}

async fn show(asked: &Asked, is_revealed: bool) -> Result<Response, Failure> {
    let approval = asked.element.approval(asked.path("number")).await?;
    let decide = approval.nodes.iter().flat_map(|node| node.decisions.iter().map(|decision| &decision.member));
    let remark = approval.remarks.iter().map(|remark| &remark.member);
    let ids = approval.applicants.iter().chain(&approval.copied_to).chain(decide).chain(remark).cloned().collect();
    let names = names(asked, ids).await?;
    let options = if is_revealed { options(asked, &approval.template).await? } else { BTreeMap::new() };
    let shown = Shown { names, options, is_revealed };
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        section.card {
            dl.facts {
                dt { (say("编号", "Number")) } dd { code { (approval.number) } }
                dt { (say("状态", "Status")) } dd { (status(asked, &approval.status)) }
                dt { (say("申请人", "Applicant")) } dd { (people(&approval.applicants, &shown.names)) }
                @if let Some(department) = &approval.department { dt { (say("部门", "Department")) } dd { code { (department) } } }
                dt { (say("提交时间", "Submitted")) } dd { (when(approval.submitted_at)) }
                dt { (say("模板", "Template")) } dd { code { (approval.template) } }
                @if !approval.copied_to.is_empty() {
                    dt { (say("抄送", "Copies")) } dd { (people(&approval.copied_to, &shown.names)) }
                }
            }
        }
        section.card {
            h2 { (say("审批流程", "Steps")) }
            @if approval.nodes.is_empty() { p.hint { (say("没有步骤。", "There are none.")) } }
            ol.steps { @for node in &approval.nodes { (step(asked, node, &shown)) } }
        }
        @if is_revealed { (written(asked, &approval, &shown)) } @else {
            (asked.form(&format!("{}/reveal", relative(asked, &approval.number)), &html! {
                button.quiet { (say("显示内容与意见（将记入审计记录）", "Show what was written (goes into the audit trail)")) }
            }))
        }
        p { a href=(asked.address("approvals")) { (say("返回审批", "Back to the approvals")) } }
    };
    let title = if approval.name.is_empty() { say("审批", "Approval") } else { &approval.name };
    Ok(asked.page(title, content))
}

/// The address of a request, below the console.
fn relative(asked: &Asked, number: &str) -> String {
    address(asked, number).trim_start_matches(&asked.root).trim_start_matches('/').to_owned()
}

/// What may be chosen in the controls of a template; nothing where it is gone.
async fn options(asked: &Asked, template: &str) -> Result<BTreeMap<(String, String), Vec<LocalisedText>>, Failure> {
    let Some(template) = answer_if_any(asked.element.describe_template(template).await)? else {
        return Ok(BTreeMap::new());
    };
    let controls = template.controls.into_iter().flat_map(|control| [vec![control.control], control.columns].concat());
    let options = controls.flat_map(|control| {
        let id = control.id;
        control.options.into_iter().map(move |option| ((id.clone(), option.key), option.texts))
    });
    Ok(options.collect())
}

fn step(asked: &Asked, node: &Node, shown: &Shown) -> Markup {
    let is_done = node.status.as_deref().is_some_and(|status| status != "pending");
    html! {
        li.done[is_done] {
            h3 {
                (node_kind(asked, node.kind))
                @if let Some(how) = node.consent.filter(|_| node.decisions.len() > 1) { " · " (consent(asked, how)) }
                @if let Some(name) = &node.status { " " (status(asked, name)) }
            }
            ul {
                @for decision in &node.decisions {
                    li {
                        (people(std::slice::from_ref(&decision.member), &shown.names))
                        @if let Some(name) = &decision.status { " " (status(asked, name)) }
                        @if let Some(at) = decision.at { " " (when(at)) }
                        @if let Some(comment) = decision.comment.as_ref().filter(|_| shown.is_revealed) { p.hint { (comment) } }
                    }
                }
            }
        }
    }
}

fn written(asked: &Asked, approval: &Approval, shown: &Shown) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        section.card {
            h2 { (say("内容", "Content")) }
            dl.facts {
                @for field in &approval.fields { dt { (pick(asked, &field.titles)) } dd { (content(asked, field, shown)) } }
            }
        }
        @if !approval.remarks.is_empty() {
            section.card {
                h2 { (say("评论", "Comments")) }
                @for remark in &approval.remarks {
                    p { (people(std::slice::from_ref(&remark.member), &shown.names)) " " (when(remark.at)) br; (remark.text) }
                }
            }
        }
    }
}

fn content(asked: &Asked, field: &Field, shown: &Shown) -> Markup {
    match &field.value {
        FieldValue::Plain(value) => plain(asked, &field.id, value, shown),
        FieldValue::Table(rows) => html! { @for row in rows { (table_row(asked, row, shown)) } },
    }
}

fn table_row(asked: &Asked, row: &TableRow, shown: &Shown) -> Markup {
    html! {
        dl.facts {
            @for field in &row.fields { dt { (pick(asked, &field.titles)) } dd { (plain(asked, &field.id, &field.value, shown)) } }
        }
    }
}

fn plain(asked: &Asked, control: &str, value: &PlainValue, shown: &Shown) -> Markup {
    let option = |key: &str| {
        let texts = shown.options.get(&(control.to_owned(), key.to_owned()));
        texts.map(|texts| pick(asked, texts)).filter(|text| !text.is_empty()).unwrap_or(key).to_owned()
    };
    html! {
        @match value {
            PlainValue::Empty => "—",
            PlainValue::Text(text) | PlainValue::Number(text) | PlainValue::Money(text) | PlainValue::Other(text) => (text),
            PlainValue::Date(date) => (at(date.at, date.precision)),
            PlainValue::Span(span) => (stretch(span)),
            PlainValue::Options(keys) => (keys.iter().map(|key| option(key)).collect::<Vec<_>>().join(asked.say("、", ", "))),
            PlainValue::Members(people) | PlainValue::Departments(people) => (named(people)),
            PlainValue::Files(ids) => { (ids.len()) " " (asked.say("个文件", "files")) }
            PlainValue::Vacation(leave) => { (option(&leave.option)) " " (stretch(&leave.span)) }
            PlainValue::Attendance(time) => {
                @if let Some(name) = &time.kind { (kind(asked, name)) " " }
                (stretch(&time.span))
            }
            PlainValue::Place(place) => { (place.title) " " span.hint { (place.address) } }
            PlainValue::Related(numbers) => { @for number in numbers { a href=(address(asked, number)) { (number) } " " } }
        }
    }
}

fn named(people: &[Person]) -> Markup {
    html! {
        @for (number, person) in people.iter().enumerate() {
            @if number > 0 { ", " }
            @if let Some(name) = &person.name { (name) " " }
            code { (person.id) }
        }
    }
}

/// A day, or an instant.
fn at(ms: u64, precision: Option<Precision>) -> Markup {
    match precision {
        Some(Precision::Day) => html! { (crate::view::time(ms).get(..10).unwrap_or_default()) },
        _ => when(ms),
    }
}

fn stretch(span: &SpanValue) -> Markup {
    html! { (at(span.begin, span.precision)) " – " (at(span.end, span.precision)) }
}
