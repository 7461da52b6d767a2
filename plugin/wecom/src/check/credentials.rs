//! Whether WeCom accepts the organisation's id and the secret.

use crate::{
    contract::types::Reason,
    verdict::{Finding, Page},
    failure::Failure,
};

/// From the outcome of `gettoken`.
pub(crate) fn judge(asked: &Result<(), Failure>) -> Finding {
    match asked {
        Ok(()) => Finding::ok("accepted", ("企业微信接受企业 ID 与 Secret", "WeCom accepts corp id and secret")),
        Err(failure) => broken(failure),
    }
}

/// A call that failed for a reason that is not about the aspect at hand. The code says what kind of failure it is.
pub(crate) fn broken(failure: &Failure) -> Finding {
    let (code, message, page) = match (&failure.reason, failure.vendor_code) {
        (Reason::CredentialsRefused, Some(40013 | 2_000_002)) => {
            ("corp-unknown", ("企业微信不认识该企业 ID", "WeCom does not know the corp id"), Some(Page::Company))
        }
        (Reason::CredentialsRefused, Some(40091)) => {
            ("other-corp", ("Secret 属于其他企业", "the secret belongs to another company"), Some(Page::Company))
        }
        (Reason::CredentialsRefused, Some(45031)) => (
            "secret-too-weak",
            ("Secret 强度不足，须重置", "the secret is too weak and must be reset"),
            Some(Page::Apps),
        ),
        (Reason::CredentialsRefused, _) => {
            ("secret-refused", ("企业微信拒绝该 Secret", "WeCom refuses the secret"), Some(Page::Apps))
        }
        (Reason::RateLimited, _) => ("rate-limited", ("企业微信要求减少调用", "WeCom asks for fewer calls"), None),
        (Reason::Unavailable, Some(_)) => ("busy", ("企业微信繁忙", "WeCom is busy"), None),
        (Reason::Unavailable, None) => {
            ("unreachable", ("无法连接企业微信接口", "the WeCom API cannot be reached"), None)
        }
        (Reason::NotPermitted, Some(_)) => {
            ("not-permitted", ("企业微信拒绝调用", "WeCom refuses the call"), Some(Page::Apps))
        }
        (Reason::NotPermitted, None) => {
            ("host-denied", ("平台不允许访问该接口地址", "the platform refuses the address of the API"), None)
        }
        (Reason::UnexpectedAnswer, _) => {
            ("unexpected-answer", ("接口返回了无法识别的内容", "the API answered something that cannot be read"), None)
        }
        _ => ("call-failed", ("接口调用失败", "the call of the API failed"), None),
    };
    let finding = Finding::failed(code, message).caused_by(failure);
    match page {
        Some(page) => finding.page(page),
        None => finding,
    }
}
