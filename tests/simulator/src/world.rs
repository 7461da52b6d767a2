//! Everything the simulator knows, behind one lock: organisation, clock, credentials, faults, counters.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::approval::{Approvals, Change, Submission, Template, event};
use crate::behaviour::Behaviour;
use crate::callback::{CallbackError, CardAt, DeliveryId, Event, Outbox, Receiver, contact_events, range_events};
use crate::calls::Calls;
use crate::clock::{Clock, UnixMillis};
use crate::corp::{Corp, Visible};
use crate::credentials::{Caller, Credentials};
use crate::export::Jobs;
use crate::faults::FaultBook;
use crate::log::Log;
use crate::message::{MediaStore, Messages, Pictures};
use crate::pages::Scans;
use crate::rates::Rates;
use crate::snapshots::Snapshots;
use crate::tickets::Tickets;

#[derive(Debug)]
pub(crate) struct World {
    corp: Arc<Corp>,
    pub(crate) clock: Clock,
    pub(crate) behaviour: Behaviour,
    pub(crate) credentials: Credentials,
    pub(crate) faults: FaultBook,
    pub(crate) rates: Rates,
    pub(crate) log: Log,
    pub(crate) calls: Calls,
    pub(crate) random: fastrand::Rng,
    pub(crate) jobs: Jobs,
    pub(crate) messages: Messages,
    pub(crate) media: MediaStore,
    pub(crate) pictures: Pictures,
    pub(crate) outbox: Outbox,
    pub(crate) tickets: Tickets,
    pub(crate) approvals: Approvals,
    pub(crate) scans: Scans,
    pub(crate) snapshots: Snapshots,
    /// Address of the simulator, such as `http://127.0.0.1:8080`.
    pub(crate) base_url: String,
    /// Ranges worked out for the present organisation.
    ranges: HashMap<Caller, Arc<Visible>>,
}

