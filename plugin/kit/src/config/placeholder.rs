//! Values that somebody has yet to fill in.

use super::problem::{Finding, quoted};
use crate::config::field::Field;

/// Whole values, in lower case, that documents and forms use for "put yours here".
const WHOLE: [&str; 11] =
    ["changeme", "todo", "tbd", "placeholder", "corpid", "agentid", "corp-id", "agent-id", "null", "none", "undefined"];
/// Beginnings of such values.
const STARTS: [&str; 5] = ["your", "my-corp", "my_corp", "insert", "replace"];
/// What Chinese ones contain, also within an address.
const CHINESE: [&str; 8] = ["你的", "您的", "请填", "请输入", "请替换", "填写", "替换", "占位"];

/// The finding for a value that is still a placeholder.
pub(crate) fn find(field: &Field, value: &str) -> Option<Finding> {
    if let Some(name) = template(value) {
        let (zh, en) = match name {
            Some(name) => (
                format!("请平台运维向该元素提供变量 {name}"),
                format!("the operator of the platform grants the variable {name} to this element"),
            ),
            None => (
                "请替换模板变量，或请平台运维提供该变量".to_owned(),
                "replace the template variable, or ask the operator of the platform to grant it".to_owned(),
            ),
        };
        return Some(Finding::error("placeholder", "the template variable was not filled in", (zh, en)));
    }
    if !is_stand_in(value) {
        return None;
    }
    let found = if field.secret { "a placeholder".to_owned() } else { format!("the placeholder {}", quoted(value)) };
    let (label_zh, label_en) = field.label;
    let (place_zh, place_en) = field.place.unwrap_or(("管理后台", "the console"));
    Some(Finding::error(
        "placeholder",
        format!("found {found}; expected the {label_en}"),
        (format!("请填写真实的{label_zh}（{place_zh}）"), format!("fill in the real {label_en} ({place_en})")),
    ))
}

/// `{{NAME}}` or `${NAME}` somewhere in the value. The name is told when it looks like one and is all there is.
fn template(value: &str) -> Option<Option<&str>> {
    let opens = [("{{", "}}"), ("${", "}")]
        .into_iter()
        .find(|(open, close)| value.split_once(open).is_some_and(|(_, rest)| rest.contains(close)));
    let (open, close) = opens?;
    let name = value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).map(str::trim);
    Some(name.filter(|name| {
        !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    }))
}

fn is_stand_in(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_address = lower.contains("://");
    // `xxxx`, `wwxxxxxxxx`, `***`: one letter over and over.
    let rest = lower.strip_prefix("ww").filter(|rest| !rest.is_empty()).unwrap_or(&lower);
    let is_filler = rest.len() >= 3 && ["x", "*", ".", "…"].iter().any(|filler| rest.replace(filler, "").is_empty());
    let is_bracketed = lower.starts_with('<') && lower.ends_with('>');
    is_filler
        || is_bracketed
        || WHOLE.contains(&lower.as_str())
        || STARTS.iter().any(|start| lower.starts_with(start))
        || CHINESE.iter().any(|part| value.contains(part))
        || (!is_address && value.chars().any(is_chinese))
}

/// No identifier, secret or keyword is written in Chinese.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{
            field::{CORP_ID, REDIRECT_URI, SECRET},
            problem::Problems,
        },
        text::Locale,
    };

    #[test]
    fn what_is_yet_to_be_filled_in_is_found() {
        for value in [
            "{{WECOM_SECRET}}",
            "{{ WECOM_SECRET }}",
            "${WECOM_SECRET}",
            "prefix-{{X}}",
            "your-corp-id",
            "YOUR_CORP_ID",
            "yourCorpId",
            "<corp id>",
            "xxx",
            "wwxxxxxxxxxxxxxxxx",
            "******",
            "企业ID",
            "请填写企业ID",
            "changeme",
            "TODO",
            "corpId",
            "undefined",
            "https://你的域名/login",
            "https://{{HOST}}/login",
        ] {
            assert!(find(&CORP_ID, value).is_some(), "{value}");
        }
    }

    #[test]
    fn real_values_pass() {
        for value in [
            "ww0123456789abcdef",
            "wx0123456789abcdef",
            "wwxx",
            "1000002",
            "nJ3vX9-kQz_81bYw",
            "secret://secret?v=0a1b",
            "https://app.example.com/login",
            "https://例子.example/login",
            "{json}",
            "a{{b",
        ] {
            assert!(find(&CORP_ID, value).is_none(), "{value}");
        }
    }

    #[test]
    fn a_name_of_a_variable_is_told_and_a_secret_is_not() {
        for (field, value, shown, hidden) in [
            (&SECRET, "{{WECOM_SECRET}}", "WECOM_SECRET", "{{"),
            (&SECRET, "your-S3CRET", "a placeholder", "S3CRET"),
            (&SECRET, "{{S3CRET and more}}", "template variable", "S3CRET"),
            (&CORP_ID, "your-corp", "your-corp", "Secret"),
            (&REDIRECT_URI, "https://{{HOST}}/x", "template variable", "HOST"),
        ] {
            let mut problems = Problems::default();
            problems.add("", find(field, value).unwrap());
            let report = format!("{:?}", problems.report(Locale::Both));
            assert!(report.contains(shown) && !report.contains(hidden), "{report}");
        }
    }
}
