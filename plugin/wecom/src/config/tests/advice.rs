//! What an administrator is told who wrote something that another program would take.

use super::*;

/// The only problem of a document, in English.
fn problem(changes: Value) -> Problem {
    let mut document: Value = serde_json::from_str(&with(changes)).unwrap();
    document["locale"] = json!("en");
    let mut problems = validate(&document.to_string()).problems;
    assert_eq!(problems.len(), 1, "{document} {problems:?}");
    problems.remove(0)
}

#[test]
fn each_address_field_gives_advice_of_its_own() {
    let absolute = "expected an absolute address with https or http";
    for (key, value, message, hint) in [
        ("proxy", "203.0.113.9:3128", "found \"203.0.113.9:3128\"", "write http://203.0.113.9:3128"),
        ("proxy", "proxy.example.com", "found \"proxy.example.com\"", "write http://proxy.example.com"),
        ("proxy", "http://proxy.example.com/x", "scheme, host and port of a proxy", "write http://proxy.example.com"),
        (
            "proxy",
            "socks5://203.0.113.9:1080",
            "SOCKS is not supported; an http or https proxy is",
            "write one such as http://proxy.example.com:3128",
        ),
        (
            "proxy",
            "SOCKS5H://proxy.example.com:1080",
            "SOCKS is not supported; an http or https proxy is",
            "write one such as http://proxy.example.com:3128",
        ),
        (
            "proxy",
            "me:hunter2@proxy.example.com:3128",
            "the address has a user name or password; expected none",
            "write user name and password in proxyUsername and proxyPassword",
        ),
        ("apiBaseUrl", "203.0.113.9", absolute, "write https://203.0.113.9"),
        ("apiBaseUrl", "wecom.example.com:8443", absolute, "write https://wecom.example.com:8443"),
        ("apiBaseUrl", "localhost:7080", absolute, "write http://localhost:7080"),
        ("apiBaseUrl", "nonsense", absolute, "write one such as https://gateway.example.com"),
        ("apiBaseUrl", "https：//wecom.example.com", "full-width signs", "write https://wecom.example.com"),
        ("loginBaseUrl", "wecom.example.com", absolute, "write https://wecom.example.com"),
        ("oauthBaseUrl", "ftp://wecom.example.com", absolute, "write one such as https://gateway.example.com"),
        ("redirectUri", "app.example.com/login", absolute, "write https://app.example.com/login"),
        ("redirectUri", "nonsense", absolute, "write one such as https://app.example.com/login"),
        ("trustedDomain", "https://app.example.com/x", "without scheme and path", "write app.example.com"),
        ("trustedDomain", "app.example.com:8443/", "without scheme and path", "write app.example.com:8443"),
        ("trustedDomain", "app。example。com", "full-width signs", "write app.example.com"),
    ] {
        let problem = problem(json!({ key: value }));
        assert!(problem.message.contains(message), "{key}: {problem:?}");
        assert_eq!(problem.hint.as_deref(), Some(hint), "{key}: {value}");
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    }
    let problem = problem(json!({ "sync": { "downloadHosts": ["https://cdn.example.com/files"] } }));
    assert_eq!((&*problem.path, problem.hint.as_deref()), ("sync.downloadHosts.0", Some("write cdn.example.com")));
}

