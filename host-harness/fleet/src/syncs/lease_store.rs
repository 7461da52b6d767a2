//! Leases in the store: which host synchronises a tenant, who waits for the next time, and how often a tenant has failed.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use organisation_host::{
    Digest,
    storage::{ApplyOutcome, FingerprintKey, Op, Scope, Storage, StorageError, StoredEntry},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::trouble::Trouble;

const NAMESPACE: &str = "syncs";
// The names in the store stay as the first hosts wrote them: hosts of two versions may work side by side.
const LEASE: &str = "turn/";
const FAILURES: &str = "tally/";
const TROUBLE: &str = "trouble/";
const PAGE: u32 = 1_000;
/// How long a failure count outlives the last sync, so that tenants who are gone leave nothing.
const FAILURES_KEPT: Duration = Duration::from_hours(24 * 60);

/// What stands under a tenant's lease. The names are for people who look into the store; `made_of` says whether the tenant is
/// the one that a host knows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all_fields = "snake_case", tag = "state")]
enum LeaseValue<'a> {
    /// A host synchronises the tenant.
    #[serde(rename = "working")]
    Held { host: Cow<'a, str>, made_of: Cow<'a, str> },
    /// The next sync is not due before this expires.
    #[serde(rename = "resting")]
    Cooldown { host: Cow<'a, str>, after: Cow<'a, str>, made_of: Cow<'a, str> },
}

/// A lease as it stands in the store, whichever host wrote it.
#[derive(Debug)]
pub(super) struct StoredLease {
    version: u64,
    value: String,
}

/// What has become of the lease of a tenant as it was formerly declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormerLease {
    /// There is none: the lease is that of the tenant as it is declared now.
    Absent,
    /// A host works for the former tenant still.
    Held,
    /// There was a cooldown, and it has changed since it was seen: another host has ended it, or a new one has begun.
    Changed,
    /// There was a cooldown, and this host has ended it.
    Released,
}

/// How often syncs of a tenant have failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FailureCount {
    /// Syncs that failed one after the other.
    pub(super) failures: u32,
}

/// A lease that this host holds.
#[derive(Debug)]
pub(super) struct SyncLease {
    pub(super) tenant: Arc<str>,
    /// An instant before the store began to count its time to live.
    pub(super) since: Instant,
    /// What is wrong with the tenant's syncs, kept with the lease when it is given back.
    pub(super) trouble: Trouble,
    made_of: Arc<str>,
    version: u64,
}

/// The tenants whose periodic syncs do not work, as the hosts of this store have found and their logs have said. A tenant that is
/// no longer synchronised may be among them.
///
/// # Errors
/// The store cannot be read.
pub async fn troubled(storage: &dyn Storage) -> Result<Vec<String>, StorageError> {
    let entries = scan_all(storage, &Scope::of_host(NAMESPACE)?, TROUBLE).await?;
    let troubled = entries.into_iter().filter_map(|entry| {
        let trouble: Trouble = serde_json::from_str(&entry.value).ok()?;
        trouble.is_reported().then(|| entry.key.strip_prefix(TROUBLE).map(str::to_owned))?
    });
    Ok(troubled.collect())
}

async fn scan_all(storage: &dyn Storage, namespace: &Scope, prefix: &str) -> Result<Vec<StoredEntry>, StorageError> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = storage.scan(namespace, prefix, after.as_deref(), PAGE).await?;
        after = page.entries.last().map(|entry| entry.key.clone());
        all.extend(page.entries);
        if !page.more {
            return Ok(all);
        }
    }
}

/// Forgets the lease and the failures of a tenant. A host that works for it at this moment finds its lease gone.
pub(crate) async fn forget(storage: &dyn Storage, tenant: &str) -> Result<(), StorageError> {
    let ops = [lease_key, failures_key, trouble_key].map(|key| Op::delete(key(tenant))).to_vec();
    storage.apply(&Scope::of_host(NAMESPACE)?, ops).await.map(drop)
}

/// The leases of all tenants, as one host writes them.
#[derive(Debug, Clone)]
pub(super) struct LeaseStore {
    storage: Arc<dyn Storage>,
    namespace: Scope,
    host: Arc<str>,
    ttl: Duration,
    fingerprints: FingerprintKey,
}

