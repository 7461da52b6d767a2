//! Tickets of the JS-SDK (doc 90506).

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::call::Call;
use crate::behaviour::Rate;
use crate::tickets::{JS_TICKET_LIFETIME, Owner};

/// Fetches of the corp and of each app within an hour; both tickets count together (fact sheet section 13, point 25).
const OF_CORP: u64 = 400;
const OF_APP: u64 = 100;
const COUNTED: &str = "js-ticket";

/// `get_jsapi_ticket`: the corp's.
pub(crate) fn of_corp(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    answer(call, None)
}

/// `ticket/get`: the app's, of the only type there is.
pub(crate) fn of_app(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    if call.query("type") != Some("agent_config") {
        return Err(91040.into());
    }
    let app = call.app()?.id;
    answer(call, Some(app))
}

fn answer(call: &mut Call<'_>, owner: Owner) -> Result<Answer, Refusal> {
    let (app, now) = (call.app()?.id.to_string(), call.world.now());
    let world = &mut *call.world;
    for (scope, calls) in [("", OF_CORP), (app.as_str(), OF_APP)] {
        if !world.rates.admit_one(Rate::per_hour(calls), COUNTED, scope, now) {
            return Err(45009.into());
        }
    }
    let (ticket, left) = world.tickets.get(owner, now, &mut world.random);
    let remaining = world.behaviour.switches.remaining_lifetime;
    let expires_in = if remaining { left / 1000 } else { JS_TICKET_LIFETIME.as_secs() };
    Ok(Answer::ok(vec![("ticket", Value::from(ticket.reveal())), ("expires_in", Value::from(expires_in))]))
}
