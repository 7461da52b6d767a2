//! The beginning of a sign-in: the URLs to which a browser is sent, and what a login widget needs.

use crate::{
    config::Config,
    contract::login::{Authorization, AuthorizationRequest, LoginParameters},
    failure::Failure,
    login::{
        address, argument, return_to,
        state::{self, Door, Issued},
        url::{self, Scope},
    },
    platform::Platform,
    text::Locale,
};

/// What a page needs to embed the vendor's login widget. Stores a fresh state for the `browser` entry.
///
/// # Errors
/// `invalid-config` without a redirect address; what storage fails with.
pub fn login_config<P: Platform>(platform: &P, config: &Config) -> Result<LoginParameters, Failure> {
    let redirect_uri = address::redirect_uri(config, None)?;
    let issued = Issued::new(platform, Door::Browser, redirect_uri.clone());
    Ok(LoginParameters {
        organisation_id: config.common.organisation.clone(),
        application_id: config.common.application.clone(),
        redirect_uri,
        state: state::issue(platform, &issued)?,
        expires_at: issued.expires_at_ms,
    })
}

/// The URL to which a browser is sent, with a fresh state that is stored for ten minutes.
///
/// # Errors
/// `invalid-argument` for an address elsewhere, `unsupported` for an unknown entry, `invalid-config` without a
/// redirect address; what storage fails with.
pub fn authorization_url<P: Platform>(
    platform: &P,
    config: &Config,
    request: &AuthorizationRequest,
) -> Result<Authorization, Failure> {
    let door = Door::of(&request.entry)?;
    let redirect_uri = address::redirect_uri(config, request.redirect_uri.as_deref())?;
    if let Some(path) = &request.return_to {
        return_to::check(path)?;
    }
    argument::binding(request.browser_binding.as_deref())?;
    let issued = Issued {
        return_to: request.return_to.clone(),
        binding: request.browser_binding.as_deref().map(state::binding),
        ..Issued::new(platform, door, redirect_uri)
    };
    let state = state::issue(platform, &issued)?;
    let language = request.language.as_deref().map_or(config.common.locale, Locale::from_tag);
    let url = match door {
        Door::Browser => url::browser(config, &issued.redirect_uri, &state, language),
        Door::Workspace => url::in_app(config, &issued.redirect_uri, &state, Scope::Base),
        Door::WorkspaceConsent => url::in_app(config, &issued.redirect_uri, &state, Scope::PrivateInfo),
    };
    Ok(Authorization { url, state, expires_at: issued.expires_at_ms })
}

