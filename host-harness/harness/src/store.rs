//! The storage that the options name, and its keys.

use std::sync::Arc;

use organisation_host::storage::{self, Op, Quotas, Scope, SealingKey, Storage, StorageError};

use crate::{
    cli::Global,
    command_error::CommandError,
    local_files::{self, LocalFileError},
};

const MAKE_A_KEY: &str = "32 random bytes in base64, made once (`openssl rand -base64 32`) and kept";

/// Where a fingerprint of the sealing key lies, and what it is made of.
const KEY_CHECK: &str = "sealing-key";

/// Opens it.
///
/// # Errors
/// The address or what it names is not usable, or there is no key for what it seals.
pub async fn open(options: &Global) -> Result<Arc<dyn Storage>, CommandError> {
    open_with(options, Quotas::default()).await
}

/// Opens it with these quotas.
///
/// # Errors
/// As [`open`].
pub async fn open_with(options: &Global, quotas: Quotas) -> Result<Arc<dyn Storage>, CommandError> {
    let address = match &options.storage {
        Some(address) => address.clone(),
        None => {
            let path = local_files::data()?.join("organisation.db");
            format!("sqlite:{}", path.to_str().ok_or(LocalFileError::NoHome)?)
        }
    };
    let (sealing_key, origin) = sealing_key(options, &address)?.unzip();
    let storage = storage::open(&address, storage::Options::default().sealing_key(sealing_key).quotas(quotas)).await?;
    if let Some(origin) = &origin {
        demand_same_key(&*storage, origin).await?;
    }
    Ok(storage)
}

/// Refuses a key that is not the one of the first host that opened this store: what others sealed could not be read, and
/// what they keep under fingerprints of secrets would never be found. `origin` says where it came from.
async fn demand_same_key(storage: &dyn Storage, origin: &str) -> Result<(), CommandError> {
    let scope = Scope::of_host("storage")?;
    let own = storage.fingerprint_key()?.fingerprint(&[KEY_CHECK]);
    let kept = async || Ok::<_, StorageError>(storage.get_many(&scope, &[KEY_CHECK.to_owned()]).await?.pop().flatten());
    let mut found = kept().await?;
    if found.is_none() {
        let put = Op::Put { key: KEY_CHECK.to_owned(), value: own.clone(), ttl_ms: None, sealed: false };
        storage.apply(&scope, vec![Op::check_absent(KEY_CHECK), put]).await?;
        // Another host may have been first.
        found = kept().await?;
    }
    if found.is_some_and(|entry| entry.value == own) {
        return Ok(());
    }
    Err(CommandError::usage(
        format!("{origin} holds another sealing key than the one that this storage was first opened with"),
        "all hosts of a storage need the same key, at every start: put that one there",
    ))
}

/// The key of a store, and where it came from: the named one, or that beside a file. Hosts that share a database cannot each
/// have their own.
fn sealing_key(options: &Global, address: &str) -> Result<Option<(SealingKey, String)>, CommandError> {
    if let Some(name) = &options.sealing_key {
        return Ok(Some((key("--sealing-key", name)?, name.clone())));
    }
    let (scheme, rest) = address.split_once(':').unwrap_or((address, ""));
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match scheme {
        "sqlite" if !path.is_empty() && path != ":memory:" => {
            let (key, file) = local_files::sealing_key(path.as_ref())?;
            Ok(Some((key, file.display().to_string())))
        }
        "postgres" | "postgresql" => Err(CommandError::usage(
            "a postgres: storage needs the key that seals secrets at rest, the same on all hosts",
            format!("name an environment variable with --sealing-key NAME: {MAKE_A_KEY}"),
        )),
        _ => Ok(None),
    }
}

/// The key in an environment variable.
///
/// # Errors
/// The variable is not set, or holds something else.
pub fn key(option: &str, name: &str) -> Result<SealingKey, CommandError> {
    let hint = || format!("put into {name} {MAKE_A_KEY}");
    let text = std::env::var(name)
        .map_err(|_| CommandError::usage(format!("{option}: the environment variable {name} is not set"), hint()))?;
    SealingKey::from_base64(&text).map_err(|error| CommandError::usage(format!("{option}: {name}: {error}"), hint()))
}
