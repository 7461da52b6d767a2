//! The tenants that a host serves at present, and taking up changes.

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};

use organisation_host::{
    Digest, Element, ElementOptions, Host, LoadedComponent,
    settings::{Document, ElementFolder, FillError, SettingsError, Variables},
    storage::{Quota, Quotas, Storage, StorageError},
    words_of,
};

use super::{
    api_keys::ApiKeys,
    components::Components,
    declaration::{Declaration, Described},
    loads::Loader,
    sign_in::SignIn,
    source::{Source, SourceError},
    stored::StoredTenants,
};

/// A tenant that is served.
#[derive(Clone)]
pub struct Tenant {
    /// Its name.
    pub name: Arc<str>,
    /// Its element.
    pub element: Element,
    /// What it may store, where that differs from what everybody may.
    pub quota: Option<Quota>,
    /// How often its directory is synchronised; `None`: only when asked.
    pub period: Option<Duration>,
    /// Whom its sign-ins let in.
    pub sign_in: SignIn,
    /// The keys by which its platform speaks to a host.
    pub api_keys: ApiKeys,
    /// All that it was made of, to notice changes. The same on every host that has the same of it. Not to be shown: the
    /// configuration is part of it, and whoever sees a plain digest can try guesses of what is secret there.
    pub(crate) made_of: Digest,
}

impl Tenant {
    /// Whether another one of this name is made of the same: declaration, configuration and component.
    pub fn is_same(&self, other: &Self) -> bool {
        self.made_of == other.made_of
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("name", &self.name)
            .field("element", &self.element)
            .field("quota", &self.quota)
            .field("period", &self.period)
            .field("sign_in", &self.sign_in)
            .finish_non_exhaustive()
    }
}

/// What a reload changed, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Tenants that were not served before.
    pub added: Vec<String>,
    /// Tenants that are served differently from now on. Calls under way end as they began.
    pub changed: Vec<String>,
    /// Tenants that are no longer declared.
    pub removed: Vec<String>,
    /// Tenants that cannot be served as they are declared, and why. Those served before are served as they were.
    pub unusable: BTreeMap<String, String>,
}

impl Changes {
    /// Whether nothing changed and nothing is wrong.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The tenants of a host. A look-up takes no lock that a reload holds for long, and gives an element that stays usable
/// whatever is reloaded meanwhile.
pub struct Registry {
    host: Host,
    storage: Arc<dyn Storage>,
    quotas: Quotas,
    source: Source,
    served: RwLock<Arc<BTreeMap<Arc<str>, Tenant>>>,
    /// Why the last reload took nothing up, or tenants that it could not serve.
    trouble: Mutex<Vec<String>>,
    /// What reloads learnt of component files; who reloads has it, one at a time.
    components: tokio::sync::Mutex<Components>,
}

impl Registry {
    /// Reads the declarations and makes the elements. Tenants that cannot be served as they are declared are named in
    /// the answer; the others are served. `quotas` are those that the store was opened with: tenants get their own there.
    ///
    /// # Errors
    /// The declarations cannot be read at all.
    pub async fn open(
        host: Host,
        storage: Arc<dyn Storage>,
        quotas: Quotas,
        source: Source,
    ) -> Result<(Self, Changes), SourceError> {
        let (served, trouble) = (RwLock::default(), Mutex::default());
        let registry =
            Self { host, storage, quotas, source, served, trouble, components: tokio::sync::Mutex::default() };
        let changes = registry.reload_within(PATIENCE_AT_FIRST).await?;
        Ok((registry, changes))
    }

    /// A tenant by name.
    pub fn get(&self, name: &str) -> Option<Tenant> {
        self.served().get(name).cloned()
    }

    /// All tenants, as they are now.
    pub fn all(&self) -> Vec<Tenant> {
        self.served().values().cloned().collect()
    }

    /// The declarations themselves, where they stand in the database.
    pub fn stored(&self) -> Option<StoredTenants> {
        match &self.source {
            Source::File(_) => None,
            Source::Stored(storage) => Some(StoredTenants::new(Arc::clone(storage))),
        }
    }

