//! `gettoken`, the one call without a token (doc 91039), and the address lists (docs 92520, 92521).

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::call::{Call, Query, query_value};
use crate::credentials::{Caller, TOKEN_LIFETIME};
use crate::world::World;

/// Step 2 of the pipeline: who asks for a token. Checks in the platform's order: 41004, 41002, the one-hour block of
/// the address, 40013, 40001.
pub(crate) fn identify(world: &mut World, query: &Query, address: &str) -> Result<Caller, Refusal> {
    let now = world.now();
    let secret = query_value(query, "corpsecret").ok_or(41004)?;
    let corpid = query_value(query, "corpid").ok_or(41002)?;
    if world.rates.address_blocked(address, now) {
        return Err(45009.into());
    }
    if corpid != world.corp().id() {
        return Err(40013.into());
    }
    let corp = world.corp().clone();
    if let Some(app) = corp.apps().find(|app| app.secret.reveal() == secret && app.enabled) {
        return Ok(Caller::App(app.id));
    }
    if corp.contact_sync().is_some_and(|sync| sync.secret.reveal() == secret) {
        return Ok(Caller::ContactSync);
    }
    let disabled = corp.apps().any(|app| app.secret.reveal() == secret);
    if let Some(allowed) = world.behaviour.switches.wrong_secrets_allowed.filter(|_| !disabled) {
        world.rates.wrong_secret(address, allowed, now);
    }
    Err(40001.into())
}

/// Step 13 for `gettoken`.
pub(crate) fn issue(world: &mut World, caller: Caller) -> Answer {
    let now = world.now();
    let switches = &world.behaviour.switches;
    let (same, remaining) = (switches.same_token, switches.remaining_lifetime);
    let (token, left) = world.credentials.token(caller, now, same, &mut world.random);
    let expires_in = if remaining { left / 1000 } else { TOKEN_LIFETIME.as_secs() };
    Answer::ok(vec![("access_token", Value::from(token.reveal())), ("expires_in", Value::from(expires_in))])
}

/// `get_api_domain_ip` and `getcallbackip`: plain addresses, wildcards and ranges mixed, as documented examples show.
pub(crate) fn addresses(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let addresses = call.world.behaviour.switches.platform_addresses.clone();
    Ok(Answer::ok(vec![("ip_list", Value::from(addresses))]))
}
