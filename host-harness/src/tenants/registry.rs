//! The tenants that a host serves at present, and taking up changes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use super::{
    components::Components,
    declaration::{Declaration, Described},
    sign_in::SignIn,
    source::{Source, SourceError},
    stored::StoredTenants,
};
use crate::{
    component::LoadedComponent,
    digest::Digest,
    element::{Element, ElementOptions},
    host::Host,
    settings::{Document, ElementFolder, FillError, SettingsError, Variables},
    storage::{Quota, Quotas, Storage, StorageError},
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
    /// All that it was made of, to notice changes. The same on every host that has the same of it. Not to be shown: the
    /// configuration is part of it, and whoever sees a plain digest can try guesses of what is secret there.
    pub(crate) made_of: Digest,
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
        let changes = registry.reload().await?;
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
        let mut components = self.components.lock().await;
        let result = self.take_up(&mut components).await;
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

    async fn take_up(&self, components: &mut Components) -> Result<Changes, SourceError> {
        let declared = self.source.read().await?;
        let before = self.served();
        let (host, mut known) = (self.host.clone(), std::mem::take(components));
        let resolving = tokio::task::spawn_blocking(move || {
            let resolved = resolve_all(&host, declared, &mut known);
            (resolved, known)
        });
        // The task is never cancelled, so only a panic ends it without a result; it goes on here.
        let (resolved, known) =
            resolving.await.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()));
        *components = known;

        let (mut served, mut changes) = (BTreeMap::new(), Changes::default());
        for (name, resolved) in resolved {
            let former = before.get(&*name);
            let tenant = match resolved.and_then(|resolved| self.make(resolved, former)) {
                Ok(made) => {
                    match former {
                        None => changes.added.push(name),
                        Some(former) if former.made_of != made.made_of => changes.changed.push(name),
                        Some(_) => {}
                    }
                    made
                }
                Err(why) => {
                    changes.unusable.insert(name, why);
                    let Some(former) = former else { continue };
                    former.clone()
                }
            };
            served.insert(Arc::clone(&tenant.name), tenant);
        }
        changes.removed = before.keys().filter(|name| !served.contains_key(*name)).map(ToString::to_string).collect();
        for gone in before.values().filter(|tenant| !served.contains_key(&tenant.name)) {
            self.quotas.set_own(gone.element.scope().clone(), None);
        }
        for tenant in served.values() {
            self.quotas.set_own(tenant.element.scope().clone(), tenant.quota);
        }
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
        Ok(changes)
    }

    fn served(&self) -> Arc<BTreeMap<Arc<str>, Tenant>> {
        // The map behind the lock is replaced as a whole, so a panic cannot leave half of one.
        Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a tenant, or keeps the former one where nothing differs.
    fn make(&self, resolved: Resolved, former: Option<&Tenant>) -> Result<Tenant, String> {
        let Resolved { declaration, component, name, settings, made_of } = resolved;
        if let Some(former) = former
            && former.made_of == made_of
        {
            return Ok(former.clone());
        }
        let Declaration { name: tenant, operator, limits, quota, concurrency, period, sign_in, .. } = declaration;
        let mut options = ElementOptions::new(&*tenant, name, settings, Arc::clone(&self.storage));
        options.operator = operator;
        options.limits = limits;
        options.concurrency = concurrency;
        let element = self.host.element(&component, options).map_err(|error| error.to_string())?;
        Ok(Tenant { name: tenant.into(), element, quota, period, sign_in, made_of })
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("source", &self.source).field("served", &self.len()).finish_non_exhaustive()
    }
}

/// A declaration with everything that it names.
struct Resolved {
    declaration: Declaration,
    component: Arc<LoadedComponent>,
    name: String,
    settings: Document,
    made_of: Digest,
}

type Named<T> = (String, Result<T, String>);

fn resolve_all(
    host: &Host,
    declared: Vec<Result<Declaration, (String, String)>>,
    components: &mut Components,
) -> Vec<Named<Resolved>> {
    // One for all files: a change that comes later is younger than it.
    let now = SystemTime::now();
    let resolve = |declared| match declared {
        Ok(declaration) => {
            let Declaration { name, .. } = &declaration;
            (name.clone(), resolve(host, declaration, components, now))
        }
        Err((name, why)) => (name, Err(why)),
    };
    let resolved = declared.into_iter().map(resolve).collect();
    components.settle();
    resolved
}

fn resolve(
    host: &Host,
    declaration: Declaration,
    components: &mut Components,
    now: SystemTime,
) -> Result<Resolved, String> {
    let (name, settings) = described(&declaration)?;
    let component = components.load(host, declaration.component.as_ref(), now)?;
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
