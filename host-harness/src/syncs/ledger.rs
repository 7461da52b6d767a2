//! Turns in the store: who works, who rests, and how often a tenant has failed.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::storage::{Op, Outcome, Scope, Storage, StorageError};

const ROOM: &str = "syncs";
const TURN: &str = "turn/";
const TALLY: &str = "tally/";
const PAGE: u32 = 1_000;
/// How long a tally outlives the last turn, so that tenants who are gone leave nothing.
const TALLY_KEPT: Duration = Duration::from_hours(24 * 60);

/// What stands under a tenant's turn, for people who look into the store.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
enum TurnValue<'a> {
    Working { host: &'a str },
    Resting { host: &'a str, after: &'a str },
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
}

impl Ledger {
    pub(super) fn new(storage: Arc<dyn Storage>, host: Arc<str>, lease: Duration) -> Result<Self, StorageError> {
        Ok(Self { storage, room: Scope::of_host(ROOM)?, host, lease })
    }

    /// The tenants that are not due: somebody works for them, or they rest.
    pub(super) async fn taken(&self) -> Result<HashSet<String>, StorageError> {
        let mut taken = HashSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.storage.scan(&self.room, TURN, after.as_deref(), PAGE).await?;
            after = page.entries.last().map(|entry| entry.key.clone());
            taken.extend(page.entries.iter().filter_map(|entry| entry.key.strip_prefix(TURN).map(str::to_owned)));
            if !page.more {
                return Ok(taken);
            }
        }
    }

    /// Takes the turn of a tenant, if nobody has it and it does not rest.
    pub(super) async fn claim(&self, tenant: &Arc<str>) -> Result<Option<(Claim, Tally)>, StorageError> {
        // Before the claim, which would be nobody's for a lease if this failed after it. A tally that cannot be read is one
        // that is worth nothing.
        let found = self.storage.get_many(&self.room, &[tally(tenant)]).await?;
        let tally = found.into_iter().flatten().next().and_then(|entry| serde_json::from_str(&entry.value).ok());
        let since = Instant::now();
        let ops = vec![Op::check_absent(turn(tenant)), self.working(tenant)?];
        let Outcome::Applied(versions) = self.storage.apply(&self.room, ops).await? else { return Ok(None) };
        let claim = Claim { tenant: Arc::clone(tenant), since, version: only(&versions)? };
        Ok(Some((claim, tally.unwrap_or_default())))
    }

    /// Keeps a turn for another lease. `false`: it is no longer this host's.
    pub(super) async fn renew(&self, claim: &mut Claim) -> Result<bool, StorageError> {
        let since = Instant::now();
        let ops = vec![Op::check_version(turn(&claim.tenant), claim.version), self.working(&claim.tenant)?];
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
                Op::put(key, json(&TurnValue::Resting { host: &self.host, after })?).with_ttl_ms(milliseconds(rest))
            }
            None => Op::delete(key),
        });
        ops.push(match tally_now.failures {
            0 => Op::delete(tally(&claim.tenant)),
            _ => Op::put(tally(&claim.tenant), json(&tally_now)?).with_ttl_ms(milliseconds(TALLY_KEPT)),
        });
        Ok(matches!(self.storage.apply(&self.room, ops).await?, Outcome::Applied(_)))
    }

    fn working(&self, tenant: &str) -> Result<Op, StorageError> {
        let value = json(&TurnValue::Working { host: &self.host })?;
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
        let (claim, tally) = one.claim(&tenant).await.unwrap().unwrap();
        assert_eq!(tally, Tally::default());
        assert!(two.claim(&tenant).await.unwrap().is_none());
        assert_eq!(two.taken().await.unwrap(), HashSet::from(["acme".to_owned()]));
        let rest = Duration::from_secs(100);
        assert!(one.end(claim, "failed", Some(rest), Tally { failures: 3 }).await.unwrap());
        clock.advance(rest - Duration::from_millis(1));
        assert!(two.claim(&tenant).await.unwrap().is_none());
        clock.advance(Duration::from_millis(1));
        assert!(two.taken().await.unwrap().is_empty());
        let (claim, tally) = two.claim(&tenant).await.unwrap().unwrap();
        assert_eq!(tally.failures, 3);
        assert!(two.end(claim, "stopped", None, Tally::default()).await.unwrap());
        let (claim, tally) = one.claim(&tenant).await.unwrap().unwrap();
        assert_eq!(tally.failures, 0);
        forget(&*one.storage, "acme").await.unwrap();
        assert!(two.taken().await.unwrap().is_empty());
        assert!(!one.end(claim, "complete", None, Tally::default()).await.unwrap());
    }

    #[tokio::test]
    async fn who_does_not_renew_loses_the_turn_and_can_end_nothing() {
        let (clock, [one, two]) = hosts();
        let tenant: Arc<str> = "acme".into();
        let (mut lost, _) = one.claim(&tenant).await.unwrap().unwrap();
        clock.advance(LEASE - Duration::from_millis(1));
        assert!(one.renew(&mut lost).await.unwrap());
        clock.advance(LEASE - Duration::from_millis(1));
        assert!(two.claim(&tenant).await.unwrap().is_none(), "it was renewed");
        clock.advance(Duration::from_millis(1));
        let (claim, _) = two.claim(&tenant).await.unwrap().unwrap();
        assert!(!one.renew(&mut lost).await.unwrap());
        assert!(!one.end(lost, "complete", None, Tally::default()).await.unwrap());
        assert!(two.end(claim, "complete", Some(LEASE), Tally::default()).await.unwrap());
    }
}
