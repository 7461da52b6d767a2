//! Judges the JSON of a message against the table of limits, wherever it comes from: typed records, or JSON that a caller
//! wrote. Pure.

use organisation_kit::{failure::Failure, invalid_argument};
use serde_json::Value;

use super::limits::{self, Limit, UNIQUE, Unit};

/// Where something stands: `at` in WeCom's JSON with `[]` for items, and which items those are.
struct Place {
    at: String,
    items: Vec<usize>,
}

impl Place {
    /// Runs something one step deeper.
    fn below<T>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.at.len();
        if !self.at.is_empty() && step != "[]" {
            self.at.push('.');
        }
        self.at.push_str(step);
        let outcome = work(self);
        self.at.truncate(length);
        outcome
    }

    /// The place in the contract's words, or in WeCom's where it has none.
    fn field(&self, prefix: &str) -> String {
        let pattern = limits::of(&self.at).map_or(self.at.as_str(), |limit| limit.field);
        let mut items = self.items.iter();
        let mut field = format!("{prefix}.");
        for (index, part) in pattern.split("[]").enumerate() {
            if index > 0 {
                field.push_str(&items.next().map_or("[]".to_owned(), |item| format!("[{item}]")));
            }
            field.push_str(part);
        }
        field
    }
}

/// Judges a value below `at`. `prefix` is the argument of the contract that it came from; `translates` says whether ids in it
/// become names.
///
/// # Errors
/// `invalid-argument` for the first limit that is passed: with field, limit and the length found.
pub(super) fn judge(prefix: &str, at: &str, value: &Value, translates: bool) -> Result<(), Failure> {
    walk(prefix, &mut Place { at: at.to_owned(), items: Vec::new() }, value, translates)
}

fn walk(prefix: &str, place: &mut Place, value: &Value, translates: bool) -> Result<(), Failure> {
    match value {
        Value::String(text) => judge_text(prefix, place, text, translates),
        Value::Array(items) => {
            let length = |unit| if unit == Unit::Items { items.len() } else { 0 };
            judge_length(prefix, place, |unit| (length(unit), length(unit)))?;
            judge_unique(prefix, place, items)?;
            for (index, item) in items.iter().enumerate() {
                place.items.push(index);
                place.below("[]", |place| walk(prefix, place, item, translates))?;
                place.items.pop();
            }
            Ok(())
        }
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            judge_signs(prefix, place, key)?;
            place.below(key, |place| walk(prefix, place, value, translates))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Control characters would be written with `\u`, which WeCom refuses (40033).
fn judge_signs(prefix: &str, place: &Place, text: &str) -> Result<(), Failure> {
    let Some(odd) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) else { return Ok(()) };
    let (field, code) = (place.field(prefix), u32::from(odd));
    Err(Failure::invalid_argument(
        &field,
        (format!("{field} 含有控制字符 U+{code:04X}"), format!("{field} holds the control character U+{code:04X}")),
    ))
}

fn judge_text(prefix: &str, place: &Place, text: &str, translates: bool) -> Result<(), Failure> {
    judge_signs(prefix, place, text)?;
    judge_length(prefix, place, |unit| match unit {
        Unit::Bytes => (text.len(), text.len()),
        Unit::Characters => {
            let length = text.chars().count();
            // How long a name is nobody knows: it may be long enough by itself.
            let without_names = if translates { without_placeholders(text).chars().count() } else { length };
            (without_names, length)
        }
        Unit::Items => (0, 0),
    })
}

/// `length` tells how long something is at least and at most.
fn judge_length(prefix: &str, place: &Place, length: impl Fn(Unit) -> (usize, usize)) -> Result<(), Failure> {
    let Some(Limit { least, most, unit, doc, .. }) = limits::of(&place.at) else { return Ok(()) };
    let (at_least, at_most) = length(*unit);
    if at_most >= *least && at_least <= *most {
        return Ok(());
    }
    let (unit_zh, unit_en) = match unit {
        Unit::Bytes => ("字节", "bytes"),
        Unit::Characters => ("个字符", "characters"),
        Unit::Items => ("项", "items"),
    };
    let field = place.field(prefix);
    let (zh, en) = match at_most {
        0 => (format!("{field} 不能为空"), format!("{field} is empty")),
        found if found < *least => (
            format!("{field} 为 {found} {unit_zh}，最少 {least} {unit_zh}"),
            format!("{field} has {found} {unit_en}; at least {least}"),
        ),
        _ => (
            format!("{field} 为 {at_least} {unit_zh}，最多 {most} {unit_zh}"),
            format!("{field} has {at_least} {unit_en}; at most {most}"),
        ),
    };
    Err(Failure::invalid_argument(&field, (format!("{zh}（文档 {doc}）"), format!("{en} (document {doc})"))))
}

fn judge_unique(prefix: &str, place: &Place, items: &[Value]) -> Result<(), Failure> {
    let Some((_, key)) = UNIQUE.iter().find(|(at, _)| *at == place.at) else { return Ok(()) };
    let mut seen: Vec<&str> = Vec::new();
    for value in items.iter().filter_map(|item| item.get(*key)?.as_str()) {
        if seen.contains(&value) {
            let (field, shown) = (place.field(prefix), value.chars().take(64).collect::<String>());
            return Err(invalid_argument! { "content":
            "{field} 中 {shown:?} 出现了两次", "{shown:?} stands twice in {field}" });
        }
        seen.push(value);
    }
    Ok(())
}

/// The text without what WeCom fills in for itself, such as `$userName=zhangsan$` (section 5.6 of the API's rules).
fn without_placeholders(text: &str) -> String {
    const NAMES: [&str; 7] =
        ["departmentName", "userName", "userAlias", "userAliasOrName", "chatName", "msgContent", "externalUserName"];
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        let (before, mark) = rest.split_at(start);
        left.push_str(before);
        let placeholder = mark[1..].find('$').map(|end| &mark[1..=end]);
        let is_one =
            |inner: &&str| inner.split_once('=').is_some_and(|(name, id)| NAMES.contains(&name) && !id.is_empty());
        match placeholder.filter(is_one) {
            Some(inner) => rest = &mark[inner.len() + 2..],
            None => {
                left.push('$');
                rest = &mark[1..];
            }
        }
    }
    left.push_str(rest);
    left
}
