//! What a caller's idempotency key promises: the same request under the same key is made once within a day, whichever hosts
//! are asked and whoever of them dies.
//!
//! A record under the hashed key says which request it stands for, when it was begun, and then how it ended. A lease beside it
//! says that somebody is at it. The steps, each of them safe to die in:
//!
//! 1. KeyRecord and lease are written in one step that checks that there is neither. Of two calls one wins; the other waits for
//!    the lease to go, as long as its call lasts, and then answers `conflict`.
//! 2. The vendor is asked.
//! 3. The answer replaces the record and the lease goes, in one step. Where the vendor refused, both go: the key is as unused
//!    as before.
//!
//! A record without an answer and without a lease belongs to somebody who died or who heard nothing from the vendor: nobody
//! knows whether the vendor did it. What then is right depends on the request, so [`claim`] hands it over as
//! [`Held::unfinished`]: a vendor may look for it, repeat it where that is harmless, or give [`unknown`] back. [`once`] does
//! the last.

use std::io;

use serde::{Serialize, de::DeserializeOwned};

use self::key_status::{KeyLease, KeyRecord, KeyStatus, RecordState};
use crate::{
    clock,
    config::Common,
    contract::{
        log,
        storage::{Entry, Op, Outcome, StorageError, Version},
    },
    failure::Failure,
    fingerprint, json,
    platform::Platform,
    store,
};

mod key_status;

/// Bytes of a key at most.
pub const KEY_BYTES: usize = 128;
/// How long a key is remembered, from the beginning of its first request.
pub const LIFE_MS: u64 = 24 * 60 * 60 * 1_000;

/// Bytes of an answer that is kept at most: a value of the storage holds 256 KiB.
const ANSWER_BYTES: usize = 160 << 10;
/// The lease outlives the call that holds it by so much.
const LEASE_RESERVE_MS: u64 = 5_000;
/// The longest lease: for hosts that do not limit a call.
const LONGEST_LEASE_MS: u64 = 120_000;
/// What is left of the call for its own work when waiting for another one ends.
const CALL_RESERVE_MS: u64 = 1_000;
/// Rounds of read, wait, try. Every round but the last ends because somebody else changed something.
const ROUNDS: u32 = 16;

/// How a key stands.
#[derive(Debug)]
pub enum Claim<'p> {
    /// The request was made; its answer, in JSON.
    Done(String),
    /// It is this call's to make.
    Held(Held<'p>),
}

/// An earlier attempt of which nobody knows whether the vendor carried it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// When it was begun, milliseconds since 1970.
    pub since_ms: u64,
    /// What [`Held::progress`] or [`Held::leave`] wrote last.
    pub progress: Option<String>,
}

/// The right to make a request. One that is dropped leaves the request unfinished, and its lease runs out by itself.
#[derive(Debug)]
pub struct Held<'p> {
    /// The attempt before, if there was one.
    pub unfinished: Option<Unfinished>,
    platform: &'p dyn Platform,
    keys: [String; 2],
    record: KeyRecord,
    versions: [Version; 2],
}

/// Claims a key. `kind` keeps the keys of different functions apart, and so do organisation and app of `common`; `request` is
/// everything that makes it another request.
///
/// # Errors
/// `invalid-argument` where the key is empty, too long or stands for another request; `conflict` where another call is at it
/// and does not end in time, or where the answer was too large to be kept; what the storage fails with.
pub fn claim<'p>(
    platform: &'p dyn Platform,
    common: &Common,
    kind: &str,
    key: &str,
    request: &[&str],
) -> Result<Claim<'p>, Failure> {
    if key.is_empty() || key.len() > KEY_BYTES {
        let found = key.len();
        return Err(invalid_argument! { "idempotency-key":
        "idempotency-key 须为 1 至 {KEY_BYTES} 字节，收到 {found} 字节",
        "an idempotency key has 1 to {KEY_BYTES} bytes, not {found}" });
    }
    let hash = fingerprint::of(&["idempotency", kind, &common.organisation, &common.application, key]);
    let record_key = format!("idempotency/{kind}/{hash}");
    let keys = [format!("{record_key}/lease"), record_key];
    let request = fingerprint::of(&[&["idempotent-request", kind], request].concat());
    let holder = fingerprint::mark(platform);
    for _ in 0..ROUNDS {
        let (lease, record) = read(platform, &keys)?;
        let now = platform.now_ms();
        let versions = [&lease, &record].map(|entry| entry.as_ref().map(|entry| entry.version));
        let (lease, record) =
            (store::parsed::<KeyLease>(lease.as_ref())?, store::parsed::<KeyRecord>(record.as_ref())?);
        let (record, versions) = match key_status::judge(record, lease.as_ref(), &request, &holder, now) {
            KeyStatus::OtherRequest => return Err(other_request()),
            KeyStatus::Done(answer) => return Ok(Claim::Done(answer)),
            KeyStatus::DoneUnkept => return Err(answer_not_kept()),
            KeyStatus::Underway => {
                park(platform, &keys[0], versions[0])?;
                continue;
            }
            KeyStatus::Mine(record) => (record, versions),
            KeyStatus::Free(before) => {
                let record = KeyRecord::begun(before, &request, now);
                match acquire(platform, &keys, versions, &record, &holder)? {
                    Some(versions) => (record, versions.map(Some)),
                    None => continue,
                }
            }
        };
        // Both were read or have just been written.
        let [Some(lease), Some(of_record)] = versions else { continue };
        let unfinished = record.unfinished();
        return Ok(Claim::Held(Held { unfinished, platform, keys, record, versions: [lease, of_record] }));
    }
    Err(under_way())
}

