//! Signing in: URLs and states, the exchange of codes, and how often a code is sent.

use std::{collections::HashMap, time::Duration};

use organisation_host::{
    Element, ElementError,
    contract::{
        login::{Authorization, AuthorizationRequest, Entry, ExchangeRequest, Identity, Outcome},
        types::Reason,
    },
};
use url::Url;

use super::{
    platform::{Cut, VendorBehaviour},
    promise::{BINDING, CODE_ONCE, HOMEPAGE, Promise, REDIRECT, REPEATED, RETURN_TO, SPENT, STATE, STATE_EXPIRES},
    trial::{Trial, shown},
};

const RETURN: &str = "/apps/1?x=2";
const TEN_MINUTES_MS: u64 = 600_000;
/// A state may be stored a little before or after its URL is answered.
const SLACK_MS: u64 = 30_000;
/// An exchange is cut off at so many places at most.
const MOST_CUTS: u64 = 24;
/// Longer than any call that was cut off keeps others waiting.
const LEASES_OVER: Duration = Duration::from_secs(60);

/// What vendors call the code in the address to which they send the browser.
const CODE_NAMES: [&str; 3] = ["code", "auth_code", "authCode"];
/// What is looked at through the door of a browser.
const OF_A_BROWSER: [&Promise; 8] =
    [&STATE, &STATE_EXPIRES, &REDIRECT, &RETURN_TO, &BINDING, &REPEATED, &SPENT, &CODE_ONCE];
/// What needs somebody who signs in.
const NEEDS_A_PERSON: [&Promise; 2] = [&REPEATED, &BINDING];

/// Looks at sign-in.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    let element = trial.element("sign-in")?;
    if let Some(Err(error)) = trial.ask(element.authorization_url(&browser())).await
        && error.reason == Reason::Unsupported
    {
        trial.findings.skip(&OF_A_BROWSER, "the element has no sign-in from a browser");
        return Ok(());
    }
    urls(trial, &element).await;
    homepage(trial, &element).await;
    codes_of_nobody(trial, &element).await;
    if trial.subject.person.is_none() {
        trial.findings.skip(&NEEDS_A_PERSON, "nobody signs in: no person was given");
        return Ok(());
    }
    exchange(trial, &element).await;
    binding(trial, &element).await;
    at_once(trial, &element).await;
    vendor_is_silent(trial, &element).await;
    cut_off(trial, &element).await;
    Ok(())
}

fn browser() -> AuthorizationRequest {
    AuthorizationRequest::new(Entry::Browser)
}

async fn urls(trial: &Trial, element: &Element) {
    let before = trial.now_ms();
    let mut states = Vec::new();
    for _ in 0..2 {
        let Some(Authorization { state, expires_at, url }) =
            trial.demand(&STATE, element.authorization_url(&browser())).await
        else {
            return;
        };
        let is_text = state.len() >= 16 && state.bytes().all(|byte| byte.is_ascii_alphanumeric());
        trial.expect(&STATE, is_text && !states.contains(&state), || {
            format!("found the state {state:?} after {states:?}")
        });
        trial.expect(&STATE, Url::parse(&url).is_ok(), || format!("found the URL {url:?}"));
        let lifetime = expires_at.saturating_sub(before);
        trial.expect(&STATE_EXPIRES, lifetime.abs_diff(TEN_MINUTES_MS) <= SLACK_MS, || {
            format!("a state expires after {lifetime} ms")
        });
        states.push(state);
    }
    let expected = ["invalid-argument"];
    for address in ["https://elsewhere.example/callback", "javascript:alert(1)", "nonsense", ""] {
        let request = AuthorizationRequest { redirect_uri: Some(address.to_owned()), ..browser() };
        trial.refused(&REDIRECT, &format!("to {address:?}"), &expected, element.authorization_url(&request)).await;
    }
    for path in
        ["https://elsewhere.example/", "//elsewhere.example/x", "/\\elsewhere.example", "javascript:alert(1)", "x"]
    {
        let request = AuthorizationRequest { return_to: Some(path.to_owned()), ..browser() };
        trial.refused(&RETURN_TO, &format!("to {path:?}"), &expected, element.authorization_url(&request)).await;
    }
}

