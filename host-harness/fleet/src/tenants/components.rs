//! The components that tenants name, and what is known of their files from one reload to the next.
//!
//! A reload asks for the component of every tenant, and nearly always the files are those of the reload before. So a file
//! is read, hashed and loaded once, and not again while it and the signature beside it look the same: length, times of
//! change, and where there are such the number of the file. A stamp is not to be trusted while the last change is younger
//! than the clock of a file system is fine: another one may follow that does not show in it. Such a file is read again
//! until it has aged.
//!
//! What is remembered are verdicts on bytes. A failure that may be the machine's (no file handle or memory was left, or the
//! disk refused) says nothing about the file: the next reload reads it again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use organisation_host::{ComponentFile, Digest, FileError, LoadError, LoadedComponent, trust::signature_path};

use super::{
    declaration::Pin,
    loads::{LoadFailure, LoadResult, Loader, Loads},
};

/// From this age on a change is distinguished from every later one: the coarsest clock that file systems keep ticks each
/// two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// Components by file, and the host's own. Holds what was loaded for as long as somebody names it.
#[derive(Default)]
pub(super) struct Components {
    bundled: Loading,
    files: BTreeMap<PathBuf, Known>,
    loads: Loads,
}

/// What is known of a file.
struct Known {
    /// How it looked before it was read; nothing where the next reload cannot go by that.
    stamp: Option<ComponentStamp>,
    digest: Result<Digest, String>,
    /// Its bytes, until the end of the reload that read them.
    read: Option<ComponentFile>,
    loading: Loading,
    /// The bytes that were last begun to be loaded.
    begun: Option<Digest>,
    /// Whether the reload under way has looked at it.
    is_named: bool,
}

/// What became of a component.
#[derive(Default)]
enum Loading {
    /// Nobody wanted it.
    #[default]
    Unwanted,
    /// It is to be loaded.
    Wanted,
    /// The number of the load.
    UnderWay(u64),
    /// The same, of what the file was before. It is waited for, so that a file that changes again and again has one at a time.
    Outdated(u64),
    /// It takes too long. Its end is taken all the same, unless the file has changed by then.
    GivenUp(u64),
    Over(Result<Arc<LoadedComponent>, String>),
}

impl Loading {
    fn want(&mut self) {
        if let Self::Unwanted = self {
            *self = Self::Wanted;
        }
    }

    fn is_load(&self, number: u64) -> bool {
        matches!(self, Self::UnderWay(own) | Self::Outdated(own) | Self::GivenUp(own) if *own == number)
    }

    fn loaded(&self) -> Result<Arc<LoadedComponent>, String> {
        match self {
            Self::Over(loaded) => loaded.clone(),
            Self::GivenUp(_) => Err(GIVEN_UP.to_owned()),
            Self::Unwanted | Self::Wanted | Self::UnderWay(_) | Self::Outdated(_) => Err(STILL_LOADING.to_owned()),
        }
    }
}

/// Of a tenant whose component takes too long.
const GIVEN_UP: &str = "its component takes too long to compile, and is not tried again before the file changes: make its functions \
                        smaller";
/// Of a tenant whose component is not ready.
const STILL_LOADING: &str =
    "its component is still being compiled, or waits for others: it is taken up by a reload after that";

impl Components {
    /// Asks for the component of this file, or for the host's own without one. `now` is no later than the call.
    pub(super) fn want(&mut self, pin: Option<&Pin>, now: SystemTime) -> Result<(), String> {
        let Some(Pin { file: path, digest: pinned }) = pin else {
            self.bundled.want();
            return Ok(());
        };
        let known = self.known(path, now);
        // What is not the pinned file is not looked into.
        demand(path, *pinned, known.digest()?)?;
        if let (Loading::Unwanted | Loading::Wanted, None) = (&known.loading, &known.read) {
            // An earlier reload read it, and nobody wanted it then.
            known.read_anew(path, now);
            demand(path, *pinned, known.digest()?)?;
        }
        known.loading.want();
        Ok(())
    }

    /// Loads what was asked for, and waits for that until then. What takes longer goes on, and a later reload finds it; what
    /// an earlier one began is not waited for.
    pub(super) fn load(&mut self, loader: &Arc<dyn Loader>, until: Instant) {
        for number in self.loads.give_up() {
            if self.bundled.is_load(number) {
                self.bundled = Loading::GivenUp(number);
            } else if let Some((path, known)) = self.files.iter_mut().find(|(_, known)| known.loading.is_load(number)) {
                tracing::warn!(file = %path.display(), "a component takes too long to compile");
                known.give_up(number);
            }
        }
        let mut begun = BTreeSet::new();
        loop {
            begun.extend(self.begin(loader));
            // What has ended meanwhile is taken in any case.
            let until = if begun.is_empty() { Instant::now() } else { until };
            let Some((number, loaded)) = self.loads.next(until) else { return };
            begun.remove(&number);
            self.end(number, loaded);
        }
    }

    /// Begins as many loads as there is room for; their numbers.
    fn begin(&mut self, loader: &Arc<dyn Loader>) -> Vec<u64> {
        let mut begun = Vec::new();
        let loads = &mut self.loads;
        if let Loading::Wanted = self.bundled
            && loads.has_room()
        {
            let number = loads.begin(loader, None);
            self.bundled = Loading::UnderWay(number);
            begun.push(number);
        }
        for known in self.files.values_mut() {
            if let Loading::Wanted = known.loading
                && loads.has_room()
                && let Some(file) = known.read.take()
            {
                let number = loads.begin(loader, Some(file));
                known.begun = known.digest.as_ref().ok().copied();
                known.loading = Loading::UnderWay(number);
                begun.push(number);
            }
        }
        begun
    }

