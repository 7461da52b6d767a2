//! What the domain needs of the outside world, as one small trait.
//!
//! The shell implements it with the component's imports, tests with fakes, benchmarks natively. The methods mirror
//! the imports of the contract one to one; the rules written there (limits, atomicity, who retries) hold here.
//!
//! It is handed on as `&dyn Platform`: a look into a table is nothing beside a call of the host, and what takes it is compiled
//! with the kit, for size, instead of anew for the vendor.

use std::fmt;

use crate::contract::{audit, call, http, log, storage};

/// What the storage answers.
pub type StorageResult<T> = Result<T, storage::StorageError>;

/// The world outside the component.
pub trait Platform {
    /// The element's configuration, a JSON document.
    fn settings(&self) -> String;
    /// What is left of this call's limits.
    fn remaining(&self) -> call::Budget;
    /// Bytes of memory that this call's instance has by now; an instance never gives any back.
    fn memory_bytes(&self) -> u64;
    /// One HTTP request.
    fn send(&self, request: &http::Request) -> Result<http::Response, http::HttpError>;
    /// Several side by side; results in the order of the requests.
    fn send_all(&self, requests: &[http::Request]) -> Vec<Result<http::Response, http::HttpError>>;
    /// Reads keys; may answer for fewer than asked, see the contract. [`crate::store`] asks for the rest.
    fn get_many(&self, keys: &[String]) -> StorageResult<Vec<Option<storage::Entry>>>;
    /// Reads a page of keys.
    fn scan(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> StorageResult<storage::EntryPage>;
    /// Reads a page of keys, without their values.
    fn scan_keys(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> StorageResult<storage::KeyPage>;
    /// Deletes a portion of the keys with this prefix, where the checks hold.
    fn delete_range(&self, prefix: &str, checks: &[storage::Check]) -> StorageResult<storage::RangeOutcome>;
    /// Writes atomically.
    fn apply(&self, ops: &[storage::Op]) -> StorageResult<storage::Outcome>;
    /// Parks until the key no longer has this version.
    fn wait(&self, key: &str, version: Option<storage::Version>, timeout_ms: u32) -> StorageResult<bool>;
    /// Milliseconds since 1970, by the host's wall clock.
    fn now_ms(&self) -> u64;
    /// Fills the buffer with randomness fit for secrets.
    fn random(&self, buffer: &mut [u8]);
    /// Writes a log line.
    fn log(&self, level: log::Level, message: &str, fields: &[(&str, &str)]);
}

impl fmt::Debug for dyn Platform + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Platform")
    }
}

/// The trail of decisions. Apart from [`Platform`], so that only an element with `administration` imports it.
pub trait Auditor: Platform {
    /// Adds entries, all or none.
    ///
    /// # Errors
    /// Where they were not kept: what they tell of must not be carried out.
    fn append_audit(&self, entries: &[audit::Entry]) -> Result<(), audit::Failure>;
}
