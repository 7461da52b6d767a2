//! One exchange over HTTP/1.1: kept connections, typed failures, and a truthful word on whether the server was reached.
//!
//! This stands on `hyper-util` and not on `reqwest`, which has the same engine: only here can be asked whether a
//! request was given to a connection (`capture_connection`), so that a time-out while connecting and one while waiting
//! for the answer differ. What `reqwest` would add (redirects, cookies, proxies of the environment) must be off anyway.
//! HTTP/2 is left out: a call has few requests in flight, and one stream's fault cannot then touch another tenant's.
//!
//! **Kept connections and tenants.** A connection is found again by scheme, host and port, so it serves all tenants.
//! There are two pools: one whose connections all lead to public addresses, and one for hosts that the operator wrote
//! and that may lead elsewhere. A request gets into the second only if *its own* policy names that very host, which is
//! also all that decided the addresses when the connection was opened. So no tenant profits from another's grant, and
//! all tenants share connections to the vendor. Each proxy has a pool of its own, apart for other credentials.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{CaptureConnection, Connect, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{
    answer::{self, Measure},
    cause::{find, innermost},
    connector::{AddressPolicy, CheckedConnector, ConnectFailure, TENANT},
    deadline::Deadline,
    destination::Scheme,
    error::{HttpError, HttpFailure},
    options::EgressOptions,
    permits::Permits,
    policy::Checked,
    proxy::Proxy,
    resolver::LookUps,
    response::Response,
    secrets::Outgoing,
    tunnel::{self, ProxyConnector},
};

/// The largest head (status line and headers) of an answer.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most headers of an answer.
const MAX_ANSWER_HEADERS: usize = 128;
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("org-harness/", env!("CARGO_PKG_VERSION")));

type Pool<C = CheckedConnector> = Client<Deadline<HttpsConnector<C>>, Full<Bytes>>;

/// The most proxies whose connections are kept, one for each that has credentials of its own; the one that was used longest
/// ago makes room. How many connections there are is not for this to say.
const MAX_PROXIES: usize = 1_024;

/// Opens connections and keeps them.
pub(super) struct Transport {
    options: EgressOptions,
    tls: ClientConfig,
    lookups: LookUps,
    connections: Arc<Permits>,
    opened: Arc<AtomicU64>,
    pools: Mutex<Pools>,
    /// When idle connections were last closed because one tenant wanted room.
    made_room: Mutex<Option<Instant>>,
}

/// The pools of kept connections. Pools that are dropped close what is idle in them.
struct Pools {
    public: Pool,
    written_hosts: Pool,
    /// One for each proxy and its credentials, the one used last at the end.
    proxied: Vec<(Arc<Proxy>, Pool<ProxyConnector>)>,
}

/// How far a request has come, readable also after its future was dropped.
#[derive(Default)]
pub(super) struct Progress(Mutex<Option<CaptureConnection>>);

impl Progress {
    /// Whether the request was given to a connection, so that the server may have it.
    pub(super) fn may_have_reached_server(&self) -> bool {
        let captured = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        captured.as_ref().is_some_and(|connection| connection.connection_metadata().is_some())
    }

    /// Whether the request went towards the network at all.
    pub(super) fn left_the_hooks(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn watch(&self, connection: CaptureConnection) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }
}

impl Transport {
    pub(super) fn new(options: &EgressOptions, tls: ClientConfig) -> Self {
        let lookups = LookUps::new(Arc::clone(&options.resolver), options.names_kept, options.limits.lookups);
        let (connections, opened) = (Arc::new(Permits::new(options.limits.connections)), Arc::new(AtomicU64::new(0)));
        let direct = |addresses| {
            let connector = CheckedConnector {
                lookups: lookups.clone(),
                addresses,
                timeout: options.connect_timeout,
                connections: Arc::clone(&connections),
                opened: Arc::clone(&opened),
            };
            pool(options, secured(&tls, connector))
        };
        let (public, written_hosts) = (direct(AddressPolicy::Public), direct(AddressPolicy::WrittenHosts));
        let pools = Mutex::new(Pools { public, written_hosts, proxied: Vec::new() });
        Self { options: options.clone(), tls, lookups, connections, opened, pools, made_room: Mutex::default() }
    }

    /// The way to one address after the other, without TLS.
    fn tcp(&self, addresses: AddressPolicy) -> CheckedConnector {
        CheckedConnector {
            lookups: self.lookups.clone(),
            addresses,
            timeout: self.options.connect_timeout,
            connections: Arc::clone(&self.connections),
            opened: Arc::clone(&self.opened),
        }
    }

    fn pools(&self) -> MutexGuard<'_, Pools> {
        // Pools are replaced as a whole, so no panic leaves them torn.
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes idle connections: somebody needs another one, and there may be no more. The library has no way to close some of
    /// them.
    fn make_room(&self) {
        let direct = |reach| pool(&self.options, secured(&self.tls, self.tcp(reach)));
        let (public, written_hosts) = (direct(AddressPolicy::Public), direct(AddressPolicy::WrittenHosts));
        let before = std::mem::replace(&mut *self.pools(), Pools { public, written_hosts, proxied: Vec::new() });
        drop(before);
    }

