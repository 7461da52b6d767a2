//! The user's folders: where data stays and compiled code may be kept; and the key that seals secrets at rest.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use etcetera::BaseStrategy as _;
use host_harness::storage::{SealingKey, SealingKeyError};
use zeroize::Zeroizing;

const FOLDER: &str = "org-harness";

/// Why a folder or a key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The user has no home.
    #[error("the user's data folder is not known: set HOME, or name a database with --storage sqlite:PATH")]
    NoHome,
    /// The key of a database cannot be read or made.
    #[error("cannot read or make the sealing key {}: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{}: {source}; put the key back that the database was written with", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SealingKeyError,
    },
}

/// The folder of this program below the user's data.
pub fn data() -> Result<PathBuf, PlaceError> {
    let folders = etcetera::choose_base_strategy().map_err(|_| PlaceError::NoHome)?;
    Ok(folders.data_dir().join(FOLDER))
}

/// Where compiled code may be kept, if anywhere.
pub fn compiled_code() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.cache_dir().join(FOLDER).join("compiled"))
}

/// The key of the database `PATH`, in `PATH.key` beside it; made when it is not there. It protects copies of the
/// database alone, such as a backup: whoever reads both files reads everything.
pub fn sealing_key(database: &Path) -> Result<SealingKey, PlaceError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    let path = PathBuf::from(path);
    let failed = |source| PlaceError::KeyFile { path: path.clone(), source };
    let text = match fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path).map_err(failed)?,
        Err(error) => return Err(failed(error)),
    };
    SealingKey::from_base64(&text).map_err(|source| PlaceError::Key { path, source })
}

/// Makes a key and answers the one that counts: another process may have been quicker. Written beside and then linked, so
/// that nobody ever reads half a key.
fn make(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    private_folder(folder)?;
    // Readable by the owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let text = Zeroizing::new(STANDARD.encode(bytes.as_slice()) + "\n");
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    fs::read_to_string(path).map(Zeroizing::new)
}

/// Makes a folder, for the owner alone where that can be said.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("new").join("a.db");
        sealing_key(&database).unwrap();
        let path = folder.path().join("new").join("a.db.key");
        let made = fs::read_to_string(&path).unwrap();
        sealing_key(&database).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::write(&path, "damaged").unwrap();
        let message = sealing_key(&database).unwrap_err().to_string();
        assert!(message.contains("a.db.key") && !message.contains("damaged"), "{message}");
    }
}
