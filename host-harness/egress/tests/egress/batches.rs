//! Batches, limits they share, and connections that are kept.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use organisation_egress::{BudgetLimits, HttpFailure, Request};
use tokio::sync::{Barrier, Notify};

use crate::{
    server::{Reply, Server, answer},
    support::{call_to, egress, generous, text},
};

#[tokio::test]
async fn results_come_in_the_order_of_the_requests() {
    let last_came = Arc::new(Notify::new());
    let server = Server::start([
        ("/first", Reply::After(last_came.clone())),
        ("/close", Reply::Close),
        ("/last", Reply::Notify(last_came)),
    ])
    .await;
    let outbound = call_to(&egress(), generous(), server.port);
    let urls = [server.url("/first"), "https://elsewhere.test/".into(), server.url("/close"), server.url("/last")];
    let results = outbound.send_all(urls.iter().map(Request::get).collect()).await;
    assert_eq!(results[0].as_ref().unwrap().status, 200, "answered last, reported first");
    let option = Some("--allow-host elsewhere.test".to_owned());
    assert_eq!(results[1].as_ref().unwrap_err().kind, HttpFailure::Denied { option });
    assert_eq!(results[2].as_ref().unwrap_err().kind, HttpFailure::Other("broken-answer"));
    assert_eq!(results[3].as_ref().unwrap().status, 200);
    assert_eq!(outbound.traffic().requests, 4);
}

#[tokio::test]
async fn the_parallel_limit_is_used_in_full_and_never_exceeded() {
    // Each group of three is answered only when it is complete, so fewer in flight would never end.
    let server = Server::start([("/", Reply::Together(Arc::new(Barrier::new(3))))]).await;
    let outbound = call_to(&egress(), BudgetLimits { parallel: 3, ..generous() }, server.port);
    let results = outbound.send_all(vec![Request::get(server.url("/")); 12]).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(server.seen.most_in_flight.load(SeqCst), 3);
}

#[tokio::test]
async fn a_batch_shares_one_byte_allowance() {
    let server = Server::start([("/", answer("200 OK", &[], &[b'x'; 400]))]).await;
    let outbound = call_to(&egress(), BudgetLimits { parallel: 1, bytes_in: 1000, ..generous() }, server.port);
    let results = outbound.send_all(vec![Request::get(server.url("/")); 3]).await;
    assert!(results[0].is_ok() && results[1].is_ok());
    let error = results[2].as_ref().unwrap_err();
    assert_eq!((&error.kind, error.may_have_reached_server), (&HttpFailure::BudgetExhausted, true));
    assert!(error.message.contains("of the 1000"), "{error}");
}

#[tokio::test]
async fn every_element_counts_and_the_first_ones_go() {
    let server = Server::start([]).await;
    let outbound = call_to(&egress(), BudgetLimits { requests: 3, ..generous() }, server.port);
    let urls = ["/1", "https://elsewhere.test/", "/3", "/4", "/5"];
    let requests = urls.map(|url| Request::get(if url.starts_with('/') { server.url(url) } else { url.to_owned() }));
    let results = outbound.send_all(requests.to_vec()).await;
    let kinds: Vec<_> = results.iter().map(|result| result.as_ref().err().map(|error| error.kind.name())).collect();
    assert_eq!(kinds, [None, Some("denied"), None, Some("budget-exhausted"), Some("budget-exhausted")]);
    assert_eq!(server.requests().len(), 2);
    assert!(text(results[2].as_ref().unwrap()).starts_with("GET /3 "));
}

#[tokio::test]
async fn an_empty_batch_is_nothing() {
    let outbound = call_to(&egress(), generous(), 9);
    // Spawned, because a host runs calls on a runtime with several threads.
    let results = tokio::spawn(async move { (outbound.send_all(Vec::new()).await, outbound.traffic()) });
    let (results, traffic) = results.await.unwrap();
    assert_eq!((results.len(), traffic.requests), (0, 0));
}

#[tokio::test]
async fn connections_are_kept_between_requests_and_calls() {
    let server = Server::start([]).await;
    let egress = egress();
    for _ in 0..20 {
        call_to(&egress, generous(), server.port).send(Request::get(server.url("/"))).await.unwrap();
    }
    let opened = server.seen.connections.load(SeqCst);
    assert_eq!(egress.connections_opened(), opened as u64);
    assert_eq!(opened, 1, "20 requests in sequence");
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_replaced_without_harm() {
    let bye = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = Server::start([("/bye", Reply::RawThenClose(bye))]).await;
    let outbound = call_to(&egress(), generous(), server.port);
    outbound.send(Request::get(server.url("/bye"))).await.unwrap();
    // The server closes after its answer without having said so; the pool has to notice.
    while server.seen.connections.load(SeqCst) < 2 {
        tokio::task::yield_now().await;
        match outbound.send(Request::get(server.url("/next"))).await {
            Ok(response) => assert_eq!(response.status, 200),
            Err(error) => assert!(error.may_have_reached_server, "{error}"),
        }
    }
}
