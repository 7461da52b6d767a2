//! The stage: a vendor, a host, a storage and an element on one clock.
//!
//! Each stage has a host of its own, because a host has one clock and one set of kept connections, and each test has
//! its own time and runtime. What is dear, compiling the component, is done once for a process: hosts share a code
//! cache beside the test program.

use std::{
    collections::BTreeSet,
    fmt::Debug,
    panic::Location,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use organisation_host::{
    Answered, Call, CallReport, CallResult, Called, Element, ElementOptions, FailedCall, Host, Limits, LoadedComponent,
    contract::element::Verdict,
    egress::{AllowList, OperatorList},
    settings::Document,
    storage::{self, MemoryStorage, Options, SealingKey, Storage, StoredEntry, Usage},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use wecom_simulator::{Behaviour, Clock as SimulatorClock, Control, Corp, DEMO_DOMAIN, Setup, demo};

use crate::{
    clock::StageClock,
    company::Company,
    fuse::{Fuse, Fused},
    older::Older,
    switchboard::Switchboard,
    test_vendor::TestVendor,
};

/// Where the frozen clock of a stage starts: an instant in October 2025.
pub const START_MS: u64 = 1_760_000_000_000;
/// The tenant of a stage's own element.
pub const TENANT: &str = "acme";
/// The element's name.
pub const ELEMENT: &str = "organisation";
/// The redirect address of a stage's configuration; its host is the demonstration app's trusted domain.
pub const REDIRECT_URI: &str = "https://app.example.com/login/callback";
/// Longer than any lease of the component: after it whoever died holds nobody up.
pub const LEASES_OVER: Duration = Duration::from_secs(11);

/// The key with which a stage's store seals.
pub const SEALING_KEY: [u8; 32] = *b"the sealing key of a stage 32byt";

/// Calls of one host at a time.
const PARALLEL_CALLS: u32 = 32;

/// Where the element keeps its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// In memory.
    #[default]
    Memory,
    /// In a SQLite file, in a folder that goes with the stage.
    Sqlite,
}

/// What a stage is set up with. Everything but the organisation has a default.
#[derive(Clone, Debug)]
pub struct Setting<V: TestVendor = Control> {
    setup: V::Setup,
    config: Value,
    limits: Limits,
    store: Store,
}

impl Setting {
    /// This WeCom organisation, the clock frozen at [`START_MS`], memory storage.
    pub fn new(corp: Corp) -> Self {
        Self::with(Setup { clock: SimulatorClock::frozen_at(START_MS), ..Setup::new(corp) })
    }

    /// Another behaviour of WeCom.
    #[must_use]
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.setup.behaviour = behaviour;
        self
    }
}

impl<V: TestVendor> Setting<V> {
    /// This company at any vendor, the clock frozen at [`START_MS`], memory storage.
    pub fn of(company: &Company) -> Self {
        Self::with(V::setup(company))
    }

    fn with(setup: V::Setup) -> Self {
        Self { setup, config: json!({}), limits: Limits::default(), store: Store::default() }
    }

    /// A clock that runs by itself.
    #[must_use]
    pub fn real_time(self) -> Self {
        Self { setup: V::in_real_time(self.setup), ..self }
    }

    /// Further keys of the configuration; `null` takes one away.
    #[must_use]
    pub fn config(self, config: Value) -> Self {
        Self { config, ..self }
    }

    /// Other limits of a call.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Another kind of storage.
    #[must_use]
    pub fn store(self, store: Store) -> Self {
        Self { store, ..self }
    }

    /// Sets everything up on the current runtime.
    pub async fn start(self) -> Stage<V> {
        let (server, base_url, control) = V::start(self.setup).await;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let fuse = Arc::new(Fuse::default());
        let switchboard = Arc::new(Switchboard::new(Arc::clone(&fuse)));
        let storage = open(self.store, &control, &folder).await;
        let storage: Arc<dyn Storage> = Arc::new(Fused { inner: storage, fuse: Arc::clone(&fuse) });
        let (host, component) = host(StageClock::of(control.clone()));
        let common = ElementSetup { base_url, limits: self.limits, switchboard, config: self.config };
        let element = common.element::<V>(&host, &component, &storage, (TENANT, ELEMENT), &json!({}));
        Stage {
            server: Mutex::new(Some(server)),
            control,
            host,
            component,
            storage,
            element,
            fuse,
            store: self.store,
            folder,
            common,
            notes: Mutex::default(),
        }
    }
}

