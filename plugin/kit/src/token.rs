//! The access token, shared by all calls of one credential on all machines (doc 91039).
//!
//! WeCom blocks the address of a host for an hour when a wrong secret is presented repeatedly, which would hit every
//! tenant behind that address. So a token is fetched by one call at a time, kept in storage until shortly before its
//! end, and a refusal is remembered: a credential that was refused is not presented again until it changes. Only
//! [`Tokens::ask`], behind which an administrator stands, presents it all the same.
//!
//! Single flight is a lease in storage. Who gets it asks WeCom and writes token and end of the lease in one step that
//! checks the lease; the others park on the lease and read again. A holder that dies holds nobody up for longer than
//! the lease lives, and one that comes back late finds its write refused.

use serde::{Deserialize, Serialize};

use crate::{
    config::Config,
    contract::{
        log,
        storage::{Op, Outcome, StorageError, Version},
        types::Reason,
    },
    failure::Failure,
    platform::Platform,
    store,
    text::Text,
    vendor::{
        answer::{self, Cause, Miss},
        api::{Api, TIMEOUT_MS},
        call::Call,
        codes, fingerprint,
        sender::Sender,
        wire::login::TokenAnswer,
    },
};

/// Life of the lease: longer than one request, so that it does not run out under a holder that is alive.
const LEASE_MS: u64 = 10_000;
/// What a holder leaves of its lease for the write.
const LEASE_RESERVE_MS: u64 = 1_000;
/// A request for less time than this is not worth sending.
const SHORTEST_REQUEST_MS: u64 = 1_000;
/// Repetitions of a request for a token that failed in passing.
const RETRIES: u32 = 3;
/// What is left of the call for its own work when waiting for somebody else's token ends.
const CALL_RESERVE_MS: u64 = 200;
/// Rounds of read, wait, try. Every round but the last ends because somebody else changed something.
const ROUNDS: u32 = 16;
/// Answers of `gettoken` that say the credential is wrong: secret wrong, corp unknown, secret of another corp.
const REFUSALS: [i64; 3] = [40001, 40013, 40091];

/// The tokens of one credential.
pub(crate) struct Tokens<'s, 'a, P: Platform> {
    sender: &'s Sender<'a, P>,
    keys: [String; 3],
}

/// A token at rest. No `Debug`.
#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    expires_at_ms: u64,
}

/// The memory of a refusal.
#[derive(Serialize, Deserialize)]
struct Refusal {
    code: i64,
    at_ms: u64,
}

/// The right to ask for a token. The holder's mark tells it its own lease when a write ended without an answer.
#[derive(Serialize, Deserialize)]
struct Lease {
    holder: String,
}

/// What storage says at one moment.
struct Snapshot {
    kept: Option<Kept>,
    kept_version: Option<Version>,
    refusal: Option<Refusal>,
    lease: Option<(String, Version)>,
}

impl<'s, 'a, P: Platform> Tokens<'s, 'a, P> {
    pub(crate) fn new(sender: &'s Sender<'a, P>) -> Self {
        let name = credential(sender.config);
        Self { sender, keys: ["token", "token-refused", "token-lease"].map(|kind| format!("{kind}/{name}")) }
    }

    /// A token that is not `failed`: the kept one, or else a new one. Costs WeCom a call only when nobody has a
    /// token and nobody else is asking.
    pub(crate) fn current(&self, failed: Option<&str>) -> Result<String, Failure> {
        let holder = fingerprint::mark(self.sender.platform);
        for _ in 0..ROUNDS {
            let snapshot = self.snapshot()?;
            if let Some(kept) = snapshot.kept
                && kept.expires_at_ms > self.sender.platform.now_ms()
                && Some(kept.token.as_str()) != failed
            {
                return Ok(kept.token);
            }
            if let Some(refusal) = snapshot.refusal {
                return Err(remembered(&refusal));
            }
            let lease = match snapshot.lease {
                Some((owner, version)) if owner == holder => version,
                Some((_, version)) => {
                    self.park(version)?;
                    continue;
                }
                None => match self.acquire(&holder, snapshot.kept_version)? {
                    Some(version) => version,
                    None => continue,
                },
            };
            if let Some(token) = self.replace(lease, snapshot.kept_version)? {
                return Ok(token);
            }
        }
        Err(busy())
    }

