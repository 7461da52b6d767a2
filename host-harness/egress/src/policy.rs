//! The decision whether a request may be sent, and where to. Pure: no clock, no network.
//!
//! In this order, and the first refusal is the answer:
//!
//! 0. no part is larger than any that is sent;
//! 1. the URL is read: `http` or `https`, a host, no user name, no port 0;
//! 2. the destination is among those the configuration needs **and** the operator allows it; plain `http` only to
//!    loopback or where the operator wrote it out;
//! 3. an address written as the host must be public, unless the operator wrote that very address;
//! 4. where the request goes through a proxy, the operator wrote that very proxy;
//! 5. method, headers and body are acceptable.
//!
//! Names are resolved later, by the connector, which refuses the same addresses and connects to no others; it learns
//! from [`Checked::host_is_written`] whether the operator wrote that very host.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use super::{
    address::AddressClass,
    allow_list::AllowList,
    destination::{Destination, DestinationError, Scheme},
    error::{HttpError, HttpFailure},
    header_rules,
    parse::read_url,
    proxy::Proxy,
    redact::redacted_url,
    request::{Body, BodyKind, DEFAULT_TIMEOUT_MS, Request},
};

/// The longest URL in bytes.
pub const MAX_URL_BYTES: usize = 8 * 1024;
/// The largest request body in bytes: room for the files of 20 MB that vendors take, encoded as a form.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// What the operator of the host allows a tenant to reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorList {
    whatever_is_needed: bool,
    written: AllowList,
}

impl OperatorList {
    /// Only what is written; an empty list denies everything.
    pub fn only(written: AllowList) -> Self {
        Self { whatever_is_needed: false, written }
    }

    /// Every destination that the configuration needs over `https`, and what is written. The written entries matter
    /// where a destination needs to be named: plain `http`, hosts at addresses that are not public, and proxies.
    ///
    /// What the configuration needs, the component says, which sees all of the configuration when it does. So this is for
    /// components that one trusts with the secrets of the tenant: one of a stranger could name a server of its own, tie
    /// secrets to it, or spell them in its name. For those there is [`OperatorList::only`].
    pub fn whatever_is_needed_and(written: AllowList) -> Self {
        Self { whatever_is_needed: true, written }
    }
}

/// What one tenant's element may reach.
#[derive(Debug, Clone)]
pub struct Policy {
    tenant: Arc<str>,
    needed: AllowList,
    operator: OperatorList,
    proxy: Option<Arc<Proxy>>,
}

impl Policy {
    /// `needed` are the destinations the element's configuration needs; allowed is what `operator` allows of them.
    pub fn new(tenant: impl Into<Arc<str>>, needed: AllowList, operator: OperatorList) -> Self {
        Self { tenant: tenant.into(), needed, operator, proxy: None }
    }

    /// Sends through a proxy whatever does not stay on this machine. The operator must have written that very proxy, or
    /// every such request is denied.
    #[must_use]
    pub fn with_proxy(self, proxy: Proxy) -> Self {
        Self { proxy: Some(Arc::new(proxy)), ..self }
    }

    /// The tenant, for permits and logs.
    pub fn tenant(&self) -> &Arc<str> {
        &self.tenant
    }

    /// Turns a request into one that may be sent.
    ///
    /// # Errors
    /// [`HttpFailure::Denied`] for a destination that is not allowed, [`HttpFailure::Other`] (`invalid-request`) for a
    /// request that is not acceptable; neither has reached any server.
    pub fn check(&self, request: Request) -> Result<Checked, HttpError> {
        let body = request.body.map(Body::into_bytes).unwrap_or_default();
        demand_sizes(Sizes {
            method: request.method.len(),
            url: request.url.len(),
            headers: request.headers.len(),
            header_bytes: request.headers.iter().map(|(name, value)| name.len() + value.len()).sum(),
            body: body.len(),
        })?;
        let Route { url, destination, host_is_written, proxy } = self.route_to(&request.url)?;
        let method = header_rules::method(&request.method)?;
        let headers = header_rules::headers(&request.headers)?;
        Ok(Checked {
            method,
            url,
            headers,
            body: Bytes::from(body),
            destination,
            host_is_written,
            proxy,
            expect: request.expect,
            timeout_ms: request.timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS),
            max_bytes: request.max_bytes,
        })
    }

    /// Whether a request may go where a URL says: what [`check`](Self::check) finds out of the URL alone.
    ///
    /// # Errors
    /// As for a request with this URL.
    pub(super) fn admits(&self, url: &str) -> Result<(), HttpError> {
        self.route_to(url).map(drop)
    }

    fn route_to(&self, url: &str) -> Result<Route, HttpError> {
        let (url, destination) = read(url)?;
        let host_is_written = self.admit(&destination)?;
        let proxy = self.proxy_to(&destination)?;
        Ok(Route { url, destination, host_is_written, proxy })
    }

    /// Admits a destination and says whether the operator wrote that very host.
    fn admit(&self, destination: &Destination) -> Result<bool, HttpError> {
        let permitted = self.permitted(destination);
        if self.needed.admits(destination) {
            return permitted;
        }
        // Those are not repeated: `validate-config` named them and had the secrets before it, so their names could carry one to
        // the component's other functions.
        let message = format!("{destination} is not among the hosts this configuration needs");
        // Whoever adds it to the configuration wants to know what else it takes.
        Err(match permitted {
            Err(HttpError { kind, message: and, .. }) => {
                HttpError::before_sending(kind, format!("{message}; and {and}"))
            }
            Ok(_) => HttpError::before_sending(HttpFailure::Denied { option: None }, message),
        })
    }

    /// Whether the operator permits a destination, and then whether it is that very host that the operator wrote.
    fn permitted(&self, destination: &Destination) -> Result<bool, HttpError> {
        if destination.scheme == Scheme::Http
            && !destination.is_loopback()
            && !self.operator.written.admits(destination)
        {
            return Err(denied(destination, "plain http leaves this machine unencrypted and"));
        }
        if !self.operator.whatever_is_needed && !self.operator.written.admits(destination) {
            return Err(denied(destination, "the destination"));
        }
        let host_is_written = self.operator.written.names(destination);
        if let Some(ip) = destination.ip() {
            let class = AddressClass::of(ip);
            if class != AddressClass::Public && !host_is_written {
                return Err(denied(destination, &format!("the address is {} and", class.describe())));
            }
        }
        Ok(host_is_written)
    }

    /// The proxy to the destination, or none.
    fn proxy_to(&self, destination: &Destination) -> Result<Option<Arc<Proxy>>, HttpError> {
        let Some(proxy) = self.proxy.as_ref().filter(|_| !destination.is_loopback()) else { return Ok(None) };
        if self.operator.written.names(proxy.destination()) {
            return Ok(Some(Arc::clone(proxy)));
        }
        Err(denied(proxy.destination(), "it is the proxy of this configuration, which"))
    }
}