/// What elements of a stage have in common.
struct ElementSetup {
    base_url: String,
    limits: Limits,
    switchboard: Arc<Switchboard>,
    config: Value,
}

impl ElementSetup {
    fn document<V: TestVendor>(&self, config: &Value) -> String {
        let mut document = V::document(&self.base_url);
        let keys = document.as_object_mut().expect("the document is an object");
        for further in [&self.config, config] {
            for (key, value) in further.as_object().expect("further keys are an object") {
                match value {
                    Value::Null => keys.remove(key),
                    value => keys.insert(key.clone(), value.clone()),
                };
            }
        }
        document.to_string()
    }

    fn element<V: TestVendor>(
        &self,
        host: &Host,
        component: &Arc<LoadedComponent>,
        storage: &Arc<dyn Storage>,
        (tenant, name): (&str, &str),
        config: &Value,
    ) -> Element {
        let entry = self.base_url.trim_start_matches("http://");
        self.element_admitting::<V>(host, component, storage, (tenant, name), config, &[entry])
    }

    fn element_admitting<V: TestVendor>(
        &self,
        host: &Host,
        component: &Arc<LoadedComponent>,
        storage: &Arc<dyn Storage>,
        (tenant, name): (&str, &str),
        config: &Value,
        entries: &[&str],
    ) -> Element {
        let settings = Document::parse(&self.document::<V>(config)).expect("the configuration is an object");
        let mut options = ElementOptions::new(tenant, name, settings, Arc::clone(storage));
        options.operator = OperatorList::only(AllowList::parse(entries).expect("the entries are sound"));
        options.limits = self.limits.clone();
        options.hooks = vec![Arc::clone(&self.switchboard) as _];
        host.element(component, options).expect("the names are sound")
    }
}

/// A vendor, a host, a storage and an element on one clock.
pub struct Stage<V: TestVendor = Control> {
    server: Mutex<Option<V::Server>>,
    /// Reads and changes the vendor.
    pub control: V,
    /// Runs the component.
    pub host: Host,
    /// The component of the vendor's element.
    pub component: Arc<LoadedComponent>,
    /// What the element keeps its state in; counts on [`Stage::fuse`].
    pub storage: Arc<dyn Storage>,
    /// The tenant's element.
    pub element: Element,
    /// Cuts calls off.
    pub fuse: Arc<Fuse>,
    store: Store,
    folder: TempDir,
    common: ElementSetup,
    notes: Mutex<Vec<String>>,
}

impl Stage {
    /// WeCom's demonstration organisation.
    pub async fn demo() -> Self {
        Self::of(demo()).await
    }

    /// A WeCom organisation, everything else as usual.
    pub async fn of(corp: Corp) -> Self {
        Setting::new(corp).start().await
    }
}

impl<V: TestVendor> Stage<V> {
    /// The sample company, everything else as usual.
    pub async fn sample() -> Self {
        Setting::of(&Company::sample()).start().await
    }

    /// The hook between host and vendor.
    pub fn switchboard(&self) -> &Switchboard {
        &self.common.switchboard
    }

    /// The text of the configuration, with further keys.
    pub fn document(&self, config: &Value) -> String {
        self.common.document::<V>(config)
    }

    /// The same element with further configuration keys, on the same storage.
    pub fn reconfigured(&self, config: &Value) -> Element {
        self.element_of((TENANT, ELEMENT), config)
    }

    /// The same element where the operator admits these hosts and no others.
    pub fn admitting(&self, entries: &[&str], config: &Value) -> Element {
        let names = (TENANT, ELEMENT);
        self.common.element_admitting::<V>(&self.host, &self.component, &self.storage, names, config, entries)
    }

