//! What WeCom's error codes mean and who has to act on them.
//!
//! `table` is the one list of all codes, `hint` says what to do about those on which a person can act, `errmsg`
//! takes the text apart that comes with a code. [`failure`] makes of the three the error that callers see. A code that
//! nobody documented is treated like a mistake of this component: it is reported and never repeated.

use std::net::IpAddr;

use crate::{contract::types::Reason, failure::Failure};

use self::errmsg::Errmsg;

mod errmsg;
mod hint;
mod table;

/// Who has to act on a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
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

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// WeCom's `errcode`.
    pub code: i64,
    /// Who has to act.
    pub class: Class,
    /// The meaning in Chinese.
    pub zh: &'static str,
    /// The meaning in English.
    pub en: &'static str,
}

/// Stands for every code that is not documented.
const UNKNOWN: Code =
    Code { code: 0, class: Class::Developer, zh: "未知错误码", en: "code without documentation" };

/// What is known of a code. For an undocumented one the answer has code 0 and class [`Class::Developer`].
pub fn lookup(code: i64) -> &'static Code {
    match table::CODES.binary_search_by_key(&code, |row| row.code) {
        Ok(index) => &table::CODES[index],
        Err(_) => &UNKNOWN,
    }
}

/// The failure for a code that `api` (a path such as `user/get`) answered. `errmsg` must hold no secret: of it the
/// text, the hint id and, for 60020, the address end up in the failure.
pub fn failure(code: i64, errmsg: &str, api: &str) -> Failure {
    let known = lookup(code);
    let errmsg = Errmsg::parse(errmsg);
    let text = if errmsg.text.is_empty() { known.en } else { &errmsg.text };
    let mut failure =
        Failure::new(reason(known), format!("{api} was refused with {code}: {text}")).with_vendor_code(code);
    failure.hint = hint::of(code, known, errmsg.address);
    failure.retry_after_ms = retry_after_ms(known);
    failure.request_id = errmsg.hint_id;
    if let (UNTRUSTED_ADDRESS, Some(address)) = (code, errmsg.address) {
        let from = format!("{}{address}", errmsg::FROM);
        failure.message.zh.push_str(&from);
        failure.message.en.push_str(&from);
    }
    failure
}

/// The caller's address is not on the app's list.
pub const UNTRUSTED_ADDRESS: i64 = 60020;

/// The address that an administrator has to add, from a failure of [`UNTRUSTED_ADDRESS`] made by [`failure`]. WeCom
/// does not always tell it.
pub fn untrusted_address(failure: &Failure) -> Option<IpAddr> {
    match failure.vendor_code {
        Some(UNTRUSTED_ADDRESS) => Errmsg::parse(&failure.message.en).address,
        _ => None,
    }
}

/// What the caller does about a code. Mostly its class says so; the exceptions are named one by one.
fn reason(code: &Code) -> Reason {
    match code.code {
        // The credential itself is wrong: nothing is granted, something is corrected.
        40001 | 40013 | 40091 | 45031 | 2000002 => return Reason::CredentialsRefused,
        // Something exists already or is in use. `not-found` would say the opposite.
        40071 | 60005 | 60006 | 60008 | 60102 | 60104 | 60106 | 301036 | 301079 | 301113 => return Reason::Conflict,
        _ => {}
    }
    match code.class {
        // A token that was fetched a moment ago and is refused all the same: it was revoked in between, or not every
        // server knows it yet. Nobody can mend that by a setting; later it may work.
        Class::Busy | Class::Token => Reason::Unavailable,
        Class::Wait => Reason::RateLimited,
        Class::Configuration | Class::Administrator => Reason::NotPermitted,
        Class::Person => Reason::LoginRejected,
        Class::Data => Reason::NotFound,
        Class::Developer => Reason::Other("vendor-error".to_owned()),
    }
}

/// How long to wait at least. WeCom never says (doc 90312): a minute is the shortest block after 45009, the others
/// pass as soon as parallel calls have ended.
fn retry_after_ms(code: &Code) -> Option<u64> {
    match (code.code, code.class) {
        // The month has to end.
        (85004, _) => None,
        (45033 | 45035, _) => Some(2_000),
        (81026, _) | (_, Class::Wait) => Some(60_000),
        (40001, _) => None,
        (_, Class::Busy | Class::Token) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
