//! What a server has that merges the router of the pages.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
    middleware::map_response,
    routing::get,
};
use http_body_util::BodyExt as _;
use organisation_pages::{EVENTS, SCRIPT, STYLE, router, secured};
use tower::ServiceExt as _;

async fn ask(path: &str) -> Response<Body> {
    let server = Router::new().route("/page", get(async || "page")).merge(router("")).layer(map_response(secured));
    server.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn assets_may_be_kept_and_pages_may_not() {
    for (path, status, kept) in [
        (STYLE.address(""), 200, "public, max-age=31536000, immutable"),
        (EVENTS.address(""), 200, "public, max-age=31536000, immutable"),
        (SCRIPT.address(""), 200, "public, max-age=31536000, immutable"),
        ("/assets/style-0000000000000000.css".to_owned(), 404, "no-store"),
        ("/assets/..%2fCargo.toml".to_owned(), 404, "no-store"),
        ("/page".to_owned(), 200, "no-store"),
    ] {
        let answer = ask(&path).await;
        assert_eq!(answer.status(), status, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!(header("cache-control"), kept, "{path}");
        assert_eq!((header("x-content-type-options"), header("referrer-policy")), ("nosniff", "no-referrer"));
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    let style = ask(&STYLE.address("")).await;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    let text = style.into_body().collect().await.unwrap().to_bytes();
    assert!(!text.windows(4).any(|part| part == b"url("), "a style that loads something from elsewhere");
}
