//! The form of the configuration, built from what the element says of its keys: what each is, where to find it, and what is wrong
//! with what was typed. A secret is taken and never shown again.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use organisation_host::contract::{
    element::{ConfigField, Description, Validation},
    types::{Problem, Severity},
};

use super::{
    asked::{Asked, SHOWN},
    generated,
    typed::{Typed, concerns, field_name, removal_name},
};
use crate::serve::home;

/// The parameter that says which group of fields gets values made here.
pub const GROUP: &str = "group";

/// Keys of texts for people, which may have several lines.
const LINES: [&str; 2] = ["callback.welcomeReply", "callback.messageReply"];

/// What the form shows beside the fields themselves.
pub struct Form<'a> {
    pub described: &'a Description,
    /// Values by key; of secrets there are none.
    pub shown: BTreeMap<String, String>,
    /// Keys that are configured and not shown.
    pub kept: BTreeSet<String>,
    pub problems: &'a [Problem],
    /// Stands for what it was made from, where the console may store it.
    pub mark: Option<String>,
    /// Keys that are configured, not shown, and to be removed.
    pub removed: BTreeSet<String>,
}

/// Keys of secrets that a configuration has.
fn secrets_of(validation: &Validation) -> BTreeSet<String> {
    validation.secrets.iter().map(|place| place.key.clone()).collect()
}

/// Keys that are configured and that the form does not show: those of secrets, and those whose value is covered.
pub fn kept_of(described: &Description, validation: &Validation) -> BTreeSet<String> {
    let covered = settings(described, validation).filter(|(_, value)| is_covered(value));
    secrets_of(validation).into_iter().chain(covered.map(|(key, _)| key.to_owned())).collect()
}

/// What the element has understood of the configuration, without secrets and without what it assumes by itself.
pub fn shown_of(described: &Description, validation: &Validation) -> BTreeMap<String, String> {
    let shown = settings(described, validation).filter(|(_, value)| !is_covered(value));
    shown.map(|(key, value)| (key.to_owned(), value.replace("\r\n", "\n").trim().to_owned())).collect()
}

/// The same with what is covered.
pub fn settings<'a>(
    described: &'a Description,
    validation: &'a Validation,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_set = |key: &str, value: &str| {
        let field = described.fields.iter().find(|field| field.key == key);
        field.is_some_and(|field| !field.secret && field.default.as_deref() != Some(value))
    };
    let all = validation.summary.iter().map(|setting| (setting.key.as_str(), setting.value.as_str()));
    all.filter(move |(key, value)| is_set(key, value))
}

/// Whether a value of the summary is not the one that is configured, or none that an input could show, such as that of a list without
/// items.
fn is_covered(value: &str) -> bool {
    value.trim().is_empty() || value.contains("***") || value.contains('…')
}

/// What was typed, without secrets.
pub fn shown_again(typed: &Typed<'_>) -> BTreeMap<String, String> {
    let values = typed.values.iter().filter(|(field, _)| !field.secret);
    values.map(|(field, value)| (field.key.clone(), (*value).to_owned())).collect()
}

/// The object that holds a key, where one does.
pub fn group_of(key: &str) -> Option<&str> {
    key.split_once('.').map(|(group, _)| group)
}

/// The id of an element that belongs to a key.
fn id(what: &str, key: &str) -> String {
    format!("{what}-{}", key.replace('.', "-"))
}

