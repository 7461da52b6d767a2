//! The component shell: exports that call the kit for one vendor, and the platform made of the imports.

mod administration;
mod bytes;
mod further;
mod heap;

use std::marker::PhantomData;

use crate::{
    config::Common,
    contract::{
        call,
        directory::{self, DepartmentFilter, DepartmentPage, MemberFilter, MemberPage},
        element, http, log, login, settings, storage, types,
    },
    directory::{
        feed, list, read, refresh,
        sync::{abandon, advance, approve, begin, history, plan, reset},
    },
    failure::Failure,
    locale::Locale,
    login as sign_in,
    platform::{Platform, StorageResult},
    vendor::{Client, Vendor},
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

    fn get_many(&self, keys: &[String]) -> StorageResult<Vec<Option<storage::Entry>>> {
        storage::get_many(keys)
    }

    fn scan(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> StorageResult<storage::EntryPage> {
        storage::scan(prefix, after_key, limit)
    }

    fn scan_keys(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> StorageResult<storage::KeyPage> {
        storage::scan_keys(prefix, after_key, limit)
    }

    fn delete_range(&self, prefix: &str, checks: &[storage::Check]) -> StorageResult<storage::RangeOutcome> {
        storage::delete_range(prefix, checks)
    }

    fn apply(&self, ops: &[storage::Op]) -> StorageResult<storage::Outcome> {
        storage::apply(ops)
    }

    fn wait(&self, key: &str, version: Option<storage::Version>, timeout_ms: u32) -> StorageResult<bool> {
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

/// What the contract's functions answer.
type Answered<T> = Result<T, types::Error>;

/// The component of one vendor; see [`export_element`](crate::export_element).
#[derive(Debug)]
pub struct Component<V>(PhantomData<V>);

/// Runs an export with the sound configuration, and turns a failure into the contract's error in its language.
fn with_config<V: Vendor, T>(work: impl FnOnce(&V::Config) -> Result<T, Failure>) -> Answered<T> {
    for_person::<V, T>(&None, work)
}

/// Runs an export that asks the vendor about the directory.
fn asking<V: Vendor, T>(work: impl FnOnce(&Common, &V::Client<'_>) -> Result<T, Failure>) -> Answered<T> {
    with_config::<V, T>(|config| work(V::common(config), &V::client(&Imports, config)))
}

/// Runs an export that works on the local copy alone: it asks the vendor nothing, and goes on under a configuration that is
/// unsound but for whose copy it is.
fn reading<V: Vendor, T>(work: impl FnOnce(&Common) -> Result<T, Failure>) -> Answered<T> {
    let document = Imports.settings();
    owner::<V>(&document).and_then(|common| work(&common)).map_err(|failure| error::<V>(failure, &document, None))
}

/// Runs an export for which a person waits, whose language this is.
fn for_person<V: Vendor, T>(
    language: &Option<String>,
    work: impl FnOnce(&V::Config) -> Result<T, Failure>,
) -> Answered<T> {
    let document = Imports.settings();
    let answer = config::<V>(&document).and_then(|config| work(&config));
    answer.map_err(|failure| error::<V>(failure, &document, language.as_deref()))
}

// What every export does is compiled once, not into each of them.

#[inline(never)]
fn config<V: Vendor>(document: &str) -> Result<V::Config, Failure> {
    V::element().parse(document, V::build)
}

#[inline(never)]
fn owner<V: Vendor>(document: &str) -> Result<Common, Failure> {
    V::element().parse_owner(document, V::organisation)
}

/// In the language of the person who waits, else in that of the configuration.
#[cold]
#[inline(never)]
fn error<V: Vendor>(failure: Failure, document: &str, language: Option<&str>) -> types::Error {
    failure.into_error(Locale::of_reader(language, || V::element().locale_of(document)))
}

impl<V: Vendor> element::Guest for Component<V> {
    fn describe(locale: String) -> element::Description {
        V::element().describe(&locale)
    }

    fn validate_config(config: String) -> element::Validation {
        V::element().validate(&config)
    }

    fn check_connection() -> Answered<Vec<element::Verdict>> {
        with_config::<V, _>(|config| {
            let locale: Locale = V::common(config).locale;
            let findings = V::client(&Imports, config).check()?;
            Ok(findings.into_iter().map(|(aspect, finding)| finding.about(aspect, locale)).collect())
        })
    }
}

impl<V: Vendor> login::Guest for Component<V> {
    fn login_config(request: login::AuthorizationRequest) -> Answered<login::LoginParameters> {
        for_person::<V, _>(&request.language, |config| sign_in::login_config::<V>(&Imports, config, &request))
    }

    fn authorization_url(request: login::AuthorizationRequest) -> Answered<login::Authorization> {
        for_person::<V, _>(&request.language, |config| sign_in::authorization_url::<V>(&Imports, config, &request))
    }

    fn homepage_url(target: String) -> Answered<String> {
        with_config::<V, _>(|config| sign_in::homepage_url::<V>(config, &target))
    }

    fn exchange_code(request: login::ExchangeRequest) -> Answered<login::Exchange> {
        for_person::<V, _>(&request.language, |config| sign_in::exchange_code::<V>(&Imports, config, &request))
    }
}

impl<V: Vendor> directory::Guest for Component<V> {
    fn begin(strategy: directory::Strategy) -> Answered<directory::Begun> {
        with_config::<V, _>(|config| begin::begin(&Imports, V::common(config), &strategy))
    }

    fn advance(run: String, until: directory::Goal) -> Answered<directory::SyncStep> {
        asking::<V, _>(|common, client| advance::advance(&Imports, common, client, &run, until))
    }

    fn approve(run: String, counts: types::RemovalCounts) -> Answered<()> {
        with_config::<V, _>(|config| approve::approve(&Imports, V::common(config), &run, counts))
    }

    fn abandon(run: String) -> Answered<()> {
        with_config::<V, _>(|config| abandon::abandon(&Imports, V::common(config), &run))
    }

    fn repair(run: String) -> Answered<directory::Report> {
        with_config::<V, _>(|config| abandon::repair(&Imports, V::common(config), &run))
    }

    fn reset() -> Answered<()> {
        with_config::<V, _>(|config| reset::reset(&Imports, V::common(config)))
    }

    fn plan(cursor: Option<String>, limit: u32) -> Answered<directory::PlanPage> {
        reading::<V, _>(|common| plan::plan(&Imports, common, cursor.as_deref(), limit))
    }

    fn history() -> Answered<Vec<directory::Report>> {
        reading::<V, _>(|common| history::history(&Imports, common))
    }

    fn changes(cursor: Option<String>, limit: u32) -> Answered<directory::ChangePage> {
        reading::<V, _>(|common| feed::changes(&Imports, common, cursor.as_deref(), limit))
    }

    fn acknowledge(cursor: String) -> Answered<()> {
        reading::<V, _>(|common| feed::acknowledge(&Imports, common, &cursor))
    }

    fn overview() -> Answered<directory::DirectorySummary> {
        reading::<V, _>(|common| read::overview(&Imports, common))
    }

    fn departments(filter: DepartmentFilter, cursor: Option<String>, limit: u32) -> Answered<DepartmentPage> {
        reading::<V, _>(|common| list::departments(&Imports, common, &filter, cursor.as_deref(), limit))
    }

    fn members(filter: MemberFilter, cursor: Option<String>, limit: u32) -> Answered<MemberPage> {
        reading::<V, _>(|common| list::members(&Imports, common, &filter, cursor.as_deref(), limit))
    }

    fn find_members(ids: Vec<String>) -> Answered<Vec<Option<directory::Member>>> {
        reading::<V, _>(|common| read::find_members(&Imports, common, &ids))
    }

    fn find_member(id: String) -> Answered<directory::Member> {
        reading::<V, _>(|common| read::find_member(&Imports, common, &id))
    }

    fn find_department(id: String) -> Answered<directory::Department> {
        reading::<V, _>(|common| read::find_department(&Imports, common, &id))
    }

    fn sync_member(id: String) -> Answered<directory::Member> {
        asking::<V, _>(|common, client| refresh::sync_member(&Imports, common, client, &id))
    }

    fn sync_department(id: String) -> Answered<directory::Department> {
        asking::<V, _>(|common, client| refresh::sync_department(&Imports, common, client, &id))
    }
}
