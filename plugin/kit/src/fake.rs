//! For native tests of the kit and of elements on it (feature `fake`).
//!
//! The outside world of native tests: a store, a vendor, a clock and chance, all in the test's hand.
//!
//! The store keeps the promises of `wit/storage.wit` (versions never reused, checks judged against the state before,
//! expiry by the clock) and its limits, so that code which leans on more than the contract fails here. Time moves only
//! when a test or a `wait` moves it: a `wait` that nothing ends jumps to its end, as if the call had been parked.
//!
//! Hooks run before and after every use of the store and inside every HTTP request. They get the platform itself, so a
//! hook can play another machine that writes between two steps, or fail the step. Hooks do not run for what hooks do.
#![expect(clippy::unwrap_used, clippy::new_without_default, reason = "a test that does not fit its fake fails")]

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use crate::{
    contract::{
        audit,
        call::Budget,
        http::{self, HttpError, Request, Response},
        log,
        storage::{Check, Entry, EntryPage, KeyPage, Op, Outcome, RangeOutcome, StorageError, Version},
        types::Body,
    },
    platform::{Auditor, Platform},
};

mod answer;
mod memory;

pub use answer::{lost, ok, path, query, status, unreached};
use memory::{Memory, Slot};

/// When the fake clock starts: some day in 2026.
pub const START_MS: u64 = 1_790_000_000_000;
/// What every fake call takes of memory.
pub const MEMORY_BYTES: u64 = 2 << 20;
/// What is about to be done, or was done, with the store.
#[derive(Clone, Copy, Debug)]
pub enum Touch<'a> {
    Read(&'a [String]),
    Scan(&'a str),
    Apply(&'a [Op]),
    DeleteRange(&'a str),
    Wait(&'a str),
}

impl Touch<'_> {
    /// Whether it concerns a key with this prefix.
    pub fn concerns(&self, prefix: &str) -> bool {
        let begins = |key: &str| key.starts_with(prefix);
        match self {
            Touch::Read(keys) => keys.iter().any(|key| begins(key)),
            Touch::Scan(key) | Touch::DeleteRange(key) | Touch::Wait(key) => begins(key),
            Touch::Apply(ops) => ops.iter().any(|op| match op {
                Op::Put(put) => begins(&put.key),
                Op::Delete(key) => begins(key),
                Op::Check(check) => begins(&check.key),
            }),
        }
    }

    /// Whether it is an `apply` that puts a key with this prefix.
    pub fn puts(&self, prefix: &str) -> bool {
        matches!(self, Touch::Apply(ops) if ops.iter().any(|op| matches!(op, Op::Put(put) if put.key.starts_with(prefix))))
    }
}

pub type Server = dyn Fn(&FakePlatform, &Request) -> Result<Response, HttpError>;
type Hook = dyn Fn(&FakePlatform, Touch<'_>) -> Result<(), StorageError>;

/// See the module.
pub struct FakePlatform {
    /// Every request, in order, also those that failed.
    pub requests: RefCell<Vec<Request>>,
    /// Every log line as one text, fields included.
    pub logs: RefCell<Vec<String>>,
    /// Every entry of the audit trail, in order.
    pub audit: RefCell<Vec<audit::Entry>>,
    /// Keys that were asked for, and rows that pages answered, so far.
    pub rows_read: Cell<usize>,
    /// Why the trail takes no entries, where it takes none.
    pub audit_failure: RefCell<Option<audit::Failure>>,
    now: Cell<u64>,
    ends_at: Cell<u64>,
    budget: Cell<Budget>,
    memory: RefCell<Memory>,
    chance: Cell<u64>,
    server: RefCell<Rc<Server>>,
    before: RefCell<Option<Rc<Hook>>>,
    after: RefCell<Option<Rc<Hook>>>,
    in_hook: Cell<bool>,
}

impl FakePlatform {
    /// An empty store, a server that nobody reaches, and a call with 60 s and plenty of everything else.
    pub fn new() -> Self {
        let fake = Self {
            requests: RefCell::default(),
            logs: RefCell::default(),
            audit: RefCell::default(),
            rows_read: Cell::default(),
            audit_failure: RefCell::default(),
            now: Cell::new(START_MS),
            ends_at: Cell::new(0),
            budget: Cell::new(Budget {
                wall_ms: 0,
                cpu_ms: 0,
                memory: 0,
                requests: 0,
                bytes_in: 0,
                bytes_out: 0,
                host_calls: 0,
                log_bytes: 0,
                parallelism: 0,
                largest_response: 0,
            }),
            memory: RefCell::default(),
            chance: Cell::new(1),
            server: RefCell::new(Rc::new(|_, _| Err(unreached(http::Failure::Connect)))),
            before: RefCell::default(),
            after: RefCell::default(),
            in_hook: Cell::new(false),
        };
        fake.set_budget(Budget {
            wall_ms: 60_000,
            cpu_ms: 10_000,
            memory: (128 << 20) - MEMORY_BYTES,
            requests: 10_000,
            bytes_in: 1 << 30,
            bytes_out: 1 << 30,
            host_calls: 200_000,
            log_bytes: 256 << 10,
            parallelism: 16,
            largest_response: 16 << 20,
        });
        fake
    }

    /// Answers every request from here on.
    pub fn serve(&self, server: impl Fn(&Request) -> Result<Response, HttpError> + 'static) {
        self.serve_with(move |_, request| server(request));
    }

    /// The same, for a server that also moves the clock or the store.
    pub fn serve_with(&self, server: impl Fn(&Self, &Request) -> Result<Response, HttpError> + 'static) {
        self.server.replace(Rc::new(server));
    }

    /// What answers now, for a server that answers some requests in its place.
    pub fn server(&self) -> Rc<Server> {
        self.server.borrow().clone()
    }

    /// Runs before every use of the store; an error becomes its result and nothing is done.
    pub fn before_storage(&self, hook: impl Fn(&Self, Touch<'_>) -> Result<(), StorageError> + 'static) {
        self.before.replace(Some(Rc::new(hook)));
    }

    /// Runs after every use of the store; an error becomes its result although it was done.
    pub fn after_storage(&self, hook: impl Fn(&Self, Touch<'_>) -> Result<(), StorageError> + 'static) {
        self.after.replace(Some(Rc::new(hook)));
    }

    /// Takes both hooks away.
    pub fn clear_hooks(&self) {
        self.before.replace(None);
        self.after.replace(None);
    }

    /// Begins a new call of the component with these limits; `wall_ms` counts from now.
    pub fn set_budget(&self, budget: Budget) {
        self.ends_at.set(self.now.get() + budget.wall_ms);
        self.budget.set(budget);
    }

    /// Lets time pass.
    pub fn advance_ms(&self, milliseconds: u64) {
        self.now.set(self.now.get() + milliseconds);
    }

    /// Sets the clock back, as another host's may be.
    pub fn set_back_ms(&self, milliseconds: u64) {
        self.now.set(self.now.get() - milliseconds);
    }

    /// The value of a key, if it is present.
    pub fn value(&self, key: &str) -> Option<String> {
        self.slot(key).map(|slot| slot.value)
    }

    /// Whether a present key is sealed.
    pub fn is_sealed(&self, key: &str) -> Option<bool> {
        self.slot(key).map(|slot| slot.sealed)
    }

    /// Milliseconds that a present key has left.
    pub fn ttl_ms(&self, key: &str) -> Option<u64> {
        self.slot(key)?.expires_at.map(|at| at - self.now.get())
    }

    /// All present keys with this prefix.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.memory.borrow().keys(prefix, self.now.get())
    }

    /// Paths of all requests so far.
    pub fn paths(&self) -> Vec<String> {
        self.requests.borrow().iter().map(path).collect()
    }

    /// How many requests went to a path below `/cgi-bin/`.
    pub fn count(&self, api: &str) -> usize {
        self.paths().iter().filter(|path| path.strip_prefix("/cgi-bin/") == Some(api)).count()
    }

    fn slot(&self, key: &str) -> Option<Slot> {
        self.memory.borrow().slot(key, self.now.get()).cloned()
    }

    fn count_read(&self, rows: usize) {
        self.rows_read.set(self.rows_read.get() + rows);
    }

    fn run(&self, hook: &RefCell<Option<Rc<Hook>>>, touch: Touch<'_>) -> Result<(), StorageError> {
        let hook = hook.borrow().clone();
        match hook {
            Some(hook) if !self.in_hook.get() => {
                self.in_hook.set(true);
                let result = hook(self, touch);
                self.in_hook.set(false);
                result
            }
            _ => Ok(()),
        }
    }

    fn hooked<T>(&self, touch: Touch<'_>, act: impl FnOnce() -> Result<T, StorageError>) -> Result<T, StorageError> {
        self.run(&self.before, touch)?;
        let done = act()?;
        self.run(&self.after, touch)?;
        Ok(done)
    }
}

impl Platform for FakePlatform {
    fn settings(&self) -> String {
        String::new()
    }

    fn remaining(&self) -> Budget {
        Budget { wall_ms: self.ends_at.get().saturating_sub(self.now.get()), ..self.budget.get() }
    }

    fn memory_bytes(&self) -> u64 {
        MEMORY_BYTES
    }

    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.requests.borrow_mut().push(request.clone());
        let mut budget = self.budget.get();
        let Some(requests) = budget.requests.checked_sub(1) else {
            return Err(unreached(http::Failure::BudgetExhausted));
        };
        budget.requests = requests;
        self.budget.set(budget);
        let server = self.server.borrow().clone();
        let response = server(self, request)?;
        let size = match &response.body {
            Body::Text(text) | Body::Base64(text) => text.len(),
            Body::Bytes(bytes) => bytes.len(),
        } as u64;
        let limit = request.max_bytes.map_or(budget.largest_response, |limit| limit.min(budget.largest_response));
        if size > limit {
            return Err(lost(http::Failure::TooLarge(limit)));
        }
        let mut budget = self.budget.get();
        let Some(bytes_in) = budget.bytes_in.checked_sub(size) else {
            return Err(lost(http::Failure::BudgetExhausted));
        };
        budget.bytes_in = bytes_in;
        self.budget.set(budget);
        Ok(response)
    }

    fn send_all(&self, requests: &[Request]) -> Vec<Result<Response, HttpError>> {
        requests.iter().map(|request| self.send(request)).collect()
    }

    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.count_read(keys.len());
        self.hooked(Touch::Read(keys), || self.memory.borrow().get_many(keys, self.now.get()))
    }

    fn scan(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> Result<EntryPage, StorageError> {
        let page =
            self.hooked(Touch::Scan(prefix), || self.memory.borrow().scan(prefix, after_key, limit, self.now.get()))?;
        self.count_read(page.entries.len());
        Ok(page)
    }

    fn scan_keys(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> Result<KeyPage, StorageError> {
        let page = self
            .hooked(Touch::Scan(prefix), || self.memory.borrow().scan_keys(prefix, after_key, limit, self.now.get()))?;
        self.count_read(page.keys.len());
        Ok(page)
    }

    fn delete_range(&self, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.hooked(Touch::DeleteRange(prefix), || {
            self.memory.borrow_mut().delete_range(prefix, checks, self.now.get())
        })
    }

    fn apply(&self, ops: &[Op]) -> Result<Outcome, StorageError> {
        self.hooked(Touch::Apply(ops), || self.memory.borrow_mut().apply(ops, self.now.get()))
    }

    fn wait(&self, key: &str, version: Option<Version>, timeout_ms: u32) -> Result<bool, StorageError> {
        self.hooked(Touch::Wait(key), || {
            memory::check_key(key)?;
            let slot = self.slot(key);
            if slot.as_ref().map(|slot| slot.version) != version {
                return Ok(true);
            }
            let timeout = (self.now.get() + u64::from(timeout_ms)).min(self.ends_at.get());
            let expiry = slot.and_then(|slot| slot.expires_at).unwrap_or(u64::MAX);
            self.now.set(timeout.min(expiry).max(self.now.get()));
            Ok(expiry <= timeout)
        })
    }

    fn now_ms(&self) -> u64 {
        self.now.get()
    }

    /// Different for every call, and the same in every run of a test.
    fn random(&self, buffer: &mut [u8]) {
        for byte in buffer {
            // SplitMix64: every step looks nothing like the one before.
            let step = self.chance.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.chance.set(step);
            let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 56) as u8;
        }
    }

    fn log(&self, level: log::Level, message: &str, fields: &[(&str, &str)]) {
        let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        self.logs.borrow_mut().push(format!("{level:?} {message}{fields}"));
    }
}

impl Auditor for FakePlatform {
    fn append_audit(&self, entries: &[audit::Entry]) -> Result<(), audit::Failure> {
        if let Some(failure) = self.audit_failure.borrow().clone() {
            return Err(failure);
        }
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let bytes = |entry: &audit::Entry| {
            entry.actor.len()
                + entry.action.len()
                + [&entry.subject, &entry.before, &entry.after].map(length).iter().sum::<usize>()
        };
        let is_sound = entries.len() <= 500
            && entries.iter().all(|entry| bytes(entry) <= 64 << 10)
            && entries.iter().map(bytes).sum::<usize>() <= 512 << 10;
        if !is_sound {
            return Err(audit::Failure::Invalid("too many entries, or too large ones".to_owned()));
        }
        self.audit.borrow_mut().extend_from_slice(entries);
        Ok(())
    }
}
