//! The order in which a call is judged (fact sheet section 12.1). Synchronous and under the lock: it decides what the
//! answer says; the caller of this module writes it.

use std::net::IpAddr;

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::answer::{Answer, Refusal, trailer};
use super::call::{Call, Query, query_value};
use super::table::{Callers, Endpoint, Form, GET_TOKEN};
use super::token;
use super::view::View;
use crate::clock::millis;
use crate::corp::TrustedAddresses;
use crate::credentials::{Caller, CodeState, TokenState};
use crate::export::Work;
use crate::faults::Effect;
use crate::world::World;

/// A request as the API sees it.
pub(crate) struct Request<'r> {
    /// Path without `/cgi-bin/`.
    pub(crate) api: &'static str,
    /// `None` for `gettoken`.
    pub(crate) endpoint: Option<&'static Endpoint>,
    pub(crate) post: bool,
    pub(crate) query: &'r Query,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
    pub(crate) peer: IpAddr,
    /// Calls of this API under way when this one began, itself included.
    pub(crate) under_way: u32,
}

/// What to send: an answer, and what the faults do to it on the way.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    pub(crate) effects: Vec<Effect>,
    /// What to do once the world is unlocked.
    pub(crate) work: Option<Work>,
}

/// Judges one call.
pub(crate) fn run(world: &mut World, request: &Request<'_>) -> Outcome {
    let address = world.behaviour.switches.seen_address.clone().unwrap_or_else(|| request.peer.to_string());
    let (mut effects, mut work) = (Vec::new(), None);
    let result = judge(world, request, &address, &mut effects, &mut work);
    let quirks = world.behaviour.quirks;
    let now = world.now();
    let mut answer = result.unwrap_or_else(|refusal| {
        let lists = request.endpoint.map_or(&[][..], |endpoint| endpoint.lists);
        let trailer = trailer(&quirks, refusal.code, &address, now, &mut world.random);
        Answer::refused(&refusal, lists, &trailer)
    });
    answer.distort(&quirks);
    Outcome { answer, effects, work }
}

fn judge(
    world: &mut World,
    request: &Request<'_>,
    address: &str,
    effects: &mut Vec<Effect>,
    work: &mut Option<Work>,
) -> Result<Answer, Refusal> {
    let Some(endpoint) = request.endpoint else {
        let caller = token::identify(world, request.query, address)?;
        strike(world, request, address, effects)?;
        return Ok(token::issue(world, caller));
    };
    let caller = check_token(world, request.query)?;
    check_origin(world, caller, address)?;
    if let Some(answer) = strike(world, request, address, effects)? {
        return Ok(answer);
    }
    check_caller(world, endpoint, caller)?;
    let body = match read_body(endpoint, request) {
        Ok(body) => body,
        // Lenient parts of the platform report success, say so in a warning, and do nothing.
        Err(_) if request.post && world.behaviour.switches.lenient_json => return Ok(Answer::warning()),
        Err(refusal) => return Err(refusal),
    };
    let view = View {
        corp: world.corp().clone(),
        range: world.range(caller).ok_or(40014)?,
        caller,
        quirks: world.behaviour.quirks,
    };
    let (query, headers, raw) = (request.query, request.headers, request.body);
    (endpoint.handle)(&mut Call { world, view, query, headers, raw, body, work })
}

/// Steps 3 to 5: the token stands in the query, nowhere else.
fn check_token(world: &World, query: &Query) -> Result<Caller, Refusal> {
    let token = query_value(query, "access_token").ok_or(41001)?;
    match world.credentials.token_state(token, world.now()) {
        TokenState::Unknown => Err(40014.into()),
        TokenState::Expired => Err(world.behaviour.switches.expired_token.into()),
        TokenState::Valid(caller) => Ok(caller),
    }
}

