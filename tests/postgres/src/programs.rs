//! Where the server's programs lie.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the tests start; [`Programs::WHAT`] names them.
const NEEDED: [&str; 5] = ["initdb", "postgres", "createdb", "psql", "pg_basebackup"];

/// A folder with the programs of one version.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// What tests need that start a server.
    pub(crate) const WHAT: &str = "the programs of a PostgreSQL server (initdb, postgres, createdb, psql, pg_basebackup; looked \
        for in PATH, where `pg_config --bindir` points and in /usr/lib/postgresql; Debian: apt-get install postgresql)";

    /// The first folder that has all of them: of those in `PATH`, the one that `pg_config` names, and Debian's, which are not
    /// in `PATH`, the newest first.
    pub(crate) fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let named = Command::new("pg_config").arg("--bindir").output().ok().and_then(|output| {
            let folder = String::from_utf8(output.stdout).ok()?;
            Some(PathBuf::from(folder.trim_end()))
        });
        std::env::split_paths(&path).chain(named).chain(debian()).find(|folder| is_complete(folder)).map(Self)
    }

    /// The program with this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

fn is_complete(folder: &Path) -> bool {
    NEEDED.iter().all(|name| folder.join(name).is_file())
}

fn debian() -> Vec<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    let number = |path: &PathBuf| path.file_name().and_then(OsStr::to_str).and_then(|name| name.parse::<u32>().ok());
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    versions.into_iter().map(|path| path.join("bin")).collect()
}