impl LeaseStore {
    /// Leases live for `ttl` unless they are renewed.
    pub(super) fn new(storage: Arc<dyn Storage>, host: Arc<str>, ttl: Duration) -> Result<Self, StorageError> {
        let fingerprints = storage.fingerprint_key()?;
        Ok(Self { storage, namespace: Scope::of_host(NAMESPACE)?, host, ttl, fingerprints })
    }

    /// The tenants that are not due, since a host works for them or their cooldown lasts, with their leases.
    pub(super) async fn not_due(&self) -> Result<HashMap<String, StoredLease>, StorageError> {
        let entries = scan_all(&*self.storage, &self.namespace, LEASE).await?;
        let not_due = entries.into_iter().filter_map(|entry| {
            let tenant = entry.key.strip_prefix(LEASE)?.to_owned();
            Some((tenant, StoredLease { version: entry.version, value: entry.value }))
        });
        Ok(not_due.collect())
    }

    /// Ends the cooldown of a tenant that is now made of something else, and forgets how often it has failed, unless the lease
    /// has changed since it was seen.
    pub(super) async fn end_former_cooldown(
        &self,
        tenant: &str,
        seen: &StoredLease,
        made_of: Digest,
    ) -> Result<FormerLease, StorageError> {
        let now = self.fingerprint(made_of);
        match serde_json::from_str(&seen.value) {
            Ok(LeaseValue::Held { made_of, .. }) if *made_of != *now => return Ok(FormerLease::Held),
            Ok(LeaseValue::Cooldown { made_of, .. }) if *made_of != *now => {}
            // One that cannot be read is not this program's, and expires as any other.
            Ok(_) | Err(_) => return Ok(FormerLease::Absent),
        }
        let ops = vec![
            Op::check_version(lease_key(tenant), seen.version),
            Op::delete(lease_key(tenant)),
            Op::delete(failures_key(tenant)),
        ];
        match self.storage.apply(&self.namespace, ops).await? {
            ApplyOutcome::Applied(_) => Ok(FormerLease::Released),
            ApplyOutcome::Conflict(_) => Ok(FormerLease::Changed),
        }
    }

    /// Distinguishes what a tenant is made of, and shows nobody what that is: a configuration holds secrets, and a plain digest
    /// would let whoever reads the store try guesses.
    fn fingerprint(&self, made_of: Digest) -> Arc<str> {
        self.fingerprints.fingerprint(&["made-of", &made_of.to_string()]).into()
    }

    /// Takes the lease of a tenant, which is made of this, if no host holds it and no cooldown lasts.
    pub(super) async fn acquire(
        &self,
        tenant: &Arc<str>,
        made_of: Digest,
    ) -> Result<Option<(SyncLease, FailureCount)>, StorageError> {
        // First: a lease that is taken before this fails would stop all hosts until it expires. A count that cannot be read is
        // worth nothing.
        let found = self.storage.get_many(&self.namespace, &[failures_key(tenant), trouble_key(tenant)]).await?;
        let mut found = found.into_iter().map(|entry| entry.map(|entry| entry.value));
        let count = found.next().flatten().and_then(|value| serde_json::from_str(&value).ok());
        let trouble = found.next().flatten().and_then(|value| serde_json::from_str(&value).ok()).unwrap_or_default();
        let made_of = self.fingerprint(made_of);
        let since = Instant::now();
        let ops = vec![Op::check_absent(lease_key(tenant)), self.held(tenant, &made_of)?];
        let ApplyOutcome::Applied(versions) = self.storage.apply(&self.namespace, ops).await? else { return Ok(None) };
        let lease = SyncLease { tenant: Arc::clone(tenant), since, trouble, made_of, version: only(&versions)? };
        Ok(Some((lease, count.unwrap_or_default())))
    }

    /// Keeps a lease for another time to live. `false`: this host does not hold it any more.
    pub(super) async fn renew(&self, lease: &mut SyncLease) -> Result<bool, StorageError> {
        let since = Instant::now();
        let held = self.held(&lease.tenant, &lease.made_of)?;
        let ops = vec![Op::check_version(lease_key(&lease.tenant), lease.version), held];
        match self.storage.apply(&self.namespace, ops).await? {
            ApplyOutcome::Applied(versions) => {
                (lease.since, lease.version) = (since, only(&versions)?);
                Ok(true)
            }
            ApplyOutcome::Conflict(_) => Ok(false),
        }
    }

