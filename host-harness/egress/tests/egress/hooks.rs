//! Hooks and secrets: what they see, and what they cannot do.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use organisation_egress::{
    Body, BudgetLimits, Checked, Destination, Hook, HttpError, HttpFailure, Next, Outgoing, Request, Response, Secrets,
};

use crate::{
    server::{Server, answer},
    support::{FakeResolver, call, call_to, call_unwritten, egress, egress_with, generous, text},
};

/// Notes every request and answer that passes.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

#[async_trait]
impl Hook for Recorder {
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        self.0.lock().unwrap().push(format!("{} {:?}", request.url(), request.headers()));
        let response = next.run().await?;
        self.0.lock().unwrap().push(text(&response).to_owned());
        Ok(response)
    }
}

/// Answers everything itself.
struct Fake(&'static str);

#[async_trait]
impl Hook for Fake {
    async fn around(&self, _: &Checked, _: Next<'_>) -> Result<Response, HttpError> {
        Ok(Response { status: 200, headers: Vec::new(), body: Body::Text(self.0.into()) })
    }
}

#[tokio::test]
async fn a_hook_sees_nothing_that_the_policy_refused() {
    let recorder = Arc::new(Recorder::default());
    let outbound = call_unwritten(&egress(), &["vendor.test", "10.0.0.7"]).with_hook(recorder.clone());
    for url in ["https://elsewhere.test/", "https://10.0.0.7/", "http://vendor.test/", "https://u@vendor.test/"] {
        outbound.send(Request::get(url)).await.unwrap_err();
    }
    assert!(recorder.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_fake_answers_without_the_network_and_within_the_limits() {
    let resolver = FakeResolver::new(&[]);
    let egress = egress_with(resolver.clone());
    let fake = || Arc::new(Fake("0123456789"));
    let outbound = call_unwritten(&egress, &["vendor.test"]).with_hook(fake());
    let response = outbound.send(Request::get("https://vendor.test/")).await.unwrap();
    assert_eq!((text(&response), outbound.traffic().bytes_in), ("0123456789", 10));
    assert_eq!(resolver.asked(), 0);

    for (limits, kind) in [
        (BudgetLimits { largest_response: 9, ..generous() }, HttpFailure::TooLarge { limit: 9 }),
        (BudgetLimits { bytes_in: 9, ..generous() }, HttpFailure::BudgetExhausted),
    ] {
        let outbound = call(&egress, limits, &["vendor.test"]).with_hook(fake());
        assert_eq!(outbound.send(Request::get("https://vendor.test/")).await.unwrap_err().kind, kind);
    }
}

/// Doubles what the network answers.
struct Doubling;

#[async_trait]
impl Hook for Doubling {
    async fn around(&self, _: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        let response = next.run().await?;
        Ok(Response { body: Body::Text(text(&response).repeat(2)), ..response })
    }
}

#[tokio::test]
async fn an_answer_that_a_hook_makes_larger_is_still_capped() {
    let server = Server::start([("/", answer("200 OK", &[], b"0123456789"))]).await;
    for (largest_response, fits) in [(20, true), (19, false)] {
        let limits = BudgetLimits { largest_response, ..generous() };
        let outbound = call_to(&egress(), limits, server.port).with_hook(Arc::new(Doubling));
        assert_eq!(outbound.send(Request::get(server.url("/"))).await.is_ok(), fits, "{largest_response}");
    }
}

#[tokio::test]
async fn what_a_hook_passes_on_still_has_its_address_checked() {
    let egress = egress_with(FakeResolver::new(&[("vendor.test", &[&["127.0.0.1"]])]));
    let recorder = Arc::new(Recorder::default());
    let outbound = call_unwritten(&egress, &["vendor.test"]).with_hook(recorder.clone());
    let error = outbound.send(Request::get("https://vendor.test/")).await.unwrap_err();
    assert!(matches!(error.kind, HttpFailure::Denied { .. }), "{error}");
    assert_eq!(recorder.0.lock().unwrap().len(), 1, "the hook saw the request and no answer");
}

#[tokio::test]
async fn hooks_stand_around_each_other() {
    let recorder = Arc::new(Recorder::default());
    let outbound =
        call_unwritten(&egress(), &["vendor.test"]).with_hook(recorder.clone()).with_hook(Arc::new(Fake("fake")));
    outbound.send(Request::get("https://vendor.test/")).await.unwrap();
    assert_eq!(recorder.0.lock().unwrap()[1], "fake");
}

/// Puts "s3cret" in for "{key}", or leads the request astray.
struct Key {
    astray: bool,
}

impl Secrets for Key {
    fn fill(&self, destination: &Destination, mut outgoing: Outgoing) -> Result<Outgoing, HttpError> {
        if destination.host.to_string() != "127.0.0.1" {
            return Err(HttpError::before_sending(
                HttpFailure::Denied { option: None },
                "the key is not for this host",
            ));
        }
        let url = outgoing.url.as_str().replace("%7Bkey%7D", "s3cret");
        outgoing.url = url.parse().unwrap();
        if self.astray {
            outgoing.url.set_port(Some(1)).unwrap();
        }
        Ok(outgoing)
    }

    fn redact(&self, response: Response) -> Response {
        let body = Body::Text(text(&response).replace("s3cret", "***"));
        Response { body, ..response }
    }
}

#[tokio::test]
async fn secrets_are_filled_in_behind_the_hooks_and_masked_before_them() {
    let server = Server::start([]).await;
    let recorder = Arc::new(Recorder::default());
    let outbound = call_to(&egress(), generous(), server.port)
        .with_hook(recorder.clone())
        .with_secrets(Arc::new(Key { astray: false }));
    let response = outbound.send(Request::get(server.url("/token?key=%7Bkey%7D"))).await.unwrap();
    assert!(server.requests()[0].starts_with("GET /token?key=s3cret "), "the server gets the secret");
    assert!(text(&response).starts_with("GET /token?key=*** "), "and what comes back is redacted");
    let recorded = recorder.0.lock().unwrap().join("\n");
    assert!(!recorded.contains("s3cret") && recorded.contains("***"), "{recorded}");
}

#[tokio::test]
async fn filling_in_cannot_change_where_a_request_goes() {
    let server = Server::start([]).await;
    let outbound = call_to(&egress(), generous(), server.port).with_secrets(Arc::new(Key { astray: true }));
    let error = outbound.send(Request::get(server.url("/"))).await.unwrap_err();
    assert_eq!((error.kind, error.may_have_reached_server), (HttpFailure::Denied { option: None }, false));
    assert!(server.requests().is_empty());
}
