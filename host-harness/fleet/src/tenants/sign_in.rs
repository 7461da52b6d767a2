//! What a tenant demands of a sign-in.

use super::fields::Fields;

/// Whom a host lets in of those whom the element has recognised as members. Both are off by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignIn {
    /// Whether a member without a role is refused.
    pub role_required: bool,
    /// Whether a sign-in that did not begin here is admitted: that of the app's home page in the vendor's workspace, whose
    /// address carries a constant state. The element's own configuration may refuse these as well. Nobody can distinguish it from a link that somebody else has made, so a link can sign a
    /// member in as another one.
    pub homepage: bool,
    /// Whether a sign-in has to end in the browser in which it began, also inside the vendor's client, where some open pages in a
    /// session of their own. Otherwise the person is asked there.
    pub same_browser: bool,
}

/// Reads `sign_in`.
pub(super) fn sign_in(fields: &mut Fields<'_>) -> SignIn {
    fields.stands_elsewhere("role_required", "\"sign_in\": {\"role_required\": …}");
    let Some(mut inner) = fields.object("sign_in") else { return SignIn::default() };
    let sign_in = SignIn {
        role_required: inner.flag("role_required").unwrap_or_default(),
        homepage: inner.flag("homepage").unwrap_or_default(),
        same_browser: inner.flag("same_browser").unwrap_or_default(),
    };
    inner.end();
    sign_in
}