    /// How many tenants are served.
    pub fn len(&self) -> usize {
        self.served().len()
    }

    /// Whether no tenant is served.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was wrong at the last reload, for an operator; empty when nothing was.
    pub fn trouble(&self) -> Vec<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up what changed in the declarations, in element folders and in component files. What cannot be taken up
    /// leaves the former as it was.
    ///
    /// # Errors
    /// The declarations cannot be read; then nothing changes.
    pub async fn reload(&self) -> Result<Changes, SourceError> {
        self.reload_within(PATIENCE).await
    }

    /// The same, with so much time for what has to be compiled.
    async fn reload_within(&self, patience: Duration) -> Result<Changes, SourceError> {
        let mut components = self.components.lock().await;
        let result = self.take_up(&mut components, patience).await;
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = match &result {
            Ok(changes) => changes.unusable.iter().map(|(name, why)| format!("tenant {name:?}: {why}")).collect(),
            Err(error) => vec![error.to_string()],
        };
        result
    }

    /// Whether a tenant that is served is still declared where hosts share the declarations. What stands in a file is read by
    /// reloads alone.
    ///
    /// # Errors
    /// The storage.
    pub(crate) async fn is_declared(&self, name: &str) -> Result<bool, StorageError> {
        match &self.source {
            Source::File(_) => Ok(true),
            Source::Stored(storage) => StoredTenants::new(Arc::clone(storage)).contains(name).await,
        }
    }

    async fn take_up(&self, components: &mut Components, patience: Duration) -> Result<Changes, SourceError> {
        let declared = self.source.read().await?;
        let before = self.served();
        let declared = declared.into_iter().map(|declared| declared.and_then(|found| self.refuse_own_variables(found)));
        let declared: Vec<_> = declared.collect();
        // A key that was taken out is void also where the rest of the declaration cannot be taken up.
        let keys: BTreeMap<String, ApiKeys> = declared
            .iter()
            .flatten()
            .map(|declaration| (declaration.name.clone(), declaration.api_keys.clone()))
            .collect();
        let (loader, mut known) = (Arc::new(self.host.clone()) as Arc<dyn Loader>, std::mem::take(components));
        let resolving = tokio::task::spawn_blocking(move || {
            let resolved = resolve_all(&loader, declared, &mut known, patience);
            (resolved, known)
        });
        // What belongs to a tenant ends there; this is not to end the host either.
        let (resolved, known) = resolving.await.map_err(|stopped| SourceError::BrokenOff(stopped.to_string()))?;
        *components = known;

        let (mut served, mut changes) = (BTreeMap::new(), Changes::default());
        for (name, resolved) in resolved {
            let former = before.get(&*name);
            let tenant = match resolved.and_then(|resolved| guarded(|| self.make(resolved, former))) {
                Ok(made) => {
                    match former {
                        None => changes.added.push(name),
                        Some(former) if former.made_of != made.made_of => changes.changed.push(name),
                        Some(_) => {}
                    }
                    made
                }
                Err(why) => {
                    let keys = keys.get(&name).cloned();
                    changes.unusable.insert(name, why);
                    let Some(former) = former else { continue };
                    let api_keys = keys.unwrap_or_else(|| former.api_keys.clone());
                    Tenant { api_keys, ..former.clone() }
                }
            };
            served.insert(Arc::clone(&tenant.name), tenant);
        }
        changes.removed = before.keys().filter(|name| !served.contains_key(*name)).map(ToString::to_string).collect();
        for gone in before.values().filter(|tenant| !served.contains_key(&tenant.name)) {
            self.set_quota(gone, None);
        }
        for tenant in served.values() {
            self.set_quota(tenant, tenant.quota);
        }
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
        Ok(changes)
    }

    /// What the host keeps for an element has the quota of the element itself, each by itself.
    fn set_quota(&self, tenant: &Tenant, quota: Option<Quota>) {
        let scope = tenant.element.scope();
        let kept = [scope.audit(), scope.events()].into_iter().flatten();
        for scope in kept.chain([scope.clone()]) {
            self.quotas.set_own(scope, quota);
        }
    }

