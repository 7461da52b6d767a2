//! Who hears of calls: one report for each, however it ends, and for what it takes to begin the first.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use organisation_host::{CallError, CallOutcome, CallReport, Host, LimitName, Limits, Observer, settings::Document};

use crate::{
    element::{Hang, caller, options},
    guests::Guest,
    limits::SPIN,
    wire::{self, DESCRIBE, OVERVIEW, VALIDATE},
};

/// Keeps every report.
#[derive(Default)]
struct Reports(Mutex<Vec<CallReport>>);

impl Observer for Reports {
    fn called(&self, report: &CallReport) {
        self.0.lock().unwrap().push(report.clone());
    }
}

impl Reports {
    /// What was reported since the last time, of this function.
    fn of(&self, function: &str) -> Vec<CallReport> {
        let reports = std::mem::take(&mut *self.0.lock().unwrap());
        reports.into_iter().filter(|report| report.function == function).collect()
    }
}

fn host() -> (Host, Arc<Reports>) {
    let reports = Arc::new(Reports::default());
    (Host::builder().parallel_calls(2).observer(Arc::clone(&reports) as _).build().unwrap(), reports)
}

/// What this thread writes into the log.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// `validate-config` is given every secret as it is, whether it then answers or breaks off.
#[tokio::test]
async fn lines_of_who_judges_a_configuration_are_masked_in_report_and_log() {
    let words = b"no s3cr3t-of-an-app";
    let line = wire::log("i32.const 1024\n ", &format!("i32.const {}\n ", words.len()));
    for (export, end, shown) in [
        (VALIDATE, "i32.const 0", "no [configured]"),
        (VALIDATE, "unreachable", "no [configured]"),
        // These were not given the configuration, or only with placeholders, so the words are from elsewhere.
        (DESCRIBE, "i32.const 0", "no s3cr3t-of-an-app"),
        (OVERVIEW, "i32.const 0", "no s3cr3t-of-an-app"),
    ] {
        let guest = Guest::default().items(&wire::data(1_024, words)).with(export, &format!("{line}{end}"));
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let traced = tracing::subscriber::set_default(subscriber);
        let (host, reports) = host();
        let component = host.load(&guest.build()).unwrap();
        let mut options = options(Limits::default());
        options.settings = Document::parse(r#"{"secret":"s3cr3t-of-an-app"}"#).unwrap();
        let element = host.element(&component, options).unwrap();
        let (function, answered) = match export {
            DESCRIBE => ("element.describe", element.describe("en").reported().await.is_ok()),
            VALIDATE => ("element.validate-config", element.validate().reported().await.is_ok()),
            _ => ("directory.overview", element.overview().reported().await.is_ok()),
        };
        drop(traced);
        assert_eq!(answered, end != "unreachable", "{export}");
        let [report] = &reports.of(function)[..] else { panic!("{export}: one report") };
        let lines: Vec<&str> = report.log.lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(lines, [shown], "{export}");
        let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(log.matches(shown).count(), 1, "{export}: {log}");
        assert_eq!(log.contains("s3cr3t"), export != VALIDATE, "{export}: {log}");
    }
}

/// Polls as long as `meanwhile` takes, then drops.
async fn given_up_after<T>(call: impl Future<Output = T>, meanwhile: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        _ = pin!(call) => panic!("the call was to be given up"),
        () = meanwhile => {}
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_is_reported_with_what_it_did() {
    let ((host, reports), hang) = (host(), Hang::default());
    let component = host.load(&caller().build()).unwrap();
    let mut options = options(Limits::default());
    options.hooks = vec![Arc::new(hang.clone())];
    let element = host.element(&component, options).unwrap();

    given_up_after(element.overview().reported(), hang.until_reached()).await;
    let [report] = &reports.of("directory.overview")[..] else { panic!("one report") };
    assert_eq!(report.outcome, CallOutcome::Abandoned);
    assert_eq!((report.http.requests, report.host_calls.get("http")), (1, Some(&1)), "{report:?}");
    assert_eq!(report.http.exchanges[0].failure, Some("abandoned"));
    assert!(report.instantiate_us > 0 && report.peak_memory_bytes > 0, "{report:?}");
    assert_eq!(host.current_load(), organisation_host::Load::default(), "its permit is free");
}

#[tokio::test]
async fn a_call_that_is_given_up_while_it_waits_for_a_permit_is_reported() {
    let ((host, reports), hang) = (host(), Hang::default());
    let component = host.load(&caller().build()).unwrap();
    let mut options = options(Limits::default());
    options.hooks = vec![Arc::new(hang.clone())];
    options.concurrency.calls = 2;
    let element = host.element(&component, options).unwrap();
    element.describe("en").await.unwrap();

    let (first, second) = (element.overview().reported(), element.overview().reported());
    let both = async { tokio::join!(first, second) };
    let third = async {
        while hang.reached() < 2 {
            tokio::task::yield_now().await;
        }
        given_up_after(element.describe("en").reported(), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
        })
        .await;
    };
    given_up_after(both, third).await;
    let described = reports.of("element.describe");
    let given_up = described.iter().find(|report| report.outcome == CallOutcome::Abandoned).unwrap();
    assert_eq!((given_up.instantiate_us, given_up.http.requests), (0, 0));
    assert!(given_up.queued_us >= 50_000 && given_up.wall_us >= given_up.queued_us, "{given_up:?}");
}

/// Whoever asks gets its own report, under the name of what it asked for; the component is asked once.
#[tokio::test]
async fn a_component_that_cannot_say_what_it_needs_is_asked_once_for_all() {
    for (name, guest, expected) in [
        ("spins", Guest::default().with(VALIDATE, SPIN), "limit"),
        ("traps", Guest::default().with(VALIDATE, "unreachable"), "trap"),
        ("traps earlier", Guest::default().with(DESCRIBE, "unreachable"), "trap"),
    ] {
        let (host, reports) = host();
        let component = host.load(&guest.build()).unwrap();
        let element = host.element(&component, options(Limits::default().cpu_ms(30))).unwrap();
        let calls: Vec<_> = (0..8)
            .map(|_| {
                tokio::spawn({
                    let element = element.clone();
                    async move { element.overview().reported().await }
                })
            })
            .collect();
        for call in calls {
            let failed = call.await.unwrap().unwrap_err();
            assert_eq!(failed.error.kind(), expected, "{name}: {failed}");
            assert_ne!(failed.error.site().function, "directory.overview", "{name}: it says where it went wrong");
            assert_eq!(failed.report.function, "directory.overview", "{name}");
        }
        let reports = std::mem::take(&mut *reports.0.lock().unwrap());
        let count = |function| reports.iter().filter(|report| report.function == function).count();
        assert_eq!(count("directory.overview"), 8, "{name}");
        let asked = if name == "traps earlier" { [1, 0] } else { [1, 1] };
        assert_eq!(["element.describe", "element.validate-config"].map(count), asked, "{name}");
        assert!(reports.iter().all(|report| !matches!(report.outcome, CallOutcome::Refused { .. })), "{name}");
    }
}

#[tokio::test]
async fn who_waits_for_the_first_call_of_another_waits_within_its_own_time() {
    let (host, reports) = host();
    let component = host.load(&Guest::default().with(VALIDATE, SPIN).build()).unwrap();
    let element = host.element(&component, options(Limits::default())).unwrap();
    let hurried = element.with_limits(Limits::default().wall_ms(100));
    given_up_after(element.overview().reported(), async {
        let failed = hurried.overview().reported().await.unwrap_err();
        let CallError::Limit { site, exceeded } = &failed.error else { panic!("{failed}") };
        assert_eq!((site.function, exceeded.limit, exceeded.allowed), ("directory.overview", LimitName::WallMs, 100));
    })
    .await;
    assert_eq!(reports.of("directory.overview").len(), 2);
}

/// The time of a call is the time of everything that it takes.
#[tokio::test]
async fn what_the_first_call_takes_to_begin_is_its_own_time() {
    let (host, reports) = host();
    let component = host.load(&Guest::default().with(VALIDATE, SPIN).build()).unwrap();
    let element = host.element(&component, options(Limits::default().wall_ms(500))).unwrap();
    let failed = element.overview().reported().await.unwrap_err();
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!((exceeded.limit, exceeded.allowed), (LimitName::WallMs, 500));
    // Another who has time enough is not answered what happened to one who had none.
    let patient = element.with_limits(Limits::default().cpu_ms(30));
    let failed = patient.overview().reported().await.unwrap_err();
    assert!(matches!(&failed.error, CallError::Limit { exceeded, .. } if exceeded.limit == LimitName::CpuMs));
    assert_eq!(reports.of("element.validate-config").len(), 2);
}

/// Of several tenants with one component each pays for its own calls only, and none waits for another's.
#[tokio::test]
async fn a_tenant_whose_first_call_is_stuck_holds_up_no_other_of_the_same_component() {
    let (host, _) = host();
    // Slow for whoever may burn much, and cut off for whoever may not.
    let component = host.load(&Guest::default().with(DESCRIBE, SPIN).build()).unwrap();
    let element = |tenant: &str, cpu_ms| {
        let mut options = options(Limits::default().cpu_ms(cpu_ms));
        options.tenant = tenant.to_owned();
        host.element(&component, options).unwrap()
    };
    let (stuck, other) = (element("acme", 60_000), element("globex", 30));
    given_up_after(stuck.overview().reported(), async {
        let failed = other.overview().reported().await.unwrap_err();
        assert!(matches!(&failed.error, CallError::Limit { exceeded, .. } if exceeded.limit == LimitName::CpuMs));
        assert_eq!(failed.error.site().tenant, "globex");
    })
    .await;
}
