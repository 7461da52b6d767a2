//! What is remembered of an exchange for 30 seconds, sealed: that it is under way, and then how it ended.
//!
//! Browsers and the vendors' clients ask for a callback page twice, while a code works once; the memory lets the second
//! request have the answer of the first. It lies under a fingerprint of organisation, code, state and browser binding.

use serde::{Deserialize, Serialize};

use crate::{
    config::Common,
    contract::{
        login::{Exchange, ExchangeRequest, Outcome},
        storage::{Entry, Op},
    },
    directory::id::IdRule,
    failure::Failure,
    fingerprint,
    platform::Platform,
    store,
};

/// How long an exchange is remembered, from its beginning.
pub(super) const LIFE_MS: u64 = 30_000;
const PREFIX: &str = "login-exchange/";
/// Exchanges that are read together.
const PAGE: u32 = 500;

/// An exchange in storage. No `Debug`: it can hold what a member consented to.
#[derive(Serialize, Deserialize)]
pub(super) enum CachedExchange {
    /// Somebody is at it. When this vanishes without an end, that somebody has died.
    Pending {
        /// Tells the owner its own record when a write ended without an answer.
        holder: String,
        started_at_ms: u64,
    },
    Done(Box<Exchange>),
    /// It ended badly, and the code is spent.
    Failed(Failure),
}

pub(super) fn key(common: &Common, request: &ExchangeRequest) -> String {
    let organisation = common.ids.key(&common.organisation);
    let state = request.state.as_deref().unwrap_or_default();
    let parts = ["exchange", &organisation, &request.code, state];
    let parts: Vec<_> = parts.into_iter().chain(request.browser_binding.as_deref()).collect();
    format!("{PREFIX}{}", fingerprint::of(&parts))
}

/// Deletes what is remembered of sign-ins of a member: it says whose they were, with roles and what they consented to.
pub(crate) fn forget(platform: &dyn Platform, ids: IdRule, id: &str) -> Result<(), Failure> {
    let is_theirs = |entry: &&Entry| match serde_json::from_str(&entry.value) {
        Ok(CachedExchange::Done(exchange)) => {
            matches!(&exchange.outcome, Outcome::Member(member) if ids.key(&member.id) == ids.key(id))
        }
        _ => false,
    };
    let mut after: Option<String> = None;
    loop {
        let page = platform.scan(PREFIX, after.as_deref(), PAGE)?;
        let ops: Vec<Op> =
            page.entries.iter().filter(is_theirs).map(|entry| store::delete(entry.key.as_str())).collect();
        if !ops.is_empty() {
            platform.apply(&ops)?;
        }
        after = page.entries.into_iter().next_back().map(|entry| entry.key);
        if !page.more || after.is_none() {
            return Ok(());
        }
    }
}
