//! Short ways to set a call up.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use organisation_egress::{
    AllowEntry, AllowList, Budget, BudgetLimits, Egress, EgressOptions, OperatorList, Outbound, Policy, Resolver,
    Response,
};
use tokio::time::Instant;

/// Limits that no test meets by accident.
pub(crate) fn generous() -> BudgetLimits {
    BudgetLimits {
        requests: 1000,
        bytes_in: 1 << 30,
        bytes_out: 1 << 20,
        parallel: 8,
        bytes_at_once: 1 << 30,
        largest_response: 16 << 20,
        deadline: Instant::now() + Duration::from_secs(30),
    }
}

pub(crate) fn egress() -> Egress {
    Egress::new(&EgressOptions::default()).unwrap()
}

pub(crate) fn egress_with(resolver: Arc<FakeResolver>) -> Egress {
    // Asked for every connection, as it is where nothing is remembered.
    Egress::new(&EgressOptions::default().resolver(resolver).names_kept(Duration::ZERO)).unwrap()
}

pub(crate) fn list(entries: &[&str]) -> AllowList {
    AllowList::parse(entries).unwrap()
}

/// A call whose configuration needs `entries`, all of which the operator wrote.
pub(crate) fn call(egress: &Egress, limits: BudgetLimits, entries: &[&str]) -> Outbound {
    let policy = Policy::new("acme", list(entries), OperatorList::only(list(entries)));
    egress.for_call(Arc::new(policy), Arc::new(Budget::new(limits)))
}

/// A call whose configuration needs `needed`, of which the operator wrote none but admits whatever is needed.
pub(crate) fn call_unwritten(egress: &Egress, needed: &[&str]) -> Outbound {
    let operator = OperatorList::whatever_is_needed_and(AllowList::default());
    let policy = Policy::new("other", list(needed), operator);
    egress.for_call(Arc::new(policy), Arc::new(Budget::new(generous())))
}

/// A call that may reach the server on this port of 127.0.0.1.
pub(crate) fn call_to(egress: &Egress, limits: BudgetLimits, port: u16) -> Outbound {
    let entry: AllowEntry = format!("127.0.0.1:{port}").parse().unwrap();
    let entries: AllowList = [entry].into_iter().collect();
    let policy = Policy::new("acme", entries.clone(), OperatorList::only(entries));
    egress.for_call(Arc::new(policy), Arc::new(Budget::new(limits)))
}

pub(crate) fn text(response: &Response) -> &str {
    std::str::from_utf8(response.body.as_bytes()).unwrap()
}

/// A resolver that answers each name with one list after the other, the last one for ever, and counts.
#[derive(Default)]
pub(crate) struct FakeResolver {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    pub(crate) asked: AtomicUsize,
}

impl FakeResolver {
    pub(crate) fn new(answers: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let answers = answers.iter().map(|(name, lists)| {
            // Popped from the end, so the first answer comes last.
            let lists = lists.iter().rev().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect());
            ((*name).to_owned(), lists.collect())
        });
        Arc::new(Self { answers: Mutex::new(answers.collect()), asked: AtomicUsize::new(0) })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

#[async_trait]
impl Resolver for FakeResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let lists = answers.get_mut(name).ok_or_else(|| io::Error::other("no such name"))?;
        match lists.len() {
            0 | 1 => Ok(lists.first().cloned().unwrap_or_default()),
            _ => Ok(lists.pop().unwrap()),
        }
    }
}
