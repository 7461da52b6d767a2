//! Whose code runs now: decisions only.
//!
//! A call has a slot of the processor while it is polled, and there are few slots. Who has none waits here, not in the
//! runtime's queue, which knows no tenants. A slot goes to the tenant that has used the least processor time, and a
//! call that runs is to give it up when a tenant that used less waits. So what a tenant's calls take from others does
//! not depend on how many they are, nor on what they do.
//!
//! A call gives its slot up between two instructions only, and one instruction may fill tens of MiB. So while several
//! tenants use the host, none has all slots: the last one is there for whoever comes.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    task::Waker,
    time::{Duration, Instant},
};

use super::Urgency;

/// How much more than the one who waits a tenant may have used before it has to give a slot up. Without it two that
/// have used the same would change places all the time.
pub(super) const LEAD: Duration = Duration::from_millis(1);
/// What a tenant that was idle has to its credit: its short calls, such as sign-ins, come before the long ones of
/// others.
const CREDIT: Duration = Duration::from_millis(4);
/// How long a tenant whose calls have ended counts as one that uses the host.
const RECENT: Duration = Duration::from_secs(10);
/// Ticks after which a slot that was given is taken back from a call that nobody polls.
const PATIENCE: u32 = 10;
/// Tenants without calls whose use is remembered; beyond these, who has used least is forgotten.
const MAX_IDLE: usize = 4_096;

/// The slots of a processor and the calls that want one.
#[derive(Debug)]
pub(super) struct CpuQueue {
    slots: u32,
    free: u32,
    /// Slots that a tenant may have now.
    limit: u32,
    /// Tenants with calls.
    active: usize,
    /// The two tenants whose calls began or ended last, and when.
    recent: [Option<(Arc<str>, Instant)>; 2],
    issued: u64,
    /// What the tenant had used that got a slot last: who comes back from being idle begins about there.
    floor: Duration,
    tenants: HashMap<Arc<str>, TenantCpu>,
    /// Tenants without calls that have used more than one that was idle is taken to have used, least used first.
    idle: BTreeSet<(Duration, Arc<str>)>,
    /// Tenants with calls that wait, least used first.
    order: BTreeSet<(Duration, Arc<str>)>,
    calls: HashMap<u64, Call>,
    running: Vec<u64>,
    /// Calls that have a slot and do not use it yet.
    given: Vec<u64>,
}

#[derive(Debug)]
struct TenantCpu {
    /// Processor time, divided by the tenant's weight.
    used: Duration,
    /// Calls, wherever they are. Without any the tenant is forgotten as soon as what it used makes no difference: else
    /// one whose calls are short and follow each other would begin anew each time.
    calls: u32,
    /// Calls that wait or run: without any the tenant is idle.
    busy: u32,
    /// Calls that have a slot.
    slots: u32,
    waiting: [VecDeque<u64>; 2],
}

#[derive(Debug)]
struct Call {
    tenant: Arc<str>,
    urgency: Urgency,
    weight: u32,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// It waits for something else.
    Parked,
    Waiting(Waker),
    Given {
        waker: Waker,
        ticks: u32,
    },
    Running {
        since: Instant,
    },
}

/// What became of a call that wants to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// It runs.
    Running,
    /// It is woken when it may run. Some call that runs should look whether it still may.
    Waiting { preempts: bool },
}

impl CpuQueue {
    pub(super) fn new(slots: u32) -> Self {
        Self {
            slots: slots.max(1),
            free: slots.max(1),
            limit: slots.max(1),
            active: 0,
            recent: [None, None],
            issued: 0,
            floor: CREDIT,
            tenants: HashMap::new(),
            idle: BTreeSet::new(),
            order: BTreeSet::new(),
            calls: HashMap::new(),
            running: Vec::new(),
            given: Vec::new(),
        }
    }

    /// Whether a slot is taken.
    pub(super) fn is_busy(&self) -> bool {
        self.running.len() + self.given.len() > 0
    }

