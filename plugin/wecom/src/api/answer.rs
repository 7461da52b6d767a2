//! From an HTTP outcome to the text of a sound answer, or to the reason why there is none.
//!
//! Pure. WeCom answers business failures with status 200 and an `errcode`; everything else (another status, a page of
//! HTML, JSON that is no object) comes from a proxy, a wrong address or a broken edge, and is refused.

use std::fmt::Display;

use super::{
    call::Call,
    codes::{self, Class},
};
use crate::wire::status;
use organisation_kit::{
    contract::http,
    failure::Failure,
    transport::{self, Destination, TransportError, TransportErrorKind},
};

/// WeCom, for messages.
const WECOM: Destination = Destination {
    vendor: ("企业微信", "WeCom"),
    address: "apiBaseUrl",
    proxy: "proxy",
    proxy_login: ("proxyUsername", "proxyPassword"),
};

/// A call without a sound answer, with what its caller must know in order to decide about repeating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallError {
    /// For whoever asked.
    pub(crate) failure: Failure,
    /// Where it broke.
    pub(crate) kind: CallErrorKind,
    /// `false` only where WeCom certainly did not get the request.
    pub(crate) reached: bool,
}

/// Where a call broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallErrorKind {
    /// There was no token to call with.
    Token,
    /// HTTP, or an answer that is none.
    Transport(TransportErrorKind),
    /// WeCom's error code.
    Vendor(i64),
}

impl CallErrorKind {
    /// Whether the same idempotent call, repeated at once, may well succeed.
    pub(crate) fn is_passing(self) -> bool {
        match self {
            Self::Transport(kind) => kind.is_passing(),
            Self::Vendor(code) => codes::lookup(code).class == Class::Busy,
            Self::Token => false,
        }
    }
}

impl CallError {
    /// The call was not made, for want of a token.
    pub(crate) fn without_token(failure: Failure) -> Self {
        Self { failure, kind: CallErrorKind::Token, reached: false }
    }

    /// Whether the token was refused: another token may do. These codes come before anything else is looked at, so
    /// that repeating the call with a new token is safe even where the call is not idempotent.
    pub(crate) fn is_stale_token(&self) -> bool {
        codes::is_stale_token(&self.failure)
    }

    /// Whether there is no such endpoint at this address: an old private deployment has the legacy ones alone.
    pub(crate) fn is_unknown_endpoint(&self) -> bool {
        self.kind == CallErrorKind::Transport(TransportErrorKind::Status(404))
    }

    /// Whether the login code of this call may be good still: WeCom certainly did not look at it, or nobody knows (busy,
    /// a broken connection, a page of a proxy). To try once more is harmless, since a spent code says so by itself.
    pub(crate) fn may_leave_code_unspent(&self) -> bool {
        match self.kind {
            CallErrorKind::Token | CallErrorKind::Transport(_) => true,
            CallErrorKind::Vendor(_) => self.kind.is_passing() || codes::precedes_code(&self.failure),
        }
    }
}

impl From<TransportError> for CallError {
    fn from(TransportError { failure, kind, reached }: TransportError) -> Self {
        Self { failure, kind: CallErrorKind::Transport(kind), reached }
    }
}

/// Judges one outcome. `secrets` are masked in whatever text of the host or the vendor is passed on.
pub(crate) fn judge(
    call: &Call,
    outcome: Result<http::Response, http::HttpError>,
    secrets: &[String],
) -> Result<String, CallError> {
    let text = transport::text(&WECOM, call, outcome, secrets)?;
    // A derived `Deserialize` reads a list as well, so the root has to be looked at.
    let what = match text.trim_start().chars().next() {
        Some('{') => None,
        None => Some(("为空", "is empty")),
        Some('<') => Some(("是 HTML 页面", "is a page of HTML")),
        Some(_) => Some(("不是 JSON 对象", "is no JSON object")),
    };
    if let Some(what) = what {
        return Err(transport::not_json(&WECOM, call, what).into());
    }
    let status = status::parse(&text).map_err(|error| unreadable(call, &error))?;
    match status.errcode {
        None | Some(0) if status.errmsg.contains("Warning") => {
            // "ok. Warning: wrong json format.": the request was understood in part or not at all.
            let what = ("带有警告，可能不完整", "carries a warning, so that it may be incomplete");
            Err(transport::malformed(&WECOM, call, what).into())
        }
        None | Some(0) => Ok(text),
        Some(code) => {
            let failure = codes::failure(code, &transport::masked(&status.errmsg, secrets), call.endpoint.path());
            Err(CallError { failure, kind: CallErrorKind::Vendor(code), reached: true })
        }
    }
}

/// For an answer whose JSON does not have the documented shape. `call` names it in the message: a [`Call`], which tells
/// whom it is about, or an endpoint.
pub(crate) fn unreadable(call: &dyn Display, error: &serde_json::Error) -> CallError {
    transport::unreadable(&WECOM, call, error).into()
}

/// The same for a list that was read up to somewhere, of which `after` is the last member.
pub(crate) fn unreadable_after(call: &dyn Display, after: Option<&str>, error: &serde_json::Error) -> CallError {
    let mut broken = unreadable(call, error);
    if let Some(after) = after {
        broken.failure.message.zh.push_str(&format!("，在成员 {after} 之后"));
        broken.failure.message.en.push_str(&format!(" after member {after}"));
    }
    broken
}

/// For an answer that lacks what it is for.
pub(crate) fn without(call: &dyn Display, field: &str) -> CallError {
    let (zh, en) = (format!("缺少 {field}"), format!("has no {field}"));
    transport::malformed(&WECOM, call, (&zh, &en)).into()
}

#[cfg(test)]
mod tests;