impl World {
    pub(crate) fn new(corp: Corp, clock: Clock, behaviour: Behaviour, base_url: String) -> Self {
        let corp = Arc::new(corp);
        Self {
            corp: corp.clone(),
            clock,
            behaviour: behaviour.clone(),
            credentials: Credentials::default(),
            faults: FaultBook::default(),
            rates: Rates::default(),
            log: Log::default(),
            calls: Calls::default(),
            scans: Scans::default(),
            snapshots: Snapshots::new(corp.clone(), behaviour.clone()),
            random: fastrand::Rng::new(),
            jobs: Jobs::default(),
            messages: Messages::default(),
            media: MediaStore::default(),
            pictures: Pictures::default(),
            outbox: Outbox::default(),
            tickets: Tickets::default(),
            approvals: Approvals::default(),
            base_url,
            ranges: HashMap::new(),
        }
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    pub(crate) fn corp(&self) -> &Arc<Corp> {
        &self.corp
    }

    /// The organisation for a change. Answers that are being written keep the one they started with.
    pub(crate) fn corp_mut(&mut self) -> &mut Corp {
        self.ranges.clear();
        Arc::make_mut(&mut self.corp)
    }

    /// Changes the organisation and tells whoever listens. Without a listener nothing is compared.
    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&mut Corp) -> T) -> T {
        let contacts = Receiver::Contacts.settings(&self.corp).is_some();
        let before = (contacts || self.corp.apps().any(|app| app.callback.is_some())).then(|| self.corp.clone());
        let result = change(self.corp_mut());
        let Some(before) = before else { return result };
        let after = self.corp.clone();
        let mut told = Vec::new();
        for app in after.apps().filter(|app| app.enabled && app.callback.is_some()) {
            told.extend(range_events(&before, &after, app).into_iter().map(|event| (Receiver::App(app.id), event)));
        }
        if contacts {
            let events = contact_events(&before, &after, &self.behaviour.callbacks);
            told.extend(events.into_iter().map(|event| (Receiver::Contacts, event)));
        }
        for (receiver, event) in told {
            // A receiver whose address is malformed hears nothing, as one without an address.
            let _ = self.emit_about(receiver, &event, None);
        }
        result
    }

    /// Prepares a delivery without sending it.
    pub(crate) fn prepare(
        &mut self,
        receiver: Receiver,
        event: &Event,
        card: Option<CardAt>,
    ) -> Result<DeliveryId, CallbackError> {
        let now = self.now();
        let about = (receiver, event, card);
        self.outbox.prepare(&self.corp, about, &self.behaviour.callbacks, (now, &mut self.random))
    }

    /// Queues an event, as often as duplicates were asked for.
    pub(crate) fn emit_about(
        &mut self,
        receiver: Receiver,
        event: &Event,
        card: Option<CardAt>,
    ) -> Result<DeliveryId, CallbackError> {
        let id = self.prepare(receiver, event, card)?;
        self.outbox.queue(id);
        for _ in 0..self.behaviour.callbacks.duplicates {
            if let Some(again) = self.outbox.again(id) {
                self.outbox.queue(again);
            }
        }
        Ok(id)
    }

    /// Another organisation in place of the present one; whoever listens is told of the difference.
    pub(crate) fn replace_corp(&mut self, corp: &Corp) {
        self.change(|present| present.clone_from(corp));
    }

    /// Everything as it was at the start, but for the clock, which never turns back, and the snapshots.
    pub(crate) fn reset(&mut self) {
        self.corp = self.snapshots.start().clone();
        self.ranges.clear();
        self.behaviour = self.snapshots.behaviour().clone();
        self.credentials = Credentials::default();
        self.faults.clear();
        self.rates = Rates::default();
        self.log.reset();
        self.calls.clear();
        self.jobs = Jobs::default();
        self.messages = Messages::default();
        self.media = MediaStore::default();
        self.pictures = Pictures::default();
        self.outbox.clear();
        self.tickets = Tickets::default();
        self.approvals = Approvals::default();
        self.scans = Scans::default();
    }

    /// Takes a request in; answers its number.
    pub(crate) fn submit_approval(&mut self, template: &Template, submission: Submission) -> String {
        let now = self.now();
        self.approvals.submit(template, submission, now)
    }

    /// Tells every app that may use approvals and sees the applicant what happened to a request.
    pub(crate) fn tell_approval(&mut self, number: &str, change: Change) {
        let Some(approval) = self.approvals.request(number) else { return };
        let (event, corp) = (event(approval, change), self.corp.clone());
        let Some(applicant) = corp.member(&approval.applicant) else { return };
        for app in corp.apps().filter(|app| app.enabled && app.approvals && app.callback.is_some()) {
            if self.range(Caller::App(app.id)).is_some_and(|range| range.member(applicant)) {
                // A receiver whose address is malformed hears nothing, as one without an address.
                let _ = self.emit_about(Receiver::App(app.id), &event, None);
            }
        }
    }

    /// Tells the callers of exports which jobs have ended since.
    pub(crate) fn announce_jobs(&mut self) {
        let now = self.now();
        for ended in self.jobs.ended(now) {
            let Caller::App(app) = ended.caller else { continue };
            let (code, text) = if ended.failed { (-1_i64, "system error") } else { (0, "ok") };
            let job = vec![
                ("JobId", ended.id.into()),
                ("JobType", ended.kind.into()),
                ("ErrCode", code.into()),
                ("ErrMsg", text.into()),
            ];
            // An app without an address asks for the result instead.
            let _ =
                self.emit_about(Receiver::App(app), &Event::new("batch_job_result", "sys").with("BatchJob", job), None);
        }
    }

    /// What a caller sees, worked out once per state of the organisation. An unknown app sees nothing.
    pub(crate) fn range(&mut self, caller: Caller) -> Option<Arc<Visible>> {
        if let Some(range) = self.ranges.get(&caller) {
            return Some(range.clone());
        }
        let range = Arc::new(match caller {
            Caller::App(id) => Visible::of(&self.corp, self.corp.app(id)?),
            Caller::ContactSync => Visible::everything(&self.corp),
        });
        self.ranges.insert(caller, range.clone());
        Some(range)
    }
}

/// The world, shared by the server and the control handles.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// Locks the world. A panic in a test's closure must not silence the simulator, so poison is ignored.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