    /// A call begins. The number names it from now on.
    pub(super) fn join(&mut self, tenant: &str, urgency: Urgency, weight: u32, now: Instant) -> u64 {
        let name = match self.tenants.get_key_value(tenant) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(tenant),
        };
        let cpu = self.tenants.entry(Arc::clone(&name)).or_insert_with(|| TenantCpu {
            used: Duration::ZERO,
            calls: 0,
            busy: 0,
            slots: 0,
            waiting: Default::default(),
        });
        if cpu.calls == 0 {
            self.idle.remove(&(cpu.used, Arc::clone(&name)));
            self.active += 1;
        }
        cpu.calls += 1;
        self.saw(&name, now);
        self.issued += 1;
        self.calls.insert(self.issued, Call { tenant: name, urgency, weight: weight.max(1), place: Place::Parked });
        self.issued
    }

    /// A call ends, wherever it is. Calls that get a slot thereby are woken by what this answers.
    pub(super) fn end(&mut self, number: u64, now: Instant) -> Vec<Waker> {
        let Some(call) = self.calls.remove(&number) else { return Vec::new() };
        let Some(cpu) = self.tenants.get_mut(&call.tenant) else { return Vec::new() };
        cpu.calls -= 1;
        match call.place {
            Place::Parked => {}
            Place::Waiting(_) => {
                cpu.busy -= 1;
                cpu.waiting[call.urgency as usize].retain(|waiting| *waiting != number);
                if !cpu.is_waiting() {
                    self.order.remove(&(cpu.used, Arc::clone(&call.tenant)));
                }
            }
            Place::Given { .. } | Place::Running { .. } => {
                cpu.busy -= 1;
                cpu.slots -= 1;
                self.given.retain(|given| *given != number);
                self.running.retain(|running| *running != number);
                self.free += 1;
            }
        }
        if cpu.calls == 0 {
            self.idle.insert((cpu.used, Arc::clone(&call.tenant)));
            self.active -= 1;
        }
        self.saw(&call.tenant, now);
        let woken = self.give();
        self.forget();
        woken
    }

    /// A call of this tenant began or ended.
    fn saw(&mut self, tenant: &Arc<str>, now: Instant) {
        let [last, before] = &mut self.recent;
        if last.as_ref().is_none_or(|(name, _)| name != tenant) {
            *before = last.take();
        }
        *last = Some((Arc::clone(tenant), now));
        self.limit_slots(now);
    }

    /// Sets how many slots a tenant may have: all, or one less where others use the host too or did a moment ago.
    fn limit_slots(&mut self, now: Instant) {
        let recent = self.recent.iter().flatten().filter(|(_, when)| now.saturating_duration_since(*when) < RECENT);
        let without_calls =
            recent.filter(|(tenant, _)| self.tenants.get(tenant).is_none_or(|cpu| cpu.calls == 0)).count();
        self.limit = match self.active + without_calls > 1 {
            true => (self.slots - 1).max(1),
            false => self.slots,
        };
    }

    /// Forgets tenants without calls that have used no more than one that was idle is taken to have used.
    fn forget(&mut self) {
        let least = self.floor.saturating_sub(CREDIT);
        while let Some((used, _)) = self.idle.first()
            && (*used <= least || self.idle.len() > MAX_IDLE)
            && let Some((_, tenant)) = self.idle.pop_first()
        {
            self.tenants.remove(&tenant);
        }
    }

    /// A call wants to run. It may ask again while it waits.
    pub(super) fn enter(&mut self, number: u64, waker: &Waker, now: Instant) -> Entered {
        let Some(call) = self.calls.get_mut(&number) else { return Entered::Running };
        match &mut call.place {
            Place::Running { .. } => return Entered::Running,
            Place::Given { .. } => {
                call.place = Place::Running { since: now };
                self.given.retain(|given| *given != number);
                self.running.push(number);
                return Entered::Running;
            }
            Place::Waiting(before) => {
                before.clone_from(waker);
                return Entered::Waiting { preempts: false };
            }
            Place::Parked => {}
        }
        let Some(cpu) = self.tenants.get_mut(&call.tenant) else { return Entered::Running };
        if cpu.busy == 0 {
            cpu.used = cpu.used.max(self.floor.saturating_sub(CREDIT));
        }
        cpu.busy += 1;
        let is_below_limit = cpu.slots < self.limit;
        // While a slot is free that the tenant may have, it does not wait.
        if is_below_limit && self.free > 0 {
            self.free -= 1;
            cpu.slots += 1;
            self.floor = self.floor.max(cpu.used);
            call.place = Place::Running { since: now };
            self.running.push(number);
            return Entered::Running;
        }
        let used = cpu.used;
        if is_below_limit && self.take_back_from(used) {
            let Some(call) = self.calls.get_mut(&number) else { return Entered::Running };
            if let Some(cpu) = self.tenants.get_mut(&call.tenant) {
                cpu.slots += 1;
            }
            call.place = Place::Running { since: now };
            self.running.push(number);
            return Entered::Running;
        }
        let Some(call) = self.calls.get_mut(&number) else { return Entered::Running };
        let Some(cpu) = self.tenants.get_mut(&call.tenant) else { return Entered::Running };
        call.place = Place::Waiting(waker.clone());
        cpu.waiting[call.urgency as usize].push_back(number);
        self.order.insert((used, Arc::clone(&call.tenant)));
        Entered::Waiting { preempts: self.running.iter().any(|number| self.must_leave(*number, now)) }
    }

    /// Takes the slot of a call that does not use it at this moment, where its tenant has used so much more than this.
    /// That call waits again, before others of its tenant.
    fn take_back_from(&mut self, used: Duration) -> bool {
        let is_ahead = |number: &u64| {
            let tenant = self.calls.get(number).and_then(|call| self.tenants.get(&call.tenant));
            tenant.is_some_and(|cpu| cpu.used > used + LEAD)
        };
        let Some(at) = self.given.iter().position(is_ahead) else { return false };
        let number = self.given.swap_remove(at);
        if let Some(call) = self.calls.get_mut(&number)
            && let Some(cpu) = self.tenants.get_mut(&call.tenant)
            && let Place::Given { waker, .. } = std::mem::replace(&mut call.place, Place::Parked)
        {
            call.place = Place::Waiting(waker);
            cpu.slots -= 1;
            cpu.waiting[call.urgency as usize].push_front(number);
            self.order.insert((cpu.used, Arc::clone(&call.tenant)));
        }
        true
    }

    /// A call that paused gives its slot to whoever is first, be it itself. Calls that get a slot are woken by what
    /// this answers.
    pub(super) fn give_way(&mut self, number: u64) -> Vec<Waker> {
        let Some(call) = self.calls.get_mut(&number) else { return Vec::new() };
        let Some(cpu) = self.tenants.get_mut(&call.tenant) else { return Vec::new() };
        match std::mem::replace(&mut call.place, Place::Parked) {
            Place::Given { waker, .. } => {
                call.place = Place::Waiting(waker);
                cpu.slots -= 1;
                cpu.waiting[call.urgency as usize].push_back(number);
                self.order.insert((cpu.used, Arc::clone(&call.tenant)));
                self.given.retain(|given| *given != number);
                self.free += 1;
                self.give()
            }
            other => {
                call.place = other;
                Vec::new()
            }
        }
    }

    /// Whether a call that runs has to give its slot up to one that waits.
    pub(super) fn must_leave(&self, number: u64, now: Instant) -> bool {
        let Some(call) = self.calls.get(&number) else { return false };
        let may_have_it = |tenant: &Arc<str>| *tenant == call.tenant || self.is_below_limit(tenant);
        let first = self.order.iter().find(|(_, tenant)| may_have_it(tenant));
        first.is_some_and(|(used, _)| self.is_ahead(number, *used, now))
    }

    fn is_below_limit(&self, tenant: &Arc<str>) -> bool {
        self.tenants.get(tenant).is_some_and(|cpu| cpu.slots < self.limit)
    }

    /// Whether this call runs and its tenant has used so much more than this.
    fn is_ahead(&self, number: u64, used: Duration, now: Instant) -> bool {
        let Some(call) = self.calls.get(&number) else { return false };
        let Place::Running { since } = call.place else { return false };
        let own = now.saturating_duration_since(since) / call.weight;
        self.tenants.get(&call.tenant).is_some_and(|cpu| cpu.used + own > used + LEAD)
    }

    /// A call stops running, and used so much time. Calls that get a slot are woken by what this answers.
    pub(super) fn leave(&mut self, number: u64, used: Duration) -> Vec<Waker> {
        let Some(call) = self.calls.get_mut(&number) else { return Vec::new() };
        if let Place::Running { .. } = call.place {
            call.place = Place::Parked;
            self.free += 1;
            self.running.retain(|running| *running != number);
            if let Some(cpu) = self.tenants.get_mut(&call.tenant) {
                cpu.busy -= 1;
                cpu.slots -= 1;
            }
            self.charge(number, used);
        }
        self.give()
    }

    /// A call gives way to others of the runtime for a moment, keeps its slot, and used so much time.
    pub(super) fn pause(&mut self, number: u64, used: Duration, waker: &Waker) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        if let Place::Running { .. } = call.place {
            call.place = Place::Given { waker: waker.clone(), ticks: 0 };
            self.running.retain(|running| *running != number);
            self.given.push(number);
            self.charge(number, used);
        }
    }

    fn charge(&mut self, number: u64, used: Duration) {
        let Some(call) = self.calls.get(&number) else { return };
        let Some(cpu) = self.tenants.get_mut(&call.tenant) else { return };
        let is_waiting = self.order.remove(&(cpu.used, Arc::clone(&call.tenant)));
        cpu.used += used / call.weight;
        if is_waiting {
            self.order.insert((cpu.used, Arc::clone(&call.tenant)));
        }
    }

    /// Takes slots back from calls that were given one long ago and do not use it: whoever has them looks elsewhere.
    /// Such a call waits again. Looks as well who uses the host.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<Waker> {
        self.limit_slots(now);
        let mut late = Vec::new();
        for number in &self.given {
            if let Some(Call { place: Place::Given { ticks, .. }, .. }) = self.calls.get_mut(number) {
                *ticks += 1;
                if *ticks > PATIENCE {
                    late.push(*number);
                }
            }
        }
        if self.order.is_empty() {
            return Vec::new();
        }
        for number in late {
            let Some(call) = self.calls.get_mut(&number) else { continue };
            let Some(cpu) = self.tenants.get_mut(&call.tenant) else { continue };
            if let Place::Given { waker, .. } = std::mem::replace(&mut call.place, Place::Parked) {
                call.place = Place::Waiting(waker);
                // What it did not use counts, or it would be the next one again.
                self.order.remove(&(cpu.used, Arc::clone(&call.tenant)));
                cpu.used += LEAD * PATIENCE;
                cpu.slots -= 1;
                cpu.waiting[call.urgency as usize].push_back(number);
                self.order.insert((cpu.used, Arc::clone(&call.tenant)));
                self.given.retain(|given| *given != number);
                self.free += 1;
            }
        }
        self.give()
    }

    /// Gives free slots to those who wait and may have one.
    fn give(&mut self) -> Vec<Waker> {
        let mut woken = Vec::new();
        while self.free > 0
            && let Some(first) = self.order.iter().find(|(_, tenant)| self.is_below_limit(tenant)).cloned()
        {
            self.order.remove(&first);
            let (used, tenant) = first;
            let Some(cpu) = self.tenants.get_mut(&tenant) else { continue };
            let [interactive, background] = &mut cpu.waiting;
            let Some(number) = interactive.pop_front().or_else(|| background.pop_front()) else { continue };
            cpu.slots += 1;
            if cpu.is_waiting() {
                self.order.insert((used, tenant));
            }
            if let Some(call) = self.calls.get_mut(&number)
                && let Place::Waiting(waker) = std::mem::replace(&mut call.place, Place::Parked)
            {
                woken.push(waker.clone());
                call.place = Place::Given { waker, ticks: 0 };
                self.given.push(number);
                self.free -= 1;
                self.floor = self.floor.max(used);
            }
        }
        woken
    }
}

impl TenantCpu {
    fn is_waiting(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.is_empty())
    }
}

#[cfg(test)]
mod tests;
