//! Whether a proxy should send people here. Anybody may ask, so the storage is looked at once a second, however many do.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use organisation_fleet::{syncs::troubled, tenants::Registry};
use organisation_host::storage::{Storage, StorageError};
use serde::Serialize;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// An answer is good for so long.
const FRESH: Duration = Duration::from_secs(1);
/// A storage that takes longer counts as one that does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What `/health` answers.
#[derive(Debug, Serialize)]
pub struct HealthView {
    pub live: bool,
    pub ready: bool,
    pub stopping: bool,
    pub storage: &'static str,
    pub tenants: usize,
    /// Declarations that could not be taken up; the log says which and why.
    pub troubles: usize,
    /// Tenants whose periodic syncs do not work, as all hosts of the storage have found; the log says why. Absent while the
    /// storage does not answer.
    pub syncs_in_trouble: Option<usize>,
}

/// Finds in the storage how many tenants have syncs that do not work.
type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<usize, StorageError>> + Send + Sync>;

/// What a host knows about its health.
pub struct Health {
    probe: Probe,
    last: Mutex<Option<Probing>>,
    stopping: AtomicBool,
}

/// A probe of the storage, under way or over.
#[derive(Debug, Clone)]
struct Probing {
    began: Instant,
    /// What it answered, if it did, once that is known.
    answers: watch::Receiver<Option<Option<usize>>>,
}

impl Probing {
    /// Whether another one would come too early.
    fn holds(&self) -> bool {
        let is_under_way = self.answers.borrow().is_none() && self.answers.has_changed().is_ok();
        is_under_way || self.began.elapsed() < FRESH
    }
}

impl Health {
    /// Of a host with this storage, which serves these tenants.
    pub fn of(storage: Arc<dyn Storage>, registry: Arc<Registry>) -> Self {
        Self::probed_by(move || {
            let (storage, registry) = (Arc::clone(&storage), Arc::clone(&registry));
            Box::pin(async move {
                let is_periodic = |name: &String| registry.get(name).is_some_and(|tenant| tenant.period.is_some());
                Ok(troubled(&*storage).await?.iter().filter(|name| is_periodic(name)).count())
            })
        })
    }

    fn probed_by(probe: impl Fn() -> BoxFuture<'static, Result<usize, StorageError>> + Send + Sync + 'static) -> Self {
        Self { probe: Arc::new(probe), last: Mutex::new(None), stopping: AtomicBool::new(false) }
    }

    /// The host is about to end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// How the host is, as it serves so many tenants and could not take up so many declarations.
    pub async fn view(&self, tenants: usize, troubles: usize) -> HealthView {
        let syncs_in_trouble = self.storage_answer().await;
        let answers = syncs_in_trouble.is_some();
        let stopping = self.stopping.load(Ordering::Relaxed);
        HealthView {
            live: true,
            ready: answers && !stopping,
            stopping,
            storage: if answers { "ok" } else { "unavailable" },
            tenants,
            troubles,
            syncs_in_trouble,
        }
    }

    async fn storage_answer(&self) -> Option<usize> {
        let mut answers = self.probing().answers;
        // A probe that broke off without an answer is none.
        answers.wait_for(Option::is_some).await.ok().and_then(|answer| (*answer).flatten())
    }

    /// The probe of the moment. It goes on by itself: whoever began it may go away.
    fn probing(&self) -> Probing {
        // What is behind the lock is replaced as a whole.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(probing) = last.as_ref().filter(|probing| probing.holds()) {
            return probing.clone();
        }
        let (answer, answers) = watch::channel(None);
        let probe = Arc::clone(&self.probe);
        tokio::spawn(async move {
            let answers = match timeout(PATIENCE, probe()).await {
                Ok(Ok(syncs_in_trouble)) => Some(syncs_in_trouble),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the storage does not answer");
                    None
                }
                Err(_) => {
                    tracing::warn!(within = ?PATIENCE, "the storage does not answer in time");
                    None
                }
            };
            answer.send_replace(Some(answers));
        });
        last.insert(Probing { began: Instant::now(), answers }).clone()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("last", &self.last).field("stopping", &self.stopping).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    /// A host whose storage takes this long for an answer, and how often it was asked.
    fn slow(takes: Duration) -> (Arc<Health>, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        let health = Health::probed_by(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                sleep(takes).await;
                Ok(3)
            })
        });
        (Arc::new(health), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_often_is_answered_from_one_look_a_second() {
        let (health, asked) = slow(Duration::from_millis(50));
        for (pause, expected) in [(0, 1), (900, 1), (100, 2), (0, 2), (5_000, 3)] {
            sleep(Duration::from_millis(pause)).await;
            let views = join_all((0..100).map(|_| health.view(1, 0))).await;
            assert!(views.iter().all(|view| view.ready), "{views:?}");
            assert_eq!(asked.load(Ordering::Relaxed), expected, "after {pause} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_makes_no_look_begin_anew() {
        let (health, asked) = slow(Duration::from_millis(500));
        for _ in 0..10 {
            assert!(timeout(Duration::from_millis(10), health.view(1, 0)).await.is_err());
        }
        let view = health.view(1, 0).await;
        assert_eq!((view.ready, view.syncs_in_trouble), (true, Some(3)));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_storage_that_hangs_is_not_waited_for() {
        let (health, asked) = slow(Duration::from_hours(1));
        let began = Instant::now();
        for looks in 1..=2 {
            let view = health.view(1, 0).await;
            assert_eq!((view.ready, view.storage, view.syncs_in_trouble), (false, "unavailable", None));
            assert_eq!(asked.load(Ordering::Relaxed), looks);
        }
        assert_eq!(began.elapsed(), 2 * PATIENCE);
    }

    #[tokio::test]
    async fn what_the_storage_says_decides() {
        let broken = Health::probed_by(|| {
            Box::pin(async { Err(StorageError::Unavailable { message: "gone".to_owned(), maybe_applied: false }) })
        });
        let breaks_off = Health::probed_by(|| Box::pin(async { panic!("a defect") }));
        for health in [broken, breaks_off] {
            assert!(!health.view(1, 0).await.ready);
        }
        let (stopping, _) = slow(Duration::ZERO);
        stopping.stop();
        let view = stopping.view(1, 0).await;
        assert_eq!((view.ready, view.stopping, view.storage), (false, true, "ok"));
    }
}