    /// Asks WeCom whether it accepts the credential, whatever is remembered, and remembers the answer.
    pub(crate) fn ask(&self) -> Result<String, Failure> {
        let [token_key, refused_key, _] = &self.keys;
        let asked_at = self.sender.platform.now_ms();
        match self.request(None) {
            Ok(answer) => {
                let ops = [vec![store::delete(refused_key)], self.keep(asked_at, &answer)].concat();
                self.sender.platform.apply(&ops)?;
                Ok(answer.access_token)
            }
            Err(miss) => {
                if let Some(refusal) = self.refusal(&miss) {
                    let ops = [store::delete(token_key), store::put(refused_key, &refusal)];
                    self.sender.platform.apply(&ops)?;
                }
                Err(miss.failure)
            }
        }
    }

    fn snapshot(&self) -> Result<Snapshot, Failure> {
        let mut entries = store::get_many(self.sender.platform, &self.keys)?.into_iter();
        let mut next = || entries.next().flatten();
        let (token, refusal, lease) = (next(), next(), next());
        Ok(Snapshot {
            kept_version: token.as_ref().map(|entry| entry.version),
            // A kept token is only a copy: one that cannot be read is replaced like one that is missing.
            kept: token.and_then(|entry| serde_json::from_str(&entry.value).ok()),
            refusal: refusal.map(|entry| store::parse(&entry)).transpose()?.map(|stored| stored.value),
            lease: match lease {
                Some(entry) => {
                    let stored = store::parse::<Lease>(&entry)?;
                    Some((stored.value.holder, stored.version))
                }
                None => None,
            },
        })
    }

    /// Parks until the holder is done or dead, as far as this call lasts.
    fn park(&self, lease: Version) -> Result<(), Failure> {
        let left = self.sender.platform.remaining().wall_ms.saturating_sub(CALL_RESERVE_MS).min(LEASE_MS);
        if left == 0 {
            return Err(busy());
        }
        let timeout = u32::try_from(left).unwrap_or(u32::MAX);
        self.sender.platform.wait(&self.keys[2], Some(lease), timeout)?;
        Ok(())
    }

