//! What the suite needs of a backend, and short words for its tests.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use organisation_storage::{
    ApplyOutcome, ManualClock, Op, Options, RangeOutcome, Scope, SealingKey, Storage, StoredEntry, open,
};
use sqlx::{Connection as _, PgConnection};

/// When the clock of the tests starts.
pub(crate) const START_MS: u64 = 1_700_000_000_000;

/// A place for stores.
pub(crate) trait Backend: Sync {
    /// Opens a store there.
    fn open(&self, options: Options) -> impl Future<Output = Arc<dyn Storage>> + Send;

    /// Carries statements out past the store.
    fn tamper(&self, statements: &[&str]) -> impl Future<Output = ()> + Send;

    /// The number that a statement answers.
    fn count(&self, statement: &str) -> impl Future<Output = i64> + Send;

    /// A store with a clock that stands still.
    fn store(&self) -> impl Future<Output = (Arc<dyn Storage>, ManualClock)> + Send {
        async {
            let (options, clock) = options();
            (self.open(options).await, clock)
        }
    }
}

pub(crate) struct Memory;

impl Memory {
    pub(crate) fn place() -> Option<Self> {
        Some(Self)
    }
}

impl Backend for Memory {
    async fn open(&self, options: Options) -> Arc<dyn Storage> {
        open("memory:", options).await.unwrap()
    }

    async fn tamper(&self, _: &[&str]) {
        unreachable!("nobody gets at the memory of a store");
    }

    async fn count(&self, _: &str) -> i64 {
        unreachable!("nobody gets at the memory of a store");
    }
}

pub(crate) struct Sqlite(tempfile::TempDir);

impl Sqlite {
    pub(crate) fn place() -> Option<Self> {
        Some(Self::new())
    }

    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        // Neither folder exists yet, and nothing in the name is to be taken for an escape or a parameter.
        self.0.path().join("new folder/of %41?mode=ro/storage.db")
    }

    pub(crate) fn address(&self) -> String {
        format!("sqlite:{}", self.file().display())
    }

    /// A connection past the store, for looking and for damage.
    pub(crate) fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }
}

impl Backend for Sqlite {
    async fn open(&self, options: Options) -> Arc<dyn Storage> {
        open(&self.address(), options).await.unwrap()
    }

    async fn tamper(&self, statements: &[&str]) {
        let connection = self.connection();
        statements.iter().for_each(|statement| connection.execute_batch(statement).unwrap());
    }

    async fn count(&self, statement: &str) -> i64 {
        self.connection().query_row(statement, (), |row| row.get(0)).unwrap()
    }
}

/// A database of its own on the server of this test program.
pub(crate) struct Postgres(String);

impl Postgres {
    /// None where tests with a server are left out.
    pub(crate) fn place() -> Option<Self> {
        postgres_for_tests::database().map(Self)
    }

    pub(crate) fn address(&self) -> &str {
        &self.0
    }

    /// A connection past the store, for looking and for damage.
    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.0).await.unwrap()
    }
}

impl Backend for Postgres {
    async fn open(&self, options: Options) -> Arc<dyn Storage> {
        open(&self.0, options).await.unwrap()
    }

    async fn tamper(&self, statements: &[&str]) {
        let mut connection = self.connection().await;
        for statement in statements {
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    async fn count(&self, statement: &str) -> i64 {
        sqlx::query_scalar(statement).fetch_one(&mut self.connection().await).await.unwrap()
    }
}

/// The same behind a PgBouncer in transaction mode, which hands each transaction to another session.
pub(crate) struct Pooled {
    direct: Postgres,
    address: String,
}

impl Pooled {
    /// None where tests with a pooler are left out.
    pub(crate) fn place() -> Option<Self> {
        let direct = Postgres::place()?;
        let address = postgres_for_tests::through_pooler(direct.address())?;
        Some(Self { direct, address })
    }
}

impl Backend for Pooled {
    async fn open(&self, options: Options) -> Arc<dyn Storage> {
        open(&format!("{}?pooler=transaction&readers=2&writers=3", self.address), options).await.unwrap()
    }

    async fn tamper(&self, statements: &[&str]) {
        self.direct.tamper(statements).await;
    }

    async fn count(&self, statement: &str) -> i64 {
        self.direct.count(statement).await
    }
}

/// Options with a clock that stands still and a sealing key.
pub(crate) fn options() -> (Options, ManualClock) {
    let clock = ManualClock::at(START_MS);
    let sealing_key = Some(SealingKey::new([1; 32]));
    (Options::default().clock(Some(Arc::new(clock.clone()))).sealing_key(sealing_key), clock)
}

pub(crate) fn scope(tenant: &str) -> Scope {
    Scope::new(tenant, "element").unwrap()
}

/// Applies operations that must not conflict.
pub(crate) async fn apply(store: &Arc<dyn Storage>, scope: &Scope, ops: Vec<Op>) -> Vec<u64> {
    match store.apply(scope, ops).await.unwrap() {
        ApplyOutcome::Applied(versions) => versions,
        ApplyOutcome::Conflict(keys) => panic!("conflict on {keys:?}"),
    }
}

/// Deletes all keys with a prefix; answers in how many portions.
pub(crate) async fn delete_all(store: &Arc<dyn Storage>, scope: &Scope, prefix: &str) -> usize {
    let mut portions = 1;
    while store.delete_range(scope, prefix, &[]).await.unwrap() == RangeOutcome::More {
        portions += 1;
    }
    portions
}

pub(crate) async fn get(store: &Arc<dyn Storage>, scope: &Scope, key: &str) -> Option<StoredEntry> {
    store.get_many(scope, &[key.to_owned()]).await.unwrap().remove(0)
}

pub(crate) async fn value(store: &Arc<dyn Storage>, scope: &Scope, key: &str) -> Option<String> {
    get(store, scope, key).await.map(|entry| entry.value)
}

/// Puts that differ in key and value.
pub(crate) fn puts(keys: &[&str]) -> Vec<Op> {
    keys.iter().map(|key| Op::put(*key, format!("value of {key}"))).collect()
}

/// All keys with a prefix, read page by page.
pub(crate) async fn keys(store: &Arc<dyn Storage>, scope: &Scope, prefix: &str, limit: u32) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    loop {
        let page = store.scan(scope, prefix, keys.last().map(String::as_str), limit).await.unwrap();
        assert!(page.entries.len() <= limit as usize);
        assert!(!page.entries.is_empty() || !page.more, "an empty page cannot be followed by more");
        keys.extend(page.entries.into_iter().map(|entry| entry.key));
        if !page.more {
            return keys;
        }
    }
}
