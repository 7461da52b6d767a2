//! How often a member may be written to (doc 90312). WeCom drops what is more without a word, so what an app sends is counted here
//! for an hour, once WeCom took it, for each member by a fingerprint: who is over it is told to the caller as somebody who does not get it, and where
//! that is everybody, nothing is sent. The request itself stays as it is, since a repetition has to be the same. Whom a department, a
//! tag or `everybody` names is not known, and not counted.

use organisation_kit::{
    contract::{log::Level, storage::Op},
    directory::id::IdRule,
    failure,
    failure::Failure,
    fingerprint,
    platform::Platform,
    store,
};
use serde::{Deserialize, Serialize};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Messages of an app to one member in a minute.
const PER_MINUTE: usize = 30;
/// The same in an hour.
const PER_HOUR: u32 = 1_000;
/// The hour is counted in spans of so long: its count is a little high, and never low.
const SPAN_MS: u64 = 10 * MINUTE_MS;
/// Members of one write: each takes a check and a put.
const TOGETHER: usize = store::ITEMS_PER_CALL / 2;
/// Attempts to write before a message goes uncounted.
const ATTEMPTS: u32 = 5;

/// What was sent to a member lately.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Recent {
    /// When the last ones were sent, at most those of a minute.
    last: Vec<u64>,
    /// When each span began, and how many were sent in it.
    spans: Vec<(u64, u32)>,
}

impl Recent {
    /// Until when no more reaches the member; nothing where one more does.
    fn full_until(&self, now: u64) -> Option<u64> {
        let in_minute = self.last.first().filter(|_| self.last.len() >= PER_MINUTE).map(|at| at + MINUTE_MS);
        let sent: u32 = self.spans.iter().map(|(_, count)| count).sum();
        let in_hour = self.spans.first().filter(|_| sent >= PER_HOUR).map(|(span, _)| end_of(*span));
        in_minute.max(in_hour).filter(|until| *until > now)
    }

    /// One more was sent.
    fn add(&mut self, now: u64) {
        if self.last.len() >= PER_MINUTE {
            self.last.remove(0);
        }
        self.last.push(now);
        self.forget(now);
        let this = now - now % SPAN_MS;
        match self.spans.last_mut().filter(|(span, _)| *span == this) {
            Some((_, count)) => *count += 1,
            None => self.spans.push((this, 1)),
        }
    }

    fn forget(&mut self, now: u64) {
        self.spans.retain(|(span, _)| end_of(*span) > now);
    }
}

/// When a span counts no more.
fn end_of(span: u64) -> u64 {
    span.saturating_add(SPAN_MS + HOUR_MS)
}

/// A member to whom nothing more gets through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flooded {
    /// As the caller spells it.
    pub(super) id: String,
    until: u64,
}

/// Whom of these members one more message does not reach. Nothing is written, and where the store fails nobody is held back.
pub(super) fn flooded(platform: &dyn Platform, ids: IdRule, members: &[String]) -> Vec<Flooded> {
    let mut flooded = Vec::new();
    for members in members.chunks(store::ITEMS_PER_CALL) {
        match flooded_of(platform, ids, members) {
            Ok(some) => flooded.extend(some),
            Err(failure) => warn(platform, "how many messages members got lately is not known", &failure),
        }
    }
    flooded
}

fn flooded_of(platform: &dyn Platform, ids: IdRule, members: &[String]) -> Result<Vec<Flooded>, Failure> {
    let now = platform.now_ms();
    let keys: Vec<String> = members.iter().map(|id| key(ids, id)).collect();
    let mut flooded = Vec::new();
    for (id, entry) in members.iter().zip(store::get_many(platform, &keys)?) {
        let mut recent: Recent = store::parsed(entry.as_ref())?.unwrap_or_default();
        recent.forget(now);
        if let Some(until) = recent.full_until(now) {
            flooded.push(Flooded { id: id.clone(), until });
        }
    }
    Ok(flooded)
}

/// Counts a message that WeCom took for these members, except for those whom it did not reach. It is sent already, so that a
/// failure is only logged.
pub(super) fn count(platform: &dyn Platform, ids: IdRule, members: &[String], flooded: &[Flooded]) {
    let is_reached = |id: &&String| !flooded.iter().any(|one| one.id == **id);
    let keys: Vec<String> = members.iter().filter(is_reached).map(|id| key(ids, id)).collect();
    for keys in keys.chunks(TOGETHER) {
        if let Err(failure) = count_some(platform, keys) {
            warn(platform, "a message to members is not counted", &failure);
        }
    }
}

fn count_some(platform: &dyn Platform, keys: &[String]) -> Result<(), Failure> {
    let now = platform.now_ms();
    for _ in 0..ATTEMPTS {
        let mut ops: Vec<Op> = Vec::with_capacity(2 * keys.len());
        for (key, entry) in keys.iter().zip(store::get_many(platform, keys)?) {
            let mut recent: Recent = store::parsed(entry.as_ref())?.unwrap_or_default();
            recent.add(now);
            ops.push(store::check(key.as_str(), entry.map(|entry| entry.version)));
            ops.push(store::put_for(key.as_str(), &recent, HOUR_MS + SPAN_MS));
        }
        if store::apply(platform, &ops)?.is_ok() {
            return Ok(());
        }
    }
    let message = "messages to these members are so many at once that one is not counted";
    platform.log(Level::Warn, message, &[]);
    Ok(())
}

