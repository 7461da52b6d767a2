//! The address of a database: read with care, because it may hold a password.
//!
//! The driver reads the rest of it. It warns of a parameter that it does not know and quotes the value, so parameters are
//! checked before, and what is wrong with an address is said without quoting any of it but names.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::super::super::OpenError;

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

/// Where and how to connect, and what that place is called in messages.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) options: PgConnectOptions,
    pub(super) place: String,
}

/// Reads an address. What it leaves out comes from the variables and the password file of PostgreSQL's own programs.
pub(super) fn parse(address: &str) -> Result<Address, OpenError> {
    let wrong = |problem: String| OpenError::PostgresAddress { problem };
    let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    for (name, _) in url.query_pairs() {
        if !PARAMETERS.contains(&&*name) && !name.starts_with("options[") {
            return Err(wrong(format!("there is no parameter {name:?}, only {}", PARAMETERS.join(", "))));
        }
    }
    let read = PgConnectOptions::from_str(address).map_err(|_| wrong("a part of it cannot be read".into()))?;
    let options = read.disable_statement_logging();
    let host = match options.get_socket() {
        Some(socket) => format!("[{}]", socket.display()),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    let place = format!("postgres://{host}:{}/{database}", options.get_port());
    Ok(Address { options, place })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            let message = parse(address).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(problem), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