#[test]
fn an_encoded_address_is_shown_decoded() {
    for (key, value, code, hint) in [
        ("redirectUri", "https%3A%2F%2Fapp.example.com%2Fcb", "percent-encoded", "write https://app.example.com/cb"),
        (
            "redirectUri",
            "https%253a%252f%252fapp.example.com%252fcb",
            "percent-encoded",
            "write https://app.example.com/cb",
        ),
        ("redirectUri", "https://app.example.com%2Fcb", "percent-encoded", "write https://app.example.com/cb"),
        ("redirectUri", "app.example.com%2Fcb", "percent-encoded", "write https://app.example.com/cb"),
        (
            "redirectUri",
            "https%3A%2F%2Fapp.example.com%2Fcb%3Ftoken%3Dhunter2x9",
            "percent-encoded",
            "write https://app.example.com/cb?token=…",
        ),
        ("trustedDomain", "https%3A%2F%2Fapp.example.com", "percent-encoded", "write app.example.com"),
        ("trustedDomain", "app.example.com%3A8443", "percent-encoded", "write app.example.com:8443"),
        ("apiBaseUrl", "https%3A%2F%2Fwecom.example.com", "percent-encoded", "write https://wecom.example.com"),
        ("proxy", "http%3A%2F%2Fproxy.example.com%3A3128", "percent-encoded", "write http://proxy.example.com:3128"),
        (
            "redirectUri",
            "https://app.example.com/cb?next=https%253A%252F%252Fb.example",
            "encoded-twice",
            "encode the values of the query once only: % instead of %25",
        ),
    ] {
        let problem = problem(json!({ key: value }));
        let is_warning = code == "encoded-twice";
        assert_eq!((&*problem.code, problem.severity == Severity::Warning), (code, is_warning), "{problem:?}");
        assert_eq!(problem.hint.as_deref(), Some(hint), "{key}: {value}");
    }
    for sound in
        ["https://app.example.com/%E7%99%BB%E5%BD%95", "https://app.example.com/?off=50%25", "https://a.example/?x=%2F"]
    {
        assert_eq!(problems(&with(json!({ "redirectUri": sound }))), Vec::<String>::new(), "{sound}");
    }
}

#[test]
fn an_api_address_that_goes_on_with_a_call_is_told() {
    let secret = "corpsecret=hunter2";
    for (key, value, code, hint) in [
        (
            "apiBaseUrl",
            format!("https://wecom.example.com/cgi-bin/gettoken?corpid=x&{secret}"),
            "malformed",
            "write https://wecom.example.com",
        ),
        (
            "apiBaseUrl",
            "https://wecom.example.com/cgi-bin/gettoken".to_owned(),
            "path",
            "write https://wecom.example.com",
        ),
        ("apiBaseUrl", "https://a.example/qy/cgi-bin/user/get".to_owned(), "path", "write https://a.example/qy"),
        ("apiBaseUrl", format!("https://a.example/qy?{secret}"), "malformed", "write https://a.example/qy"),
        (
            "oauthBaseUrl",
            "https://wecom.example.com/connect/oauth2/authorize?appid=ww0#wechat_redirect".to_owned(),
            "malformed",
            "write https://wecom.example.com",
        ),
    ] {
        let document = with(json!({ key: value.clone() }));
        let problem = problem(json!({ key: value.clone() }));
        assert_eq!((&*problem.code, problem.hint.as_deref()), (code, Some(hint)), "{value}");
        assert!(!format!("{:?}", validate(&document)).contains("hunter2"), "{value}");
    }
    let config = Config::parse(&with(json!({ "apiBaseUrl": "https://a.example/qy/cgi-bin/gettoken" }))).unwrap();
    assert_eq!(config.api_base.as_str(), "https://a.example/qy");
    // Not every path that begins alike is one of WeCom's.
    for (key, sound) in [("oauthBaseUrl", "https://a.example/connect/wecom"), ("apiBaseUrl", "https://a.example/cgi")] {
        assert_eq!(problems(&with(json!({ key: sound }))), Vec::<String>::new(), "{sound}");
    }
}

