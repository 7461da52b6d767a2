//! What comes back, and what the server gets to see.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use organisation_egress::{Body, BodyKind, BudgetLimits, ExchangeOutcome, HttpFailure, Request};

use crate::{
    server::{Reply, Server, answer},
    support::{call_to, egress, generous, text},
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn every_status_comes_back_with_its_body() {
    let statuses = [200, 201, 299, 300, 301, 302, 307, 308, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599];
    let paths: Vec<String> = statuses.iter().map(|status| format!("/{status}")).collect();
    let reply = |status| answer(&format!("{status} X"), &["location: /elsewhere"], b"{\"errcode\":1}");
    let server = Server::start(paths.iter().map(String::as_str).zip(statuses.map(reply))).await;
    let outbound = call_to(&egress(), generous(), server.port);
    for (status, path) in statuses.iter().zip(&paths) {
        let response = outbound.send(Request::get(server.url(path))).await.unwrap();
        assert_eq!(response.status, *status);
        assert_eq!(response.body, Body::Text("{\"errcode\":1}".into()), "{status}");
        assert_eq!(response.header("Location"), Some("/elsewhere"), "{status}");
    }
    assert_eq!(server.requests().len(), statuses.len(), "no redirect was followed");
}

#[tokio::test]
async fn answers_without_a_body() {
    let server = Server::start([
        ("/204", Reply::Raw(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())),
        ("/304", Reply::Raw(b"HTTP/1.1 304 Not Modified\r\ncontent-encoding: gzip\r\n\r\n".to_vec())),
        ("/head", Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 99\r\n\r\n".to_vec())),
        (
            "/continue",
            Reply::Raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ),
    ])
    .await;
    let outbound = call_to(&egress(), generous(), server.port);
    for (method, path, status) in
        [("GET", "/204", 204), ("GET", "/304", 304), ("HEAD", "/head", 200), ("GET", "/continue", 200)]
    {
        let response = outbound.send(Request::new(method, server.url(path))).await.unwrap();
        assert_eq!((response.status, response.body), (status, Body::Text(String::new())), "{path}");
    }
}

#[tokio::test]
async fn repeated_headers_stay_separate_and_odd_bytes_are_read() {
    let mut raw =
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Utf8: \xe4\xbc\x81\r\nset-cookie: b=2\r\nX-Latin: \xe9\r\n".to_vec();
    raw.extend_from_slice(b"content-length: 0\r\n\r\n");
    let server = Server::start([("/", Reply::Raw(raw))]).await;
    let response = call_to(&egress(), generous(), server.port).send(Request::get(server.url("/"))).await.unwrap();
    let cookies: Vec<_> = response.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(cookies.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!((response.header("x-utf8"), response.header("x-latin")), (Some("企"), Some("é")));
}

#[tokio::test]
async fn a_body_has_the_form_that_was_asked_for() {
    let server = Server::start([
        ("/text", answer("200 OK", &[], "企业".as_bytes())),
        ("/bytes", answer("200 OK", &[], b"\xff\x00")),
    ])
    .await;
    let outbound = call_to(&egress(), generous(), server.port);
    for (path, expect, body) in [
        ("/text", BodyKind::Text, Body::Text("企业".into())),
        ("/text", BodyKind::Bytes, Body::Bytes("企业".into())),
        ("/bytes", BodyKind::Text, Body::Bytes(vec![0xff, 0])),
        ("/bytes", BodyKind::Bytes, Body::Bytes(vec![0xff, 0])),
    ] {
        let response = outbound.send(Request { expect, ..Request::get(server.url(path)) }).await.unwrap();
        assert_eq!(response.body, body, "{path} {expect:?}");
    }
}

#[tokio::test]
async fn gzip_is_taken_off_with_the_headers_that_described_it() {
    let members = [gzip(b"one "), gzip(b"two")].concat();
    let server = Server::start([
        ("/gzip", answer("200 OK", &["Content-Encoding: GZIP"], &gzip(b"{\"a\":1}"))),
        ("/members", answer("200 OK", &["content-encoding: x-gzip"], &members)),
        ("/other", answer("200 OK", &["content-encoding: br"], b"\xff")),
    ])
    .await;
    let outbound = call_to(&egress(), generous(), server.port);
    for (path, body, encoding) in [
        ("/gzip", Body::Text("{\"a\":1}".into()), None),
        ("/members", Body::Text("one two".into()), None),
        ("/other", Body::Bytes(vec![0xff]), Some("br")),
    ] {
        let response = outbound.send(Request::get(server.url(path))).await.unwrap();
        assert_eq!(response.body, body, "{path}");
        assert_eq!(response.header("content-encoding"), encoding, "{path}");
        assert_eq!(response.header("content-length").is_some(), encoding.is_some(), "{path}");
    }
}

#[tokio::test]
async fn bodies_are_capped_while_they_are_read() {
    const LIMIT: u64 = 100_000;
    let endless_chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        .iter()
        .copied()
        .chain([format!("{:x}\r\n", 10_000).as_bytes(), &[b'x'; 10_000], b"\r\n"].concat().repeat(11))
        .collect();
    let server = Server::start([
        ("/announced", Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n".to_vec())),
        ("/chunked", Reply::Raw(endless_chunks)),
        ("/bomb", answer("200 OK", &["content-encoding: gzip"], &gzip(&vec![0; 10 << 20]))),
        ("/empty-members", answer("200 OK", &["content-encoding: gzip"], &gzip(b"").repeat(6000))),
        ("/just-fits", answer("200 OK", &[], &[b'x'; LIMIT as usize])),
        ("/just-fits-unpacked", answer("200 OK", &["content-encoding: gzip"], &gzip(&[b'x'; LIMIT as usize]))),
    ])
    .await;
    for (path, fits) in [
        ("/announced", false),
        ("/chunked", false),
        ("/bomb", false),
        ("/empty-members", false),
        ("/just-fits", true),
        ("/just-fits-unpacked", true),
    ] {
        // The limit of the request and that of the call do the same; the smaller one applies.
        for (largest_response, max_bytes) in [(1 << 30, Some(LIMIT)), (LIMIT, None), (LIMIT, Some(1 << 30))] {
            let outbound = call_to(&egress(), BudgetLimits { largest_response, ..generous() }, server.port);
            let result = outbound.send(Request { max_bytes, ..Request::get(server.url(path)) }).await;
            assert_eq!(result.is_ok(), fits, "{path}");
            if let Err(error) = result {
                assert_eq!(error.kind, HttpFailure::TooLarge { limit: LIMIT }, "{path}: {error}");
                assert!(error.may_have_reached_server && error.message.contains("100000"), "{path}: {error}");
            }
            let spent = generous().bytes_in - outbound.budget().remaining().bytes_in;
            assert!(spent <= LIMIT, "{path} spent {spent}");
            assert_eq!(outbound.traffic().bytes_in, spent, "{path}");
        }
    }
}

#[tokio::test]
async fn the_server_sees_what_the_component_and_the_host_set() {
    let server = Server::start([]).await;
    let outbound = call_to(&egress(), generous(), server.port);
    let request = Request {
        headers: vec![("X-A".into(), "1".into()), ("x-a".into(), "2".into()), ("Content-Type".into(), "a/b".into())],
        body: Some(Body::Text("企".into())),
        ..Request::new("POST", server.url("/p%20q?a=1&b={x|y}^`'\"#fragment"))
    };
    let response = outbound.send(request).await.unwrap();
    let (head, body) = text(&response).split_once("\r\n\r\n").unwrap();
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines[0], "POST /p%20q?a=1&b={x|y}^`%27%22 HTTP/1.1");
    assert_eq!(body, "企");
    for line in [
        &format!("host: 127.0.0.1:{}", server.port)[..],
        "x-a: 1",
        "x-a: 2",
        "content-type: a/b",
        "content-length: 3",
        "accept-encoding: gzip",
    ] {
        assert_eq!(lines.iter().filter(|found| **found == line).count(), 1, "{line} in {head}");
    }
    assert!(head.contains("user-agent: org-harness/"), "{head}");
}

#[tokio::test]
async fn every_request_leaves_a_record_without_values() {
    let server = Server::start([("/a", answer("403 Forbidden", &[], b"12345"))]).await;
    let outbound = call_to(&egress(), generous(), server.port);
    outbound.send(Request::get(server.url("/a?corpsecret=hidden"))).await.unwrap();
    outbound.send(Request::get("https://elsewhere.test/?code=hidden")).await.unwrap_err();
    let traffic = outbound.traffic();
    assert_eq!((traffic.requests, traffic.failures, traffic.bytes_in), (2, 1, 5));
    let [answered, denied] = &traffic.exchanges[..] else { panic!("{traffic:?}") };
    assert_eq!((&answered.outcome, answered.bytes_in), (&ExchangeOutcome::Status(403), 5));
    assert_eq!(answered.url, server.url("/a?corpsecret"));
    assert!(answered.bytes_out >= server.url("/a?corpsecret=hidden").len() as u64);
    assert!(
        matches!(denied.outcome, ExchangeOutcome::Failed(HttpFailure::Denied { .. })) && denied.bytes_out == 0,
        "{denied:?}"
    );
    assert!(!format!("{traffic:?}").contains("hidden"));
}
