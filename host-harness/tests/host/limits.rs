//! Every limit twice: obeyed and violated. And what is left after a violation: nothing.

use std::{sync::Arc, time::Duration};

use host_harness::{CallError, CallReport, Element, Exceeded, Host, LimitName, Limits, LoadedComponent, Outcome};

use crate::{
    element::{Hang, HungStore, options},
    guests::Guest,
};

const DESCRIBE: &str = "element@0.1.0#describe";

/// Runs for ever.
const SPIN: &str = "loop\n br 0\n end\n unreachable";
/// Counts to a million.
const COUNT: &str = "(local $n i32)\n loop\n local.get $n\n i32.const 1\n i32.add\n local.tee $n\n i32.const 1000000\n \
                     i32.lt_u\n br_if 0\n end\n i32.const 0";
/// Asks for 64 MiB more and traps when it does not get them, as the allocators of languages do.
const GROW: &str = "i32.const 1024\n memory.grow\n i32.const -1\n i32.eq\n if\n unreachable\n end\n i32.const 0";
/// The same, and puts up with a refusal.
const GROW_PATIENTLY: &str = "i32.const 1024\n memory.grow\n drop\n i32.const 0";
const TABLE: &str = "(table $t 1 funcref)";
const GROW_TABLE: &str =
    "ref.null func\n i32.const 1000\n table.grow $t\n i32.const -1\n i32.eq\n if\n unreachable\n end\n i32.const 0";
const DEEP: &str = "(func $deep (param i32) (result i32)\n local.get 0\n if (result i32)\n local.get 0\n i32.const 1\n \
                    i32.sub\n call $deep\n i32.const 1\n i32.add\n else\n i32.const 0\n end)";

/// Calls an import of `settings` this many times.
fn ask_settings(times: u32) -> String {
    repeat(times, "i32.const 8192\n call <settings@0.1.0 get>")
}

/// Writes this many empty log lines.
fn log(times: u32) -> String {
    repeat(times, "i32.const 2\n i32.const 0\n i32.const 0\n i32.const 0\n i32.const 0\n call <log@0.1.0 write>")
}

fn repeat(times: u32, what: &str) -> String {
    format!(
        "(local $n i32)\n loop\n {what}\n local.get $n\n i32.const 1\n i32.add\n local.tee $n\n i32.const {times}\n \
         i32.lt_u\n br_if 0\n end\n i32.const 0"
    )
}

struct Setup {
    host: Host,
    component: Arc<LoadedComponent>,
}

impl Setup {
    fn new(guest: Guest) -> Self {
        let host = Host::builder().parallel_calls(4).build().unwrap();
        let component = host.load(&guest.build()).unwrap();
        Self { host, component }
    }

    fn element(&self, limits: Limits) -> Element {
        self.host.element(&self.component, options(limits)).unwrap()
    }
}

/// Calls `describe`, and then a function that is always well, on the same element.
async fn describe(guest: Guest, limits: Limits) -> Result<CallReport, (CallError, CallReport)> {
    let element = Setup::new(guest).element(limits);
    let result = match element.describe("en").await {
        Ok(called) => Ok(called.report),
        Err(failed) => Err((failed.error, failed.report)),
    };
    element.validate_config("{}").await.expect("the next call works");
    result
}

