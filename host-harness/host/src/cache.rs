//! Compiled code on disk, so that a component is compiled once per machine and not once per start, and the judgement of
//! it with the code.
//!
//! Compiled code is native code: whoever can write these files can do what the host can do, and no checksum that lies
//! beside the code changes that. So they lie in a directory of the host's own that nobody else may write, and a file in
//! it that somebody else owns or may write is not believed. What else can go wrong (a disk that was full, a bit that
//! flipped, a file that was renamed or restored from elsewhere) shows when the content is compared with its checksum
//! and with the component and the engine that it names. A file that is refused is compiled anew and replaced, with a
//! warning; the cache never stands between a host and its component.
//!
//! An entry is the code as wasmtime writes it, followed by a [`Record`] as JSON and a [`Seal`]: so the file can be
//! mapped into memory as it is, and only what runs of it is read.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use wasmtime::{Engine, component::Component};
use xxhash_rust::xxh3::Xxh3Default;

use crate::component::Inspection;

/// Read at a time while the checksum is made: what the processor's own memory holds.
const PIECE: usize = 64 << 10;

/// Why a directory cannot hold compiled code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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

/// Names the content of a component file. Not its SHA-256, which takes longer than all the rest of loading.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(blake3::Hash);

impl Fingerprint {
    pub(crate) fn of(component: &[u8]) -> Self {
        Self(blake3::hash(component))
    }
}

/// A component's code, and what it was found to be.
pub(crate) struct Compiled {
    pub(crate) component: Component,
    pub(crate) inspection: Inspection,
}

/// A directory of compiled code.
#[derive(Debug)]
pub(crate) struct CodeCache {
    directory: PathBuf,
    /// All that code and judgement depend on beside the component.
    engine: String,
}

/// What an entry says of itself.
#[derive(Serialize, Deserialize)]
struct Record {
    /// The [`Fingerprint`] of the component.
    component: String,
    /// That of the [`CodeCache`] that wrote it.
    engine: String,
    inspection: Inspection,
}

/// The end of an entry.
struct Seal {
    /// The length of the record before it.
    record: u32,
    /// Of everything before it.
    checksum: u128,
}

impl CodeCache {
    /// Uses this directory, and makes it, for the owner alone, where it does not exist. `engine` names all that code and
    /// judgement depend on beside the component.
    pub(crate) fn open(directory: &Path, engine: String) -> Result<Self, CacheError> {
        let error = |source| CacheError::Directory { path: directory.to_owned(), source };
        if !directory.exists() {
            create(directory).map_err(error)?;
        }
        let metadata = fs::symlink_metadata(directory).map_err(error)?;
        if !metadata.is_dir() {
            return Err(CacheError::NotADirectory { path: directory.to_owned() });
        }
        if let Some(mode) = writable_by_others(&metadata) {
            return Err(CacheError::Writable { path: directory.to_owned(), mode });
        }
        Ok(Self { directory: directory.to_owned(), engine })
    }

    /// The compiled component from the cache, else by `compile`, which is then kept.
    pub(crate) fn load<E>(
        &self,
        engine: &Engine,
        fingerprint: Fingerprint,
        compile: impl FnOnce() -> Result<Compiled, E>,
    ) -> Result<Compiled, E> {
        let name = fingerprint.0.to_hex();
        let path = self.directory.join(format!("{name}-{}.cwasm", self.engine));
        match self.read(engine, &name, &path) {
            Ok(Some(compiled)) => return Ok(compiled),
            Ok(None) => {}
            Err(reason) => {
                tracing::warn!(file = %path.display(), reason, "cached code is not usable and is compiled anew");
            }
        }
        let compiled = compile()?;
        let record = Record {
            component: name.to_string(),
            engine: self.engine.clone(),
            inspection: compiled.inspection.clone(),
        };
        if let Err(reason) = self.write(&path, &compiled.component, &record) {
            tracing::warn!(file = %path.display(), reason, "compiled code could not be kept");
        }
        Ok(compiled)
    }

    fn read(&self, engine: &Engine, name: &str, path: &Path) -> Result<Option<Compiled>, String> {
        // A link would have the permissions of what it leads to looked at, wherever that lies.
        match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.is_file() => return Err("it is no file of its own".to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        }
        let text = |error: io::Error| error.to_string();
        let mut file = File::open(path).map_err(text)?;
        let metadata = file.metadata().map_err(text)?;
        if let Some(mode) = writable_by_others(&metadata) {
            return Err(format!("it can be written by others (mode {mode:o})"));
        }
        let record = check(&mut file, metadata.len())?;
        if record.component != name {
            return Err("it holds the code of another component".to_owned());
        }
        if record.engine != self.engine {
            return Err("it holds code for another engine".to_owned());
        }
        let component = deserialize(engine, path)?;
        Ok(Some(Compiled { component, inspection: record.inspection }))
    }

