//! The exact forms of WeCom's sign-in URLs. Every value is percent-encoded exactly once; WeCom's consumer flavour of
//! the in-app URL depends on the order of the parameters, so the documented order is kept.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::{api::call::below, config::Config};
use organisation_kit::locale::Locale;

/// What RFC 3986 calls unreserved stays as it is.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What the in-app page may give away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OauthScope {
    /// The member's id, without a question.
    Base,
    /// Sensitive fields as well, after consent.
    PrivateInfo,
}

/// The page for a desktop browser, with QR code and quick login (docs 98151, 98152).
pub(crate) fn browser(config: &Config, redirect_uri: &str, state: &str, language: Locale) -> String {
    let lang = match language {
        Locale::English => "en",
        Locale::Chinese | Locale::Both => "zh",
    };
    format!(
        "{}?login_type=CorpApp&appid={}&agentid={}&redirect_uri={}&state={}&lang={lang}",
        below(&config.login_base, "wwlogin/sso/login"),
        value(&config.common.organisation),
        value(&config.common.application),
        value(redirect_uri),
        value(state),
    )
}

/// The page inside the WeCom client (docs 91335, 91022). Without the fragment no identity is attached.
pub(crate) fn in_app(config: &Config, redirect_uri: &str, state: &str, scope: OauthScope) -> String {
    let scope = match scope {
        OauthScope::Base => "snsapi_base",
        OauthScope::PrivateInfo => "snsapi_privateinfo",
    };
    format!(
        "{}?appid={}&redirect_uri={}&response_type=code&scope={scope}&state={}&agentid={}#wechat_redirect",
        below(&config.oauth_base, "connect/oauth2/authorize"),
        value(&config.common.organisation),
        value(redirect_uri),
        value(state),
        value(&config.common.application),
    )
}

/// The in-app page as an app's home page: its state is the corp id, since a home page cannot have a fresh one.
pub(crate) fn homepage(config: &Config, target: &str) -> String {
    in_app(config, target, &config.common.organisation, OauthScope::Base)
}

fn value(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, VALUE)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::fake;

    #[test]
    fn the_documented_home_page_comes_out_to_the_letter() {
        assert_eq!(
            homepage(&fake::config(), "https://jit-dev.wanyunapp.com/whwy/yiguixue"),
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww21c67da6767865c2&redirect_uri=https%3A%2F%2F\
             jit-dev.wanyunapp.com%2Fwhwy%2Fyiguixue&response_type=code&scope=snsapi_base&state=ww21c67da6767865c2\
             &agentid=1000073#wechat_redirect"
        );
    }

    #[test]
    fn every_form_has_the_documented_order() {
        let config = fake::config();
        let uri = "https://app.example.com/login";
        let encoded = "https%3A%2F%2Fapp.example.com%2Flogin";
        for (found, expected) in [
            (
                browser(&config, uri, "s1", Locale::Both),
                format!(
                    "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww21c67da6767865c2\
                     &agentid=1000073&redirect_uri={encoded}&state=s1&lang=zh"
                ),
            ),
            (
                in_app(&config, uri, "s1", OauthScope::Base),
                format!(
                    "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww21c67da6767865c2&redirect_uri={encoded}\
                     &response_type=code&scope=snsapi_base&state=s1&agentid=1000073#wechat_redirect"
                ),
            ),
            (
                in_app(&config, uri, "s1", OauthScope::PrivateInfo),
                format!(
                    "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww21c67da6767865c2&redirect_uri={encoded}\
                     &response_type=code&scope=snsapi_privateinfo&state=s1&agentid=1000073#wechat_redirect"
                ),
            ),
        ] {
            assert_eq!(found, expected);
        }
        for (language, expected) in [(Locale::Chinese, "zh"), (Locale::English, "en"), (Locale::Both, "zh")] {
            assert!(browser(&config, uri, "s1", language).ends_with(&format!("&lang={expected}")));
        }
    }

    #[test]
    fn whatever_the_target_holds_arrives_after_one_decoding() {
        for target in [
            "https://app.example.com",
            "https://app.example.com:8443/a/b/",
            "https://app.example.com/a?x=1&y=2",
            "https://app.example.com/a?next=https://b.example/?z=%2F",
            "https://app.example.com/a b+c",
            "https://app.example.com/%E8%AE%A2%E5%8D%95%20",
            "https://app.example.com/订单?名=张三😀",
            "https://app.example.com/app#/page?x=1",
            "https://app.example.com/!*'();@&=$,[]~-_.\"<>{}|^`",
        ] {
            for url in [
                homepage(&fake::config(), target),
                browser(&fake::config(), target, "s1", Locale::Both),
                in_app(&fake::config(), target, "s1", OauthScope::PrivateInfo),
            ] {
                assert!(url.is_ascii() && !url.contains(' ') && url.matches('#').count() <= 1, "{url}");
                let url = Url::parse(&url).unwrap();
                let found: Vec<_> = url.query_pairs().filter(|(name, _)| name == "redirect_uri").collect();
                assert_eq!((found.len(), found[0].1.as_ref()), (1, target));
            }
        }
    }

    #[test]
    fn other_installations_have_other_addresses() {
        let config = Config {
            login_base: Url::parse("http://127.0.0.1:8080").unwrap(),
            oauth_base: Url::parse("https://wecom.corp.example/weixin/").unwrap(),
            ..fake::config()
        };
        assert!(
            browser(&config, "https://a.example", "s", Locale::Both)
                .starts_with("http://127.0.0.1:8080/wwlogin/sso/login?login_type=CorpApp&")
        );
        assert!(
            homepage(&config, "https://a.example")
                .starts_with("https://wecom.corp.example/weixin/connect/oauth2/authorize?appid=")
        );
    }
}
