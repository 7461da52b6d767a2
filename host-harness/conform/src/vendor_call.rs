//! Calls of the vendor's API by their path: what a key promises, and which calls nobody makes this way.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    platform::VendorBehaviour,
    promise::{
        CALL_INSIDE, CALL_KEY, CALL_NOT_REPEATED, CALL_ONCE, CALL_PARAMETER, CALL_RAW, CALL_TOKENS, CALL_UNKNOWN,
        Promise,
    },
    sign_in,
    sync::complete,
    trial::Trial,
};
use organisation_host::{
    Element, ElementError,
    contract::{
        types::Body,
        vendor::{ApiRequest, Parameter, Payload},
    },
};

const OF_CALLS: [&Promise; 8] =
    [&CALL_ONCE, &CALL_UNKNOWN, &CALL_KEY, &CALL_NOT_REPEATED, &CALL_RAW, &CALL_INSIDE, &CALL_TOKENS, &CALL_PARAMETER];
/// What is looked at by a call that goes out.
const NEEDS_A_PATH: [&Promise; 6] =
    [&CALL_ONCE, &CALL_UNKNOWN, &CALL_KEY, &CALL_NOT_REPEATED, &CALL_RAW, &CALL_PARAMETER];

/// Paths that lead elsewhere, or may be read in two ways.
const ELSEWHERE: [&str; 12] = [
    "https://elsewhere.example/get",
    "//elsewhere.example/get",
    "/\\elsewhere.example/get",
    "@elsewhere.example/get",
    "/../get",
    "/a/../../get",
    "/a/%2e%2e/%2e%2e/get",
    "/a//get",
    "/get?name=value",
    "/get#part",
    "/get\r\nhost: elsewhere.example",
    "",
];

/// Looks at calls by path. Which paths there are is seen in what the element asks by itself.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    if !trial.can("vendor.call") {
        trial.findings.skip(&OF_CALLS, "the element makes no calls by path");
        return Ok(());
    }
    let element = trial.element("vendor-call")?;
    if complete(trial, &element).await.is_none() {
        return Ok(());
    }
    let _ = trial.ask(element.check_connection()).await;
    sign_in::made_up(trial, &element).await;
    elsewhere(trial, &element).await;
    let reached = reached(trial, &element).await;
    tokens(trial, &element, reached.as_ref().map(|(origin, _)| &**origin)).await;
    let Some((_, path)) = reached else {
        trial.findings.skip(&NEEDS_A_PATH, "no path that the element asks by GET is taken by vendor.call");
        return Ok(());
    };
    under_a_key(trial, &element, &path).await;
    answer_is_lost(trial, &element, &path).await;
    parameters(trial, &element, &path).await;
    Ok(())
}

fn get(path: &str, query: &[(&str, &str)], key: Option<&str>) -> ApiRequest {
    let parameter = |(name, value): &(&str, &str)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() };
    ApiRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.iter().map(parameter).collect(),
        payload: None,
        idempotency_key: key.map(str::to_owned),
    }
}

fn says(text: &str) -> VendorBehaviour {
    let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
    VendorBehaviour::Says { status: 200, headers, body: text.to_owned() }
}

fn is(body: &Body, text: &str) -> bool {
    match body {
        Body::Text(found) => found == text,
        Body::Bytes(found) => found == text.as_bytes(),
        Body::Base64(found) => *found == STANDARD.encode(text),
    }
}

/// The path as a caller may write it: the API may lie below a path of its own.
fn suffixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[at..])
}

/// Where the API lies, and a path of it that may be called.
async fn reached(trial: &Trial, element: &Element) -> Option<(String, String)> {
    for place in trial.platform.places_of_gets() {
        for suffix in suffixes(&place.path) {
            trial.platform.set_behaviour(says("conform"));
            let before = trial.platform.calls_of(&place);
            // What comes of it is looked at later.
            let _ = trial.ask(element.call_vendor(&get(suffix, &[], None))).await;
            trial.platform.set_behaviour(VendorBehaviour::Itself);
            if trial.platform.calls_of(&place) > before {
                return Some((place.origin.clone(), suffix.to_owned()));
            }
        }
    }
    None
}

async fn elsewhere(trial: &Trial, element: &Element) {
    for path in ELSEWHERE {
        let before = trial.platform.counts().requests;
        let what = format!("the path {path:?}");
        trial.refused(&CALL_INSIDE, &what, &["invalid-argument"], element.call_vendor(&get(path, &[], None))).await;
        let requests = trial.platform.counts().requests - before;
        trial.expect(&CALL_INSIDE, requests == 0, || format!("{what} sent {requests} requests"));
    }
}