/// Where a URL leads that is allowed, and how.
struct Route {
    url: Url,
    destination: Destination,
    host_is_written: bool,
    proxy: Option<Arc<Proxy>>,
}

/// How large the parts of a request are.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Bytes.
    pub method: usize,
    /// Bytes.
    pub url: usize,
    /// How many there are.
    pub headers: usize,
    /// Bytes of names and values together.
    pub header_bytes: usize,
    /// Bytes.
    pub body: usize,
}

/// Refuses parts of a request that are larger than any that is sent.
pub(super) fn demand_sizes(Sizes { method, url, headers, header_bytes, body }: Sizes) -> Result<(), HttpError> {
    for (what, size, most) in [
        ("the method has {} bytes", method, header_rules::MAX_METHOD_BYTES),
        ("the url has {} bytes", url, MAX_URL_BYTES),
        ("the request has {} headers", headers, header_rules::MAX_HEADERS),
        ("the request headers have {} bytes", header_bytes, header_rules::MAX_HEADER_BYTES),
        ("the request body has {} bytes", body, MAX_BODY_BYTES),
    ] {
        if size > most {
            let what = what.replace("{}", &size.to_string());
            return Err(HttpError::invalid_request(format!("{what}, at most {most} are possible")));
        }
    }
    Ok(())
}

/// The refusal that names the option which would admit `destination`.
pub(super) fn denied(destination: &Destination, what: &str) -> HttpError {
    let option = destination.admitting_option();
    let message = format!("{destination} is denied: {what} is not allowed by the operator; {option} would admit it");
    HttpError::before_sending(HttpFailure::Denied { option: Some(option) }, message)
}

fn read(text: &str) -> Result<(Url, Destination), HttpError> {
    let mut url = read_url(text).map_err(|error| HttpError::invalid_request(format!("the url is invalid: {error}")))?;
    let destination = Destination::of(&url).map_err(|error| match error {
        DestinationError::Scheme => {
            HttpError::before_sending(HttpFailure::Denied { option: None }, format!("the url is denied: {error}"))
        }
        DestinationError::Host | DestinationError::Port => {
            HttpError::invalid_request(format!("the url is invalid: {error}"))
        }
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(HttpError::invalid_request("the url contains a user name; send an authorization header instead"));
    }
    url.set_fragment(None);
    url.set_host(Some(&destination.host.to_string()))
        .map_err(|error| HttpError::invalid_request(format!("the url is invalid: {error}")))?;
    Ok((url, destination))
}

/// A request that passed the policy. Only [`Policy::check`] makes one and nothing can change it, so whoever holds one
/// (a hook, the connection) knows that its destination is allowed. `Debug` shows no values.
#[derive(Clone)]
pub struct Checked {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    destination: Destination,
    host_is_written: bool,
    proxy: Option<Arc<Proxy>>,
    expect: BodyKind,
    timeout_ms: u32,
    max_bytes: Option<u64>,
}

impl Checked {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The URL in normal form, without fragment. Its query may hold secrets: show it with [`redacted_url`] only.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The component's headers; the host adds its own when sending.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The request body, empty if there is none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Where the request goes.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Whether the operator wrote that very host, so that it may have an address which is not public.
    pub fn host_is_written(&self) -> bool {
        self.host_is_written
    }

    /// The proxy that the request goes through.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_deref()
    }

    /// How the body of the answer should come back.
    pub fn expect(&self) -> BodyKind {
        self.expect
    }

    /// The time for the exchange in milliseconds, before the call's wall time bounds it.
    pub fn timeout_ms(&self) -> u32 {
        self.timeout_ms
    }

    /// The largest answer wanted, in bytes.
    pub fn max_bytes(&self) -> Option<u64> {
        self.max_bytes
    }

    /// The bytes this request counts against the budget: method, URL, headers and body.
    pub fn bytes(&self) -> u64 {
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        (self.method.as_str().len() + self.url.as_str().len() + headers + self.body.len()) as u64
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("method", &self.method)
            .field("url", &redacted_url(&self.url))
            .field("body_bytes", &self.body.len())
            .field("host_is_written", &self.host_is_written)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
