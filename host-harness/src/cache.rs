//! Compiled code on disk, so that a component is compiled once per machine and not once per start.
//!
//! Compiled code is native code: whoever can write these files can do what the host can do. So they lie in a directory
//! of the host's own that nobody else may write, their name says which component and which engine they belong to, and
//! their content is compared with its hash before anything in it is believed. A file that does not match is compiled
//! anew and replaced; the cache never stands between a host and its component.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use crate::digest::Digest;

const HASH_BYTES: usize = 32;

/// Why a directory cannot hold compiled code.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or looked at.
    #[error("cannot use {} for compiled code: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is something else than a directory, or a link to one.
    #[error("{} is not a directory of its own: name another place for compiled code", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Others could plant code there.
    #[error("{} can be written by others (mode {mode:o}): compiled code must not lie there; chmod 700 it", path.display())]
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// A directory of compiled code.
#[derive(Debug)]
pub(crate) struct CodeCache {
    directory: PathBuf,
}

impl CodeCache {
    /// Uses this directory, and makes it, for the owner alone, where it does not exist.
    pub(crate) fn open(directory: &Path) -> Result<Self, CacheError> {
        let error = |source| CacheError::Directory { path: directory.to_owned(), source };
        if !directory.exists() {
            create(directory).map_err(error)?;
        }
        let metadata = fs::symlink_metadata(directory).map_err(error)?;
        if !metadata.is_dir() {
            return Err(CacheError::NotADirectory { path: directory.to_owned() });
        }
        refuse_writable(directory, &metadata)?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// The compiled component from the cache, else by `compile`, which is then kept.
    pub(crate) fn load(
        &self,
        engine: &Engine,
        compatibility: &str,
        digest: Digest,
        compile: impl FnOnce() -> wasmtime::Result<Component>,
    ) -> wasmtime::Result<Component> {
        let file = self.directory.join(format!("{digest}-{compatibility}.cwasm"));
        match read(engine, &file) {
            Ok(Some(component)) => return Ok(component),
            Ok(None) => {}
            Err(reason) => {
                tracing::warn!(component = %digest, reason, "cached code is not usable and is compiled anew");
            }
        }
        let component = compile()?;
        if let Err(reason) = self.write(&file, &component) {
            tracing::warn!(component = %digest, %reason, "compiled code could not be kept");
        }
        Ok(component)
    }

    fn write(&self, file: &Path, component: &Component) -> Result<(), String> {
        let code = component.serialize().map_err(|error| error.to_string())?;
        let text = |error: io::Error| error.to_string();
        // Written beside and then renamed: whoever reads, sees the whole file or none.
        let name = format!(".{}-{}.tmp", std::process::id(), next_number());
        let unfinished = self.directory.join(name);
        let written = (|| {
            let mut out = fs::File::create_new(&unfinished)?;
            out.write_all(&Sha256::digest(&code))?;
            out.write_all(&code)?;
            out.sync_all()?;
            fs::rename(&unfinished, file)
        })();
        written.map_err(|error| {
            // Where not even this works the next writer takes another name.
            let _ = fs::remove_file(&unfinished);
            text(error)
        })
    }
}

/// Tells two writers of one process apart.
fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn read(engine: &Engine, file: &Path) -> Result<Option<Component>, String> {
    let content = match fs::read(file) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let Some((hash, code)) = content.split_at_checked(HASH_BYTES) else {
        return Err("the file is cut off".to_owned());
    };
    if Sha256::digest(code).as_slice() != hash {
        return Err("the content does not match its hash".to_owned());
    }
    deserialize(engine, code).map(Some)
}

#[allow(unsafe_code, reason = "the only way to load compiled code")]
fn deserialize(engine: &Engine, code: &[u8]) -> Result<Component, String> {
    // SAFETY: `deserialize` demands code that `Component::serialize` made and nobody changed. The file lies in a
    // directory that only the owner of this process may write (`CodeCache::open`), its name carries the digest of the
    // component and the engine's compatibility hash, and its content has just been found to match the hash that was
    // written with it. wasmtime itself refuses code of another version or of other settings.
    unsafe { Component::deserialize(engine, code) }.map_err(|error| format!("{error:#}"))
}

#[cfg(unix)]
fn create(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        // Another process was quicker; what it made is looked at like any other directory.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
fn create(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(unix)]
fn refuse_writable(directory: &Path, metadata: &fs::Metadata) -> Result<(), CacheError> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = metadata.mode() & 0o7777;
    let foreign = metadata.uid() != rustix::process::geteuid().as_raw();
    if foreign || mode & 0o022 != 0 {
        return Err(CacheError::Writable { path: directory.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_writable(_directory: &Path, _metadata: &fs::Metadata) -> Result<(), CacheError> {
    // Directories in the user's own profile are not writable by others on these systems.
    Ok(())
}
