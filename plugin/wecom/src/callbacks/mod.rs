//! What WeCom sends by itself (docs 90238 to 90241, 90930, 90967 to 90973): a check of the address, and deliveries
//! of events and messages.
//!
//! Data flows one way: [`query`] and [`envelope`] take a request apart, [`proof`] opens what WeCom signed and encrypted,
//! [`fields`] reads the message in it, [`event`] says what happened, [`follow_up`] what is to be done, and [`reply`] what the member
//! gets at once. Whatever cannot be
//! proven to be WeCom's gets one short answer that does not say why; the log says it.

mod approval;
mod envelope;
mod event;
mod fields;
mod follow_up;
mod proof;
mod query;
pub(crate) mod reached;
mod reply;
#[cfg(test)]
mod tests;

use organisation_kit::{
    callbacks::{is_first, refused},
    contract::{
        callbacks::{Handled, Happening, IncomingRequest, OutgoingResponse},
        log::Level,
        types::Body,
    },
    directory::follow_up::task,
    failure,
    failure::Failure,
    fingerprint,
    platform::Platform,
};

use self::{
    fields::Fields,
    proof::{NotProven, Proven},
};
use crate::{
    approvals::to_do,
    config::{
        Callback, Config,
        field::{APP_ROUTE, CONTACTS},
    },
};

impl Config {
    /// The routes that are configured, with when WeCom was seen on each.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) fn routes(&self, platform: &dyn Platform) -> Result<Vec<(&'static str, Option<u64>)>, Failure> {
        let configured = [APP_ROUTE, CONTACTS].into_iter().filter_map(|route| Some((route, self.callback_of(route)?)));
        configured.map(|(route, callback)| Ok((route, reached::at(platform, route, callback)?))).collect()
    }

    fn callback_of(&self, route: &str) -> Option<&Callback> {
        match route {
            APP_ROUTE => self.callback.as_ref(),
            CONTACTS => self.contact_callback.as_ref(),
            _ => None,
        }
    }
}

/// See `callbacks.handle` of the contract.
///
/// # Errors
/// `not-found` where the route is not configured; where the store fails.
pub(crate) fn handle(platform: &dyn Platform, config: &Config, request: &IncomingRequest) -> Result<Handled, Failure> {
    let route = request.route.as_str();
    let Some(callback) = config.callback_of(route) else { return Err(no_route(route)) };
    let proven = match proof::open(callback, config.corp_id(), request, platform.now_ms()) {
        Ok(proven) => proven,
        Err(NotProven(why)) => {
            platform.log(Level::Warn, "a request to a route is not WeCom's", &[("route", route), ("why", why)]);
            return Ok(refused());
        }
    };
    reached::note(platform, route, callback)?;
    match proven {
        Proven::Check(text) => {
            platform.log(Level::Info, "WeCom has checked the address of a route", &[("route", route)]);
            let response = OutgoingResponse { status: 200, body: body(text) };
            Ok(Handled { response, events: Vec::new(), follow_ups: Vec::new() })
        }
        Proven::Delivery(message) => delivered(platform, config, callback, request, &message),
    }
}

/// What comes of a message that is WeCom's, whatever is in it: asking for it again would bring the same.
fn delivered(
    platform: &dyn Platform,
    config: &Config,
    callback: &Callback,
    request: &IncomingRequest,
    message: &[u8],
) -> Result<Handled, Failure> {
    let route = request.route.as_str();
    let acknowledged = OutgoingResponse { status: 200, body: Body::Text(String::new()) };
    let text = str::from_utf8(message).ok();
    let Some((text, fields)) = text.and_then(|text| Fields::parse(text).map(|fields| (text, fields))) else {
        platform.log(Level::Warn, "a delivery of WeCom cannot be read", &[("route", route)]);
        return Ok(Handled { response: acknowledged, events: Vec::new(), follow_ups: Vec::new() });
    };
    // Of the whole message: sender and second are the same in events that differ.
    let id = fingerprint::of(&["callback", route, text]);
    let event = event::read(&fields, id, platform.now_ms());
    let mut follow_ups = follow_up::of(&event, &fields);
    // Looked up before the event is taken: where the store fails, the vendor sends it again.
    if let Happening::Approval(change) = &event.happening
        && to_do::is_stored(platform, config, &change.number)?
    {
        follow_ups.push(task(to_do::UPDATE_TO_DO, &change.number));
    }
    // Whoever asks again did not get the answer.
    let response = match reply::to(platform, config, callback, request, &event) {
        Some(reply) => OutgoingResponse { status: 200, body: Body::Text(reply) },
        None => acknowledged,
    };
    let is_first = is_first(platform, &event.id)?;
    let events = if is_first { vec![event] } else { Vec::new() };
    Ok(Handled { response, events, follow_ups })
}

/// Exactly the message: a line feed or a mark after it would fail the check.
fn body(text: Vec<u8>) -> Body {
    String::from_utf8(text).map_or_else(|error| Body::Bytes(error.into_bytes()), Body::Text)
}

fn no_route(route: &str) -> Failure {
    failure! { NotFound:
    "没有配置接收地址 {route:?}", "no route {route:?} is configured";
    "请在元素配置中填写 callback 或 contactCallback 的 token 与 encodingAESKey",
    "fill in token and encodingAESKey of callback or contactCallback in the configuration of the element" }
}
