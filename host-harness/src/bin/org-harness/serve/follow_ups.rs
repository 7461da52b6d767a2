//! What elements leave for later when the vendor sent something: done soon, a few at a time, and again where it did not work.
//!
//! It is kept in memory: what is lost when a host ends, the next sync makes good.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use host_harness::{
    Called,
    contract::{
        callbacks::FollowUpTask,
        types::{Error, Reason},
    },
    reason_name,
    tenants::Tenant,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Tasks of a host at the same time.
const PARALLEL: usize = 4;
/// Tasks that wait, of one tenant and of all: more are left to the next sync.
const OF_A_TENANT: usize = 1_000;
const OF_ALL: usize = 20_000;
/// The first pause after a failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// After that it is left to the next sync.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Equal ones are one task.
type Key = (Arc<str>, String, String);

/// The tasks of a host.
#[derive(Default)]
pub struct FollowUps {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    tasks: BTreeMap<(Instant, u64), Waiter>,
    /// Where each one waits.
    places: HashMap<Key, (Instant, u64)>,
    of_tenants: HashMap<Arc<str>, usize>,
    number: u64,
}

struct Waiter {
    tenant: Tenant,
    task: FollowUpTask,
    since: Instant,
    failures: u32,
}

impl Waiter {
    fn key(&self) -> Key {
        (Arc::clone(&self.tenant.name), self.task.kind.clone(), self.task.subject.clone())
    }
}

impl FollowUps {
    /// Takes a task; one that is there already is not taken twice.
    pub fn add(&self, tenant: &Tenant, task: FollowUpTask) {
        let now = Instant::now();
        let due = now + task.not_before.map_or(Duration::ZERO, until);
        self.put(due, Waiter { tenant: tenant.clone(), task, since: now, failures: 0 });
    }

    fn put(&self, due: Instant, waiter: Waiter) {
        let mut waiting = self.lock();
        let key = waiter.key();
        if waiting.places.contains_key(&key) {
            return;
        }
        let of_tenant = waiting.of_tenants.get(&key.0).copied().unwrap_or_default();
        if of_tenant >= OF_A_TENANT || waiting.tasks.len() >= OF_ALL {
            tracing::warn!(
                lowcode.tenant = &*key.0,
                kind = waiter.task.kind,
                "too much is left for later: this is left to the next sync"
            );
            return;
        }
        waiting.number += 1;
        let place = (due, waiting.number);
        *waiting.of_tenants.entry(Arc::clone(&key.0)).or_default() += 1;
        waiting.places.insert(key, place);
        waiting.tasks.insert(place, waiter);
        drop(waiting);
        self.news.notify_one();
    }

    /// Does what is due until the future is dropped.
    pub async fn run(&self) {
        let workers = (0..PARALLEL).map(|_| self.work());
        futures_util::future::join_all(workers).await;
    }

    async fn work(&self) {
        loop {
            let news = self.news.notified();
            match self.next() {
                Ok(waiter) => self.carry_out(waiter).await,
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

    /// The first task that is due, or when there will be one.
    fn next(&self) -> Result<Waiter, Option<Instant>> {
        let mut waiting = self.lock();
        let first = waiting.tasks.first_entry().ok_or(None)?;
        let (due, _) = *first.key();
        if due > Instant::now() {
            return Err(Some(due));
        }
        let waiter = first.remove();
        let key = waiter.key();
        waiting.places.remove(&key);
        if let Some(count) = waiting.of_tenants.get_mut(&key.0) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                waiting.of_tenants.remove(&key.0);
            }
        }
        let is_more = !waiting.tasks.is_empty();
        drop(waiting);
        if is_more {
            // Whoever was woken for another one may have found this one.
            self.news.notify_one();
        }
        Ok(waiter)
    }

    async fn carry_out(&self, waiter: Waiter) {
        let Waiter { tenant, task, since, failures } = waiter;
        let again = |pause: Duration| {
            let waiter = Waiter { tenant: tenant.clone(), task: task.clone(), since, failures: failures + 1 };
            let due = Instant::now() + pause;
            if due < since + PATIENCE {
                self.put(due, waiter);
            } else {
                tracing::warn!(
                    lowcode.tenant = &*tenant.name,
                    kind = task.kind,
                    "what was left for later did not succeed in a day: it is left to the next sync"
                );
            }
        };
        match tenant.element.follow_up(&task).await {
            Ok(Called { value: Ok(further), .. }) => further.into_iter().for_each(|task| self.add(&tenant, task)),
            Ok(Called { value: Err(error), .. }) if may_work_later(&error) => {
                again(error.retry_after_ms.map_or(pause(failures), |ms| Duration::from_millis(ms).max(FIRST_PAUSE)));
            }
            Ok(Called { value: Err(error), report }) => tracing::warn!(
                lowcode.tenant = report.tenant,
                lowcode.call = report.call,
                kind = task.kind,
                reason = reason_name(&error.reason),
                error = error.message,
                "what was left for later failed: it is left to the next sync"
            ),
            Err(failed) => {
                tracing::warn!(error = %failed.error, lowcode.call = failed.report.call, "what was left for later broke off");
                again(pause(failures));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whole whatever a panic interrupted: a task is in all three or is not missed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long until an instant of the wall clock.
fn until(at_ms: u64) -> Duration {
    let now = jiff::Timestamp::now().as_millisecond();
    let wait = u64::try_from(now).map_or(at_ms, |now| at_ms.saturating_sub(now));
    Duration::from_millis(wait).min(PATIENCE)
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE)
}

fn may_work_later(error: &Error) -> bool {
    matches!(error.reason, Reason::Unavailable | Reason::RateLimited | Reason::BudgetExhausted | Reason::Conflict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!([0, 1, 5, 40].map(|failures| pause(failures).as_secs()), [2, 4, 64, 900]);
    }
}
