//! The platform behind an element under examination: it watches what goes out and what is written, lets the vendor or the
//! store fail, and cuts calls off at a chosen operation.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use organisation_host::{
    egress::{Body, BodyKind, Checked, Hook, HttpError, HttpFailure, Next, Response},
    storage::{MemoryStorage, Scope, Storage as _, StorageError, StoredEntry},
};
use tokio::sync::Notify;

mod holds;
mod state;
mod store;

use self::{
    holds::holds,
    state::{SHORTEST_SECRET, State},
};

pub(super) use self::state::Place;

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
pub(super) struct RequestCounts {
    /// Requests to the vendor.
    pub(super) requests: u64,
    /// Keys that were written or deleted.
    pub(super) writes: u64,
}

pub(super) struct Platform {
    store: MemoryStorage,
    state: Mutex<State>,
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

    pub(super) fn counts(&self) -> RequestCounts {
        self.state().counts
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

fn silent() -> HttpError {
    HttpError::after_sending(HttpFailure::Timeout, "the vendor gave no answer in time (examination)")
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
