//! Time: what a guest burns, what it waits for, and what is left for others meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use organisation_host::{CallError, CallOutcome, Host, LimitName, Limits};

use crate::{
    element::{Hang, HungStore, caller, options},
    guests::Guest,
    limits::SPIN,
    wire::{DESCRIBE, OVERVIEW},
};

fn host() -> Host {
    Host::builder().parallel_calls(4).build().unwrap()
}

/// Components are compiled beside each other, so one that takes long keeps no other waiting.
#[test]
fn a_component_that_takes_long_to_compile_keeps_no_other_from_being_loaded() {
    let host = Host::builder().parallel_calls(1).build().unwrap();
    let locals = "(local i32 i32 i32 i32)";
    let branch =
        "local.get 0 if local.get 1 i32.const 7 i32.mul local.set 2 end local.get 2 if local.get 3 local.set 1 end ";
    let slow = format!("(func {locals} {})", branch.repeat(3_000));
    // More than there are processors to compile them.
    let functions = 4 * std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let slow = wat::parse_str(format!("(component (core module {}))", slow.repeat(functions))).unwrap();
    let loading = std::thread::spawn({
        let host = host.clone();
        move || host.inspect(&slow).map(drop)
    });
    // Until it has begun.
    std::thread::sleep(Duration::from_millis(300));
    host.load(&Guest::default().build()).unwrap();
    assert!(!loading.is_finished(), "it does not take long, or the other one waited for it");
    loading.join().unwrap().unwrap();
}

#[tokio::test]
async fn a_call_parked_ten_times_its_cpu_limit_completes() {
    // `storage.wait` for a key that nobody writes.
    let wait = "i32.const 1024\n i32.const 1\n i32.const 0\n i64.const 0\n i32.const 400\n i32.const 8192\n call \
                <storage@0.1.0 wait>\n i32.const 0";
    let guest = Guest::default().items(r#"(data (i32.const 1024) "k")"#).with(OVERVIEW, wait);
    let host = host();
    let component = host.load(&guest.build()).unwrap();
    let element = host.element(&component, options(Limits::default().cpu_ms(40))).unwrap();
    let report = element.overview().reported().await.unwrap().report;
    assert_eq!(report.outcome, CallOutcome::Answered);
    assert!(report.wall_us >= 400_000 && report.guest_cpu_us < 40_000, "{report:?}");
}

#[tokio::test]
async fn a_component_whose_vendor_hangs_gets_to_answer() {
    let hang = Hang::default();
    let host = host();
    let component = host.load(&caller().build()).unwrap();
    let mut options = options(Limits::default().wall_ms(1_000));
    options.hooks = vec![Arc::new(hang.clone())];
    let called = host.element(&component, options).unwrap().overview().reported().await.unwrap();
    assert_eq!(called.report.outcome, CallOutcome::Answered);
    assert_eq!(called.report.http.exchanges[0].failure, Some("timeout"));
    assert_eq!(hang.reached(), 1, "the request was on its way");
}

#[tokio::test]
async fn a_store_that_hangs_ends_with_the_wall_clock_and_costs_no_cpu() {
    let ask = "i32.const 0\n i32.const 0\n i32.const 8192\n call <storage@0.1.0 get-many>\n i32.const 0";
    let host = host();
    let component = host.load(&Guest::default().with(OVERVIEW, ask).build()).unwrap();
    let mut options = options(Limits::default().wall_ms(150).cpu_ms(100));
    options.storage = Arc::new(HungStore);
    let element = host.element(&component, options).unwrap();
    let failed = element.overview().reported().await.unwrap_err();
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!((exceeded.limit, exceeded.allowed), (LimitName::WallMs, 150));
    assert!(failed.report.guest_cpu_us < 100_000, "{:?}", failed.report);
    assert_eq!(failed.report.host_calls.get("storage"), Some(&1));
    element.describe("en").await.expect("the next call works");
}

#[tokio::test]
async fn a_call_without_a_place_waits_no_longer_than_its_wall_clock() {
    let host = Host::builder().parallel_calls(1).build().unwrap();
    let component = host.load(&caller().build()).unwrap();
    let hang = Hang::default();
    let mut first = options(Limits::default());
    first.hooks = vec![Arc::new(hang.clone())];
    let first = host.element(&component, first).unwrap();
    let under_way = tokio::spawn(async move { first.overview().reported().await });
    hang.until_reached().await;

    let second = host.element(&component, options(Limits::default().wall_ms(50))).unwrap();
    let failed = second.describe("en").reported().await.unwrap_err();
    assert!(matches!(&failed.error, CallError::Limit { exceeded, .. } if exceeded.limit == LimitName::WallMs));
    assert!(failed.report.queued_us >= 50_000, "{:?}", failed.report);
    assert_eq!(failed.report.instantiate_us, 0);

    under_way.abort();
    assert!(under_way.await.unwrap_err().is_cancelled());
    second.with_limits(Limits::default()).describe("en").await.expect("the permit is free again");
}

/// One thread: whatever else is to happen there happens when the guest lets it, and timers are looked at each time that
/// it does, not only when nothing else is left to do.
#[tokio::test(flavor = "current_thread")]
async fn a_guest_that_spins_does_not_keep_timers_from_firing() {
    let host = host();
    let component = host.load(&Guest::default().with(DESCRIBE, SPIN).build()).unwrap();
    let element = host.element(&component, options(Limits::default().cpu_ms(250))).unwrap();

    let ticks = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&ticks);
    let beside = tokio::spawn(async move {
        let mut interval = tokio::time::interval(Duration::from_millis(1));
        loop {
            interval.tick().await;
            counted.fetch_add(1, SeqCst);
        }
    });
    // On the same thread as the timers, and not first in line.
    let failed = tokio::spawn(async move { element.describe("en").reported().await }).await.unwrap().unwrap_err();
    beside.abort();
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!(exceeded.limit, LimitName::CpuMs);
    // Some fifty slices of the guest's; a timer that is looked at every sixty-first is not seen at all.
    let ticks = ticks.load(SeqCst);
    assert!(ticks >= 10, "{ticks} ticks beside {} µs of the guest", failed.report.guest_cpu_us);
}
