//! The end of a sign-in: a code and a state become an identity, once.
//!
//! The steps, each of them safe to die in:
//!
//! 1. The state is consumed and the exchange written down as pending, in one step. Of two requests with the same code
//!    and state one wins; the other waits for its outcome.
//! 2. WeCom is asked about the code, which spends it.
//! 3. The outcome replaces the pending record for the rest of its 30 seconds, so that a repeated request (browsers and
//!    WeCom's clients repeat callback pages) has the same answer without a second call.
//!
//! When WeCom certainly did not look at the code, the state is put back instead, so that the person can reload the
//! page once the trouble is over. A pending record that vanishes by itself belonged to somebody who died; nobody knows
//! whether the code is spent, so the sign-in starts again.

use crate::{
    config::{Config, HomepageState},
    contract::{
        log,
        login::{Exchange, ExchangeRequest},
        storage::{Op, Outcome as Applied, StorageError, Version},
        types::Reason,
    },
    failure::Failure,
    login::{
        argument, identity,
        record::{self, Record},
        state::{self, Issued},
    },
    platform::Platform,
    store::{self, Stored},
    text::Text,
    vendor::{
        answer::{self, CallError},
        api::Api,
        client::{Call, Client},
        fingerprint,
        wire::login::IdentityAnswer,
    },
};

/// Rounds of read, wait, try. Every round but the last ends because somebody else changed something.
const ROUNDS: u32 = 8;
/// What is left of the call for its own work when waiting for another exchange ends.
const CALL_RESERVE_MS: u64 = 200;
/// Turns code and state into an identity.
///
/// # Errors
/// `invalid-argument` for what cannot have come from WeCom; `login-rejected` for a state or code that is unknown,
/// expired, spent or of another browser; else what WeCom, the host or storage fails with.
pub fn exchange_code<P: Platform>(
    platform: &P,
    config: &Config,
    request: &ExchangeRequest,
) -> Result<Exchange, Failure> {
    argument::code(&request.code)?;
    argument::state(&request.state)?;
    argument::binding(request.browser_binding.as_deref())?;
    let is_homepage = request.state == config.corp_id;
    if is_homepage && config.homepage_state == HomepageState::Refuse {
        return Err(homepage_refused());
    }
    let attempt = Attempt {
        platform,
        config,
        request,
        is_homepage,
        key: record::key(&request.code, &request.state, request.browser_binding.as_deref()),
        holder: fingerprint::mark(platform),
    };
    attempt.run()
}

struct Attempt<'a, P: Platform> {
    platform: &'a P,
    config: &'a Config,
    request: &'a ExchangeRequest,
    /// Whether the state is the constant one of a home page URL.
    is_homepage: bool,
    key: String,
    holder: String,
}

/// What storage says at one moment.
struct Snapshot {
    record: Option<Stored<Record>>,
    issued: Option<Stored<Issued>>,
}

/// The right to ask WeCom.
struct Turn {
    version: Version,
    started_at_ms: u64,
    /// What was consumed; nothing for a home page.
    issued: Option<Issued>,
}

