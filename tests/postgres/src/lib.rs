//! A PostgreSQL server for tests.
//!
//! [`database`] gives a test an empty database of its own. The first to ask starts a server, on a free port of the loopback
//! interface with its data in a temporary folder; it serves the whole test program and is gone with it, however that ends.
//!
//! A machine without PostgreSQL's programs leaves the tests out that need them, and says so in one line of each test program;
//! `POSTGRES_TESTS=require` makes that a failure, for machines on which nothing may be left out unseen, and
//! `POSTGRES_TESTS=omit` leaves them out in any case.

mod pair;
mod pooler;
mod programs;
mod server;

pub use pair::Pair;

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use pooler::Pooler;
use programs::Programs;
use server::Server;

/// The variable that says whether tests with a server must, may or must not be carried out.
const WHETHER: &str = "POSTGRES_TESTS";

/// The password of the databases: with characters that an address has to encode, and rare enough to be looked for in output.
pub const PASSWORD: &str = "Tr0ub4dor/&3 %";

const PASSWORD_ENCODED: &str = "Tr0ub4dor%2F%263%20%25";

const USER: &str = "tester";

/// The address of an empty database; `None` where the tests with a server are left out.
///
/// # Panics
/// The server does not start, or there is none and `POSTGRES_TESTS=require` is set; the message says what to do.
pub fn database() -> Option<String> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let (programs, server) = running()?;
    let name = format!("test{}", MADE.fetch_add(1, Ordering::Relaxed));
    let made = Command::new(programs.path("createdb"))
        .args(["--host", server::HOST, "--port", &server.port().to_string(), "--username", USER, "--no-password"])
        .arg(&name)
        .env("PGPASSWORD", PASSWORD)
        .output()
        .expect("createdb stands beside the server");
    assert!(made.status.success(), "no database: {}", String::from_utf8_lossy(&made.stderr));
    Some(format!("postgres://{USER}:{PASSWORD_ENCODED}@{}:{}/{name}", server::HOST, server.port()))
}

/// The address at which a PgBouncer in transaction mode leads to a database of [`database`]; `None` where the tests with a
/// server or with a pooler are left out.
///
/// # Panics
/// As [`database`].
pub fn through_pooler(database: &str) -> Option<String> {
    static RUNNING: OnceLock<Option<Pooler>> = OnceLock::new();
    let (_, server) = running()?;
    let pooler = RUNNING.get_or_init(|| {
        let program = wanted(
            pooler::program(),
            "PgBouncer (looked for in PATH and /usr/sbin; Debian: apt-get install pgbouncer)",
        );
        program.map(|program: PathBuf| Pooler::start(&program, server.port()))
    });
    let (from, to) = (format!(":{}/", server.port()), format!(":{}/", pooler.as_ref()?.port()));
    Some(database.replace(&from, &to))
}

/// The certificate, as PEM, of the authority that signed the server's own, which is for 127.0.0.1.
///
/// # Panics
/// As [`database`], and when tests with a server are left out.
pub fn authority() -> &'static str {
    let (_, server) = running().expect("there is no server where tests with one are left out");
    server.authority()
}

fn running() -> Option<&'static (Programs, Server)> {
    static RUNNING: OnceLock<Option<(Programs, Server)>> = OnceLock::new();
    RUNNING
        .get_or_init(|| {
            let programs = wanted(Programs::find(), Programs::WHAT)?;
            let server = Server::start(&programs);
            Some((programs, server))
        })
        .as_ref()
}

/// What was found of what a test needs, unless the tests with a server are to be left out. What is not there is said once.
fn wanted<T>(found: Option<T>, what: &'static str) -> Option<T> {
    match (std::env::var(WHETHER).as_deref(), found) {
        (Ok("omit"), _) => {
            say_once(format!("{WHETHER}=omit: tests with a PostgreSQL server are left out"));
            None
        }
        (Ok("require"), None) => panic!("{WHETHER}=require, and this machine lacks {what}"),
        (Ok("require") | Err(_), Some(found)) => Some(found),
        (Err(_), None) => {
            say_once(format!("tests are left out: this machine lacks {what}; {WHETHER}=require makes that a failure"));
            None
        }
        (Ok(other), _) => panic!("{WHETHER} is {other:?}: require or omit"),
    }
}

/// Past the capture of the test program, which shows what a passing test writes to nobody.
fn say_once(line: String) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SAID.lock().expect("no panic meanwhile").insert(line.clone()) {
        // Nobody is there to be told that the line could not be written.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_has_a_database_of_its_own() {
        let (Some(one), Some(other)) = (database(), database()) else { return };
        assert_ne!(one, other);
        let (programs, server) = running().unwrap();
        let list = Command::new(programs.path("psql"))
            .args(["--host", server::HOST, "--port", &server.port().to_string(), "--username", USER, "--list"])
            .env("PGPASSWORD", PASSWORD)
            .output()
            .unwrap();
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        for address in [one, other] {
            let (_, name) = address.rsplit_once('/').unwrap();
            assert!(list.contains(name), "{name} is not in {list}");
        }
    }

    #[test]
    fn a_pooler_leads_to_the_same_database() {
        let Some(pooled) = database().and_then(|database| through_pooler(&database)) else { return };
        let (programs, server) = running().unwrap();
        assert!(!pooled.contains(&format!(":{}/", server.port())));
        let answer = Command::new(programs.path("psql"))
            .args([&pooled, "--no-psqlrc", "--tuples-only", "--no-align", "--command", "SELECT current_database()"])
            .output()
            .unwrap();
        let (_, name) = pooled.rsplit_once('/').unwrap();
        assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), name, "{}", String::from_utf8_lossy(&answer.stderr));
    }
}
