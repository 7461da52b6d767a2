//! Connecting: once by hand, to say clearly what is wrong, and then as often as there is work.

use std::sync::Arc;
use std::time::Duration;

use super::super::super::{OpenError, Options};
use super::super::failure::SqlFailure;
use super::address::{self, Address};
use super::connections::{ConnectionOptions, Connections, DbConnection};
use super::query::Query;
use super::schema::bring_up_to_date;
use super::statements::{BEGIN_READ, BEGIN_WRITE};

/// How long a call waits for a connection before it answers that the store is unavailable.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a writer waits for another one of its scope at most: writers take milliseconds, and one that takes longer
/// is a host that was stopped.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an export may rest between two pages before the server ends its transaction. It keeps nobody waiting.
const EXPORT_REST: Duration = Duration::from_secs(60);

/// A database whose schema is up to date.
pub(super) struct Opened {
    pub(super) place: String,
    pub(super) writers: Connections,
    pub(super) readers: Connections,
}

/// Connects to the database and brings its schema up to date.
pub(super) async fn open(address: &str, options: &Options) -> Result<Opened, OpenError> {
    let address = address::parse(address)?;
    let step = options.step_timeout.max(Duration::from_millis(2));
    // The server gives a statement up first, and says so; then the connection need not be closed.
    let at_server = step * 5 / 6;
    let lock = options.busy_timeout.min(LOCK_TIMEOUT);
    let mut readers = settings(&[at_server, lock, EXPORT_REST]);
    // A writer that rests in a transaction holds a row for which others wait: its host was stopped, or cannot be
    // reached.
    let mut writers = settings(&[at_server, lock, at_server]);
    let unknown = examine(&address, step, &readers).await?;
    for settings in [&mut readers, &mut writers] {
        settings.retain(|setting| !unknown.contains(&setting.name));
    }
    let readers = connection_options(&address, address.readers, step, readers);
    let writers = connection_options(&address, address.writers, step, writers);
    let Address { place, .. } = address;
    let (writers, readers) = (Connections::new(writers), Connections::new(readers));
    bring_up_to_date(&writers, &place).await?;
    Ok(Opened { place, writers, readers })
}

/// Connects once. Later one would try for long, and then know only that time ran out. Answers which settings the server
/// does not know, where they are to go with each transaction: one that is refused there would take the transaction with
/// it.
async fn examine(address: &Address, step: Duration, settings: &[Setting]) -> Result<Vec<&'static str>, OpenError> {
    let place = &address.place;
    let failed = |failure: SqlFailure| failure.advised(|message| advice(message, address.has_pooler)).of_open(place);
    let single =
        Arc::new(ConnectionOptions { session: Vec::new(), ..connection_options(address, 1, step, Vec::new()) });
    let mut link = DbConnection::open(&single).await.map_err(failed)?;
    let encoding = Query::new("SHOW server_encoding").row(&mut link).await;
    let encoding = encoding.and_then(|row| row.text(0)).map_err(failed)?;
    let reads_only = Query::new("SHOW transaction_read_only").row(&mut link).await;
    let reads_only = reads_only.and_then(|row| row.text(0)).map_err(failed)?;
    let mut unknown = Vec::new();
    for Setting { name, value, why } in settings.iter().filter(|_| address.has_pooler) {
        let tried = link.raw(&format!("BEGIN; SET LOCAL {name} = {value}")).await;
        link.raw("ROLLBACK").await.map_err(failed)?;
        match tried {
            Err(failure) if !failure.is_of_connection() => {
                tracing::debug!(name, why, ?failure, "the database does not know a setting");
                unknown.push(*name);
            }
            tried => tried.map_err(failed)?,
        }
    }
    link.close().await;
    if reads_only == "on" {
        return Err(OpenError::ReadOnly { place: place.to_owned() });
    }
    match encoding.as_str() {
        "UTF8" => Ok(unknown),
        _ => Err(OpenError::Encoding { place: place.to_owned(), found: encoding }),
    }
}

/// What to do about a message that a pooler causes, or the store behind one.
fn advice(message: &str, has_pooler: bool) -> Option<&'static str> {
    let is_at_start = message.contains("unsupported startup parameter");
    match has_pooler {
        false if is_at_start || message.contains("prepared statement") => {
            Some("there is a pooler before the server, so add pooler=transaction to the address")
        }
        true if is_at_start => Some(
            "the pooler takes no such parameter: leave options and application_name out of the address, or name it in the \
             pooler's ignore_startup_parameters",
        ),
        _ => None,
    }
}

fn connection_options(address: &Address, most: u32, step: Duration, settings: Vec<Setting>) -> ConnectionOptions {
    let set = |Setting { name, value, .. }: &Setting| format!("{name} = {value}");
    let begin = |begin: &str| match address.has_pooler {
        false => begin.into(),
        // Each transaction may have another session, so it brings along what is to hold for it.
        true => {
            let local = settings.iter().map(|setting| format!("; SET LOCAL {}", set(setting)));
            [begin.to_owned()].into_iter().chain(local).collect::<String>().into()
        }
    };
    let (begin_read, begin_write) = (begin(BEGIN_READ), begin(BEGIN_WRITE));
    let keep_alive = KEEP_ALIVE.map(|(name, value)| Setting {
        name,
        value: value.to_owned(),
        why: "the server notices a host that is gone",
    });
    let session = match address.has_pooler {
        true => Vec::new(),
        false => settings
            .iter()
            .chain(&keep_alive)
            .map(|setting| (format!("SET {}", set(setting)).into(), setting.why))
            .collect(),
    };
    ConnectionOptions {
        connect: address.options.clone(),
        session,
        begin_read,
        begin_write,
        wraps_reads: address.has_pooler,
        keeps_statements: !address.has_pooler,
        most,
        wait: QUEUE_TIMEOUT,
        limit: step,
    }
}

/// Of the server's end of a connection, in seconds and milliseconds.
const KEEP_ALIVE: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "20"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
];

/// What holds for a session or a transaction.
struct Setting {
    name: &'static str,
    value: String,
    /// What for. Not every engine knows all of them, and none is needed for right answers.
    why: &'static str,
}

/// What holds for a session. `timeouts`: of a statement, of waiting for a lock, of resting in a transaction.
fn settings(timeouts: &[Duration]) -> Vec<Setting> {
    const TIMEOUTS: [(&str, &str); 3] = [
        ("statement_timeout", "no statement takes longer than a step may"),
        ("lock_timeout", "no wait for other writers is longer than the busy timeout"),
        ("idle_in_transaction_session_timeout", "a host that was stopped keeps no row from the others"),
    ];
    const PLANNER: [(&str, &str, &str); 4] = [
        // A planner that knows nothing of a table yet takes a scope for small, and would rather read and sort all of
        // it.
        ("enable_seqscan", "off", "every statement has an index"),
        ("enable_bitmapscan", "off", "and finds its rows there one by one"),
        ("enable_sort", "off", "in the order in which it wants them"),
        ("plan_cache_mode", "force_custom_plan", "a plan made for small tables does not stay when they grow"),
    ];
    // 0 would mean for ever, and the server counts in 31 bits.
    let milliseconds = |timeout: &Duration| timeout.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
    let timeouts = TIMEOUTS.iter().zip(timeouts);
    let timeouts = timeouts.map(|((name, why), timeout)| (*name, milliseconds(timeout).to_string(), *why));
    let planner = PLANNER.map(|(name, value, why)| (name, value.to_owned(), why));
    timeouts.chain(planner).map(|(name, value, why)| Setting { name, value, why }).collect()
}
