//! What elements leave for later when the vendor sent something: done soon, a few at a time and one of a tenant, and again
//! where it did not work.
//!
//! It is kept in memory: what is lost when a host ends, the next sync makes good.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use organisation_fleet::tenants::{Registry, Tenant};
use organisation_host::{
    Called, Element,
    contract::{
        callbacks::FollowUpTask,
        types::{Error, Reason},
    },
    reason_name,
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Tasks of a host at the same time, never two of one tenant.
const PARALLEL: usize = 4;
/// Tasks that wait, of one tenant and of all: more are left to the next sync.
const OF_A_TENANT: usize = 1_000;
const OF_ALL: usize = 20_000;
/// Tasks that one call may leave, and bytes of their names.
const OF_A_CALL: usize = 200;
const KIND_BYTES: usize = 64;
const SUBJECT_BYTES: usize = 512;
/// The first pause after a failure, or before what a task left itself; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// After that it is left to the next sync, whatever a task led to.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// The most milliseconds of one task.
const LONGEST_MS: u64 = 30_000;

/// Equal ones are one task: tenant, kind, subject.
type Key = (Arc<str>, String, String);
/// When it is due, and a number that no other one has.
type Place = (Instant, u64);

/// The tasks of a host.
#[derive(Default)]
pub struct FollowUps {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    tasks: BTreeMap<Place, Waiter>,
    /// Where each one waits.
    places: HashMap<Key, Place>,
    of_tenants: HashMap<Arc<str>, usize>,
    /// Tenants of which a task is under way.
    at_work: HashSet<Arc<str>>,
    number: u64,
}

struct Waiter {
    tenant: Arc<str>,
    task: FollowUpTask,
    since: Instant,
    /// How often it failed, or how many tasks led to it.
    pauses: u32,
}

impl Waiter {
    fn key(&self) -> Key {
        (Arc::clone(&self.tenant), self.task.kind.clone(), self.task.subject.clone())
    }
}

impl FollowUps {
    /// Takes what a delivery left.
    pub fn add(&self, tenant: &Tenant, tasks: Vec<FollowUpTask>) {
        self.take(&tenant.name, tasks, Instant::now(), 0);
    }

    /// Takes tasks that are none too many and none too large; the others are left to the next sync.
    fn take(&self, tenant: &Arc<str>, tasks: Vec<FollowUpTask>, since: Instant, pauses: u32) {
        let asked = tasks.len();
        let fits = |task: &FollowUpTask| task.kind.len() <= KIND_BYTES && task.subject.len() <= SUBJECT_BYTES;
        let pause = if pauses == 0 { Duration::ZERO } else { pause(pauses - 1) };
        let tasks = tasks.into_iter().filter(fits).take(OF_A_CALL);
        let taken = tasks.filter(|task| {
            let due = Instant::now() + pause.max(task.not_before.map_or(Duration::ZERO, until));
            self.put(due, Waiter { tenant: Arc::clone(tenant), task: task.clone(), since, pauses })
        });
        let left = asked - taken.count();
        if left > 0 {
            tracing::warn!(
                lowcode.tenant = &**tenant,
                left,
                "too much is left for later: this is left to the next sync"
            );
        }
    }

    /// Whether it waits now, or did already.
    fn put(&self, due: Instant, waiter: Waiter) -> bool {
        let mut waiting = self.lock();
        let key = waiter.key();
        if let Some(place) = waiting.places.get(&key).copied() {
            if place.0 <= due {
                return true;
            }
            // What is new is more urgent than what had to wait.
            waiting.remove(place);
        }
        let of_tenant = waiting.of_tenants.get(&key.0).copied().unwrap_or_default();
        if of_tenant >= OF_A_TENANT || waiting.tasks.len() >= OF_ALL || due >= waiter.since + PATIENCE {
            return false;
        }
        waiting.number += 1;
        let place = (due, waiting.number);
        *waiting.of_tenants.entry(Arc::clone(&key.0)).or_default() += 1;
        waiting.places.insert(key, place);
        waiting.tasks.insert(place, waiter);
        drop(waiting);
        self.news.notify_one();
        true
    }

    /// Does what is due until the future is dropped.
    pub async fn run(self: Arc<Self>, registry: Arc<Registry>) {
        let mut workers = JoinSet::new();
        for _ in 0..PARALLEL {
            workers.spawn(Arc::clone(&self).work(Arc::clone(&registry)));
        }
        while let Some(Err(error)) = workers.join_next().await {
            tracing::error!(%error, "a worker for what was left for later broke off");
            workers.spawn(Arc::clone(&self).work(Arc::clone(&registry)));
        }
    }

    async fn work(self: Arc<Self>, registry: Arc<Registry>) {
        loop {
            let news = self.news.notified();
            match self.next() {
                Ok(waiter) => {
                    let working = AtWork { all: &self, tenant: Arc::clone(&waiter.tenant) };
                    // Whoever is no longer declared has nothing to be done.
                    if let Some(tenant) = registry.get(&waiter.tenant) {
                        self.carry_out(&tenant, waiter).await;
                    }
                    drop(working);
                }
                Err(Some(due)) => {
                    tokio::select! {
                        () = news => {}
                        () = sleep_until(due) => {}
                    }
                }
                Err(None) => news.await,
            }
        }
    }

    /// The first task that is due, of a tenant that is not at work; or when there will be one.
    fn next(&self) -> Result<Waiter, Option<Instant>> {
        let mut waiting = self.lock();
        let now = Instant::now();
        let first = waiting.tasks.iter().find(|(_, waiter)| !waiting.at_work.contains(&waiter.tenant));
        let place = match first {
            Some((place, _)) if place.0 <= now => *place,
            Some((place, _)) => return Err(Some(place.0)),
            None => return Err(None),
        };
        let waiter = waiting.remove(place).ok_or(None)?;
        waiting.at_work.insert(Arc::clone(&waiter.tenant));
        let is_more = !waiting.tasks.is_empty();
        drop(waiting);
        if is_more {
            // Whoever was woken for another one may have found this one.
            self.news.notify_one();
        }
        Ok(waiter)
    }

    async fn carry_out(&self, tenant: &Tenant, waiter: Waiter) {
        let Waiter { task, since, pauses, .. } = waiter;
        let again = |pause: Duration| {
            let waiter = Waiter { tenant: Arc::clone(&tenant.name), task: task.clone(), since, pauses: pauses + 1 };
            if !self.put(Instant::now() + pause, waiter) {
                tracing::warn!(
                    lowcode.tenant = &*tenant.name,
                    "what was left for later did not succeed: it is left to the next sync"
                );
            }
        };
        match limited(tenant).follow_up(&task).reported().await {
            Ok(Called { value: Ok(further), .. }) => self.take(&tenant.name, further, since, pauses + 1),
            Ok(Called { value: Err(error), .. }) if may_work_later(&error) => {
                again(error.retry_after_ms.map_or(pause(pauses), |ms| Duration::from_millis(ms).max(FIRST_PAUSE)));
            }
            Ok(Called { value: Err(error), report }) => tracing::warn!(
                lowcode.tenant = report.tenant,
                lowcode.call = report.call,
                reason = reason_name(&error.reason),
                error = error.message,
                "what was left for later failed: it is left to the next sync"
            ),
            Err(failed) => {
                tracing::warn!(error = %failed.error, lowcode.call = failed.report.call, "what was left for later broke off");
                again(pause(pauses));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whole whatever a panic interrupted: a task is in all of it or is not missed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn remove(&mut self, place: Place) -> Option<Waiter> {
        let waiter = self.tasks.remove(&place)?;
        let key = waiter.key();
        self.places.remove(&key);
        if let Some(count) = self.of_tenants.get_mut(&key.0) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_tenants.remove(&key.0);
            }
        }
        Some(waiter)
    }
}

/// A tenant of which a task is under way, until it is dropped.
struct AtWork<'a> {
    all: &'a FollowUps,
    tenant: Arc<str>,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.all.lock().at_work.remove(&self.tenant);
        self.all.news.notify_one();
    }
}

