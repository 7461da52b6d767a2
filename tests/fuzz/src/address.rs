//! Addresses that a caller hands over, of whom a stranger may have them: where the vendor's page leads back to, where the app goes
//! afterwards, which page is signed, where a card leads.

use organisation_kit::{
    capability::Web,
    contract::{
        login::{AuthorizationRequest, Entry},
        web::{Identity, SignatureRequest},
    },
    fake::{self, FakePlatform},
    login::{authorization_url, homepage_url},
    vendor::Vendor,
};
use sha1::{Digest, Sha1};
use url::Url;
use wecom_organisation::WeCom;

use crate::outside::{self, HOST, hexadecimal};

const TICKET: &str = "t1cket";

/// An address that is taken leads to the app's own host, and a way back stays on the site.
pub(crate) fn address(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (platform, config) = (FakePlatform::new(), outside::config());
    let request = |redirect_uri: Option<&str>, return_to: Option<&str>| AuthorizationRequest {
        entry: Entry::Browser,
        redirect_uri: redirect_uri.map(str::to_owned),
        return_to: return_to.map(str::to_owned),
        language: None,
        browser_binding: None,
    };
    if authorization_url::<WeCom>(&platform, &config, &request(None, Some(text))).is_ok() {
        let here = Url::parse(&format!("https://{HOST}/a/b")).unwrap();
        let there = here.join(text).unwrap();
        assert_eq!((there.scheme(), there.host_str()), ("https", Some(HOST)), "{text:?} leads elsewhere");
        assert!(text.starts_with('/') && !text.contains(char::is_control), "{text:?}");
    }
    for url in [
        authorization_url::<WeCom>(&platform, &config, &request(Some(text), None)).map(|begun| begun.url),
        homepage_url::<WeCom>(&config, text),
    ]
    .into_iter()
    .flatten()
    {
        let page = Url::parse(&url).unwrap();
        let back = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
        assert_own(&back, text);
    }
    platform.serve(|request| {
        let answer = if fake::path(request).ends_with("/gettoken") {
            r#"{"errcode":0,"access_token":"t0ken","expires_in":7200}"#.to_owned()
        } else {
            format!(r#"{{"errcode":0,"ticket":"{TICKET}","expires_in":7200}}"#)
        };
        fake::ok(answer)
    });
    let client = WeCom::client(&platform, &config);
    let request = SignatureRequest { url: text.to_owned(), identity: Identity::Organisation, functions: vec![] };
    if let Ok(signed) = WeCom::js_sdk_signature(&client, &request) {
        assert_own(text, text);
        let page = text.split('#').next().unwrap_or_default();
        let (nonce, timestamp) = (&signed.nonce, signed.timestamp);
        let parts = format!("jsapi_ticket={TICKET}&noncestr={nonce}&timestamp={timestamp}&url={page}");
        assert_eq!(signed.signature, hexadecimal(&Sha1::digest(parts)), "{text:?}");
    }
}

/// On the app's host, or below it.
fn assert_own(address: &str, given: &str) {
    let address = Url::parse(address).unwrap();
    let host = address.host_str().unwrap_or_default();
    let is_own = host == HOST || host.ends_with(&format!(".{HOST}"));
    assert!(is_own && matches!(address.scheme(), "https" | "http"), "{given:?} leads to {address}");
    assert!(address.username().is_empty() && address.password().is_none(), "{given:?} names somebody");
}
