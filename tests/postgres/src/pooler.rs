//! PgBouncer in transaction mode, with what Debian's package sets else.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::server::{ATTEMPTS, HOST, folder, free_port, held, keep_private};
use crate::{PASSWORD, USER};

/// A pooler that runs.
pub(crate) struct Pooler {
    port: u16,
    /// Its end of the pipe closes with this process.
    _hold: ChildStdin,
    _shell: Child,
}

impl Pooler {
    /// One before the server at a port.
    pub(crate) fn start(program: &Path, server: u16) -> Self {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match Self::try_start(program, server) {
                Ok(pooler) => return pooler,
                Err(log) => last = log,
            }
        }
        panic!("PgBouncer does not start: {last}");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn try_start(program: &Path, server: u16) -> Result<Self, String> {
        let (folder, user) = folder();
        let port = free_port();
        let users = folder.join("users");
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={HOST} port={server}\n[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\n",
            users.display()
        );
        for (path, text) in [(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")), (&settings, text)] {
            fs::write(path, text).expect("a file in a folder of ours");
            user.own(path);
            keep_private(path);
        }
        let mut hold = held(&user, &folder, "KILL", program);
        let mut shell = hold.arg(&settings).stdin(Stdio::piped()).spawn().expect("a shell");
        let hold = shell.stdin.take().expect("it was piped");
        if listens(port, &mut shell) {
            return Ok(Self { port, _hold: hold, _shell: shell });
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        drop(hold);
        let _ = shell.wait();
        Err(log)
    }
}

/// The program: in `PATH`, or where Debian puts what administrators run.
pub(crate) fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("pgbouncer"))
        .find(|file| file.is_file())
}

/// Waits until it admits connections; `false` when it takes too long.
fn listens(port: u16, shell: &mut Child) -> bool {
    for _ in 0..400 {
        if TcpStream::connect((HOST, port)).is_ok() {
            return true;
        }
        if shell.try_wait().is_ok_and(|status| status.is_some()) {
            return false;
        }
        sleep(Duration::from_millis(25));
    }
    false
}
