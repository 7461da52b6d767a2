//! The beginning of a sign-in.

use serde_json::Value;

use super::*;
use organisation_kit::{contract::storage::StorageError, locale::Locale};

fn stored(fake: &FakePlatform, state: &str) -> Value {
    serde_json::from_str(&fake.value(&state_key(state)).unwrap()).unwrap()
}

#[test]
fn each_entry_has_its_page_and_remembers_what_it_is_for() {
    for (entry, page) in [
        (Entry::Browser, "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&"),
        (Entry::Workspace, "https://open.weixin.qq.com/connect/oauth2/authorize?appid="),
        (Entry::WorkspaceConsent, "https://open.weixin.qq.com/connect/oauth2/authorize?appid="),
    ] {
        let fake = FakePlatform::new();
        let request = AuthorizationRequest {
            redirect_uri: Some("https://app.example.com:443/other".into()),
            return_to: Some("/orders?id=7".into()),
            browser_binding: Some("c00kie".into()),
            ..entering(entry.clone())
        };
        let authorization = login::authorization_url::<WeCom>(&fake, &fake::config(), &request).unwrap();
        assert!(authorization.url.starts_with(page), "{}", authorization.url);
        assert!(authorization.url.contains("&redirect_uri=https%3A%2F%2Fapp.example.com%2Fother&"));
        assert!(authorization.url.contains(&format!("&state={}&", authorization.state)));
        assert_eq!(authorization.url.contains("snsapi_privateinfo"), entry == Entry::WorkspaceConsent);
        assert!(!authorization.url.contains("c00kie") && !authorization.url.contains("orders"));
        assert_eq!(authorization.expires_at, START_MS + 600_000);
        assert_eq!(fake.ttl_ms(&state_key(&authorization.state)), Some(600_000));
        let expected = serde_json::json!({
            "organisation": "ww21c67da6767865c2",
            "entry": entry,
            "redirect_uri": "https://app.example.com/other",
            "return_to": "/orders?id=7",
            "binding": fingerprint::of(&["binding", "c00kie"]),
            "expires_at_ms": authorization.expires_at,
        });
        assert_eq!(stored(&fake, &authorization.state), expected);
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
        let config = config(|common| common.locale = configured);
        let request = AuthorizationRequest { language: requested.map(str::to_owned), ..entering(Entry::Browser) };
        let url = login::authorization_url::<WeCom>(&fake, &config, &request).unwrap().url;
        assert!(url.ends_with(&format!("&lang={expected}")), "{configured:?} {requested:?}: {url}");
    }
}

#[test]
fn a_widget_gets_its_parameters() {
    let fake = FakePlatform::new();
    let parameters = login::login_config::<WeCom>(&fake, &fake::config(), &entering(Entry::Browser)).unwrap();
    assert_eq!(parameters.organisation_id, "ww21c67da6767865c2");
    assert_eq!(parameters.application_id, "1000073");
    assert_eq!(parameters.redirect_uri, "https://app.example.com/login/callback");
    assert_eq!(parameters.expires_at, START_MS + 600_000);
    let stored = stored(&fake, &parameters.state);
    assert_eq!(
        (&stored["entry"], &stored["binding"], &stored["return_to"]),
        (&"Browser".into(), &Value::Null, &Value::Null)
    );
    assert_ne!(
        login::login_config::<WeCom>(&fake, &fake::config(), &entering(Entry::Browser)).unwrap().state,
        parameters.state
    );
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_stored() {
    let fake = FakePlatform::new();
    let bare = entering(Entry::Browser);
    for (request, expected) in [
        (AuthorizationRequest { redirect_uri: Some("https://other.example/".into()), ..bare.clone() }, "redirect-uri"),
        (AuthorizationRequest { return_to: Some("//other.example".into()), ..bare.clone() }, "return-to"),
        (AuthorizationRequest { browser_binding: Some(String::new()), ..bare.clone() }, "browser-binding"),
    ] {
        let failure = login::authorization_url::<WeCom>(&fake, &fake::config(), &request).unwrap_err();
        let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
        assert_eq!(problem.path, expected);
    }
    let other = entering(Entry::Other("face".into()));
    assert_eq!(
        login::authorization_url::<WeCom>(&fake, &fake::config(), &other).unwrap_err().reason,
        Reason::Unsupported
    );
    let config = config(|common| common.redirect_uri = None);
    for failure in [
        login::authorization_url::<WeCom>(&fake, &config, &bare).unwrap_err(),
        login::login_config::<WeCom>(&fake, &config, &entering(Entry::Browser)).unwrap_err(),
    ] {
        assert!(matches!(failure.reason, Reason::InvalidConfig(_)), "{failure:?}");
    }
    assert!(fake.keys("").is_empty() && fake.requests.borrow().is_empty());
}

#[test]
fn a_state_that_was_not_stored_is_not_given_out() {
    let fake = FakePlatform::new();
    fake.before_storage(|_, _| Err(StorageError::Unavailable(false)));
    let failure = login::authorization_url::<WeCom>(&fake, &fake::config(), &entering(Entry::Browser)).unwrap_err();
    assert_eq!(failure.reason, Reason::Unavailable);
    fake.clear_hooks();
    assert!(login::login_config::<WeCom>(&fake, &fake::config(), &entering(Entry::Browser)).is_ok());
}

#[test]
fn a_home_page_needs_no_storage() {
    let config = config(|common| common.redirect_uri = None);
    let url = login::homepage_url::<WeCom>(&config, "https://jit-dev.wanyunapp.com:443/whwy/yiguixue").unwrap();
    assert!(url.contains("&redirect_uri=https%3A%2F%2Fjit-dev.wanyunapp.com%2Fwhwy%2Fyiguixue&"), "{url}");
    assert!(login::homepage_url::<WeCom>(&fake::config(), "https://other.example/").is_err());
}
