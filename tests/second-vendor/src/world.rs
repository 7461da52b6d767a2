//! Everything that the service knows at one moment.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    clock::Clock,
    control::{Answer, Route},
    organisation::Organisation,
};

/// Milliseconds that a token lives.
pub(crate) const TOKEN_LIFE_MS: u64 = 60 * 60 * 1_000;
/// Milliseconds that a login code lives.
const CODE_LIFE_MS: u64 = 5 * 60 * 1_000;

/// Shared by all connections and the control handle.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<World>>);

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) organisation: Organisation,
    pub(crate) clock: Clock,
    pub(crate) page_size: usize,
    pub(crate) latency: Duration,
    pub(crate) faults: Vec<Fault>,
    pub(crate) counts: BTreeMap<Route, u64>,
    /// Tokens with the time at which each ends.
    tokens: BTreeMap<String, u64>,
    /// Codes with whom each stands for and when it ends.
    codes: BTreeMap<String, (String, u64)>,
    random: fastrand::Rng,
}

/// An answer that waits for its call.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) route: Route,
    /// Calls of the route that pass before.
    pub(crate) after: u64,
    pub(crate) answer: Answer,
}

impl Shared {
    pub(crate) fn new(organisation: Organisation, clock: Clock, page_size: usize) -> Self {
        Self(Arc::new(Mutex::new(World {
            organisation,
            clock,
            page_size,
            latency: Duration::ZERO,
            faults: Vec::new(),
            counts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            codes: BTreeMap::new(),
            random: fastrand::Rng::new(),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        // A test that panicked with the lock has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Counts a call, and takes the answer out that a test has put there for it.
    pub(crate) fn count(&mut self, route: Route) -> Option<Answer> {
        *self.counts.entry(route).or_default() += 1;
        let mut due = None;
        for (index, fault) in self.faults.iter_mut().enumerate().filter(|(_, fault)| fault.route == route) {
            match fault.after.checked_sub(1) {
                Some(left) => fault.after = left,
                None => due = due.or(Some(index)),
            }
        }
        due.map(|index| self.faults.remove(index).answer)
    }

    pub(crate) fn issue_token(&mut self) -> String {
        let token = self.random_text();
        self.tokens.insert(token.clone(), self.clock.now() + TOKEN_LIFE_MS);
        token
    }

    pub(crate) fn knows_token(&self, token: &str) -> bool {
        self.tokens.get(token).is_some_and(|ends| *ends > self.clock.now())
    }

    pub(crate) fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(crate) fn issue_code(&mut self, person: &str) -> String {
        let code = self.random_text();
        self.codes.insert(code.clone(), (person.to_owned(), self.clock.now() + CODE_LIFE_MS));
        code
    }

    /// Who stands behind a code, which is spent by this.
    pub(crate) fn spend_code(&mut self, code: &str) -> Option<String> {
        let (person, ends) = self.codes.remove(code)?;
        let may_enter = self.organisation.people.get(&person).is_some_and(|person| person.state.may_sign_in());
        (ends > self.clock.now() && may_enter).then_some(person)
    }

    fn random_text(&mut self) -> String {
        (0..32).map(|_| self.random.alphanumeric()).collect()
    }
}
