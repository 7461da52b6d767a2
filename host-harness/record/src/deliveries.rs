//! Requests of the vendor among the arguments of calls.

use std::collections::BTreeSet;

use organisation_host::recording::RecordedCall;
use serde_json::Value;

use crate::{
    bodies,
    pseudonym::Pseudonyms,
    vendor::{Delivery, Replaced, Seen, VendorFormat},
};

/// The export that is given them.
const FUNCTION: &str = "callbacks.handle";

/// The request of the vendor that a call was given.
fn request(call: &RecordedCall) -> Option<&Value> {
    call.arguments.first().filter(|_| call.function == FUNCTION)
}

fn delivery(request: &Value) -> Delivery {
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    Delivery { method: text("method"), query: text("query"), body: bodies::text(&request["body"]) }
}

/// Looks at the delivery of a call, if it has one.
pub(crate) fn look(call: &RecordedCall, format: &dyn VendorFormat, seen: &mut Seen<'_>) {
    let before = seen.seals;
    if let Some(request) = request(call)
        && format.delivery(&delivery(request), seen).is_none()
    {
        seen.seals = before;
    }
}

/// The arguments of a call with pseudonyms; while they are collected, as they are.
pub(crate) fn arguments(
    call: &RecordedCall,
    format: &dyn VendorFormat,
    secrets: &BTreeSet<String>,
    (pseudonyms, seals): (&mut Pseudonyms, &mut usize),
) -> Vec<Value> {
    let Some(request) = request(call) else { return pseudonyms.arguments(&call.function, &call.arguments) };
    let mut opened = 0;
    let mut contents = Replaced { pseudonyms: &mut *pseudonyms, secrets, seals: &mut opened };
    let delivery = format.delivery(&delivery(request), &mut contents);
    vec![match delivery {
        Some(delivery) => {
            *seals += opened;
            let mut replaced = pseudonyms.request(request);
            replaced["query"] = delivery.query.into();
            if let Some(body) = delivery.body {
                replaced["body"] = bodies::with_text(&request["body"], &body);
            }
            replaced
        }
        None => pseudonyms.request(request),
    }]
}
