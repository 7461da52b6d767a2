//! The access token, shared by all calls of one credential on all machines; and what a vendor gives for a token and wants
//! to be kept likewise, such as a ticket.
//!
//! Vendors block the address of a host that presents a wrong secret again and again, which would hit every tenant behind
//! that address. So a token is fetched by one call at a time and kept in storage until shortly before its end, and a
//! refusal is remembered for [`REFUSAL_MS`]: a disabled app that is enabled again, or a secret that was put right at the
//! vendor, is noticed by itself after that time at most. Only [`Tokens::ask`], behind which a person stands, presents a
//! refused credential at once.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::single_flight::{LEASE_MS, TokenLease, busy};
use crate::{
    clock,
    contract::{
        storage::{Entry, Op, Outcome, Version},
        types::Reason,
    },
    failure::{Cause, Failure},
    fingerprint, json,
    locale::Text,
    platform::Platform,
    store,
};

mod single_flight;

/// How long a refused credential is not presented again.
pub const REFUSAL_MS: u64 = 60 * 60 * 1_000;

/// What a holder leaves of its lease for the write.
const LEASE_RESERVE_MS: u64 = 1_000;
/// A request for less time than this is not worth sending.
const SHORTEST_REQUEST_MS: u64 = 1_000;
/// Repetitions of a request for a token that failed in passing.
const RETRIES: u32 = 3;
/// Rounds of read, wait, try. Every round but the last ends because somebody else changed something.
const ROUNDS: u32 = 64;

/// The tokens of one kind and credential.
pub struct Tokens<'p, F> {
    platform: &'p dyn Platform,
    keys: [String; 3],
    fetch: F,
    is_checked: bool,
}

/// One request for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Milliseconds after which the answer is of no use; no limit when absent.
    pub time_left_ms: Option<u64>,
    /// Whether it repeats one that failed in passing.
    pub is_repetition: bool,
}

/// A token as the vendor gave it. No `Debug`.
pub struct FetchedToken {
    /// The token.
    pub token: String,
    /// Milliseconds for which the vendor says it lives.
    pub life_ms: u64,
}

/// A token that is kept. No `Debug`.
pub struct HeldToken {
    /// The token.
    pub token: String,
    /// Until when it is handed out, in Unix milliseconds: shortly before its end.
    pub expires_at_ms: u64,
}

/// A token at rest. No `Debug`.
#[derive(Serialize, Deserialize)]
struct StoredToken {
    token: String,
    expires_at_ms: u64,
}

/// The memory of a refusal.
#[derive(Serialize, Deserialize)]
struct StoredRefusal {
    at_ms: u64,
    failure: Failure,
}

/// What storage says at one moment, with the versions to check.
struct Snapshot {
    token: Option<StoredToken>,
    refusal: Option<StoredRefusal>,
    lease: Option<(String, Version)>,
    versions: [Option<Version>; 2],
}

impl<'p, F: Fn(Fetch) -> Result<FetchedToken, Failure>> Tokens<'p, F> {
    /// The tokens of a kind, in kebab-case, for a credential. `credential` is a fingerprint of everything that makes it another one, the address of
    /// the API included: a refusal by a wrong address must not outlive its correction. `fetch` asks the vendor
    /// once. [`Reason::CredentialsRefused`] is remembered, so that failure must show nothing secret; [`Cause::Passing`] is asked
    /// again.
    pub fn new(platform: &'p dyn Platform, kind: &str, credential: &str, fetch: F) -> Self {
        let keys = ["", "-refused", "-lease"].map(|what| format!("{kind}{what}/{credential}"));
        Self { platform, keys, fetch, is_checked: true }
    }

    /// For what the command `check` does not ask for: a refusal does not say that it would.
    pub fn unchecked(self) -> Self {
        Self { is_checked: false, ..self }
    }

