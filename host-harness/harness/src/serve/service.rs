//! What requests are answered with.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use organisation_fleet::{
    observe::metrics::Metrics,
    tenants::{Changes, Registry, SourceError, StoredTenants, Tenant},
};
use organisation_host::{
    Host,
    storage::{FingerprintKey, Storage, StorageError},
};

use tokio::sync::mpsc::UnboundedSender;

use super::{
    body::Bodies,
    call_history::CallHistory,
    console::{Names, Runs},
    first_run::FirstRun,
    follow_ups::FollowUps,
    health::{Health, HealthView},
    request_limits::{RequestLimits, RequestPermit},
    root_files::RootFiles,
};
use crate::public_url::PublicUrl;

/// Requests of one tenant's vendor, and of its platform, at a time: both come one after the other as a rule.
const BESIDE: usize = 16;
/// Runs that people started at a time, unless the operator says how many.
const RUNS: usize = 8;
/// Pages that look on while a run goes its way: of one tenant, and of one session.
const STREAMS: [usize; 2] = [8, 2];
/// Files of one tenant for the vendor at a time.
const UPLOADS: usize = 2;

/// The host as requests see it.
pub struct Service {
    host: Host,
    registry: Arc<Registry>,
    metrics: Arc<Metrics>,
    calls: Arc<CallHistory>,
    health: Health,
    storage: Arc<dyn Storage>,
    sign_in_limits: Arc<RequestLimits>,
    /// Of what the vendor sends, so that neither keeps the other out.
    callback_limits: Arc<RequestLimits>,
    /// Of what platforms ask.
    api_limits: Arc<RequestLimits>,
    /// Of what administrators look at.
    console_limits: Arc<RequestLimits>,
    /// Of those that look on at a run, by tenant and by session.
    stream_limits: [Arc<RequestLimits>; 2],
    /// Runs that they started.
    runs: Arc<Runs>,
    /// What departments of tenants are called.
    names: Names,
    first_run: Option<FirstRun>,
    /// Of files for the vendor, which are large.
    upload_limits: Arc<RequestLimits>,
    bodies: Bodies,
    /// When it was logged last of a tenant that what arrived for it was refused.
    refusals_logged_at: Mutex<HashMap<Arc<str>, Instant>>,
    follow_ups: Arc<FollowUps>,
    root_files: RootFiles,
    public_url: Option<PublicUrl>,
    cookie_key: FingerprintKey,
    /// Names of tenants that are served anew or differently, for who asks their elements.
    taken_up: UnboundedSender<String>,
}

impl Service {
    /// # Errors
    /// The machine has no randomness.
    pub fn new(
        host: Host,
        registry: Arc<Registry>,
        storage: Arc<dyn Storage>,
        metrics: Arc<Metrics>,
        calls: Arc<CallHistory>,
        taken_up: UnboundedSender<String>,
    ) -> Result<Self, StorageError> {
        let cookie_key = storage.fingerprint_key()?;
        let health = Health::of(Arc::clone(&storage), Arc::clone(&registry));
        Ok(Self {
            host,
            registry,
            metrics,
            calls,
            health,
            storage,
            sign_in_limits: Arc::default(),
            callback_limits: Arc::new(RequestLimits::of(BESIDE)),
            api_limits: Arc::new(RequestLimits::of(BESIDE)),
            console_limits: Arc::new(RequestLimits::of(BESIDE)),
            stream_limits: STREAMS.map(|most| Arc::new(RequestLimits::of(most))),
            runs: Arc::new(Runs::of_at_most(RUNS)),
            names: Names::default(),
            first_run: None,
            upload_limits: Arc::new(RequestLimits::of(UPLOADS)),
            bodies: Bodies::default(),
            refusals_logged_at: Mutex::default(),
            follow_ups: Arc::default(),
            root_files: RootFiles::default(),
            public_url: None,
            cookie_key,
            taken_up,
        })
    }

    /// Reached by people under this address.
    pub fn reached_under(self, public_url: Option<PublicUrl>) -> Self {
        Self { public_url, ..self }
    }

    /// Taking so many runs that people started to their end at a time.
    pub fn running(self, parallel: usize) -> Self {
        Self { runs: Arc::new(Runs::of_at_most(parallel)), ..self }
    }

    /// With a page that leads through a demonstration.
    pub fn leading(self, first_run: Option<FirstRun>) -> Self {
        Self { first_run, ..self }
    }

    /// What leads through a demonstration, where this is one.
    pub fn first_run(&self) -> Option<&FirstRun> {
        self.first_run.as_ref()
    }

    /// The host is about to end.
    pub fn stop(&self) {
        self.health.stop();
    }

    /// The declarations of tenants, where they stand in the storage.
    pub fn stored_tenants(&self) -> Option<StoredTenants> {
        self.registry.stored()
    }

    /// Takes up what somebody has changed in the declarations, without waiting for the next time; what changed and what is wrong is
    /// logged.
    ///
    /// # Errors
    /// They cannot be read: the former ones are served.
    pub async fn reload(&self) -> Result<BTreeMap<String, String>, SourceError> {
        let reloaded = self.registry.reload().await;
        log_changes(&reloaded, &self.registry);
        let mut changes = reloaded?;
        let unusable = std::mem::take(&mut changes.unusable);
        self.take_up(changes);
        Ok(unusable)
    }

