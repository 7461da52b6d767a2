//! Random calls against a plain map: whatever the order of calls, a store answers as the map does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use organisation_storage::{
    ApplyOutcome, Check, Clock as _, ManualClock, Op, RangeOutcome, Storage, StoredEntry, Usage,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::backend::{Backend, scope};

/// Something done to the store.
#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<Draft>),
    Get(Vec<String>),
    Scan {
        prefix: String,
        after: Option<String>,
        limit: u32,
    },
    /// With one check that holds, or one that does not.
    DeleteRange {
        prefix: String,
        checked: String,
        holds: bool,
    },
    Advance(u64),
}

/// An operation; what a check expects depends on the state it meets.
#[derive(Debug, Clone)]
enum Draft {
    Op(Op),
    /// A check that holds, or one that does not.
    Check(String, bool),
}

/// Few characters, so that keys meet: the ends of the code space, wildcards of SQL, and a pair that collations equate.
fn key() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "A", "b", "%", "_", "\u{301}", "á", "\u{D7FF}", "\u{10FFFF}"]);
    vec(part, 1..4).prop_map(|parts| parts.concat())
}

fn prefix() -> impl Strategy<Value = String> {
    prop_oneof![1 => Just(String::new()), 6 => key()]
}

fn draft() -> impl Strategy<Value = Draft> {
    let put = (key(), "[a-z]{0,5}", prop::option::weighted(0.3, 1..50_u64), any::<bool>())
        .prop_map(|(key, value, ttl_ms, sealed)| Draft::Op(Op::Put { key, value, ttl_ms, sealed }));
    prop_oneof![
        8 => put,
        3 => key().prop_map(|key| Draft::Op(Op::delete(key))),
        2 => (key(), prop::bool::weighted(0.9)).prop_map(|(key, holds)| Draft::Check(key, holds)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let scan = (prefix(), prop::option::of(key()), 1..6_u32);
    prop_oneof![
        4 => vec(draft(), 0..12).prop_map(Step::Apply),
        2 => vec(key(), 0..12).prop_map(Step::Get),
        2 => scan.prop_map(|(prefix, after, limit)| Step::Scan { prefix, after, limit }),
        1 => (prefix(), key(), prop::bool::weighted(0.8))
            .prop_map(|(prefix, checked, holds)| Step::DeleteRange { prefix, checked, holds }),
        1 => (1..40_u64).prop_map(Step::Advance),
    ]
}

/// The map, and the greatest version seen.
#[derive(Default)]
struct Model {
    entries: BTreeMap<String, StoredEntry>,
    last_version: u64,
}

impl Model {
    fn version(&self, key: &str) -> Option<u64> {
        self.entries.get(key).map(|entry| entry.version)
    }

    /// Turns drafts into operations, and says which keys must fail their checks.
    fn operations(&self, drafts: Vec<Draft>) -> (Vec<Op>, Vec<String>) {
        let mut failing = Vec::new();
        let ops = drafts.into_iter().map(|draft| match draft {
            Draft::Op(op) => op,
            Draft::Check(key, holds) => {
                if !holds && !failing.contains(&key) {
                    failing.push(key.clone());
                }
                Op::Check(self.check(key, holds))
            }
        });
        (ops.collect(), failing)
    }

    fn check(&self, key: String, holds: bool) -> Check {
        match (self.version(&key), holds) {
            (None, true) => Check::absent(key),
            (None, false) => Check::version(key, self.last_version),
            (Some(version), true) => Check::version(key, version),
            (Some(version), false) => Check::version(key, version - 1),
        }
    }

    fn apply(&mut self, ops: Vec<Op>, versions: Vec<u64>, now_ms: u64) {
        let mut versions = versions.into_iter();
        for op in ops {
            match op {
                Op::Put { key, value, ttl_ms, .. } => {
                    let version = versions.next().expect("one version a put");
                    assert!(version > self.last_version, "{version} after {}", self.last_version);
                    self.last_version = version;
                    let expires_at_ms = ttl_ms.map(|ttl| now_ms + ttl);
                    self.entries.insert(key.clone(), StoredEntry { key, value, version, expires_at_ms });
                }
                Op::Delete { key } => drop(self.entries.remove(&key)),
                Op::Check(_) => {}
            }
        }
        assert_eq!(versions.next(), None, "one version a put");
    }

    fn expire(&mut self, now_ms: u64) {
        self.entries.retain(|_, entry| entry.expires_at_ms.is_none_or(|at| at > now_ms));
    }

    fn usage(&self) -> Usage {
        let bytes = self.entries.values().map(|entry| (entry.key.len() + entry.value.len()) as u64).sum();
        Usage { items: self.entries.len() as u64, bytes }
    }
}

pub(crate) async fn agrees_with_a_map(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let runtime = tokio::runtime::Handle::current();
    let cases = AtomicU32::new(0);
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let result = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&vec(step(), 1..30), |steps| {
            // Each case has a scope of its own, so they need not share a beginning.
            let case = cases.fetch_add(1, Ordering::Relaxed);
            runtime.block_on(run(&store, &clock, &format!("case {case}"), steps));
            Ok(())
        })
    });
    result.unwrap();
}

async fn run(store: &Arc<dyn Storage>, clock: &ManualClock, tenant: &str, steps: Vec<Step>) {
    let scope = scope(tenant);
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Advance(ms) => {
                clock.advance(Duration::from_millis(ms));
                model.expire(clock.now_ms());
            }
            Step::Apply(drafts) => {
                let (ops, failing) = model.operations(drafts);
                match store.apply(&scope, ops.clone()).await.unwrap() {
                    ApplyOutcome::Conflict(keys) => assert_eq!(keys, failing),
                    ApplyOutcome::Applied(versions) => {
                        assert_eq!(failing, [] as [&str; 0]);
                        model.apply(ops, versions, clock.now_ms());
                    }
                }
                assert_eq!(store.usage(&scope).await.unwrap(), model.usage());
            }
            Step::DeleteRange { prefix, checked, holds } => {
                let outcome =
                    store.delete_range(&scope, &prefix, &[model.check(checked.clone(), holds)]).await.unwrap();
                if holds {
                    assert_eq!(outcome, RangeOutcome::Done);
                    model.entries.retain(|key, _| !key.starts_with(&prefix));
                } else {
                    assert_eq!(outcome, RangeOutcome::Conflict(vec![checked]));
                }
                assert_eq!(store.usage(&scope).await.unwrap(), model.usage());
            }
            Step::Get(keys) => {
                let expected: Vec<_> = keys.iter().map(|key| model.entries.get(key).cloned()).collect();
                assert_eq!(store.get_many(&scope, &keys).await.unwrap(), expected);
            }
            Step::Scan { prefix, after, limit } => {
                let page = store.scan(&scope, &prefix, after.as_deref(), limit).await.unwrap();
                let after = after.unwrap_or_default();
                let matching =
                    model.entries.values().filter(|entry| entry.key.starts_with(&prefix) && entry.key > after);
                let matching: Vec<_> = matching.cloned().collect();
                assert_eq!(page.more, matching.len() > limit as usize);
                let keys = store.scan_keys(&scope, &prefix, Some(&after), limit).await.unwrap();
                assert!(keys.keys.iter().eq(page.entries.iter().map(|entry| &entry.key)) && keys.more == page.more);
                assert_eq!(page.entries, matching[..matching.len().min(limit as usize)]);
            }
        }
    }
}