/// `origin` is where the API lies, as far as that was seen: what answers a token elsewhere has no path there to be refused.
async fn tokens(trial: &Trial, element: &Element, origin: Option<&str>) {
    let calls = trial.platform.calls_for_secrets();
    if calls.is_empty() {
        trial.findings.skip(&[&CALL_TOKENS], "the vendor was not seen to answer a token or to take a code");
    }
    for (method, place) in calls {
        let mut is_refused = origin.is_some_and(|origin| origin != place.origin);
        let before = trial.platform.calls_of(&place);
        for suffix in suffixes(&place.path) {
            let payload = (method == "POST").then(|| Payload::Json("{}".to_owned()));
            let request = ApiRequest { method: method.clone(), payload, ..get(suffix, &[], None) };
            if let Some(Err(error)) = trial.ask(element.call_vendor(&request)).await {
                is_refused |= organisation_host::reason_name(&error.reason) == "invalid-argument";
            }
        }
        let calls = trial.platform.calls_of(&place) - before;
        trial.expect(&CALL_TOKENS, is_refused && calls == 0, || format!("{method} {place:?} was called {calls} times"));
    }
}

async fn under_a_key(trial: &Trial, element: &Element, path: &str) -> Option<()> {
    let call = async |key, text: &str, query: &[(&str, &str)]| {
        trial.platform.set_behaviour(says(text));
        let before = trial.platform.counts().requests;
        let answer = trial.ask(element.call_vendor(&get(path, query, key))).await;
        trial.platform.set_behaviour(VendorBehaviour::Itself);
        (answer, trial.platform.counts().requests - before)
    };
    let (first, _) = call(Some("conform-1"), "conform 1", &[]).await;
    let is_raw = matches!(&first, Some(Ok(response)) if response.status == 200 && is(&response.body, "conform 1"));
    trial.expect(&CALL_RAW, is_raw, || format!("the vendor said \"conform 1\" as plain text, found {first:?}"));
    let (again, requests) = call(Some("conform-1"), "conform 2", &[]).await;
    trial.expect(&CALL_ONCE, again == first && requests == 0, || {
        format!("at first {first:?}, then under the same key {again:?} with {requests} requests")
    });
    let (other, requests) = call(Some("conform-2"), "conform 2", &[]).await;
    let is_anew = matches!(&other, Some(Ok(response)) if is(&response.body, "conform 2"));
    trial.expect(&CALL_ONCE, is_anew && requests > 0, || format!("under another key: {other:?}, {requests} requests"));

    let long = "k".repeat(129);
    for (key, what) in [("conform-1", "the key of another call"), ("", "an empty key"), (&long, "a key of 129 bytes")] {
        let (answer, requests) = call(Some(key), "conform 3", &[("conform", "another")]).await;
        let is_refused =
            matches!(&answer, Some(Err(error)) if organisation_host::reason_name(&error.reason) == "invalid-argument");
        trial.expect(&CALL_KEY, is_refused && requests == 0, || format!("{what}: {answer:?}, {requests} requests"));
    }
    Some(())
}

/// The vendor takes a call, and nobody hears of it.
async fn answer_is_lost(trial: &Trial, element: &Element, path: &str) {
    let request = get(path, &[], Some("conform-lost"));
    trial.platform.set_behaviour(VendorBehaviour::Silent);
    let before = trial.platform.counts().requests;
    let lost = trial.ask(element.call_vendor(&request)).await;
    let requests = trial.platform.counts().requests - before;
    trial.platform.set_behaviour(VendorBehaviour::Itself);
    trial.expect(&CALL_NOT_REPEATED, requests == 1 && matches!(lost, Some(Err(_))), || {
        format!("without an answer: {requests} requests and {lost:?}")
    });
    let before = trial.platform.counts().requests;
    trial
        .refused(&CALL_UNKNOWN, "a call without an answer, repeated", &["conflict"], element.call_vendor(&request))
        .await;
    let requests = trial.platform.counts().requests - before;
    trial.expect(&CALL_UNKNOWN, requests == 0, || format!("a call without an answer, repeated: {requests} requests"));
}

async fn parameters(trial: &Trial, element: &Element, path: &str) {
    let names = trial.platform.token_parameters();
    if names.is_empty() {
        trial.findings.skip(&[&CALL_PARAMETER], "the token was seen in no parameter");
    }
    for name in names {
        let before = trial.platform.counts().requests;
        let request = get(path, &[(&name, "conform-another-token")], None);
        let what = format!("the parameter {name}");
        trial.refused(&CALL_PARAMETER, &what, &["invalid-argument"], element.call_vendor(&request)).await;
        let requests = trial.platform.counts().requests - before;
        trial.expect(&CALL_PARAMETER, requests == 0, || format!("{what} went out with {requests} requests"));
    }
}
