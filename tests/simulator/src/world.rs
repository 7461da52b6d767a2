//! Everything the simulator knows, behind one lock: organisation, clock, credentials, faults, counters.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::behaviour::Behaviour;
use crate::clock::{Clock, UnixMillis};
use crate::corp::{Corp, Visible};
use crate::credentials::{Caller, Credentials};
use crate::export::Jobs;
use crate::faults::FaultBook;
use crate::log::Log;
use crate::message::{MediaStore, Messages, Pictures};
use crate::rates::Rates;

#[derive(Debug)]
pub(crate) struct World {
    corp: Arc<Corp>,
    pub(crate) clock: Clock,
    pub(crate) behaviour: Behaviour,
    pub(crate) credentials: Credentials,
    pub(crate) faults: FaultBook,
    pub(crate) rates: Rates,
    pub(crate) log: Log,
    pub(crate) random: fastrand::Rng,
    pub(crate) jobs: Jobs,
    pub(crate) messages: Messages,
    pub(crate) media: MediaStore,
    pub(crate) pictures: Pictures,
    /// Address of the simulator, such as `http://127.0.0.1:8080`.
    pub(crate) base_url: String,
    /// Ranges worked out for the present organisation.
    ranges: HashMap<Caller, Arc<Visible>>,
}

impl World {
    pub(crate) fn new(corp: Corp, clock: Clock, behaviour: Behaviour, base_url: String) -> Self {
        Self {
            corp: Arc::new(corp),
            clock,
            behaviour,
            credentials: Credentials::default(),
            faults: FaultBook::default(),
            rates: Rates::default(),
            log: Log::default(),
            random: fastrand::Rng::new(),
            jobs: Jobs::default(),
            messages: Messages::default(),
            media: MediaStore::default(),
            pictures: Pictures::default(),
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
