//! Ids, secrets and keys: opaque values of a known shape (fact sheet §0.1, §7.1).

use super::{
    field::Field,
    problem::Finding,
    reader::{Reader, Value, malformed},
    secret::Secret,
};

/// Characters of a corp id at most.
const CORP_ID: usize = 64;
/// Characters of secrets as WeCom issues them: about 43.
const USUAL_SECRET: std::ops::RangeInclusive<usize> = 40..=48;

/// `ww…` or `wx…`.
pub(super) fn corp_id(reader: &mut Reader<'_>, field: &Field) -> Option<String> {
    let Value { path, text } = reader.text(field)?;
    let tail = text.strip_prefix("ww").or_else(|| text.strip_prefix("wx")).unwrap_or_default();
    let is_sound = !tail.is_empty()
        && text.len() <= CORP_ID
        && tail.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if !is_sound {
        let hint = (
            "企业 ID 以 ww 或 wx 开头，请在 我的企业 → 企业信息 中复制",
            "a corp id starts with ww or wx: copy it from My Company → Company Information",
        );
        reader.problems.add(&path, malformed(field, &text, "ww or wx followed by letters and digits", hint));
        return None;
    }
    if tail.len() != 16 || !tail.bytes().all(|b| b.is_ascii_hexdigit()) {
        let message = format!("a corp id of {} characters; usual are ww or wx and 16 hexadecimal digits", text.len());
        let hint = ("请核对企业 ID 是否完整", "see that the corp id is complete");
        reader.problems.add(&path, Finding::warning("unusual-shape", message, hint));
    }
    Some(text)
}

/// A number, also as text.
pub(super) fn agent_id(reader: &mut Reader<'_>, field: &Field) -> Option<u64> {
    let Value { path, text } = reader.number_text(field)?;
    let is_number = text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 18;
    match text.parse() {
        Ok(number) if is_number && number > 0 => Some(number),
        _ => {
            let hint = ("请填写整数，例如 1000002", "write a whole number such as 1000002");
            reader.problems.add(&path, malformed(field, &text, "a positive whole number", hint));
            None
        }
    }
}

/// An opaque secret, or a reference that the host replaces.
pub(super) fn secret(reader: &mut Reader<'_>, field: &Field) -> Option<Secret> {
    let Value { path, text } = reader.text(field)?;
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let hint = ("Secret 中含有空白字符，请重新复制", "the secret has space in it: copy it again");
        reader.problems.add(&path, malformed(field, &text, "a secret without space", hint));
        return None;
    }
    let secret = Secret::new(text);
    let length = secret.expose().chars().count();
    if !secret.is_reference() && !USUAL_SECRET.contains(&length) {
        let message = format!("a secret of {length} characters; about 43 are usual");
        let hint = ("请核对 Secret 是否复制完整", "see that the secret was copied as a whole");
        reader.problems.add(&path, Finding::warning("unusual-length", message, hint));
    }
    Some(secret)
}

/// The user name for a proxy, which ends at the first colon where it is sent (RFC 7617).
pub(super) fn proxy_username(reader: &mut Reader<'_>, field: &Field) -> Option<String> {
    let Value { path, text } = reader.text(field)?;
    if text.contains(|c: char| c == ':' || c.is_control()) {
        let hint = ("代理用户名不能含有冒号", "a user name for a proxy has no colon in it");
        reader.problems.add(&path, malformed(field, &text, "a user name without a colon", hint));
        return None;
    }
    Some(text)
}

/// The password for a proxy: any text on one line.
pub(super) fn proxy_password(reader: &mut Reader<'_>, field: &Field) -> Option<Secret> {
    let Value { path, text } = reader.text(field)?;
    if text.contains(char::is_control) {
        let hint = ("代理密码中含有控制字符，请重新复制", "the password has a control character in it: copy it again");
        reader.problems.add(&path, malformed(field, &text, "a password on one line", hint));
        return None;
    }
    Some(Secret::new(text))
}

/// The token of a callback: at most 32 letters and digits.
pub(super) fn callback_token(reader: &mut Reader<'_>, field: &Field) -> Option<Secret> {
    keyword(
        reader,
        field,
        1..=32,
        "at most 32 letters and digits",
        ("Token 为不超过 32 位的字母或数字", "a token has at most 32 letters and digits"),
    )
}

/// The key of a callback: 43 letters and digits.
pub(super) fn callback_key(reader: &mut Reader<'_>, field: &Field) -> Option<Secret> {
    keyword(
        reader,
        field,
        43..=43,
        "43 letters and digits",
        ("EncodingAESKey 为 43 位字母或数字", "an EncodingAESKey has 43 letters and digits"),
    )
}

fn keyword(
    reader: &mut Reader<'_>,
    field: &Field,
    length: std::ops::RangeInclusive<usize>,
    expected: &str,
    hint: (&str, &str),
) -> Option<Secret> {
    let Value { path, text } = reader.text(field)?;
    if length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Some(Secret::new(text));
    }
    let count = text.chars().count();
    let finding =
        Finding::error("malformed", format!("found a value of {count} characters; expected {expected}"), hint);
    reader.problems.add(&path, finding);
    None
}