async fn homepage(trial: &Trial, element: &Element) {
    if !trial.can("login.homepage-url") {
        trial.findings.skip(&[&HOMEPAGE], "the element has no home page URL");
        return;
    }
    let before = trial.platform.counts();
    // Whether the target is on a trusted host is not known here: an error stores nothing either.
    if trial.ask(element.homepage_url("https://elsewhere.example/")).await.is_some() {
        let after = trial.platform.counts();
        trial.expect(&HOMEPAGE, before == after, || format!("it wrote or sent something: {before:?}, then {after:?}"));
    }
}

/// Codes that no vendor gave out.
async fn codes_of_nobody(trial: &Trial, element: &Element) {
    let spent = ["login-rejected"];
    let code = |number: u32| format!("conform-made-up-code-{number}");
    let unknown = ExchangeRequest::new(code(1), "conformUnknownState1234");
    trial.platform.watch_code(&unknown.code);
    trial.refused(&SPENT, "a state that nobody made", &spent, element.exchange_code(&unknown)).await;
    let sent = trial.platform.sendings(&unknown.code);
    trial.expect(&SPENT, sent == 0, || "the code of an unknown state was sent to the vendor".to_owned());

    let Some(authorization) = trial.demand(&STATE, element.authorization_url(&browser())).await else { return };
    trial.let_pass(Duration::from_secs(11 * 60));
    let late = ExchangeRequest::new(code(2), authorization.state);
    trial.refused(&STATE_EXPIRES, "a state of eleven minutes ago", &spent, element.exchange_code(&late)).await;

    made_up(trial, element).await;
}

/// A code that the vendor refuses.
pub(super) async fn made_up(trial: &Trial, element: &Element) {
    let Some(Ok(authorization)) = trial.ask(element.authorization_url(&browser())).await else { return };
    let made_up = ExchangeRequest::new("conform-made-up-code-3", authorization.state);
    trial.platform.watch_code(&made_up.code);
    for _ in 0..2 {
        if let Some(Ok(exchange)) = trial.ask(element.exchange_code(&made_up)).await {
            trial.findings.broken(&SPENT, format!("a made-up code signed somebody in: {exchange:?}"));
        }
    }
    sent_once(trial, &made_up, "a code that the vendor refuses, repeated");
}

fn sent_once(trial: &Trial, request: &ExchangeRequest, what: &str) {
    let sent = trial.platform.sendings(&request.code);
    trial.expect(&CODE_ONCE, sent <= 1, || format!("{what}: the code was sent {sent} times"));
}

/// A person goes through the page of a URL for this request.
async fn arrive(trial: &Trial, element: &Element, request: &AuthorizationRequest) -> Option<ExchangeRequest> {
    let authorization = trial.demand(&STATE, element.authorization_url(request)).await?;
    let person = trial.subject.person.as_ref()?;
    let address = match person.sign_in(&authorization.url).await {
        Ok(address) => address,
        Err(reason) => {
            trial.findings.skip(&NEEDS_A_PERSON, format!("nobody signs in: {reason}"));
            return None;
        }
    };
    let url = Url::parse(&address).ok();
    let pairs: HashMap<String, String> = url.iter().flat_map(|url| url.query_pairs().into_owned()).collect();
    let code = CODE_NAMES.iter().find_map(|name| pairs.get(*name));
    let (Some(code), Some(state)) = (code, pairs.get("state")) else {
        trial.findings.skip(
            &NEEDS_A_PERSON,
            format!("the vendor sent the browser back without a code or a state: {:?}", pairs.keys()),
        );
        return None;
    };
    trial.platform.watch_code(code);
    Some(ExchangeRequest::new(code, state))
}

/// Who comes in where somebody signs in who is a member.
pub(super) async fn somebody(trial: &Trial, element: &Element) -> Option<Identity> {
    trial.subject.person.as_ref()?;
    let arrival = arrive(trial, element, &browser()).await?;
    match trial.ask(element.exchange_code(&arrival)).await?.ok()?.outcome {
        Outcome::Member(identity) => Some(identity),
        Outcome::LinkedMember(_) | Outcome::Outsider(_) => None,
    }
}

