//! Runs that somebody started from a page: this host takes them to their end, and the page looks on.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use organisation_fleet::tenants::Tenant;
use organisation_host::{
    CallReport,
    contract::directory::{Goal, Progress, Strategy, Waiting},
    storage::SystemClock,
};
use tokio::sync::{Semaphore, watch};

use crate::{
    interrupt::interrupted,
    run::{Course, Onlooker, RunEnd, to_its_end},
};

/// The longest wait of a vendor that a run is kept for; it goes on when somebody starts it again, or by itself where the tenant
/// has periodic syncs.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How the last run of a tenant on this host stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// How far it has come, once that is known.
    UnderWay(Option<Progress>),
    Complete,
    Planned,
    Blocked,
    /// A person has to act: what the element says, and what to do.
    Paused(String, Option<String>),
    /// The vendor asks to wait until then, in milliseconds since 1970.
    Waiting(u64),
    /// It did not work.
    Failed(String),
}

/// Of every tenant, the run that was started here last.
pub struct Runs {
    standings: Mutex<HashMap<Arc<str>, watch::Sender<Standing>>>,
    /// Runs at a time; the others wait for their turn.
    turns: Semaphore,
}

/// Of a run under way. One that is dropped without an end, as by a panic, has failed.
struct UnderWay {
    runs: Arc<Runs>,
    told: watch::Sender<Standing>,
    standing: Standing,
}

impl UnderWay {
    fn end(mut self, standing: Standing) {
        self.standing = standing;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.told.send_replace(std::mem::replace(&mut self.standing, Standing::Complete));
    }
}

impl Runs {
    /// So many at a time, of all tenants together.
    pub fn of_at_most(parallel: usize) -> Self {
        Self { standings: Mutex::default(), turns: Semaphore::new(parallel) }
    }

    /// How the last one of a tenant stands; nothing where none was started here.
    pub fn of(&self, tenant: &str) -> Option<Standing> {
        self.lock().get(tenant).map(|told| told.borrow().clone())
    }

    /// Tells of it as it goes on.
    pub fn follow(&self, tenant: &str) -> Option<watch::Receiver<Standing>> {
        self.lock().get(tenant).map(watch::Sender::subscribe)
    }

    /// Takes a run to its plan or its end, unless one is under way here already.
    pub fn start(self: &Arc<Self>, tenant: &Tenant, until: Goal) {
        let Some(under_way) = self.under_way(&tenant.name) else { return };
        let tenant = tenant.clone();
        tokio::spawn(async move {
            let turn = under_way.runs.turns.acquire().await;
            let standing = run(&tenant, until, &under_way.told).await;
            drop(turn);
            under_way.end(standing);
        });
    }

    /// Begins one; nothing where one is under way.
    fn under_way(self: &Arc<Self>, tenant: &Arc<str>) -> Option<UnderWay> {
        let mut standings = self.lock();
        let told = standings.entry(Arc::clone(tenant)).or_insert_with(|| watch::Sender::new(Standing::Complete));
        if matches!(*told.borrow(), Standing::UnderWay(_)) {
            return None;
        }
        told.send_replace(Standing::UnderWay(None));
        let broken = Standing::Failed("主机日志中有原因 the host's log says why".to_owned());
        Some(UnderWay { runs: Arc::clone(self), told: told.clone(), standing: broken })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, watch::Sender<Standing>>> {
        // An entry is whole whatever a panic interrupted.
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(tenant: &Tenant, until: Goal, told: &watch::Sender<Standing>) -> Standing {
    let course = Course {
        element: &tenant.element,
        strategy: Strategy::Automatic,
        until,
        approved: None,
        clock: &SystemClock,
        max_wait: Some(LONGEST_WAIT),
    };
    match to_its_end(course, &mut Teller(told), pin!(interrupted())).await {
        Ok(finished) => match finished.ended {
            RunEnd::Complete(_) => Standing::Complete,
            RunEnd::Planned(_) => Standing::Planned,
            RunEnd::Blocked(_) => Standing::Blocked,
            RunEnd::Paused(pause) => Standing::Paused(pause.error.message, pause.error.hint),
            RunEnd::Waiting { waiting, .. } => Standing::Waiting(waiting.not_before),
            RunEnd::Interrupted(_) => Standing::Failed("主机正在停止 the host stops".to_owned()),
        },
        Err(error) => {
            tracing::warn!(lowcode.tenant = &*tenant.name, %error, "a sync that was started from the console did not end");
            Standing::Failed(error.to_string())
        }
    }
}

/// Tells whoever looks on.
struct Teller<'a>(&'a watch::Sender<Standing>);

impl Onlooker for Teller<'_> {
    fn called(&mut self, _: &CallReport) {}

    fn progress(&mut self, progress: &Progress) {
        self.0.send_replace(Standing::UnderWay(Some(progress.clone())));
    }

    fn watches(&self) -> bool {
        self.0.receiver_count() > 0
    }

    fn waiting(&mut self, _: &Waiting, _: Duration) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_that_panics_has_failed_and_another_can_begin() {
        let runs = Arc::new(Runs::of_at_most(1));
        let acme: Arc<str> = "acme".into();
        let under_way = runs.under_way(&acme).unwrap();
        assert!(runs.under_way(&acme).is_none(), "one at a time");
        let mut told = runs.follow("acme").unwrap();
        let ended = tokio::spawn(async move {
            let _turn = under_way.runs.turns.acquire().await;
            panic!("a defect");
        });
        assert!(ended.await.unwrap_err().is_panic());
        assert!(matches!(runs.of("acme"), Some(Standing::Failed(_))), "{:?}", runs.of("acme"));
        assert!(told.has_changed().unwrap() && matches!(*told.borrow_and_update(), Standing::Failed(_)));
        assert!(runs.under_way(&acme).is_some());
        assert_eq!(runs.turns.available_permits(), 1);
    }
}
