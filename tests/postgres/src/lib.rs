//! A PostgreSQL server for tests.
//!
//! [`database`] gives a test an empty database of its own. The first to ask starts a server, on a free port of the loopback
//! interface with its data in a temporary folder; it serves the whole test program and is gone with it, however that ends.
//!
//! A machine without PostgreSQL fails these tests and is told what to install; `WITHOUT_POSTGRES=1` leaves them out.

mod pair;
mod programs;
mod server;

pub use pair::Pair;

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use programs::Programs;
use server::Server;

/// The variable that leaves the tests out which need a server.
const WITHOUT: &str = "WITHOUT_POSTGRES";

/// The password of the databases: with characters that an address has to encode, and rare enough to be looked for in output.
pub const PASSWORD: &str = "Tr0ub4dor/&3 %";

const PASSWORD_ENCODED: &str = "Tr0ub4dor%2F%263%20%25";

const USER: &str = "tester";

/// The address of an empty database; `None` where the tests with a server are to be left out.
///
/// # Panics
/// There is no server, or it does not start; the message says what to do.
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

/// The certificate, as PEM, of the authority that signed the server's own, which is for 127.0.0.1.
///
/// # Panics
/// As [`database`], and when tests with a server are left out.
pub fn authority() -> &'static str {
    let (_, server) = running().expect("there is no server where tests with one are left out");
    server.authority()
}

fn running() -> Option<&'static (Programs, Server)> {
    static RUNNING: OnceLock<(Programs, Server)> = OnceLock::new();
    is_wanted().then(|| {
        RUNNING.get_or_init(|| {
            let programs = Programs::found();
            let server = Server::start(&programs);
            (programs, server)
        })
    })
}

/// Whether tests with a server are to be carried out.
fn is_wanted() -> bool {
    let is_left_out = std::env::var_os(WITHOUT).is_some_and(|value| !value.is_empty() && value != "0");
    if is_left_out {
        eprintln!("left out: {WITHOUT} is set");
    }
    !is_left_out
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
}