/// Steps 6 and 7: the app is enabled, the address trusted.
fn check_origin(world: &World, caller: Caller, address: &str) -> Result<(), Refusal> {
    let trusted = match caller {
        Caller::App(id) => {
            let app = world.corp().app(id).ok_or(40014)?;
            if !app.enabled {
                return Err(50003.into());
            }
            &app.trusted_addresses
        }
        Caller::ContactSync => &world.corp().contact_sync().ok_or(40014)?.trusted_addresses,
    };
    match trusted {
        TrustedAddresses::Any => Ok(()),
        TrustedAddresses::Only(list) if address.parse().is_ok_and(|address| list.contains(&address)) => Ok(()),
        TrustedAddresses::Only(_) => Err(60020.into()),
    }
}

/// Step 8: faults, concurrency, rate limits. `Some` is an answer that ends the call with errcode 0.
fn strike(
    world: &mut World,
    request: &Request<'_>,
    address: &str,
    effects: &mut Vec<Effect>,
) -> Result<Option<Answer>, Refusal> {
    if let Some(answer) = faults(world, request.api, request.query, effects)? {
        return Ok(Some(answer));
    }
    let now = world.now();
    let limits = &world.behaviour.limits;
    if limits
        .concurrency_of
        .get(request.api)
        .copied()
        .or(limits.concurrency)
        .is_some_and(|most| request.under_way > most)
    {
        return Err(45033.into());
    }
    // Neither a code that will be honoured nor a message counts (doc 90312).
    let exempt = request.api.starts_with("message/")
        || request.api.ends_with("getuserinfo")
            && query_value(request.query, "code")
                .is_some_and(|code| matches!(world.credentials.code_state(code, now), CodeState::Fresh));
    if !exempt && !world.rates.admit(&world.behaviour.limits, request.api, address, now) {
        return Err(45009.into());
    }
    Ok(None)
}

/// The faults that strike a call, without any limits. `Some` is an answer that ends the call with errcode 0.
pub(crate) fn faults(
    world: &mut World,
    api: &str,
    query: &Query,
    effects: &mut Vec<Effect>,
) -> Result<Option<Answer>, Refusal> {
    let now = world.now();
    for effect in world.faults.strike(api, query) {
        match effect {
            Effect::Code(code) => return Err(code.into()),
            Effect::Block(length) => world.rates.block(api, now + millis(length)),
            Effect::Warning => return Ok(Some(Answer::warning())),
            effect => {
                // From here on nothing may take effect, but later faults (a delay, say) still add theirs.
                let ends = matches!(
                    effect,
                    Effect::Disconnect { processed: false }
                        | Effect::EdgePage(_)
                        | Effect::Redirect(_)
                        | Effect::HtmlWithOk
                );
                effects.push(effect);
                if ends {
                    return Ok(Some(Answer::ok(Vec::new())));
                }
            }
        }
    }
    Ok(None)
}

/// Step 9: what kind of secret stands behind the token.
fn check_caller(world: &World, endpoint: &Endpoint, caller: Caller) -> Result<(), Refusal> {
    let code = match (endpoint.callers, caller) {
        (Callers::SyncOnly, Caller::App(_)) | (Callers::Apps, Caller::ContactSync) => 48002,
        (Callers::AppsAndOldSync, Caller::ContactSync) if world.behaviour.switches.new_sync_address => 48009,
        _ => return Ok(()),
    };
    Err(code.into())
}

/// Step 10: verb and JSON syntax.
fn read_body(endpoint: &Endpoint, request: &Request<'_>) -> Result<Map<String, Value>, Refusal> {
    if endpoint.form == Form::Query {
        return Ok(Map::new());
    }
    if !request.post {
        return Err(Refusal::form("invalid request method, should be POST"));
    }
    if endpoint.form == Form::Upload {
        return Ok(Map::new());
    }
    serde_json::from_slice(request.body).map_err(|_| Refusal::form("invalid json format"))
}

/// The API of a path below `/cgi-bin/`: its name and its row, which `gettoken` does not have.
pub(crate) fn locate(path: &str) -> Option<(&'static str, Option<&'static Endpoint>)> {
    if path == GET_TOKEN {
        return Some((GET_TOKEN, None));
    }
    super::table::find(path).map(|endpoint| (endpoint.path, Some(endpoint)))
}