fn limited(tenant: &Tenant) -> Element {
    let mut limits = tenant.element.limits().clone();
    limits.wall_ms = limits.wall_ms.min(LONGEST_MS);
    tenant.element.with_limits(limits)
}

/// How long until an instant of the wall clock.
fn until(at_ms: u64) -> Duration {
    let now = jiff::Timestamp::now().as_millisecond();
    let wait = u64::try_from(now).map_or(at_ms, |now| at_ms.saturating_sub(now));
    Duration::from_millis(wait).min(PATIENCE)
}

fn pause(pauses: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << pauses.min(16)).min(LONGEST_PAUSE)
}

fn may_work_later(error: &Error) -> bool {
    matches!(error.reason, Reason::Unavailable | Reason::RateLimited | Reason::BudgetExhausted | Reason::Conflict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(kind: &str, subject: &str) -> FollowUpTask {
        FollowUpTask { kind: kind.to_owned(), subject: subject.to_owned(), not_before: None }
    }

    fn subjects(all: &FollowUps) -> Vec<String> {
        all.lock().tasks.values().map(|waiter| waiter.task.subject.clone()).collect()
    }

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!([0, 1, 5, 40].map(|failures| pause(failures).as_secs()), [2, 4, 64, 900]);
    }

    #[tokio::test]
    async fn one_task_of_a_tenant_at_a_time_and_equal_ones_once() {
        let (all, acme, other): (_, Arc<str>, Arc<str>) = (FollowUps::default(), "acme".into(), "other".into());
        all.take(&acme, vec![task("a", "1"), task("a", "2"), task("a", "1")], Instant::now(), 0);
        all.take(&other, vec![task("a", "3")], Instant::now(), 0);
        assert_eq!(subjects(&all), ["1", "2", "3"]);
        let first = all.next().ok().unwrap();
        assert_eq!((&*first.tenant, &*first.task.subject), ("acme", "1"));
        let second = all.next().ok().unwrap();
        assert_eq!((&*second.tenant, &*second.task.subject), ("other", "3"));
        assert!(matches!(all.next(), Err(None)), "both tenants are at work");
        drop(AtWork { all: &all, tenant: Arc::clone(&acme) });
        assert_eq!(all.next().ok().unwrap().task.subject, "2");
    }

    #[tokio::test]
    async fn what_is_new_comes_before_what_had_to_wait_and_nothing_goes_on_for_ever() {
        let (all, acme): (_, Arc<str>) = (FollowUps::default(), "acme".into());
        let now = Instant::now();
        all.take(&acme, vec![task("a", "1")], now, 9);
        assert!(matches!(all.next(), Err(Some(_))), "it waits for its pause");
        all.take(&acme, vec![task("a", "1")], now, 0);
        assert_eq!(subjects(&all), ["1"]);
        assert!(all.next().is_ok());
        let long_ago = now.checked_sub(PATIENCE).unwrap();
        all.take(&acme, vec![task("a", "old")], long_ago, 1);
        let (large, many) = (task(&"k".repeat(KIND_BYTES + 1), "1"), (0..500).map(|n| task("a", &n.to_string())));
        all.take(&acme, vec![large, task("a", &"s".repeat(SUBJECT_BYTES + 1))], now, 0);
        assert_eq!(subjects(&all).len(), 0);
        all.take(&acme, many.collect(), now, 0);
        assert_eq!(subjects(&all).len(), OF_A_CALL);
        for _ in 0..10 {
            all.take(&acme, (0..200).map(|n| task("b", &format!("{n}-{}", all.lock().number))).collect(), now, 0);
        }
        assert_eq!(subjects(&all).len(), OF_A_TENANT);
    }
}
