//! Signatures of pages: the documented ones, and whole ones through the store and the vendor.

use proptest::prelude::*;

use super::{Stamp, page, sign, signature};
use crate::{
    api::client::WeComClient,
    config::Config,
    fake::{self, FakePlatform, Touch, errcode, ok, path, query},
};
use organisation_kit::{
    contract::{
        http::Request,
        types::{Problem, Reason},
        web::{Identity, PageSignature, SignatureRequest},
    },
    failure::Failure,
    platform::Platform,
    store,
};

const PAGE: &str = "https://app.example.com/h5/index.html?a=1&b=%E4%BD%A0";
const TICKET: &str = "t1cket-of-";

#[test]
fn signatures_are_those_of_the_documentation_and_of_others() {
    for (nonce, ticket, timestamp, url, expected) in [
        (
            "Wm3WZYTPz0wzccnW",
            "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
            1_414_587_457,
            "http://mp.weixin.qq.com?params=value",
            "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
        ),
        ("Nonce2026", "TICKETsim-0001_abc", 1_760_000_200, PAGE, "b0be2c540bb67cc82e93a53f42da759fe03ac875"),
        // Made once with another implementation, the Python library wechatpy 1.8.18 (`get_jsapi_signature`).
        ("n0nce", "HoagFKDcsGMVCIY2vOjf9iSL-ticket_1", 1_790_000_000, PAGE, "8c9cf207a3b5fe06cf7f082cdce7477b76ff7ddb"),
        (
            "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN",
            "t",
            1_790_000_001,
            "https://app.example.com:8443/?",
            "bfa0c181634965a95168d89aa53d5875110c6a8f",
        ),
    ] {
        assert_eq!(signature(ticket, Stamp { nonce, timestamp }, url), expected);
    }
}

