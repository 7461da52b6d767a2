//! Limits that end a call, in pairs: a guest that obeys and one that goes beyond, by as little as can be. What is left
//! after a violation: nothing.

use std::sync::Arc;

use bundled_component::bundled_component;
use organisation_host::{
    CallError, CallOutcome, Element, Exceeded, Host, LimitName, Limits, LoadError, LoadedComponent,
};

use crate::{
    element::options,
    guests::Guest,
    wire::{DESCRIBE, log, repeat},
};

const PAGE: u64 = 64 << 10;

/// Runs for ever.
pub const SPIN: &str = "loop\n br 0\n end\n unreachable";

/// Asks for so many pages more, and traps when it does not get them, as the allocators of languages do.
fn grow(pages: u32) -> Guest {
    let body =
        format!("i32.const {pages}\n memory.grow\n i32.const -1\n i32.eq\n if\n unreachable\n end\n i32.const 0");
    Guest::default().with(DESCRIBE, &body)
}

/// The same with the elements of a table.
fn grow_table(elements: u32) -> Guest {
    let body = format!(
        "ref.null func\n i32.const {elements}\n table.grow $t\n i32.const -1\n i32.eq\n if\n unreachable\n end\n i32.const 0"
    );
    Guest::default().items("(table $t 0 funcref)").with(DESCRIBE, &body)
}

/// Calls itself so many times.
fn recurse(depth: u32) -> Guest {
    let deep = "(func $deep (param i32) (result i32)\n local.get 0\n if (result i32)\n local.get 0\n i32.const 1\n i32.sub\n \
                call $deep\n i32.const 1\n i32.add\n else\n i32.const 0\n end)";
    Guest::default().items(deep).with(DESCRIBE, &format!("i32.const {depth}\n call $deep\n drop\n i32.const 0"))
}

fn ask_settings(times: u32) -> Guest {
    Guest::default().with(DESCRIBE, &repeat(times, "i32.const 8192\n call <settings@0.1.0 get>"))
}

/// Logs a line of so many bytes.
fn log_bytes(bytes: u32) -> Guest {
    let line = log("i32.const 0\n ", &format!("i32.const {bytes}\n "));
    Guest::default().with(DESCRIBE, &format!("{line}i32.const 0"))
}

/// Takes so many handles and gives none back.
fn take_handles(count: u32) -> Guest {
    let take = "i64.const 0\n call <wasi:clocks/monotonic-clock@0.2.0 subscribe-duration>\n drop";
    Guest::default().wasi().with(DESCRIBE, &repeat(count, take))
}

/// A guest that consists of so many core instances.
fn instances(count: u32) -> Guest {
    // Its code, and two that tie it to its imports.
    (3..count).fold(Guest::default(), |guest, _| guest.module(""))
}

struct Setup {
    host: Host,
}

impl Setup {
    fn new() -> Self {
        Self { host: Host::builder().parallel_calls(4).build().unwrap() }
    }

    fn element(&self, component: &Arc<LoadedComponent>, limits: Limits) -> Element {
        self.host.element(component, options(limits)).unwrap()
    }
}