    /// Names the tenants that are served anew or differently.
    pub fn take_up(&self, changes: Changes) {
        for name in changes.added.into_iter().chain(changes.changed) {
            // Who looks at them ends with the host.
            if self.taken_up.send(name).is_err() {
                return;
            }
        }
    }

    pub fn tenant(&self, name: &str) -> Option<Tenant> {
        self.registry.get(name)
    }

    /// All tenants that are served.
    pub fn tenants(&self) -> Vec<Tenant> {
        self.registry.all()
    }

    /// Lets a request of a tenant in; nothing where it has too many under way.
    pub fn admit(&self, tenant: &Tenant) -> Option<RequestPermit> {
        self.sign_in_limits.admit(&tenant.name)
    }

    /// Lets a request of the vendor to a tenant in; nothing where it has too many under way.
    pub fn admit_callback(&self, tenant: &Tenant) -> Option<RequestPermit> {
        self.callback_limits.admit(&tenant.name)
    }

    /// Lets a request of a tenant's platform in; nothing where it has too many under way.
    pub fn admit_api(&self, tenant: &Tenant) -> Option<RequestPermit> {
        self.api_limits.admit(&tenant.name)
    }

    /// Whether it may be logged again that what arrived for a tenant was refused: strangers could fill a log.
    pub fn may_log_refusal(&self, tenant: &Tenant, every: Duration) -> bool {
        let mut logged = self.refusals_logged_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        logged.retain(|_, at| now.saturating_duration_since(*at) < every);
        let may = !logged.contains_key(&tenant.name);
        if may {
            logged.insert(Arc::clone(&tenant.name), now);
        }
        may
    }

    /// What is left for later.
    pub fn follow_ups(&self) -> &Arc<FollowUps> {
        &self.follow_ups
    }

    /// Lets an administrator's request in; nothing where the tenant has too many under way.
    pub fn admit_console(&self, tenant: &Tenant) -> Option<RequestPermit> {
        self.console_limits.admit(&tenant.name)
    }

    /// Lets a page look on at a run; nothing where the tenant or the session has too many that do.
    pub fn admit_stream(&self, tenant: &Tenant, session: &Arc<str>) -> Option<[RequestPermit; 2]> {
        let [of_tenants, of_sessions] = &self.stream_limits;
        Some([of_tenants.admit(&tenant.name)?, of_sessions.admit(session)?])
    }

    /// The last calls of each tenant.
    pub fn calls(&self) -> &CallHistory {
        &self.calls
    }

    /// Runs that were started from a page.
    pub fn runs(&self) -> &Arc<Runs> {
        &self.runs
    }

    /// What departments of tenants are called.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Lets a file for the vendor in; nothing where the tenant has too many under way.
    pub fn admit_upload(&self, tenant: &str) -> Option<RequestPermit> {
        self.upload_limits.admit(&tenant.into())
    }

    /// Room for the bodies of requests.
    pub fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// Files at the root of this host.
    pub fn root_files(&self) -> &RootFiles {
        &self.root_files
    }

    /// The content of a file at the root of this host.
    pub fn root_file(&self, name: &str) -> Option<String> {
        self.root_files.find(&self.registry, name)
    }

    /// Where people reach the host, where the operator says so.
    pub fn public_url(&self) -> Option<&PublicUrl> {
        self.public_url.as_ref()
    }

    /// What stands before the paths of the host, as browsers see them: empty, or `/PATH`.
    pub fn base(&self) -> &str {
        self.public_url.as_ref().map_or("", PublicUrl::path)
    }

    /// Where the host keeps what is its own of tenants.
    pub fn storage(&self) -> &dyn Storage {
        self.storage.as_ref()
    }

    /// The key of what cookies say, common to all hosts of the storage.
    pub fn cookie_key(&self) -> &FingerprintKey {
        &self.cookie_key
    }

    pub fn metrics(&self) -> String {
        self.metrics.encode(self.host.current_load(), self.registry.len())
    }

    pub async fn health(&self) -> HealthView {
        self.health.view(self.registry.len(), self.registry.trouble().len()).await
    }
}

/// Logs what changed; what is wrong is logged again at each reload, until it is right.
fn log_changes(reloaded: &Result<Changes, SourceError>, registry: &Registry) {
    match reloaded {
        Ok(changes) => {
            for unusable in unusable(changes) {
                tracing::warn!(%unusable, "a tenant cannot be served as it is declared: the former declaration holds, if any");
            }
            let Changes { added, changed, removed, .. } = changes;
            if !(added.is_empty() && changed.is_empty() && removed.is_empty()) {
                let tenants = registry.len();
                tracing::info!(?added, ?changed, ?removed, tenants, "changes of tenants were taken up");
            }
        }
        Err(error) => tracing::warn!(%error, "tenants cannot be read: the former ones are served"),
    }
}

/// Tenants that cannot be served as they are declared, and why.
pub fn unusable(changes: &Changes) -> Vec<String> {
    changes.unusable.iter().map(|(name, why)| format!("tenant {name:?}: {why}")).collect()
}
