//! The reason of the contract that a code stands for.

use organisation_kit::contract::types::Reason;

use super::{CREDENTIAL_REFUSED, Class, Code};

/// What the caller does about a code. Mostly its class says so; the exceptions are named one by one.
pub(super) fn of(code: &Code) -> Reason {
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
