//! Turns in the store: who works, who rests, and how often a tenant has failed.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    digest::Digest,
    storage::{FingerprintKey, Op, Outcome, Scope, Storage, StorageError},
};

const ROOM: &str = "syncs";
const TURN: &str = "turn/";
const TALLY: &str = "tally/";
const PAGE: u32 = 1_000;
/// How long a tally outlives the last turn, so that tenants who are gone leave nothing.
const TALLY_KEPT: Duration = Duration::from_hours(24 * 60);

/// What stands under a tenant's turn. The names are for people who look into the store; `made_of` tells whether the
/// tenant is the one that a host knows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case", tag = "state")]
enum TurnValue<'a> {
    Working { host: Cow<'a, str>, made_of: Cow<'a, str> },
    Resting { host: Cow<'a, str>, after: Cow<'a, str>, made_of: Cow<'a, str> },
}

/// A turn that stands in the store, whosever it is.
#[derive(Debug)]
pub(super) struct Taken {
    version: u64,
    value: String,
}

/// What has become of the turn of a tenant as it was formerly declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Former {
    /// There is none: the turn is that of the tenant as it is declared now.
    Absent,
    /// Somebody works for it still.
    Working,
    /// It rested, and has changed since it was seen: another host has ended that, and somebody works by now, or it rests
    /// anew.
    Changed,
    /// It rested, and this host has ended that.
    Ended,
}

/// How a tenant has fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tally {
    /// Turns that failed one after the other.
    pub(super) failures: u32,
}

/// A turn that this host has.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) tenant: Arc<str>,
    /// An instant before the store began to count the lease.
    pub(super) since: Instant,
    made_of: Arc<str>,
    version: u64,
}

/// Forgets all about the turns of a tenant. A host that works for it at this moment finds its turn gone.
pub(crate) async fn forget(storage: &dyn Storage, tenant: &str) -> Result<(), StorageError> {
    let ops = vec![Op::delete(turn(tenant)), Op::delete(tally(tenant))];
    storage.apply(&Scope::of_host(ROOM)?, ops).await.map(drop)
}

/// The turns of all tenants, as one host writes them.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    storage: Arc<dyn Storage>,
    room: Scope,
    host: Arc<str>,
    lease: Duration,
    fingerprints: FingerprintKey,
}

impl Ledger {
    pub(super) fn new(storage: Arc<dyn Storage>, host: Arc<str>, lease: Duration) -> Result<Self, StorageError> {
        let fingerprints = storage.fingerprint_key()?;
        Ok(Self { storage, room: Scope::of_host(ROOM)?, host, lease, fingerprints })
    }

