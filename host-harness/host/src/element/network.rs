//! What an element may reach and by which way, as its configuration asks and its operator allows.
//!
//! `validate-config` names the destinations. It is pure and called without any import, so it gets the whole
//! configuration; what the other functions see is the same document with those secrets replaced that are only ever sent
//! to a destination.

use std::{borrow::Cow, sync::Arc};

use super::secret::{SecretInjector, with_placeholders};
use crate::{
    contract::{
        callbacks::IncomingRequest,
        element::{Description, Destination, IncomingRoute, Proxy, Validation},
    },
    egress::{self, AllowList, OperatorList, Policy, read_url},
    settings::Document,
    storage::{FingerprintKey, Scope},
};

/// What calls of an element work with.
pub(super) struct Network {
    pub(super) policy: Arc<Policy>,
    /// The configuration as the component sees it.
    pub(super) settings: Document,
    pub(super) secrets: Option<Arc<SecretInjector>>,
    /// Where the vendor may send something.
    routes: Vec<IncomingRoute>,
}

/// The most headers that a route names.
const MAX_HEADERS: usize = 16;
/// What people bring along who are led to the address of a route: sign-ins of theirs, at this tenant and at others.
const NEVER_SHOWN: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// The most destinations of a configuration: a vendor has a handful, and connections to each are kept.
const MAX_DESTINATIONS: usize = 64;

/// A destination that cannot be one, or a header. Not repeated as it was written: the component has seen every secret when it wrote it.
#[derive(Debug)]
pub(super) struct Unusable {
    /// Where it stands in the validation.
    pub(super) place: String,
    pub(super) reason: String,
}

impl Network {
    pub(super) fn new(
        fingerprints: &FingerprintKey,
        scope: &Scope,
        document: &Document,
        description: &Description,
        validation: &Validation,
        operator: &OperatorList,
    ) -> Result<Self, Unusable> {
        let named = validation.destinations.len();
        if named > MAX_DESTINATIONS {
            let reason = format!("it names {named} destinations, at most {MAX_DESTINATIONS} are possible");
            return Err(Unusable { place: "destinations".to_owned(), reason });
        }
        let needed: Vec<(egress::Destination, &Destination)> = validation
            .destinations
            .iter()
            .enumerate()
            .map(|(index, named)| {
                let read = read(&named.scheme, &named.host, named.port);
                let read = read.map_err(|reason| Unusable { place: format!("destinations.{index}"), reason })?;
                Ok((read, named))
            })
            .collect::<Result<_, _>>()?;
        let list: AllowList = needed.iter().map(|(destination, _)| destination.clone().into()).collect();
        let (settings, secrets) = with_placeholders(fingerprints, scope, document, description, validation, &needed);
        let mut policy = Policy::new(scope.tenant(), list, operator.clone());
        if let Some(named) = &validation.proxy {
            policy = policy.with_proxy(proxy(named, &secrets)?);
        }
        let secrets = (!secrets.is_empty()).then(|| Arc::new(secrets));
        let routes = validation.routes.clone();
        for (index, route) in routes.iter().enumerate() {
            let unusable = |reason| Unusable { place: format!("routes.{index}.headers"), reason };
            read_headers(&route.headers).map_err(unusable)?;
        }
        Ok(Self { policy: Arc::new(policy), settings, secrets, routes })
    }

    /// A request with those of its headers that its route names: none at a route that is not there, as the element will say.
    pub(super) fn presented<'a>(&self, request: &'a IncomingRequest) -> Cow<'a, IncomingRequest> {
        let route = self.routes.iter().find(|route| route.name == request.route);
        let named = route.map_or(&[][..], |route| &route.headers);
        let is_named = |name: &str| named.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut presented = Cow::Borrowed(request);
        if !request.headers.iter().all(|header| is_named(&header.name)) {
            presented.to_mut().headers.retain(|header| is_named(&header.name));
        }
        presented
    }
}

/// Whether a route may name these headers.
fn read_headers(names: &[String]) -> Result<(), String> {
    if names.len() > MAX_HEADERS {
        return Err(format!("they are {}, at most {MAX_HEADERS} are possible", names.len()));
    }
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if names.iter().any(|name| name.is_empty() || !name.bytes().all(is_letter)) {
        return Err("one is no name of a header in lower case".to_owned());
    }
    match NEVER_SHOWN.iter().find(|never| names.iter().any(|name| name == *never)) {
        Some(never) => Err(format!("{never} is never handed over")),
        None => Ok(()),
    }
}

/// The proxy, with what is presented to it. The component has neither password nor proxy.
fn proxy(named: &Proxy, secrets: &SecretInjector) -> Result<egress::Proxy, Unusable> {
    let Proxy { scheme, host, port, username, password } = named;
    let unusable = |place: &str, reason| Unusable { place: place.to_owned(), reason };
    let proxy = egress::Proxy::new(read(scheme, host, *port).map_err(|reason| unusable("proxy", reason))?);
    let key = password.as_deref();
    let password = key.and_then(|key| secrets.value(key));
    if key.is_some() && password.is_none() {
        return Err(unusable("proxy.password", "the place that it names holds no secret".to_owned()));
    }
    if username.is_none() && password.is_none() {
        return Ok(proxy);
    }
    Ok(proxy
        .with_credentials(username.as_deref().unwrap_or_default(), password.map_or("", |password| password.as_str())))
}

fn read(scheme: &str, host: &str, port: u16) -> Result<egress::Destination, String> {
    let url = read_url(&format!("{scheme}://{host}:{port}")).map_err(|error| error.to_string())?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err("it holds more than scheme, host and port".to_owned());
    }
    egress::Destination::of(&url).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_names_headers_and_nothing_that_people_bring_along() {
        let many = vec!["a"; MAX_HEADERS + 1];
        for (names, refused) in [
            (&[][..], None),
            (&["x-signature", "x-timestamp"], None),
            (&["x_signature.2"], None),
            (&["X-Signature"], Some("lower case")),
            (&[""], Some("lower case")),
            (&["x signature"], Some("lower case")),
            (&["签名"], Some("lower case")),
            (&["x-signature", "cookie"], Some("cookie is never")),
            (&["authorization"], Some("authorization is never")),
            (&["proxy-authorization"], Some("proxy-authorization is never")),
            (&many[..MAX_HEADERS], None),
            (&many, Some("17, at most 16")),
        ] {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            match (read_headers(&names), refused) {
                (Ok(()), None) => {}
                (Err(found), Some(expected)) => assert!(found.contains(expected), "{names:?}: {found}"),
                (found, _) => panic!("{names:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn destinations_are_read_strictly() {
        for (scheme, host, port, read_as) in [
            ("https", "API.example", 443, Ok("https://api.example:443")),
            ("http", "127.0.0.1", 8080, Ok("http://127.0.0.1:8080")),
            ("https", "[::1]", 443, Ok("https://[::1]:443")),
            ("ftp", "a.example", 21, Err("neither http nor https")),
            ("https", "a.example/path", 443, Err("more than")),
            ("https", "me@a.example", 443, Err("more than")),
            ("https", "", 443, Err("empty host")),
            ("https", "A¡", 443, Err("punycode")),
            ("https", "a.example", 0, Err("port 0")),
        ] {
            match (read(scheme, host, port), read_as) {
                (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, expected) => panic!("{scheme} {host} {port}: {found:?} {expected:?}"),
            }
        }
    }
}