    fn write(&self, path: &Path, component: &Component, record: &Record) -> Result<(), String> {
        let mut content = component.serialize().map_err(|error| format!("{error:#}"))?;
        let record = serde_json::to_vec(record).map_err(|error| error.to_string())?;
        content.extend_from_slice(&record);
        let mut sum = Xxh3Default::new();
        sum.update(&content);
        let length = u32::try_from(record.len()).map_err(|_| "the judgement is too long".to_owned())?;
        content.extend_from_slice(&Seal { record: length, checksum: sum.digest128() }.to_bytes());
        // Written beside and then renamed: whoever reads, sees the whole file or none.
        let unfinished = self.directory.join(format!(".{}-{}.tmp", std::process::id(), next_number()));
        let written = (|| {
            let mut out = create_file(&unfinished)?;
            out.write_all(&content)?;
            out.sync_all()?;
            fs::rename(&unfinished, path)
        })();
        written.map_err(|error| {
            // Where not even this works the next writer takes another name.
            let _ = fs::remove_file(&unfinished);
            error.to_string()
        })
    }
}

impl Seal {
    const MAGIC: [u8; 8] = *b"orgcode1";
    const BYTES: usize = 8 + 4 + 16;

    fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let parts = Self::MAGIC.into_iter().chain(self.record.to_le_bytes()).chain(self.checksum.to_le_bytes());
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (record, checksum) = bytes.strip_prefix(&Self::MAGIC)?.split_at_checked(4)?;
        Some(Self {
            record: u32::from_le_bytes(record.try_into().ok()?),
            checksum: u128::from_le_bytes(checksum.try_into().ok()?),
        })
    }
}

/// Distinguishes two writers of one process.
fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Compares the content with its checksum, and answers the record in it.
fn check(file: &mut File, length: u64) -> Result<Record, String> {
    let text = |error: io::Error| error.to_string();
    let content = length.checked_sub(Seal::BYTES as u64).ok_or("it is cut off")?;
    let mut sum = Xxh3Default::new();
    let mut piece = vec![0; PIECE];
    let mut left = content;
    while left > 0 {
        let piece = piece.get_mut(..usize::try_from(left).unwrap_or(PIECE).min(PIECE)).unwrap_or_default();
        file.read_exact(piece).map_err(text)?;
        sum.update(piece);
        left -= piece.len() as u64;
    }
    let mut seal = [0; Seal::BYTES];
    file.read_exact(&mut seal).map_err(text)?;
    let seal = Seal::read(&seal).ok_or("it is cut off")?;
    if sum.digest128() != seal.checksum {
        return Err("its content does not match its checksum".to_owned());
    }
    let start = content.checked_sub(seal.record.into()).ok_or("its judgement is too long")?;
    file.seek(SeekFrom::Start(start)).map_err(text)?;
    let mut record = vec![0; seal.record as usize];
    file.read_exact(&mut record).map_err(text)?;
    serde_json::from_slice(&record).map_err(|error| format!("its judgement cannot be read: {error}"))
}

#[allow(unsafe_code, reason = "the only way to load compiled code")]
fn deserialize(engine: &Engine, path: &Path) -> Result<Component, String> {
    // SAFETY: `deserialize_file` demands code that `Component::serialize` made and nobody changed, also not while it is
    // mapped. The file lies in a directory that only the owner of this process may write (`CodeCache::open`) and is
    // itself writable by nobody else; its content has just been found to match its checksum and to be the code of this
    // component for this engine; and this cache never changes a file, it renames a new one into its place. wasmtime
    // itself refuses code of another version or of other settings.
    unsafe { Component::deserialize_file(engine, path) }.map_err(|error| format!("{error:#}"))
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

/// A file that nobody may change, not even by accident.
#[cfg(unix)]
fn create_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o400).open(path)
}

#[cfg(not(unix))]
fn create_file(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// The permissions, where they let anybody but the owner of this process write.
#[cfg(unix)]
fn writable_by_others(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let foreign = metadata.uid() != rustix::process::geteuid().as_raw();
    let mode = metadata.mode() & 0o7777;
    (foreign || mode & 0o022 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn writable_by_others(_metadata: &fs::Metadata) -> Option<u32> {
    // Folders in the user's own profile are not writable by others on these systems.
    None
}
