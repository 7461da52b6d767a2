//! Values that are one of a few words.

use std::collections::BTreeSet;

use super::{
    HomepageState, Strategy,
    field::Field,
    problem::{Finding, quoted},
    reader::{Reader, Value},
    unknown,
};
use crate::text::Locale;

/// Fields of the contract's `member` record that can be left out of the copy.
pub const MEMBER_FIELDS: [&str; 15] = [
    "name",
    "position",
    "alias",
    "telephone",
    "mobile",
    "email",
    "business-email",
    "gender",
    "avatar",
    "qr-code",
    "address",
    "external-position",
    "attributes",
    "external-profile",
    "direct-leaders",
];

/// Fields that are stored in any case; naming them is no mistake.
const ALWAYS_STORED: [&str; 4] = ["id", "status", "departments", "main-department"];

const HOMEPAGE_STATES: [(&str, HomepageState); 2] =
    [("allow", HomepageState::Allow), ("refuse", HomepageState::Refuse)];
const STRATEGIES: [(&str, Strategy); 3] =
    [("auto", Strategy::Automatic), ("walk", Strategy::Walk), ("export", Strategy::Export)];

/// What to do with the constant state of a home page.
pub(super) fn homepage_state(reader: &mut Reader<'_>, field: &Field) -> Option<HomepageState> {
    word(reader, field, &HOMEPAGE_STATES)
}

/// How members are fetched.
pub(super) fn strategy(reader: &mut Reader<'_>, field: &Field) -> Option<Strategy> {
    word(reader, field, &STRATEGIES)
}

/// The language; a longer tag such as `zh-CN` counts as its language.
pub(super) fn locale(reader: &mut Reader<'_>, field: &Field) -> Option<Locale> {
    let Some(Value { path, text }) = reader.text(field) else { return Some(Locale::Both) };
    match language(&text) {
        Some(locale) => Some(locale),
        None => {
            let finding = not_one_of(&text, &["zh", "en"]);
            reader.problems.add(&path, finding);
            None
        }
    }
}

/// The word for a language; nothing where none was chosen.
pub(super) fn locale_name(locale: Locale) -> Option<&'static str> {
    match locale {
        Locale::Chinese => Some("zh"),
        Locale::English => Some("en"),
        Locale::Both => None,
    }
}

/// The word for what to do with the constant state of a home page.
pub(super) fn homepage_state_name(state: HomepageState) -> &'static str {
    name(state, &HOMEPAGE_STATES)
}

/// The word for a strategy.
pub(super) fn strategy_name(strategy: Strategy) -> &'static str {
    name(strategy, &STRATEGIES)
}

fn name<T: PartialEq>(meaning: T, words: &[(&'static str, T)]) -> &'static str {
    words.iter().find(|(_, other)| *other == meaning).map_or("", |(word, _)| word)
}

/// The language that a tag names, if it is one of ours.
fn language(tag: &str) -> Option<Locale> {
    let language = tag.split(['-', '_']).next().unwrap_or_default();
    (language.eq_ignore_ascii_case("zh") || language.eq_ignore_ascii_case("en")).then(|| Locale::from_tag(tag))
}

/// Which member fields are stored.
pub(super) fn member_fields(reader: &mut Reader<'_>, field: &Field) -> Option<BTreeSet<String>> {
    let values = reader.list(field)?;
    let mut fields = BTreeSet::new();
    for Value { path, text } in values {
        if MEMBER_FIELDS.contains(&text.as_str()) {
            fields.insert(text);
        } else if !ALWAYS_STORED.contains(&text.as_str()) {
            let finding = not_one_of(&text, &MEMBER_FIELDS);
            reader.problems.add(&path, finding);
        }
    }
    Some(fields)
}

/// One of the words; the first one when the field is absent, nothing when it is wrong.
fn word<T: Copy>(reader: &mut Reader<'_>, field: &Field, words: &[(&'static str, T)]) -> Option<T> {
    let Some(Value { path, text }) = reader.text(field) else {
        return words.first().map(|(_, meaning)| *meaning);
    };
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, meaning)) => Some(*meaning),
        None => {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            reader.problems.add(&path, not_one_of(&text, &names));
            None
        }
    }
}

fn not_one_of(found: &str, words: &[&str]) -> Finding {
    let all = words.join(", ");
    let (zh, en) = match unknown::meant(found, words) {
        Some(meant) => (format!("是否应为 {meant}？可选值：{all}"), format!("did you mean {meant}?")),
        None => (format!("可选值：{all}"), format!("use one of {all}")),
    };
    Finding::error("unknown-value", format!("found {}; expected one of {all}", quoted(found)), (zh, en))
}
