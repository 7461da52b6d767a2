//! The loop of a host: see who is due, take a lease, synchronise.

use std::{
    fmt,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use derive_setters::Setters;

use organisation_host::storage::{Clock, Storage, StorageError, SystemClock};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    declared::Declared,
    lease_store::{FailureCount, FormerLease, LeaseStore, SyncLease},
    trouble::Trouble,
    work::Work,
};
use crate::{
    observe::SyncObserver,
    tenants::{Registry, Tenant},
};

/// Cooldowns that a host ends at one look, or finds ended by another one, where many tenants are declared anew: the others
/// wait for the next, so that a host that is to stop need not wait for all of them.
const ENDED_AT_ONCE: usize = 100;

/// How a host takes part in periodic synchronisation.
#[derive(Clone, Setters)]
#[non_exhaustive]
pub struct SyncOptions {
    /// The host's name, for people who look into the store.
    pub host: String,
    /// Syncs at the same time. Default 8.
    pub parallel: usize,
    /// How long a host that died keeps its syncs from the others: the time to live of a lease. Renewed at each third of it. Default 15 s.
    pub lease: Duration,
    /// How often the host sees who is due. Default 1 s.
    pub look: Duration,
    /// The longest that one call may take; a run goes on with the next. Default 20 s: a component ends a call that
    /// has no time left for a step which goes as badly as it can, with the time limit of a request, so a shorter one makes a
    /// call of every step.
    pub slice: Duration,
    /// After this a lease is given back although the run goes on: with the tenant's next one, after others that are due had
    /// theirs. A host has few syncs at a time, and runs can take hours. Default 60 s.
    pub longest_hold: Duration,
    /// How long calls may go on when the host stops; thereafter they are dropped and resumed elsewhere. Default 15 s.
    pub grace: Duration,
    /// The clock that elements see: theirs are the times that they ask to wait for. Default the system's.
    pub clock: Arc<dyn Clock>,
    /// Who hears of syncs.
    pub observers: Vec<Arc<dyn SyncObserver>>,
}

impl SyncOptions {
    /// The defaults.
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            parallel: 8,
            lease: Duration::from_secs(15),
            look: Duration::from_secs(1),
            slice: Duration::from_secs(20),
            longest_hold: Duration::from_secs(60),
            grace: Duration::from_secs(15),
            clock: Arc::new(SystemClock),
            observers: Vec::new(),
        }
    }
}

/// Synchronises the tenants of a registry that have a period, together with all other hosts of the same store.
pub struct SyncScheduler {
    registry: Arc<Registry>,
    leases: LeaseStore,
    options: SyncOptions,
    observers: Arc<[Arc<dyn SyncObserver>]>,
}

impl SyncScheduler {
    /// A scheduler that does nothing before it [runs](SyncScheduler::run).
    ///
    /// # Errors
    /// None in practice: the names of the host's own namespaces are sound.
    pub fn new(registry: Arc<Registry>, storage: Arc<dyn Storage>, options: SyncOptions) -> Result<Self, StorageError> {
        let leases = LeaseStore::new(storage, options.host.as_str().into(), options.lease)?;
        let observers = options.observers.clone().into();
        Ok(Self { registry, leases, options, observers })
    }

