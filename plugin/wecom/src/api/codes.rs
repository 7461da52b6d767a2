//! What WeCom's error codes mean and who has to act on them.
//!
//! `table` is the one list of all codes, `reason` says which reason of the contract each comes to and how long to wait,
//! `hint` what a person can do, `meaning` what some codes mean for whoever goes on differently, and `errmsg` takes the text
//! apart that comes with a code. [`failure`] makes of them the error that callers see. A code that nobody documented is treated like a mistake of this component: it is reported and never
//! repeated. No other file of this element knows a number.

use std::net::IpAddr;

use self::errmsg::Errmsg;
use organisation_kit::failure::{Cause, Failure};

mod errmsg;
mod hint;
mod meaning;
mod reason;
mod table;

pub(crate) use meaning::*;

/// Who has to act on a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nobody: the platform is busy. An idempotent call may be repeated.
    Busy,
    /// Nobody: a token is renewed and the call repeated once.
    Token,
    /// Nobody: the caller waits, then calls less often.
    Wait,
    /// The developer of this component.
    Developer,
    /// Whoever configures the app, here or in the console.
    Configuration,
    /// The administrator of the organisation.
    Administrator,
    /// The person who signs in.
    Person,
    /// Nobody: the object is gone, exists already or is out of range.
    Data,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ErrorCode {
    /// WeCom's `errcode`.
    pub(crate) code: i64,
    /// Who has to act.
    pub(crate) class: Class,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

/// Stands for every code that is not documented.
const UNKNOWN: ErrorCode =
    ErrorCode { code: 0, class: Class::Developer, zh: "未知错误码", en: "code without documentation" };

/// What is known of a code. For an undocumented one the answer has code 0 and class [`Class::Developer`].
pub(crate) fn lookup(code: i64) -> &'static ErrorCode {
    match table::CODES.binary_search_by_key(&code, |row| row.code) {
        Ok(index) => &table::CODES[index],
        Err(_) => &UNKNOWN,
    }
}

/// The failure for a code that `api` (a path such as `user/get`) answered. `errmsg` must hold no secret: of it the
/// text, the hint id and, for 60020, the address end up in the failure.
pub(crate) fn failure(code: i64, errmsg: &str, api: &str) -> Failure {
    let known = lookup(code);
    let errmsg = Errmsg::parse(errmsg);
    let (zh, en) = match (errmsg.text.as_str(), known.code) {
        ("", _) => (known.zh, known.en),
        // What the vendor says is all that is known.
        (text, 0) => (text, text),
        (text, _) => (known.zh, text),
    };
    let message = (format!("{api} 被拒绝，错误码 {code}：{zh}"), format!("{api} was refused with {code}: {en}"));
    let mut failure = Failure::new(reason::of(known), message).with_vendor_code(code);
    failure.cause = match known.class {
        _ if code == ANSWER_TOO_LARGE => Cause::AnswerTooLarge,
        Class::Token => Cause::TokenRefused,
        Class::Busy => Cause::Passing,
        _ => Cause::Other,
    };
    failure.may_be_done = known.class == Class::Busy;
    failure.hint = hint::of(code, known, errmsg.address);
    failure.retry_after_ms = reason::retry_after_ms(known);
    failure.request_id = errmsg.hint_id;
    if UNTRUSTED_ADDRESS.include(&failure)
        && let Some(address) = errmsg.address
    {
        failure.message.zh.push_str(&format!("，来源 IP：{address}"));
        failure.message.en.push_str(&format!("{}{address}", errmsg::FROM));
    }
    failure
}

/// The address that an administrator has to add, from a failure made by [`failure`]. WeCom does not always tell it.
pub(crate) fn untrusted_address(failure: &Failure) -> Option<IpAddr> {
    UNTRUSTED_ADDRESS.include(failure).then(|| Errmsg::parse(&failure.message.en).address).flatten()
}

#[cfg(test)]
mod tests;