impl<P: Platform> Attempt<'_, P> {
    fn run(&self) -> Result<Exchange, Failure> {
        // What was consumed by a write of which nobody knows whether it was carried out.
        let mut unsure: Option<Option<Issued>> = None;
        // When the record that was waited for would have run out.
        let mut waited_until_ms: Option<u64> = None;
        for _ in 0..ROUNDS {
            let Snapshot { record, issued } = self.read()?;
            match record {
                Some(Stored { value: Record::Done(ending), .. }) => return Ok((*ending).into()),
                Some(Stored { value: Record::Failed(refusal), .. }) => return Err((*refusal).into()),
                Some(Stored { value: Record::Pending { holder, started_at_ms }, version }) => match unsure.take() {
                    Some(issued) if holder == self.holder => {
                        return self.finish(Turn { version, started_at_ms, issued });
                    }
                    _ => {
                        self.park(version)?;
                        waited_until_ms = Some(started_at_ms + record::LIFE_MS);
                        continue;
                    }
                },
                None => {}
            }
            let now = self.platform.now_ms();
            if self.is_homepage && waited_until_ms.is_some_and(|until| until <= now) {
                return Err(rejected("the first exchange of this code ended without an outcome"));
            }
            let issued = self.admitted(issued, now)?;
            let ops = self.opening(issued.as_ref(), now);
            let issued = issued.map(|stored| stored.value);
            match self.platform.apply(&ops) {
                Ok(Applied::Applied(versions)) => {
                    // The one put of the opening is the pending record.
                    let Some(&version) = versions.first() else { return Err(unfinished()) };
                    return self.finish(Turn { version, started_at_ms: now, issued });
                }
                Ok(Applied::Conflict(_)) => {}
                Err(StorageError::Unavailable(true)) => unsure = Some(issued),
                Err(error) => return Err(error.into()),
            }
        }
        Err(unfinished())
    }

    /// The exchange and the state, at one moment.
    fn read(&self) -> Result<Snapshot, Failure> {
        let keys = [self.key.clone(), state::key(&self.request.state)];
        let mut entries = store::get_many(self.platform, &keys)?.into_iter();
        let record = entries.next().flatten().map(|entry| store::parse(&entry)).transpose()?;
        let issued = entries.next().flatten().map(|entry| store::parse(&entry)).transpose()?;
        Ok(Snapshot { record, issued })
    }

    /// The state, if this request may use it; nothing for a home page.
    fn admitted(&self, issued: Option<Stored<Issued>>, now: u64) -> Result<Option<Stored<Issued>>, Failure> {
        if self.is_homepage {
            return Ok(None);
        }
        let issued = issued
            .filter(|stored| stored.value.expires_at_ms > now)
            .ok_or_else(|| rejected("the state is unknown, spent or expired"))?;
        if issued.value.admits(self.request.browser_binding.as_deref()) {
            Ok(Some(issued))
        } else {
            Err(rejected("the state was made for another browser"))
        }
    }

    /// Consumes the state and writes the exchange down.
    fn opening(&self, issued: Option<&Stored<Issued>>, now: u64) -> Vec<Op> {
        let pending = Record::Pending { holder: self.holder.clone(), started_at_ms: now };
        let mut ops = vec![store::check(&self.key, None), store::put_sealed(&self.key, &pending, record::LIFE_MS)];
        if let Some(stored) = issued {
            ops.extend(state::consume(&self.request.state, stored.version));
        }
        ops
    }

    /// Parks until another's exchange ends, as far as this call lasts.
    fn park(&self, version: Version) -> Result<(), Failure> {
        let left = self.platform.remaining().wall_ms.saturating_sub(CALL_RESERVE_MS).min(record::LIFE_MS);
        if left == 0 {
            return Err(unfinished());
        }
        self.platform.wait(&self.key, Some(version), u32::try_from(left).unwrap_or(u32::MAX))?;
        Ok(())
    }

    fn finish(&self, turn: Turn) -> Result<Exchange, Failure> {
        let client = Client::new(self.platform, self.config);
        let answer = match self.ask(&client) {
            Ok(answer) => answer,
            Err(miss) if miss.may_leave_code_unspent() => {
                self.put_back(&turn);
                return Err(miss.failure);
            }
            Err(miss) => {
                self.remember(&turn, &Record::Failed(Box::new((&miss.failure).into())));
                return Err(miss.failure);
            }
        };
        let door = turn.issued.as_ref().map(|issued| issued.door);
        match identity::resolve(self.platform, self.config, &client, door, answer) {
            Ok(seen) => {
                let exchange = Exchange {
                    outcome: seen.outcome,
                    return_to: turn.issued.as_ref().and_then(|issued| issued.return_to.clone()),
                    state_verified: turn.issued.is_some(),
                    warnings: seen.warnings,
                };
                self.remember(&turn, &Record::Done(Box::new(exchange.clone().into())));
                Ok(exchange)
            }
            Err(failure) => {
                self.remember(&turn, &Record::Failed(Box::new((&failure).into())));
                Err(failure)
            }
        }
    }

    /// Asks WeCom about the code, on the legacy path where the current one does not exist.
    fn ask(&self, client: &Client<'_, P>) -> Result<IdentityAnswer, CallError> {
        let call = |api| Call::get(api, vec![("code", self.request.code.clone())]);
        let (api, outcome) = match client.once(&call(Api::AuthGetUserInfo)) {
            Err(miss) if miss.is_unknown_endpoint() => (Api::UserGetUserInfo, client.once(&call(Api::UserGetUserInfo))),
            outcome => (Api::AuthGetUserInfo, outcome),
        };
        serde_json::from_str(&outcome?).map_err(|error| answer::unreadable(&api, &error))
    }

    /// Keeps the outcome for whoever repeats the request. The sign-in has its outcome in any case: when this fails, a
    /// repetition is sent to start again, as after a death, and a line says why.
    fn remember(&self, turn: &Turn, record: &Record) {
        let passed = self.platform.now_ms().saturating_sub(turn.started_at_ms);
        let Some(left) = record::LIFE_MS.checked_sub(passed).filter(|left| *left > 0) else {
            return self.note("the exchange took so long that its outcome is not kept", None);
        };
        let ops = [store::check(&self.key, Some(turn.version)), store::put_sealed(&self.key, record, left)];
        self.write("the outcome of the exchange was not kept", &ops);
    }

    /// Undoes the opening. When this fails the person starts again instead of reloading the page.
    fn put_back(&self, turn: &Turn) {
        let mut ops = vec![store::check(&self.key, Some(turn.version)), store::delete(&self.key)];
        if let Some(issued) = &turn.issued {
            ops.extend(issued.put(&self.request.state, self.platform.now_ms()));
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
        self.platform.log(log::Level::Warn, message, &fields);
    }
}

fn rejected(message: &str) -> Failure {
    Failure::new(Reason::LoginRejected, message)
        .with_hint(Text::new("登录已失效，请重新登录", "this sign-in is no longer valid: sign in again"))
}

fn homepage_refused() -> Failure {
    Failure::new(Reason::LoginRejected, "the state is that of a home page URL, which homepageState refuses").with_hint(
        Text::new(
            "该应用不接受固定 state 的主页链接：请重新登录，或请管理员将应用主页改为普通地址",
            "home page URLs with a constant state are turned off: sign in again, or let the administrator set the \
             home page to a plain address",
        ),
    )
}

fn unfinished() -> Failure {
    Failure::new(Reason::Unavailable, "another request exchanges the same code and did not finish in time")
        .with_retry_after_ms(1_000)
        .with_hint(Text::new("登录正在处理中，请稍后刷新页面", "the sign-in is under way: reload the page shortly"))
}

#[cfg(test)]
mod tests;
