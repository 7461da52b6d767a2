//! Whether a text is a sound value of its field.

use super::{
    address,
    field::{Field, Kind},
    problem::Finding,
    root_file,
    secret::Secret,
    shown::shown,
    suggestion::unknown_word,
    values::{FieldValue, Values},
};

/// Judges a text without space around it. `known` are the values of earlier fields; `notes` gets what somebody should look
/// at although the value is sound.
pub(super) fn judge(
    field: &Field,
    text: &str,
    known: &Values,
    notes: &mut Vec<Finding>,
) -> Result<FieldValue, Finding> {
    let is_among = |words: &str| words.split(' ').any(|word| word == text);
    let value = match field.kind {
        Kind::Text | Kind::Free => one_line(field, text).map(FieldValue::Text),
        Kind::Paragraph { most_bytes } => paragraph(field, text, most_bytes).map(FieldValue::Text),
        Kind::Secret(_) => one_line(field, text).map(|text| FieldValue::Secret(Secret::new(text))),
        Kind::Number => number(text).map(FieldValue::Number),
        Kind::Count { least, most } => count(text, least, most).map(FieldValue::Number),
        Kind::Redirect => address::redirect(field, text, notes).map(FieldValue::Url),
        Kind::Domain => address::domain(field, text, known, notes).map(FieldValue::Text),
        Kind::Base { tail, .. } => address::base(field, text, tail, notes).map(FieldValue::Url),
        Kind::Servers { .. } => address::server(field, text, notes).map(FieldValue::Url),
        Kind::Proxy => address::bare(field, text).map(FieldValue::Url),
        Kind::RootFile { begin, end } => root_file::judge(text, begin, end).map(FieldValue::File),
        Kind::Locale => locale(text).map(FieldValue::Text),
        Kind::Word(words) | Kind::Words { known: words, .. } if is_among(words) => {
            Ok(FieldValue::Text(text.to_owned()))
        }
        // Nothing of its own, and no mistake.
        Kind::Words { implied, .. } if is_among(implied) => Ok(FieldValue::List(Vec::new())),
        Kind::Word(words) | Kind::Words { known: words, .. } => Err(unknown_word(text, words)),
    }?;
    match (field.judge)(text) {
        Some(finding) if finding.is_error() => Err(finding),
        note => {
            notes.extend(note);
            Ok(value)
        }
    }
}

fn one_line(field: &Field, text: &str) -> Result<String, Finding> {
    let (zh, en) = field.label;
    let finding = finding! { error "malformed":
    "值中含有控制字符", "the value has a control character in it; expected text on one line";
    "请重新复制{zh}", "copy the {en} again" };
    if text.contains(char::is_control) { Err(finding) } else { Ok(text.to_owned()) }
}

fn paragraph(field: &Field, text: &str, most_bytes: usize) -> Result<String, Finding> {
    let (zh, en) = field.label;
    if text.len() > most_bytes {
        let length = text.len();
        return Err(finding! { error "too-long":
        "文字有 {length} 字节，最多 {most_bytes} 字节（一个汉字通常占 3 字节）",
        "the text has {length} bytes; expected at most {most_bytes}";
        "请缩短{zh}", "shorten the {en}" });
    }
    let is_sound = text.chars().all(|one| !one.is_control() || one == '\n');
    let finding = finding! { error "malformed":
    "文字中含有换行以外的控制字符", "the text has a control character in it that is no line break";
    "请重新输入{zh}", "write the {en} anew" };
    if is_sound { Ok(text.to_owned()) } else { Err(finding) }
}

fn number(text: &str) -> Result<u64, Finding> {
    let is_short = text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    let hint = ("请填写整数，例如 1000002", "write a whole number such as 1000002");
    let finding = Finding::malformed(&shown(text), ("正整数", "a positive whole number"), hint);
    text.parse().ok().filter(|number| is_short && *number > 0).ok_or(finding)
}

fn count(text: &str, least: u64, most: u64) -> Result<u64, Finding> {
    let is_written_out = text.bytes().all(|b| b.is_ascii_digit());
    let finding = || {
        let expected = text!("{least} 到 {most} 之间的整数", "a whole number from {least} to {most}");
        let hint = text!("请填写 {least} 到 {most} 之间的整数", "write a whole number from {least} to {most}");
        Finding::malformed(&shown(text), expected, hint)
    };
    text.parse().ok().filter(|number| is_written_out && (least..=most).contains(number)).ok_or_else(finding)
}

/// The language that a tag names; a longer one such as `zh-CN` counts as its language.
fn locale(tag: &str) -> Result<String, Finding> {
    let language = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    if matches!(&*language, "zh" | "en") { Ok(language) } else { Err(unknown_word(tag, "zh en")) }
}