#[test]
fn keys_of_other_products_are_understood_by_their_meaning() {
    for (changes, expected) in [
        (json!({ "corpID": "x" }), "corpId"),
        (json!({ "corp_id": "x" }), "corpId"),
        (json!({ "WECOM_CORPID": "x" }), "corpId"),
        (json!({ "WX_CORP_ID": "x" }), "corpId"),
        (json!({ "QYWX_CORPID": "x" }), "corpId"),
        (json!({ "wxwork-corp-id": "x" }), "corpId"),
        (json!({ "clientId": "x" }), "corpId"),
        (json!({ "appId": "x" }), "corpId or agentId"),
        (json!({ "wx_app_id": "x" }), "corpId or agentId"),
        (json!({ "agentid": "x" }), "agentId"),
        (json!({ "WECOM_AGENTID": "x" }), "agentId"),
        (json!({ "clientSecret": "x" }), "secret"),
        (json!({ "app_secret": "x" }), "secret"),
        (json!({ "WEWORK_SECRET": "x" }), "secret"),
        (json!({ "WECOM_CORP_SECRET": "x" }), "secret"),
        (json!({ "CorpSecret": "x" }), "secret"),
        (json!({ "contact_secret": "x" }), "contactCallback.secret"),
        (json!({ "redirect_uri": "x" }), "redirectUri"),
        (json!({ "redirectUrl": "x" }), "redirectUri"),
        (json!({ "callback_url": "x" }), "redirectUri"),
        (json!({ "domain": "x" }), "trustedDomain"),
        (json!({ "apiBaseURL": "x" }), "apiBaseUrl"),
        (json!({ "baseUrl": "x" }), "apiBaseUrl"),
        (json!({ "authorize_url": "x" }), "oauthBaseUrl"),
        (json!({ "callbacks": "x" }), "callback"),
        (json!({ "token": "x" }), "callback.token"),
        (json!({ "WECOM_TOKEN": "x" }), "callback.token"),
        (json!({ "callbackToken": "x" }), "callback.token"),
        (json!({ "aes_key": "x" }), "callback.encodingAESKey"),
        (json!({ "encodingAesKey": "x" }), "callback.encodingAESKey"),
        (json!({ "verify_file": "x" }), "domainProof"),
        (json!({ "WECOM_DOMAIN_VERIFICATION": "x" }), "domainProof"),
        (json!({ "HTTPS_PROXY": "x" }), "proxy"),
        (json!({ "lang": "x" }), "locale"),
        (json!({ "sync": { "stratgy": "walk" } }), "sync.strategy"),
    ] {
        let problem = problem(changes);
        assert_eq!((&*problem.code, problem.hint), ("unknown-key", Some(format!("did you mean {expected}?"))));
    }
    for key in ["title", "完全不同", ""] {
        let hint = problem(json!({ key: "x" })).hint.unwrap();
        assert!(hint.starts_with("remove it, or use one of corpId, agentId"), "{key}");
    }
}

#[test]
fn a_missing_key_and_the_one_that_stands_for_it_are_one_problem() {
    for (changes, expected) in [
        (
            json!({ "corpId": null, "WECOM_CORPID": "ww0123456789abcdef" }),
            vec![("corpId", "write corpId instead of \"WECOM_CORPID\"")],
        ),
        (
            json!({ "secret": null, "client_secret": SECRET }),
            vec![("secret", "write secret instead of \"client_secret\"")],
        ),
        // The meaning is open, so each says it; with one of them there, only the other can be meant.
        (
            json!({ "corpId": null, "agentId": null, "app_id": "x" }),
            vec![("agentId", "write agentId instead of \"app_id\""), ("corpId", "write corpId instead of \"app_id\"")],
        ),
        (json!({ "agentId": null, "app_id": 1000002 }), vec![("agentId", "write agentId instead of \"app_id\"")]),
        (
            json!({ "callback": { "token": "abc", "aesKey": KEY } }),
            vec![("callback.encodingAESKey", "write callback.encodingAESKey instead of \"aesKey\"")],
        ),
        (
            json!({ "contactCallback": { "token": "abc", "aes_key": KEY } }),
            vec![("contactCallback.encodingAESKey", "write contactCallback.encodingAESKey instead of \"aes_key\"")],
        ),
    ] {
        let document = with(changes);
        let validation = validate(&document);
        let found: Vec<_> =
            validation.problems.iter().map(|problem| (&*problem.path, problem.hint.clone().unwrap())).collect();
        let english = |hint: &str| hint.rsplit(" / ").next().unwrap_or_default().to_owned();
        let found: Vec<_> = found.iter().map(|(path, hint)| (*path, english(hint))).collect();
        assert_eq!(found, expected.into_iter().map(|(path, hint)| (path, hint.to_owned())).collect::<Vec<_>>());
        assert!(validation.problems.iter().all(|problem| problem.code == "missing"), "{document}");
        let everything = format!("{validation:?}");
        assert!(!everything.contains(SECRET) && !everything.contains(KEY), "{everything}");
    }
}