impl Form<'_> {
    /// The form. What is typed is judged by the element half a second later.
    pub fn render(&self, asked: &Asked) -> Markup {
        let say = |chinese, english| asked.say(chinese, english);
        let is_first =
            |field: &&ConfigField| group_of(&field.key).is_none() && (field.required || field.where_to_find.is_some());
        let fields = || self.described.fields.iter();
        let further: Vec<&ConfigField> =
            fields().filter(|field| group_of(&field.key).is_none() && !is_first(field)).collect();
        let mut groups: Vec<&str> = Vec::new();
        for group in fields().filter_map(|field| group_of(&field.key)) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        html! {
            form method="post" action=(asked.address("setup/configuration")) autocomplete="off"
                hx-post=(asked.address("setup/validate")) hx-trigger="input delay:500ms, change" hx-swap="none"
                hx-sync="this:replace" {
                input type="hidden" name=(home::FORM_PROOF) value=(asked.proof());
                @if let Some(mark) = &self.mark { input type="hidden" name=(SHOWN) value=(mark); }
                (problems_elsewhere(self.described, self.problems, false))
                @for field in fields().filter(is_first) { (self.field(asked, field)) }
                @for group in groups {
                    @let fields: Vec<&ConfigField> = fields().filter(|field| group_of(&field.key) == Some(group)).collect();
                    (self.group(asked, group, &fields))
                }
                (self.group(asked, "", &further))
                div.row {
                    @if self.mark.is_some() {
                        button formaction=(asked.address("setup/store")) { (say("保存", "Save")) }
                    }
                    button.quiet[self.mark.is_some()] {
                        (say("检查并生成配置文件", "Check, and make the file"))
                    }
                }
            }
        }
    }

    fn group(&self, asked: &Asked, group: &str, fields: &[&ConfigField]) -> Markup {
        let say = |chinese, english| asked.say(chinese, english);
        let is_open = fields.iter().any(|field| {
            self.shown.contains_key(&field.key)
                || self.removed.contains(&field.key)
                || self.problems.iter().any(|problem| concerns(problem, &field.key))
        });
        let makes = fields.iter().any(|field| generated::length(&field.key).is_some());
        let labels: Vec<&str> = fields.iter().take(3).map(|field| field.label.as_str()).collect();
        let more = if fields.len() > labels.len() { " …" } else { "" };
        html! {
            @if !fields.is_empty() {
                details open[is_open] {
                    summary {
                        @if group.is_empty() { (say("其他", "Others")) } @else { code { (group) } }
                        span.hint { " " (labels.join(say("、", ", "))) (more) }
                    }
                    @if makes {
                        p {
                            button.quiet type="button" hx-post=(asked.address("setup/generate")) hx-swap="none"
                                hx-params={ (home::FORM_PROOF) "," (GROUP) } hx-vals={ "{\"" (GROUP) "\":\"" (group) "\"}" } {
                                (say("生成 Token 与密钥", "Make a token and a key"))
                            }
                        }
                        p.hint {
                            (say("在此生成，不会保存：请同时填入厂商控制台。", "Made here and kept nowhere: write them into the vendor's console as well."))
                        }
                    }
                    @for field in fields { (self.field(asked, field)) }
                }
            }
        }
    }

    fn field(&self, asked: &Asked, field: &ConfigField) -> Markup {
        let say = |chinese, english| asked.say(chinese, english);
        let is_kept = self.kept.contains(&field.key);
        let help = id("help", &field.key);
        html! {
            div.field {
                label for=(id("field", &field.key)) {
                    (field.label) " " code { (field.key) }
                    @if field.required { " " span.tag { (say("必填", "needed")) } }
                    @if is_kept { " " span.tag.good { (say("已配置，留空则不变", "configured; stays if left empty")) } }
                }
                @let value = self.shown.get(&field.key).map(String::as_str);
                @let has_error = self.problems.iter().any(|found| found.severity == Severity::Error && concerns(found, &field.key));
                (input(field, value, has_error, false))
                p.hint id=(help) {
                    (field.help)
                    @if let Some(place) = &field.where_to_find { br; (say("在哪里找到：", "Where to find it: ")) b { (place) } }
                }
                @if is_kept && !field.required {
                    label {
                        input type="checkbox" name=(removal_name(&field.key)) value="yes" checked[self.removed.contains(&field.key)];
                        " " @if field.secret { (say("移除", "Remove")) } @else { (say("恢复默认", "Back to the default")) }
                        (say("：", ": ")) (field.label)
                    }
                }
                (problems_beside(field, self.problems, false))
            }
        }
    }
}

/// The field alone. `is_part`: it takes the place of the one that the page has.
fn input(field: &ConfigField, value: Option<&str>, has_error: bool, is_part: bool) -> Markup {
    // What was made here has to be read once, to be copied into the vendor's console.
    let kind = if field.secret && !is_part { "password" } else { "text" };
    let has_lines = LINES.contains(&&*field.key) || value.is_some_and(|value| value.contains('\n'));
    if has_lines && !field.secret {
        return html! {
            textarea.code id=(id("field", &field.key)) name=(field_name(&field.key)) rows="3"
                placeholder=[field.default.as_deref()] spellcheck="false" aria-invalid=[has_error.then_some("true")]
                aria-describedby={ (id("help", &field.key)) " " (id("problem", &field.key)) }
                hx-swap-oob=[is_part.then_some("true")] { (value.unwrap_or_default()) }
        };
    }
    html! {
        input.code id=(id("field", &field.key)) name=(field_name(&field.key)) type=(kind)
            value=[value.filter(|_| !field.secret || is_part)] placeholder=[field.default.as_deref()]
            autocomplete="off" spellcheck="false" aria-invalid=[has_error.then_some("true")]
            aria-describedby={ (id("help", &field.key)) " " (id("problem", &field.key)) }
            hx-swap-oob=[is_part.then_some("true")];
    }
}

/// A field with a value that was made just now.
pub fn made(field: &ConfigField, value: &str) -> Markup {
    input(field, Some(value), false, true)
}

/// What is wrong with what was typed, each beside its field; what is missing is said when all is sent.
pub fn parts(described: &Description, problems: &[Problem]) -> Markup {
    html! {
        @for field in &described.fields { (problems_beside(field, problems, true)) }
        (problems_elsewhere(described, problems, true))
    }
}

fn problems_beside(field: &ConfigField, problems: &[Problem], is_part: bool) -> Markup {
    let found: Vec<&Problem> = problems.iter().filter(|problem| concerns(problem, &field.key)).collect();
    listed(&id("problem", &field.key), &found, is_part)
}

/// Problems that belong to no field.
fn problems_elsewhere(described: &Description, problems: &[Problem], is_part: bool) -> Markup {
    let is_beside = |problem: &Problem| described.fields.iter().any(|field| concerns(problem, &field.key));
    let found: Vec<&Problem> = problems.iter().filter(|problem| !is_beside(problem)).collect();
    listed("problems", &found, is_part)
}

fn listed(id: &str, problems: &[&Problem], is_part: bool) -> Markup {
    html! {
        div id=(id) aria-live="polite" hx-swap-oob=[is_part.then_some("true")] {
            @for problem in problems {
                p class=(if problem.severity == Severity::Error { "error" } else { "warn" }) {
                    (problem.message)
                    @if let Some(hint) = &problem.hint { br; span.hint { (hint) } }
                }
            }
        }
    }
}