/// The URL to paste into WeCom's console as the app's home page. Stores nothing.
///
/// # Errors
/// `invalid-argument` for a target that is no address of a trusted host.
pub fn homepage_url(config: &Config, target: &str) -> Result<String, Failure> {
    Ok(url::homepage(config, &address::homepage_target(config, target)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{login::Entry, storage::StorageError, types::Reason},
        fake::{self, FakePlatform, START_MS},
        store,
    };

    fn request(entry: Entry) -> AuthorizationRequest {
        AuthorizationRequest { entry, redirect_uri: None, return_to: None, language: None, browser_binding: None }
    }

    fn stored(fake: &FakePlatform, state: &str) -> Issued {
        store::get(fake, &state::key(state)).unwrap().unwrap().value
    }

    #[test]
    fn each_entry_has_its_page_and_remembers_what_it_is_for() {
        for (entry, door, page) in [
            (Entry::Browser, Door::Browser, "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&"),
            (Entry::Workspace, Door::Workspace, "https://open.weixin.qq.com/connect/oauth2/authorize?appid="),
            (
                Entry::WorkspaceConsent,
                Door::WorkspaceConsent,
                "https://open.weixin.qq.com/connect/oauth2/authorize?appid=",
            ),
        ] {
            let fake = FakePlatform::new();
            let request = AuthorizationRequest {
                redirect_uri: Some("https://app.example.com:443/other".into()),
                return_to: Some("/orders?id=7".into()),
                browser_binding: Some("c00kie".into()),
                ..request(entry)
            };
            let authorization = authorization_url(&fake, &fake::config(), &request).unwrap();
            assert!(authorization.url.starts_with(page), "{}", authorization.url);
            assert!(authorization.url.contains("&redirect_uri=https%3A%2F%2Fapp.example.com%2Fother&"));
            assert!(authorization.url.contains(&format!("&state={}&", authorization.state)));
            assert_eq!(authorization.url.contains("snsapi_privateinfo"), door == Door::WorkspaceConsent);
            assert!(!authorization.url.contains("c00kie") && !authorization.url.contains("orders"));
            assert_eq!(authorization.expires_at, START_MS + 600_000);
            let issued = stored(&fake, &authorization.state);
            assert_eq!(issued.door, door);
            assert_eq!(issued.redirect_uri, "https://app.example.com/other");
            assert_eq!(issued.return_to.as_deref(), Some("/orders?id=7"));
            assert_eq!(issued.binding, Some(state::binding("c00kie")));
            assert_eq!(issued.expires_at_ms, authorization.expires_at);
        }
    }

    #[test]
    fn the_language_is_the_requested_or_the_configured_one() {
        let fake = FakePlatform::new();
        for (configured, requested, expected) in [
            (Locale::Both, None, "zh"),
            (Locale::Chinese, None, "zh"),
            (Locale::English, None, "en"),
            (Locale::English, Some("zh-CN"), "zh"),
            (Locale::Chinese, Some("en"), "en"),
            (Locale::Chinese, Some("de"), "en"),
        ] {
            let mut config = fake::config();
            config.common.locale = configured;
            let request = AuthorizationRequest { language: requested.map(str::to_owned), ..request(Entry::Browser) };
            let url = authorization_url(&fake, &config, &request).unwrap().url;
            assert!(url.ends_with(&format!("&lang={expected}")), "{configured:?} {requested:?}: {url}");
        }
    }

    #[test]
    fn a_widget_gets_its_parameters() {
        let fake = FakePlatform::new();
        let parameters = login_config(&fake, &fake::config()).unwrap();
        assert_eq!(parameters.organisation_id, "ww21c67da6767865c2");
        assert_eq!(parameters.application_id, "1000073");
        assert_eq!(parameters.redirect_uri, "https://app.example.com/login/callback");
        assert_eq!(parameters.expires_at, START_MS + 600_000);
        let issued = stored(&fake, &parameters.state);
        assert_eq!((issued.door, issued.binding, issued.return_to), (Door::Browser, None, None));
        assert_ne!(login_config(&fake, &fake::config()).unwrap().state, parameters.state);
    }

    #[test]
    fn what_cannot_be_used_is_refused_before_anything_is_stored() {
        let fake = FakePlatform::new();
        let bare = request(Entry::Browser);
        for (request, expected) in [
            (
                AuthorizationRequest { redirect_uri: Some("https://other.example/".into()), ..bare.clone() },
                "redirect-uri",
            ),
            (AuthorizationRequest { return_to: Some("//other.example".into()), ..bare.clone() }, "return-to"),
            (AuthorizationRequest { browser_binding: Some(String::new()), ..bare.clone() }, "browser-binding"),
        ] {
            let failure = authorization_url(&fake, &fake::config(), &request).unwrap_err();
            let Reason::InvalidArgument(problem) = failure.reason else { panic!("{failure:?}") };
            assert_eq!(problem.path, expected);
        }
        let other = request(Entry::Other("face".into()));
        assert_eq!(authorization_url(&fake, &fake::config(), &other).unwrap_err().reason, Reason::Unsupported);
        let mut config = fake::config();
        config.common.redirect_uri = None;
        for failure in
            [authorization_url(&fake, &config, &bare).unwrap_err(), login_config(&fake, &config).unwrap_err()]
        {
            assert!(matches!(failure.reason, Reason::InvalidConfig(_)), "{failure:?}");
        }
        assert!(fake.keys("").is_empty() && fake.requests.borrow().is_empty());
    }

    #[test]
    fn a_state_that_was_not_stored_is_not_given_out() {
        let fake = FakePlatform::new();
        fake.before_storage(|_, _| Err(StorageError::Unavailable(false)));
        let failure = authorization_url(&fake, &fake::config(), &request(Entry::Browser)).unwrap_err();
        assert_eq!(failure.reason, Reason::Unavailable);
        fake.clear_hooks();
        assert!(login_config(&fake, &fake::config()).is_ok());
    }

    #[test]
    fn a_home_page_needs_no_storage() {
        let mut config = fake::config();
        config.common.redirect_uri = None;
        let url = homepage_url(&config, "https://jit-dev.wanyunapp.com:443/whwy/yiguixue").unwrap();
        assert!(url.contains("&redirect_uri=https%3A%2F%2Fjit-dev.wanyunapp.com%2Fwhwy%2Fyiguixue&"), "{url}");
        assert!(homepage_url(&fake::config(), "https://other.example/").is_err());
    }
}
