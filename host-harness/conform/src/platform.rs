//! The platform behind an element under examination: it watches what goes out and what is written, lets the vendor or the
//! store fail, and cuts calls off at a chosen operation.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
use url::{Url, form_urlencoded};

/// Texts shorter than this may stand anywhere by chance.
const SHORTEST_SECRET: usize = 8;
/// A field of a vendor's answer whose name ends so, without hyphens and underscores, has a secret as its value. The token of a
/// page is none.
const SECRET_NAMES: [&str; 5] = ["accesstoken", "refreshtoken", "idtoken", "ticket", "secret"];
/// What such a value is.
const TOKEN: &str = "a token or ticket of the vendor";
/// What a host puts in place of a secret begins so.
const PLACEHOLDER: &str = "secret://";

/// How the vendor behaves.
#[derive(Debug, Clone, Default)]
pub(super) enum VendorBehaviour {
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
}

/// One way of the vendor's API. Equal paths of two hosts are two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Scheme, host and port.
    pub(super) origin: String,
    pub(super) path: String,
}

impl Place {
    fn of(url: &Url) -> Self {
        Self { origin: url.origin().ascii_serialization(), path: url.path().to_owned() }
    }
}

#[derive(Default)]
struct State {
    behaviour: VendorBehaviour,
    store_fails: bool,
    /// And who is told when it comes.
    cut: Option<(Cut, Arc<Notify>)>,
    tally: Tally,
    /// Requests of the last step: those since something was written between two requests.
    step: u64,
    has_written: bool,
    /// Requests and operations of the store.
    operations: u64,
    /// So many requests pass, and one gets this instead of its answer.
    once: Option<(u64, VendorBehaviour)>,
    secrets: HashMap<String, &'static str>,
    /// Texts with the requests that carried them.
    watched: HashMap<String, u64>,
    codes: HashSet<String>,
    leaks: HashSet<String>,
    /// The namespace whose writes fail.
    unwritable: Option<Scope>,
    /// Requests that carry this are carried out, and their answers lost.
    losing: Option<String>,
    /// Requests without those that equal the one before.
    news: u64,
    /// Method, address and body of the last request.
    last: Option<(String, Url, Vec<u8>)>,
    /// Requests by their place.
    places: BTreeMap<Place, u64>,
    gets: BTreeSet<Place>,
    /// Method and place of requests that were answered with a token or ticket, or that carried a code.
    calls_for_secrets: BTreeSet<(String, Place)>,
    /// Names of parameters in which a token was sent.
    token_parameters: BTreeSet<String>,
}

impl Platform {
    pub(super) fn new(store: MemoryStorage) -> Self {
        Self { store, state: Mutex::default() }
    }

    pub(super) fn set_behaviour(&self, behaviour: VendorBehaviour) {
        self.state().behaviour = behaviour;
    }

    pub(super) fn let_store_fail(&self, fails: bool) {
        self.state().store_fails = fails;
    }

    /// From now on nothing can be written to this namespace; with nothing, to every one again.
    pub(super) fn let_writes_fail(&self, scope: Option<Scope>) {
        self.state().unwritable = scope;
    }