    /// Another tenant's element, on the same host and storage.
    pub fn element_of(&self, names: (&str, &str), config: &Value) -> Element {
        self.common.element::<V>(&self.host, &self.component, &self.storage, names, config)
    }

    /// The element as another process on the same storage would have it: with a host of its own and, where the store
    /// is a file, a handle of its own.
    pub async fn elsewhere(&self) -> Element {
        self.elsewhere_ahead(Duration::ZERO).await
    }

    /// The same with a clock that is ahead of everybody else's.
    pub async fn elsewhere_ahead(&self, ahead: Duration) -> Element {
        let (host, component) = host(StageClock::ahead_of(self.control.clone(), ahead));
        let storage = match self.store {
            Store::Memory => Arc::clone(&self.storage),
            Store::Sqlite => open(Store::Sqlite, &self.control, &self.folder).await,
        };
        self.common.element::<V>(&host, &component, &storage, (TENANT, ELEMENT), &json!({}))
    }

    /// The same element as a host has it that runs a version before: the frozen component where there is one.
    ///
    /// # Panics
    /// When the host does not run it.
    pub fn older(&self) -> Element {
        let (host, today) = host(StageClock::of(self.control.clone()));
        let frozen = V::FROZEN.map(|frozen| host.load(frozen).expect("every host of 0.1.x runs it"));
        let storage: Arc<dyn Storage> = Arc::new(Older(Arc::clone(&self.storage)));
        self.common.element::<V>(&host, &frozen.unwrap_or(today), &storage, (TENANT, ELEMENT), &json!({}))
    }

    /// The same under other limits of a call.
    pub async fn elsewhere_with(&self, limits: Limits) -> Element {
        self.elsewhere().await.with_limits(limits)
    }

    /// Takes the vendor off the network: from now on connections are refused.
    pub fn unplug(&self) {
        drop(self.server.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Moves the clock of everybody.
    pub fn advance(&self, by: Duration) {
        self.control.advance(by);
    }

    /// The answer of a call that came to an end.
    ///
    /// # Panics
    /// When the host ended the call: by a limit, or because the component broke off.
    #[track_caller]
    pub fn heard<T>(&self, call: Call<'_, Answered<T>>) -> impl Future<Output = Answered<T>> {
        let at = Location::caller();
        async move {
            match call.reported().await {
                Err(failed) => {
                    self.note_failed(&failed);
                    panic!("{at}: the call ended without an answer: {failed}")
                }
                outcome => self.note_answer(outcome),
            }
        }
    }

    /// The same of a call that has come to its end.
    ///
    /// # Panics
    /// As [`Stage::heard`].
    #[track_caller]
    pub fn note_answer<T>(&self, outcome: CallResult<Answered<T>>) -> Answered<T> {
        self.reported(outcome).0
    }

    /// The same, with the report.
    ///
    /// # Panics
    /// As [`Stage::heard`].
    #[track_caller]
    pub fn reported<T>(&self, outcome: CallResult<Answered<T>>) -> (Answered<T>, CallReport) {
        match outcome {
            Ok(Called { value, report }) => {
                self.note_report(&report);
                if let Err(error) = &value {
                    self.note(error);
                }
                (value, report)
            }
            Err(failed) => {
                self.note_failed(&failed);
                panic!("the call ended without an answer: {failed}")
            }
        }
    }

    /// Keeps what a call without an answer left behind.
    pub fn note_failed(&self, failed: &FailedCall) {
        self.note(failed);
        self.note_report(&failed.report);
    }

    /// Keeps something that the outside gets to see.
    pub fn note(&self, seen: &impl Debug) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{seen:?}"));
    }

    /// Everything that was kept so far.
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_report(&self, report: &CallReport) {
        self.note(report);
        self.note(&serde_json::to_string(report).expect("a report is JSON"));
    }

    /// Nothing that was kept shows the secret, a token or ticket that the vendor handed out, or one of `further`.
    ///
    /// # Panics
    /// When something does.
    #[track_caller]
    pub fn assert_discreet(&self, further: &[&str]) {
        let mut secrets = self.switchboard().overheard();
        secrets.insert(V::SECRET.to_owned());
        secrets.extend(further.iter().map(|&secret| secret.to_owned()));
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!notes.is_empty(), "nothing was kept, so nothing was looked at");
        for secret in &secrets {
            assert!(secret.len() > 5, "too short to be looked for: {secret:?}");
            if let Some(note) = notes.iter().find(|note| note.contains(secret.as_str())) {
                panic!("a secret came to light in: {note}");
            }
        }
    }