    /// The lease's version, or nothing when somebody else was faster.
    fn acquire(&self, holder: &str, kept: Option<Version>) -> Result<Option<Version>, Failure> {
        let [token_key, refused_key, lease_key] = &self.keys;
        let ops = [
            store::check(token_key, kept),
            store::check(refused_key, None),
            store::check(lease_key, None),
            store::put_for(lease_key, &Lease { holder: holder.to_owned() }, LEASE_MS),
        ];
        match self.sender.platform.apply(&ops) {
            Ok(Outcome::Applied(versions)) => Ok(versions.first().copied()),
            // Unknown whether it was written: the next reading tells, by the holder's mark.
            Ok(Outcome::Conflict(_)) | Err(StorageError::Unavailable(true)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Fetches a token as the holder of the lease and writes it over the one that was read. Nothing when the lease
    /// was lost or the token has changed meanwhile.
    fn replace(&self, lease: Version, kept: Option<Version>) -> Result<Option<String>, Failure> {
        let [token_key, refused_key, lease_key] = &self.keys;
        let asked_at = self.sender.platform.now_ms();
        let done = vec![store::check(lease_key, Some(lease)), store::check(token_key, kept), store::delete(lease_key)];
        match self.request(Some(asked_at + LEASE_MS - LEASE_RESERVE_MS)) {
            Ok(answer) => match self.sender.platform.apply(&[done, self.keep(asked_at, &answer)].concat())? {
                Outcome::Applied(_) => Ok(Some(answer.access_token)),
                Outcome::Conflict(_) => Ok(None),
            },
            Err(miss) => match self.refusal(&miss) {
                Some(refusal) => {
                    let ops = [done, vec![store::delete(token_key), store::put(refused_key, &refusal)]].concat();
                    match self.sender.platform.apply(&ops)? {
                        Outcome::Applied(_) => Err(miss.failure),
                        Outcome::Conflict(_) => Ok(None),
                    }
                }
                None => {
                    self.release(lease);
                    Err(miss.failure)
                }
            },
        }
    }

    /// Gives the lease back early. When that fails it runs out by itself, so the failure is only worth a line.
    fn release(&self, lease: Version) {
        let ops = [store::check(&self.keys[2], Some(lease)), store::delete(&self.keys[2])];
        if let Err(error) = self.sender.platform.apply(&ops) {
            let failure = Failure::from(error);
            self.sender.platform.log(
                log::Level::Warn,
                "the lease on the token was not given back and runs out by itself",
                &[("error", &failure.message.en)],
            );
        }
    }

    /// The write of a token, unless its life is too short to keep it.
    fn keep(&self, asked_at: u64, answer: &TokenAnswer) -> Vec<Op> {
        match lifetime_ms(answer.expires_in) {
            0 => vec![store::delete(&self.keys[0])],
            life => {
                let kept = Kept { token: answer.access_token.clone(), expires_at_ms: asked_at.saturating_add(life) };
                vec![store::put_sealed(&self.keys[0], &kept, life)]
            }
        }
    }

    /// Calls `gettoken`, repeated while it fails in passing and the time allows.
    fn request(&self, deadline_ms: Option<u64>) -> Result<TokenAnswer, Miss> {
        let config = self.sender.config;
        let call = Call::get(
            Api::GetToken,
            vec![("corpid", config.common.organisation.clone()), ("corpsecret", config.secret.expose().to_owned())],
        );
        let mut retries = 0;
        loop {
            let left = deadline_ms.map(|deadline| deadline.saturating_sub(self.sender.platform.now_ms()));
            let timeout = left.map(|left| u32::try_from(left).unwrap_or(u32::MAX).min(TIMEOUT_MS));
            let outcome = self.sender.send(&call, None, timeout).and_then(|text| {
                let answer: TokenAnswer =
                    serde_json::from_str(&text).map_err(|error| answer::unreadable(call.api, &error))?;
                if answer.access_token.is_empty() { Err(answer::without(call.api, "access_token")) } else { Ok(answer) }
            });
            let miss = match outcome {
                Ok(answer) => return Ok(answer),
                Err(miss) => miss,
            };
            let now = self.sender.platform.now_ms();
            let in_time = deadline_ms.is_none_or(|deadline| now + SHORTEST_REQUEST_MS <= deadline)
                && self.sender.platform.remaining().wall_ms >= SHORTEST_REQUEST_MS;
            if retries == RETRIES || !miss.cause.is_passing() || !in_time {
                return Err(miss);
            }
            retries += 1;
            self.sender.count_retries(1);
        }
    }

    fn refusal(&self, miss: &Miss) -> Option<Refusal> {
        match miss.cause {
            Cause::Vendor(code) if REFUSALS.contains(&code) => {
                Some(Refusal { code, at_ms: self.sender.platform.now_ms() })
            }
            _ => None,
        }
    }
}

/// What names a credential in a storage key.
fn credential(config: &Config) -> String {
    fingerprint::of(&["credential", &config.common.organisation, &config.agent_id.to_string(), config.secret.expose()])
}

/// Milliseconds for which a token is used: its announced life less five minutes or three percent, whichever is more,
/// since clients that used all of it saw tokens die early.
fn lifetime_ms(expires_in: u64) -> u64 {
    let seconds = expires_in.saturating_sub(300);
    seconds.saturating_mul(1_000).min(expires_in.saturating_mul(970))
}

fn remembered(refusal: &Refusal) -> Failure {
    let mut failure = codes::failure(refusal.code, "", Api::GetToken.path());
    failure.message = format!(
        "wecom refused this credential with {} at {} ms; it is not presented again until it changes or \
         check-connection asks",
        refusal.code, refusal.at_ms
    )
    .into();
    failure
}

fn busy() -> Failure {
    Failure::new(Reason::Unavailable, "another call is fetching the access token and did not finish in time")
        .with_retry_after_ms(1_000)
        .with_hint(Text::new("正在获取访问凭证，请稍后重试", "the access token is being fetched: try again shortly"))
}

#[cfg(test)]
mod tests;
