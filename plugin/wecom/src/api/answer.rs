//! From the text of an answer to a sound one, or to the reason why there is none.
//!
//! Pure. WeCom answers business failures with status 200 and an `errcode`; a page of HTML or JSON that is no object comes
//! from a proxy, a wrong address or a broken edge, and is refused.

use std::fmt::Display;

use super::{call::VENDOR_CALL, codes};
use crate::{config::Config, wire::errcode};
use organisation_kit::{
    calls::{Api, Call},
    failure::{Cause, Failure},
    transport::{self, Destination},
};

/// WeCom, for messages.
const WECOM: &Destination = &Config::DESTINATION;

/// Judges the text of an answer. `secrets` are masked in whatever text of the vendor is passed on.
pub(super) fn judge(call: &Call, text: String, secrets: &[String]) -> Result<String, Failure> {
    // A derived `Deserialize` reads a list as well, so the root has to be looked at.
    let what = match text.trim_start().chars().next() {
        Some('{') => None,
        None => Some(("为空", "is empty")),
        Some('<') => Some(("是 HTML 页面", "is a page of HTML")),
        Some(_) => Some(("不是 JSON 对象", "is no JSON object")),
    };
    if let Some(what) = what {
        return Err(transport::not_json(WECOM, call, what));
    }
    let status = errcode::parse(&text).map_err(|error| unreadable(call, &error))?;
    match status.errcode {
        None | Some(0) if status.errmsg.contains("Warning") => {
            // "ok. Warning: wrong json format.": the request was understood in part or not at all.
            let what = ("带有警告，可能不完整", "carries a warning, so that it may be incomplete");
            Err(transport::malformed(WECOM, call, what))
        }
        None | Some(0) => Ok(text),
        Some(code) => {
            let api = if call.name == VENDOR_CALL { call.to_string() } else { call.name.to_owned() };
            Err(codes::failure(code, &transport::masked(&status.errmsg, secrets), &api))
        }
    }
}

/// Whether the login code of a failed call may be good still: WeCom certainly did not look at it, or nobody knows (busy,
/// a broken connection, a page of a proxy). To try once more is harmless, since a spent code says so by itself.
pub(crate) fn may_leave_code_unspent(failure: &Failure) -> bool {
    failure.vendor_code.is_none()
        || matches!(failure.cause, Cause::Passing | Cause::NoToken)
        || codes::precedes_code(failure)
}

/// Reads the text of an answer.
pub(crate) fn read<T>(
    call: &dyn Display,
    text: &str,
    parse: fn(&str) -> Result<T, serde_json::Error>,
) -> Result<T, Failure> {
    parse(text).map_err(|error| unreadable(call, &error))
}

/// For an answer whose JSON does not have the documented shape.
pub(crate) fn unreadable(call: &dyn Display, error: &serde_json::Error) -> Failure {
    transport::unreadable(WECOM, call, error)
}

/// The same for a list that was read up to somewhere, of which `after` is the last member.
pub(crate) fn unreadable_after(call: &dyn Display, after: Option<&str>, error: &serde_json::Error) -> Failure {
    let mut failure = unreadable(call, error);
    if let Some(after) = after {
        failure.message.zh.push_str(&format!("，在成员 {after} 之后"));
        failure.message.en.push_str(&format!(" after member {after}"));
    }
    failure
}

/// For an answer that lacks what it is for.
pub(crate) fn without(call: &dyn Display, field: &str) -> Failure {
    let (zh, en) = (format!("缺少 {field}"), format!("has no {field}"));
    transport::malformed(WECOM, call, (&zh, &en))
}

#[cfg(test)]
mod tests;