    fn served(&self) -> Arc<BTreeMap<Arc<str>, Tenant>> {
        // The map behind the lock is replaced as a whole, so a panic cannot leave half of one.
        Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A declaration that is granted nothing of the host's own: whoever writes one would read the key of all tenants.
    fn refuse_own_variables(&self, declaration: Declaration) -> Result<Declaration, (String, String)> {
        match declaration.variables.iter().find(|name| self.host.owns_variable(name)) {
            Some(name) => {
                let why = format!("grants.variables names {name}, which holds a secret of the host itself");
                Err((declaration.name, why))
            }
            None => Ok(declaration),
        }
    }

    /// Makes a tenant, or keeps the former one where nothing differs.
    fn make(&self, resolved: Resolved, former: Option<&Tenant>) -> Result<Tenant, String> {
        let Resolved { declaration, component, name, settings, made_of } = resolved;
        if let Some(former) = former
            && former.made_of == made_of
        {
            // Those of a former tenant may be the ones of a declaration that could not be taken up otherwise.
            return Ok(Tenant { api_keys: declaration.api_keys, ..former.clone() });
        }
        let Declaration { name: tenant, operator, limits, quota, concurrency, period, sign_in, api_keys, .. } =
            declaration;
        let mut options = ElementOptions::new(&*tenant, name, settings, Arc::clone(&self.storage));
        options.operator = operator;
        options.limits = limits;
        options.concurrency = concurrency;
        let element = self.host.element(&component, options).map_err(|error| error.to_string())?;
        Ok(Tenant { name: tenant.into(), element, quota, period, sign_in, api_keys, made_of })
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("source", &self.source).field("served", &self.len()).finish_non_exhaustive()
    }
}

/// How long a reload waits for components that have to be compiled. Tenants whose components take longer are taken up by a
/// later one; the others are not kept waiting for them.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for the first one, before which nobody is served.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(60);

/// A declaration with everything that it names.
struct Resolved {
    declaration: Declaration,
    component: Arc<LoadedComponent>,
    name: String,
    settings: Document,
    made_of: Digest,
}

type Named<T> = (String, Result<T, String>);

/// What a panic says becomes the trouble of the tenant for whom it happened.
fn guarded<T>(what: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(what))
        .unwrap_or_else(|panic| Err(format!("the host broke off when it took this tenant up: {}", words_of(&*panic))))
}

/// A declaration, and the element's name and configuration.
type WithSettings = (Declaration, String, Document);

fn resolve_all(
    loader: &Arc<dyn Loader>,
    declared: Vec<Result<Declaration, (String, String)>>,
    components: &mut Components,
    patience: Duration,
) -> Vec<Named<Resolved>> {
    // One for all files: a change that comes later is younger than it.
    let now = SystemTime::now();
    let describe = |declared| match declared {
        Ok(declaration) => {
            let Declaration { name, .. } = &declaration;
            (name.clone(), guarded(|| with_settings(declaration, components, now)))
        }
        Err((name, why)) => (name, Err(why)),
    };
    let described: Vec<Named<WithSettings>> = declared.into_iter().map(describe).collect();
    components.load(loader, Instant::now() + patience);
    let resolve =
        |(name, described): Named<WithSettings>| (name, described.and_then(|found| resolve(found, components)));
    let resolved = described.into_iter().map(resolve).collect();
    components.settle();
    resolved
}

fn with_settings(
    declaration: Declaration,
    components: &mut Components,
    now: SystemTime,
) -> Result<WithSettings, String> {
    let (name, settings) = described(&declaration)?;
    components.want(declaration.component.as_ref(), now)?;
    Ok((declaration, name, settings))
}

fn resolve((declaration, name, settings): WithSettings, components: &Components) -> Result<Resolved, String> {
    let component = components.loaded(declaration.component.as_ref())?;
    let mut made_of = declaration.source.as_bytes().to_vec();
    made_of.extend(component.digest().as_bytes());
    made_of.extend(Digest::of(settings.expose().as_bytes()).as_bytes());
    made_of.extend(name.as_bytes());
    Ok(Resolved { declaration, component, name, settings, made_of: Digest::of(&made_of) })
}

/// The element's name and configuration, filled in with what the tenant was granted.
fn described(declaration: &Declaration) -> Result<(String, Document), String> {
    let variables = Variables::from_environment(&declaration.variables).map_err(|error| match error {
        FillError::NotSet { name } => {
            format!("grants.variables names {name}, which is not set in the environment of this host: set it")
        }
        other => other.to_string(),
    })?;
    match &declaration.element {
        Described::Folder(folder) => match ElementFolder::load(folder, &variables) {
            Ok(folder) => Ok((folder.name, folder.settings)),
            Err(SettingsError::Fill { path, source }) => Err(format!("{}: {}", path.display(), not_granted(source))),
            Err(error) => Err(error.to_string()),
        },
        Described::Inline { name, configuration } => {
            let settings = Document::filled(configuration.clone(), &variables);
            Ok((name.clone(), settings.map_err(|error| format!("element.configuration: {}", not_granted(error)))?))
        }
    }
}

/// In the words of a registry: nobody starts this with `--env`.
fn not_granted(error: FillError) -> String {
    match error {
        FillError::NotGranted { path, name } => {
            format!("{path} uses {{{{{name}}}}}, which is not granted to this tenant: add {name:?} to grants.variables")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, sync::mpsc};

    use super::*;
    use crate::tenants::{declaration::read_one, loads::LoadResult};
    use bundled_component::bundled_component;
    use organisation_host::ComponentFile;

    /// Loads the program's own component, whatever it is given: panics where it is told so, and waits where it is told so.
    struct Troubled {
        host: Host,
        go: Mutex<mpsc::Receiver<()>>,
    }

    impl Loader for Troubled {
        fn load(&self, file: Option<&ComponentFile>) -> LoadResult {
            match file.map(ComponentFile::bytes) {
                Some(b"panics") => panic!("the compiler breaks off"),
                Some(b"waits") => self.go.lock().unwrap().recv().unwrap(),
                _ => {}
            }
            Ok(self.host.load(bundled_component())?)
        }
    }

    fn declared(folder: &Path, name: &str) -> Result<Declaration, (String, String)> {
        let file = folder.join(name);
        fs::write(&file, name).unwrap();
        let text = serde_json::json!({
            "name": name, "element": {"name": "org", "configuration": {}}, "component": {"file": file},
            "grants": {"only_these_hosts": true},
        });
        Ok(read_one(&text.to_string()).unwrap())
    }

    #[test]
    fn a_component_that_breaks_the_compiler_or_takes_for_ever_is_its_tenants_trouble_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (go, waits) = mpsc::channel();
        let host = Host::builder().parallel_calls(1).build().unwrap();
        // Compiled once.
        let _kept = host.load(bundled_component()).unwrap();
        let loader: Arc<dyn Loader> = Arc::new(Troubled { host, go: Mutex::new(waits) });
        let mut components = Components::default();
        let mut reload = |patience| {
            let declared = ["a", "panics", "b", "waits", "c"].map(|name| declared(folder.path(), name));
            let resolved = resolve_all(&loader, declared.into(), &mut components, patience);
            resolved.into_iter().map(|(name, resolved)| (name, resolved.err())).collect::<BTreeMap<_, _>>()
        };
        for _ in 0..2 {
            let trouble = reload(Duration::from_secs(3));
            for name in ["a", "b", "c"] {
                assert_eq!(trouble[name], None, "{name}");
            }
            let words = |name: &str| trouble[name].clone().unwrap();
            assert!(words("panics").ends_with("loaded this component: the compiler breaks off"), "{}", words("panics"));
            assert!(words("waits").contains("still being compiled"), "{}", words("waits"));
        }
        // Then it is served, and as the file is by then: it was read again meanwhile, since it had changed just now.
        (0..2).for_each(|_| go.send(()).unwrap());
        let is_served = |_| reload(Duration::from_secs(60))["waits"].is_none();
        assert!((0..10_000).any(is_served));
    }
}
