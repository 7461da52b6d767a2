//! Memory that calls have together, in pairs: the last growth that finds room in the budgets, and one page more.

use std::sync::Arc;

use organisation_host::{
    CallError, CallResult, Exceeded, Host, LimitName, Limits, MemoryLimits,
    contract::directory::DirectorySummary,
    egress::{AllowList, OperatorList},
};
use tokio::task::JoinHandle;

use crate::{
    element::{Gate, options},
    wire::{self, OVERVIEW},
};

const PAGE: u64 = 64 << 10;

/// A host whose guests grow to a number of pages and then wait for their vendor.
struct Crowd {
    host: Host,
    gate: Arc<Gate>,
}

type Call = JoinHandle<CallResult<Result<DirectorySummary, organisation_host::contract::types::Error>>>;

impl Crowd {
    fn new(limits: MemoryLimits) -> Self {
        Self { host: Host::builder().parallel_calls(20).guest_memory(limits).build().unwrap(), gate: Arc::default() }
    }

    fn call(&self, tenant: &str, pages: u32, call_pages: u64) -> Call {
        let (guest, url) = wire::caller(1, "/");
        // Two pages to begin with.
        let body = format!(
            "i32.const {}\n memory.grow\n i32.const -1\n i32.eq\n if\n unreachable\n end\n {}i32.const 0",
            pages - 2,
            wire::send(url, None)
        );
        let component = self.host.load(&guest.with(OVERVIEW, &body).build()).unwrap();
        let element = options(Limits::default().memory_bytes(call_pages * PAGE));
        let element = element
            .tenant(tenant.to_owned())
            .operator(OperatorList::only(AllowList::parse(["127.0.0.1:1"]).unwrap()))
            .hooks(vec![Arc::clone(&self.gate) as _]);
        let element = self.host.element(&component, element).unwrap();
        tokio::spawn(async move { element.overview().reported().await })
    }

    /// One that grows, and now has what it asked for.
    async fn holds(&self, tenant: &str, pages: u32, call_pages: u64) -> Call {
        let mut call = self.call(tenant, pages, call_pages);
        tokio::select! {
            () = self.gate.reached.notified() => call,
            failed = &mut call => panic!("{failed:?}"),
        }
    }

    /// One that grows, and is refused.
    async fn refused(&self, tenant: &str, pages: u32, call_pages: u64) -> Exceeded {
        let failed = self.call(tenant, pages, call_pages).await.unwrap().unwrap_err();
        match failed.error {
            CallError::Limit { exceeded, .. } => exceeded,
            other => panic!("{other}"),
        }
    }
}

fn exceeded(limit: LimitName, pages: u64) -> Exceeded {
    Exceeded { limit, allowed: pages * PAGE, asked: (pages + 1) * PAGE }
}

#[tokio::test]
async fn calls_draw_on_the_budget_of_their_tenant_and_of_the_host() {
    let crowd = Crowd::new(MemoryLimits::default().free(10 * PAGE).tenant(40 * PAGE).host(60 * PAGE));
    let large = crowd.holds("acme", 40, 50).await;
    let small = crowd.holds("acme", 20, 50).await;
    assert_eq!(crowd.refused("acme", 11, 50).await, exceeded(LimitName::TenantMemoryBytes, 40));
    let free = crowd.holds("acme", 10, 50).await;
    let other = crowd.holds("other", 30, 50).await;
    assert_eq!(crowd.refused("other", 11, 50).await, exceeded(LimitName::HostMemoryBytes, 60));
    assert_eq!(crowd.refused("third", 11, 50).await, exceeded(LimitName::HostMemoryBytes, 60));
    // What an answered call had, and what an abandoned one had, is there for the next.
    crowd.gate.open.notify_waiters();
    for answered in [large, free, other] {
        answered.await.unwrap().unwrap().value.unwrap();
    }
    small.await.unwrap().unwrap().value.unwrap();
    let again = crowd.holds("acme", 50, 50).await;
    again.abort();
    assert!(again.await.unwrap_err().is_cancelled());
    drop(crowd.holds("acme", 50, 50).await);
}

#[tokio::test]
async fn a_call_that_may_have_more_than_its_tenant_gets_it() {
    let crowd = Crowd::new(MemoryLimits::default().free(10 * PAGE).tenant(40 * PAGE).host(1_000 * PAGE));
    let large = crowd.holds("acme", 100, 100).await;
    assert_eq!(crowd.refused("acme", 11, 100).await, exceeded(LimitName::TenantMemoryBytes, 90));
    drop(large);
}

#[tokio::test]
async fn by_default_a_tenant_has_in_all_calls_what_one_may_have() {
    let crowd = Crowd::new(MemoryLimits::default());
    let mebi = 1_u32 << 4;
    let large = crowd.holds("acme", 64 * mebi, 2_048).await;
    let second = crowd.holds("acme", 68 * mebi, 2_048).await;
    let expected = exceeded(LimitName::TenantMemoryBytes, 124 << 4);
    assert_eq!(crowd.refused("acme", 4 * mebi + 1, 2_048).await, expected);
    for _ in 0..14 {
        drop(crowd.holds("acme", 4 * mebi, 2_048).await);
    }
    drop((large, second));
}
