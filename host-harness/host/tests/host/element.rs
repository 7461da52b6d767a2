//! An element of one tenant: what its component sees, what it may reach, and what the report says.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bundled_component::bundled_component;
use organisation_host::{
    CallError, CallOutcome, ElementOptions, Host, Limits,
    egress::{AllowList, Body, Checked, Hook, HttpError, Next, OperatorList, Response},
    settings::Document,
    storage::{self, MemoryStorage, Scope, Storage, StorageError},
};
use tokio::sync::Notify;

use crate::{
    guests::Guest,
    wire::{self, DESCRIBE, OVERVIEW, VALIDATE},
};

/// A guest whose `overview` sends one request to `http://127.0.0.1:9`, and puts up with whatever comes.
pub fn caller() -> Guest {
    let (guest, url) = wire::caller(9, "/a?code=hidden");
    guest.with(OVERVIEW, &format!("{}i32.const 0", wire::send(url, None)))
}

/// Options of tenant `acme` that allow `127.0.0.1:9`.
pub fn options(limits: Limits) -> ElementOptions {
    let storage = Arc::new(MemoryStorage::new(storage::Options::default()));
    let mut options = ElementOptions::new("acme", "organisation", Document::parse("{}").unwrap(), storage);
    options.limits = limits;
    options.operator = OperatorList::only(AllowList::parse(["127.0.0.1:9"]).unwrap());
    options
}

/// A vendor that never answers.
#[derive(Clone, Default)]
pub struct Hang(Arc<(AtomicUsize, Notify)>);

impl Hang {
    pub fn reached(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    pub async fn until_reached(&self) {
        while self.reached() == 0 {
            self.0.1.notified().await;
        }
    }
}

#[async_trait]
impl Hook for Hang {
    async fn around(&self, _: &Checked, _: Next<'_>) -> Result<Response, HttpError> {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        self.0.1.notify_one();
        std::future::pending().await
    }
}

/// A vendor that answers when a test lets it.
#[derive(Default)]
pub struct Gate {
    /// Notified once for each request that has come.
    pub reached: Notify,
    /// Lets one request go on.
    pub open: Notify,
}

#[async_trait]
impl Hook for Gate {
    async fn around(&self, _: &Checked, _: Next<'_>) -> Result<Response, HttpError> {
        self.reached.notify_one();
        self.open.notified().await;
        Ok(Response { status: 200, headers: Vec::new(), body: Body::Text("ok".to_owned()) })
    }
}

/// A vendor that answers everything with a teapot.
struct Teapot;

#[async_trait]
impl Hook for Teapot {
    async fn around(&self, _: &Checked, _: Next<'_>) -> Result<Response, HttpError> {
        Ok(Response { status: 418, headers: Vec::new(), body: Body::Text("short and stout".to_owned()) })
    }
}

/// A database that never answers.
#[derive(Debug)]
pub struct HungStore;

#[async_trait]
impl Storage for HungStore {
    async fn get_many(&self, _: &Scope, _: &[String]) -> Result<Vec<Option<storage::StoredEntry>>, StorageError> {
        std::future::pending().await
    }

    async fn scan(&self, _: &Scope, _: &str, _: Option<&str>, _: u32) -> Result<storage::Page, StorageError> {
        std::future::pending().await
    }

    async fn scan_keys(&self, _: &Scope, _: &str, _: Option<&str>, _: u32) -> Result<storage::KeyPage, StorageError> {
        std::future::pending().await
    }

    async fn delete_range(
        &self,
        _: &Scope,
        _: &str,
        _: &[storage::Check],
    ) -> Result<storage::RangeOutcome, StorageError> {
        std::future::pending().await
    }

    async fn apply(&self, _: &Scope, _: Vec<storage::Op>) -> Result<storage::ApplyOutcome, StorageError> {
        std::future::pending().await
    }

    async fn wait(&self, _: &Scope, _: &str, _: Option<u64>, _: std::time::Duration) -> Result<bool, StorageError> {
        std::future::pending().await
    }

    async fn usage(&self, _: &Scope) -> Result<storage::Usage, StorageError> {
        std::future::pending().await
    }

    async fn delete_scope(&self, _: &Scope) -> Result<(), StorageError> {
        std::future::pending().await
    }

    fn quota(&self, _: &Scope) -> storage::Quota {
        storage::Quota::default()
    }

    async fn clear_deleted(&self) -> Result<(), StorageError> {
        std::future::pending().await
    }

    fn fingerprint_key(&self) -> Result<storage::FingerprintKey, StorageError> {
        storage::FingerprintKey::new(None)
    }

    async fn scopes(&self, _: &str) -> Result<Vec<Scope>, StorageError> {
        std::future::pending().await
    }

    async fn snapshot(&self, _: &Scope) -> Result<Box<dyn storage::Snapshot>, StorageError> {
        std::future::pending().await
    }