    /// The verdicts of `check-connection`.
    ///
    /// # Panics
    /// When it answers an error.
    pub async fn check(&self) -> Vec<Verdict> {
        let verdicts = self.heard(self.element.check_connection()).await.expect("the check comes to verdicts");
        self.note(&verdicts);
        verdicts
    }

    /// What the element's part of the storage holds.
    ///
    /// # Panics
    /// When the storage fails.
    pub async fn usage(&self) -> Usage {
        self.storage.usage(self.element.scope()).await.expect("the storage answers")
    }

    /// Everything the element stores below a prefix, versions included.
    ///
    /// # Panics
    /// When the storage fails.
    pub async fn stored(&self, prefix: &str) -> Vec<StoredEntry> {
        let mut entries: Vec<StoredEntry> = Vec::new();
        loop {
            let after = entries.last().map(|entry| entry.key.clone());
            let page = self.storage.scan(self.element.scope(), prefix, after.as_deref(), 1_000).await;
            let page = page.expect("the storage answers");
            entries.extend(page.entries);
            if !page.more {
                return entries;
            }
        }
    }

    /// The bytes of the file that the store keeps, and of those beside it: what somebody with the disk could read.
    ///
    /// # Panics
    /// When the store is no file.
    pub fn at_rest(&self) -> Vec<u8> {
        assert_eq!(self.store, Store::Sqlite, "only a file is at rest");
        let files = std::fs::read_dir(self.folder.path()).expect("the folder is there");
        let read = |file: std::io::Result<std::fs::DirEntry>| std::fs::read(file?.path());
        files.map(read).collect::<Result<Vec<_>, _>>().expect("the files can be read").concat()
    }

    /// Vendor calls so far, by the vendor's count.
    pub fn vendor_calls(&self) -> u64 {
        self.control.calls()
    }
}

/// The host of the demonstration app's trusted domain, for addresses.
pub fn at_domain(path: &str) -> String {
    format!("https://{DEMO_DOMAIN}{path}")
}

/// A host on this clock, and the component of its element.
fn host<V: TestVendor>(clock: StageClock<V>) -> (Host, Arc<LoadedComponent>) {
    static COMPILED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
    let builder = Host::builder().parallel_calls(PARALLEL_CALLS).code_cache(code_cache());
    let host = builder.clock(Arc::new(clock)).build().expect("a host can be built");
    let component = V::component();
    let load = || host.load(component).expect("the component that was built fits the host");
    // The first one compiles, while the others wait for its code instead of compiling the same.
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if compiled.insert(component.as_ptr().addr()) {
        drop(load());
    }
    drop(compiled);
    let component = load();
    (host, component)
}

/// A directory for compiled code beside the test program, so that it is as private and as short-lived as the build.
fn code_cache() -> PathBuf {
    let program = std::env::current_exe().expect("a program knows where it lies");
    program.with_file_name("compiled-components")
}

async fn open<V: TestVendor>(store: Store, control: &V, folder: &TempDir) -> Arc<dyn Storage> {
    let options = Options::default()
        .clock(Some(Arc::new(StageClock::of(control.clone()))))
        .sealing_key(Some(SealingKey::new(SEALING_KEY)))
        .poll_interval(Duration::from_millis(5));
    match store {
        Store::Memory => Arc::new(MemoryStorage::new(options)),
        Store::Sqlite => {
            let file = folder.path().join("organisation.sqlite");
            storage::open(&format!("sqlite:{}", file.display()), options).await.expect("the file can be opened")
        }
    }
}