fn key(ids: IdRule, id: &str) -> String {
    format!("messaging/recent/{}", fingerprint::of(&["recent", &ids.key(id)]))
}

fn warn(platform: &dyn Platform, message: &str, failure: &Failure) {
    platform.log(Level::Warn, message, &[("error", failure.message.en.as_str())]);
}

/// For a message that reaches nobody for now.
pub(super) fn all_flooded(flooded: &[Flooded], now: u64) -> Failure {
    let count = flooded.len();
    let until = flooded.iter().map(|one| one.until).min().unwrap_or(now);
    failure! { RateLimited:
    "发给这 {count} 名成员的消息过于频繁：每个应用对每名成员每分钟最多 {PER_MINUTE} 条、每小时最多 {PER_HOUR} 条，超出部分企业微信会直接丢弃",
    "these {count} members get too many messages: an app reaches each with {PER_MINUTE} a minute and {PER_HOUR} an hour, and WeCom \
     drops what is more";
    "请稍后重试，或把多条消息合并为一条", "try again later, or put several messages into one" }
    .with_retry_after_ms(until.saturating_sub(now).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{FakePlatform, Touch};
    use std::cell::Cell;

    fn members(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    fn admit(fake: &FakePlatform, members: &[String]) -> Vec<Flooded> {
        let over = flooded(fake, IdRule::IgnoreCase, members);
        count(fake, IdRule::IgnoreCase, members, &over);
        over
    }

    /// Who is over it, of whom one more message goes to.
    fn sent(fake: &FakePlatform, ids: &[&str]) -> Vec<String> {
        let flooded = admit(fake, &members(ids));
        flooded.into_iter().map(|one| one.id).collect()
    }

    #[test]
    fn thirty_a_minute_and_a_thousand_an_hour_get_through() {
        let fake = FakePlatform::new();
        for _ in 0..30 {
            assert_eq!(sent(&fake, &["Anna"]), [""; 0]);
            fake.advance_ms(1_000);
        }
        assert_eq!(sent(&fake, &["anna", "ben"]), ["anna"], "under another spelling, and nobody else");
        let until = admit(&fake, &members(&["anna"]));
        let failure = all_flooded(&until, fake.now_ms());
        assert_eq!(failure.retry_after_ms, Some(30_000), "the first of them is half a minute old");
        fake.advance_ms(29_999);
        assert_eq!(sent(&fake, &["anna"]), ["anna"]);
        fake.advance_ms(1);
        assert_eq!(sent(&fake, &["anna"]), [""; 0]);

        let mut got = 31;
        fake.advance_ms(2_000);
        while sent(&fake, &["anna"]).is_empty() {
            got += 1;
            fake.advance_ms(2_000);
        }
        assert_eq!(got, 1_000);
        fake.advance_ms(HOUR_MS + SPAN_MS);
        assert_eq!(sent(&fake, &["anna"]), [""; 0]);
    }

    #[test]
    fn the_beginning_of_a_span_is_kept_in_milliseconds() {
        let mut recent = Recent::default();
        recent.add(1_800_000_123_456);
        recent.add(1_800_000_123_457);
        assert_eq!(recent.spans, [(1_800_000_000_000, 2)]);
    }

    #[test]
    fn nothing_is_kept_that_names_somebody_or_lasts() {
        let fake = FakePlatform::new();
        let ids: Vec<String> = (0..1_000).map(|id| format!("m{id:04}")).collect();
        assert_eq!(admit(&fake, &ids), []);
        let keys = fake.keys("");
        assert_eq!(keys.len(), 1_000);
        assert!(keys.iter().all(|key| !key.contains("m0")), "{:?}", keys.first());
        for _ in 0..29 {
            admit(&fake, &ids);
        }
        assert_eq!(admit(&fake, &ids).len(), 1_000);
        fake.advance_ms(HOUR_MS + SPAN_MS);
        assert_eq!(fake.keys(""), Vec::<String>::new());
    }

    #[test]
    fn another_host_that_counts_at_the_same_time_is_not_overwritten() {
        let fake = FakePlatform::new();
        let counted = Cell::new(0);
        fake.after_storage(move |fake, touch| {
            if matches!(touch, Touch::Read(_)) && counted.replace(counted.get() + 1) < 3 {
                count(fake, IdRule::IgnoreCase, &members(&["anna"]), &[]);
            }
            Ok(())
        });
        count(&fake, IdRule::IgnoreCase, &members(&["anna"]), &[]);
        fake.clear_hooks();
        let left = (0..).take_while(|_| sent(&fake, &["anna"]).is_empty()).count();
        assert_eq!(left, 30 - 4);
    }
}
