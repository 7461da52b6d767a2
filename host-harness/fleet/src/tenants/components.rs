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

use organisation_host::{ComponentFile, Digest, FileError, LoadError, LoadedComponent, signature_path};

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
            known.loading = Loading::Over(loaded.map_err(|error| said_of(path, &error)));
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
        Some(expected) if expected != found => Err(said_of(path, &LoadError::Digest { expected, found })),
        _ => Ok(()),
    }
}

fn said_of(file: &Path, error: &impl fmt::Display) -> String {
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
mod tests {
    use super::*;
    use organisation_host::Host;

    /// The component of a file, as a reload gets it that nobody else takes part in.
    fn load(components: &mut Components, host: &Host, pin: &Pin) -> Result<Arc<LoadedComponent>, String> {
        components.want(Some(pin), later())?;
        let loader: Arc<dyn Loader> = Arc::new(host.clone());
        components.load(&loader, Instant::now() + Duration::from_mins(1));
        components.loaded(Some(pin))
    }

    /// Files that nobody changes any more.
    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_hours(1)
    }

    /// Whether a reload reads this file, whatever comes of it.
    fn is_read(components: &mut Components, path: &Path, now: SystemTime) -> bool {
        // A read replaces what is known of the bytes, also where it fails.
        let untouched = Err("nobody has read it since".to_owned());
        components.files.entry(path.to_owned()).or_insert_with(Known::nothing).digest.clone_from(&untouched);
        let is_read = components.known(path, now).digest != untouched;
        components.settle();
        is_read
    }

    /// Writes files, each time with another time of change: two may be written within one tick of a file system's clock.
    #[derive(Default)]
    struct Writer(Duration);

    impl Writer {
        fn write(&mut self, path: &Path, bytes: impl AsRef<[u8]>) {
            fs::write(path, bytes).unwrap();
            self.0 += Duration::from_hours(24);
            fs::File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH + self.0).unwrap();
        }
    }

    #[test]
    fn a_file_that_looks_the_same_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, signature) = (folder.path().join("a.wasm"), folder.path().join("a.wasm.sig"));
        let (mut components, mut files) = (Components::default(), Writer::default());
        let mut reads = |what: &str, expected: bool| {
            assert_eq!(is_read(&mut components, &path, later()), expected, "{what}");
        };
        reads("it is not there", true);
        reads("it is still not there", true);
        files.write(&path, "first");
        reads("it is there", true);
        reads("nothing changed", false);
        files.write(&path, "other");
        reads("other bytes of the same length", true);
        reads("nothing changed", false);
        files.write(&signature, [1; 64]);
        reads("it got a signature", true);
        reads("nothing changed", false);
        files.write(&signature, [2; 64]);
        reads("another signature", true);
        files.write(&signature, [2; 63]);
        reads("what is no signature", true);
        reads("it is none for as long as it stays", false);
        fs::remove_file(&signature).unwrap();
        reads("no signature any more", true);
        fs::remove_file(&path).unwrap();
        reads("it is gone", true);
    }

    #[test]
    fn a_read_that_fails_is_tried_again_though_the_file_looks_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        let mut components = Components::default();
        // A folder looks settled as a file does, and the system refuses to read it.
        fs::create_dir(&path).unwrap();
        for _ in 0..2 {
            assert!(ComponentStamp::of(&path, later()).is_some(), "nothing but the read fails");
            assert!(is_read(&mut components, &path, later()));
        }
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "component").unwrap();
        assert!(is_read(&mut components, &path, later()) && !is_read(&mut components, &path, later()));
    }

    /// Takes until it is let go for files that are so called, and finds each to be no component.
    struct Slow(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);

    impl Loader for Slow {
        fn load(&self, file: Option<&ComponentFile>) -> LoadResult {
            if file.is_some_and(|file| file.bytes().starts_with(b"slow")) {
                // At the end of the test nobody lets it go.
                let _ = self.0.lock().unwrap().recv();
            }
            Err(LoadError::NotAComponent("it was loaded".to_owned()).into())
        }
    }

    #[test]
    fn loads_that_take_too_long_are_given_up_and_leave_room_as_long_as_they_are_few() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut writer = Writer::default();
        for (name, text) in [("1", "slow"), ("2", "slow, too"), ("3", "quick")] {
            writer.write(&path(name), text);
        }
        let (go, waits) = std::sync::mpsc::channel();
        let loader: Arc<dyn Loader> = Arc::new(Slow(waits.into()));
        let mut components = Components::default();
        components.loads.at_most = 2;
        let reload = |components: &mut Components, longest| {
            let pins = ["1", "2", "3"].map(|name| Pin { file: path(name), digest: None });
            components.loads.longest = longest;
            for pin in &pins {
                components.want(Some(pin), later()).unwrap();
            }
            components.load(&loader, Instant::now());
            let loaded = pins.map(|pin| components.loaded(Some(&pin)).unwrap_err());
            components.settle();
            loaded
        };
        let at_once = Duration::ZERO;
        assert_eq!(reload(&mut components, Duration::from_hours(1)), [STILL_LOADING; 3]);
        for _ in 0..2 {
            assert_eq!(reload(&mut components, at_once), [GIVEN_UP, GIVEN_UP, STILL_LOADING], "none is begun again");
        }

        // One ends after all, and that is taken; with the other there is room.
        go.send(()).unwrap();
        let is_over = |loaded: &String| loaded.contains("it was loaded");
        let mut all = reload(&mut components, at_once);
        for _ in 0..10_000 {
            if is_over(&all[2]) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            all = reload(&mut components, at_once);
        }
        assert!(is_over(&all[2]) && all[..2].iter().filter(|loaded| is_over(loaded)).count() == 1, "{all:?}");

        // A file that is mended does not wait for what it was.
        let late = all.iter().position(|loaded| loaded == GIVEN_UP).unwrap();
        writer.write(&path(["1", "2"][late]), "mended");
        let is_loaded = (0..10_000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            is_over(&reload(&mut components, at_once)[late])
        });
        assert!(is_loaded);
    }

    #[test]
    fn what_the_engine_refuses_is_tried_again_and_what_is_no_component_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::builder().parallel_calls(1).build().unwrap();
        let mut components = Components::default();
        for (name, bytes, expected, is_tried_again) in [
            ("a.wasm", &b"\0asm\x0d\0\x01\0damaged"[..], "is damaged", true),
            ("b.wasm", b"\x7fELF", "not a component", false),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let pin = Pin { file: path.clone(), digest: None };
            for _ in 0..2 {
                let message = load(&mut components, &host, &pin).unwrap_err();
                assert!(message.contains(expected), "{message}");
            }
            components.settle();
            assert_eq!(is_read(&mut components, &path, later()), is_tried_again, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_change_that_keeps_length_and_time_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.wasm"), folder.path().join("b.wasm"));
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
        let write = |path: &Path, text: &str| {
            fs::write(path, text).unwrap();
            fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
        };
        write(&path, "first");
        let mut components = Components::default();
        assert!(is_read(&mut components, &path, later()) && !is_read(&mut components, &path, later()));
        let changed = |path: &Path| {
            use std::os::unix::fs::MetadataExt as _;
            let metadata = fs::metadata(path).unwrap();
            (metadata.ctime(), metadata.ctime_nsec())
        };
        // Nobody can set this time, so the clock of the file system has to tick meanwhile.
        let before = changed(&path);
        for _ in 0..5_000 {
            write(&path, "other");
            if changed(&path) != before {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_ne!(changed(&path), before, "the clock of this file system stands still");
        assert!(is_read(&mut components, &path, later()), "written over, and its time set back");
        write(&other, "third");
        fs::rename(&other, &path).unwrap();
        assert!(is_read(&mut components, &path, later()), "another file in its place");
    }

    #[test]
    fn a_file_that_changed_just_now_is_read_until_it_has_aged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        fs::write(&path, "first").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        let mut components = Components::default();
        // The clock of this machine may also stand before that of the file system.
        for (now, read) in [
            (written - SETTLED, true),
            (written, true),
            (written + SETTLED / 2, true),
            (written + 2 * SETTLED, true),
            (written + 2 * SETTLED, false),
        ] {
            assert_eq!(is_read(&mut components, &path, now), read, "{now:?}");
        }
    }

    #[test]
    fn a_file_is_looked_at_once_a_reload_and_forgotten_with_the_last_who_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.wasm"), folder.path().join("b.wasm"));
        let host = Host::builder().parallel_calls(1).build().unwrap();
        let pinned = |path: &Path, digest: Option<&str>| Pin {
            file: path.to_owned(),
            digest: digest.map(|text| Digest::of(text.as_bytes())),
        };
        let mut components = Components::default();
        let load = |components: &mut Components, pin: &Pin| load(components, &host, pin).unwrap_err();
        fs::write(&path, "no component").unwrap();
        fs::write(&other, "none either").unwrap();
        let message = load(&mut components, &pinned(&path, Some("another")));
        assert!(message.contains("is not the one that was pinned"), "{message}");
        assert!(
            matches!(components.files[&path].loading, Loading::Unwanted),
            "what is not the pinned file was looked into"
        );
        load(&mut components, &pinned(&other, None));
        components.settle();
        assert!(components.files.values().all(|known| known.read.is_none()), "bytes are kept");

        // The pin is mended: what was hashed is loaded now, and that it is no component stays known.
        let mended = pinned(&path, Some("no component"));
        for _ in 0..2 {
            let message = load(&mut components, &mended);
            assert!(message.contains("a.wasm: not a component"), "{message}");
            let known = &components.files[&path];
            assert!(matches!(known.loading, Loading::Over(_)) && known.read.is_none());
            components.settle();
            assert_eq!(components.files.keys().collect::<Vec<_>>(), [&path], "nobody names the other");
        }
        // Within a reload all tenants get the same.
        load(&mut components, &mended);
        fs::write(&path, "now it is another").unwrap();
        let message = load(&mut components, &mended);
        assert!(message.contains("not a component"), "{message}");
        components.settle();
        let message = load(&mut components, &mended);
        assert!(message.contains("is not the one that was pinned"), "{message}");
    }
}
