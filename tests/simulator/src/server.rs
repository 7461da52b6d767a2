//! The HTTP server: one port for the API, the sign-in pages, the console and the control endpoints.
//!
//! The router is axum's, the accept loop is our own: a fault may have to close a connection without an answer, which a
//! service of axum's own server cannot ask for.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use axum::routing::{any, get};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt as _;

use crate::api::download::FOLDER;
use crate::calls::Call;
use crate::control::Control;
use crate::log::{FILE_PATH, LogEntry};
use crate::setup::Setup;
use crate::world::{Shared, World};
use crate::{api, callback, console, pages};

/// What is read of a request; more than any upload may have, so that the platform's own refusal is answered.
const LARGEST_BODY: usize = 64 << 20;

/// Paths that are not part of the platform, or that a page asks every second.
const NOT_LOGGED: &[&str] = &["/console", "/sim/", "/assets/", "/language", pages::SCAN_PATH];

/// Marks a response that must not be sent: the connection closes instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disconnect;

/// The `errcode` of a response, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errcode(pub(crate) i64);

/// The body of a request, for whoever looks at it later.
#[derive(Clone, Debug)]
pub(crate) struct Asked(pub(crate) String);

/// The body of a response, likewise.
#[derive(Clone, Debug)]
pub(crate) struct Answered(pub(crate) String);

/// Who is connected.
#[derive(Clone, Copy, Debug)]
struct Peer(IpAddr);

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address could not be bound.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for any free one")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A running simulator. It stops, with all its connections, when dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    control: Control,
    accepting: JoinHandle<()>,
    delivering: JoinHandle<()>,
}

impl Simulator {
    /// Starts a simulator on the current tokio runtime.
    ///
    /// # Errors
    /// The address of the set-up cannot be bound.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let bind = |source| StartError::Bind { address: setup.listen, source };
        let listener = TcpListener::bind(setup.listen).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let shared = Shared::new(World::new(setup.corp, setup.clock, setup.behaviour, base_url(address)));
        let accepting = tokio::spawn(accept(listener, router(shared.clone()), shared.clone()));
        let delivering = tokio::spawn(callback::run(shared.clone()));
        Ok(Self { address, control: Control(shared), accepting, delivering })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base address of the API, of browser sign-in and of in-app sign-in alike, such as `http://127.0.0.1:8080`.
    pub fn base_url(&self) -> String {
        base_url(self.address)
    }

    /// The handle that reads and changes it.
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accepting.abort();
        self.delivering.abort();
    }
}

fn base_url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/cgi-bin/{*path}", any(call_api).layer(DefaultBodyLimit::max(LARGEST_BODY)))
        .route("/export/{name}", get(download))
        .merge(pages::router())
        .merge(console::router())
        .route("/", get(|| async { axum::response::Redirect::to("/console") }))
        .fallback(|| async { api::unknown_path() })
        .with_state(shared)
}

async fn call_api(
    State(shared): State<Shared>,
    Path(path): Path<String>,
    axum::Extension(Peer(peer)): axum::Extension<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let query = api::parse_query(uri.query().unwrap_or_default());
    api::serve(&shared, peer, &method, &path, &query, &headers, &body).await
}

async fn download(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    axum::Extension(Peer(peer)): axum::Extension<Peer>,
    headers: HeaderMap,
    uri: Uri,
) -> Response<Body> {
    let query = api::parse_query(uri.query().unwrap_or_default());
    let range = headers.get(axum::http::header::RANGE).and_then(|range| range.to_str().ok());
    api::download::serve(&shared, peer, &name, &query, range).await
}

async fn accept(listener: TcpListener, router: Router, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(converse(stream, peer.ip(), router.clone(), shared.clone()));
                }
                // Out of file descriptors, as a rule: let connections end before the next attempt.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, peer: IpAddr, router: Router, shared: Shared) {
    // Small answers must not wait for acknowledgements; a refusal only costs speed.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(router.clone(), shared.clone(), peer, request));
    // A client that goes away is not the simulator's trouble, and a wanted disconnect ends here as well.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// A connection to close without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed on request of a fault")]
struct Closed;

async fn answer(
    router: Router,
    shared: Shared,
    peer: IpAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Closed> {
    request.extensions_mut().insert(Peer(peer));
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let Ok(response) = router.oneshot(request).await;
    let closed = response.extensions().get::<Disconnect>().is_some();
    note(&shared, &method, &uri, &response, closed);
    if closed { Err(Closed) } else { Ok(response) }
}

/// Logs what clients ask.
fn note(shared: &Shared, method: &Method, uri: &Uri, response: &Response<Body>, closed: bool) {
    if NOT_LOGGED.iter().any(|prefix| uri.path().starts_with(prefix)) {
        return;
    }
    let query = api::parse_query(uri.query().unwrap_or_default());
    let query_keys = query.iter().map(|(key, _)| key.clone()).collect();
    // Who knows the name of a file may read it, so that names are not kept either.
    let file = uri.path().starts_with(FOLDER);
    let extensions = response.extensions();
    let location = || Some(response.headers().get(LOCATION)?.to_str().ok()?.to_owned());
    let answered = extensions.get::<Answered>().map(|Answered(text)| text.clone()).or_else(location);
    let asked = extensions.get::<Asked>().map(|Asked(text)| text.clone());
    let mut world = shared.lock();
    let entry = LogEntry {
        at: world.now(),
        method: method.to_string(),
        path: if file { FILE_PATH.to_owned() } else { uri.path().to_owned() },
        query_keys,
        status: if closed { 0 } else { response.status().as_u16() },
        errcode: extensions.get::<Errcode>().map(|errcode| errcode.0),
    };
    world.calls.note(Call {
        number: 0,
        at: entry.at,
        method: entry.method.clone(),
        path: entry.path.clone(),
        query,
        asked: asked.unwrap_or_default(),
        answered: answered.unwrap_or_default(),
        status: entry.status,
        errcode: entry.errcode,
    });
    world.log.note(entry);
}

/// The user agent of a request; "" when it has none.
pub(crate) fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