    fn end(&mut self, number: u64, loaded: LoadResult) {
        if self.bundled.is_load(number) {
            self.bundled = Loading::Over(loaded.map_err(|error| error.to_string()));
        } else if let Some((path, known)) = self.files.iter_mut().find(|(_, known)| known.loading.is_load(number)) {
            if let Loading::Outdated(_) = known.loading {
                known.loading = Loading::Unwanted;
                return;
            }
            if loaded.as_ref().is_err_and(LoadFailure::is_the_machines) {
                known.stamp = None;
            }
            known.loading = Loading::Over(loaded.map_err(|error| with_path(path, &error)));
        }
        // Else nobody names it any more.
    }

    /// The component that was asked for.
    pub(super) fn loaded(&self, pin: Option<&Pin>) -> Result<Arc<LoadedComponent>, String> {
        match pin {
            None => self.bundled.loaded(),
            Some(pin) => {
                self.files.get(&pin.file).map_or_else(|| Err(STILL_LOADING.to_owned()), |known| known.loading.loaded())
            }
        }
    }

    /// Ends a reload: what nobody named in it is forgotten, and so are the bytes of what it read.
    pub(super) fn settle(&mut self) {
        // The host knows it again for as long as an element has it.
        if let Loading::Over(_) = self.bundled {
            self.bundled = Loading::Unwanted;
        }
        self.files.retain(|_, known| std::mem::take(&mut known.is_named));
        self.files.values_mut().for_each(|known| known.read = None);
    }

    /// What is known of a file as it is now: within a reload it is looked at once.
    fn known(&mut self, path: &Path, now: SystemTime) -> &mut Known {
        let known = self.files.entry(path.to_owned()).or_insert_with(Known::nothing);
        if !std::mem::replace(&mut known.is_named, true)
            && (known.stamp.is_none() || known.stamp != ComponentStamp::of(path, now))
        {
            known.read_anew(path, now);
        }
        known
    }
}

impl Known {
    fn nothing() -> Self {
        Self {
            stamp: None,
            digest: Err(String::new()),
            read: None,
            loading: Loading::Unwanted,
            begun: None,
            is_named: false,
        }
    }

    fn read_anew(&mut self, path: &Path, now: SystemTime) {
        // Before it is read: what changes meanwhile will look different.
        self.stamp = ComponentStamp::of(path, now);
        let read = ComponentFile::read(path);
        if matches!(read, Err(FileError::Io { .. })) {
            self.stamp = None;
        }
        let read = read.map_err(|error| error.to_string());
        self.digest = read.as_ref().map(|file| Digest::of(file.bytes())).map_err(Clone::clone);
        self.read = read.ok();
        self.loading = match self.loading {
            Loading::UnderWay(number) | Loading::Outdated(number) => Loading::Outdated(number),
            // A signature makes no difference to how long it takes.
            Loading::GivenUp(number) if self.is_as_begun() => Loading::GivenUp(number),
            Loading::Unwanted | Loading::Wanted | Loading::GivenUp(_) | Loading::Over(_) => Loading::Unwanted,
        };
    }

    fn give_up(&mut self, number: u64) {
        // What the file is by now may not be what takes long.
        self.loading = if self.is_as_begun() { Loading::GivenUp(number) } else { Loading::Unwanted };
    }

    fn is_as_begun(&self) -> bool {
        self.begun.is_some() && self.digest.as_ref().ok() == self.begun.as_ref()
    }

    fn digest(&self) -> Result<Digest, String> {
        self.digest.clone()
    }
}

fn demand(path: &Path, pinned: Option<Digest>, found: Digest) -> Result<(), String> {
    match pinned {
        Some(expected) if expected != found => Err(with_path(path, &LoadError::Digest { expected, found })),
        _ => Ok(()),
    }
}

fn with_path(file: &Path, error: &impl fmt::Display) -> String {
    format!("component {}: {error}", file.display())
}

/// How a component file and its signature look from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ComponentStamp {
    component: FileStamp,
    signature: Option<FileStamp>,
}

impl ComponentStamp {
    /// Nothing where they cannot be had, or would not show the next change.
    fn of(component: &Path, now: SystemTime) -> Option<Self> {
        let signature = match fs::metadata(signature_path(component)) {
            Ok(metadata) => Some(FileStamp::of(&metadata, now)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        Some(Self { component: FileStamp::of(&fs::metadata(component).ok()?, now)?, signature })
    }
}

/// How one file looks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FileStamp {
    bytes: u64,
    modified: SystemTime,
    /// Nothing can set this time back, as a copy that keeps times sets the other.
    #[cfg(unix)]
    changed: SystemTime,
    #[cfg(unix)]
    place: (u64, u64),
}

impl FileStamp {
    fn of(metadata: &fs::Metadata, now: SystemTime) -> Option<Self> {
        let is_settled = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age >= SETTLED);
        let stamp = Self::at(metadata)?;
        #[cfg(unix)]
        let is_settled = is_settled(stamp.modified) && is_settled(stamp.changed);
        #[cfg(not(unix))]
        let is_settled = is_settled(stamp.modified);
        is_settled.then_some(stamp)
    }

    #[cfg(unix)]
    fn at(metadata: &fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        // Times before 1970 are nobody's; such a file is read each time.
        let seconds = u64::try_from(metadata.ctime()).ok()?;
        let nanoseconds = u32::try_from(metadata.ctime_nsec()).ok()?;
        Some(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok()?,
            changed: SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))?,
            place: (metadata.dev(), metadata.ino()),
        })
    }

    #[cfg(not(unix))]
    fn at(metadata: &fs::Metadata) -> Option<Self> {
        Some(Self { bytes: metadata.len(), modified: metadata.modified().ok()? })
    }
}

#[cfg(test)]
mod tests;
