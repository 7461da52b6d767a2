//! The loop of a host: look who is due, claim, work.

use std::{
    fmt,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    declared::Declared,
    ledger::{Claim, Former, Ledger, Tally},
    work::Work,
};
use crate::{
    observe::Observer,
    storage::{Clock, Storage, StorageError, SystemClock},
    tenants::{Registry, Tenant},
};

/// Rests that a host ends at one look, or finds ended by another one, where many tenants are declared anew: the others wait
/// for the next, so that a host that is to stop need not wait for all of them.
const ENDED_AT_ONCE: usize = 100;

/// How a host takes part in periodic synchronisation.
#[derive(Clone)]
pub struct SyncOptions {
    /// The host's name, for people who look into the store.
    pub host: String,
    /// Turns at the same time. Default 8.
    pub parallel: usize,
    /// How long a host that died keeps its turns from the others. Renewed at each third of it. Default 15 s.
    pub lease: Duration,
    /// How often the host looks who is due. Default 1 s.
    pub look: Duration,
    /// The longest that one call of a turn may take; a run goes on with the next. Default 20 s: a component ends a call that
    /// has no time left for a step which goes as badly as it can, with the time limit of a request, so a shorter one makes a
    /// call of every step.
    pub slice: Duration,
    /// After this a turn ends although the run goes on: in the tenant's next turn, after others that are due had theirs. A
    /// host has few turns at a time, and runs can take hours. Default 60 s.
    pub longest_turn: Duration,
    /// How long calls may go on when the host stops; thereafter they are dropped and resumed elsewhere. Default 15 s.
    pub grace: Duration,
    /// The clock that elements see: theirs are the times that they ask to wait for. Default the system's.
    pub clock: Arc<dyn Clock>,
    /// Who hears of turns.
    pub observers: Vec<Arc<dyn Observer>>,
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
            longest_turn: Duration::from_secs(60),
            grace: Duration::from_secs(15),
            clock: Arc::new(SystemClock),
            observers: Vec::new(),
        }
    }
}

/// Synchronises the tenants of a registry that have a period, together with all other hosts of the same store.
pub struct Scheduler {
    registry: Arc<Registry>,
    ledger: Ledger,
    options: SyncOptions,
    observers: Arc<[Arc<dyn Observer>]>,
}

impl Scheduler {
    /// A scheduler that does nothing before it [runs](Scheduler::run).
    ///
    /// # Errors
    /// None in practice: the names of the host's own rooms are sound.
    pub fn new(registry: Arc<Registry>, storage: Arc<dyn Storage>, options: SyncOptions) -> Result<Self, StorageError> {
        let ledger = Ledger::new(storage, options.host.as_str().into(), options.lease)?;
        let observers = options.observers.clone().into();
        Ok(Self { registry, ledger, options, observers })
    }

    /// Works until `stop` returns. Then nothing new is claimed, calls under way may go on for [`SyncOptions::grace`], and
    /// every turn is given back, so that another host goes on with it at once.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let (stopped, stopping) = watch::channel(None);
        let mut turns = JoinSet::new();
        self.work(&mut turns, &stopping, pin!(stop)).await;
        // Fails only when nobody listens, and then nothing is under way.
        let _ = stopped.send(Some(Instant::now() + self.options.grace));
        while let Some(ended) = turns.join_next().await {
            tell_panic(ended);
        }
    }

    /// Claims and works until `stop` returns. A claim is never broken off: the turn would be nobody's until it expires.
    async fn work(
        &self,
        turns: &mut JoinSet<()>,
        stopping: &watch::Receiver<Option<Instant>>,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) {
        let (mut due, mut declared) = (Vec::<Arc<str>>::new(), Declared::default());
        loop {
            while turns.len() < self.options.parallel
                && let Some(name) = due.pop()
            {
                // As it is declared now: much may have changed since somebody looked who is due.
                let Some(tenant) = self.registry.get(&name).filter(|tenant| tenant.period.is_some()) else { continue };
                match self.claim(&tenant).await {
                    Ok(None) => {}
                    Ok(Some((claim, tally))) => {
                        let Some(period) = tenant.period else { continue };
                        let work = Work {
                            ledger: self.ledger.clone(),
                            tenant,
                            period,
                            lease: self.options.lease,
                            slice: self.options.slice,
                            longest: self.options.longest_turn,
                            clock: Arc::clone(&self.options.clock),
                            observers: Arc::clone(&self.observers),
                            stopping: stopping.clone(),
                        };
                        turns.spawn(work.carry_out(claim, tally));
                    }
                    Err(error) => {
                        tracing::warn!(lowcode.tenant = &*name, %error, "a turn could not be claimed");
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
                Some(ended) = turns.join_next(), if !turns.is_empty() => {
                    tell_panic(ended);
                    // Somebody else of those seen last may be let in now.
                    if !due.is_empty() { continue }
                }
                () = sleep(look), if due.is_empty() || turns.len() >= self.options.parallel => {}
            }
            if due.is_empty() {
                due = self.due(&mut declared).await;
            }
        }
    }

    /// Takes the turn of a tenant. Nothing where another host was quicker, or the tenant is no longer declared.
    async fn claim(&self, tenant: &Tenant) -> Result<Option<(Claim, Tally)>, StorageError> {
        // First, so that a tenant who is gone is not claimed at every look until the registry knows of it.
        if !self.registry.is_declared(&tenant.name).await? {
            return Ok(None);
        }
        let Some((claim, tally)) = self.ledger.claim(&tenant.name, tenant.made_of).await? else { return Ok(None) };
        // Once more: the turn may have been free because the tenant has been removed since. If that cannot be found out the
        // claim expires.
        if self.registry.is_declared(&tenant.name).await? {
            return Ok(Some((claim, tally)));
        }
        self.ledger.end(claim, "removed", None, Tally::default()).await?;
        Ok(None)
    }

    /// Who is due, in any order: hosts that take them in the same order would get in each other's way.
    async fn due(&self, declared: &mut Declared) -> Vec<Arc<str>> {
        let periodic: Vec<Tenant> = self.registry.all().into_iter().filter(|tenant| tenant.period.is_some()).collect();
        declared.look(periodic.iter().map(|tenant| (Arc::clone(&tenant.name), tenant.made_of)));
        if periodic.is_empty() {
            return Vec::new();
        }
        let mut taken = match self.ledger.taken().await {
            Ok(taken) => taken,
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
            let former = match taken.get(&*tenant) {
                Some(turn) => self.ledger.end_former_rest(&tenant, turn, made_of).await,
                None => Ok(Former::Absent),
            };
            match former {
                Ok(Former::Absent) => declared.settle(&tenant),
                Ok(Former::Ended) => {
                    declared.settle(&tenant);
                    taken.remove(&*tenant);
                    ended += 1;
                }
                // A rest may be left behind.
                Ok(Former::Working) => {}
                Ok(Former::Changed) => ended += 1,
                Err(error) => {
                    tracing::warn!(lowcode.tenant = &*tenant, %error, "tenants declared anew rest as they were for now");
                    break;
                }
            }
        }
        let mut due: Vec<Arc<str>> =
            periodic.into_iter().map(|tenant| tenant.name).filter(|name| !taken.contains_key(&**name)).collect();
        fastrand::shuffle(&mut due);
        due
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("host", &self.options.host).finish_non_exhaustive()
    }
}

fn tell_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        // Its turn expires by itself; the other tenants' are not concerned.
        tracing::error!(%error, "a turn of synchronisation broke off: this is a defect of the host");
    }
}
