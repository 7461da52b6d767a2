//! Keys and words that nobody knows, and what was probably meant: by meaning first, by spelling last.

use super::{
    element::Element,
    field::Field,
    problem::Finding,
    shown::{shown, shown_key},
};
use crate::{finding, text::Text};

/// From here on, on a scale from 0 (nothing alike) to 1, two words count as alike.
const LIKENESS: f64 = 0.6;

/// The keys that an unknown key can stand for, in the object `group` or on top. Several where its meaning is open.
pub(super) fn meant(element: &Element, group: Option<&str>, key: &str) -> Vec<&'static str> {
    let written = plain(key);
    let bare = without_prefixes(element, &written);
    let fields = |is_own: bool| {
        let belongs = move |field: &&'static Field| (field.split().0 == group) == is_own;
        element.fields.iter().filter(belongs)
    };
    for written in [written.as_str(), bare] {
        let stands_for = |field: &&'static Field| {
            let is_name = |name: &str| plain(name) == written;
            let (_, name) = field.split();
            is_name(name)
                || is_name(field.key)
                || field.alias.is_some_and(is_name)
                || field.elsewhere.split_whitespace().any(|name| name == written)
        };
        let own: Vec<_> = fields(true).filter(stands_for).map(|field| field.key).collect();
        if !own.is_empty() {
            return own;
        }
        // A key of an object is often written on top; the first object of the table is the likeliest.
        let inner = fields(false).find(stands_for).filter(|_| group.is_none());
        if let Some(field) = inner {
            return vec![field.key];
        }
    }
    let mut offers = Vec::new();
    for field in fields(true) {
        offers.push((field.split().1, field.key));
        offers.extend(field.alias.map(|alias| (alias, field.key)));
    }
    if group.is_none() {
        offers.extend(fields(false).filter_map(|field| field.split().0).map(|group| (group, group)));
        offers.extend(fields(false).map(|field| (field.split().1, field.key)));
    }
    likest(&written, &offers).into_iter().collect()
}

/// The finding for an unknown key.
pub(super) fn unknown_key(key: &str, meant: &[&str], known: &[&str]) -> Finding {
    let Text { zh, en } = shown_key(key);
    if meant.is_empty() {
        let all = known.join(", ");
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
    let offers: Vec<_> = words.split(' ').map(|word| (word, word)).collect();
    let hint = match likest(&plain(found), &offers) {
        Some(meant) => Text::new(format!("是否应为 {meant}？可选值：{all}"), format!("did you mean {meant}?")),
        None => Text::new(format!("可选值：{all}"), format!("use one of {all}")),
    };
    let Text { zh, en } = shown(found);
    finding! { error "unknown-value": "填写的是{zh}，应为以下之一：{all}", "found {en}; expected one of {all}"; hint }
}

/// The second half of the pair whose first half is most like the word; the earlier one of two alike.
fn likest(word: &str, offers: &[(&str, &'static str)]) -> Option<&'static str> {
    // Long words cost time and are like nothing here.
    if word.len() > 64 {
        return None;
    }
    let mut best = None;
    for (name, offer) in offers {
        let likeness = strsim::normalized_levenshtein(word, &plain(name));
        if likeness >= LIKENESS && best.is_none_or(|(highest, _)| likeness > highest) {
            best = Some((likeness, *offer));
        }
    }
    best.map(|(_, offer)| offer)
}

/// Case and the way words are joined say nothing: `client_id` is `clientId`.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).flat_map(char::to_lowercase).collect()
}

/// The key without what other products put before it.
fn without_prefixes<'a>(element: &Element, key: &'a str) -> &'a str {
    let shorter = |key: &&'a str| {
        let cut = |prefix: &&str| key.strip_prefix(*prefix).filter(|rest| !rest.is_empty());
        element.prefixes.iter().find_map(cut)
    };
    std::iter::successors(Some(key), shorter).last().unwrap_or(key)
}
