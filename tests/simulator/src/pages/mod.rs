//! The sign-in pages: browser sign-in at its current and its older address, and in-app OAuth2. A person chooses on the
//! page who signs in; a program does the same with [`crate::Browser::sign_in`].

mod decide;
pub(crate) mod redirect;
mod request;
mod scan;
mod view;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use axum::middleware::map_response;
use axum::routing::{any, get};
use organisation_pages::{Language, secured};

use crate::api::{self, query_value};
use crate::console::phone_owner;
use crate::corp::SensitiveField;
use crate::credentials::Caller;
use crate::server::user_agent;
use crate::world::Shared;
pub(crate) use decide::decide;
use request::{Entry, Refusal, SignIn};
use scan::Progress;
pub use scan::Waiting;
pub(crate) use scan::{ScanError, Scans};
use view::Frame;

/// Path of browser sign-in.
pub const LOGIN_PATH: &str = "/wwlogin/sso/login";
/// Older path of browser sign-in.
pub const LEGACY_LOGIN_PATH: &str = "/wwopen/sso/qrConnect";
/// Path of in-app sign-in.
pub const OAUTH_PATH: &str = "/connect/oauth2/authorize";
/// Where a page of browser sign-in asks every second what the phone has decided.
pub(crate) const SCAN_PATH: &str = "/wwlogin/sso/scan/";
/// What htmx takes for "stop asking".
const STOP: u16 = 286;
/// A page that refuses says so here as well, for programs: the code, or 0 for a page that only asks for the client.
pub(crate) const REFUSAL_HEADER: HeaderName = HeaderName::from_static("sim-refusal");

pub(crate) fn router() -> Router<Shared> {
    let entry = |entry| {
        any(move |state: State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            show(&state.0, entry, &method, &uri, &headers, &body)
        })
    };
    Router::new()
        .route(LOGIN_PATH, entry(Entry::Browser))
        .route(LEGACY_LOGIN_PATH, entry(Entry::LegacyBrowser))
        .route(OAUTH_PATH, entry(Entry::Client))
        .route(&format!("{SCAN_PATH}{{ticket}}"), get(progress))
        .layer(map_response(secured))
        .layer(map_response(leaving))
}

/// The forms of these pages end at the app, wherever it is.
async fn leaving(mut response: Response<Body>) -> Response<Body> {
    let policy = response.headers().get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = policy.map(|policy| policy.replace("form-action 'self'", "form-action 'self' http: https:"));
    if let Some(policy) = policy.and_then(|policy| HeaderValue::try_from(policy).ok()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What the phone has decided, for the page of browser sign-in that waits.
async fn progress(State(shared): State<Shared>, Path(ticket): Path<String>, headers: HeaderMap) -> Response<Body> {
    let language = Language::of(&headers);
    let progress = {
        let world = shared.lock();
        world.scans.progress(&ticket, world.now())
    };
    let mut response = html(view::progress(language, &progress).into_string());
    match &progress {
        Progress::Decided(target) => {
            if let Ok(target) = HeaderValue::from_str(target) {
                response.headers_mut().insert(HeaderName::from_static("hx-redirect"), target);
            }
        }
        Progress::Gone | Progress::Refused(_) => {
            *response.status_mut() = StatusCode::from_u16(STOP).unwrap_or(StatusCode::OK);
        }
        Progress::Waiting | Progress::Scanned => {}
    }
    response
}

fn show(
    shared: &Shared,
    entry: Entry,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response<Body> {
    let raw = uri.query().unwrap_or_default();
    let query = api::parse_query(raw);
    let frame = Frame { language: Language::of(headers), here: uri.path_and_query().map_or("", |here| here.as_str()) };
    let mut world = shared.lock();
    let by_script = query_value(&query, "as");
    let phone = phone_owner(headers).filter(|id| world.corp().member(id).is_some());
    let in_client = user_agent(headers).to_ascii_lowercase().contains("wxwork")
        || query_value(&query, "sim_client") == Some("1")
        || by_script.is_some()
        || phone.is_some()
        || !world.behaviour.switches.client_required;
    if entry == Entry::Client && !in_client {
        return refuse(0, view::open_in_client(&frame, raw));
    }
    let sign_in = match SignIn::read(entry, &query, world.corp(), &world.behaviour.switches) {
        Ok(sign_in) => sign_in,
        Err(refusal) => return refused(&frame, &refusal),
    };
    let form = if *method == Method::POST {
        Some(form_urlencoded::parse(body).into_owned().collect())
    } else if let Some(id) = by_script {
        // Without a click; consents to whatever is asked.
        let consent = SensitiveField::ALL.map(|field| ("consent".to_owned(), field.name().to_owned()));
        Some([vec![("member".to_owned(), id.to_owned())], consent.to_vec()].concat())
    } else {
        // Inside the client nobody is asked who they are.
        let silent = phone.as_ref().filter(|_| entry == Entry::Client && !sign_in.private);
        silent.map(|id| vec![("member".to_owned(), id.clone())])
    };
    if let Some(form) = form {
        return match decide(&mut world, &sign_in, &form) {
            Ok(target) => go(&target),
            Err(refusal) => refused(&frame, &refusal),
        };
    }
    let range = sign_in.app.and_then(|app| world.range(Caller::App(app)));
    let corp = world.corp().clone();
    let ticket = (entry != Entry::Client).then(|| {
        let (now, world) = (world.now(), &mut *world);
        world.scans.show(&sign_in, now, &mut world.random)
    });
    drop(world);
    let owner = phone.filter(|_| entry == Entry::Client);
    html(match owner.as_deref().and_then(|id| corp.member(id)) {
        Some(member) => view::consent(&frame, &sign_in, &corp, member),
        None => view::choose(&frame, (&sign_in, ticket.as_deref()), &corp, range.as_deref(), &query),
    })
}

fn refused(frame: &Frame<'_>, refusal: &Refusal) -> Response<Body> {
    refuse(refusal.code.unwrap_or(-1), view::refused(frame, refusal))
}

fn refuse(code: i64, page: String) -> Response<Body> {
    let mut response = html(page);
    response.headers_mut().insert(REFUSAL_HEADER, HeaderValue::from(code));
    response
}

/// An HTML page.
pub(crate) fn html(page: String) -> Response<Body> {
    let mut response = Response::new(Body::from(page));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn go(target: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    match HeaderValue::from_str(target) {
        Ok(target) => {
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(LOCATION, target);
        }
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}
