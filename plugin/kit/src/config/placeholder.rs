//! Values that somebody has yet to fill in.
//!
//! Some are certain, such as a template variable. Others only look so: those are errors where the value is not sound
//! either, and otherwise a warning, since a real value must never be refused.

use super::{
    field::{Field, Kind, Use},
    problem::Finding,
    shown::shown,
    suggestion::plain,
};
use crate::locale::Text;

/// Whole values, in lower case, that documents and forms use for "put yours here".
const WHOLE: [&str; 7] = ["changeme", "todo", "tbd", "placeholder", "null", "none", "undefined"];
/// Words with which such values begin.
const STARTS: [&str; 3] = ["your", "insert", "replace"];
/// What Chinese ones contain.
const CHINESE: [&str; 8] = ["你的", "您的", "请填", "请输入", "请替换", "填写", "替换", "占位"];

/// The finding for a value that is still a placeholder. `is_sound` tells whether the value passes for a real one.
pub(super) fn find(field: &Field, value: &str, is_sound: bool) -> Option<Finding> {
    let is_password = matches!(field.kind, Kind::Secret(Use::Proxy));
    if let Some(name) = template(value).filter(|name| !is_password || name.is_some()) {
        let name = name.map_or_else(String::new, |name| format!(" {name}"));
        return Some(finding! { error "placeholder": "模板变量尚未替换", "the template variable was not filled in";
        "请替换模板变量，或请平台运维向该元素提供变量{name}",
        "replace the template variable, or ask the operator of the platform to grant the variable{name} to this element" });
    }
    let is_error = match () {
        () if is_password || matches!(field.kind, Kind::Paragraph { .. }) => return None,
        () if is_filler(field, value) => !is_sound || !matches!(field.kind, Kind::Free),
        () if is_likely(value) => !is_sound,
        // No identifier, secret or keyword is written in Chinese.
        () if !is_sound && !value.contains("://") && value.contains(|c| matches!(c, '\u{3400}'..='\u{9fff}')) => true,
        () => return None,
    };
    let found = if field.is_secret() { Text::default() } else { shown(value) };
    let (found_zh, found_en) = (format!("占位内容{}", found.zh), format!("placeholder {}", found.en));
    let (found_zh, found_en) = (found_zh.trim_end(), found_en.trim_end());
    let ((zh, en), (place_zh, place_en)) = (field.label, field.place.unwrap_or(("管理后台", "the console")));
    let hint = text!("请填写真实的{zh}（{place_zh}）", "fill in the real {en} ({place_en})");
    Some(if is_error {
        finding! { error "placeholder": "填写的是{found_zh}，应为{zh}", "found a {found_en}; expected the {en}"; hint }
    } else {
        finding! { warning "placeholder": "{zh}看起来像{found_zh}", "the {en} looks like a {found_en}"; hint }
    })
}

/// `{{NAME}}` or `${NAME}` somewhere in the value. The name is told when it looks like one and is all there is.
fn template(value: &str) -> Option<Option<&str>> {
    let is_in = |(open, close): &(&str, &str)| value.split_once(open).is_some_and(|(_, rest)| rest.contains(close));
    let (open, close) = [("{{", "}}"), ("${", "}")].into_iter().find(is_in)?;
    let name = value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).map(str::trim);
    let is_upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    Some(name.filter(|name| (1..=64).contains(&name.len()) && name.bytes().all(is_upper)))
}

/// `xxxx`, `idxxxxxxxx`, `***`: one letter over and over; `<tenant id>`; `changeme`; the name of the field itself.
fn is_filler(field: &Field, value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_repeated =
        lower.len() >= 3 && ["x", "*", ".", "…"].iter().any(|filler| lower.replace(filler, "").is_empty());
    let begin = lower.trim_end_matches('x');
    let is_begun = begin.chars().count() <= 2 && lower.len() - begin.len() >= 6;
    let is_bracketed = lower.starts_with('<') && lower.ends_with('>');
    let is_key = plain(field.split().1) == plain(value);
    is_repeated || is_begun || is_bracketed || is_key || WHOLE.contains(&lower.as_str())
}

/// `your-tenant`, `yourTenant`, `https://your-domain/`, `填写租户`; but not `yourong`, which is a name.
fn is_likely(value: &str) -> bool {
    let start = value.split_once("://").map_or(value, |(_, rest)| rest);
    let lower = start.to_ascii_lowercase().replace('_', "-");
    let begins = |word: &&str| {
        lower.starts_with(*word) && {
            let (head, rest) = start.split_at(word.len());
            let is_hump = |c: char| c.is_ascii_uppercase() && head.ends_with(|c: char| c.is_ascii_lowercase());
            rest.chars().next().is_none_or(|c| matches!(c, '-' | '_' | ' ') || is_hump(c))
        }
    };
    STARTS.iter().any(begins) || CHINESE.iter().any(|part| value.contains(part))
}
