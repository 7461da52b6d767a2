//! Each mistake of a document, with its problem.

use super::*;

#[test]
fn each_mistake_has_its_problem() {
    for (changes, expected) in [
        // Presence and places.
        (
            json!({ "corpId": null, "agentId": null, "secret": null }),
            vec!["E missing agentId", "E missing corpId", "E missing secret"],
        ),
        (json!({ "secret": "  " }), vec!["E missing secret"]),
        (json!({ "corpId": null, "authConfig": { "agentId": 1000002 } }), vec!["E missing authConfig.corpId"]),
        (json!({ "authConfig": { "agentId": 1000003 } }), vec!["E conflict agentId"]),
        (json!({ "corpSecret": "another" }), vec!["E conflict corpSecret"]),
        (json!({ "authConfig": 7 }), vec!["E wrong-type authConfig"]),
        (json!({ "authConfig": { "authConfig": {} } }), vec!["W unknown-key authConfig.authConfig"]),
        // Types.
        (json!({ "corpId": 7 }), vec!["E wrong-type corpId"]),
        (json!({ "agentId": true }), vec!["E wrong-type agentId"]),
        (json!({ "secret": [SECRET] }), vec!["E wrong-type secret"]),
        (json!({ "callback": "x" }), vec!["E wrong-type callback"]),
        (json!({ "sync": [] }), vec!["E wrong-type sync"]),
        (json!({ "sync": { "fields": "name" } }), vec!["E wrong-type sync.fields"]),
        (json!({ "sync": { "fields": [1] } }), vec!["E wrong-type sync.fields.0"]),
        // Identifiers.
        (json!({ "corpId": "wx0123456789abcdef" }), vec![]),
        (json!({ "corpId": "ww0123" }), vec!["W unusual-shape corpId"]),
        (json!({ "corpId": "0123456789abcdef" }), vec!["E malformed corpId"]),
        (json!({ "corpId": "ww" }), vec!["E malformed corpId"]),
        (json!({ "corpId": "ww0123 456789abcdef" }), vec!["E malformed corpId"]),
        (json!({ "corpId": "your-corp-id" }), vec!["E placeholder corpId"]),
        (json!({ "corpId": "企业ID" }), vec!["E placeholder corpId"]),
        (json!({ "corpId": "wwxxxxxxxxxxxxxxxx" }), vec!["E placeholder corpId"]),
        (json!({ "corpId": "corp-id" }), vec!["E placeholder corpId"]),
        (json!({ "agentId": "agentid" }), vec!["E placeholder agentId"]),
        (json!({ "secret": "企业密钥" }), vec!["E placeholder secret"]),
        (json!({ "corpId": "\u{feff}ww0123456789abcdef\u{a0}" }), vec!["W whitespace corpId"]),
        (json!({ "agentId": "abc" }), vec!["E malformed agentId"]),
        (json!({ "agentId": "+5" }), vec!["E malformed agentId"]),
        (json!({ "agentId": -1 }), vec!["E malformed agentId"]),
        (json!({ "agentId": 0 }), vec!["E malformed agentId"]),
        (json!({ "agentId": 1.5 }), vec!["E malformed agentId"]),
        (json!({ "agentId": "99999999999999999999" }), vec!["E malformed agentId"]),
        (json!({ "agentId": u64::MAX }), vec!["E malformed agentId"]),
        (json!({ "secret": "{{WECOM_SECRET}}" }), vec!["E placeholder secret"]),
        (json!({ "secret": "short" }), vec!["W unusual-length secret"]),
        (json!({ "secret": format!("{SECRET}\n") }), vec!["W whitespace secret"]),
        (json!({ "secret": format!("{SECRET} x") }), vec!["E malformed secret"]),
        (json!({ "secret": "secret://secret?v=0a1b" }), vec![]),
        // Addresses.
        (json!({ "redirectUri": "app.example.com/login" }), vec!["E malformed redirectUri"]),
        (json!({ "redirectUri": "/login" }), vec!["E malformed redirectUri"]),
        (json!({ "redirectUri": "ftp://app.example.com/" }), vec!["E malformed redirectUri"]),
        (json!({ "redirectUri": "https://" }), vec!["E malformed redirectUri"]),
        (json!({ "redirectUri": "https://a b.example/" }), vec!["E malformed redirectUri"]),
        (json!({ "redirectUri": "https://me:S3CRET@app.example.com/" }), vec!["E user-info redirectUri"]),
        (json!({ "redirectUri": "https://app.example.com/#/login" }), vec!["W fragment redirectUri"]),
        (json!({ "redirectUri": "https://app.example.com:443/" }), vec!["W default-port redirectUri"]),
        (
            json!({ "redirectUri": "http://app.example.com:80/" }),
            vec!["W default-port redirectUri", "W plain-http redirectUri"],
        ),
        (json!({ "redirectUri": "https://app.example.com:80/" }), vec![]),
        (json!({ "redirectUri": "http://localhost:8080/login" }), vec![]),
        (json!({ "redirectUri": "http://127.0.0.1:8080/login" }), vec!["W ip-address redirectUri"]),
        (json!({ "redirectUri": "https://[2001:db8::1]/" }), vec!["W ip-address redirectUri"]),
        (json!({ "redirectUri": "https://app.example.com/?next=jms%3A%2F%2Fx" }), vec!["W nested-url redirectUri"]),
        (json!({ "redirectUri": "https://app.example.com/?next=https%3A%2F%2Fb.example" }), vec![]),
        (json!({ "redirectUri": "https://app.example.com/?state=1" }), vec!["W reserved-parameter redirectUri"]),
        (json!({ "redirectUri": "https://你的域名/login" }), vec!["E placeholder redirectUri"]),
        (json!({ "apiBaseUrl": "http://127.0.0.1:9000/" }), vec![]),
        (json!({ "apiBaseUrl": "http://wecom.corp.example" }), vec!["W plain-http apiBaseUrl"]),
        (json!({ "apiBaseUrl": "https://wecom.corp.example/prefix" }), vec![]),
        (json!({ "apiBaseUrl": "https://wecom.corp.example/cgi-bin/" }), vec!["W path apiBaseUrl"]),
        (json!({ "apiBaseUrl": "https://wecom.corp.example/?x=1" }), vec!["E malformed apiBaseUrl"]),
        (json!({ "apiBaseUrl": "wecom.corp.example" }), vec!["E malformed apiBaseUrl"]),
        (json!({ "loginBaseUrl": "https://wecom.corp.example/wwlogin/sso/login" }), vec!["W path loginBaseUrl"]),
        (json!({ "oauthBaseUrl": "https://wecom.corp.example/x/connect" }), vec!["W path oauthBaseUrl"]),
        (json!({ "proxy": "https://proxy.corp.example" }), vec![]),
        (json!({ "proxy": "socks5://proxy.corp.example:1080" }), vec!["E malformed proxy"]),
        (json!({ "proxyUsername": "a:b" }), vec!["E malformed proxyUsername"]),
        (json!({ "proxyPassword": "a\u{7}b" }), vec!["E malformed proxyPassword"]),
        (json!({ "proxy": "proxy.corp.example:1080" }), vec!["E malformed proxy"]),
        (json!({ "proxy": "http://proxy.corp.example/path" }), vec!["E malformed proxy"]),
        (json!({ "proxy": "http://u:S3CRET@proxy.corp.example" }), vec!["E user-info proxy"]),
        // The trusted domain.
        (json!({ "trustedDomain": "app.example.com" }), vec![]),
        (json!({ "trustedDomain": "app.example.com:8443" }), vec![]),
        (json!({ "trustedDomain": "https://app.example.com" }), vec!["E malformed trustedDomain"]),
        (json!({ "trustedDomain": "app.example.com/" }), vec!["E malformed trustedDomain"]),
        (json!({ "trustedDomain": "u@app.example.com" }), vec!["E malformed trustedDomain"]),
        (json!({ "trustedDomain": "app.example.com:99999" }), vec!["E malformed trustedDomain"]),
        (json!({ "trustedDomain": "203.0.113.7" }), vec!["W ip-address trustedDomain"]),
        (json!({ "trustedDomain": "app.example.com:443" }), vec!["W default-port trustedDomain"]),
        (json!({ "trustedDomain": "app.example.com", "redirectUri": "https://app.example.com/x" }), vec![]),
        (
            json!({ "trustedDomain": "a.example", "redirectUri": "https://app.a.example/x" }),
            vec!["W mismatch trustedDomain"],
        ),
        (
            json!({ "trustedDomain": "app.example.com", "redirectUri": "https://app.example.com:8443/x" }),
            vec!["W mismatch trustedDomain"],
        ),
        // Callbacks.
        (json!({ "callback": { "token": "abc" } }), vec!["E missing callback.encodingAESKey"]),
        (json!({ "callback": { "token": "a-b", "encodingAESKey": KEY } }), vec!["E malformed callback.token"]),
        (json!({ "callback": { "token": "a".repeat(33), "encodingAESKey": KEY } }), vec!["E malformed callback.token"]),
        (json!({ "callback": { "token": "abc", "encodingAESKey": "x" } }), vec!["E malformed callback.encodingAESKey"]),
        (
            json!({ "contactCallback": { "secret": SECRET } }),
            vec!["E missing contactCallback.encodingAESKey", "E missing contactCallback.token"],
        ),
        // Choices.
        (json!({ "homepageState": "deny" }), vec!["E unknown-value homepageState"]),
        (json!({ "homepageState": true }), vec!["E wrong-type homepageState"]),
        (json!({ "locale": "fr" }), vec!["E unknown-value locale"]),
        (json!({ "sync": { "strategy": "automatic" } }), vec!["E unknown-value sync.strategy"]),
        (json!({ "sync": { "guard": { "percent": 100 } } }), vec!["E malformed sync.guard.percent"]),
        (json!({ "sync": { "guard": { "percent": 10, "floor": 0, "absolute": 200 } } }), vec![]),
        (json!({ "sync": { "fields": ["nmae"] } }), vec!["E unknown-value sync.fields.0"]),
        (json!({ "trustedDomain": "A¡" }), vec!["E malformed trustedDomain"]),
        (json!({ "trustedDomain": "A%C2%A1" }), vec!["E malformed trustedDomain"]),
        (json!({ "trustedDomain": "A¡:8443" }), vec!["E malformed trustedDomain"]),
        (json!({ "apiBaseUrl": "https://企业.example" }), vec!["E malformed apiBaseUrl"]),
        (json!({ "apiBaseUrl": "https:/A¡" }), vec!["E malformed apiBaseUrl"]),
        (json!({ "apiBaseUrl": "https:A¡" }), vec!["E malformed apiBaseUrl"]),
        (json!({ "apiBaseUrl": "https:\\\\A¡" }), vec!["E malformed apiBaseUrl"]),
        (json!({ "apiBaseUrl": "https://xn--qoq448c.example" }), vec![]),
        (json!({ "redirectUri": "https://app.example.com/登录" }), vec![]),
        (json!({ "sync": { "downloadHosts": "cdn.example.com" } }), vec!["E wrong-type sync.downloadHosts"]),
        (json!({ "sync": { "downloadHosts": ["cdn.example.com/x"] } }), vec!["E malformed sync.downloadHosts.0"]),
        (json!({ "sync": { "downloadHosts": ["a b"] } }), vec!["E malformed sync.downloadHosts.0"]),
        (json!({ "sync": { "downloadHosts": ["me:pw@cdn.example.com"] } }), vec!["E user-info sync.downloadHosts.0"]),
        (json!({ "sync": { "downloadHosts": ["http://cdn.example.com"] } }), vec!["W plain-http sync.downloadHosts.0"]),
        (
            json!({ "sync": { "downloadHosts": ["cdn.example.com", "https://b.example:8443/", "http://127.0.0.1:7080"] } }),
            vec![],
        ),
        // Keys.
        (json!({ "corpID": "x" }), vec!["W unknown-key corpID"]),
        (json!({ "sync": { "stratgy": "walk" } }), vec!["W unknown-key sync.stratgy"]),
        (
            json!({ "callback": { "token": "abc", "encodingAESKey": KEY, "url": "x" } }),
            vec!["W unknown-key callback.url"],
        ),
    ] {
        let document = with(changes);
        assert_eq!(problems(&document), expected, "{document}");
        let judged = validate(&document);
        let has_error = expected.iter().any(|problem| problem.starts_with('E'));
        assert_eq!(judged.valid, !has_error, "{document}");
        assert_eq!(Config::parse(&document).is_err(), has_error, "{document}");
        let everything = format!("{judged:?} {:?}", Config::parse(&document));
        assert!(!everything.contains(SECRET) && !everything.contains("S3CRET"), "{everything}");
        assert!(!everything.contains(KEY), "{everything}");
        for problem in judged.problems {
            assert!(
                !problem.message.is_empty() && problem.hint.as_ref().is_some_and(|hint| !hint.is_empty()),
                "{problem:?}"
            );
        }
    }
}

#[test]
fn repeated_keys_are_found() {
    let rest = format!("\"agentId\":1000002,\"secret\":\"{SECRET}\"");
    for (first, second, expected) in [
        ("ww0123456789abcdef", "ww0123456789abcdef", "E duplicate-key corpId"),
        ("ww0123456789abcdef", "wwfedcba9876543210", "E duplicate-key corpId"),
    ] {
        let document = format!("{{\"corpId\":\"{first}\",\"corpId\":\"{second}\",{rest}}}");
        assert_eq!(problems(&document), [expected]);
    }
}

#[test]
fn a_document_that_cannot_be_read_has_no_summary() {
    for (document, expected) in
        [("", "E empty-document"), ("{", "E invalid-json"), ("[]", "E not-an-object"), ("{\"a\":}", "E invalid-json")]
    {
        let validation = validate(document);
        assert_eq!(problems(document), [expected]);
        assert!(validation.summary.is_empty() && validation.destinations.is_empty());
    }
}

#[test]
fn a_byte_order_mark_is_a_warning() {
    let document = format!("\u{feff}{}", base());
    assert_eq!(problems(&document), ["W byte-order-mark"]);
    assert!(Config::parse(&document).is_ok());
}
