//! The platform behind an element under examination: it watches what goes out and what is written, lets the vendor or the
//! store fail, and cuts calls off at a chosen operation.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use memchr::memmem;
use organisation_host::{
    egress::{Body, BodyKind, Checked, Hook, HttpError, HttpFailure, Next, Response},
    storage::{
        ApplyOutcome, Check, FingerprintKey, KeyPage, MemoryStorage, Op, Page, RangeOutcome, Scope, Snapshot, Storage,
        StorageError, StoredEntry, Usage,
    },
};
use serde_json::Value;
use tokio::sync::Notify;
use url::form_urlencoded;

/// Texts shorter than this may stand anywhere by chance.
const SHORTEST_SECRET: usize = 8;
/// A field of a vendor's answer whose name ends so, without hyphens and underscores, has a secret as its value. The token of a
/// page is none.
const SECRET_NAMES: [&str; 5] = ["accesstoken", "refreshtoken", "idtoken", "ticket", "secret"];
/// What a host puts in place of a secret begins so.
const PLACEHOLDER: &str = "secret://";

/// How the vendor behaves.
#[derive(Debug, Clone, Default)]
pub(super) enum VendorMood {
    /// As it is.
    #[default]
    Itself,
    /// There is no connection to it.
    Unreachable,
    /// It takes a request and gives no answer.
    Silent,
    /// It says this, whatever it is asked.
    Says { status: u16, headers: Vec<(String, String)>, body: String },
}

/// Where a call is cut off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// So many operations pass before it.
    pub(super) after: u64,
    /// Whether the operation at which it is cut off is carried out.
    pub(super) carried_out: bool,
}

/// What went over the border so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Requests to the vendor.
    pub(super) requests: u64,
    /// Keys that were written or deleted.
    pub(super) writes: u64,
}

pub(super) struct Platform {
    store: MemoryStorage,
    state: Mutex<State>,
    cut_off: Notify,
}

#[derive(Default)]
struct State {
    mood: VendorMood,
    store_fails: bool,
    cut: Option<Cut>,
    tally: Tally,
    secrets: HashMap<String, &'static str>,
    /// Codes with the requests that carried them.
    codes: HashMap<String, u64>,
    leaks: HashSet<String>,
}

impl Platform {
    pub(super) fn new(store: MemoryStorage) -> Self {
        Self { store, state: Mutex::default(), cut_off: Notify::new() }
    }

    pub(super) fn set_mood(&self, mood: VendorMood) {
        self.state().mood = mood;
    }

    pub(super) fn let_store_fail(&self, fails: bool) {
        self.state().store_fails = fails;
    }

    /// Runs a call until it answers, or is cut off: then nothing.
    pub(super) async fn cut_off_at<T>(&self, cut: Cut, call: impl Future<Output = T>) -> Option<T> {
        self.state().cut = Some(cut);
        let answer = tokio::select! {
            biased;
            () = self.cut_off.notified() => None,
            answer = call => Some(answer),
        };
        self.state().cut = None;
        answer
    }

    pub(super) fn tally(&self) -> Tally {
        self.state().tally
    }

    /// From now on this text must not show.
    pub(super) fn keep_secret(&self, what: &'static str, value: &str) {
        if value.len() >= SHORTEST_SECRET {
            self.state().secrets.insert(value.to_owned(), what);
        }
    }

    /// From now on requests that carry this login code are counted.
    pub(super) fn watch_code(&self, code: &str) {
        self.keep_secret("a login code", code);
        self.state().codes.insert(code.to_owned(), 0);
    }

    /// How many requests carried this login code.
    pub(super) fn sendings(&self, code: &str) -> u64 {
        self.state().codes.get(code).copied().unwrap_or_default()
    }

    /// What a text shows that it must not.
    pub(super) fn revealed_by(&self, text: &str) -> Option<&'static str> {
        self.state().revealed_by(text)
    }

    /// Unsealed values that hold a secret, since this was asked last.
    pub(super) fn take_leaks(&self) -> Vec<String> {
        self.state().leaks.drain().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counters and sets: nothing that happens under the lock leaves them torn.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out one operation, or never returns from it.
    async fn pass<T>(&self, operation: impl Future<Output = T>) -> T {
        let cut = {
            let mut state = self.state();
            match &mut state.cut {
                Some(cut) if cut.after == 0 => Some(*cut),
                Some(cut) => {
                    cut.after -= 1;
                    None
                }
                None => None,
            }
        };
        match cut {
            None => operation.await,
            Some(Cut { carried_out, .. }) => {
                if carried_out {
                    operation.await;
                }
                self.cut_off.notify_one();
                std::future::pending().await
            }
        }
    }

    /// One operation of the store.
    async fn stored<T>(&self, operation: impl Future<Output = Result<T, StorageError>>) -> Result<T, StorageError> {
        if self.state().store_fails {
            return Err(StorageError::unavailable("the store is not there (examination)"));
        }
        self.pass(operation).await
    }
}

