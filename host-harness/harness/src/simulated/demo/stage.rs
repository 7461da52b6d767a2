//! The stage of the demonstration: simulator, host, storage and element, all on one clock.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use organisation_host::{
    Element, ElementOptions, Host, LoadedComponent,
    egress::{AllowList, Checked, Hook, HttpError, Next, OperatorList, Response},
    settings::{Document, ElementFolder, Variables},
    storage::{self, Clock, Storage},
};
use tempfile::TempDir;
use wecom_simulator::{Control, Setup, Simulator};

use crate::{
    cli::Global,
    command_error::CommandError,
    local_files, session,
    simulated::folder::{self, Configuration},
};

const PARALLEL_CALLS: u32 = 4;

/// Everything that the story needs.
pub struct Stage {
    pub control: Control,
    pub element: Element,
    pub configuration: Configuration,
    pub meddler: Arc<Meddler>,
    host: Host,
    component: Arc<LoadedComponent>,
    storage: Arc<dyn Storage>,
    operator: OperatorList,
    _simulator: Simulator,
    /// Removed with everything in it at the end.
    _temporary: Option<TempDir>,
}

impl Stage {
    /// Sets the stage, in `keep` or in a temporary folder.
    ///
    /// # Errors
    /// Whatever cannot be started, written or loaded.
    pub async fn set(options: &Global, keep: Option<&Path>) -> Result<Self, CommandError> {
        let (place, temporary) = place(keep)?;
        let simulator = Simulator::start(Setup::new(wecom_simulator::demo()))
            .await
            .map_err(|error| CommandError::Simulation(error.to_string()))?;
        let control = simulator.control();
        let configuration = Configuration::for_simulator(simulator.address());
        folder::write(&place.join("demo"), &configuration)?;
        let folder = ElementFolder::load(&place.join("demo"), &Variables::default())?;

        let clock: Arc<dyn Clock> = Arc::new(SimulatedTime(control.clone()));
        let trusted = session::trusted_keys(options)?;
        let builder = session::builder(&trusted).parallel_calls(PARALLEL_CALLS);
        let host = builder.clock(Arc::clone(&clock)).build()?;
        let component = session::load(&host, options).await?;
        let database = place.join("organisation.db");
        let sealing_key = Some(local_files::sealing_key(&database)?.0);
        let options = storage::Options::default().clock(Some(clock)).sealing_key(sealing_key);
        let storage = storage::open(&format!("sqlite:{}", database.display()), options).await?;
        let allowed = AllowList::parse([simulator.address().to_string()])
            .map_err(|error| CommandError::Simulation(error.to_string()))?;

        let operator = OperatorList::only(allowed);
        let meddler = Arc::new(Meddler { control: control.clone(), left: AtomicI64::new(0) });
        let mut options = ElementOptions::new("default", folder.name, folder.settings, Arc::clone(&storage));
        options.operator = operator.clone();
        options.hooks = vec![Arc::clone(&meddler) as Arc<dyn Hook>];
        let element = host.element(&component, options)?;
        Ok(Self {
            control,
            element,
            configuration,
            meddler,
            host,
            component,
            storage,
            operator,
            _simulator: simulator,
            _temporary: temporary,
        })
    }

    /// The element of the same app with another configuration.
    ///
    /// # Errors
    /// The configuration is none.
    pub fn element_with(&self, configuration: &Configuration) -> Result<Element, CommandError> {
        let text = serde_json::to_string(configuration).map_err(std::io::Error::from)?;
        let document = Document::parse(&text).map_err(|error| CommandError::Simulation(error.to_string()))?;
        let mut options = ElementOptions::new("default", "demo", document, Arc::clone(&self.storage));
        options.operator = self.operator.clone();
        Ok(self.host.element(&self.component, options)?)
    }

    /// Lets go of the database.
    pub async fn close(self) {
        self.storage.close().await;
    }
}

/// Where the files lie, and what removes them at the end.
///
/// # Errors
/// The folder cannot be made, or is not empty.
pub fn place(keep: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), CommandError> {
    let Some(keep) = keep else {
        let temporary = tempfile::tempdir()
            .map_err(|error| CommandError::Simulation(format!("cannot make a temporary folder: {error}")))?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    let failed = |error| CommandError::Simulation(format!("cannot use {}: {error}", keep.display()));
    local_files::private_folder(keep).map_err(failed)?;
    if std::fs::read_dir(keep).map_err(failed)?.next().is_some() {
        let message = format!("{} is not empty", keep.display());
        return Err(CommandError::usage(
            message,
            "name a new folder with --keep, so that nothing of yours is overwritten",
        ));
    }
    Ok((keep.to_owned(), None))
}

/// The simulator's time for guest and storage: a token that the simulator holds for expired must be expired for all.
struct SimulatedTime(Control);

#[async_trait]
impl Clock for SimulatedTime {
    fn now_ms(&self) -> u64 {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The simulator's time for whoever waits for the vendor: waiting moves the clock instead of taking time.
pub struct LeapingTime(pub Control);

#[async_trait]
impl Clock for LeapingTime {
    fn now_ms(&self) -> u64 {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.advance(duration);
    }
}

/// Lets all tokens expire while a sync is under way.
pub struct Meddler {
    control: Control,
    left: AtomicI64,
}

impl Meddler {
    /// Expires the tokens right before the `n`-th request for members from now on.
    pub fn expire_tokens_before(&self, n: i64) {
        self.left.store(n, Ordering::SeqCst);
    }
}

#[async_trait]
impl Hook for Meddler {
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        if request.url().path().ends_with("/user/list") && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.control.expire_tokens();
        }
        next.run().await
    }
}
