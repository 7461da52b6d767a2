//! The end of a sign-in: a code and a state become an identity, once.
//!
//! The steps, each of them safe to die in:
//!
//! 1. The state is consumed and the exchange written down as pending, in one step. Of two requests with the same code
//!    and state one wins; the other waits for its outcome.
//! 2. The vendor is asked about the code, which spends it.
//! 3. The outcome replaces the pending record for the rest of its 30 seconds, so that a repeated request (browsers and
//!    the vendors' clients repeat callback pages) has the same answer without a second call.
//!
//! When the code may still be good, the state is put back instead, so that the person can reload the page once the
//! trouble is over; a code that was spent all the same is then refused by the vendor. A pending record that vanishes by
//! itself belonged to somebody who died; nobody knows whether the code is spent, so the sign-in starts again.

use serde::de::DeserializeOwned;

use crate::{
    calls::LoginCode,
    config::HomepageState,
    contract::{
        log::Level,
        login::{Exchange, ExchangeRequest},
        storage::{Entry, Op, Outcome, StorageError, Version},
    },
    failure::Failure,
    fingerprint,
    login::{
        argument,
        cached_exchange::{self, CachedExchange},
        identity,
        login_state::{self, LoginState},
        message,
    },
    platform::Platform,
    store::{self, Versioned},
    vendor::{Client, Vendor},
};

/// Rounds of read, wait, try. Every round but the last ends because somebody else changed something.
const ROUNDS: u32 = 8;
/// What is left of the call for its own work when waiting for another exchange ends.
const CALL_RESERVE_MS: u64 = 200;

/// Turns code and state into an identity.
///
/// # Errors
/// `invalid-argument` for what cannot have come from the vendor; `login-rejected` for a state or code that is unknown,
/// expired, spent or of another browser or organisation; else what the vendor, the host or storage fails with. Messages
/// are for whoever signs in.
pub fn exchange_code<V: Vendor>(
    platform: &dyn Platform,
    config: &V::Config,
    request: &ExchangeRequest,
) -> Result<Exchange, Failure> {
    argument::code(&request.code)?;
    let state = argument::state(request.state.as_deref())?;
    argument::binding(request.browser_binding.as_deref())?;
    let common = V::common(config);
    let is_homepage = V::homepage_state(config) == Some(state);
    if is_homepage && common.homepage == HomepageState::Refuse {
        return Err(message::homepage_refused());
    }
    let context = ExchangeContext::<V> {
        platform,
        config,
        request,
        state,
        is_homepage,
        key: cached_exchange::key(common, request),
        holder: fingerprint::mark(platform),
    };
    context.run()
}

struct ExchangeContext<'a, V: Vendor> {
    platform: &'a dyn Platform,
    config: &'a V::Config,
    request: &'a ExchangeRequest,
    state: &'a str,
    /// Whether the state is the constant one of a home page URL.
    is_homepage: bool,
    key: String,
    holder: String,
}

/// The right to ask the vendor.
struct ExchangeLease {
    version: Version,
    started_at_ms: u64,
    /// What was consumed; nothing for a home page.
    login_state: Option<LoginState>,
}

