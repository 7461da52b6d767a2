//! Whether WeCom accepts the organisation's id and the secret, and whether the local copy is of that organisation.

use super::console;
use crate::api::codes::{SECRET_OF_ANOTHER, UNKNOWN_ORGANISATION, WEAK_SECRET};
use organisation_kit::{contract::types::Reason, failure::Failure, text, verdict::Checked};

/// From the outcome of `gettoken`, and the organisation of the local copy. What WeCom refuses is told first: the id may
/// be mistyped.
pub(super) fn judge(asked: &Result<(), Failure>, corp_id: &str, copy_of: Option<&str>) -> Checked {
    let other = copy_of.filter(|copy_of| !copy_of.eq_ignore_ascii_case(corp_id));
    let finding = match (asked, other) {
        (Ok(()), None) => {
            return Checked::ok("accepted", ("企业微信接受企业 ID 与 Secret", "WeCom accepts corp id and secret"));
        }
        (Ok(()), Some(other)) => Checked::failed(
            "other-organisation",
            text! {
            "本元素的通讯录属于企业 {other}，而配置的企业 ID 是 {corp_id}",
            "the directory of this element belongs to {other}, but the configuration names {corp_id}" },
        )
        .hint(
            "请恢复原来的企业 ID（corpId），或为新企业另建组织元素",
            "restore the former corpId, or create a new element for the other organisation",
        ),
        (Err(failure), _) => broken(failure),
    };
    match other {
        Some(other) => finding.fact("directory-organisation", other).fact("configured-organisation", corp_id),
        None => finding,
    }
}

/// A call that failed for a reason that is not about the aspect at hand. The code says what kind of failure it is.
pub(super) fn broken(failure: &Failure) -> Checked {
    let (code, message, page) = match (&failure.reason, failure.vendor_code) {
        (Reason::CredentialsRefused, _) if UNKNOWN_ORGANISATION.include(failure) => {
            ("corp-unknown", ("企业微信不认识该企业 ID", "WeCom does not know the corp id"), Some(console::COMPANY))
        }
        (Reason::CredentialsRefused, _) if SECRET_OF_ANOTHER.include(failure) => {
            ("other-corp", ("Secret 属于其他企业", "the secret belongs to another company"), Some(console::COMPANY))
        }
        (Reason::CredentialsRefused, _) if WEAK_SECRET.include(failure) => (
            "secret-too-weak",
            ("Secret 强度不足，须重置", "the secret is too weak and must be reset"),
            Some(console::APPS),
        ),
        (Reason::CredentialsRefused, _) => {
            ("secret-refused", ("企业微信拒绝该 Secret", "WeCom refuses the secret"), Some(console::APPS))
        }
        (Reason::RateLimited, _) => ("rate-limited", ("企业微信要求减少调用", "WeCom asks for fewer calls"), None),
        (Reason::Unavailable, Some(_)) => ("busy", ("企业微信繁忙", "WeCom is busy"), None),
        (Reason::Unavailable, None) => {
            ("unreachable", ("无法连接企业微信接口", "the WeCom API cannot be reached"), None)
        }
        (Reason::NotPermitted, Some(_)) => {
            ("not-permitted", ("企业微信拒绝调用", "WeCom refuses the call"), Some(console::APPS))
        }
        (Reason::NotPermitted, None) => {
            ("host-denied", ("平台不允许访问该接口地址", "the platform refuses the address of the API"), None)
        }
        (Reason::UnexpectedAnswer, _) => {
            ("unexpected-answer", ("接口返回了无法识别的内容", "the API answered something that cannot be read"), None)
        }
        _ => ("call-failed", ("接口调用失败", "the call of the API failed"), None),
    };
    let finding = Checked::failed(code, message).caused_by(failure);
    match page {
        Some(page) => finding.page(page),
        None => finding,
    }
}
