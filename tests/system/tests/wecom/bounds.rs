//! What bounds a sync: the vendor's published limits, the guest's memory, and one answer of the vendor.

use std::time::Duration;

use organisation_host::{
    CallError, Limits,
    contract::directory::{Strategy, SyncStep},
};
use system_tests::{
    Setting, Stage,
    stage::LEASES_OVER,
    sync::{Caller, PLAIN},
};
use wecom_simulator::{Behaviour, Exports, Generator, Limits as VendorLimits, Rate, Shape};

/// Guest memory of any call, whatever the organisation.
const GUEST_MEMORY: u64 = 64 << 20;

#[tokio::test]
async fn a_sync_keeps_to_the_vendors_limits_and_ends() {
    for (name, limits, reason) in [
        ("calls a minute", VendorLimits { per_corp: vec![Rate::per_minute(40)], ..VendorLimits::default() }, "45009"),
        ("calls an hour", VendorLimits { per_address: vec![Rate::per_hour(90)], ..VendorLimits::default() }, "45009"),
        ("calls at a time", VendorLimits { concurrency: Some(3), ..VendorLimits::default() }, "45033"),
        (
            "both a minute and an hour, as published, scaled down",
            VendorLimits { per_corp: vec![Rate::per_minute(50), Rate::per_hour(150)], ..VendorLimits::default() },
            "45009",
        ),
    ] {
        let corp = Generator::sized(7, 60, 130).generate().unwrap();
        // Requests that overlap, or no more than one would be under way at a time.
        let behaviour = Behaviour { limits, latency: Duration::from_millis(2), ..Behaviour::default() };
        let stage = Setting::new(corp).behaviour(behaviour).start().await;
        let mut reasons = Vec::new();
        let report = loop {
            match stage.step(&Caller { strategy: Strategy::Walk, ..PLAIN }).await.unwrap() {
                SyncStep::More(_) => {}
                SyncStep::Wait(waiting) => {
                    assert_eq!(waiting.reason, "rate-limit", "{name}");
                    reasons.push(waiting.vendor_code.unwrap().to_string());
                    stage.advance_to(waiting.not_before);
                }
                SyncStep::Complete(report) => break report,
                other => panic!("{name}: {other:?}"),
            }
        };
        assert!(reasons.iter().all(|code| code == reason) && !reasons.is_empty(), "{name}: {reasons:?}");
        assert_eq!(report.waits, reasons.len() as u64, "{name}");
        // What was fetched before a wait is not fetched again: only the calls that were refused are repeated.
        let list = stage.control.count("user/list");
        assert_eq!(list.succeeded, report.departments_total, "{name}");
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn memory_stays_bounded_whatever_the_shape() {
    let wide = Generator { crowd: 30_000, ..Generator::sized(1, 31_000, 20) };
    let deep = Generator { shape: Shape::Deep, ..Generator::sized(2, 2_000, 1_400) };
    let many = Generator { shape: Shape::Wide, ..Generator::sized(3, 500, 4_000) };
    for (name, generator) in [("a wide department", wide), ("a deep tree", deep), ("many departments", many)] {
        for strategy in [Strategy::Walk, Strategy::Export] {
            // One file for everything: what a server may send that does not care about `block_size`.
            let exports = Exports { ignore_block_size: true, ..Exports::default() };
            let behaviour = Behaviour { exports, ..Behaviour::default() };
            let stage = Setting::new(generator.generate().unwrap()).behaviour(behaviour).start().await;
            let report = stage.complete(&Caller { strategy: strategy.clone(), ..PLAIN }).await;
            assert_eq!(report.strategy, strategy, "{name}");
            assert!(report.peak_memory < GUEST_MEMORY, "{name}, {strategy:?}: {} bytes", report.peak_memory);
            let overview = stage.overview().await;
            let present = overview.members.active + overview.members.disabled + overview.members.not_activated;
            assert_eq!(present, true_members(&stage), "{name}, {strategy:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_takes_too_much_memory_costs_no_more_than_its_work() {
    // Departments of some fifty members: their lists take more memory than a call has from the start.
    let stage = Stage::of(Generator::sized(10, 400, 8).generate().unwrap()).await;
    let idle = stage.element.overview().reported().await.unwrap().report.peak_memory_bytes;
    let limits = Limits::default().memory_bytes(idle + (64 << 10));
    let failed = PLAIN.call(&stage.element.with_limits(limits)).await.unwrap_err();
    stage.note_failed(&failed);
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!(exceeded.limit.as_str(), "memory-bytes");
    stage.advance(LEASES_OVER);
    stage.complete(&PLAIN).await;
    stage.assert_exact().await;
    stage.assert_discreet(&[]);
}

/// Members in range who have not resigned.
fn true_members(stage: &Stage) -> u64 {
    let truth = stage.control.truth(wecom_simulator::DEMO_AGENT_ID).unwrap();
    truth.members.values().filter(|member| member.status != 5).count() as u64
}
