//! The user's folders: where data stays and compiled code may be kept; and the key that seals secrets at rest.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use etcetera::BaseStrategy as _;
use organisation_host::storage::{SealingKey, SealingKeyError};
use zeroize::Zeroizing;

const FOLDER: &str = "org-harness";

/// Why a folder or a key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LocalFileError {
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
    /// The database has a key, and it is not there.
    #[error(
        "the sealing key {} is missing, with which the database {} was written: put it back from its copy, or name it with \
         --sealing-key; where it is lost for good, move the database away and begin a new one",
        key.display(), database.display()
    )]
    KeyMissing {
        /// The file.
        key: PathBuf,
        /// What was written with it.
        database: PathBuf,
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
pub fn data() -> Result<PathBuf, LocalFileError> {
    let folders = etcetera::choose_base_strategy().map_err(|_| LocalFileError::NoHome)?;
    Ok(folders.data_dir().join(FOLDER))
}

/// Where compiled code may be kept, if anywhere.
pub fn compiled_code() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.cache_dir().join(FOLDER).join("compiled"))
}

/// The key of the database `PATH`, and the file that holds it: `PATH.key` beside the database, wherever links lead to it. Made
/// for a database that is new. It protects copies of the database alone, such as a backup: whoever reads both files reads
/// everything.
///
/// # Errors
/// The key of a database that was written to is missing: another one could read nothing of what is sealed in it.
pub fn sealing_key(database: &Path) -> Result<(SealingKey, PathBuf), LocalFileError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    let beside = PathBuf::from(path);
    let failed = |path: &Path, source| LocalFileError::KeyFile { path: path.to_owned(), source };
    let database = followed(database).map_err(|source| failed(&beside, source))?;
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    let path = PathBuf::from(path);
    let text = match read(&path).map_err(|source| failed(&path, source))? {
        Some(text) => text,
        None if !is_written(&database).map_err(|source| failed(&path, source))? => {
            make(&path).map_err(|source| failed(&path, source))?
        }
        // Who makes a database makes its key first: another process may have made both since.
        None => match read(&path).map_err(|source| failed(&path, source))? {
            Some(text) => text,
            None => return Err(LocalFileError::KeyMissing { key: path, database }),
        },
    };
    match SealingKey::from_base64(&text) {
        Ok(key) => Ok((key, path)),
        Err(source) => Err(LocalFileError::Key { path, source }),
    }
}

/// The file to which links lead, whether or not it is there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    /// As many as the systems follow themselves.
    const LINKS: u32 = 40;
    let mut path = std::path::absolute(path)?;
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(&path).join(target),
            // It is no link, or there is nothing.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links"))
}

fn read(path: &Path) -> io::Result<Option<Zeroizing<String>>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether anything was ever written to a database.
fn is_written(database: &Path) -> io::Result<bool> {
    match fs::metadata(database) {
        Ok(found) => Ok(found.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
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
        let path = folder.path().join("new").join("a.db.key");
        assert_eq!(sealing_key(&database).unwrap().1, path);
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

    #[test]
    fn no_key_is_made_for_a_database_that_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let (database, key) = (folder.path().join("a.db"), folder.path().join("a.db.key"));
        // What broke off before anything was written has none.
        fs::write(&database, "").unwrap();
        sealing_key(&database).unwrap();
        fs::write(&database, "SQLite format 3").unwrap();
        sealing_key(&database).unwrap();
        fs::remove_file(&key).unwrap();
        let message = sealing_key(&database).unwrap_err().to_string();
        assert!(message.contains("a.db.key is missing") && message.contains("put it back"), "{message}");
        assert!(!key.exists());
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_the_same_key() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("real")).unwrap();
        symlink("real", path("folder")).unwrap();
        symlink("folder/a.db", path("link.db")).unwrap();
        symlink(path("link.db"), path("again.db")).unwrap();
        // First while there is no database yet: it is made where the links lead.
        sealing_key(&path("again.db")).unwrap();
        let made = fs::read_to_string(path("real/a.db.key")).unwrap();
        fs::write(path("real/a.db"), "SQLite format 3").unwrap();
        for name in ["again.db", "link.db", "folder/a.db", "real/a.db"] {
            let (_, found) = sealing_key(&path(name)).unwrap();
            assert_eq!(fs::read_to_string(found).unwrap(), made, "{name}");
        }
        let keys = fs::read_dir(folder.path()).unwrap().filter(|entry| {
            entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "key"))
        });
        assert_eq!(keys.count(), 0, "none beside a link");
        symlink(path("round.db"), path("round.db")).unwrap();
        assert!(sealing_key(&path("round.db")).unwrap_err().to_string().contains("too many links"));
    }
}
