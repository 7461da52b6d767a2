//! Each way a request can fail: its kind, and whether the server may have seen it.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use organisation_egress::{
    BudgetLimits, Egress, EgressOptions, ExchangeOutcome, HttpError, HttpFailure, Request, Resolver,
};
use tokio::{net::TcpListener, time::Instant};

use crate::{
    server::{Reply, Server, answer},
    support::{FakeResolver, call, call_to, egress, egress_with, generous},
};

fn assert_failed(error: &HttpError, kind: &HttpFailure, may_have_reached_server: bool, case: &str) {
    assert_eq!((&error.kind, error.may_have_reached_server), (kind, may_have_reached_server), "{case}: {error}");
}

#[tokio::test]
async fn the_connection_breaks() {
    let gzip = "content-encoding: gzip";
    let server = Server::start([
        ("/close", Reply::Close),
        ("/half-head", Reply::RawThenClose(b"HTTP/1.1 200 O".to_vec())),
        ("/half-body", Reply::RawThenClose(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345".to_vec())),
        ("/half-chunk", Reply::RawThenClose(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n1".to_vec())),
        ("/not-http", Reply::RawThenClose(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec())),
        ("/other-protocol", answer("101 Switching Protocols", &["upgrade: tea", "connection: upgrade"], b"")),
        ("/bad-gzip", answer("200 OK", &[gzip], b"plain text, not gzip")),
        ("/half-gzip", answer("200 OK", &[gzip], &[0x1f, 0x8b, 8, 0, 0])),
    ])
    .await;
    for (path, said) in [
        ("/close", "no complete answer"),
        ("/half-head", "no complete answer"),
        ("/half-body", "broke off after 5 bytes"),
        ("/half-chunk", "broke off after 1 bytes"),
        ("/not-http", "no complete answer"),
        ("/other-protocol", "another protocol (101)"),
        ("/bad-gzip", "not valid gzip"),
        ("/half-gzip", "not valid gzip"),
    ] {
        let outbound = call_to(&egress(), generous(), server.port);
        let error = outbound.send(Request::get(server.url(path))).await.unwrap_err();
        assert_failed(&error, &HttpFailure::Other("broken-answer"), true, path);
        assert!(error.message.contains(said), "{path}: {error}");
    }
    assert_eq!(server.requests().len(), 8, "a request that was written is never sent again");
}

#[tokio::test]
async fn a_head_beyond_measure_is_too_large() {
    let header = format!("x-long: {}", "x".repeat(200_000));
    let server = Server::start([("/", answer("200 OK", &[&header], b""))]).await;
    let error = call_to(&egress(), generous(), server.port).send(Request::get(server.url("/"))).await.unwrap_err();
    assert_failed(&error, &HttpFailure::TooLarge { limit: 64 * 1024 }, true, "head");
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let outbound = call_to(&egress(), generous(), port);
    let error = outbound.send(Request::get(format!("http://127.0.0.1:{port}/?code=hidden"))).await.unwrap_err();
    assert_failed(&error, &HttpFailure::Connect, false, "refused");
    assert!(error.message.contains(&port.to_string()) && !error.message.contains("hidden"), "{error}");
}

#[tokio::test]
async fn names_without_an_address() {
    let egress = egress_with(FakeResolver::new(&[("empty.test", &[&[]])]));
    for name in ["missing.test", "empty.test"] {
        let error =
            call(&egress, generous(), &[name]).send(Request::get(format!("https://{name}/"))).await.unwrap_err();
        assert_failed(&error, &HttpFailure::Dns, false, name);
        assert!(error.message.contains(name), "{error}");
    }
}

/// A name server that is down.
struct SilentResolver;

#[async_trait]
impl Resolver for SilentResolver {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn time_runs_out_before_and_after_the_request_was_written() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345".to_vec();
    let server = Server::start([("/hang", Reply::Hang), ("/half", Reply::Raw(half))]).await;
    let options = EgressOptions::default().resolver(Arc::new(SilentResolver));
    let egress = Egress::new(&options).unwrap();
    for (url, reached) in
        [(server.url("/hang"), true), (server.url("/half"), true), ("https://silent.test/".to_owned(), false)]
    {
        let here = format!("127.0.0.1:{}", server.port);
        // The request's own time, and the rest of the call's.
        for (timeout_ms, wall_ms) in [(Some(40), 20_000), (None, 40)] {
            let deadline = Instant::now() + Duration::from_millis(wall_ms);
            let outbound = call(&egress, BudgetLimits { deadline, ..generous() }, &[&here, "silent.test"]);
            let error = outbound.send(Request { timeout_ms, ..Request::get(&url) }).await.unwrap_err();
            assert_failed(&error, &HttpFailure::Timeout, reached, &url);
            assert!(error.message.contains(" ms"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_a_record() {
    let server = Server::start([("/hang", Reply::Hang)]).await;
    let outbound = call_to(&egress(), generous(), server.port);
    let send = outbound.send(Request::get(server.url("/hang")));
    assert!(tokio::time::timeout(Duration::from_millis(20), send).await.is_err());
    assert_eq!(outbound.traffic().exchanges[0].outcome, ExchangeOutcome::Abandoned);
}

#[tokio::test]
async fn the_budget_names_what_is_used_up() {
    let server = Server::start([("/ten", answer("200 OK", &[], b"0123456789"))]).await;
    let url = server.url("/ten");
    let cases = [
        ("requests", BudgetLimits { requests: 1, ..generous() }, false, "1 requests"),
        ("bytes out", BudgetLimits { bytes_out: url.len() as u64 + 3, ..generous() }, false, "may send"),
        ("bytes in", BudgetLimits { bytes_in: 19, ..generous() }, true, "of the 19 the call may receive"),
    ];
    for (limit, limits, reached, said) in cases {
        let outbound = call_to(&egress(), limits, server.port);
        outbound.send(Request::get(&url)).await.unwrap_or_else(|error| panic!("{limit}, obeyed: {error}"));
        let error = outbound.send(Request::get(&url)).await.unwrap_err();
        assert_failed(&error, &HttpFailure::BudgetExhausted, reached, limit);
        assert!(error.message.contains(said), "{limit}: {error}");
    }
    let over = BudgetLimits { deadline: Instant::now(), ..generous() };
    let error = call_to(&egress(), over, server.port).send(Request::get(&url)).await.unwrap_err();
    assert_failed(&error, &HttpFailure::BudgetExhausted, false, "wall time");
}

#[tokio::test]
async fn headers_of_the_host_are_refused_before_anything_is_sent() {
    let server = Server::start([]).await;
    let outbound = call_to(&egress(), generous(), server.port);
    for (name, value) in [
        ("Host", "evil.test"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Proxy-Authorization", "x"),
        ("x-injected", "a\r\nhost: evil.test"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let error = outbound.send(Request { headers, ..Request::get(server.url("/")) }).await.unwrap_err();
        assert_failed(&error, &HttpFailure::Other("invalid-request"), false, name);
        assert!(error.message.contains(&name.to_lowercase()), "{error}");
    }
    assert!(server.requests().is_empty());
}
