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
//! all tenants share connections to the vendor.

use std::{
    error::Error,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderValue, Uri, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{CaptureConnection, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;

use super::{
    answer::{self, Measure, innermost},
    client::EgressOptions,
    connector::{CheckedConnector, ConnectFailure, Reach},
    error::{Failure, HttpError},
    policy::Checked,
    response::Response,
    secrets::Outgoing,
};

/// The largest head (status line and headers) of an answer.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most headers of an answer.
const MAX_ANSWER_HEADERS: usize = 128;
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("org-harness/", env!("CARGO_PKG_VERSION")));

type Pool = Client<HttpsConnector<CheckedConnector>, Full<Bytes>>;

/// The two pools of kept connections.
pub(super) struct Transport {
    public: Pool,
    written_hosts: Pool,
    opened: Arc<AtomicU64>,
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
        let opened = Arc::new(AtomicU64::new(0));
        let pool = |reach| {
            let tcp = CheckedConnector::new(
                Arc::clone(&options.resolver),
                reach,
                options.connect_timeout,
                Arc::clone(&opened),
            );
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(tls.clone())
                .https_or_http()
                .enable_http1()
                .wrap_connector(tcp);
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(options.keep_alive)
                .pool_max_idle_per_host(options.kept_per_host)
                .http1_max_buf_size(MAX_HEAD_BYTES)
                .http1_max_headers(MAX_ANSWER_HEADERS)
                .build(connector)
        };
        Self { public: pool(Reach::Public), written_hosts: pool(Reach::WrittenHosts), opened }
    }

    /// The number of connections opened so far.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Sends `outgoing`, which is `checked` with its secrets filled in, and reads the answer.
    pub(super) async fn send(
        &self,
        checked: &Checked,
        outgoing: Outgoing,
        measure: &Measure<'_>,
        progress: &Progress,
    ) -> Result<Response, HttpError> {
        let mut request = http_request(checked, outgoing)?;
        progress.watch(capture_connection(&mut request));
        let pool = if checked.host_is_written() { &self.written_hosts } else { &self.public };
        let answer = pool.request(request).await.map_err(|error| explain(checked, &error))?;
        answer::read(answer, checked.expect(), measure).await
    }
}

fn http_request(checked: &Checked, outgoing: Outgoing) -> Result<http::Request<Full<Bytes>>, HttpError> {
    // The parser's message may quote its input, so it is not passed on.
    let uri = Uri::try_from(outgoing.url.as_str())
        .map_err(|_| HttpError::invalid_request("the url contains characters that must be percent-encoded"))?;
    let mut request = http::Request::new(Full::new(outgoing.body));
    *request.method_mut() = checked.method().clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = outgoing.headers;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
    Ok(request)
}

fn explain(checked: &Checked, error: &hyper_util::client::legacy::Error) -> HttpError {
    let destination = checked.destination();
    if error.is_connect() {
        if let Some(ConnectFailure(failure)) = find::<ConnectFailure>(error) {
            return failure.clone();
        }
        let reason = find::<rustls::Error>(error).map_or_else(|| innermost(error), ToString::to_string);
        return HttpError::before_sending(Failure::Tls, format!("no TLS session with {destination}: {reason}"));
    }
    let http = find::<hyper::Error>(error);
    if http.is_some_and(hyper::Error::is_canceled) {
        let message = format!("{destination} closed the connection before the request was written");
        return HttpError::before_sending(Failure::Connect, message);
    }
    if http.is_some_and(hyper::Error::is_parse_too_large) {
        let limit = MAX_HEAD_BYTES as u64;
        let message = format!(
            "the head of the answer of {destination} is larger than {limit} bytes or {MAX_ANSWER_HEADERS} headers"
        );
        return HttpError::after_sending(Failure::TooLarge { limit }, message);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        // TLS 1.3 lets a client write before it learns that the server refuses the session.
        return HttpError::after_sending(Failure::Tls, format!("{destination} ended the TLS session: {tls}"));
    }
    let reason = innermost(error);
    HttpError::broken_answer(format!("{destination} gave no complete answer: {reason}"))
}

/// Looks for a cause, also inside `io::Error`, which hides the error it carries from `source`.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<E>() {
            return Some(found);
        }
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(carried) => Some(carried),
            None => cause.source(),
        };
    }
    None
}
