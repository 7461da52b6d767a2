//! A bucket that outlives an instance, which wasmtime's own does not: the trial's, with the same functions. It is as kind as one
//! can be: every write is there for everybody at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Barrier, time::timeout};
use wasmtime::{Result, component::Resource};

use crate::{
    element::wasi::keyvalue::{
        atomics,
        store::{Error, Host, HostBucket},
    },
    platform::State,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// What all instances share.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    values: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    /// Where several writers wait for each other before the first of them writes.
    together: Option<Arc<Barrier>>,
}

impl Kept {
    /// The same values, where every write waits until so many are about to write.
    pub(crate) fn together(&self, writers: usize) -> Self {
        Self { values: Arc::clone(&self.values), together: Some(Arc::new(Barrier::new(writers))) }
    }

    /// All bytes that are kept, as text.
    pub(crate) fn text(&self) -> String {
        self.values().values().map(|value| String::from_utf8_lossy(value)).collect()
    }

    /// Bytes of the largest value.
    pub(crate) fn largest(&self) -> usize {
        self.values().values().map(Vec::len).max().unwrap_or_default()
    }

    fn values(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is opened of it.
#[derive(Debug)]
pub struct Opened;

impl Host for State {
    async fn open(&mut self, _: String) -> Result<Result<Resource<Opened>, Error>> {
        Ok(Ok(self.table.push(Opened)?))
    }
}

impl HostBucket for State {
    async fn get(&mut self, _: Resource<Opened>, key: String) -> Result<Result<Option<Vec<u8>>, Error>> {
        Ok(Ok(self.kept.values().get(&key).cloned()))
    }

    async fn set(&mut self, _: Resource<Opened>, key: String, value: Vec<u8>) -> Result<Result<(), Error>> {
        if let Some(together) = &self.kept.together {
            // One that never comes holds nobody for ever.
            let _ = timeout(PATIENCE, together.wait()).await;
        }
        self.kept.values().insert(key, value);
        Ok(Ok(()))
    }

    async fn drop(&mut self, opened: Resource<Opened>) -> Result<()> {
        self.table.delete(opened)?;
        Ok(())
    }
}

impl atomics::Host for State {
    async fn increment(&mut self, _: Resource<Opened>, key: String, delta: u64) -> Result<Result<u64, Error>> {
        let mut values = self.kept.values();
        let value = values.entry(key).or_insert_with(|| b"0".to_vec());
        let number = String::from_utf8_lossy(value).parse::<u64>().unwrap_or_default() + delta;
        *value = number.to_string().into_bytes();
        Ok(Ok(number))
    }
}
