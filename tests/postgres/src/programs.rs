//! Where the server's programs lie.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::WITHOUT;

/// What the tests start.
const NEEDED: [&str; 5] = ["initdb", "postgres", "createdb", "psql", "pg_basebackup"];

/// A folder with the programs of one version.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// The programs; without them a test fails that wants a server.
    pub(crate) fn found() -> Self {
        Self::find().unwrap_or_else(|| {
            panic!(
                "this test needs the programs of a PostgreSQL server ({}), and they are neither in PATH nor where \
                 `pg_config --bindir` points nor in /usr/lib/postgresql: install them (Debian: apt-get install postgresql), or \
                 set {WITHOUT}=1 to leave such tests out",
                NEEDED.join(", ")
            )
        })
    }

    /// The first folder that has all of them: of those in `PATH`, the one that `pg_config` names, and Debian's, which are not
    /// in `PATH`, the newest first.
    fn find() -> Option<Self> {
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