    /// The keys in a namespace which hold this text as a segment, or whose value holds it as a text of its own.
    pub(super) async fn holding(&self, scope: &Scope, text: &str) -> Result<Vec<String>, StorageError> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.store.scan(scope, "", after.as_deref(), u32::MAX).await?;
            after = page.entries.last().map(|entry| entry.key.clone());
            let is_held = |entry: &StoredEntry| holds(&entry.key, &entry.value, text);
            found.extend(page.entries.into_iter().filter(is_held).map(|entry| entry.key));
            if !page.more {
                return Ok(found);
            }
        }
    }

    /// Runs a call until it answers, or is cut off: then nothing.
    pub(super) async fn cut_off_at<T>(&self, cut: Cut, call: impl Future<Output = T>) -> Option<T> {
        // Of this cut alone: what is left of an earlier one tells nothing.
        let comes = Arc::new(Notify::new());
        self.state().cut = Some((cut, Arc::clone(&comes)));
        let answer = tokio::select! {
            biased;
            () = comes.notified() => None,
            answer = call => Some(answer),
        };
        self.state().cut = None;
        answer
    }

    /// Of the requests from now on one gets this, the first for 0; with nothing, none does any more.
    pub(super) fn set_behaviour_once(&self, behaviour: Option<(u64, VendorBehaviour)>) {
        self.state().once = behaviour;
    }

    /// Requests of the step that the element is at, or was at last. It ends where something was written and another request
    /// follows: until then what the requests brought may be written in several portions.
    pub(super) fn step(&self) -> u64 {
        self.state().step
    }

    /// Requests and operations of the store so far.
    pub(super) fn operations(&self) -> u64 {
        self.state().operations
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

    /// From now on requests that carry this login code are counted, and it must not show.
    pub(super) fn watch_code(&self, code: &str) {
        self.keep_secret("a login code", code);
        self.watch(code);
        self.state().codes.insert(code.to_owned());
    }

    /// From now on requests that carry this text are counted.
    pub(super) fn watch(&self, text: &str) {
        self.state().watched.insert(text.to_owned(), 0);
    }

    /// How many requests carried this text.
    pub(super) fn sendings(&self, text: &str) -> u64 {
        self.state().watched.get(text).copied().unwrap_or_default()
    }

    /// From now on the vendor takes requests that carry this text, and its answers to them are lost.
    pub(super) fn lose_answers_to(&self, text: Option<&str>) {
        self.state().losing = text.map(str::to_owned);
    }

    /// Requests so far, without those that equal the one before: whoever waits for the vendor's work asks the same again.
    pub(super) fn news(&self) -> u64 {
        self.state().news
    }

    /// How many requests went to this place.
    pub(super) fn calls_of(&self, place: &Place) -> u64 {
        self.state().places.get(place).copied().unwrap_or_default()
    }

    /// Places that were asked by GET, without those of [`Platform::calls_for_secrets`].
    pub(super) fn places_of_gets(&self) -> Vec<Place> {
        let state = self.state();
        let is_open = |place: &&Place| state.calls_for_secrets.iter().all(|(_, other)| other != *place);
        state.gets.iter().filter(is_open).cloned().collect()
    }

    /// Method and place of calls that were answered with a token or ticket, or that carried a login code.
    pub(super) fn calls_for_secrets(&self) -> Vec<(String, Place)> {
        self.state().calls_for_secrets.iter().cloned().collect()
    }

    /// Names of parameters in which a token of the vendor was sent.
    pub(super) fn token_parameters(&self) -> Vec<String> {
        self.state().token_parameters.iter().cloned().collect()
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
            state.operations += 1;
            match &mut state.cut {
                // Once: what else is under way then goes down with the call.
                Some((cut, _)) if cut.after == 0 => state.cut.take(),
                Some((cut, _)) => {
                    cut.after -= 1;
                    None
                }
                None => None,
            }
        };
        match cut {
            None => operation.await,
            Some((Cut { carried_out, .. }, comes)) => {
                if carried_out {
                    operation.await;
                }
                comes.notify_one();
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
            self.has_written = true;
            for (text, is_open) in [(&**key, true), (value, !sealed)] {
                // A placeholder at rest tells nothing: it is what a component got in place of a secret.
                let what = if is_open { self.revealed_by(&text.replace(PLACEHOLDER, "")) } else { None };
                self.leaks.extend(what.map(|what| format!("{what} stands unsealed under the key {key:?}")));
            }
        }
    }

    /// Notes a request. Answers whether its answer is to be lost.
    fn see(&mut self, method: &str, url: &Url, body: &[u8]) -> bool {
        self.tally.requests += 1;
        let request = (method.to_owned(), url.clone(), body.to_owned());
        self.news += u64::from(self.last.as_ref() != Some(&request));
        self.last = Some(request);
        self.step = if std::mem::take(&mut self.has_written) { 1 } else { self.step + 1 };
        let place = Place::of(url);
        *self.places.entry(place.clone()).or_default() += 1;
        if method == "GET" {
            self.gets.insert(place.clone());
        }
        let carries = |text: &str| {
            let holds = |bytes: &[u8]| memmem::find(bytes, text.as_bytes()).is_some();
            let in_query = url.query_pairs().any(|(_, value)| value == text);
            let in_form = form_urlencoded::parse(body).any(|(_, value)| value == text);
            in_query || in_form || holds(url.as_str().as_bytes()) || holds(body)
        };
        for (text, sendings) in &mut self.watched {
            *sendings += u64::from(carries(text));
        }
        if self.codes.iter().any(|code| carries(code)) {
            self.calls_for_secrets.insert((method.to_owned(), place));
        }
        let is_token = |value: &str| self.secrets.get(value).is_some_and(|what| *what == TOKEN);
        let sent = url.query_pairs().filter(|(_, value)| is_token(value)).map(|(name, _)| name.into_owned());
        self.token_parameters.extend(sent);
        self.losing.as_deref().is_some_and(carries)
    }

    /// What this request alone gets.
    fn behaviour_of_this(&mut self) -> Option<VendorBehaviour> {
        match &mut self.once {
            Some((0, _)) => self.once.take().map(|(_, behaviour)| behaviour),
            Some((passing, _)) => {
                *passing -= 1;
                None
            }
            None => None,
        }
    }

    /// Notes what a vendor's answer holds of secrets. Answers whether it holds any.
    fn listen(&mut self, body: &[u8]) -> bool {
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return false };
        let mut is_secret_told = false;
        let mut rest = vec![&value];
        while let Some(value) = rest.pop() {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        let name = name.to_lowercase().replace(['-', '_'], "");
                        let is_secret = name == "token" || SECRET_NAMES.iter().any(|end| name.ends_with(end));
                        match value.as_str() {
                            Some(text) if is_secret && text.len() >= SHORTEST_SECRET => {
                                self.secrets.insert(text.to_owned(), TOKEN);
                                is_secret_told = true;
                            }
                            _ => rest.push(value),
                        }
                    }
                }
                Value::Array(items) => rest.extend(items),
                _ => {}
            }
        }
        is_secret_told
    }
}