#[test]
fn a_secret_that_stands_nowhere_else_is_not_shown_either() {
    let pasted = "kQz81bYw-nJ3vX9kQz81bYw_nJ3vX9kQz81bYnJ3vX9";
    for changes in [
        json!({ "corpId": pasted }),
        json!({ "corpId": format!("ww{pasted}") }),
        json!({ "agentId": pasted }),
        json!({ "redirectUri": pasted }),
        json!({ "redirectUri": format!("https://{pasted}/") }),
        json!({ "redirectUri": format!("https://app.example.com/{pasted}") }),
        json!({ "redirectUri": format!("https://app.example.com/?key={pasted}#{pasted}") }),
        json!({ "trustedDomain": pasted }),
        json!({ "apiBaseUrl": pasted }),
        json!({ "apiBaseUrl": format!("https://wecom.example.com/?access_token={pasted}") }),
        json!({ "loginBaseUrl": format!("https://me:{pasted}@wecom.example.com") }),
        json!({ "proxy": pasted }),
        json!({ "proxy": format!("me:{pasted}@proxy.example.com:3128") }),
        json!({ "homepageState": pasted }),
        json!({ "locale": pasted }),
        json!({ "sync": { "strategy": pasted, "fields": [pasted], "downloadHosts": [pasted] } }),
        json!({ "callback": { "token": pasted, "encodingAESKey": pasted } }),
        json!({ "appSecret": pasted }),
        json!({ pasted: 1 }),
        json!({ "callback": { pasted: 1 } }),
    ] {
        let document = with(changes);
        let everything = format!("{:?} {:?}", validate(&document), Config::parse(&document).err()).to_lowercase();
        assert!(!everything.contains(&pasted.to_lowercase()), "{everything}");
    }
}

#[test]
fn a_contact_secret_goes_nowhere_until_something_sends_it() {
    let contact = json!({ "secret": SECRET, "token": "abc", "encodingAESKey": KEY });
    let validation = validate(&with(json!({ "contactCallback": contact })));
    assert!(validation.valid);
    assert_eq!(validation.destinations[0].secrets, ["secret"]);
    assert!(validation.secrets.iter().any(|place| place.path == "contactCallback.secret"));
}

#[test]
fn every_message_is_chinese_where_the_document_asks_for_it() {
    let secret = format!("{SECRET} x");
    for (changes, message) in [
        (json!({ "agentId": "eins" }), "填写的是\"eins\"，应为正整数"),
        (json!({ "corpId": 7 }), "填写的是数字，应为加引号的文本"),
        (
            json!({ "secret": secret }),
            "填写的是45 个字符的值（字母、数字、空白、其他字符），应为不含空白与中文的 Secret",
        ),
        (json!({ "proxy": "socks5://a.example:1080" }), "不支持 SOCKS 代理，支持 http 与 https 代理"),
        (json!({ "homepageState": "deny" }), "填写的是\"deny\"，应为以下之一：allow, refuse"),
        (json!({ "redirect_uri": "x" }), "未知的配置项 \"redirect_uri\"，将被忽略；是否应为 redirectUri？"),
        (json!({ "corpId": null }), "缺少 corpId 或其值为空，应为企业 ID"),
    ] {
        let mut document: Value = serde_json::from_str(&with(changes)).unwrap();
        document["locale"] = json!("zh");
        let problem = &validate(&document.to_string()).problems[0];
        assert_eq!(problem.message, message);
        assert!(!problem.hint.as_deref().unwrap().contains(" / "), "{problem:?}");
    }
}
