//! Where declarations come from: a file of this machine, or the database of all hosts.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use organisation_host::{
    settings::{EncodingError, text_of_bytes},
    storage::{Quota, Scope, Storage, StorageError},
};
use zeroize::Zeroizing;

use super::{
    declaration::{Declaration, read_all, texts_of_all},
    fields::DeclarationProblem,
    stored::StoredTenants,
};

/// The largest registry file: 64 MiB, ten thousand tenants with room to spare.
pub const MAX_REGISTRY_BYTES: u64 = 64 << 20;

/// Where the tenants are declared.
#[derive(Debug, Clone)]
pub enum Source {
    /// A JSON file, `{"tenants": [ … ]}`. Paths in it are relative to its folder.
    File(PathBuf),
    /// The store itself, see [`StoredTenants`].
    Stored(Arc<dyn Storage>),
}

/// Why there are no declarations, or none that could replace the former ones.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is too large.
    #[error("{} has {bytes} bytes, at most {MAX_REGISTRY_BYTES} are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file is not in UTF-8.
    #[error("{}: {source}", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        source: EncodingError,
    },
    /// The file holds mistakes.
    #[error("{}: {}", path.display(), shown(problems))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// All of them.
        problems: Vec<DeclarationProblem>,
    },
    /// The declaration of one tenant in the store holds mistakes.
    #[error("the declaration of tenant {tenant:?} is not sound: {}", shown(problems))]
    UnsoundTenant {
        /// The tenant.
        tenant: String,
        /// All of them.
        problems: Vec<DeclarationProblem>,
    },
    /// The host broke off when it took the declarations up: a defect of this program.
    #[error("taking the declarations up broke off: {0}")]
    BrokenOff(String),
    /// The storage.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SourceError {
    /// The next step in Chinese and English, where the message does not say it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Encoding { source, .. } => Some(source.hint()),
            _ => None,
        }
    }
}

/// The most problems that a message lists one by one.
const SHOWN_PROBLEMS: usize = 10;

fn shown(problems: &[DeclarationProblem]) -> String {
    let mut text = problems.iter().take(SHOWN_PROBLEMS).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if problems.len() > SHOWN_PROBLEMS {
        text.push_str(&format!("; and {} more", problems.len() - SHOWN_PROBLEMS));
    }
    text
}

impl Source {
    /// The declarations as they stand now. One that is wrong by itself (in the database, where each was written alone)
    /// comes as its name and what is wrong.
    pub(super) async fn read(&self) -> Result<Vec<Result<Declaration, (String, String)>>, SourceError> {
        match self {
            Self::Stored(storage) => Ok(StoredTenants::new(Arc::clone(storage)).read().await?),
            Self::File(path) => Ok(read_apart(path.clone()).await?.into_iter().map(Ok).collect()),
        }
    }

    /// The namespace of a tenant's element and what it may store, where its declaration says that. Nothing where the tenant is not
    /// declared, or may store what everybody may.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub async fn own_quota(&self, tenant: &str) -> Result<Option<(Scope, Quota)>, SourceError> {
        let unsound = |problems| SourceError::UnsoundTenant { tenant: tenant.to_owned(), problems };
        let declared = match self {
            Self::Stored(storage) => {
                let read = StoredTenants::new(Arc::clone(storage)).one(tenant).await?;
                read.transpose().map_err(unsound)?
            }
            Self::File(path) => read_apart(path.clone()).await?.into_iter().find(|declared| declared.name == tenant),
        };
        let Some(Declaration { quota: Some(quota), element, .. }) = declared else { return Ok(None) };
        let nameless =
            || DeclarationProblem { path: "element".to_owned(), message: "is a folder without a name".to_owned() };
        let element = element.name().ok_or_else(|| unsound(vec![nameless()]))?;
        Ok(Some((Scope::new(tenant, &element)?, quota)))
    }
}

async fn read_apart(path: PathBuf) -> Result<Vec<Declaration>, SourceError> {
    let read = tokio::task::spawn_blocking(move || read_file(path)).await;
    // The task is never cancelled, so only a panic ends it without a result; it goes on here.
    read.unwrap_or_else(|stopped| std::panic::resume_unwind(stopped.into_panic()))
}

fn read_file(path: PathBuf) -> Result<Vec<Declaration>, SourceError> {
    let (text, folder) = text_of(&path)?;
    read_all(&text, &folder).map_err(|problems| SourceError::Unsound { path, problems })
}

/// The declarations of a registry file one by one, as [`StoredTenants::put`] takes them. All of them are read strictly
/// first. They may hold secrets and are wiped from memory when they go.
///
/// # Errors
/// See [`SourceError`].
pub fn declarations_of_file(path: &Path) -> Result<Vec<Zeroizing<String>>, SourceError> {
    let (text, folder) = text_of(path)?;
    let texts = texts_of_all(&text, &folder);
    texts.map_err(|problems| SourceError::Unsound { path: path.to_owned(), problems })
}

/// The text of a file, and the folder that it lies in: absolute, so that it does not depend on where the program stands.
fn text_of(path: &Path) -> Result<(Zeroizing<String>, PathBuf), SourceError> {
    let read = |source| SourceError::Read { path: path.to_owned(), source };
    let about = std::fs::metadata(path).map_err(read)?;
    // Not even opened: a named pipe would wait for somebody to write.
    if !about.is_file() {
        return Err(read(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    let bytes = about.len();
    if bytes > MAX_REGISTRY_BYTES {
        return Err(SourceError::TooLarge { path: path.to_owned(), bytes });
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(read)?);
    let text = text_of_bytes(bytes).map_err(|source| SourceError::Encoding { path: path.to_owned(), source })?;
    let real = path.canonicalize().map_err(read)?;
    Ok((text, real.parent().map(PathBuf::from).unwrap_or_default()))
}
