//! The component shell: exports that call the domain, and the platform made of the imports.

mod heap;

use crate::{
    config::Config,
    contract::{call, directory, element, http, log, login, settings, storage, types},
    directory::{feed, read, refresh, sync},
    failure::Failure,
    platform::Platform,
};
use heap::{Heap, WASM_PAGE};

#[global_allocator]
static HEAP: Heap = heap::new();

/// The platform of a component: the imports of its world, WASI's clock and randomness.
struct Imports;

impl Platform for Imports {
    fn settings(&self) -> String {
        settings::get()
    }

    fn remaining(&self) -> call::Budget {
        call::remaining()
    }

    fn memory_bytes(&self) -> u64 {
        core::arch::wasm32::memory_size::<0>() as u64 * WASM_PAGE as u64
    }

    fn send(&self, request: &http::Request) -> Result<http::Response, http::HttpError> {
        http::send(request)
    }

    fn send_all(&self, requests: &[http::Request]) -> Vec<Result<http::Response, http::HttpError>> {
        http::send_all(requests)
    }

    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<storage::Entry>>, storage::StorageError> {
        storage::get_many(keys)
    }

    fn scan(
        &self,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<storage::EntryPage, storage::StorageError> {
        storage::scan(prefix, after_key, limit)
    }

    fn apply(&self, ops: &[storage::Op]) -> Result<storage::Outcome, storage::StorageError> {
        storage::apply(ops)
    }

    fn wait(
        &self,
        key: &str,
        version: Option<storage::Version>,
        timeout_ms: u32,
    ) -> Result<bool, storage::StorageError> {
        storage::wait(key, version, timeout_ms)
    }

    fn now_ms(&self) -> u64 {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self, buffer: &mut [u8]) {
        // The host always serves `wasi:random`: a component without randomness must not make states, so it traps.
        getrandom::fill(buffer).unwrap_or_else(|error| unreachable!("no randomness: {error}"));
    }

    fn log(&self, level: log::Level, message: &str, fields: &[(&str, &str)]) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| log::Field { name: (*name).to_owned(), value: (*value).to_owned() })
            .collect();
        log::write(level, message, &fields);
    }
}

/// The component itself.
struct Component;

/// Runs an export with the sound configuration, and turns a failure into the contract's error in its language.
fn with_config<T>(work: impl FnOnce(&Imports, &Config) -> Result<T, Failure>) -> Result<T, types::Error> {
    let document = Imports.settings();
    let config = Config::parse(&document).map_err(|failure| failure.into_error(Config::locale_of(&document)))?;
    work(&Imports, &config).map_err(|failure| failure.into_error(config.common.locale))
}

/// Runs an export that reads the local copy: it needs no configuration, only the language of its hints.
fn reading<T>(work: impl FnOnce(&Imports) -> Result<T, Failure>) -> Result<T, types::Error> {
    work(&Imports).map_err(|failure| failure.into_error(Config::locale_of(&Imports.settings())))
}

impl element::Guest for Component {
    fn describe(locale: String) -> element::Description {
        crate::element::describe(&locale)
    }

    fn validate_config(config: String) -> element::Validation {
        crate::config::validate(&config)
    }

    fn check_connection() -> Result<Vec<element::Verdict>, types::Error> {
        with_config(crate::element::check_connection)
    }
}

impl login::Guest for Component {
    fn login_config() -> Result<login::LoginParameters, types::Error> {
        with_config(crate::login::login_config)
    }

    fn authorization_url(request: login::AuthorizationRequest) -> Result<login::Authorization, types::Error> {
        with_config(|platform, config| crate::login::authorization_url(platform, config, &request))
    }

    fn homepage_url(target: String) -> Result<String, types::Error> {
        with_config(|_, config| crate::login::homepage_url(config, &target))
    }

    fn exchange_code(request: login::ExchangeRequest) -> Result<login::Exchange, types::Error> {
        with_config(|platform, config| crate::login::exchange_code(platform, config, &request))
    }
}

impl directory::Guest for Component {
    fn sync(request: directory::SyncRequest) -> Result<directory::SyncStep, types::Error> {
        with_config(|platform, config| sync::sync(platform, config, &request))
    }

    fn plan(cursor: Option<String>, limit: u32) -> Result<directory::PlanPage, types::Error> {
        reading(|platform| sync::plan::plan(platform, cursor.as_deref(), limit))
    }

    fn history() -> Result<Vec<directory::Report>, types::Error> {
        reading(sync::history::history)
    }

    fn changes(cursor: Option<String>, limit: u32) -> Result<directory::ChangePage, types::Error> {
        reading(|platform| feed::changes(platform, cursor.as_deref(), limit))
    }

    fn acknowledge(cursor: String) -> Result<(), types::Error> {
        reading(|platform| feed::acknowledge(platform, &cursor))
    }

    fn overview() -> Result<directory::DirectorySummary, types::Error> {
        reading(read::overview)
    }

    fn departments(cursor: Option<String>, limit: u32) -> Result<directory::DepartmentPage, types::Error> {
        reading(|platform| read::departments(platform, cursor.as_deref(), limit))
    }

    fn members(
        filter: directory::MemberFilter,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<directory::MemberPage, types::Error> {
        reading(|platform| read::members(platform, &filter, cursor.as_deref(), limit))
    }

    fn find_member(id: String) -> Result<directory::Member, types::Error> {
        reading(|platform| read::find_member(platform, &id))
    }

    fn find_department(id: String) -> Result<directory::Department, types::Error> {
        reading(|platform| read::find_department(platform, &id))
    }

    fn sync_member(id: String) -> Result<directory::Member, types::Error> {
        with_config(|platform, config| refresh::sync_member(platform, config, &id))
    }

    fn sync_department(id: String) -> Result<directory::Department, types::Error> {
        with_config(|platform, config| refresh::sync_department(platform, config, &id))
    }
}

/// The generated entry points: unsafe code, and none of it written here.
#[allow(unsafe_code)]
mod entry {
    use super::Component;

    crate::contract::export!(Component with_types_in crate::contract::generated);
}
