//! Addresses.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode, Uri, header},
    middleware::{Next, from_fn, from_fn_with_state, map_response},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use organisation_fleet::observe::metrics::CONTENT_TYPE;
use organisation_pages::secured;

use super::{
    api, callbacks, console, document::document, first_run, frame::frame, home, page::Page, service::Service, sign_in,
};

/// The addresses of a host for people. Those for its operator are among them where they have no listener of their own.
pub fn router(service: &Arc<Service>, with_operators: bool) -> Router {
    let sign_in = Router::new()
        .route("/t/{tenant}/", get(home::home))
        .route("/t/{tenant}/sign-in", get(home::door))
        .route("/t/{tenant}/sign-out", post(home::sign_out))
        .route("/t/{tenant}/login", get(sign_in::login))
        .route("/t/{tenant}/callback", get(sign_in::callback).post(sign_in::confirm))
        .route_layer(from_fn(unless_only_looked_at));
    let callbacks =
        Router::new().route("/t/{tenant}/callback/{route}", get(callbacks::receive).post(callbacks::receive));
    let callbacks = callbacks.merge(console::router());
    let all = sign_in.merge(callbacks).merge(api::router()).merge(organisation_pages::router(service.base()));
    let all = if with_operators { all.merge(for_operators()) } else { all };
    let all = all.fallback(elsewhere);
    let all = if service.first_run().is_some() {
        all.route("/", get(first_run::page)).layer(from_fn_with_state(Arc::clone(service), first_run::by_its_name))
    } else {
        all
    };
    finished(all, service)
}

/// The addresses of a host for its operator alone.
pub fn operators(service: &Arc<Service>) -> Router {
    finished(for_operators().fallback(async || nothing(StatusCode::NOT_FOUND)), service)
}

fn for_operators() -> Router<Arc<Service>> {
    Router::new().route("/metrics", get(metrics)).route("/health", get(health))
}

fn finished(router: Router<Arc<Service>>, service: &Arc<Service>) -> Router {
    router
        .method_not_allowed_fallback(async || nothing(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(Arc::clone(service), frame))
        .with_state(Arc::clone(service))
        .layer(map_response(secured))
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], service.metrics()).into_response()
}

async fn health(State(service): State<Arc<Service>>) -> Response {
    let health = service.health().await;
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    document(status, &health)
}

/// Lets a request through that a person makes. Previews of links, and browsers that load an address before anybody opens it, would
/// spend a code, or begin a sign-in that nobody goes on with.
async fn unless_only_looked_at(request: Request, next: Next) -> Response {
    let is_ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .iter()
        .flat_map(|name| request.headers().get_all(*name))
        .filter_map(|value| value.to_str().ok())
        .any(|purpose| ["prefetch", "prerender", "preview"].iter().any(|ahead| purpose.contains(ahead)));
    if request.method() == Method::HEAD {
        StatusCode::OK.into_response()
    } else if is_ahead {
        // Browsers keep nothing of such an answer, and ask again when the person opens the address.
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        next.run(request).await
    }
}

/// Leads on from an address that is a little off, as consoles, proxies and people write it. What it leads to is one of
/// the routes, so it never leaves this host, and it is the same for tenants and for strangers.
async fn elsewhere(State(service): State<Arc<Service>>, method: Method, uri: Uri) -> Response {
    if method == Method::GET
        && let Some(content) = service.root_file(uri.path().trim_start_matches('/'))
    {
        return ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], content).into_response();
    }
    let Some(path) = meant(uri.path()) else { return nothing(StatusCode::NOT_FOUND) };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::temporary(&format!("{path}{query}")).into_response()
}

/// The route that a path was meant to be: slashes too many and capital letters make no difference, and a tenant alone
/// is its home.
fn meant(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (tenant, page) = match parts[..] {
        [t, tenant] if t.eq_ignore_ascii_case("t") => (tenant, ""),
        [t, tenant, page] if t.eq_ignore_ascii_case("t") => {
            (tenant, *["login", "callback", "sign-in", "admin"].iter().find(|known| known.eq_ignore_ascii_case(page))?)
        }
        _ => return None,
    };
    let meant = format!("/t/{tenant}/{page}");
    (meant != path).then_some(meant)
}

pub fn nothing(status: StatusCode) -> Response {
    let page = Page {
        heading: ["这里没有内容", "There is nothing here"],
        hint: Some("请核对地址 check the address".to_owned()),
        ..Page::default()
    };
    page.answer(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_little_off_leads_to_the_page_that_was_meant() {
        for (path, expected) in [
            ("/t/acme", Some("/t/acme/")),
            ("/t/acme/", None),
            ("/t/acme/login/", Some("/t/acme/login")),
            ("/t/acme/callback/", Some("/t/acme/callback")),
            ("//t//acme//callback", Some("/t/acme/callback")),
            ("/T/Acme/LOGIN", Some("/t/Acme/login")),
            ("/t/%E4%BC%81/login/", Some("/t/%E4%BC%81/login")),
            ("/t//acme", Some("/t/acme/")),
            ("/t/acme/Sign-In/", Some("/t/acme/sign-in")),
            ("/t/acme/admin/", Some("/t/acme/admin")),
            ("/t/acme/login", None),
            ("/", None),
            ("/t", None),
            ("/t/acme/other", None),
            ("/t/acme/login/more", None),
            ("//evil.example/t/acme", None),
            ("/favicon.ico", None),
        ] {
            assert_eq!(meant(path).as_deref(), expected, "{path}");
        }
    }
}
