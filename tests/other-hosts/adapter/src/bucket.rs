//! The bucket of the platform, with every request counted.

use std::{
    cell::OnceCell,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    generated::wasi::keyvalue::{
        atomics,
        store::{self, Bucket, Error},
    },
    tally,
};

thread_local! {
    // Opened once for the life of the instance: what wasmtime-wasi-keyvalue opens is a copy, so a second bucket would not see
    // what was written to the first.
    static OPEN: OnceCell<Bucket> = const { OnceCell::new() };
}

/// What stands under this key.
pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    let found = asked("get", |bucket| bucket.get(key))?;
    tally::add("bytes-read", found.as_ref().map_or(0, Vec::len));
    Ok(found)
}

/// Writes one key.
pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Error> {
    tally::add("bytes-written", value.len());
    asked("set", |bucket| bucket.set(key, value))
}

/// Adds to a number and answers it.
pub(crate) fn increment(key: &str, by: u64) -> Result<u64, Error> {
    asked("increment", |bucket| atomics::increment(bucket, key, by))
}

/// Milliseconds since 1970 by the clock of this component: the store lends none.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn asked<T>(name: &'static str, what: impl FnOnce(&Bucket) -> Result<T, Error>) -> Result<T, Error> {
    tally::add(name, 1);
    OPEN.with(|open| {
        if open.get().is_none() {
            let _ = open.set(store::open("")?);
        }
        open.get().map_or(Err(Error::NoSuchStore), what)
    })
}