    /// A token that is not `failed`: the kept one, or else a new one. Costs the vendor a call only when nobody has a
    /// token and nobody else is asking.
    ///
    /// # Errors
    /// A refusal, which names the time of the next attempt; `unavailable` when others did not get a token in time; what
    /// the vendor or storage fails with.
    pub fn current(&self, failed: Option<&str>) -> Result<HeldToken, Failure> {
        let holder = fingerprint::mark(self.platform);
        for _ in 0..ROUNDS {
            let Snapshot { token, refusal, lease, versions } = self.read()?;
            let now = self.platform.now_ms();
            if let Some(stored) = token
                && stored.expires_at_ms > now
                && Some(stored.token.as_str()) != failed
            {
                return Ok(stored.into());
            }
            if let Some(refusal) = refusal
                && refusal.is_valid(now)
            {
                return Err(refusal.into_failure(now, self.is_checked));
            }
            let lease = match lease {
                Some((owner, version)) if owner == holder => version,
                Some((_, version)) => {
                    self.park(version)?;
                    continue;
                }
                None => match self.acquire(&holder, versions)? {
                    Some(version) => version,
                    None => continue,
                },
            };
            if let Some(token) = self.replace(lease, versions)? {
                return Ok(token);
            }
        }
        Err(busy())
    }

    /// Asks the vendor whether it accepts the credential, whatever is remembered, and remembers the answer.
    ///
    /// # Errors
    /// As the vendor or storage fails.
    pub fn ask(&self) -> Result<String, Failure> {
        let asked_at = self.platform.now_ms();
        match self.request(None) {
            Ok(fetched) => {
                self.platform.apply(&self.keep(asked_at, &fetched))?;
                Ok(fetched.token)
            }
            Err(failure) => {
                if is_refusal(&failure) {
                    self.platform.apply(&self.remember(&failure))?;
                }
                Err(failure)
            }
        }
    }

    fn read(&self) -> Result<Snapshot, Failure> {
        let mut entries = store::get_many(self.platform, &self.keys)?.into_iter();
        let mut next = || entries.next().flatten();
        let (token, refusal, lease) = (next(), next(), next());
        let lease = lease.map(|entry| store::parse::<TokenLease>(&entry)).transpose()?;
        Ok(Snapshot {
            versions: [&token, &refusal].map(|entry| entry.as_ref().map(|entry| entry.version)),
            token: readable(token),
            refusal: readable(refusal),
            lease: lease.map(|stored| (stored.value.holder, stored.version)),
        })
    }

    /// Fetches a token as the holder of the lease and writes it over the one that was read. Nothing when the lease
    /// was lost or the token has changed meanwhile.
    fn replace(&self, lease: Version, [token, _]: [Option<Version>; 2]) -> Result<Option<HeldToken>, Failure> {
        let [token_key, _, lease_key] = &self.keys;
        let asked_at = self.platform.now_ms();
        let fetched = self.request(Some(asked_at + LEASE_MS - LEASE_RESERVE_MS));
        let writes = match &fetched {
            Ok(fetched) => self.keep(asked_at, fetched),
            Err(failure) if is_refusal(failure) => self.remember(failure),
            Err(_) => {
                self.release(lease);
                return fetched.map(|_| None);
            }
        };
        let done = vec![store::check(lease_key, Some(lease)), store::check(token_key, token), store::delete(lease_key)];
        match (self.platform.apply(&[done, writes].concat())?, fetched) {
            (Outcome::Conflict(_), _) => Ok(None),
            (Outcome::Applied(_), Ok(fetched)) => Ok(Some(stored(asked_at, &fetched).into())),
            (Outcome::Applied(_), Err(failure)) => {
                let now = self.platform.now_ms();
                Err(StoredRefusal { at_ms: now, failure }.into_failure(now, self.is_checked))
            }
        }
    }