impl State {
    fn revealed_by(&self, text: &str) -> Option<&'static str> {
        if text.contains(PLACEHOLDER) {
            return Some("a placeholder");
        }
        let shows = |secret: &str| text.contains(secret) || text.contains(&*secret.escape_debug().to_string());
        self.secrets.iter().find_map(|(secret, what)| shows(secret).then_some(*what))
    }

    fn notice(&mut self, ops: &[Op]) {
        for op in ops {
            let (key, value, sealed) = match op {
                Op::Put { key, value, sealed, .. } => (key, &**value, *sealed),
                Op::Delete { key } => (key, "", true),
                Op::Check { .. } => continue,
            };
            self.tally.writes += 1;
            for (text, is_open) in [(&**key, true), (value, !sealed)] {
                // A placeholder at rest tells nothing: it is what a component got in place of a secret.
                let what = if is_open { self.revealed_by(&text.replace(PLACEHOLDER, "")) } else { None };
                self.leaks.extend(what.map(|what| format!("{what} stands unsealed under the key {key:?}")));
            }
        }
    }

    /// Notes what a vendor's answer holds of secrets.
    fn listen(&mut self, body: &[u8]) {
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
        let mut rest = vec![&value];
        while let Some(value) = rest.pop() {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        let name = name.to_lowercase().replace(['-', '_'], "");
                        let is_secret = name == "token" || SECRET_NAMES.iter().any(|end| name.ends_with(end));
                        match value.as_str() {
                            Some(text) if is_secret && text.len() >= SHORTEST_SECRET => {
                                self.secrets.insert(text.to_owned(), "a token or ticket of the vendor");
                            }
                            _ => rest.push(value),
                        }
                    }
                }
                Value::Array(items) => rest.extend(items),
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Hook for Platform {
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        let mood = {
            let mut state = self.state();
            state.tally.requests += 1;
            let (url, body) = (request.url(), request.body());
            for (code, sendings) in &mut state.codes {
                let carries = |text: &[u8]| memmem::find(text, code.as_bytes()).is_some();
                let in_query = url.query_pairs().any(|(_, value)| value == *code);
                let in_form = form_urlencoded::parse(body).any(|(_, value)| value == *code);
                *sendings += u64::from(in_query || in_form || carries(url.as_str().as_bytes()) || carries(body));
            }
            state.mood.clone()
        };
        match mood {
            VendorMood::Itself => {
                let answer = self.pass(next.run()).await;
                if let Ok(response) = &answer {
                    self.state().listen(response.body.as_bytes());
                }
                answer
            }
            VendorMood::Unreachable => {
                let message = "no connection to the vendor (examination)";
                Err(HttpError::before_sending(HttpFailure::Connect, message))
            }
            VendorMood::Silent => {
                let message = "the vendor gave no answer in time (examination)";
                Err(HttpError::after_sending(HttpFailure::Timeout, message))
            }
            VendorMood::Says { status, headers, body } => {
                Ok(Response { status, headers, body: Body::of(body.into_bytes(), BodyKind::Text) })
            }
        }
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for Platform {
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        self.stored(self.store.get_many(scope, keys)).await
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        self.stored(self.store.scan(scope, prefix, after, limit)).await
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        self.state().notice(&ops);
        self.stored(self.store.apply(scope, ops)).await
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        self.stored(self.store.scan_keys(scope, prefix, after, limit)).await
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.state().tally.writes += 1;
        self.stored(self.store.delete_range(scope, prefix, checks)).await
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        self.stored(self.store.wait(scope, key, version, timeout)).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        self.store.usage(scope).await
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        self.store.delete_scope(scope).await
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.store.fingerprint_key()
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        self.store.scopes(tenant).await
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        self.store.snapshot(scope).await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_secrets_and_cursors_of_pages_are_not() {
        for (field, is_secret) in [
            ("access_token", true),
            ("refreshToken", true),
            ("token", true),
            ("user_ticket", true),
            ("client-secret", true),
            ("page_token", false),
            ("nextPageToken", false),
            ("secretary", false),
            ("token_type", false),
        ] {
            let mut state = State::default();
            state.listen(format!(r#"{{"data":[{{"{field}":"zhangsan1"}}]}}"#).as_bytes());
            assert_eq!(state.revealed_by("member zhangsan1").is_some(), is_secret, "{field}");
        }
        assert_eq!(State::default().revealed_by("secret://secret?v=1"), Some("a placeholder"));
    }
}