#[tokio::test]
async fn a_limit_that_ends_a_call_names_itself_its_value_and_what_was_asked() {
    /// More, by an amount that nobody knows beforehand.
    const MORE: Option<u64> = None;
    let setup = Setup::new();
    let all = Limits::default().cpu_ms(30_000);
    let memory = |pages: u64| all.clone().memory_bytes(pages * PAGE);
    let quick = |times: u32| Guest::default().with(DESCRIBE, &repeat(times, ""));
    let spin = || Guest::default().with(DESCRIBE, SPIN);
    for (limit, allowed, limits, obeys, violates, asked) in [
        (LimitName::CpuMs, 50, all.clone().cpu_ms(50), quick(10_000), spin(), MORE),
        (LimitName::WallMs, 3_000, all.clone().wall_ms(3_000), quick(10_000), spin(), MORE),
        // Two pages to begin with.
        (LimitName::MemoryBytes, 9 * PAGE, memory(9), grow(7), grow(8), Some(10 * PAGE)),
        // Another memory of 16 pages beside them.
        (
            LimitName::MemoryBytes,
            24 * PAGE,
            memory(24),
            grow(6).module("(memory 16)"),
            grow(7).module("(memory 16)"),
            Some(25 * PAGE),
        ),
        // All of it from the beginning.
        (
            LimitName::MemoryBytes,
            24 * PAGE,
            memory(24),
            Guest::default().module("(memory 22)"),
            Guest::default().module("(memory 23)"),
            Some(25 * PAGE),
        ),
        (LimitName::TableElements, 1_000, all.clone().table_elements(1_000), grow_table(900), grow_table(1_000), MORE),
        (LimitName::Instances, 5, all.clone().instances(5), instances(5), instances(6), Some(6)),
        (LimitName::StackBytes, 1 << 20, all.clone(), recurse(5_000), recurse(100_000_000), Some((1 << 20) + 1)),
        (LimitName::HostCalls, 100, all.clone().host_calls(100), ask_settings(100), ask_settings(101), Some(101)),
        (
            LimitName::HostcallBytes,
            50_000,
            all.clone().hostcall_bytes(50_000),
            log_bytes(50_000),
            log_bytes(50_001),
            Some(50_001),
        ),
        (LimitName::Handles, 10, all.clone().handles(10), take_handles(10), take_handles(11), Some(11)),
    ] {
        let [obeys, violates] = [obeys, violates].map(|guest| setup.host.load(&guest.build()).unwrap());
        let kept = setup.element(&obeys, limits.clone()).describe("en").reported().await;
        assert_eq!(kept.unwrap_or_else(|failed| panic!("{limit}: {failed}")).report.outcome, CallOutcome::Answered);

        let element = setup.element(&violates, limits);
        let failed = element.describe("en").reported().await.expect_err(limit.as_str());
        let CallError::Limit { site, exceeded } = &failed.error else { panic!("{limit}: {failed}") };
        assert_eq!((exceeded.limit, exceeded.allowed), (limit, allowed));
        assert!(exceeded.asked > allowed, "{exceeded}");
        if let Some(asked) = asked {
            assert_eq!(exceeded.asked, asked, "{limit}");
        }
        assert_eq!((&*site.tenant, &*site.element, site.function), ("acme", "organisation", "element.describe"));
        assert_eq!(site.component, violates.digest());
        let words = format!("the limit {limit} is {allowed}, the call wanted {}", exceeded.asked);
        assert!(failed.to_string().contains(&words), "{failed}");
        let CallOutcome::Failed { cause: "limit", exceeded: reported, .. } = &failed.report.outcome else {
            panic!("{limit}: {:?}", failed.report)
        };
        assert_eq!(reported.as_ref(), Some(exceeded));
        element.with_limits(all.clone()).validate_config("{}").await.expect("the next call works");
    }
}

#[tokio::test]
async fn memory_that_is_refused_can_be_done_without() {
    let setup = Setup::new();
    let guest = Guest::default().with(DESCRIBE, "i32.const 1024\n memory.grow\n drop\n i32.const 0");
    let component = setup.host.load(&guest.build()).unwrap();
    let element = setup.element(&component, Limits::default().memory_bytes(64 << 20));
    let report = element.describe("en").reported().await.unwrap().report;
    assert_eq!((report.outcome, report.peak_memory_bytes), (CallOutcome::Answered, 2 * PAGE));
}

/// What no call could run is refused when it is loaded.
#[test]
fn a_component_beyond_all_limits_is_not_loaded() {
    let setup = Setup::new();
    let memories = |count: u32| (1..count).fold(Guest::default(), |guest, _| guest.module("(memory 1)"));
    setup.host.load(&instances(8).build()).unwrap();
    setup.host.load(&memories(4).build()).unwrap();
    for (guest, words) in [
        (instances(9), "contains 9 core module instances"),
        (memories(5), "contains 5 Wasm linear memories"),
        (Guest::default().items("(table 20001 funcref)"), "20001"),
    ] {
        let error = setup.host.load(&guest.build()).unwrap_err();
        assert!(matches!(&error, LoadError::Invalid(message) if message.contains(words)), "{words}: {error}");
    }
}

/// Calls of components with several memories take the room of several calls, and never find the pool empty.
#[tokio::test]
async fn memories_are_counted_before_a_call_begins() {
    let setup = Setup::new();
    let guest = (0..3).fold(Guest::default(), |guest, _| guest.module("(memory 1)"));
    let large = setup.host.load(&guest.build()).unwrap();
    let small = setup.host.load(&Guest::default().build()).unwrap();
    let calls = (0..40).map(|number| {
        let element = setup.element(if number % 2 == 0 { &large } else { &small }, Limits::default());
        tokio::spawn(async move { element.describe("en").reported().await.map(drop) })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
}

/// The element of the product, under the limits that come without saying, on the figure that each of its calls may cost.
#[tokio::test]
async fn the_bundled_component_needs_few_instances() {
    let setup = Setup::new();
    let component = setup.host.load(bundled_component()).unwrap();
    let failed = setup.element(&component, Limits::default().instances(1)).describe("en").reported().await;
    let failed = failed.unwrap_err();
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!(*exceeded, Exceeded { limit: LimitName::Instances, allowed: 1, asked: 2 });
    setup.element(&component, Limits::default()).describe("en").await.unwrap();
}
