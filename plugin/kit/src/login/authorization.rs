//! The beginning of a sign-in: the URLs to which a browser is sent, and what a login widget needs.

use crate::{
    config::Common,
    contract::{
        login::{Authorization, AuthorizationRequest, Entry, LoginParameters},
        types::Reason,
    },
    failure::Failure,
    locale::Locale,
    login::{
        address, argument,
        login_state::{self, LoginState},
        return_to,
    },
    platform::Platform,
    vendor::{SignIn, Vendor},
};

/// What a page needs to embed the vendor's login widget. Stores a fresh state.
///
/// # Errors
/// As [`authorization_url`]; `unsupported` for every entry but `browser`.
pub fn login_config<V: Vendor>(
    platform: &dyn Platform,
    config: &V::Config,
    request: &AuthorizationRequest,
) -> Result<LoginParameters, Failure> {
    let common = V::common(config);
    if request.entry != Entry::Browser {
        let message = ("登录组件只用于浏览器入口", "a login widget is for the browser entry alone");
        return Err(Failure::new(Reason::Unsupported, message));
    }
    let login_state = begun(platform, common, request)?;
    let state = login_state::fresh(platform);
    login_state.store(platform, &state)?;
    Ok(LoginParameters {
        organisation_id: common.organisation.clone(),
        application_id: common.application.clone(),
        redirect_uri: login_state.redirect_uri,
        state,
        expires_at: login_state.expires_at_ms,
    })
}

/// The URL to which a browser is sent, with a fresh state that is stored for ten minutes.
///
/// # Errors
/// `invalid-argument` for an address elsewhere, `unsupported` for an entry that the vendor does not have,
/// `invalid-config` without a redirect address; what storage fails with.
pub fn authorization_url<V: Vendor>(
    platform: &dyn Platform,
    config: &V::Config,
    request: &AuthorizationRequest,
) -> Result<Authorization, Failure> {
    let common = V::common(config);
    let login_state = begun(platform, common, request)?;
    let state = login_state::fresh(platform);
    let sign_in = SignIn {
        entry: &request.entry,
        redirect_uri: &login_state.redirect_uri,
        state: &state,
        locale: request.language.as_deref().map_or(common.locale, Locale::from_tag),
    };
    let url = V::sign_in_url(config, &sign_in)?;
    login_state.store(platform, &state)?;
    Ok(Authorization { url, state, expires_at: login_state.expires_at_ms })
}

/// What a state stands for, of a sign-in that begins now.
fn begun(platform: &dyn Platform, common: &Common, request: &AuthorizationRequest) -> Result<LoginState, Failure> {
    let redirect_uri = address::redirect_uri(common, request.redirect_uri.as_deref())?;
    if let Some(path) = &request.return_to {
        return_to::check(path)?;
    }
    argument::binding(request.browser_binding.as_deref())?;
    Ok(LoginState {
        organisation: common.organisation.clone(),
        entry: request.entry.clone(),
        redirect_uri,
        return_to: request.return_to.clone(),
        binding: request.browser_binding.as_deref().map(login_state::binding),
        expires_at_ms: platform.now_ms() + login_state::LIFE_MS,
    })
}

/// The URL to paste into the vendor's console as the app's home page. Stores nothing.
///
/// # Errors
/// `invalid-argument` for a target that is no address of a trusted host, `unsupported` where the vendor has no home
/// pages.
pub fn homepage_url<V: Vendor>(config: &V::Config, target: &str) -> Result<String, Failure> {
    V::homepage_url(config, &address::homepage_target(V::common(config), target)?)
}
