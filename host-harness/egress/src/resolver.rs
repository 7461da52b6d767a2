//! Names to addresses: the one place where the network says where a name leads.
//!
//! A resolver only answers; the connector judges the answer. Tests inject resolvers that lie.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

use super::permits::{PermitLimits, Permits};

/// Turns a name into addresses.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `name`, in the order in which to try them; empty if it has none.
    ///
    /// # Errors
    /// When the name does not exist or no name server answered.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system, so that `/etc/hosts` and the network's own zones work as everywhere else.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The most names that are remembered.
const MAX_NAMES: usize = 1_024;
/// A failure is remembered no longer than this.
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// What a look-up came to; a failure in words.
type Found = Result<Arc<[IpAddr]>, Arc<str>>;

/// Asks a resolver: for a name once at a time, not again for a moment after the answer, and for few names at a time.
///
/// A look-up goes on when whoever asked gives up, since a system's resolver cannot be interrupted. So it runs in a task of its
/// own and has its permit until it ends: a tenant whose names nobody answers for waits for those, and nobody else does.
#[derive(Clone)]
pub(super) struct LookUps(Arc<Inner>);

struct Inner {
    resolver: Arc<dyn Resolver>,
    kept: Duration,
    permits: Permits,
    names: Mutex<HashMap<String, Name>>,
}

struct Name {
    found: Shared<BoxFuture<'static, Found>>,
    /// Nothing while it is looked up.
    until: Option<Instant>,
}

impl LookUps {
    pub(super) fn new(resolver: Arc<dyn Resolver>, kept: Duration, limits: PermitLimits) -> Self {
        Self(Arc::new(Inner { resolver, kept, permits: Permits::new(limits), names: Mutex::default() }))
    }

    /// The addresses of a name.
    pub(super) async fn resolve(&self, tenant: &Arc<str>, name: &str) -> Found {
        if let Some(found) = self.known(name) {
            return found.await;
        }
        let permit = self.0.permits.acquire(tenant).await;
        let found = {
            let mut names = self.names();
            // Somebody else may have asked meanwhile.
            match names.get(name).filter(|name| name.is_of_use()) {
                Some(name) => name.found.clone(),
                None => {
                    let (lookups, asked) = (self.clone(), name.to_owned());
                    let task = tokio::spawn(async move {
                        let _permit = permit;
                        let found = lookups.0.resolver.resolve(&asked).await;
                        lookups.ended(&asked, found.is_ok());
                        found.map(Arc::from).map_err(|error| Arc::from(error.to_string()))
                    });
                    let answer = task.map(|ended| ended.unwrap_or_else(|_| Err("the resolver broke off".into())));
                    let found = answer.boxed().shared();
                    if names.len() >= MAX_NAMES {
                        names.retain(|_, name| name.until.is_none());
                    }
                    names.insert(name.to_owned(), Name { found: found.clone(), until: None });
                    found
                }
            }
        };
        found.await
    }

    fn known(&self, name: &str) -> Option<Shared<BoxFuture<'static, Found>>> {
        self.names().get(name).filter(|name| name.is_of_use()).map(|name| name.found.clone())
    }

    fn ended(&self, name: &str, is_found: bool) {
        let kept = if is_found { self.0.kept } else { self.0.kept.min(FAILURE_KEPT) };
        if let Some(name) = self.names().get_mut(name) {
            name.until = Some(Instant::now() + kept);
        }
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Name>> {
        // Whatever a panic interrupted, the map is one of names.
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    fn is_of_use(&self) -> bool {
        match self.until {
            Some(until) => Instant::now() < until,
            // A task that broke off set no time.
            None => self.found.peek().is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::sync::Semaphore;

    use super::*;

    /// Answers when it is let go, and counts.
    struct Slow {
        asked: AtomicUsize,
        go: Semaphore,
    }

    impl Slow {
        fn new(go: usize) -> Arc<Self> {
            Arc::new(Self { asked: AtomicUsize::new(0), go: Semaphore::new(go) })
        }

        async fn until_asked(&self, times: usize) {
            while self.asked.load(SeqCst) < times {
                tokio::task::yield_now().await;
            }
        }
    }

    #[async_trait]
    impl Resolver for Slow {
        async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
            self.asked.fetch_add(1, SeqCst);
            self.go.acquire().await.unwrap().forget();
            match name {
                "none" => Err(io::Error::other("no such name")),
                "breaks" => panic!("a resolver breaks off"),
                _ => Ok(vec![[127, 0, 0, 1].into()]),
            }
        }
    }

    const KEPT: Duration = Duration::from_secs(5);

    fn lookups(resolver: &Arc<Slow>, host: usize, tenant: usize) -> LookUps {
        LookUps::new(Arc::clone(resolver) as _, KEPT, PermitLimits { host, tenant })
    }

    fn tenant() -> Arc<str> {
        "acme".into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_asked_for_once_at_a_time_and_again_when_its_time_is_over() {
        for (name, kept) in [("a", KEPT), ("none", FAILURE_KEPT)] {
            let resolver = Slow::new(0);
            let (lookups, tenant) = (lookups(&resolver, 4, 4), tenant());
            let (one, other) = (lookups.resolve(&tenant, name), lookups.resolve(&tenant, name));
            let both = async { tokio::join!(one, other) };
            resolver.go.add_permits(1);
            let (one, other) = both.await;
            assert_eq!((&one, resolver.asked.load(SeqCst)), (&other, 1), "{name}");
            tokio::time::advance(kept - Duration::from_millis(1)).await;
            assert_eq!(lookups.resolve(&tenant, name).await, one);
            tokio::time::advance(Duration::from_millis(1)).await;
            resolver.go.add_permits(1);
            assert_eq!(lookups.resolve(&tenant, name).await, one);
            assert_eq!(resolver.asked.load(SeqCst), 2, "{name}");
        }
    }

    #[tokio::test]
    async fn a_tenant_whose_names_nobody_answers_for_leaves_room_for_others_also_when_it_gives_up() {
        let resolver = Slow::new(0);
        let (lookups, hostile) = (lookups(&resolver, 3, 2), tenant());
        for name in ["a", "b"] {
            assert!(lookups.resolve(&hostile, name).now_or_never().is_none(), "it gives up at once");
        }
        resolver.until_asked(2).await;
        let mut third = Box::pin(lookups.resolve(&hostile, "c"));
        assert!(third.as_mut().now_or_never().is_none());
        let other: Arc<str> = "other".into();
        let other = lookups.resolve(&other, "d");
        let asked = async {
            resolver.until_asked(3).await;
            assert!(lookups.known("c").is_none(), "not yet asked for");
            // Those that were given up come first.
            resolver.go.add_permits(3);
        };
        assert!(tokio::join!(other, asked).0.is_ok());
        resolver.go.add_permits(1);
        assert!(third.await.is_ok());
    }

    #[tokio::test]
    async fn a_resolver_that_breaks_off_is_asked_again_and_names_are_forgotten() {
        let resolver = Slow::new(10_000);
        let (lookups, tenant) = (lookups(&resolver, 1, 1), tenant());
        for _ in 0..2 {
            assert_eq!(lookups.resolve(&tenant, "breaks").await, Err("the resolver broke off".into()));
        }
        for number in 0..2 * MAX_NAMES {
            lookups.resolve(&tenant, &number.to_string()).await.unwrap();
        }
        assert!(lookups.names().len() <= MAX_NAMES);
    }
}