/// Makes a request once, or gives the answer of the first one; without a key, it is simply made.
///
/// # Errors
/// As [`claim`]; [`unknown`] where nobody knows whether the vendor carried the first one out; what `work` fails with.
pub fn once<T: Serialize + DeserializeOwned>(
    platform: &dyn Platform,
    common: &Common,
    (kind, key): (&str, Option<&str>),
    request: &[&str],
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Some(key) = key else { return work() };
    let held = match claim(platform, common, kind, key, request)? {
        Claim::Done(answer) => return read_answer(kind, &answer),
        Claim::Held(held) => held,
    };
    if let Some(unfinished) = &held.unfinished {
        let failure = unknown(unfinished.since_ms);
        held.release();
        return Err(failure);
    }
    let outcome = work();
    match &outcome {
        Ok(answer) => held.finish(answer),
        Err(failure) if failure.may_be_done => held.leave(None),
        Err(_) => held.release(),
    }
    outcome
}

/// An answer as it is kept; nothing for one that is larger, of which no more is written than that: a file as JSON takes many
/// times its length.
fn kept(answer: &impl Serialize) -> Option<String> {
    struct Limited(Vec<u8>);

    impl io::Write for Limited {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.len() + bytes.len() > ANSWER_BYTES {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut limited = Limited(Vec::new());
    serde_json::to_writer(&mut limited, answer).ok()?;
    String::from_utf8(limited.0).ok()
}

/// Reads what [`Claim::Done`] holds.
///
/// # Errors
/// `other("corrupt-storage")` where it is not what was written.
pub fn read_answer<T: DeserializeOwned>(kind: &str, answer: &str) -> Result<T, Failure> {
    json::from_str(answer).map_err(|error| Failure::corrupt(&format!("idempotency/{kind}"), &error))
}

/// The failure for a request that was begun and of which nobody knows how it ended.
pub fn unknown(since_ms: u64) -> Failure {
    let since = clock::utc(since_ms);
    failure! { Conflict:
    "带有此 idempotency-key 的请求于 {since} 发出，但未收到结果",
    "a request with this idempotency key was begun at {since}, and its outcome is not known";
    "请先确认该请求是否已经生效；确需重新执行时，请使用新的 idempotency-key",
    "find out whether it took effect; to make it all the same, use another idempotency key" }
}

impl Held<'_> {
    /// Writes down how far a request came that takes several steps, before the next one. Whoever finds it unfinished reads
    /// that.
    ///
    /// # Errors
    /// `conflict` where the lease ran out and somebody else is at it: nothing more may be done. What the storage fails with.
    pub fn progress(&mut self, progress: String) -> Result<(), Failure> {
        let [lease_key, record_key] = &self.keys;
        let now = self.platform.now_ms();
        self.record.state = RecordState::Begun(Some(progress));
        let ops = [
            store::check(lease_key, Some(self.versions[0])),
            store::check(record_key, Some(self.versions[1])),
            store::put_for(lease_key, &KeyLease { holder: fingerprint::mark(self.platform) }, lease_ms(self.platform)),
            store::put_sealed(record_key, &self.record, self.record.left_ms(now)),
        ];
        match self.platform.apply(&ops)? {
            Outcome::Applied(versions) => match versions[..] {
                [lease, record] => self.versions = [lease, record],
                _ => return Err(under_way()),
            },
            Outcome::Conflict(_) => return Err(under_way()),
        }
        Ok(())
    }

    /// The request was made. Where the answer cannot be kept, a line says so, and whoever repeats the request hears that its
    /// outcome is not known.
    pub fn finish(mut self, answer: &impl Serialize) {
        self.record.state = kept(answer).map_or(RecordState::DoneUnkept, RecordState::Done);
        self.end(true);
    }

    /// The vendor did nothing: the key is as it was before.
    pub fn release(self) {
        let [lease_key, record_key] = &self.keys;
        let mut ops = vec![store::check(lease_key, Some(self.versions[0])), store::delete(lease_key)];
        if self.unfinished.is_none() {
            ops.extend([store::check(record_key, Some(self.versions[1])), store::delete(record_key)]);
        }
        self.write(&ops);
    }

    /// Nobody knows what the vendor did; `progress`, where there is any, replaces what was there before, for
    /// whoever repeats the request.
    pub fn leave(mut self, progress: Option<String>) {
        let is_new = progress.is_some();
        self.record.state = RecordState::Begun(progress);
        self.end(is_new);
    }

    fn end(&self, with_record: bool) {
        let [lease_key, record_key] = &self.keys;
        let left = self.record.left_ms(self.platform.now_ms());
        let mut ops = vec![store::check(lease_key, Some(self.versions[0])), store::delete(lease_key)];
        if with_record {
            ops.push(store::check(record_key, Some(self.versions[1])));
            ops.push(store::put_sealed(record_key, &self.record, left));
        }
        self.write(&ops);
    }

    /// The caller has its outcome in any case.
    fn write(&self, ops: &[Op]) {
        let error = match store::apply(self.platform, ops) {
            Ok(Ok(_)) => return,
            Ok(Err(_)) => "the lease is lost".to_owned(),
            Err(failure) => failure.into_details().message.en,
        };
        let fields = [("error", error.as_str())];
        self.platform.log(log::Level::Warn, "the outcome under an idempotency key was not kept", &fields);
    }
}

type Read = (Option<Entry>, Option<Entry>);

fn read(platform: &dyn Platform, keys: &[String; 2]) -> Result<Read, Failure> {
    let mut entries = store::get_many(platform, keys)?.into_iter();
    Ok((entries.next().flatten(), entries.next().flatten()))
}

/// The versions of lease and record, or nothing when somebody else was faster.
fn acquire(
    platform: &dyn Platform,
    [lease_key, record_key]: &[String; 2],
    [lease, record]: [Option<Version>; 2],
    begun: &KeyRecord,
    holder: &str,
) -> Result<Option<[Version; 2]>, Failure> {
    let ops = [
        store::check(lease_key, lease),
        store::check(record_key, record),
        store::put_for(lease_key, &KeyLease { holder: holder.to_owned() }, lease_ms(platform)),
        store::put_sealed(record_key, begun, begun.left_ms(platform.now_ms())),
    ];
    match platform.apply(&ops) {
        Ok(Outcome::Applied(versions)) => Ok(versions.try_into().ok()),
        // Unknown whether it was written: the next reading tells, by the holder's mark.
        Ok(Outcome::Conflict(_)) | Err(StorageError::Unavailable(true)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Parks until the holder is done or dead, as far as this call lasts.
fn park(platform: &dyn Platform, lease_key: &str, lease: Option<Version>) -> Result<(), Failure> {
    let left = platform.remaining().wall_ms.saturating_sub(CALL_RESERVE_MS).min(LONGEST_LEASE_MS);
    if left == 0 {
        return Err(under_way());
    }
    platform.wait(lease_key, lease, u32::try_from(left).unwrap_or(u32::MAX))?;
    Ok(())
}

/// Longer than this call can last, so that nobody takes over from somebody who is alive.
fn lease_ms(platform: &dyn Platform) -> u64 {
    platform.remaining().wall_ms.min(LONGEST_LEASE_MS) + LEASE_RESERVE_MS
}

fn other_request() -> Failure {
    invalid_argument! { "idempotency-key":
    "此 idempotency-key 已用于另一个请求", "this idempotency key was used for another request" }
    .with_hint((
        "请为新的请求使用新的 idempotency-key；重复同一请求时，内容须完全相同",
        "use another key for another request; a repetition has to be the very same request",
    ))
}

fn under_way() -> Failure {
    failure! { Conflict:
    "带有此 idempotency-key 的请求正在执行", "a request with this idempotency key is under way";
    "请稍后重复该请求以取得结果", "repeat the request shortly to have its outcome" }
    .with_retry_after_ms(1_000)
}

fn answer_not_kept() -> Failure {
    failure! { Conflict:
    "带有此 idempotency-key 的请求已执行，但其返回内容过大，未保留",
    "the request with this idempotency key was made, but its answer was too large to be kept";
    "请另行查询结果；确需重新执行时，请使用新的 idempotency-key",
    "ask for the result in another way; to make the request again, use another idempotency key" }
}

#[cfg(test)]
mod tests;
