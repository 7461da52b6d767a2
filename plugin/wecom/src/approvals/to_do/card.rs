//! The card for whoever has to decide: what is asked for, by whom, and the way there. Pure, and the same for the same request, so
//! that WeCom knows a repetition.

use organisation_kit::{
    clock,
    contract::{
        approvals::{Approval, DateValue, Field, FieldValue, LocalisedText, Person, PlainValue, Precision, SpanValue},
        messaging::{
            Button, ButtonAction, ButtonInteraction, Card, CardBody, CardRow, Content, Heading, Link, Message,
            Recipients, TextNotice,
        },
    },
    locale::{Locale, Text},
};

use crate::approvals::value::CHINA;

/// Rows of a card at most, the applicant's among them (doc 90236).
const ROWS: usize = 6;
/// Characters that WeCom recommends for them, so that they stay on a line: a card is no place to read a whole request.
const NAME: usize = 10;
const VALUE: usize = 30;
const TITLE: usize = 36;

/// A message to one member. With buttons where the app has a route for callbacks: WeCom refuses them without one (43012), and
/// cannot change any other card.
pub(super) fn message(approval: &Approval, member: &str, link: &str, with_button: bool, locale: Locale) -> Message {
    let say = |zh, en| Text::new(zh, en).show(locale);
    let body = if with_button {
        CardBody::ButtonInteraction(ButtonInteraction {
            selector: None,
            sub_title: None,
            rows: rows(approval, locale),
            // One that tells the app would promise a decision that no call of WeCom can make.
            buttons: vec![Button {
                text: say("去处理", "Open"),
                style: None,
                action: ButtonAction::Url(link.to_owned()),
            }],
            link: Some(Link::Url(link.to_owned())),
        })
    } else {
        CardBody::TextNotice(TextNotice {
            emphasis: None,
            sub_title: None,
            rows: rows(approval, locale),
            jumps: vec![],
            link: Link::Url(link.to_owned()),
        })
    };
    let title = clean(&approval.name, TITLE);
    let title = if title.is_empty() { say("审批", "Approval") } else { title };
    let heading = Heading { title: Some(title), description: Some(say("等待您处理", "waits for your decision")) };
    let card =
        Card { task_id: None, source: None, menu: None, quote: None, heading: Some(heading), replace_text: None, body };
    Message {
        to: to(member),
        content: Content::Card(card),
        sharing: None,
        // Names of members stand in place of their ids.
        translate_ids: true,
        idempotency_key: None,
    }
}

pub(super) fn to(member: &str) -> Recipients {
    let members = vec![member.to_owned()];
    Recipients { everybody: false, members, departments: vec![], tags: vec![], roles: vec![] }
}

fn rows(approval: &Approval, locale: Locale) -> Vec<CardRow> {
    let applicants: Vec<String> = approval.applicants.iter().take(3).filter_map(|id| name_of(id)).collect();
    // One language: there is room for a few characters only.
    let name = if locale == Locale::English { "Applicant" } else { "申请人" }.to_owned();
    let first = (!applicants.is_empty()).then(|| (name, applicants.join("、")));
    let fields = approval.fields.iter().filter_map(|field| row(field, locale));
    let pairs = first.into_iter().chain(fields).take(ROWS);
    pairs.map(|(name, value)| CardRow { name, value: Some(value), target: None }).collect()
}

fn row(field: &Field, locale: Locale) -> Option<(String, String)> {
    let FieldValue::Plain(value) = &field.value else { return None };
    let (name, value) = (clean(title(&field.titles, locale)?, NAME), shown(value)?);
    (!name.is_empty() && !value.is_empty()).then_some((name, value))
}

fn title(titles: &[LocalisedText], locale: Locale) -> Option<&str> {
    let language = if locale == Locale::English { "en" } else { "zh" };
    let wanted = titles.iter().find(|title| title.language.starts_with(language));
    wanted.or(titles.first()).map(|title| title.text.as_str())
}

/// What a row can say of a value; nothing where only ids stand there.
fn shown(value: &PlainValue) -> Option<String> {
    Some(match value {
        PlainValue::Text(text) | PlainValue::Number(text) | PlainValue::Money(text) => clean(text, VALUE),
        PlainValue::Date(DateValue { precision, at }) => time(*precision, *at),
        PlainValue::Span(span) => stretch(span),
        PlainValue::Vacation(vacation) => stretch(&vacation.span),
        PlainValue::Attendance(attendance) => stretch(&attendance.span),
        PlainValue::Members(people) => {
            people.iter().take(3).filter_map(|person| name_of(&person.id)).collect::<Vec<_>>().join("、")
        }
        PlainValue::Departments(departments) => {
            let name = |one: &Person| one.name.clone();
            clean(&departments.iter().filter_map(name).collect::<Vec<_>>().join("、"), VALUE)
        }
        PlainValue::Place(place) => clean(&place.title, VALUE),
        _ => return None,
    })
}

fn stretch(SpanValue { precision, begin, end, .. }: &SpanValue) -> String {
    format!("{} – {}", time(*precision, *begin), time(*precision, *end))
}

/// In China's time, as the approvals app shows it.
fn time(precision: Option<Precision>, at: u64) -> String {
    let shown = clock::utc(at.saturating_add(CHINA * 1_000));
    let length = if precision == Some(Precision::Day) { "2026-01-31".len() } else { "2026-01-31 08:30".len() };
    shown.get(..length).unwrap_or(&shown).to_owned()
}

/// What WeCom replaces by a member's name.
fn name_of(id: &str) -> Option<String> {
    let is_id = (1..=64).contains(&id.len()) && !id.contains(|c: char| c.is_control() || c == '$' || c == '|');
    is_id.then(|| format!("$userName={id}$"))
}

/// A text on one line, of so many characters. Whoever filled it in cannot have ids replaced.
fn clean(text: &str, most: usize) -> String {
    let words = text.replace('$', "＄").replace(char::is_control, " ");
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        None => line,
        Some(_) => line.chars().take(most - 1).chain(['…']).collect(),
    }
}