    /// The tenants that are not due, since somebody works for them or they rest, with their turns.
    pub(super) async fn taken(&self) -> Result<HashMap<String, Taken>, StorageError> {
        let mut taken = HashMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.storage.scan(&self.room, TURN, after.as_deref(), PAGE).await?;
            after = page.entries.last().map(|entry| entry.key.clone());
            taken.extend(page.entries.into_iter().filter_map(|entry| {
                let tenant = entry.key.strip_prefix(TURN)?.to_owned();
                Some((tenant, Taken { version: entry.version, value: entry.value }))
            }));
            if !page.more {
                return Ok(taken);
            }
        }
    }

    /// Ends the rest of a tenant that is now made of something else, and forgets how often it has failed, unless the turn
    /// has changed since it was seen.
    pub(super) async fn end_former_rest(
        &self,
        tenant: &str,
        seen: &Taken,
        made_of: Digest,
    ) -> Result<Former, StorageError> {
        let now = self.fingerprint(made_of);
        match serde_json::from_str(&seen.value) {
            Ok(TurnValue::Working { made_of, .. }) if *made_of != *now => return Ok(Former::Working),
            Ok(TurnValue::Resting { made_of, .. }) if *made_of != *now => {}
            // One that cannot be read is not this program's, and expires as any other.
            Ok(_) | Err(_) => return Ok(Former::Absent),
        }
        let ops =
            vec![Op::check_version(turn(tenant), seen.version), Op::delete(turn(tenant)), Op::delete(tally(tenant))];
        match self.storage.apply(&self.room, ops).await? {
            Outcome::Applied(_) => Ok(Former::Ended),
            Outcome::Conflict(_) => Ok(Former::Changed),
        }
    }

    /// Tells what a tenant is made of from everything else and nobody what that is: a configuration holds secrets, and a
    /// plain digest would let whoever reads the store try guesses.
    fn fingerprint(&self, made_of: Digest) -> Arc<str> {
        self.fingerprints.fingerprint(&["made-of", &made_of.to_string()]).into()
    }

    /// Takes the turn of a tenant, which is made of this, if nobody has it and it does not rest.
    pub(super) async fn claim(
        &self,
        tenant: &Arc<str>,
        made_of: Digest,
    ) -> Result<Option<(Claim, Tally)>, StorageError> {
        // Before the claim, which would be nobody's for a lease if this failed after it. A tally that cannot be read is one
        // that is worth nothing.
        let found = self.storage.get_many(&self.room, &[tally(tenant)]).await?;
        let tally = found.into_iter().flatten().next().and_then(|entry| serde_json::from_str(&entry.value).ok());
        let made_of = self.fingerprint(made_of);
        let since = Instant::now();
        let ops = vec![Op::check_absent(turn(tenant)), self.working(tenant, &made_of)?];
        let Outcome::Applied(versions) = self.storage.apply(&self.room, ops).await? else { return Ok(None) };
        let claim = Claim { tenant: Arc::clone(tenant), since, made_of, version: only(&versions)? };
        Ok(Some((claim, tally.unwrap_or_default())))
    }

    /// Keeps a turn for another lease. `false`: it is no longer this host's.
    pub(super) async fn renew(&self, claim: &mut Claim) -> Result<bool, StorageError> {
        let since = Instant::now();
        let working = self.working(&claim.tenant, &claim.made_of)?;
        let ops = vec![Op::check_version(turn(&claim.tenant), claim.version), working];
        match self.storage.apply(&self.room, ops).await? {
            Outcome::Applied(versions) => {
                (claim.since, claim.version) = (since, only(&versions)?);
                Ok(true)
            }
            Outcome::Conflict(_) => Ok(false),
        }
    }

    /// Ends a turn; the tenant rests for this long, or is due at once. `false`: it was no longer this host's.
    pub(super) async fn end(
        &self,
        claim: Claim,
        after: &str,
        rest: Option<Duration>,
        tally_now: Tally,
    ) -> Result<bool, StorageError> {
        let key = turn(&claim.tenant);
        let mut ops = vec![Op::check_version(&key, claim.version)];
        ops.push(match rest {
            Some(rest) => {
                let (host, made_of) = ((&*self.host).into(), (&*claim.made_of).into());
                let resting = TurnValue::Resting { host, after: after.into(), made_of };
                Op::put(key, json(&resting)?).with_ttl_ms(milliseconds(rest))
            }
            None => Op::delete(key),
        });
        ops.push(match tally_now.failures {
            0 => Op::delete(tally(&claim.tenant)),
            _ => Op::put(tally(&claim.tenant), json(&tally_now)?).with_ttl_ms(milliseconds(TALLY_KEPT)),
        });
        Ok(matches!(self.storage.apply(&self.room, ops).await?, Outcome::Applied(_)))
    }

    fn working(&self, tenant: &str, made_of: &str) -> Result<Op, StorageError> {
        let value = json(&TurnValue::Working { host: (&*self.host).into(), made_of: made_of.into() })?;
        Ok(Op::put(turn(tenant), value).with_ttl_ms(milliseconds(self.lease)))
    }
}

fn turn(tenant: &str) -> String {
    format!("{TURN}{tenant}")
}

fn tally(tenant: &str) -> String {
    format!("{TALLY}{tenant}")
}

