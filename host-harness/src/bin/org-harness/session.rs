//! What a command works with: a host, a component, a storage, and the element made of them as the options say.

use std::{path::Path, sync::Arc};

use host_harness::{
    Answered, BuildError, CallResult, Called, Element, ElementOptions, Host, LoadedComponent, bundled_component,
    egress::{AllowList, OperatorList},
    settings::{Document, ElementFolder, SettingsError, Variables},
    storage,
};

use crate::{cli::Global, failure::Failure, output::Output, places, store};

/// One command makes a handful of calls, so there is no need to reserve room for more.
const PARALLEL_CALLS: u32 = 8;

const NO_ELEMENT: &str = "name an element folder with --element DIR: a folder with e.json (what kind of element it is) and \
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
    pub async fn open(options: &Global) -> Result<Self, Failure> {
        let folder = folder(options)?;
        let host = host()?;
        let component = load(&host, options.component.as_deref()).await?;
        let storage = store::open(options).await?;
        let mut made = ElementOptions::new(&options.tenant, folder.name, folder.settings, storage);
        made.operator = operator(options)?;
        Ok(Self { element: host.element(&component, made)? })
    }

    /// A component without configuration, for questions that need none.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn without_element(options: &Global) -> Result<Self, Failure> {
        let host = host()?;
        let component = load(&host, options.component.as_deref()).await?;
        let storage = storage::open("memory:", storage::Options::default()).await?;
        let nothing = Document::parse("{}").map_err(|error| Failure::Simulation(error.to_string()))?;
        let made = ElementOptions::new(&options.tenant, "none", nothing, storage);
        Ok(Self { element: host.element(&component, made)? })
    }
}

/// The element folder that the options name.
///
/// # Errors
/// None is named, a variable is not set, or the folder is no element.
pub fn folder(options: &Global) -> Result<ElementFolder, Failure> {
    let Some(folder) = &options.element else {
        return Err(Failure::usage("this command needs an element", NO_ELEMENT));
    };
    let variables = Variables::from_environment(&options.env)
        .map_err(|source| SettingsError::Fill { path: folder.clone(), source })?;
    Ok(ElementFolder::load(folder, &variables)?)
}

/// A host with compiled code kept in the user's cache folder, where that can be had.
///
/// # Errors
/// The machine does not allow one.
pub fn host() -> Result<Host, BuildError> {
    let builder = || Host::builder().parallel_calls(PARALLEL_CALLS);
    let Some(cache) = places::compiled_code() else { return builder().build() };
    match builder().code_cache(cache).build() {
        Err(BuildError::Cache(error)) => {
            tracing::warn!(%error, "compiled code is not kept");
            builder().build()
        }
        built => built,
    }
}

/// The bytes of the component that the options name.
///
/// # Errors
/// The file cannot be read.
pub fn component_bytes(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    match file {
        None => Ok(bundled_component().to_vec()),
        Some(file) => std::fs::read(file).map_err(|source| Failure::File { file: file.display().to_string(), source }),
    }
}

/// Loads a component without keeping the runtime from its work.
///
/// # Errors
/// The file cannot be read or run.
pub async fn load(host: &Host, file: Option<&Path>) -> Result<Arc<LoadedComponent>, Failure> {
    let bytes = component_bytes(file)?;
    let host = host.clone();
    let loaded = tokio::task::spawn_blocking(move || host.load(&bytes)).await;
    // The task is never cancelled, so only a panic ends it without a result; it goes on here.
    Ok(loaded.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))?)
}

/// Public https hosts that the configuration needs, and what is written.
fn operator(options: &Global) -> Result<OperatorList, Failure> {
    let written = AllowList::parse(&options.allow_host).map_err(|error| {
        Failure::usage(error.to_string(), "for a simulator on this machine write --allow-host 127.0.0.1:PORT")
    })?;
    Ok(OperatorList::whatever_is_needed_and(written))
}

/// The component's answer, after the report of the call was printed where that is wanted.
///
/// # Errors
/// The call gave no answer, or the answer is an error.
pub fn answer<T>(called: CallResult<Answered<T>>, output: &mut Output) -> Result<T, Failure> {
    value(called, output)?.map_err(Failure::Answered)
}

/// The value of a function that answers no error; see [`answer`].
///
/// # Errors
/// The call gave no answer.
pub fn value<T>(called: CallResult<T>, output: &mut Output) -> Result<T, Failure> {
    match called {
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