#[tokio::test]
async fn limits_that_end_a_call_name_themselves() {
    let limits = Limits { cpu_ms: 5_000, ..Limits::default() };
    let small = |change: fn(&mut Limits)| {
        let mut limits = limits.clone();
        change(&mut limits);
        limits
    };
    for (name, guest, limits, violated) in [
        ("cpu obeyed", Guest::default().with(DESCRIBE, COUNT), limits.clone(), None),
        (
            "cpu violated",
            Guest::default().with(DESCRIBE, SPIN),
            small(|limits| limits.cpu_ms = 30),
            Some((LimitName::CpuMs, 30)),
        ),
        ("memory obeyed", Guest::default().with(DESCRIBE, GROW), limits.clone(), None),
        (
            "memory violated",
            Guest::default().with(DESCRIBE, GROW),
            small(|limits| limits.memory_bytes = 64 << 20),
            Some((LimitName::MemoryBytes, 64 << 20)),
        ),
        (
            "memory refused and put up with",
            Guest::default().with(DESCRIBE, GROW_PATIENTLY),
            small(|limits| limits.memory_bytes = 64 << 20),
            None,
        ),
        ("table obeyed", Guest::default().items(TABLE).with(DESCRIBE, GROW_TABLE), limits.clone(), None),
        (
            "table violated",
            Guest::default().items(TABLE).with(DESCRIBE, GROW_TABLE),
            small(|limits| limits.table_elements = 500),
            Some((LimitName::TableElements, 500)),
        ),
        (
            "host calls obeyed",
            Guest::default().with(DESCRIBE, &ask_settings(100)),
            small(|limits| limits.host_calls = 100),
            None,
        ),
        (
            "host calls violated",
            Guest::default().with(DESCRIBE, &ask_settings(100)),
            small(|limits| limits.host_calls = 99),
            Some((LimitName::HostCalls, 99)),
        ),
        (
            "stack violated",
            Guest::default().items(DEEP).with(DESCRIBE, "i32.const 100000000\n call $deep"),
            limits.clone(),
            Some((LimitName::StackBytes, 1 << 20)),
        ),
        ("wall obeyed", Guest::default(), small(|limits| limits.wall_ms = 5_000), None),
        (
            "wall violated by a guest that spins",
            Guest::default().with(DESCRIBE, SPIN),
            small(|limits| limits.wall_ms = 30),
            Some((LimitName::WallMs, 30)),
        ),
    ] {
        match (describe(guest, limits).await, violated) {
            (Ok(report), None) => assert_eq!(report.outcome, Outcome::Answered, "{name}"),
            (Err((CallError::Limit { site, exceeded }, report)), Some((limit, allowed))) => {
                assert_eq!((exceeded.limit, exceeded.allowed), (limit, allowed), "{name}");
                assert!(exceeded.asked > allowed, "{name}: {exceeded}");
                assert_eq!((&*site.tenant, site.function), ("acme", "element.describe"), "{name}");
                assert!(matches!(report.outcome, Outcome::Failed { cause: "limit", .. }), "{name}: {report:?}");
            }
            (found, expected) => panic!("{name}: {expected:?}, found {found:?}"),
        }
    }
}

/// A violated limit on instances is found before the guest runs, so every call of it fails alike.
#[tokio::test]
async fn a_component_of_too_many_instances_is_not_run() {
    let setup = Setup::new(Guest::default());
    let failed = setup.element(Limits { instances: 1, ..Limits::default() }).describe("en").await.unwrap_err();
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!(*exceeded, Exceeded { limit: LimitName::Instances, allowed: 1, asked: 2 });
    setup.element(Limits::default()).describe("en").await.unwrap();
}

#[tokio::test]
async fn a_trap_is_an_error_with_tenant_function_and_reason() {
    for (name, guest, reason) in [
        ("unreachable", Guest::default().with(DESCRIBE, "unreachable"), "unreachable code"),
        (
            "division by zero",
            Guest::default().with(DESCRIBE, "i32.const 1\n i32.const 0\n i32.div_u"),
            "divide by zero",
        ),
        ("wild pointer", Guest::default().with(DESCRIBE, "i32.const -4\n i32.load"), "out of bounds memory access"),
    ] {
        let (error, report) = describe(guest, Limits::default()).await.expect_err(name);
        let CallError::Trap { site, trap } = &error else { panic!("{name}: {error:?}") };
        assert!(trap.reason.contains(reason), "{name}: {trap}");
        assert_eq!((&*site.tenant, site.function), ("acme", "element.describe"), "{name}");
        let message = error.to_string();
        assert!(message.contains(&site.component.to_string()[..12]), "{name}: {message}");
        let Outcome::Failed { cause: "trap", message: reported, .. } = report.outcome else { panic!("{name}") };
        assert_eq!(reported, message, "{name}");
    }
}