    /// Gives a lease back; the tenant is due after this cooldown, or at once. `false`: this host did not hold it any more.
    pub(super) async fn release(
        &self,
        lease: SyncLease,
        after: &str,
        cooldown: Option<Duration>,
        count: FailureCount,
    ) -> Result<bool, StorageError> {
        let key = lease_key(&lease.tenant);
        let mut ops = vec![Op::check_version(&key, lease.version)];
        ops.push(match cooldown {
            Some(cooldown) => {
                let (host, made_of) = ((&*self.host).into(), (&*lease.made_of).into());
                let value = LeaseValue::Cooldown { host, after: after.into(), made_of };
                Op::put(key, json(&value)?).with_ttl_ms(milliseconds(cooldown))
            }
            None => Op::delete(key),
        });
        ops.push(match count.failures {
            0 => Op::delete(failures_key(&lease.tenant)),
            _ => Op::put(failures_key(&lease.tenant), json(&count)?).with_ttl_ms(milliseconds(FAILURES_KEPT)),
        });
        ops.push(if lease.trouble == Trouble::default() {
            Op::delete(trouble_key(&lease.tenant))
        } else {
            Op::put(trouble_key(&lease.tenant), json(&lease.trouble)?).with_ttl_ms(milliseconds(FAILURES_KEPT))
        });
        Ok(matches!(self.storage.apply(&self.namespace, ops).await?, ApplyOutcome::Applied(_)))
    }

    fn held(&self, tenant: &str, made_of: &str) -> Result<Op, StorageError> {
        let value = json(&LeaseValue::Held { host: (&*self.host).into(), made_of: made_of.into() })?;
        Ok(Op::put(lease_key(tenant), value).with_ttl_ms(milliseconds(self.ttl)))
    }
}

fn lease_key(tenant: &str) -> String {
    format!("{LEASE}{tenant}")
}

fn failures_key(tenant: &str) -> String {
    format!("{FAILURES}{tenant}")
}

