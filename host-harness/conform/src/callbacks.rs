//! What the vendor sends: a handler asks nobody, believes nobody, and gives the events of a delivery once.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    promise::{
        DELIVERY_ONCE, FOLLOW_UP_REPEATS, FOLLOW_UP_UNKNOWN, HANDLER_ASKS_NOBODY, HANDLER_STRANGER, Promise,
        ROUTE_UNKNOWN,
    },
    sync::complete,
    trial::Trial,
};
use organisation_host::{
    Element, ElementError,
    contract::{
        callbacks::{FollowUpTask, Handled, IncomingRequest},
        types::{Body, Header, Reason},
    },
};

const OF_CALLBACKS: [&Promise; 6] =
    [&HANDLER_ASKS_NOBODY, &HANDLER_STRANGER, &ROUTE_UNKNOWN, &DELIVERY_ONCE, &FOLLOW_UP_REPEATS, &FOLLOW_UP_UNKNOWN];
/// Follow-ups of follow-ups end within so many rounds.
const MOST_ROUNDS: u32 = 20;

/// Looks at callbacks, and at deliveries where some were given.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    if !trial.offers("callbacks") {
        trial.findings.skip(&OF_CALLBACKS, "the element takes no callbacks");
        return Ok(());
    }
    let element = trial.element("callbacks")?;
    if complete(trial, &element).await.is_none() {
        return Ok(());
    }
    let unknown =
        FollowUpTask { kind: "conform-no-such-kind".to_owned(), subject: "conform".to_owned(), not_before: None };
    trial.refused(&FOLLOW_UP_UNKNOWN, "a kind of nobody", &["unsupported"], element.follow_up(&unknown)).await;
    let unknown_route = request("conform-no-such-route", "POST", "", Some(Body::Text("conform".to_owned())));
    trial.refused(&ROUTE_UNKNOWN, "a route of nobody", &["not-found"], element.handle_callback(&unknown_route)).await;
    if trial.validation.routes.is_empty() {
        let why = "the configuration names no route";
        trial.findings.skip(&[&HANDLER_ASKS_NOBODY, &HANDLER_STRANGER, &DELIVERY_ONCE, &FOLLOW_UP_REPEATS], why);
        return Ok(());
    }
    for route in &trial.validation.routes {
        unauthenticated_requests(trial, &element, &route.name).await;
    }
    if trial.subject.samples.deliveries.is_empty() {
        trial.findings.skip(&[&DELIVERY_ONCE, &FOLLOW_UP_REPEATS], "no sample of a delivery was given");
    }
    for delivery in &trial.subject.samples.deliveries {
        delivered(trial, &element, delivery).await;
    }
    Ok(())
}

fn request(route: &str, method: &str, query: &str, body: Option<Body>) -> IncomingRequest {
    let (route, method, query) = (route.to_owned(), method.to_owned(), query.to_owned());
    IncomingRequest { route, method, query, headers: Vec::new(), body }
}

/// Hands a request over, and looks whether anybody is asked.
async fn handle(
    trial: &Trial,
    element: &Element,
    request: &IncomingRequest,
) -> Option<Result<Handled, organisation_host::contract::types::Error>> {
    let before = trial.platform.counts().requests;
    let answer = trial.ask(element.handle_callback(request)).await;
    let requests = trial.platform.counts().requests - before;
    trial.expect(&HANDLER_ASKS_NOBODY, requests == 0, || format!("`handle` sent {requests} requests"));
    answer
}

/// A request that is not the vendor's gets an answer, and nothing comes of it.
async fn unauthenticated(trial: &Trial, element: &Element, what: &str, request: &IncomingRequest) {
    let Some(answer) = handle(trial, element, request).await else { return };
    let is_kept = matches!(&answer, Ok(Handled { response, events, follow_ups })
        if events.is_empty() && follow_ups.is_empty() && (400..500).contains(&response.status));
    trial.expect(&HANDLER_STRANGER, is_kept, || format!("{what}: {answer:?}"));
}

