//! Connecting: once by hand, to say clearly what is wrong, and then as often as there is work.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Postgres;

use super::super::super::{OpenError, Options};
use super::super::connections::{ConnectionOptions, Connections, DbConnection};
use super::super::dialect::Dialect as _;
use super::super::driver::Sql;
use super::super::query::Query;
use super::super::{Database, bring_up_to_date};
use super::address::{self, Address};

/// How long a call waits for a connection before it answers that the store is unavailable.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a writer waits for another one of its scope at most: writers take milliseconds, and one that takes longer is a host
/// that was stopped.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an export may rest between two pages before the server ends its transaction. It keeps nobody waiting.
const EXPORT_REST: Duration = Duration::from_secs(60);

/// Connects to the database and brings its schema up to date.
pub(in super::super) async fn open(address: &str, options: &Options) -> Result<Database<Postgres>, OpenError> {
    let address = address::parse(address)?;
    let step = options.step_timeout.max(Duration::from_millis(2));
    // The server gives a statement up first, and says so; then the connection need not be closed.
    let at_server = step * 5 / 6;
    let lock = options.busy_timeout.min(LOCK_TIMEOUT);
    let readers = manner(&address, address.readers, step, &[at_server, lock, EXPORT_REST]);
    // A writer that rests in a transaction holds a row for which others wait: its host was stopped, or cannot be reached.
    let writers = manner(&address, address.writers, step, &[at_server, lock, at_server]);
    examine(&address, step).await?;
    let Address { place, .. } = address;
    let (writers, readers) = (Connections::new(writers), Connections::new(readers));
    bring_up_to_date(&writers, &place).await?;
    Ok(Database { place, writers, readers })
}

/// Connects once. Later one would try for long, and then know only that time ran out.
async fn examine(address: &Address, step: Duration) -> Result<(), OpenError> {
    let place = &address.place;
    let manner = Arc::new(ConnectionOptions { session: Vec::new(), ..manner(address, 1, step, &[]) });
    let mut link = DbConnection::open(&manner).await.map_err(|failure| failure.of_open(place))?;
    let encoding = Query::<Postgres>::new(&Sql::from("SHOW server_encoding")).row(&mut link).await;
    let encoding = encoding.and_then(|row| row.text(0)).map_err(|failure| failure.of_open(place))?;
    let reads_only = Query::<Postgres>::new(&Sql::from("SHOW transaction_read_only")).row(&mut link).await;
    let reads_only = reads_only.and_then(|row| row.text(0)).map_err(|failure| failure.of_open(place))?;
    link.close().await;
    if reads_only == "on" {
        return Err(OpenError::ReadOnly { place: place.to_owned() });
    }
    match encoding.as_str() {
        "UTF8" => Ok(()),
        _ => Err(OpenError::Encoding { place: place.to_owned(), found: encoding }),
    }
}

/// `timeouts`: of a statement, of waiting for a lock, of resting in a transaction.
fn manner(address: &Address, most: u32, step: Duration, timeouts: &[Duration]) -> ConnectionOptions<Postgres> {
    let mut settings = settings(timeouts);
    let begin = |begin: &str| match address.has_pooler {
        false => begin.into(),
        // Each transaction may have another session, so it brings along what is to hold for it.
        true => {
            let local = settings.iter().map(|(setting, _)| format!("; SET LOCAL {setting}"));
            [begin.to_owned()].into_iter().chain(local).collect::<String>().into()
        }
    };
    let (begin_read, begin_write) = (begin(Postgres::BEGIN_READ), begin(Postgres::BEGIN_WRITE));
    if address.has_pooler {
        settings.clear();
    } else {
        settings.extend(KEEP_ALIVE.map(|setting| (setting.to_owned(), "the server notices a host that is gone")));
    }
    ConnectionOptions {
        options: address.options.clone(),
        session: settings.into_iter().map(|(setting, why)| (format!("SET {setting}").into(), why)).collect(),
        begin_read,
        begin_write,
        wraps_reads: address.has_pooler,
        keeps_statements: !address.has_pooler,
        most,
        wait: QUEUE_TIMEOUT,
        limit: step,
        is_remote: true,
    }
}

/// Of the server's end of a connection, in seconds and milliseconds.
const KEEP_ALIVE: [&str; 4] =
    ["tcp_keepalives_idle = 20", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3", "tcp_user_timeout = 30000"];

/// What holds for a session, and what for.
fn settings(timeouts: &[Duration]) -> Vec<(String, &'static str)> {
    const TIMEOUTS: [(&str, &str); 3] = [
        ("statement_timeout", "no statement takes longer than a step may"),
        ("lock_timeout", "no wait for other writers is longer than the busy timeout"),
        ("idle_in_transaction_session_timeout", "a host that was stopped keeps no row from the others"),
    ];
    const PLANNER: [(&str, &str); 4] = [
        // A planner that knows nothing of a table yet takes a scope for small, and would rather read and sort all of it.
        ("enable_seqscan = off", "every statement has an index"),
        ("enable_bitmapscan = off", "and finds its rows there one by one"),
        ("enable_sort = off", "in the order in which it wants them"),
        ("plan_cache_mode = force_custom_plan", "a plan made for small tables does not stay when they grow"),
    ];
    // 0 would mean for ever, and the server counts in 31 bits.
    let milliseconds = |timeout: &Duration| timeout.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
    let timeouts = TIMEOUTS.iter().zip(timeouts);
    let timeouts = timeouts.map(|((name, why), timeout)| (format!("{name} = {}", milliseconds(timeout)), *why));
    timeouts.chain(PLANNER.map(|(setting, why)| (setting.to_owned(), why))).collect()
}