impl<V: Vendor> ExchangeContext<'_, V> {
    fn run(&self) -> Result<Exchange, Failure> {
        // What was consumed by a write of which nobody knows whether it was carried out.
        let mut unsure: Option<Option<LoginState>> = None;
        // When the record that was waited for would have run out.
        let mut waited_until_ms: Option<u64> = None;
        for _ in 0..ROUNDS {
            let (cached, login_state) = self.read()?;
            let version = cached.as_ref().map(|entry| entry.version);
            match cached.as_ref().and_then(readable) {
                Some(Versioned { value: CachedExchange::Done(exchange), .. }) => return Ok(*exchange),
                Some(Versioned { value: CachedExchange::Failed(failure), .. }) => return Err(failure),
                Some(Versioned { value: CachedExchange::Pending { holder, started_at_ms }, version }) => {
                    match unsure.take() {
                        Some(login_state) if holder == self.holder => {
                            return self.finish(&ExchangeLease { version, started_at_ms, login_state });
                        }
                        _ => {
                            self.park(version)?;
                            waited_until_ms = Some(started_at_ms + cached_exchange::LIFE_MS);
                            continue;
                        }
                    }
                }
                None => {}
            }
            let now = self.platform.now_ms();
            if self.is_homepage && waited_until_ms.is_some_and(|until| until <= now) {
                let (zh, en) = ("上一次登录请求未能完成", "the first request of this sign-in did not end");
                return Err(message::rejected(zh, en));
            }
            let login_state = self.admitted(login_state, now)?;
            let ops = self.opening(version, login_state.as_ref(), now);
            let login_state = login_state.map(|stored| stored.value);
            match self.platform.apply(&ops) {
                Ok(Outcome::Applied(versions)) => {
                    // The one put of the opening is the pending record.
                    let Some(&version) = versions.first() else { return Err(message::unfinished()) };
                    return self.finish(&ExchangeLease { version, started_at_ms: now, login_state });
                }
                Ok(Outcome::Conflict(_)) => {}
                Err(StorageError::Unavailable(true)) => unsure = Some(login_state),
                Err(error) => return Err(self.untouched(error.into())),
            }
        }
        Err(message::unfinished())
    }

    /// The exchange and the state, at one moment.
    fn read(&self) -> Result<(Option<Entry>, Option<Versioned<LoginState>>), Failure> {
        let keys = [self.key.clone(), login_state::key(self.state)];
        let entries = store::get_many(self.platform, &keys).map_err(|failure| self.untouched(failure))?;
        let mut entries = entries.into_iter();
        let cached = entries.next().flatten();
        Ok((cached, entries.next().flatten().as_ref().and_then(readable)))
    }

    /// The state, if this request may use it; nothing for a home page.
    fn admitted(
        &self,
        login_state: Option<Versioned<LoginState>>,
        now: u64,
    ) -> Result<Option<Versioned<LoginState>>, Failure> {
        if self.is_homepage {
            return Ok(None);
        }
        let common = V::common(self.config);
        let login_state = login_state.filter(|stored| stored.value.expires_at_ms > now).ok_or_else(|| {
            message::rejected("登录链接已使用或已过期", "the sign-in link was used already or has expired")
        })?;
        if !common.ids.is_same(&login_state.value.organisation, &common.organisation) {
            let (zh, en) = ("该登录是为另一家企业发起的", "the sign-in was begun for another organisation");
            return Err(message::rejected(zh, en));
        }
        if !login_state.value.admits(self.request.browser_binding.as_deref()) {
            return Err(message::rejected("登录须在同一浏览器中完成", "the sign-in was begun in another browser"));
        }
        Ok(Some(login_state))
    }

    /// Consumes the state and writes the exchange down, in place of one that cannot be read.
    fn opening(&self, unreadable: Option<Version>, login_state: Option<&Versioned<LoginState>>, now: u64) -> Vec<Op> {
        let pending = CachedExchange::Pending { holder: self.holder.clone(), started_at_ms: now };
        let mut ops =
            vec![store::check(&self.key, unreadable), store::put_sealed(&self.key, &pending, cached_exchange::LIFE_MS)];
        if let Some(stored) = login_state {
            ops.extend(login_state::consume(self.state, stored.version));
        }
        ops
    }

    /// Parks until another's exchange ends, as far as this call lasts.
    fn park(&self, version: Version) -> Result<(), Failure> {
        let left = self.platform.remaining().wall_ms.saturating_sub(CALL_RESERVE_MS).min(cached_exchange::LIFE_MS);
        if left == 0 {
            return Err(message::unfinished());
        }
        let timeout_ms = u32::try_from(left).unwrap_or(u32::MAX);
        let outcome = self.platform.wait(&self.key, Some(version), timeout_ms);
        outcome.map(|_| ()).map_err(|error| self.untouched(error.into()))
    }

    fn finish(&self, lease: &ExchangeLease) -> Result<Exchange, Failure> {
        let client = V::client(self.platform, self.config);
        let identified = match client.identify(LoginCode::new(&self.request.code)) {
            Ok(identified) => identified,
            Err(error) => {
                let failure = message::plain(self.platform, error.failure, error.may_retry);
                if error.may_retry {
                    self.put_back(lease);
                } else {
                    self.remember(lease, &CachedExchange::Failed(failure.clone()));
                }
                return Err(failure);
            }
        };
        let entry = lease.login_state.as_ref().map(|login_state| &login_state.entry);
        match identity::resolve(self.platform, V::common(self.config), &client, entry, identified) {
            Ok((outcome, warnings)) => {
                let exchange = Exchange {
                    outcome,
                    return_to: lease.login_state.as_ref().and_then(|login_state| login_state.return_to.clone()),
                    state_verified: lease.login_state.is_some(),
                    warnings,
                };
                self.remember(lease, &CachedExchange::Done(Box::new(exchange.clone())));
                Ok(exchange)
            }
            Err(failure) => {
                let failure = message::plain(self.platform, failure, false);
                self.remember(lease, &CachedExchange::Failed(failure.clone()));
                Err(failure)
            }
        }
    }

    /// A failure before the vendor was asked: code and state are as good as before.
    fn untouched(&self, failure: Failure) -> Failure {
        message::plain(self.platform, failure, true)
    }

    /// Keeps the outcome for whoever repeats the request. The sign-in has its outcome in any case: when this fails, a
    /// repetition is sent to start again, as after a death, and a line says why.
    fn remember(&self, lease: &ExchangeLease, outcome: &CachedExchange) {
        let passed = self.platform.now_ms().saturating_sub(lease.started_at_ms);
        let Some(left) = cached_exchange::LIFE_MS.checked_sub(passed).filter(|left| *left > 0) else {
            return self.note("the exchange took so long that its outcome is not kept", None);
        };
        let ops = [store::check(&self.key, Some(lease.version)), store::put_sealed(&self.key, outcome, left)];
        self.write("the outcome of the exchange was not kept", &ops);
    }

    /// Undoes the opening. When this fails the person starts again instead of reloading the page.
    fn put_back(&self, lease: &ExchangeLease) {
        let mut ops = vec![store::check(&self.key, Some(lease.version)), store::delete(&self.key)];
        if let Some(login_state) = &lease.login_state {
            ops.extend(login_state.put_back(self.state, self.platform.now_ms()));
        }
        self.write("the state of the sign-in was not put back", &ops);
    }

    fn write(&self, on_failure: &str, ops: &[Op]) {
        match store::apply(self.platform, ops) {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => self.note(on_failure, Some("the record of the exchange is gone")),
            Err(failure) => self.note(on_failure, Some(&failure.message.en)),
        }
    }

    fn note(&self, message: &str, error: Option<&str>) {
        let fields: Vec<_> = error.into_iter().map(|error| ("error", error)).collect();
        self.platform.log(Level::Warn, message, &fields);
    }
}

/// What another version of this component stored may be unreadable. It lives for minutes, so it counts as absent:
/// nobody is kept out by it.
fn readable<T: DeserializeOwned>(entry: &Entry) -> Option<Versioned<T>> {
    store::parse(entry).ok()
}
