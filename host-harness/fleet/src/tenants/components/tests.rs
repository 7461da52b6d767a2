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