#[tokio::test]
async fn recursion_within_the_stack_is_fine() {
    let guest = Guest::default().items(DEEP).with(DESCRIBE, "i32.const 5000\n call $deep\n drop\n i32.const 0");
    describe(guest, Limits::default()).await.unwrap();
}

#[tokio::test]
async fn log_lines_beyond_the_limit_are_counted() {
    let limits = Limits { log_lines: 10, ..Limits::default() };
    for (written, kept, dropped) in [(10, 10, 0), (25, 10, 15)] {
        let guest = Guest::default().with(DESCRIBE, &log(written));
        let report = describe(guest, limits.clone()).await.unwrap();
        assert_eq!((report.log.lines.len(), report.log.dropped), (kept, dropped));
        assert_eq!(report.host_calls.get("log"), Some(&u64::from(written)));
    }
}

#[tokio::test]
async fn a_component_whose_vendor_hangs_gets_to_answer() {
    let hang = Hang::default();
    let setup = Setup::new(crate::element::caller());
    let mut options = options(Limits { wall_ms: 1_000, ..Limits::default() });
    options.hooks = vec![Arc::new(hang.clone())];
    let called = setup.host.element(&setup.component, options).unwrap().overview().await.unwrap();
    assert_eq!(called.report.outcome, Outcome::Answered);
    assert_eq!(called.report.http.exchanges[0].failure, Some("timeout"));
    assert_eq!(hang.reached(), 1, "the request was on its way");
}

#[tokio::test]
async fn a_store_that_hangs_ends_with_the_wall_clock_and_costs_no_cpu() {
    let ask = "i32.const 0\n i32.const 0\n i32.const 8192\n call <storage@0.1.0 get-many>\n i32.const 0";
    let setup = Setup::new(Guest::default().with("directory@0.1.0#overview", ask));
    let mut options = options(Limits { wall_ms: 150, cpu_ms: 100, ..Limits::default() });
    options.storage = Arc::new(HungStore);
    let element = setup.host.element(&setup.component, options).unwrap();
    let failed = element.overview().await.unwrap_err();
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!((exceeded.limit, exceeded.allowed), (LimitName::WallMs, 150));
    assert!(failed.report.guest_cpu_us < 100_000, "{:?}", failed.report);
    assert_eq!(failed.report.host_calls.get("storage"), Some(&1));
    element.describe("en").await.expect("the next call works");
}

#[tokio::test]
async fn a_call_without_a_place_waits_no_longer_than_its_wall_clock() {
    let host = Host::builder().parallel_calls(1).build().unwrap();
    let component = host.load(&crate::element::caller().build()).unwrap();
    let hang = Hang::default();
    let mut first = options(Limits::default());
    first.hooks = vec![Arc::new(hang.clone())];
    let first = host.element(&component, first).unwrap();
    let under_way = tokio::spawn(async move { first.overview().await });
    hang.until_reached().await;

    let second = host.element(&component, options(Limits { wall_ms: 50, ..Limits::default() })).unwrap();
    let failed = second.describe("en").await.unwrap_err();
    assert!(matches!(&failed.error, CallError::Limit { exceeded, .. } if exceeded.limit == LimitName::WallMs));
    assert!(failed.report.queued_us >= 50_000, "{:?}", failed.report);
    assert_eq!(failed.report.instantiate_us, 0);

    under_way.abort();
    assert!(under_way.await.unwrap_err().is_cancelled());
    second.with_limits(Limits::default()).describe("en").await.expect("the place is free again");
}

#[tokio::test]
async fn a_guest_that_spins_does_not_keep_others_from_running() {
    // One thread: without yielding, the timer below could not fire before the guest is stopped.
    let setup = Setup::new(Guest::default().with(DESCRIBE, SPIN));
    let element = setup.element(Limits { cpu_ms: 60_000, wall_ms: 60_000, ..Limits::default() });
    let spinning = element.describe("en");
    assert!(tokio::time::timeout(Duration::from_millis(30), spinning).await.is_err());
}