    /// The writes after a token was given. One whose life is too short is not kept.
    fn keep(&self, asked_at: u64, fetched: &FetchedToken) -> Vec<Op> {
        let [token_key, refused_key, _] = &self.keys;
        let put = match kept_ms(fetched.life_ms) {
            0 => store::delete(token_key),
            life => store::put_sealed(token_key, &stored(asked_at, fetched), life),
        };
        vec![put, store::delete(refused_key)]
    }

    /// The writes after a refusal.
    fn remember(&self, failure: &Failure) -> Vec<Op> {
        let [token_key, refused_key, _] = &self.keys;
        let refusal = StoredRefusal { at_ms: self.platform.now_ms(), failure: failure.clone() };
        vec![store::delete(token_key), store::put_for(refused_key, &refusal, REFUSAL_MS)]
    }

    /// Asks for a token, again while that fails in passing and the time allows.
    fn request(&self, deadline_ms: Option<u64>) -> Result<FetchedToken, Failure> {
        let mut retries = 0;
        loop {
            let time_left_ms = deadline_ms.map(|deadline| deadline.saturating_sub(self.platform.now_ms()));
            let failure = match (self.fetch)(Fetch { time_left_ms, is_repetition: retries > 0 }) {
                Ok(fetched) => return Ok(fetched),
                Err(failure) => failure,
            };
            let now = self.platform.now_ms();
            let in_time = deadline_ms.is_none_or(|deadline| now + SHORTEST_REQUEST_MS <= deadline)
                && self.platform.remaining().wall_ms >= SHORTEST_REQUEST_MS;
            if retries == RETRIES || failure.cause != Cause::Passing || !in_time {
                return Err(failure);
            }
            retries += 1;
        }
    }
}

impl StoredRefusal {
    /// Whether the credential is left alone for now. Judged by the clock as well as by the time to live, since a
    /// store's clock may stand still; a time too far ahead comes from a host whose clock is wrong.
    fn is_valid(&self, now: u64) -> bool {
        self.at_ms.abs_diff(now) < REFUSAL_MS
    }

    /// The failure with what makes the waiting bearable: since when, until when, and how not to wait.
    fn into_failure(self, now: u64, is_checked: bool) -> Failure {
        let again_at = self.at_ms.saturating_add(REFUSAL_MS);
        let (at, again) = (clock::utc(self.at_ms), clock::utc(again_at));
        let mut failure = self.failure;
        let Text { zh, en } = &failure.message;
        let (check_zh, check) = match is_checked {
            true => ("，运行 check 命令可立即重试", ", or at once by the command check"),
            false => ("", ""),
        };
        failure.message = text! { "{zh}（{at} 被拒绝；{again} 自动重试{check_zh}）",
        "{en} (refused at {at}; asked again by itself at {again}{check})" };
        failure.with_retry_after_ms(again_at.saturating_sub(now))
    }
}

impl From<StoredToken> for HeldToken {
    fn from(StoredToken { token, expires_at_ms }: StoredToken) -> Self {
        Self { token, expires_at_ms }
    }
}

fn stored(asked_at: u64, fetched: &FetchedToken) -> StoredToken {
    let expires_at_ms = asked_at.saturating_add(kept_ms(fetched.life_ms));
    StoredToken { token: fetched.token.clone(), expires_at_ms }
}

/// What was not asked for want of another token was not refused: that one's refusal is remembered by itself.
fn is_refusal(failure: &Failure) -> bool {
    failure.reason == Reason::CredentialsRefused && failure.cause != Cause::NoToken
}

/// Token and refusal are only copies: one that cannot be read is replaced like one that is missing.
fn readable<T: DeserializeOwned>(entry: Option<Entry>) -> Option<T> {
    json::from_str(&entry?.value).ok()
}

/// Milliseconds for which a token is used: its announced life less five minutes or three percent, whichever is more,
/// since clients that used all of it saw tokens die early; of a short life, half.
fn kept_ms(life_ms: u64) -> u64 {
    life_ms.saturating_sub(300_000).max(life_ms / 2).min(life_ms - life_ms / 100 * 3)
}

#[cfg(test)]
mod tests;
