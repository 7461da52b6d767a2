//! Compiled code on disk, and what comes after a restart.

use std::{fs, path::Path};

use host_harness::{BuildError, Host};

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
    host(&cache).unwrap().load(&component).unwrap();
    let [file] = files(&cache).try_into().expect("one file");
    let name = file.file_name().unwrap().to_str().unwrap();
    let digest = host_harness::Digest::of(&component).to_string();
    assert!(name.starts_with(&digest), "{name}");

    let written = fs::metadata(&file).unwrap().modified().unwrap();
    host(&cache).unwrap().load(&component).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "it was not compiled again");
}

#[test]
fn damaged_code_is_compiled_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("code");
    let component = Guest::default().build();
    host(&cache).unwrap().load(&component).unwrap();
    let [file] = files(&cache).try_into().expect("one file");
    let good = fs::read(&file).unwrap();
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    // A file with the right hash that is no compiled code: wasmtime itself refuses it.
    let mut foreign = good[..32].to_vec();
    foreign.extend(b"not compiled code");
    for (name, content) in [
        ("flipped", flipped),
        ("cut off", good[..good.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("foreign", foreign),
    ] {
        fs::write(&file, &content).unwrap();
        host(&cache).unwrap().load(&component).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(fs::read(&file).unwrap(), good, "{name} was replaced");
        assert_eq!(files(&cache).len(), 1, "{name} left nothing behind");
    }
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
