//! Connecting: once by hand, to say clearly what is wrong, and then as often as there is work.

use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Postgres};

use super::super::super::OpenError;
use super::super::driver::Sql;
use super::super::failure::SqlFailure;
use super::super::query::Query;
use super::super::{Database, bring_up_to_date};
use super::address;

/// How many connections a store reads and writes with, at most. Servers admit a hundred unless they are set otherwise.
const READERS: u32 = 8;
const WRITERS: u32 = 8;

/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a call waits for a connection before it answers that the store is unavailable.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that rested longer is tried before it is used: the server may have gone meanwhile.
const TRUSTED_REST: Duration = Duration::from_secs(1);

/// Connects to the database and brings its schema up to date.
pub(in super::super) async fn open(address: &str, busy_timeout: Duration) -> Result<Database<Postgres>, OpenError> {
    let address::Address { options, place } = address::parse(address)?;
    examine(&options, &place).await?;
    let pool = |connections| pool(connections, busy_timeout).connect_lazy_with(options.clone());
    let (writers, readers) = (pool(WRITERS), pool(READERS));
    bring_up_to_date(&writers, &place).await?;
    Ok(Database { place, writers, readers })
}

/// Connects once. A pool would try for long, and then know only that time ran out.
async fn examine(options: &PgConnectOptions, place: &str) -> Result<(), OpenError> {
    let failed = |error| SqlFailure::of::<Postgres>(error).of_open(place);
    let connecting = PgConnection::connect_with(options);
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| {
        Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer within 10 s")))
    });
    let mut connection = connected.map_err(failed)?;
    let encoding = Query::<Postgres>::new(&Sql::from("SHOW server_encoding")).row(&mut connection).await;
    let encoding = encoding.and_then(|row| row.text(0)).map_err(|failure| failure.of_open(place))?;
    // Closing politely is a courtesy to the server.
    let _ = connection.close().await;
    match encoding.as_str() {
        "UTF8" => Ok(()),
        _ => Err(OpenError::Encoding { place: place.to_owned(), found: encoding }),
    }
}

fn pool(connections: u32, busy_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(QUEUE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            async move {
                if state.idle_for > TRUSTED_REST {
                    connection.ping().await?;
                }
                Ok(true)
            }
            .boxed()
        })
        .after_connect(move |connection, _| {
            async move {
                for (setting, why) in session(busy_timeout) {
                    prefer(connection, setting, why).await?;
                }
                Ok(())
            }
            .boxed()
        })
}

/// What holds for a session, and what for. Not every engine knows all of it, and none is needed for right answers.
fn session(busy_timeout: Duration) -> [(String, &'static str); 5] {
    // 0 would mean for ever, and the server counts in 31 bits.
    let milliseconds = busy_timeout.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
    [
        (format!("SET lock_timeout = {milliseconds}"), "no wait for other writers is longer than the busy timeout"),
        // A planner that knows nothing of a table yet takes a scope for small, and would rather read and sort all of it.
        ("SET enable_seqscan = off".into(), "every statement has an index"),
        ("SET enable_bitmapscan = off".into(), "and finds its rows there one by one"),
        ("SET enable_sort = off".into(), "in the order in which it wants them"),
        ("SET plan_cache_mode = force_custom_plan".into(), "a plan made for small tables does not stay when they grow"),
    ]
}

async fn prefer(connection: &mut PgConnection, setting: String, why: &str) -> Result<(), sqlx::Error> {
    match connection.execute(sqlx::raw_sql(AssertSqlSafe(setting.as_str()))).await {
        Err(sqlx::Error::Database(error)) => {
            tracing::debug!(setting, why, %error, "the database does not know a setting");
            Ok(())
        }
        result => result.map(drop),
    }
}