async fn exchange(trial: &Trial, element: &Element) {
    let request = AuthorizationRequest { return_to: Some(RETURN.to_owned()), ..browser() };
    let Some(arrival) = arrive(trial, element, &request).await else { return };
    let Some(first) = trial.demand(&REPEATED, element.exchange_code(&arrival)).await else { return };
    trial.expect(&RETURN_TO, first.return_to.as_deref() == Some(RETURN), || format!("found {:?}", first.return_to));
    trial.expect(&STATE, first.state_verified, || "a state of its own is not verified".to_owned());
    let before = trial.platform.counts().requests;
    let again = trial.ask(element.exchange_code(&arrival)).await;
    let requests = trial.platform.counts().requests - before;
    trial.expect(&REPEATED, again == Some(Ok(first)) && requests == 0, || {
        format!("the second answer is {again:?}, with {requests} requests")
    });
    trial.let_pass(Duration::from_secs(31));
    let spent = ["login-rejected"];
    trial.refused(&SPENT, "the same half a minute later", &spent, element.exchange_code(&arrival)).await;
    sent_once(trial, &arrival, "repeated");
}

async fn binding(trial: &Trial, element: &Element) {
    let bound = AuthorizationRequest { browser_binding: Some("conform-browser-one".to_owned()), ..browser() };
    for (found, is_admitted) in
        [(None, false), (Some("conform-browser-two"), false), (Some("conform-browser-one"), true)]
    {
        let Some(arrival) = arrive(trial, element, &bound).await else { return };
        let request = ExchangeRequest { browser_binding: found.map(str::to_owned), ..arrival };
        let Some(answer) = trial.ask(element.exchange_code(&request)).await else { return };
        trial.expect(&BINDING, answer.is_ok() == is_admitted, || {
            let found = found.unwrap_or("no browser");
            format!(
                "bound to conform-browser-one, from {found}: {}",
                answer.as_ref().map_or_else(shown, |_| "let in".to_owned())
            )
        });
    }
}

/// Two browsers' requests at the same time.
async fn at_once(trial: &Trial, element: &Element) {
    let Some(arrival) = arrive(trial, element, &browser()).await else { return };
    let (one, other) =
        tokio::join!(trial.ask(element.exchange_code(&arrival)), trial.ask(element.exchange_code(&arrival)));
    trial.expect(&REPEATED, one == other && matches!(one, Some(Ok(_))), || {
        format!("at the same time: one answer is {one:?}, the other {other:?}")
    });
    sent_once(trial, &arrival, "twice at the same time");
}

/// The vendor may have taken the code, and nobody knows what it made of it. Within a call that is no reason to send it again.
async fn vendor_is_silent(trial: &Trial, element: &Element) {
    let Some(arrival) = arrive(trial, element, &browser()).await else { return };
    trial.platform.set_behaviour(VendorBehaviour::Silent);
    let answer = trial.ask(element.exchange_code(&arrival)).await;
    trial.platform.set_behaviour(VendorBehaviour::Itself);
    sent_once(trial, &arrival, "the vendor gave no answer");
    if let Some(Ok(exchange)) = answer {
        trial.findings.broken(&SPENT, format!("without an answer of the vendor somebody is signed in: {exchange:?}"));
    }
}

/// The host dies at each operation of an exchange, and the browser repeats the request.
async fn cut_off(trial: &Trial, element: &Element) {
    for number in 0..MOST_CUTS {
        let Some(arrival) = arrive(trial, element, &browser()).await else { return };
        let cut = Cut { after: number / 2, carried_out: number % 2 == 1 };
        let answer = trial.platform.cut_off_at(cut, trial.ask(element.exchange_code(&arrival))).await;
        let was_cut = answer.is_none();
        trial.let_pass(LEASES_OVER);
        let _ = trial.ask(element.exchange_code(&arrival)).await;
        sent_once(
            trial,
            &arrival,
            &format!("a host that died at operation {} of an exchange, then repeated", cut.after),
        );
        if !was_cut {
            return;
        }
    }
}
