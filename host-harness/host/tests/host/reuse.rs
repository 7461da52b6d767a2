//! Compiled code on disk, and what comes after a restart.

use std::{fs, path::Path};

use organisation_host::{BuildError, Digest, Host};

use crate::guests::Guest;

fn host(directory: &Path) -> Result<Host, BuildError> {
    Host::builder().parallel_calls(2).code_cache(directory).build()
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn compiled_code_is_kept_and_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    let component = Guest::default().build();
    let compiled = host(&cache).unwrap().load(&component).unwrap();
    let [file] = files(&cache).try_into().expect("one file");

    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let cached = host(&cache).unwrap().load(&component).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "it was not compiled again");
    assert_eq!(cached.inspection(), compiled.inspection(), "the judgement is kept with it");
    assert_eq!(cached.digest(), Digest::of(&component));
}

/// What is refused, with what a warning would say; and that it is compiled anew and replaced.
#[test]
fn what_is_not_the_code_that_was_written_is_compiled_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    let component = Guest::default().build();
    let other = Guest::default().with("element@0.1.0#describe", "unreachable").build();
    host(&cache).unwrap().load(&other).unwrap();
    let [others_file] = files(&cache).try_into().expect("one file");
    let others = fs::read(&others_file).unwrap();
    fs::remove_file(&others_file).unwrap();
    host(&cache).unwrap().load(&component).unwrap();
    let [file] = files(&cache).try_into().expect("one file");
    let good = fs::read(&file).unwrap();

    let flipped = |at: usize| {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        flipped
    };
    let end = good.len();
    for (name, content) in [
        ("a bit of the code", flipped(end / 3)),
        ("a bit of the judgement", flipped(end - 200)),
        ("a bit of the checksum", flipped(end - 1)),
        ("the first bit", flipped(0)),
        ("cut in the middle", good[..end / 2].to_vec()),
        ("cut at the end", good[..end - 1].to_vec()),
        ("longer", [&good[..], b"x"].concat()),
        ("empty", Vec::new()),
        ("not code at all", b"not compiled code, but long enough to be looked at more closely".to_vec()),
        ("another component's", others),
    ] {
        replace(&file, &content);
        host(&cache).unwrap().load(&component).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(fs::read(&file).unwrap(), good, "{name} was replaced");
        assert_eq!(files(&cache).len(), 1, "{name} left nothing behind");
    }
}

/// Puts another content in place of a file, which nobody may change as it is.
fn replace(file: &Path, content: &[u8]) {
    fs::remove_file(file).unwrap();
    fs::write(file, content).unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_is_not_believed() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    let component = Guest::default().build();
    host(&cache).unwrap().load(&component).unwrap();
    let [file] = files(&cache).try_into().expect("one file");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o400, "nobody changes it by accident");

    for mode in [0o620, 0o602, 0o666] {
        let before = fs::metadata(&file).unwrap().ino();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        host(&cache).unwrap().load(&component).unwrap();
        let after = fs::metadata(&file).unwrap();
        assert_eq!(after.mode() & 0o777, 0o400, "{mode:o}");
        assert_ne!(after.ino(), before, "another file, {mode:o}");
    }

    let elsewhere = directory.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    host(&cache).unwrap().load(&component).unwrap();
    assert!(fs::symlink_metadata(&file).unwrap().is_file(), "a link is not followed but replaced");
}

#[test]
fn a_component_that_somebody_still_has_is_loaded_once() {
    let directory = tempfile::tempdir().unwrap();
    let host = host(&directory.path().join("code")).unwrap();
    let component = Guest::default().build();
    let first = host.load(&component).unwrap();
    let second = host.load(&component).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    let freed = std::sync::Arc::downgrade(&first);
    drop((first, second));
    assert!(freed.upgrade().is_none(), "the host itself keeps nothing");
}

#[test]
fn two_components_do_not_share_code() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    let host = host(&cache).unwrap();
    let other = Guest::default().with("element@0.1.0#describe", "unreachable").build();
    host.load(&Guest::default().build()).unwrap();
    host.load(&other).unwrap();
    assert_eq!(files(&cache).len(), 2);
}

#[cfg(unix)]
#[test]
fn a_directory_that_others_may_write_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    host(&cache).unwrap();
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);

    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    let message = host(&cache).unwrap_err().to_string();
    assert!(message.contains("can be written by others (mode 777)"), "{message}");

    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    let link = directory.path().join("link");
    symlink(&cache, &link).unwrap();
    let message = host(&link).unwrap_err().to_string();
    assert!(message.contains("not a directory of its own"), "{message}");
}