fn json(value: &impl Serialize) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|error| StorageError::Other(error.to_string()))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn only(versions: &[u64]) -> Result<u64, StorageError> {
    let none = || StorageError::Other("the store applied a put and answered no version for it".to_owned());
    versions.first().copied().ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{ManualClock, MemoryStorage, Options};

    const LEASE: Duration = Duration::from_secs(15);

    /// What the tenant is made of at first.
    fn first() -> Digest {
        Digest::of(b"first")
    }

    fn hosts() -> (ManualClock, [Ledger; 2]) {
        let clock = ManualClock::at(1_000_000);
        let storage: Arc<dyn Storage> =
            Arc::new(MemoryStorage::new(Options { clock: Some(Arc::new(clock.clone())), ..Options::default() }));
        let ledger = |host: &str| Ledger::new(Arc::clone(&storage), host.into(), LEASE).unwrap();
        let hosts = [ledger("one"), ledger("two")];
        (clock, hosts)
    }

    #[tokio::test]
    async fn a_turn_is_one_hosts_and_a_tenant_that_rests_is_not_due() {
        let (clock, [one, two]) = hosts();
        let tenant: Arc<str> = "acme".into();
        let (claim, tally) = one.claim(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(tally, Tally::default());
        assert!(two.claim(&tenant, first()).await.unwrap().is_none());
        assert_eq!(two.taken().await.unwrap().into_keys().collect::<Vec<_>>(), ["acme"]);
        let rest = Duration::from_secs(100);
        assert!(one.end(claim, "failed", Some(rest), Tally { failures: 3 }).await.unwrap());
        clock.advance(rest - Duration::from_millis(1));
        assert!(two.claim(&tenant, first()).await.unwrap().is_none());
        clock.advance(Duration::from_millis(1));
        assert!(two.taken().await.unwrap().is_empty());
        let (claim, tally) = two.claim(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(tally.failures, 3);
        assert!(two.end(claim, "stopped", None, Tally::default()).await.unwrap());
        let (claim, tally) = one.claim(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(tally.failures, 0);
        forget(&*one.storage, "acme").await.unwrap();
        assert!(two.taken().await.unwrap().is_empty());
        assert!(!one.end(claim, "complete", None, Tally::default()).await.unwrap());
    }

    #[tokio::test]
    async fn who_does_not_renew_loses_the_turn_and_can_end_nothing() {
        let (clock, [one, two]) = hosts();
        let tenant: Arc<str> = "acme".into();
        let (mut lost, _) = one.claim(&tenant, first()).await.unwrap().unwrap();
        clock.advance(LEASE - Duration::from_millis(1));
        assert!(one.renew(&mut lost).await.unwrap());
        clock.advance(LEASE - Duration::from_millis(1));
        assert!(two.claim(&tenant, first()).await.unwrap().is_none(), "it was renewed");
        clock.advance(Duration::from_millis(1));
        let (claim, _) = two.claim(&tenant, first()).await.unwrap().unwrap();
        assert!(!one.renew(&mut lost).await.unwrap());
        assert!(!one.end(lost, "complete", None, Tally::default()).await.unwrap());
        assert!(two.end(claim, "complete", Some(LEASE), Tally::default()).await.unwrap());
    }

    #[tokio::test]
    async fn a_tenant_that_is_declared_anew_rests_no_more_and_only_once() {
        let (clock, [old, new]) = hosts();
        let (tenant, second): (Arc<str>, _) = ("acme".into(), Digest::of(b"second"));
        let former = async |ledger: &Ledger, made_of: Digest| {
            let taken = ledger.taken().await.unwrap();
            ledger.end_former_rest("acme", &taken["acme"], made_of).await.unwrap()
        };
        let day = Duration::from_hours(24);
        // While somebody works for the tenant as it was, nothing is taken from him.
        let (mut claim, _) = old.claim(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(former(&old, first()).await, Former::Absent);
        assert_eq!(former(&new, second).await, Former::Working);
        assert!(old.renew(&mut claim).await.unwrap());
        assert!(old.end(claim, "failed", Some(day), Tally { failures: 7 }).await.unwrap());
        // Two hosts take the change up from one look at the store: one of them ends the rest.
        let seen = new.taken().await.unwrap();
        assert_eq!(new.end_former_rest("acme", &seen["acme"], second).await.unwrap(), Former::Ended);
        assert!(old.taken().await.unwrap().is_empty(), "it is due, and not a second later");
        let (claim, tally) = new.claim(&tenant, second).await.unwrap().unwrap();
        assert_eq!(tally, Tally::default(), "what failed was another tenant, so to speak");
        assert_eq!(old.end_former_rest("acme", &seen["acme"], second).await.unwrap(), Former::Changed);
        assert_eq!(former(&old, second).await, Former::Absent);
        assert!(new.end(claim, "complete", Some(day), Tally::default()).await.unwrap());
        assert_eq!(former(&old, second).await, Former::Absent, "the other host finds the tenant that it knows");
        clock.advance(day - Duration::from_millis(1));
        assert!(new.claim(&tenant, second).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_a_tenant_is_made_of_stands_in_the_store_under_a_key_only() {
        let (_, [one, two]) = hosts();
        assert_eq!(one.fingerprint(first()), two.fingerprint(first()), "hosts of one store agree");
        let (_claim, _) = one.claim(&"acme".into(), first()).await.unwrap().unwrap();
        let value = &two.taken().await.unwrap()["acme"].value;
        assert!(value.contains(&*one.fingerprint(first())) && !value.contains(&first().to_string()), "{value}");
    }

    #[tokio::test]
    async fn a_turn_that_nobody_can_read_is_left_to_expire() {
        let (_, [one, _]) = hosts();
        let seen = Taken { version: 1, value: r#"{"state":"resting","host":"one","after":"complete"}"#.to_owned() };
        assert_eq!(one.end_former_rest("acme", &seen, first()).await.unwrap(), Former::Absent);
    }
}
