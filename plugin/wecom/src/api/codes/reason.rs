//! Which reason of the contract an error code of WeCom comes to, and how long the caller waits.

use super::{CREDENTIAL_REFUSED, Class, ErrorCode};
use organisation_kit::contract::types::Reason;

/// What the caller does about a code. Mostly its class says so; the exceptions are named one by one.
pub(super) fn of(code: &ErrorCode) -> Reason {
    if CREDENTIAL_REFUSED.contain(code.code) {
        // The credential itself is wrong: nothing is granted, something is corrected.
        return Reason::CredentialsRefused;
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
pub(super) fn retry_after_ms(code: &ErrorCode) -> Option<u64> {
    match (code.code, code.class) {
        (45033 | 45035, _) => Some(2_000),
        (81026, _) | (_, Class::Wait) => Some(60_000),
        (40001, _) => None,
        (_, Class::Busy | Class::Token) => Some(1_000),
        _ => None,
    }
}
