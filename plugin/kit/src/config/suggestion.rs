//! Keys and words that nobody knows, and what was probably meant: by meaning first, by spelling last.

use super::{
    element::Element,
    field::Field,
    problem::Finding,
    shown::{shown, shown_key},
};
use crate::locale::Text;

/// From here on, on a scale from 0 (nothing alike) to 1, two words count as alike.
const LIKENESS: f64 = 0.6;

/// The keys that an unknown key can stand for, in the object `group` or on top. Several where its meaning is open.
pub(super) fn meant(element: &Element, group: Option<&str>, key: &str) -> Vec<&'static str> {
    let own: Vec<_> = element.fields.iter().filter(|field| field.split().0 == group).collect();
    // A key of an object is often written outside it; the first object of the table is the likeliest.
    let inner: Vec<_> = element.fields.iter().filter(|field| field.is_below(group)).collect();
    let written = plain(key);
    for written in [&*written, without_prefixes(element, &written)] {
        let stands_for = |field: &&&'static Field| {
            let names = [Some(field.split().1), Some(field.key), field.alias];
            names.into_iter().flatten().any(|name| plain(name) == written)
                || field.elsewhere.split_whitespace().any(|name| name == written)
        };
        let by_name: Vec<_> = own.iter().filter(stands_for).map(|field| field.key).collect();
        if !by_name.is_empty() {
            return by_name;
        }
        if let Some(field) = inner.iter().find(stands_for) {
            return vec![field.key];
        }
    }
    let names =
        |field: &&'static Field| [Some((field.split().1, field.key)), field.alias.map(|name| (name, field.key))];
    let groups = inner
        .iter()
        .filter_map(|field| field.split().0)
        .map(|group| (group.rsplit('.').next().unwrap_or(group), group));
    let inner = inner.iter().map(|field| (field.split().1, field.key));
    likest(&written, own.iter().flat_map(names).flatten().chain(groups).chain(inner)).into_iter().collect()
}

/// The finding for an unknown key.
pub(super) fn unknown_key(element: &Element, group: Option<&str>, key: &str, meant: &[&str]) -> Finding {
    let Text { zh, en } = shown_key(key);
    if meant.is_empty() {
        let start = group.map_or_else(String::new, |group| format!("{group}."));
        let names = element.fields.iter().filter_map(|field| field.key.strip_prefix(&start)?.split('.').next());
        let mut all: Vec<_> = names.collect();
        all.dedup();
        let all = all.join(", ");
        return finding! { warning "unknown-key":
        "未知的配置项 {zh}，将被忽略", "the key {en} is not known and is ignored";
        "请删除，或改用：{all}", "remove it, or use one of {all}" };
    }
    let (meant_zh, meant_en) = (meant.join(" 或 "), meant.join(" or "));
    finding! { warning "unknown-key":
    "未知的配置项 {zh}，将被忽略；是否应为 {meant_zh}？", "the key {en} is not known and is ignored; did you mean {meant_en}?";
    "是否应为 {meant_zh}？", "did you mean {meant_en}?" }
}

/// The finding for a value that is none of the words, which have space between them.
pub(super) fn unknown_word(found: &str, words: &'static str) -> Finding {
    let all = words.replace(' ', ", ");
    let hint = match likest(&plain(found), words.split(' ').map(|word| (word, word))) {
        Some(meant) => text!("是否应为 {meant}？可选值：{all}", "did you mean {meant}?"),
        None => text!("可选值：{all}", "use one of {all}"),
    };
    let Text { zh, en } = shown(found);
    finding! { error "unknown-value": "填写的是{zh}，应为以下之一：{all}", "found {en}; expected one of {all}"; hint }
}

/// The second half of the pair whose first half is most like the word; the earlier one of two alike.
fn likest<'a>(word: &str, offers: impl Iterator<Item = (&'a str, &'static str)>) -> Option<&'static str> {
    // Long words cost time and are like nothing here.
    let offers = offers.filter(|_| word.len() <= 64);
    let likeness = offers.map(|(name, offer)| (strsim::normalized_levenshtein(word, &plain(name)), offer));
    let alike = likeness.filter(|(likeness, _)| *likeness >= LIKENESS);
    alike.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, offer)| offer)
}

/// Case and the way words are joined say nothing: `client_id` is `clientId`.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).flat_map(char::to_lowercase).collect()
}

/// The key without what other products put before it.
fn without_prefixes<'a>(element: &Element, mut key: &'a str) -> &'a str {
    let cut = |key: &'a str| {
        element.prefixes.iter().find_map(|prefix| key.strip_prefix(prefix).filter(|key| !key.is_empty()))
    };
    while let Some(rest) = cut(key) {
        key = rest;
    }
    key
}
