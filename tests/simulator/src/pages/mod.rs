//! The sign-in pages: browser sign-in at its current and its older address, and in-app OAuth2. A person chooses on the
//! page who signs in; a program does the same with [`crate::Browser::sign_in`].

mod decide;
pub(crate) mod redirect;
mod request;
pub(crate) mod view;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use axum::routing::any;

use crate::api::{self, query_value};
use crate::credentials::Caller;
use crate::server::user_agent;
use crate::world::Shared;
use request::{Entry, Refusal, SignIn};

/// Path of browser sign-in.
pub const LOGIN_PATH: &str = "/wwlogin/sso/login";
/// Older path of browser sign-in.
pub const LEGACY_LOGIN_PATH: &str = "/wwopen/sso/qrConnect";
/// Path of in-app sign-in.
pub const OAUTH_PATH: &str = "/connect/oauth2/authorize";
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
    let mut world = shared.lock();
    let in_client = user_agent(headers).to_ascii_lowercase().contains("wxwork")
        || query_value(&query, "sim_client") == Some("1")
        || !world.behaviour.switches.client_required;
    if entry == Entry::Client && !in_client {
        return refuse(0, view::open_in_client(raw));
    }
    let sign_in = match SignIn::read(entry, &query, world.corp(), &world.behaviour.switches) {
        Ok(sign_in) => sign_in,
        Err(refusal) => return refused(&refusal),
    };
    if *method == Method::POST {
        let form = form_urlencoded::parse(body).into_owned().collect();
        return match decide::decide(&mut world, &sign_in, &form) {
            Ok(target) => go(&target),
            Err(refusal) => refused(&refusal),
        };
    }
    let range = sign_in.app.and_then(|app| world.range(Caller::App(app)));
    let corp = world.corp().clone();
    drop(world);
    html(view::choose(&sign_in, &corp, range.as_deref(), &query))
}

fn refused(refusal: &Refusal) -> Response<Body> {
    refuse(refusal.code.unwrap_or(-1), view::refused(refusal))
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
