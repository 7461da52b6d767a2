//! The control handle: how a test, the demo or the console plays the organisation, the administrator and the fates.
//! Cheap to clone, synchronous, usable from any thread.

mod approvals;
mod callbacks;
mod look;
mod messages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use messages::CardPress;

use crate::behaviour::Behaviour;
use crate::clock::UnixMillis;
use crate::corp::{App, Corp, CorpError, SensitiveField};
use crate::credentials::{Caller, Visitor};
use crate::faults::{Fault, FaultId};
use crate::log::{ApiCount, LogEntry};
use crate::secret::{Secret, random_text};
use crate::tickets::Page;
use crate::truth::Truth;
use crate::world::Shared;

/// A code to issue without going through a page.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    /// Whom it stands for.
    pub visitor: Visitor,
    /// The app the sign-in address would have named.
    pub app: Option<u64>,
    /// Host (and port) of the redirect address.
    pub redirect_host: String,
    /// Consented fields, as after `snsapi_privateinfo`; `None` as after `snsapi_base`.
    pub consent: Option<BTreeSet<SensitiveField>>,
}

/// Reads and changes a running simulator.
#[derive(Clone, Debug)]
pub struct Control(pub(crate) Shared);

impl Control {
    /// The organisation as it is now. A later change leaves this copy alone.
    pub fn corp(&self) -> Arc<Corp> {
        self.0.lock().corp().clone()
    }

    /// Reads the organisation.
    pub fn read<T>(&self, read: impl FnOnce(&Corp) -> T) -> T {
        read(self.0.lock().corp())
    }

    /// Changes the organisation. The next request sees the change, and whoever has a callback address hears of it.
    /// `change` must not use this handle.
    pub fn change<T>(&self, change: impl FnOnce(&mut Corp) -> T) -> T {
        self.0.lock().change(change)
    }

    /// What a complete synchronisation of an app must end with.
    ///
    /// # Errors
    /// App unknown.
    pub fn truth(&self, app: u64) -> Result<Truth, CorpError> {
        let corp = self.corp();
        Ok(Truth::of(&corp, corp.app(app).ok_or(CorpError::AppUnknown(app))?))
    }

    /// Changes quirks, switches, limits and latency.
    pub fn configure<T>(&self, change: impl FnOnce(&mut Behaviour) -> T) -> T {
        change(&mut self.0.lock().behaviour)
    }

    /// Simulated time.
    pub fn now(&self) -> UnixMillis {
        self.0.lock().now()
    }

    /// Moves simulated time forward.
    pub fn advance(&self, by: Duration) {
        let mut world = self.0.lock();
        world.clock.advance(by);
        let now = world.now();
        world.jobs.sweep(now);
        world.announce_jobs();
    }

    /// Stops simulated time where it is.
    pub fn freeze_clock(&self) {
        self.0.lock().clock.freeze();
    }

    /// Lets a stopped clock run on.
    pub fn thaw_clock(&self) {
        self.0.lock().clock.thaw();
    }

    /// Every token issued so far answers 40014 from now on.
    pub fn revoke_tokens(&self) {
        self.0.lock().credentials.revoke(None);
    }

    /// Every token issued so far is expired from now on.
    pub fn expire_tokens(&self) {
        let mut world = self.0.lock();
        let now = world.now();
        world.credentials.expire(now);
    }

    /// Gives an app another secret, as the console's button does: the old one and its tokens stop working at once.
    ///
    /// # Errors
    /// App unknown.
    pub fn reset_secret(&self, app: u64) -> Result<Secret, CorpError> {
        let mut world = self.0.lock();
        let secret = Secret::new(random_text(&mut world.random, 43));
        world.corp_mut().update_app(app, |app: &mut App| app.secret = secret.clone())?;
        world.credentials.revoke(Some(Caller::App(app)));
        Ok(secret)
    }

    /// Arms a fault.
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.0.lock().faults.inject(fault)
    }

    /// How often an armed fault has struck.
    pub fn struck(&self, fault: FaultId) -> u64 {
        self.0.lock().faults.struck(fault)
    }

    /// Disarms one fault.
    pub fn remove_fault(&self, fault: FaultId) {
        self.0.lock().faults.remove(fault);
    }

    /// Disarms all faults and lifts every block.
    pub fn clear_faults(&self) {
        let mut world = self.0.lock();
        world.faults.clear();
        world.rates.reset();
    }

    /// The most recent requests, oldest first.
    pub fn requests(&self) -> Vec<LogEntry> {
        self.0.lock().log.entries()
    }

    /// Totals by API (`user/list`).
    pub fn counts(&self) -> BTreeMap<String, ApiCount> {
        self.0.lock().log.counts()
    }

    /// Totals of one API (`user/list`).
    pub fn count(&self, api: &str) -> ApiCount {
        self.0.lock().log.count(api)
    }

    /// Forgets the log and the totals.
    pub fn reset_log(&self) {
        self.0.lock().log.reset();
    }

    /// The signature WeCom expects of a page that uses the JS-SDK: with the ticket of the corp (`wx.config`), or with the
    /// one of an app (`wx.agentConfig`). `timestamp` is in seconds; the fragment of `url` does not count. `None` while
    /// nobody has fetched that ticket, or it has expired.
    pub fn js_signature(&self, app: Option<u64>, nonce: &str, timestamp: u64, url: &str) -> Option<String> {
        let world = self.0.lock();
        world.tickets.sign(app, &Page { nonce, timestamp, url }, world.now())
    }

    /// Issues a login code as the pages do, without a page. Nothing is checked.
    pub fn issue_code(&self, request: CodeRequest) -> Secret {
        let mut world = self.0.lock();
        let now = world.now();
        let CodeRequest { visitor, app, redirect_host, consent } = request;
        let world = &mut *world;
        world.credentials.issue_code(visitor, app, redirect_host, consent, (now, &mut world.random))
    }
}