    /// The same for one tenant's sake. Those of others go with them, so it is done no more often than idle ones end by
    /// themselves, however often it is wanted.
    fn make_room_for_one(&self) {
        let now = Instant::now();
        let mut last = self.made_room.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| now.duration_since(last) >= self.options.keep_alive) {
            *last = Some(now);
            drop(last);
            self.make_room();
        }
    }

    /// The pool of a proxy. The operator wrote that very proxy, so it may have any address that a written host may.
    fn through(&self, proxy: &Proxy) -> Pool<ProxyConnector> {
        let proxied = &mut self.pools().proxied;
        let (proxy, found) = match proxied.iter().position(|(known, _)| known.is_same(proxy)) {
            Some(place) => proxied.remove(place),
            None => {
                if proxied.len() >= MAX_PROXIES {
                    proxied.remove(0);
                }
                let proxy = Arc::new(proxy.clone());
                let way = secured(&self.tls, self.tcp(AddressPolicy::WrittenHosts));
                let connector = ProxyConnector { way, proxy: Arc::clone(&proxy) };
                (proxy, pool(&self.options, secured(&self.tls, connector)))
            }
        };
        proxied.push((proxy, found.clone()));
        found
    }

    /// The number of connections opened so far.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Sends for this tenant `outgoing`, which is `checked` with its secrets filled in, and reads the answer.
    pub(super) async fn send(
        &self,
        tenant: &Arc<str>,
        checked: &Checked,
        outgoing: Outgoing,
        measure: &Measure<'_>,
        progress: &Progress,
    ) -> Result<Response, HttpError> {
        let mut request = http_request(checked, outgoing)?;
        progress.watch(capture_connection(&mut request));
        if self.connections.are_used_up() {
            self.make_room();
        } else if self.connections.are_used_up_by(tenant) {
            self.make_room_for_one();
        }
        let answering = match checked.proxy() {
            Some(proxy) => self.through(proxy).request(request),
            None if checked.host_is_written() => self.pools().written_hosts.request(request),
            None => self.pools().public.request(request),
        };
        let answer = TENANT.scope(Arc::clone(tenant), answering).await;
        let answer = answer.map_err(|error| explain(checked, &error))?;
        if let Some(proxy) = checked.proxy()
            && checked.destination().scheme == Scheme::Http
            && answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        {
            // Almost certainly the proxy says so; a server behind it could as well, so nobody knows how far it came. What
            // comes out of a tunnel is the server's.
            let ConnectFailure(refusal) = tunnel::failed(proxy, Some(407), "asks for other credentials");
            return Err(HttpError { may_have_reached_server: true, ..refusal });
        }
        if answer.status().is_informational() {
            // 101: from here on the connection would speak something else.
            let to = checked.destination();
            return Err(HttpError::broken_answer(format!(
                "{to} wants another protocol ({})",
                answer.status().as_u16()
            )));
        }
        answer::read(answer, checked.expect(), measure).await
    }
}

/// TLS around a connector, where the URL says `https`.
fn secured<C>(tls: &ClientConfig, connector: C) -> HttpsConnector<C> {
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls.clone());
    builder.https_or_http().enable_http1().wrap_connector(connector)
}

fn pool<C>(options: &EgressOptions, connector: C) -> Client<Deadline<C>, Full<Bytes>>
where
    Deadline<C>: Connect + Clone,
{
    // Once for each: the look-up, the permit, TCP, and all that comes on top of it.
    let connector = Deadline { connector, limit: options.connect_timeout * 4 };
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(options.keep_alive)
        .pool_max_idle_per_host(options.kept_per_host)
        .http1_max_buf_size(MAX_HEAD_BYTES)
        .http1_max_headers(MAX_ANSWER_HEADERS)
        .build(connector)
}

fn http_request(checked: &Checked, outgoing: Outgoing) -> Result<http::Request<Full<Bytes>>, HttpError> {
    // The buffer of the URL, which may hold a secret by now, becomes that of the request, and is wiped with it.
    // The parser's message may quote its input, so it is not passed on.
    let url = Bytes::from_owner(Zeroizing::new(String::from(outgoing.url).into_bytes()));
    let uri = Uri::from_maybe_shared(url)
        .map_err(|_| HttpError::invalid_request("the url contains characters that must be percent-encoded"))?;
    let mut request = http::Request::new(Full::new(outgoing.body));
    *request.method_mut() = checked.method().clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = outgoing.headers;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
    if let Some(authorization) = checked.proxy().and_then(Proxy::authorization)
        && checked.destination().scheme == Scheme::Http
    {
        headers.insert(header::PROXY_AUTHORIZATION, authorization.clone());
    }
    Ok(request)
}

fn explain(checked: &Checked, error: &hyper_util::client::legacy::Error) -> HttpError {
    let destination = match checked.proxy() {
        Some(proxy) => format!("{} (through the proxy {})", checked.destination(), proxy.destination()),
        None => checked.destination().to_string(),
    };
    if error.is_connect() {
        if let Some(ConnectFailure(failure)) = find::<ConnectFailure>(error) {
            return failure.clone();
        }
        let reason = find::<rustls::Error>(error).map_or_else(|| innermost(error), ToString::to_string);
        return HttpError::before_sending(HttpFailure::Tls, format!("no TLS session with {destination}: {reason}"));
    }
    let http = find::<hyper::Error>(error);
    if http.is_some_and(hyper::Error::is_canceled) {
        let message = format!("{destination} closed the connection before the request was written");
        return HttpError::before_sending(HttpFailure::Connect, message);
    }
    if http.is_some_and(hyper::Error::is_parse_too_large) {
        let limit = MAX_HEAD_BYTES as u64;
        let message = format!(
            "the head of the answer of {destination} is larger than {limit} bytes or {MAX_ANSWER_HEADERS} headers"
        );
        return HttpError::after_sending(HttpFailure::TooLarge { limit }, message);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        // TLS 1.3 lets a client write before it learns that the server refuses the session.
        return HttpError::after_sending(HttpFailure::Tls, format!("{destination} ended the TLS session: {tls}"));
    }
    let reason = innermost(error);
    HttpError::broken_answer(format!("{destination} gave no complete answer: {reason}"))
}
