//! Runs that somebody started from a page: this host takes them to their end, and the page looks on.

use std::{
    collections::HashMap,
    future::pending,
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

use crate::run::{Course, Onlooker, RunEnd, to_its_end};

/// The longest wait of a vendor that a run is kept for; it goes on when somebody starts it again, or by itself where the tenant
/// has periodic syncs.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How the last run of a tenant on this host stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    UnderWay,
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
#[derive(Default)]
pub struct Runs(Mutex<HashMap<Arc<str>, Standing>>);

impl Runs {
    /// How the last one of a tenant stands; nothing where none was started here.
    pub fn of(&self, tenant: &str) -> Option<Standing> {
        self.lock().get(tenant).cloned()
    }

    /// Takes a run to its plan or its end, unless one is under way here already.
    pub fn start(self: &Arc<Self>, tenant: &Tenant, until: Goal) {
        if self.lock().insert(Arc::clone(&tenant.name), Standing::UnderWay) == Some(Standing::UnderWay) {
            return;
        }
        let (runs, tenant) = (Arc::clone(self), tenant.clone());
        tokio::spawn(async move {
            let standing = run(&tenant, until).await;
            runs.lock().insert(tenant.name, standing);
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Standing>> {
        // An entry is whole whatever a panic interrupted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(tenant: &Tenant, until: Goal) -> Standing {
    let course = Course {
        element: &tenant.element,
        strategy: Strategy::Automatic,
        until,
        approved: None,
        clock: &SystemClock,
        max_wait: Some(LONGEST_WAIT),
    };
    match to_its_end(course, &mut Unwatched, pin!(pending())).await {
        Ok(finished) => match finished.ended {
            RunEnd::Complete(_) => Standing::Complete,
            RunEnd::Planned(_) => Standing::Planned,
            RunEnd::Blocked(_) => Standing::Blocked,
            RunEnd::Paused(pause) => Standing::Paused(pause.error.message, pause.error.hint),
            RunEnd::Waiting { waiting, .. } => Standing::Waiting(waiting.not_before),
            RunEnd::Interrupted(_) => Standing::Failed(String::new()),
        },
        Err(error) => {
            tracing::warn!(lowcode.tenant = &*tenant.name, %error, "a sync that was started from the console did not end");
            Standing::Failed(error.to_string())
        }
    }
}

/// The page asks by itself.
struct Unwatched;

impl Onlooker for Unwatched {
    fn called(&mut self, _: &CallReport) {}
    fn progress(&mut self, _: &Progress) {}
    fn waiting(&mut self, _: &Waiting, _: Duration) {}
}
