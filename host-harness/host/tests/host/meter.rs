//! An embedder's own accounting.

use std::sync::{Arc, Mutex};

use organisation_host::{
    CallError, CallFailure, CallOutcome, CallReport, CallSite, Exceeded, Host, LimitName, Limits, Meter, Observer,
};

use crate::{
    element::options,
    guests::Guest,
    limits::SPIN,
    wire::{DESCRIBE, OVERVIEW},
};

/// Admits calls while it is told to, and notes what it is asked and told.
#[derive(Default)]
struct Accounts {
    /// Functions that are refused.
    refused: Mutex<Vec<&'static str>>,
    /// What each call may have of CPU time.
    cpu_ms: Option<u64>,
    asked: Mutex<Vec<&'static str>>,
    told: Mutex<Vec<(&'static str, CallOutcome)>>,
}

impl Meter for Accounts {
    fn admit(&self, _: &str, site: &CallSite, limits: &mut Limits) -> Result<(), String> {
        self.asked.lock().unwrap().push(site.function);
        if let Some(cpu_ms) = self.cpu_ms {
            limits.cpu_ms = cpu_ms;
        }
        match self.refused.lock().unwrap().contains(&site.function) {
            true => Err(format!("{} has nothing left", site.tenant)),
            false => Ok(()),
        }
    }
}

impl Observer for Accounts {
    fn called(&self, report: &CallReport) {
        self.told.lock().unwrap().push((report.function, report.outcome.clone()));
    }
}

fn host(accounts: &Arc<Accounts>) -> Host {
    Host::builder().parallel_calls(2).meter(Arc::clone(accounts) as _).build().unwrap()
}

#[tokio::test]
async fn a_meter_is_asked_before_every_call_and_told_at_its_end() {
    let accounts = Arc::new(Accounts::default());
    let host = host(&accounts);
    let component = host.load(&Guest::default().build()).unwrap();
    let element = host.element(&component, options(Limits::default())).unwrap();
    element.overview().await.unwrap();
    element.overview().await.unwrap();
    let expected = ["directory.overview", "element.describe", "element.validate-config", "directory.overview"];
    assert_eq!(*accounts.asked.lock().unwrap(), expected);
    let answered = |function| (function, CallOutcome::Answered);
    let expected = ["element.describe", "element.validate-config", "directory.overview", "directory.overview"];
    assert_eq!(*accounts.told.lock().unwrap(), expected.map(answered));
}

#[tokio::test]
async fn a_call_that_a_meter_refuses_does_not_begin_and_is_reported() {
    // What the host asks by itself is refused as well, and neither is remembered.
    for function in ["directory.overview", "element.validate-config"] {
        let accounts = Arc::new(Accounts::default());
        let host = host(&accounts);
        let component = host.load(&Guest::default().with(OVERVIEW, "i32.const 0").build()).unwrap();
        let element = host.element(&component, options(Limits::default())).unwrap();
        accounts.refused.lock().unwrap().push(function);
        let failure = element.overview().await.unwrap_err();
        assert!(failure.to_string().ends_with("was not admitted: acme has nothing left"), "{failure}");
        let CallFailure::Failed(failed) = failure else { panic!("an answer") };
        let CallError::NotAdmitted { site, reason } = &failed.error else { panic!("{failed}") };
        assert_eq!((site.function, &**reason), (function, "acme has nothing left"));
        assert_eq!((failed.report.instantiate_us, failed.report.function), (0, "directory.overview"));
        let (told, outcome) = accounts.told.lock().unwrap().last().cloned().unwrap();
        assert_eq!((told, outcome.names()), ("directory.overview", ("failed", Some("not-admitted"))));

        accounts.refused.lock().unwrap().clear();
        element.overview().await.unwrap();
    }
}

#[tokio::test]
async fn a_meter_may_lower_limits_and_cannot_raise_them() {
    for (own, metered, allowed) in [(30_000, Some(40), 40), (50, Some(30_000), 50), (60, None, 60)] {
        let accounts = Arc::new(Accounts { cpu_ms: metered, ..Accounts::default() });
        let host = host(&accounts);
        let component = host.load(&Guest::default().with(DESCRIBE, SPIN).build()).unwrap();
        let limits = Limits::default().cpu_ms(own);
        let failed = host.element(&component, options(limits)).unwrap().describe("en").reported().await.unwrap_err();
        let CallError::Limit { exceeded: Exceeded { limit, allowed: found, .. }, .. } = failed.error else {
            panic!("{failed}")
        };
        assert_eq!((limit, found), (LimitName::CpuMs, allowed), "own {own}, metered {metered:?}");
    }
}

/// Panics whenever it is asked or told something.
struct Broken;

impl Meter for Broken {
    fn admit(&self, _: &str, site: &CallSite, _: &mut Limits) -> Result<(), String> {
        assert_ne!(site.function, "directory.overview", "no account");
        Ok(())
    }
}

impl Observer for Broken {
    fn called(&self, _: &CallReport) {
        panic!("no account");
    }
}

#[tokio::test]
async fn a_meter_that_panics_refuses_and_keeps_nothing_from_the_others() {
    let accounts = Arc::new(Accounts::default());
    let host = Host::builder().meter(Arc::new(Broken)).meter(Arc::clone(&accounts) as _).build().unwrap();
    let component = host.load(&Guest::default().build()).unwrap();
    let element = host.element(&component, options(Limits::default())).unwrap();
    let described = element.describe("en").await;
    assert!(described.is_ok(), "{described:?}");
    let failure = element.overview().await.unwrap_err();
    assert!(failure.to_string().contains("a meter panicked"), "{failure}");
    let told: Vec<&str> = accounts.told.lock().unwrap().iter().map(|(function, _)| *function).collect();
    assert_eq!(told, ["element.describe", "directory.overview"]);
}
