//! `wait` on every backend. The clock stands still unless a test moves it, so a test that would miss a wake-up hangs;
//! the real time that [`soon`] grants only turns that into a failure.

use std::sync::Arc;
use std::time::Duration;

use organisation_storage::{Op, Scope, Storage, StorageError};
use tokio::task::JoinHandle;

use crate::backend::{Backend, apply, delete_all, scope};

const LONG: Duration = Duration::from_secs(3_600);

type Waiter = JoinHandle<Result<bool, StorageError>>;

/// Starts to wait and returns once it is parked.
async fn park(
    store: &Arc<dyn Storage>,
    clock: &organisation_storage::ManualClock,
    scope: &Scope,
    key: &'static str,
    version: Option<u64>,
    timeout: Duration,
) -> Waiter {
    let before = clock.sleepers();
    let (store, scope) = (Arc::clone(store), scope.clone());
    let waiter = tokio::spawn(async move { store.wait(&scope, key, version, timeout).await });
    // Its timeout sleeps first; what else it does before it parks is harmless to the tests.
    soon(clock.until_sleepers(before + 1)).await;
    waiter
}

pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("nothing happened for 20 s")
}

pub(crate) async fn returns_when_the_key_differs(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    enum Change {
        Apply(fn() -> Vec<Op>),
        Advance(u64),
        DeleteRange(&'static str),
        DeleteScope,
        Nothing,
    }
    let at_once = |version: Option<u64>| version.map(|version| version + 1);
    let same = |version| version;
    // Before each row the key "k" is there, with a time to live of 100 ms, unless the row waits for it to appear.
    let rows: [(&str, bool, fn(Option<u64>) -> Option<u64>, Change); 8] = [
        ("put again", true, same, Change::Apply(|| vec![Op::put("k", "same value").with_ttl_ms(100)])),
        ("deleted", true, same, Change::Apply(|| vec![Op::delete("k")])),
        ("deleted with others", true, same, Change::DeleteRange("")),
        ("expired", true, same, Change::Advance(100)),
        ("scope deleted", true, same, Change::DeleteScope),
        ("created", false, same, Change::Apply(|| vec![Op::put("k", "v")])),
        ("another version already", true, at_once, Change::Nothing),
        ("there, though awaited absent", true, |_| None, Change::Nothing),
    ];
    for (name, present, awaited, change) in rows {
        apply(&store, &scope, vec![Op::delete("k")]).await;
        let version = match present {
            true => Some(apply(&store, &scope, vec![Op::put("k", "same value").with_ttl_ms(100)]).await[0]),
            false => None,
        };
        let waiter = match change {
            Change::Nothing => {
                let (store, scope) = (Arc::clone(&store), scope.clone());
                tokio::spawn(async move { store.wait(&scope, "k", awaited(version), LONG).await })
            }
            _ => park(&store, &clock, &scope, "k", awaited(version), LONG).await,
        };
        match change {
            Change::Apply(ops) => drop(apply(&store, &scope, ops()).await),
            Change::Advance(ms) => clock.advance(Duration::from_millis(ms)),
            Change::DeleteRange(prefix) => drop(delete_all(&store, &scope, prefix).await),
            Change::DeleteScope => store.delete_scope(&scope).await.unwrap(),
            Change::Nothing => {}
        }
        assert_eq!(soon(waiter).await.unwrap(), Ok(true), "{name}");
    }
    assert_eq!(clock.sleepers(), 0, "nobody is left behind");
}

pub(crate) async fn returns_when_the_time_is_up(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    let version = apply(&store, &scope, vec![Op::put("k", "v").with_ttl_ms(1_000)]).await[0];
    for (key, version) in [("k", Some(version)), ("absent", None)] {
        assert_eq!(soon(store.wait(&scope, key, version, Duration::ZERO)).await, Ok(false), "no time at all");
        let waiter = park(&store, &clock, &scope, key, version, Duration::from_millis(50)).await;
        clock.advance(Duration::from_millis(49));
        // A second waiter shows that the first had its chance to return too early.
        assert_eq!(soon(store.wait(&scope, key, version, Duration::ZERO)).await, Ok(false));
        assert!(!waiter.is_finished(), "{key}");
        clock.advance(Duration::from_millis(1));
        assert_eq!(soon(waiter).await.unwrap(), Ok(false), "{key}");
    }
    // Where expiry and the end of the time coincide, the key does differ.
    let both = park(&store, &clock, &scope, "k", Some(version), Duration::from_millis(900)).await;
    clock.advance(Duration::from_millis(900));
    assert_eq!(soon(both).await.unwrap(), Ok(true));
}

pub(crate) async fn is_not_disturbed_by_other_keys(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let mine = scope("acme");
    let waiter = park(&store, &clock, &mine, "k", None, LONG).await;
    apply(&store, &mine, vec![Op::put("k2", ""), Op::put("a", "")]).await;
    delete_all(&store, &mine, "k2").await;
    apply(&store, &scope("acme2"), vec![Op::put("k", "")]).await;
    // Created and deleted at once: nothing to see.
    apply(&store, &mine, vec![Op::put("k", ""), Op::delete("k")]).await;
    assert_eq!(soon(store.wait(&mine, "k", None, Duration::ZERO)).await, Ok(false));
    assert!(!waiter.is_finished());
    apply(&store, &mine, vec![Op::put("k", "")]).await;
    assert_eq!(soon(waiter).await.unwrap(), Ok(true));
}

pub(crate) async fn many_waiters_wake_together(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    let mut waiters = Vec::new();
    for _ in 0..50 {
        waiters.push(park(&store, &clock, &scope, "token", None, LONG).await);
    }
    // One that leaves early takes nothing from the others.
    waiters.remove(0).abort();
    apply(&store, &scope, vec![Op::put("token", "t")]).await;
    for waiter in waiters {
        assert_eq!(soon(waiter).await.unwrap(), Ok(true));
    }
}