fn trouble_key(tenant: &str) -> String {
    format!("{TROUBLE}{tenant}")
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
    use organisation_host::storage::{ManualClock, MemoryStorage, Options};

    const TTL: Duration = Duration::from_secs(15);

    /// What the tenant is made of at first.
    fn first() -> Digest {
        Digest::of(b"first")
    }

    fn hosts() -> (ManualClock, [LeaseStore; 2]) {
        let clock = ManualClock::at(1_000_000);
        let storage: Arc<dyn Storage> =
            Arc::new(MemoryStorage::new(Options::default().clock(Some(Arc::new(clock.clone())))));
        let store = |host: &str| LeaseStore::new(Arc::clone(&storage), host.into(), TTL).unwrap();
        let hosts = [store("one"), store("two")];
        (clock, hosts)
    }

    #[tokio::test]
    async fn one_host_holds_a_lease_and_a_tenant_is_not_due_before_its_cooldown_is_over() {
        let (clock, [one, two]) = hosts();
        let tenant: Arc<str> = "acme".into();
        let (lease, count) = one.acquire(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(count, FailureCount::default());
        assert!(two.acquire(&tenant, first()).await.unwrap().is_none());
        assert_eq!(two.not_due().await.unwrap().into_keys().collect::<Vec<_>>(), ["acme"]);
        let cooldown = Duration::from_secs(100);
        assert!(one.release(lease, "failed", Some(cooldown), FailureCount { failures: 3 }).await.unwrap());
        clock.advance(cooldown - Duration::from_millis(1));
        assert!(two.acquire(&tenant, first()).await.unwrap().is_none());
        clock.advance(Duration::from_millis(1));
        assert!(two.not_due().await.unwrap().is_empty());
        let (lease, count) = two.acquire(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(count.failures, 3);
        assert!(two.release(lease, "stopped", None, FailureCount::default()).await.unwrap());
        let (lease, count) = one.acquire(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(count.failures, 0);
        forget(&*one.storage, "acme").await.unwrap();
        assert!(two.not_due().await.unwrap().is_empty());
        assert!(!one.release(lease, "complete", None, FailureCount::default()).await.unwrap());
    }

    #[tokio::test]
    async fn a_lease_that_is_not_renewed_is_lost_and_cannot_be_released() {
        let (clock, [one, two]) = hosts();
        let tenant: Arc<str> = "acme".into();
        let (mut lost, _) = one.acquire(&tenant, first()).await.unwrap().unwrap();
        clock.advance(TTL - Duration::from_millis(1));
        assert!(one.renew(&mut lost).await.unwrap());
        clock.advance(TTL - Duration::from_millis(1));
        assert!(two.acquire(&tenant, first()).await.unwrap().is_none(), "it was renewed");
        clock.advance(Duration::from_millis(1));
        let (lease, _) = two.acquire(&tenant, first()).await.unwrap().unwrap();
        assert!(!one.renew(&mut lost).await.unwrap());
        assert!(!one.release(lost, "complete", None, FailureCount::default()).await.unwrap());
        assert!(two.release(lease, "complete", Some(TTL), FailureCount::default()).await.unwrap());
    }

    #[tokio::test]
    async fn the_cooldown_of_a_tenant_that_is_declared_anew_is_ended_once() {
        let (clock, [old, new]) = hosts();
        let (tenant, second): (Arc<str>, _) = ("acme".into(), Digest::of(b"second"));
        let former = async |store: &LeaseStore, made_of: Digest| {
            let leases = store.not_due().await.unwrap();
            store.end_former_cooldown("acme", &leases["acme"], made_of).await.unwrap()
        };
        let day = Duration::from_hours(24);
        // While somebody works for the tenant as it was, nothing is taken from its host.
        let (mut lease, _) = old.acquire(&tenant, first()).await.unwrap().unwrap();
        assert_eq!(former(&old, first()).await, FormerLease::Absent);
        assert_eq!(former(&new, second).await, FormerLease::Held);
        assert!(old.renew(&mut lease).await.unwrap());
        assert!(old.release(lease, "failed", Some(day), FailureCount { failures: 7 }).await.unwrap());
        // Two hosts take the change up from one look at the store: one of them ends the cooldown.
        let seen = new.not_due().await.unwrap();
        assert_eq!(new.end_former_cooldown("acme", &seen["acme"], second).await.unwrap(), FormerLease::Released);
        assert!(old.not_due().await.unwrap().is_empty(), "it is due, and not a second later");
        let (lease, count) = new.acquire(&tenant, second).await.unwrap().unwrap();
        assert_eq!(count, FailureCount::default(), "what failed was another tenant, so to speak");
        assert_eq!(old.end_former_cooldown("acme", &seen["acme"], second).await.unwrap(), FormerLease::Changed);
        assert_eq!(former(&old, second).await, FormerLease::Absent);
        assert!(new.release(lease, "complete", Some(day), FailureCount::default()).await.unwrap());
        assert_eq!(former(&old, second).await, FormerLease::Absent, "the other host finds the tenant that it knows");
        clock.advance(day - Duration::from_millis(1));
        assert!(new.acquire(&tenant, second).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_a_tenant_is_made_of_stands_in_the_store_under_a_key_only() {
        let (_, [one, two]) = hosts();
        assert_eq!(one.fingerprint(first()), two.fingerprint(first()), "hosts of one store agree");
        let (_lease, _) = one.acquire(&"acme".into(), first()).await.unwrap().unwrap();
        let value = &two.not_due().await.unwrap()["acme"].value;
        assert!(value.contains(&*one.fingerprint(first())) && !value.contains(&first().to_string()), "{value}");
    }

    #[tokio::test]
    async fn a_lease_that_nobody_can_read_is_left_to_expire() {
        let (_, [one, _]) = hosts();
        let seen =
            StoredLease { version: 1, value: r#"{"state":"resting","host":"one","after":"complete"}"#.to_owned() };
        assert_eq!(one.end_former_cooldown("acme", &seen, first()).await.unwrap(), FormerLease::Absent);
    }
}
