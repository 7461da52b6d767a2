//! Whether the address to which a tenant's sign-ins return is one of this host's. Two people write the two addresses, in the
//! element's configuration and on the host's command line, and where they differ every sign-in ends on a page that is not there.

use organisation_host::contract::element::Setting;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::public_url::PublicUrl;

/// The key of the address in what an element understood of its configuration. The contract has no name for it; elements that are
/// made with the kit have this one, and of others nothing is known and nothing said.
const KEY: &str = "redirectUri";

/// Says so where the sign-ins of a tenant, whose configuration was understood like this, do not come back to this host.
pub fn compare(public_url: Option<&PublicUrl>, tenant: &str, summary: &[Setting]) {
    let configured = summary.iter().find(|setting| setting.key == KEY);
    let Some(configured) = configured.and_then(|setting| Url::parse(&setting.value).ok()) else { return };
    if leads_here(&configured, public_url, tenant) {
        return;
    }
    let public_url = public_url.map_or_else(|| "https://…".to_owned(), PublicUrl::to_string);
    let expected = format!("{public_url}/t/{tenant}/callback");
    tracing::warn!(
        lowcode.tenant = tenant,
        configured = %configured,
        expected,
        "sign-ins of a tenant do not come back to this host: change {KEY} in its configuration, or --public-url; there is nothing \
         to do where a proxy leads on from there, or where another application takes the code"
    );
}

/// Whether an address is the callback of a tenant on this host, or one that leads on to it. Without an address of the host only
/// the end of the path can tell: a proxy may have put something before it.
fn leads_here(configured: &Url, public_url: Option<&PublicUrl>, tenant: &str) -> bool {
    let path: Vec<&str> = parts(configured.path());
    let Some((before, [t, name, callback])) = path.split_last_chunk() else { return false };
    let is_callback = t.eq_ignore_ascii_case("t")
        && percent_decode_str(name).decode_utf8().is_ok_and(|name| name == tenant)
        && callback.eq_ignore_ascii_case("callback");
    is_callback && public_url.is_none_or(|url| url.is_origin_of(configured) && parts(url.path()) == before)
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_here_or_elsewhere() {
        let org = "https://app.example.com/org";
        for (configured, public_url, expected) in [
            ("https://app.example.com/org/t/acme/callback", Some(org), true),
            ("https://app.example.com/org/t/acme/callback/", Some(org), true),
            ("https://APP.example.com:443/org/T/acme/Callback", Some(org), true),
            ("https://app.example.com/cb", Some(org), false),
            ("https://app.example.com/org/t/globex/callback", Some(org), false),
            ("https://app.example.com/org/t/Acme/callback", Some(org), false),
            ("https://app.example.com/org/t/acme/login", Some(org), false),
            ("https://app.example.com/t/acme/callback", Some(org), false),
            ("https://app.example.com/org/more/t/acme/callback", Some(org), false),
            ("http://app.example.com/org/t/acme/callback", Some(org), false),
            ("https://app.example.com:8443/org/t/acme/callback", Some(org), false),
            ("https://example.com/org/t/acme/callback", Some(org), false),
            ("https://app.example.com/t/acme/callback", Some("https://app.example.com"), true),
            ("https://app.example.com/org/t/acme/callback", Some("https://app.example.com"), false),
            ("https://anywhere.example/before/t/acme/callback", None, true),
            ("https://anywhere.example/callback", None, false),
            ("https://anywhere.example/t/globex/callback", None, false),
            ("https://anywhere.example", None, false),
        ] {
            let public_url: Option<PublicUrl> = public_url.map(|url| url.parse().unwrap());
            let found = leads_here(&Url::parse(configured).unwrap(), public_url.as_ref(), "acme");
            assert_eq!(found, expected, "{configured} {public_url:?}");
        }
        let configured = Url::parse("https://app.example.com/t/企业/callback").unwrap();
        assert!(leads_here(&configured, None, "企业"));
    }
}