    async fn close(&self) {}
}

fn host() -> Host {
    Host::builder().parallel_calls(4).build().unwrap()
}

#[tokio::test]
async fn the_report_says_what_the_call_did() {
    let host = host();
    let component = host.load(&caller().build()).unwrap();
    let mut options = options(Limits::default());
    options.hooks = vec![Arc::new(Teapot)];
    let called = host.element(&component, options).unwrap().overview().reported().await.unwrap();
    assert!(called.value.is_ok());

    let report = called.report;
    assert_eq!((&*report.tenant, &*report.element), ("acme", "organisation"));
    assert_eq!((report.function, report.component), ("directory.overview", component.digest()));
    assert_eq!(report.outcome, CallOutcome::Answered);
    assert_eq!(report.host_calls.get("http"), Some(&1));
    assert_eq!(report.peak_memory_bytes, 128 << 10);
    assert!(report.wall_us >= report.instantiate_us);
    let exchange = &report.http.exchanges[0];
    assert_eq!((&*exchange.method, &*exchange.url), ("GET", "http://127.0.0.1:9/a?code"));
    assert_eq!((exchange.status, exchange.failure), (Some(418), None));
    assert_eq!((report.http.requests, report.http.bytes_in), (1, 15));

    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains(r#""outcome":{"kind":"answered"}"#), "{json}");
    assert!(!json.contains("hidden") && !json.contains("stout"), "{json}");
}

#[tokio::test]
async fn what_the_operator_does_not_allow_is_not_reached() {
    let host = host();
    let component = host.load(&caller().build()).unwrap();
    let mut options = options(Limits::default());
    options.operator = OperatorList::default();
    options.hooks = vec![Arc::new(Teapot)];
    let called = host.element(&component, options).unwrap().overview().reported().await.unwrap();
    assert_eq!(called.report.http.exchanges[0].failure, Some("denied"));
}

#[tokio::test]
async fn what_the_configuration_does_not_need_is_not_reached() {
    let host = host();
    // The same request, but `validate-config` names no destination.
    let guest = caller().with(VALIDATE, "i32.const 0");
    let component = host.load(&guest.build()).unwrap();
    let mut options = options(Limits::default());
    options.hooks = vec![Arc::new(Teapot)];
    let called = host.element(&component, options).unwrap().overview().reported().await.unwrap();
    assert_eq!(called.report.http.exchanges[0].failure, Some("denied"));
}

#[tokio::test]
async fn pure_functions_reach_nothing() {
    let host = host();
    let (guest, url) = wire::caller(9, "/");
    let guest = guest.with(DESCRIBE, &format!("{}i32.const 0", wire::send(url, None)));
    let component = host.load(&guest.build()).unwrap();
    let hang = Hang::default();
    let mut options = options(Limits::default());
    options.hooks = vec![Arc::new(hang.clone())];
    let called = host.element(&component, options).unwrap().describe("en").reported().await.unwrap();
    assert_eq!(called.report.host_calls.get("http"), Some(&1));
    assert_eq!((called.report.http.requests, hang.reached()), (0, 0));
}

#[tokio::test]
async fn a_destination_that_cannot_be_one_is_a_defect_of_the_component() {
    let host = host();
    let guest = caller().items(&wire::data(4107, b"/"));
    let component = host.load(&guest.build()).unwrap();
    let failed = host.element(&component, options(Limits::default())).unwrap().overview().reported().await.unwrap_err();
    assert!(matches!(&failed.error, CallError::Destination { .. }), "{failed}");
    let text = failed.to_string();
    assert!(
        text.contains("destinations.0") && !text.contains("127/0"),
        "the component's own words are kept out: {text}"
    );
}

#[tokio::test]
async fn errors_of_the_contract_are_values() {
    // A result whose tag is 1 and whose reason is the case 4, `not-found`.
    let data = r#"(data (i32.const 4400) "\01\00\00\00\00\00\00\00\04")"#;
    let guest = Guest::default().items(data).with(OVERVIEW, "i32.const 4400");
    let host = host();
    let component = host.load(&guest.build()).unwrap();
    let called = host.element(&component, options(Limits::default())).unwrap().overview().reported().await.unwrap();
    let error = called.value.unwrap_err();
    assert_eq!(organisation_host::reason_name(&error.reason), "not-found");
    assert_eq!(called.report.outcome, CallOutcome::Refused { reason: "not-found".to_owned(), vendor_code: None });
}

#[tokio::test]
async fn names_of_tenants_and_elements_are_checked() {
    let host = host();
    let component = host.load(&Guest::default().build()).unwrap();
    for (tenant, element) in [("", "organisation"), ("acme", "a\nb")] {
        let options = options(Limits::default()).tenant(tenant.to_owned()).name(element.to_owned());
        host.element(&component, options).unwrap_err();
    }
}

#[tokio::test]
async fn calls_run_side_by_side_and_on_any_thread() {
    let host = host();
    let component = host.load(&Guest::default().build()).unwrap();
    let element = host.element(&component, options(Limits::default())).unwrap();
    let calls = (0..32).map(|_| {
        let element = element.clone();
        tokio::spawn(async move { element.overview().reported().await.map(|called| called.report.call) })
    });
    let mut names = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        names.push(call.await.unwrap().unwrap());
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 32, "every call has a name of its own");
}

#[tokio::test]
async fn the_bundled_component_answers() {
    let host = host();
    let component = host.load(bundled_component()).unwrap();
    let element = host.element(&component, options(Limits::default())).unwrap();
    let described = element.describe("zh-CN").await.unwrap();
    assert!(described.fields.iter().any(|field| field.secret && field.required), "{described:?}");
    let judged = element.validate().await.unwrap();
    assert!(!judged.valid && !judged.problems.is_empty(), "an empty configuration is not valid");
    let refused = element.overview().reported().await.unwrap();
    assert!(refused.report.guest_cpu_us > 0 && refused.report.wall_us > 0, "{:?}", refused.report);
}

#[test]
fn nothing_secret_is_shown() {
    let mut options = options(Limits::default());
    options.settings = Document::parse(r#"{"secret":"hidden"}"#).unwrap();
    let host = host();
    let component = host.load(&Guest::default().build()).unwrap();
    let element = host.element(&component, options).unwrap();
    let shown = format!("{element:?} {host:?} {component:?}");
    assert!(!shown.contains("hidden"), "{shown}");
}
