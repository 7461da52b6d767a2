//! What a command works with: a host, a component, a storage, and the element made of them as the options say.

use std::{path::PathBuf, sync::Arc};

use organisation_host::{
    Answered, BuildError, Call, CallSite, Called, ComponentFile, Element, ElementOptions, FileError, Host, HostBuilder,
    LoadedComponent, Observer,
    egress::{AllowList, OperatorList},
    settings::{Document, ElementFolder, SettingsError, Variables},
    storage,
    trust::TrustedKey,
};

use crate::{cli::Global, command_error::CommandError, local_files, output::Output, store};

/// One command makes a handful of calls, so there is no need to reserve room for more.
const PARALLEL_CALLS: u32 = 8;

const ELEMENT_NEEDED: &str = "name an element folder with --element DIR: a folder with e.json (what kind of element it is) and \
                          a file named like the folder (its configuration, a JSON object); `org-harness simulate` writes one \
                          to try things with";

/// An element, ready to be asked.
pub struct Session {
    pub element: Element,
}

impl Session {
    /// The element that the options name.
    ///
    /// # Errors
    /// Whatever is wrong with an option or what it names.
    pub async fn open(options: &Global) -> Result<Self, CommandError> {
        let folder = folder(options)?;
        let host = host(options)?;
        let component = load(&host, options).await?;
        let storage = store::open(options).await?;
        let mut made = ElementOptions::new(&options.tenant, folder.name, folder.settings, storage);
        made.operator = operator(options)?;
        Ok(Self { element: host.element(&component, made)? })
    }

    /// A component without configuration, for questions that need none.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn without_element(options: &Global) -> Result<Self, CommandError> {
        let host = host(options)?;
        let component = load(&host, options).await?;
        let storage = storage::open("memory:", storage::Options::default()).await?;
        let nothing = Document::parse("{}").map_err(|error| CommandError::Simulation(error.to_string()))?;
        let made = ElementOptions::new(&options.tenant, CallSite::NO_ELEMENT, nothing, storage);
        Ok(Self { element: host.element(&component, made)? })
    }
}

/// The element folder that the options name.
///
/// # Errors
/// None is named, a variable is not set, or the folder is no element.
pub fn folder(options: &Global) -> Result<ElementFolder, CommandError> {
    let Some(folder) = &options.element else {
        return Err(CommandError::usage("this command needs an element", ELEMENT_NEEDED));
    };
    let variables = Variables::from_environment(&options.env)
        .map_err(|source| SettingsError::Fill { path: folder.clone(), source })?;
    Ok(ElementFolder::load(folder, &variables)?)
}

/// A host with compiled code kept in the user's cache folder, where that can be had, that loads what is signed by the
/// trusted keys, where some are named.
///
/// # Errors
/// A key cannot be read, or the machine does not allow a host.
pub fn host(options: &Global) -> Result<Host, CommandError> {
    host_of(options, PARALLEL_CALLS, &[])
}

/// A host of this many calls at a time, which notifies these observers of them.
///
/// # Errors
/// As [`host`].
pub fn host_of(options: &Global, calls: u32, observers: &[Arc<dyn Observer>]) -> Result<Host, CommandError> {
    let keys = trusted_keys(options)?;
    Ok(cached(|| {
        let builder = builder(&keys).parallel_calls(calls).own_variables(options.sealing_key.clone());
        let builder = options.recording.iter().fold(builder, HostBuilder::recording);
        observers.iter().fold(builder, |builder, observer| builder.observer(Arc::clone(observer)))
    })?)
}

/// A host that trusts these keys and what this program carries.
pub fn builder(keys: &[TrustedKey]) -> HostBuilder {
    bundled().into_iter().fold(Host::builder(), HostBuilder::bundled).trusted_keys(keys.iter().copied())
}

/// The component that this program carries, where it is built with one.
#[cfg(feature = "bundled")]
fn bundled() -> Option<&'static [u8]> {
    Some(bundled_component::bundled_component())
}

#[cfg(not(feature = "bundled"))]
fn bundled() -> Option<&'static [u8]> {
    None
}

/// A host that keeps compiled code where that can be had.
///
/// # Errors
/// The machine does not allow a host.
pub fn cached(builder: impl Fn() -> HostBuilder) -> Result<Host, BuildError> {
    let Some(cache) = local_files::compiled_code() else { return builder().build() };
    match builder().code_cache(cache).build() {
        Err(BuildError::Cache(error)) => {
            tracing::warn!(%error, "compiled code is not kept");
            builder().build()
        }
        built => built,
    }
}

/// The keys that the options name.
///
/// # Errors
/// A file cannot be read, or holds no public key.
pub fn trusted_keys(options: &Global) -> Result<Vec<TrustedKey>, CommandError> {
    let read = |file: &PathBuf| {
        let name = || file.display().to_string();
        let bytes = std::fs::read(file).map_err(|source| CommandError::File { file: name(), source })?;
        TrustedKey::parse(&bytes).map_err(|error| {
            CommandError::usage(
                format!("{}: {error}", name()),
                "--trusted-key names the file of one public key; repeat it for more",
            )
        })
    };
    options.trusted_key.iter().map(read).collect()
}

/// The component that the options name; nobody has looked into it yet.
///
/// # Errors
/// None is named and none was built in, or the file cannot be read or is too large.
pub fn component_file(options: &Global) -> Result<ComponentFile, CommandError> {
    match &options.component {
        None => bundled().map(ComponentFile::of).ok_or_else(|| {
            CommandError::usage(
                "this program was built without a component",
                "name one with --component FILE, or build the program with its feature `bundled`",
            )
        }),
        Some(file) => ComponentFile::read(file).map_err(|error| match error {
            FileError::Io { path, source } => CommandError::File { file: path.display().to_string(), source },
            error => CommandError::ComponentFile(error),
        }),
    }
}

/// Loads the component without keeping the runtime from its work.
///
/// # Errors
/// The file cannot be read or run, or is not the one that is demanded.
pub async fn load(host: &Host, options: &Global) -> Result<Arc<LoadedComponent>, CommandError> {
    let (host, pin) = (host.clone(), options.component_digest);
    let file = component_file(options)?;
    let loaded = tokio::task::spawn_blocking(move || {
        pin.map_or(Ok(()), |pin| file.demand(pin))?;
        host.load_file(&file)
    });
    // The task is never cancelled, so only a panic ends it without a result; it goes on here.
    Ok(loaded.await.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))?)
}

/// Public https hosts that the configuration needs, and what is written.
///
/// # Errors
/// What is written is no host.
pub fn operator(options: &Global) -> Result<OperatorList, CommandError> {
    let written = AllowList::parse(&options.allow_host).map_err(|error| {
        CommandError::usage(error.to_string(), "for a simulator on this machine write --allow-host 127.0.0.1:PORT")
    })?;
    Ok(OperatorList::whatever_is_needed_and(written))
}

/// The component's answer, after the report of the call was printed where that is wanted.
///
/// # Errors
/// The call gave no answer, or the answer is an error.
pub async fn answer<T>(call: Call<'_, Answered<T>>, output: &mut Output) -> Result<T, CommandError> {
    value(call, output).await?.map_err(CommandError::Answered)
}

/// The value of a function that answers no error; see [`answer`].
///
/// # Errors
/// The call gave no answer.
pub async fn value<T>(call: Call<'_, T>, output: &mut Output) -> Result<T, CommandError> {
    match call.reported().await {
        Ok(Called { value, report }) => {
            output.report(&report);
            Ok(value)
        }
        Err(failed) => {
            output.report(&failed.report);
            Err(failed.into())
        }
    }
}
