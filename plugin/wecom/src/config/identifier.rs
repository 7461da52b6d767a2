//! What WeCom's ids, secrets and keys look like.

use std::ops::RangeInclusive;

use crate::cipher::EncodingKey;
use organisation_kit::config::{Finding, Secret, described, is_plain_host, shown};
use organisation_kit::finding;
use url::Url;

/// Characters of a corp id at most.
const CORP_ID: usize = 64;
/// Characters of secrets as WeCom issues them: about 43.
const USUAL_SECRET: RangeInclusive<usize> = 40..=48;

/// `ww…` or `wx…`.
pub(super) fn corp_id(text: &str) -> Option<Finding> {
    let tail = text.strip_prefix("ww").or_else(|| text.strip_prefix("wx")).unwrap_or_default();
    let is_id = tail.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if tail.is_empty() || text.len() > CORP_ID || !is_id {
        let expected = ("ww 或 wx 开头的字母与数字", "ww or wx followed by letters and digits");
        let hint = (
            "企业 ID 以 ww 或 wx 开头，请在 我的企业 → 企业信息 中复制",
            "a corp id starts with ww or wx: copy it from My Company → Company Information",
        );
        return Some(Finding::malformed(&shown(text), expected, hint));
    }
    let is_usual = tail.len() == 16 && tail.bytes().all(|b| b.is_ascii_hexdigit());
    let count = text.len();
    let unusual = finding! { warning "unusual-shape":
    "企业 ID 有 {count} 个字符，通常为 ww 或 wx 加 16 位十六进制数字",
    "a corp id of {count} characters; usual are ww or wx and 16 hexadecimal digits";
    "请核对企业 ID 是否完整", "see that the corp id is complete" };
    (!is_usual).then_some(unusual)
}

/// An opaque secret, or a reference that the host replaces.
pub(super) fn secret(text: &str) -> Option<Finding> {
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        let expected = ("不含空白与中文的 Secret", "a secret in ASCII without space");
        let hint =
            ("Secret 中含有空白或其他字符，请重新复制", "the secret has space or other signs in it: copy it again");
        return Some(Finding::malformed(&described(text), expected, hint));
    }
    let count = text.len();
    let is_usual = Secret::new(text).is_reference() || USUAL_SECRET.contains(&count);
    let unusual = finding! { warning "unusual-length":
    "Secret 有 {count} 个字符，通常约为 43 个", "a secret of {count} characters; about 43 are usual";
    "请核对 Secret 是否复制完整", "see that the secret was copied as a whole" };
    (!is_usual).then_some(unusual)
}

/// The token of a callback.
pub(super) fn callback_token(text: &str) -> Option<Finding> {
    let is_sound = text.len() <= 32 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    (!is_sound).then(|| not_copied(text, ("不超过 32 位的字母或数字", "at most 32 letters and digits")))
}

/// The key of a callback. Blanks within it came along when it was copied and mean nothing.
pub(super) fn callback_key(text: &str) -> Option<Finding> {
    (EncodingKey::parse(text).is_none()).then(|| not_copied(text, ("43 位字母或数字", "43 letters and digits")))
}

fn not_copied(text: &str, expected: (&str, &str)) -> Finding {
    let hint = ("请在企业微信管理后台重新复制", "copy it again from WeCom's console");
    Finding::malformed(&described(text), expected, hint)
}

/// WeCom refuses addresses that carry one of another scheme in their query.
pub(super) fn redirect_uri(text: &str) -> Option<Finding> {
    let scheme_is_foreign = |scheme: &str| {
        let inner = format!("{scheme}://inner");
        is_plain_host(&inner) && Url::parse(&inner).is_ok_and(|inner| !matches!(inner.scheme(), "http" | "https"))
    };
    let is_foreign = |value: &str| value.split_once("://").is_some_and(|(scheme, _)| scheme_is_foreign(scheme));
    let nested = finding! { warning "nested-url":
    "地址的参数中带有 http、https 以外协议的地址", "the query carries an address with a scheme other than http or https";
    "企业微信会拒绝参数中带有其他协议地址的回跳地址，请将其保存在服务端",
    "WeCom refuses such redirect addresses: keep the inner address on the server" };
    Url::parse(text).ok()?.query_pairs().any(|(_, value)| is_foreign(&value)).then_some(nested)
}