fn config(keys: &str) -> Config {
    let document = fake::document();
    let (start, _) = document.split_once(r#","redirectUri""#).unwrap();
    Config::parse(&format!("{start}{keys}}}")).unwrap()
}

#[test]
fn a_page_is_on_a_trusted_host_or_below_it() {
    let both = config(r#","redirectUri":"https://login.example.org:8443/cb","trustedDomain":"app.example.com:8080""#);
    for (url, expected) in [
        (PAGE, Some(PAGE)),
        ("https://app.example.com/a#/route?x", Some("https://app.example.com/a")),
        ("https://app.example.com/a?#", Some("https://app.example.com/a?")),
        ("http://app.example.com", Some("http://app.example.com")),
        ("https://app.example.com:9443/", Some("https://app.example.com:9443/")),
        ("https://deep.below.app.example.com/", Some("https://deep.below.app.example.com/")),
        ("https://login.example.org/", Some("https://login.example.org/")),
        ("https://example.com/", None),
        ("https://notapp.example.com/", None),
        ("https://app.example.com.evil.example/", None),
        ("https://.app.example.com/", None),
        ("https://evil.example/app.example.com", None),
        ("https://app.example.com@evil.example/", None),
        ("https://me:pass@app.example.com/", None),
        ("https://evil.example\\.app.example.com/", None),
        ("https:app.example.com", None),
        ("https:A¡", None),
        ("https://@app.example.com/", None),
        ("https://APP.example.com/", None),
        ("https://app.example.com:443/", None),
        ("https:///app.example.com/", None),
        ("javascript://app.example.com/", None),
        ("app.example.com/a", None),
        ("/a", None),
        ("", None),
        ("https://app.example.com/你好", None),
        ("https://app.example.com/a b", None),
        (&format!("https://app.example.com/{}", "a".repeat(8 << 10)), None),
    ] {
        match page::judge(&both.common, url) {
            Ok(signed) => assert_eq!(Some(signed), expected, "{url}"),
            Err(failure) => {
                assert_eq!(expected, None, "{url}: {failure:?}");
                assert!(matches!(&failure.reason, Reason::InvalidArgument(Problem { path, .. }) if path == "url"));
            }
        }
    }
    let address = config(r#","redirectUri":"http://127.0.0.1:8080/cb""#);
    assert!(page::judge(&address.common, "http://127.0.0.1:3000/").is_ok());
    assert!(page::judge(&address.common, "http://1.127.0.0.1/").is_err());
    let neither = page::judge(&config("").common, PAGE).unwrap_err();
    assert!(matches!(neither.reason, Reason::InvalidConfig(_)), "{neither:?}");
}

fn request(identity: Identity) -> SignatureRequest {
    SignatureRequest {
        url: format!("{PAGE}#/top"),
        identity,
        functions: vec!["scanQRCode".into(), "wx.chooseImage".into()],
    }
}

fn signed(fake: &FakePlatform, request: &SignatureRequest) -> Result<PageSignature, Failure> {
    let config = fake::config();
    let signed = sign(&WeComClient::new(fake, &config), request);
    let shown = format!("{signed:?} {:?}", fake.logs.borrow());
    for secret in [TICKET, "t0ken", fake::SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
    signed
}

/// The tickets that WeCom gives, numbered.
fn ticket(fake: &FakePlatform, request: &Request) -> Option<String> {
    let kind = match (path(request).as_str(), query(request, "type")) {
        ("/cgi-bin/get_jsapi_ticket", None) => "organisation",
        ("/cgi-bin/ticket/get", Some(kind)) if kind == "agent_config" => "app",
        _ => return None,
    };
    assert_eq!(query(request, "access_token").as_deref(), Some("t0ken-1"));
    let given = fake.count("get_jsapi_ticket") + fake.count("ticket/get");
    Some(format!("{TICKET}{kind}-{given}"))
}

fn vendor() -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve_with(|fake, request| match ticket(fake, request) {
        Some(ticket) => ok(format!(r#"{{"errcode":0,"errmsg":"ok","ticket":"{ticket}","expires_in":7200}}"#)),
        None => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
    });
    fake
}

#[test]
fn a_page_is_signed_with_its_own_ticket_and_gets_its_calls() {
    let fake = vendor();
    let timestamp = fake::START_MS / 1_000;
    for (identity, kind, agent, names) in [
        (Identity::Organisation, "organisation-1", None, ["wx.config", "ww.register"]),
        (Identity::App, "app-2", Some("1000073"), ["wx.agentConfig", "ww.register"]),
    ] {
        let signed = signed(&fake, &request(identity)).unwrap();
        assert_eq!((signed.app_id.as_str(), signed.agent_id.as_deref()), ("ww21c67da6767865c2", agent));
        assert_eq!((signed.timestamp, signed.expires_at), (timestamp, fake::START_MS + 6_900_000));
        let stamp = Stamp { nonce: &signed.nonce, timestamp };
        assert_eq!(signed.signature, signature(&format!("{TICKET}{kind}"), stamp, PAGE));
        assert!(signed.nonce.len() == 16 && signed.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let calls: Vec<serde_json::Value> =
            signed.calls.iter().map(|call| serde_json::from_str(&call.arguments).unwrap()).collect();
        assert_eq!(signed.calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), names);
        let [old, new] = &calls[..] else { panic!("{calls:?}") };
        for stamped in [old, &new[if agent.is_some() { "getAgentConfigSignature" } else { "getConfigSignature" }]] {
            assert_eq!(stamped["timestamp"], timestamp);
            assert_eq!(
                (&stamped["nonceStr"], &stamped["signature"]),
                (&signed.nonce.clone().into(), &signed.signature.clone().into())
            );
        }
        assert_eq!((&old["jsApiList"], &new["jsApiList"][1]), (&new["jsApiList"], &"wx.chooseImage".into()));
        match agent {
            None => assert_eq!(
                (&old["appId"], &old["beta"], &new["corpId"]),
                (&signed.app_id.clone().into(), &true.into(), &signed.app_id.clone().into())
            ),
            Some(id) => {
                assert_eq!((&old["corpid"], &old["agentid"]), (&signed.app_id.clone().into(), &id.into()));
                assert_eq!((&new["corpId"], &new["agentId"]), (&signed.app_id.clone().into(), &id.into()));
            }
        }
    }
}

#[test]
fn a_ticket_is_kept_sealed_and_asked_for_once() {
    let fake = vendor();
    let nonces: Vec<String> = (0..5).map(|_| signed(&fake, &request(Identity::Organisation)).unwrap().nonce).collect();
    assert_eq!((fake.count("get_jsapi_ticket"), fake.count("gettoken")), (1, 1));
    assert!(nonces.iter().all(|nonce| nonces.iter().filter(|other| *other == nonce).count() == 1));
    let keys = fake.keys("ticket-organisation/");
    assert_eq!((keys.len(), fake.is_sealed(&keys[0])), (1, Some(true)));
    assert!(!keys[0].contains(fake::SECRET));
    fake.advance_ms(6_900_000);
    signed(&fake, &request(Identity::Organisation)).unwrap();
    assert_eq!(fake.count("get_jsapi_ticket"), 2);
}

#[test]
fn of_two_hosts_one_asks() {
    let fake = vendor();
    signed(&fake, &request(Identity::Organisation)).unwrap();
    let key = fake.keys("ticket-organisation/").remove(0);
    let (ticket, lease) = (fake.value(&key).unwrap(), key.replace('/', "-lease/"));
    let held = store::put_text_for(lease.clone(), r#"{"holder":"another host"}"#.to_owned(), 10_000);
    fake.apply(&[store::delete(key.clone()), held]).unwrap();
    // While this one waits, the other one is done.
    fake.before_storage(move |fake, touch| {
        if matches!(touch, Touch::Wait(_)) {
            fake.apply(&[store::put_text(key.clone(), ticket.clone()), store::delete(lease.clone())]).unwrap();
        }
        Ok(())
    });
    let second = signed(&fake, &request(Identity::Organisation)).unwrap();
    let stamp = Stamp { nonce: &second.nonce, timestamp: second.timestamp };
    assert_eq!(second.signature, signature(&format!("{TICKET}organisation-1"), stamp, PAGE));
    assert_eq!(fake.count("get_jsapi_ticket"), 1);
}

#[test]
fn refusals_are_told_as_everywhere() {
    for (code, reason) in [
        (45009, Reason::RateLimited),
        (48001, Reason::NotPermitted),
        (60020, Reason::NotPermitted),
        (91040, Reason::Other("vendor-error".into())),
        (42012, Reason::Other("vendor-error".into())),
        (40093, Reason::Other("vendor-error".into())),
    ] {
        let fake = vendor();
        let others = fake.server();
        fake.serve_with(move |fake, request| match ticket(fake, request) {
            Some(_) => errcode(code, "refused"),
            None => others(fake, request),
        });
        let failure = signed(&fake, &request(Identity::App)).unwrap_err();
        assert_eq!((failure.reason.clone(), failure.vendor_code), (reason, Some(code)));
    }
    // A secret that is wrong is remembered as the token's refusal, and told once.
    let fake = FakePlatform::new();
    fake.serve(|_| errcode(40001, "invalid credential"));
    for _ in 0..2 {
        let failure = signed(&fake, &request(Identity::App)).unwrap_err();
        assert_eq!(failure.reason, Reason::CredentialsRefused);
        assert_eq!(failure.message.en.matches("asked again by itself").count(), 1, "{}", failure.message.en);
    }
    assert_eq!((fake.count("gettoken"), fake.keys("ticket-app").len()), (1, 0));
    let fake = FakePlatform::new();
    fake.serve(|request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        _ => ok(r#"{"errcode":0,"errmsg":"ok","ticket":"","expires_in":7200}"#),
    });
    assert_eq!(signed(&fake, &request(Identity::App)).unwrap_err().reason, Reason::UnexpectedAnswer);
}

#[test]
fn what_cannot_be_signed_asks_nobody() {
    let fake = vendor();
    let sound = request(Identity::Organisation);
    for (name, request, path) in [
        ("elsewhere", SignatureRequest { url: "https://evil.example/".into(), ..sound.clone() }, Some("url")),
        ("no function", SignatureRequest { functions: vec!["a b".into()], ..sound.clone() }, Some("functions")),
        ("too many", SignatureRequest { functions: vec!["a".into(); 301], ..sound.clone() }, Some("functions")),
        ("somebody else", SignatureRequest { identity: Identity::Other("partner".into()), ..sound.clone() }, None),
    ] {
        match (signed(&fake, &request).unwrap_err().into_details().reason, path) {
            (Reason::InvalidArgument(problem), Some(path)) => assert_eq!(problem.path, path, "{name}"),
            (reason, _) => assert_eq!((reason, path), (Reason::Unsupported, None), "{name}"),
        }
    }
    assert_eq!(fake.paths(), Vec::<String>::new());
    assert!(fake.now_ms() == fake::START_MS);
}

proptest! {
    #[test]
    fn whatever_is_signed_lies_on_the_host(
        url in "(https?|ftp|)(:|://|:/)?([a-z.@:\\\\/?#%]|app\\.example\\.com|evil|[^a-z]){0,12}",
        any in any::<String>(),
    ) {
        let config = config(r#","trustedDomain":"app.example.com""#);
        for url in [url, any] {
            if let Ok(signed) = page::judge(&config.common, &url) {
                prop_assert!(url.starts_with(signed) && !signed.contains('#'));
                // As a person reads it, without a parser.
                let host = signed.split_once("://").unwrap().1.split(['/', '?', ':']).next().unwrap().to_ascii_lowercase();
                prop_assert!(host == "app.example.com" || host.ends_with(".app.example.com"), "{} {}", signed, host);
            }
        }
    }
}
