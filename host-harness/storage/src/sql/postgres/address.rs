//! The address of a database: read with care, because it may hold a password.
//!
//! The driver reads the rest of it. It warns of a parameter that it does not know and quotes the value, so parameters
//! are checked before, and what is wrong with an address is said without quoting any of it but names.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::super::super::OpenError;

/// The parameters that are this store's own.
const OWN: &[&str] = &["readers", "writers", "pooler"];

/// How many connections a store reads and writes with, at most, unless the address says otherwise. Servers admit a
/// hundred unless they are set otherwise.
const CONNECTIONS: u32 = 8;

/// The parameters that may follow the name of the database.
const PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// More would only queue within the server.
const MOST_CONNECTIONS: u32 = 1_000;

/// Where and how to connect, and what that place is called in messages.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) options: PgConnectOptions,
    pub(super) place: String,
    /// How many connections there may be that read.
    pub(super) readers: u32,
    /// Likewise those that write.
    pub(super) writers: u32,
    /// Whether a pooler in between hands each transaction to another session.
    pub(super) has_pooler: bool,
}

/// Reads an address. What it leaves out comes from the variables and the password file of PostgreSQL's own programs.
pub(super) fn parse(address: &str) -> Result<Address, OpenError> {
    let wrong = |problem: String| OpenError::PostgresAddress { problem };
    let mut url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    let (mut readers, mut writers, mut has_pooler) = (CONNECTIONS, CONNECTIONS, false);
    let mut left = Vec::new();
    for (name, value) in url.query_pairs() {
        let count = || match value.parse() {
            Ok(count @ 1..=MOST_CONNECTIONS) => Ok(count),
            _ => Err(wrong(format!("{name} is a number of connections from 1 to {MOST_CONNECTIONS}"))),
        };
        match &*name {
            "readers" => readers = count()?,
            "writers" => writers = count()?,
            "pooler" if value == "transaction" => has_pooler = true,
            "pooler" => return Err(wrong("pooler can only be transaction".into())),
            _ if PARAMETERS.contains(&&*name) || name.starts_with("options[") => {
                left.push((name.into_owned(), value.into_owned()));
            }
            _ => {
                let known = [PARAMETERS, OWN].concat().join(", ");
                return Err(wrong(format!("there is no parameter {name:?}, only {known}")));
            }
        }
    }
    match left.is_empty() {
        true => url.set_query(None),
        false => drop(url.query_pairs_mut().clear().extend_pairs(left)),
    }
    let read = PgConnectOptions::from_str(url.as_str()).map_err(|_| wrong("a part of it cannot be read".into()))?;
    let mut options = read.disable_statement_logging();
    if has_pooler {
        // A pooler refuses what a session is to start with.
        options = options.extra_float_digits(None);
    }
    let host = match options.get_socket() {
        Some(socket) => format!("[{}]", socket.display()),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    let place = format!("postgres://{host}:{}/{database}", options.get_port());
    Ok(Address { options, place, readers, writers, has_pooler })
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::PgSslMode;

    use super::*;

    #[test]
    fn what_is_this_stores_own_is_taken_out() {
        let address = parse("postgres://u:hun%2Fter2@db/org?readers=2&sslmode=disable&pooler=transaction&writers=30");
        let address = address.unwrap();
        assert_eq!((address.readers, address.writers, address.has_pooler), (2, 30, true));
        assert!(matches!(address.options.get_ssl_mode(), PgSslMode::Disable));
        let plain = parse("postgres://u@db/org?options[search_path]=other").unwrap();
        assert_eq!((plain.readers, plain.writers, plain.has_pooler), (CONNECTIONS, CONNECTIONS, false));
        assert_eq!(plain.options.get_options(), Some("-c search_path=other"));
    }

    #[test]
    fn nothing_private_is_quoted() {
        for (address, place) in [
            ("postgres://u:hunter2@db.example.com/org", "postgres://db.example.com:5432/org"),
            ("postgresql://u@db:6000/org?password=hunter2&sslmode=verify-full", "postgres://db:6000/org"),
            ("postgres:///org?host=/run/pg&user=u&password=hunter2", "postgres://[/run/pg]:5432/org"),
        ] {
            let address = parse(address).unwrap();
            assert_eq!(address.place, place);
        }
        for (address, problem) in [
            ("postgres://u:hunter2@db:port/org", "invalid port number"),
            ("postgres://u:x@db/org?pasword=hunter2", "no parameter \"pasword\""),
            ("postgres://u:x@db/org?sslmode=hunter2", "a part of it cannot be read"),
            ("postgres://u:x@db/org?port=hunter2", "a part of it cannot be read"),
            ("postgres://u:x@db/org?readers=hunter2", "readers is a number of connections from 1 to 1000"),
            ("postgres://u:x@db/org?writers=0", "writers is a number of connections from 1 to 1000"),
            ("postgres://u:x@db/org?pooler=hunter2", "pooler can only be transaction"),
        ] {
            let message = parse(address).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(problem), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