    /// Works until `stop` returns. Then no lease is taken any more, calls under way may go on for [`SyncOptions::grace`], and
    /// every lease is given back, so that another host goes on with the run at once.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let (stopped, stopping) = watch::channel(None);
        let mut syncs = JoinSet::new();
        self.work(&mut syncs, &stopping, pin!(stop)).await;
        // Fails only when nobody listens, and then nothing is under way.
        let _ = stopped.send(Some(Instant::now() + self.options.grace));
        while let Some(ended) = syncs.join_next().await {
            log_panic(ended);
        }
    }

    /// Takes leases and works until `stop` returns. Taking one is never broken off: it could be taken, and nobody would work under
    /// it until it expires.
    async fn work(
        &self,
        syncs: &mut JoinSet<()>,
        stopping: &watch::Receiver<Option<Instant>>,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) {
        let (mut due, mut declared) = (Vec::<Arc<str>>::new(), Declared::default());
        loop {
            while syncs.len() < self.options.parallel
                && let Some(name) = due.pop()
            {
                // As it is declared now: much may have changed since somebody looked who is due.
                let Some(tenant) = self.registry.get(&name).filter(|tenant| tenant.period.is_some()) else { continue };
                match self.acquire(&tenant).await {
                    Ok(None) => {}
                    Ok(Some((lease, count))) => {
                        let Some(period) = tenant.period else { continue };
                        let work = Work {
                            leases: self.leases.clone(),
                            tenant,
                            period,
                            ttl: self.options.lease,
                            slice: self.options.slice,
                            longest_hold: self.options.longest_hold,
                            clock: Arc::clone(&self.options.clock),
                            observers: Arc::clone(&self.observers),
                            stopping: stopping.clone(),
                        };
                        syncs.spawn(work.carry_out(lease, count));
                    }
                    Err(error) => {
                        tracing::warn!(lowcode.tenant = &*name, %error, "a sync lease could not be taken");
                        // It is the same for the others then; anything else may concern this tenant alone.
                        if matches!(error, StorageError::Unavailable { .. }) {
                            due.clear();
                        }
                    }
                }
            }
            // At random, so that hosts that began together do not look together.
            let look = self.options.look.mul_f64(0.75 + 0.5 * fastrand::f64());
            tokio::select! {
                biased;
                () = &mut stop => return,
                Some(ended) = syncs.join_next(), if !syncs.is_empty() => {
                    log_panic(ended);
                    // Somebody else of those seen last may be let in now.
                    if !due.is_empty() { continue }
                }
                () = sleep(look), if due.is_empty() || syncs.len() >= self.options.parallel => {}
            }
            if due.is_empty() {
                due = self.due(&mut declared).await;
            }
        }
    }

    /// Takes the lease of a tenant. Nothing where another host was quicker, or the tenant is no longer declared.
    async fn acquire(&self, tenant: &Tenant) -> Result<Option<(SyncLease, FailureCount)>, StorageError> {
        // First, so that the lease of a tenant who is gone is not taken at every look until the registry knows of it.
        if !self.registry.is_declared(&tenant.name).await? {
            return Ok(None);
        }
        let Some((mut lease, count)) = self.leases.acquire(&tenant.name, tenant.made_of).await? else {
            return Ok(None);
        };
        // Once more: the lease may have been free because the tenant has been removed since. If that cannot be found out it
        // expires.
        if self.registry.is_declared(&tenant.name).await? {
            return Ok(Some((lease, count)));
        }
        lease.trouble = Trouble::default();
        self.leases.release(lease, "removed", None, FailureCount::default()).await?;
        Ok(None)
    }

    /// Who is due, in any order: hosts that take them in the same order would get in each other's way.
    async fn due(&self, declared: &mut Declared) -> Vec<Arc<str>> {
        let periodic: Vec<Tenant> = self.registry.all().into_iter().filter(|tenant| tenant.period.is_some()).collect();
        declared.look(periodic.iter().map(|tenant| (Arc::clone(&tenant.name), tenant.made_of)));
        if periodic.is_empty() {
            return Vec::new();
        }
        let mut leases = match self.leases.not_due().await {
            Ok(leases) => leases,
            Err(error) => {
                tracing::warn!(%error, "who is due cannot be found out");
                return Vec::new();
            }
        };
        let mut ended = 0;
        for (tenant, made_of) in declared.new_ones() {
            if ended == ENDED_AT_ONCE {
                break;
            }
            let former = match leases.get(&*tenant) {
                Some(lease) => self.leases.end_former_cooldown(&tenant, lease, made_of).await,
                None => Ok(FormerLease::Absent),
            };
            match former {
                Ok(FormerLease::Absent) => declared.settle(&tenant),
                Ok(FormerLease::Released) => {
                    declared.settle(&tenant);
                    leases.remove(&*tenant);
                    ended += 1;
                }
                // A cooldown may be left behind.
                Ok(FormerLease::Held) => {}
                Ok(FormerLease::Changed) => ended += 1,
                Err(error) => {
                    tracing::warn!(lowcode.tenant = &*tenant, %error, "cooldowns of tenants that are declared anew last for now");
                    break;
                }
            }
        }
        let mut due: Vec<Arc<str>> =
            periodic.into_iter().map(|tenant| tenant.name).filter(|name| !leases.contains_key(&**name)).collect();
        fastrand::shuffle(&mut due);
        due
    }
}

impl fmt::Debug for SyncScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncScheduler").field("host", &self.options.host).finish_non_exhaustive()
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        // Its lease expires by itself; other tenants are not concerned.
        tracing::error!(%error, "a periodic sync broke off: this is a defect of the host");
    }
}