async fn unauthenticated_requests(trial: &Trial, element: &Element, route: &str) {
    // Always the same, so that whatever is found is found again.
    let random = |length: usize, mut seed: u32| -> Vec<u8> {
        let next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    for (number, length) in (0..).zip([0, 1, 16, 255, 4_096, 1 << 20]) {
        let body = Body::Bytes(random(length, number));
        unauthenticated(trial, element, &format!("{length} bytes of chance"), &request(route, "POST", "", Some(body)))
            .await;
    }
    let queries = ["", "&&==%", "a=%ZZ&b=\u{0}", "signature=x&timestamp=0&nonce=0&echostr=x"];
    let bodies = ["", "{}", "<xml></xml>", "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>", "{\"a\":"];
    for method in ["GET", "POST", "DELETE", ""] {
        for query in queries {
            unauthenticated(trial, element, &format!("{method:?} of {query:?}"), &request(route, method, query, None))
                .await;
        }
        for body in bodies {
            let text = Some(Body::Text(body.to_owned()));
            unauthenticated(trial, element, &format!("{method:?} with {body:?}"), &request(route, method, "", text))
                .await;
        }
    }
    let deep = Some(Body::Text("<a>".repeat(50_000)));
    unauthenticated(trial, element, "a deep document", &request(route, "POST", "", deep)).await;
    let deep = Some(Body::Text("[".repeat(50_000)));
    unauthenticated(trial, element, "a deep list", &request(route, "POST", "", deep)).await;
}

/// A delivery of the vendor: forged, genuine, and repeated.
async fn delivered(trial: &Trial, element: &Element, delivery: &IncomingRequest) -> Option<()> {
    let route = trial.validation.routes.iter().find(|route| route.name == delivery.route);
    for (what, forged) in forged(delivery, route.map_or(&[][..], |route| &route.headers)) {
        unauthenticated(trial, element, &what, &forged).await;
    }
    trial.platform.let_store_fail(true);
    trial.refused(&DELIVERY_ONCE, "without a store", &["unavailable"], element.handle_callback(delivery)).await;
    trial.platform.let_store_fail(false);
    let first = handle(trial, element, delivery).await?;
    let again = handle(trial, element, delivery).await?;
    let (Ok(first), Ok(again)) = (&first, &again) else {
        trial.findings.broken(&DELIVERY_ONCE, format!("a delivery of the vendor: {first:?}, then {again:?}"));
        return None;
    };
    // Its bytes may differ: an answer that is encrypted has salt.
    let is_answered = again.response.status == first.response.status;
    let is_once = !first.events.is_empty() && again.events.is_empty() && is_answered;
    trial.expect(&DELIVERY_ONCE, is_once, || format!("at first {first:?}, then {again:?}"));
    let mut tasks = first.follow_ups.clone();
    for _ in 0..MOST_ROUNDS {
        let mut further = BTreeMap::new();
        for task in &tasks {
            let mut was_done = false;
            for what in ["at first", "repeated"] {
                match trial.ask(element.follow_up(task)).await? {
                    // Equal kind and subject are one task.
                    Ok(left) => {
                        was_done = true;
                        further.extend(left.into_iter().map(|task| ((task.kind.clone(), task.subject.clone()), task)));
                    }
                    Err(error) => {
                        let is_known = error.reason != Reason::Unsupported;
                        let is_kept = is_known && (!was_done || may_be_repeated(&error.reason));
                        trial.expect(&FOLLOW_UP_REPEATS, is_kept, || format!("{what}: its own {task:?}: {error:?}"));
                    }
                }
                trial.expect(&FOLLOW_UP_REPEATS, true, String::new);
            }
        }
        if further.is_empty() {
            return Some(());
        }
        tasks = further.into_values().collect();
    }
    trial.findings.broken(&FOLLOW_UP_REPEATS, format!("after {MOST_ROUNDS} rounds there are still {tasks:?}"));
    None
}

/// Whether a host hands a follow-up over again that failed for this reason.
fn may_be_repeated(reason: &Reason) -> bool {
    matches!(reason, Reason::Unavailable | Reason::RateLimited | Reason::BudgetExhausted | Reason::Conflict)
}

/// The same delivery with something changed that the vendor signed: in its query, its body, or the headers of this name.
fn forged(delivery: &IncomingRequest, named: &[String]) -> Vec<(String, IncomingRequest)> {
    let mut forged =
        vec![("without its query".to_owned(), IncomingRequest { query: String::new(), ..delivery.clone() })];
    let pairs: Vec<&str> = delivery.query.split('&').collect();
    for (place, pair) in pairs.iter().enumerate() {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let other: String = value.chars().rev().collect();
        for changed in [format!("{name}={other}x"), format!("{name}=")] {
            let mut pairs = pairs.clone();
            pairs[place] = &changed;
            let query = pairs.join("&");
            forged.push((format!("with {changed:?} in its query"), IncomingRequest { query, ..delivery.clone() }));
        }
    }
    for name in named {
        let is_it = |header: &Header| header.name.eq_ignore_ascii_case(name);
        let (mut other, mut without) = (delivery.clone(), delivery.clone());
        other.headers.iter_mut().filter(|header| is_it(header)).for_each(|header| header.value.push('x'));
        without.headers.retain(|header| !is_it(header));
        forged.push((format!("with another {name}"), other));
        forged.push((format!("without {name}"), without));
    }
    let body = delivery.body.as_ref().and_then(with_a_letter_more);
    if body.is_some() {
        forged.push(("with a letter more in its body".to_owned(), IncomingRequest { body, ..delivery.clone() }));
    }
    // What a delivery has not, a vendor cannot have signed.
    forged.retain(|(_, forged)| forged != delivery);
    forged
}

/// The same body with a letter more in its middle. Nothing where it is no base64, though it says so.
fn with_a_letter_more(body: &Body) -> Option<Body> {
    let longer = |bytes: &[u8]| {
        let (begin, end) = bytes.split_at(bytes.len() / 2);
        [begin, b"A", end].concat()
    };
    Some(match body {
        Body::Text(text) => {
            let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            let (begin, end) = text.split_at(middle);
            Body::Text(format!("{begin}A{end}"))
        }
        Body::Bytes(bytes) => Body::Bytes(longer(bytes)),
        Body::Base64(text) => Body::Base64(STANDARD.encode(longer(&STANDARD.decode(text).ok()?))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgery_differs_from_what_the_vendor_sent() {
        let bodies =
            [Body::Text("{\"名\":1}".to_owned()), Body::Bytes(b"{}".to_vec()), Body::Base64(STANDARD.encode("{}"))];
        for body in bodies {
            for (query, forgeries) in [("", 1), ("a=1&aa=1", 6), ("a=", 3)] {
                let mut delivery = request("route", "POST", query, Some(body.clone()));
                delivery.headers = vec![Header { name: "X-Signature".to_owned(), value: "1".to_owned() }];
                let forged = forged(&delivery, &["x-signature".to_owned(), "x-timestamp".to_owned()]);
                assert_eq!(forged.len(), forgeries + 2, "{forged:?}");
                assert!(forged.iter().all(|(_, forged)| *forged != delivery), "{forged:?}");
                assert!(forged.iter().any(|(_, forged)| forged.body != delivery.body), "{forged:?}");
            }
        }
        let nothing = request("route", "GET", "", None);
        assert!(forged(&nothing, &[]).is_empty());
    }
}
