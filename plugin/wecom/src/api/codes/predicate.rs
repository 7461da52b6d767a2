//! What a refusal means for whoever goes on differently for it.

use super::{Class, lookup};
use organisation_kit::failure::Failure;

/// The credential itself: secret wrong or app disabled, corp unknown, secret of another corp, secret too weak.
pub(super) const CREDENTIAL_REFUSED: [i64; 5] = [40001, 40013, 40091, 45031, 2_000_002];

/// The caller's address is not on the app's list.
pub(super) const UNTRUSTED_ADDRESS: i64 = 60020;

/// The answer would be larger than WeCom makes.
pub(super) const ANSWER_TOO_LARGE: i64 = 45029;

/// Looked at before a login code: parameters, permission, app, address.
const PRECEDES_CODE: [i64; 13] =
    [41001, 48001, 48002, 48004, 48005, 48006, 48010, 50003, 50006, UNTRUSTED_ADDRESS, 60031, 301_002, 301_007];

fn is(failure: &Failure, codes: &[i64]) -> bool {
    failure.vendor_code.is_some_and(|code| codes.contains(&code))
}

/// Whether this member does not exist or is not to be seen: WeCom does not tell the two apart.
pub(crate) fn hides_member(failure: &Failure) -> bool {
    is(failure, &[40003, 50002, 60011, 60021, 60111, 92000])
}

/// Likewise for a department.
pub(crate) fn hides_department(failure: &Failure) -> bool {
    is(failure, &[60003, 60011, 60123])
}

/// Whether WeCom does not know the organisation's id.
pub(crate) fn is_unknown_organisation(failure: &Failure) -> bool {
    is(failure, &[40013, 2_000_002])
}

/// Whether the secret is another organisation's.
pub(crate) fn is_secret_of_another(failure: &Failure) -> bool {
    is(failure, &[40091])
}

/// Whether the secret has to be reset for being too weak.
pub(crate) fn is_weak_secret(failure: &Failure) -> bool {
    is(failure, &[45031])
}

/// Whether the caller's address is not on the app's list.
pub(crate) fn is_untrusted_address(failure: &Failure) -> bool {
    is(failure, &[UNTRUSTED_ADDRESS])
}

/// Whether `agent/get` says that the secret is not this app's: by number (doc 90227), in older reports as a lack of
/// privilege, or as a number that does not exist.
pub(crate) fn names_other_app(failure: &Failure) -> bool {
    is(failure, &[40056, 60011, 301_002])
}

/// Whether the app is disabled, or lost its permissions because nobody used it.
pub(crate) fn is_app_disabled(failure: &Failure) -> bool {
    is(failure, &[48006, 50003, 60031])
}

/// Whether a login code was certainly not looked at: the token, the rate, the app or the address was refused first.
pub(crate) fn precedes_code(failure: &Failure) -> bool {
    let comes_first = |code| matches!(lookup(code).class, Class::Token | Class::Wait) || PRECEDES_CODE.contains(&code);
    failure.vendor_code.is_some_and(comes_first)
}

/// Whether the job of an export is unknown, or its result was purged.
pub(crate) fn is_unknown_job(failure: &Failure) -> bool {
    is(failure, &[40088, 40089])
}

/// Whether there is no such tag.
pub(crate) fn is_unknown_tag(failure: &Failure) -> bool {
    is(failure, &[40068])
}
