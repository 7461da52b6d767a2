//! A server and a standby that takes over.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::programs::Programs;
use crate::server::{HOST, Server};
use crate::{PASSWORD, PASSWORD_ENCODED, USER, wanted};

/// The database that every server has.
const DATABASE: &str = "postgres";

/// A primary whose commits wait for its standby.
pub struct Pair {
    programs: Programs,
    primary: Option<Server>,
    standby: Server,
}

impl Pair {
    /// Two servers of this test alone; `None` where the tests with a server are to be left out.
    ///
    /// # Panics
    /// As [`database`](crate::database).
    pub fn start() -> Option<Self> {
        let programs = wanted(Programs::find(), Programs::WHAT)?;
        let primary = Server::start(&programs);
        let standby = primary.standby(&programs);
        let pair = Self { programs, primary: Some(primary), standby };
        // Only now: without a standby no commit would end.
        for statement in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
            pair.ask(pair.primary(), statement);
        }
        for _ in 0..1_200 {
            if pair.ask(pair.primary(), "SELECT sync_state FROM pg_stat_replication") == "sync" {
                return Some(pair);
            }
            sleep(Duration::from_millis(25));
        }
        panic!("the standby does not follow: {}", pair.ask(pair.primary(), "SELECT * FROM pg_stat_replication"));
    }

    /// The address of a database, whose server is the one that is reached there.
    pub fn address(server: &str) -> String {
        format!("postgres://{USER}:{PASSWORD_ENCODED}@{server}/{DATABASE}")
    }

    /// Where the primary listens.
    ///
    /// # Panics
    /// It was killed.
    pub fn primary_server(&self) -> String {
        format!("{HOST}:{}", self.primary().port())
    }

    /// Where the standby listens. It reads and does not write before it is promoted.
    pub fn standby_server(&self) -> String {
        format!("{HOST}:{}", self.standby.port())
    }

    /// Ends the primary as the loss of its machine would.
    ///
    /// # Panics
    /// It was killed before.
    pub fn kill_primary(&mut self) {
        self.primary.take().expect("the primary is killed once").kill();
    }

    /// Lets the standby take over; it does when this returns.
    ///
    /// # Panics
    /// It does not.
    pub fn promote(&self) {
        assert_eq!(self.ask(&self.standby, "SELECT pg_promote()"), "t");
    }

    fn primary(&self) -> &Server {
        self.primary.as_ref().expect("the primary was killed")
    }

    fn ask(&self, server: &Server, statement: &str) -> String {
        let asked = Command::new(self.programs.path("psql"))
            .args(["--host", HOST, "--port", &server.port().to_string(), "--username", USER, "--no-password"])
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", statement, DATABASE])
            .env("PGPASSWORD", PASSWORD)
            .output()
            .expect("psql stands beside the server");
        assert!(asked.status.success(), "{statement}: {}", String::from_utf8_lossy(&asked.stderr));
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_has_what_was_committed_and_takes_over() {
        let Some(mut pair) = Pair::start() else { return };
        pair.ask(pair.primary(), "CREATE TABLE here AS SELECT 1 AS one");
        assert_eq!(pair.ask(&pair.standby, "SELECT pg_is_in_recovery()"), "t");
        pair.kill_primary();
        pair.promote();
        assert_eq!(pair.ask(&pair.standby, "SELECT one FROM here"), "1");
        pair.ask(&pair.standby, "INSERT INTO here VALUES (2)");
    }
}
