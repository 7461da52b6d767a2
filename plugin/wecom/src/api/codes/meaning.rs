//! What a refusal means for whoever goes on differently for it.

use super::{Class, lookup};
use organisation_kit::failure::Failure;

/// Codes that mean the same for whoever goes on differently for them.
pub(crate) struct Codes(&'static [i64]);

impl Codes {
    /// Whether a failure is one of them.
    pub(crate) fn include(&self, failure: &Failure) -> bool {
        failure.vendor_code.is_some_and(|code| self.contain(code))
    }

    pub(super) fn contain(&self, code: i64) -> bool {
        self.0.contains(&code)
    }
}

/// This member does not exist or is not to be seen: WeCom does not tell the two apart.
pub(crate) const HIDDEN_MEMBER: Codes = Codes(&[40003, 50002, 60011, 60021, 60111, 92000]);
/// Likewise for a department.
pub(crate) const HIDDEN_DEPARTMENT: Codes = Codes(&[60003, 60011, 60123]);
/// WeCom does not know the organisation's id.
pub(crate) const UNKNOWN_ORGANISATION: Codes = Codes(&[40013, 2_000_002]);
/// The secret is another organisation's.
pub(crate) const SECRET_OF_ANOTHER: Codes = Codes(&[40091]);
/// The secret has to be reset for being too weak.
pub(crate) const WEAK_SECRET: Codes = Codes(&[45031]);
/// The caller's address is not on the app's list.
pub(crate) const UNTRUSTED_ADDRESS: Codes = Codes(&[60020]);
/// `agent/get` says that the secret is not this app's: by number (doc 90227), in older reports as a lack of privilege, or
/// as a number that does not exist.
pub(crate) const OTHER_APP: Codes = Codes(&[40056, 60011, 301_002]);
/// The app is disabled, or lost its permissions because nobody used it.
pub(crate) const APP_DISABLED: Codes = Codes(&[48006, 50003, 60031]);
/// The job of an export is unknown, or its result was purged.
pub(crate) const UNKNOWN_JOB: Codes = Codes(&[40088, 40089]);
/// There is no such tag.
pub(crate) const UNKNOWN_TAG: Codes = Codes(&[40068]);
/// A message has no recipient who exists and may be seen.
pub(crate) const NOBODY_VALID: Codes = Codes(&[81013]);
/// A card cannot be updated any more: its code was used or is too old, it is another app's, it was never sent to them, or nobody
/// is left to see it.
pub(crate) const CARD_IS_CLOSED: Codes = Codes(&[42015, 42016, 60140, 82101, 82102]);
/// There is no such template or request, where that is all that was asked for.
pub(crate) const UNKNOWN_APPROVAL: Codes = Codes(&[301_025]);
/// What was filled in is not as the template has it, or its times overlap those of another request.
pub(crate) const UNSOUND_REQUEST: Codes = Codes(&[40058, 301_025, 301_079]);
/// A search names a time in which there is too much.
pub(crate) const TOO_DENSE: Codes = Codes(&[301_112]);
/// The credential itself: secret wrong or app disabled, corp unknown, secret of another corp, secret too weak.
pub(super) const CREDENTIAL_REFUSED: Codes = Codes(&[40001, 40013, 40091, 45031, 2_000_002]);

/// The answer would be larger than WeCom makes.
pub(super) const ANSWER_TOO_LARGE: i64 = 45029;

/// Looked at before a login code: parameters, permission, app, address.
const PRECEDES_CODE: Codes =
    Codes(&[41001, 48001, 48002, 48004, 48005, 48006, 48010, 50003, 60020, 60031, 301_002, 301_007]);

/// Whether a login code was certainly not looked at: the token, the rate, the app or the address was refused first.
pub(crate) fn precedes_code(failure: &Failure) -> bool {
    let is_first = |code| matches!(lookup(code).class, Class::Token | Class::Wait);
    failure.vendor_code.is_some_and(is_first) || PRECEDES_CODE.include(failure)
}