#[async_trait]
impl Hook for Platform {
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        let (behaviour, is_lost) = {
            let mut state = self.state();
            let is_lost = state.see(request.method().as_ref(), request.url(), request.body());
            (state.behaviour_of_this().unwrap_or_else(|| state.behaviour.clone()), is_lost)
        };
        match behaviour {
            VendorBehaviour::Itself => {
                let call = (request.method().to_string(), Place::of(request.url()));
                let answer = self.pass(next.run()).await;
                if let Ok(response) = &answer {
                    let mut state = self.state();
                    if state.listen(response.body.as_bytes()) {
                        state.calls_for_secrets.insert(call);
                    }
                }
                if is_lost { Err(silent()) } else { answer }
            }
            VendorBehaviour::Unreachable => {
                let message = "no connection to the vendor (examination)";
                Err(HttpError::before_sending(HttpFailure::Connect, message))
            }
            VendorBehaviour::Silent => Err(silent()),
            VendorBehaviour::Says { status, headers, body } => {
                Ok(Response { status, headers, body: Body::of(body.into_bytes(), BodyKind::Text) })
            }
        }
    }
}

/// Whether an entry of the store holds this text, whole: as a segment of its key, as a text of the JSON of its value, or, where
/// that is none, as a word of it. Keys of ids that ignore case may be in lower case.
fn holds(key: &str, value: &str, text: &str) -> bool {
    let in_json = serde_json::from_str::<Value>(value).ok().map(|value| {
        let mut rest = vec![&value];
        while let Some(value) = rest.pop() {
            match value {
                Value::String(found) if found == text => return true,
                Value::Array(items) => rest.extend(items),
                Value::Object(fields) if fields.contains_key(text) => return true,
                Value::Object(fields) => rest.extend(fields.values()),
                _ => {}
            }
        }
        false
    });
    is_word_of(&key.to_lowercase(), &text.to_lowercase()) || in_json.unwrap_or_else(|| is_word_of(value, text))
}

/// Whether a text stands somewhere with neither letters nor digits beside it, nor what ids have between them.
fn is_word_of(place: &str, text: &str) -> bool {
    let is_inside = |character: char| character.is_alphanumeric() || "-_.@".contains(character);
    place.match_indices(text).any(|(at, found)| {
        let before = place[..at].chars().next_back();
        let after = place[at + found.len()..].chars().next();
        ![before, after].into_iter().flatten().any(is_inside)
    })
}

fn silent() -> HttpError {
    HttpError::after_sending(HttpFailure::Timeout, "the vendor gave no answer in time (examination)")
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
        {
            let mut state = self.state();
            if state.unwritable.as_ref() == Some(scope) {
                return Err(StorageError::unavailable("nothing can be written here (examination)"));
            }
            state.notice(&ops);
        }
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

    #[test]
    fn a_text_is_held_whole_or_not_at_all() {
        for (key, value, is_held) in [
            ("m/anna", "{}", true),
            ("m/annabelle", "{}", false),
            ("x/d1/Anna", "", true),
            ("m/anna-2", "", false),
            ("f/12", r#"{"id":"anna"}"#, true),
            ("f/12", r#"{"of":["anna"]}"#, true),
            ("f/12", r#"{"anna":1}"#, true),
            ("f/12", r#"{"name":"Joanna","note":"anna left"}"#, false),
            ("remembered", "anna", true),
            ("remembered", "joanna", false),
        ] {
            assert_eq!(holds(key, value, "anna"), is_held, "{key} {value}");
        }
    }

    #[test]
    fn equal_paths_of_two_hosts_are_two_places() {
        let mut state = State::default();
        let [api, login] = ["https://api.example.com/token", "https://login.example.com/token"];
        for url in [api, login, api] {
            state.see("GET", &Url::parse(url).unwrap(), b"");
        }
        let calls: Vec<_> = state.places.iter().map(|(place, calls)| (&*place.origin, *calls)).collect();
        assert_eq!(calls, [("https://api.example.com", 2), ("https://login.example.com", 1)]);
    }

    #[test]
    fn whoever_waits_is_counted_once() {
        let mut state = State::default();
        let [job, other] =
            ["/job", "/other"].map(|path| Url::parse("https://api.example.com").unwrap().join(path).unwrap());
        for (url, body) in [(&job, "1"), (&job, "1"), (&job, "1"), (&job, "2"), (&other, "2"), (&job, "1")] {
            state.see("POST", url, body.as_bytes());
        }
        assert_eq!((state.tally.requests, state.news), (6, 4));
    }

    #[tokio::test]
    async fn a_cut_comes_once_and_not_for_a_later_call() {
        let platform = Platform::new(MemoryStorage::new(Default::default()));
        let both = async {
            tokio::join!(platform.pass(async {}), platform.pass(async {}));
        };
        assert_eq!(platform.cut_off_at(Cut { after: 0, carried_out: true }, both).await, None);
        let later = Cut { after: 9, carried_out: true };
        assert_eq!(platform.cut_off_at(later, platform.pass(async { "an answer" })).await, Some("an answer"));
    }
}
