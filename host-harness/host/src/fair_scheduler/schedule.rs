//! Whose call is next: decisions only.
//!
//! Two lanes, [`Urgency::Interactive`] before [`Urgency::Background`], each a round of tenants who begin as many
//! calls one after the other as their weight says. A tenant that has as many calls under way as it may have is left out of the round until
//! one of them ends.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{Concurrency, PermitRequest, Urgency};

/// A background call that could run is passed over so often at most.
const PASSED_OVER_AT_MOST: u32 = 8;

/// A call that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    number: u64,
    pub(super) tenant: Arc<str>,
    pub(super) urgency: Urgency,
    permits: u32,
}

/// All calls of a host. `W` is what wakes a call that waits.
#[derive(Debug)]
pub(super) struct Schedule<W> {
    permits: u32,
    /// The permits that background calls may take: some are always kept for a person who waits.
    background_permits: u32,
    /// Permits that are taken, and calls that take them.
    taken: [u32; 2],
    running: [u32; 2],
    passed_over: u32,
    issued: u64,
    tenants: HashMap<Arc<str>, TenantCalls>,
    lanes: [Lane<W>; 2],
}

/// The calls of one tenant under way.
#[derive(Debug, Default)]
struct TenantCalls {
    running: [u32; 2],
    concurrency: Concurrency,
}

impl TenantCalls {
    /// One permit of each tenant is kept for interactive calls, too.
    fn may_run(&self, urgency: Urgency) -> bool {
        let [interactive, background] = self.running;
        let calls = self.concurrency.calls.max(2);
        interactive + background < calls && (urgency == Urgency::Interactive || background < calls - 1)
    }
}

#[derive(Debug)]
struct Lane<W> {
    waiting: usize,
    queues: HashMap<Arc<str>, Queue<W>>,
    /// Tenants with calls that may run. A tenant stands in it at most once.
    round: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct Waiter<W> {
    number: u64,
    permits: u32,
    waker: W,
}

#[derive(Debug)]
struct Queue<W> {
    waiting: VecDeque<Waiter<W>>,
    /// Calls let in since the tenant came to the front of the round.
    served: u32,
    in_round: bool,
}

impl<W> Schedule<W> {
    pub(super) fn new(permits: u32) -> Self {
        let permits = permits.max(1);
        let lane = || Lane { waiting: 0, queues: HashMap::new(), round: VecDeque::new() };
        Self {
            permits,
            background_permits: (permits - permits / 4).min(permits.saturating_sub(1)).max(1),
            taken: [0; 2],
            running: [0; 2],
            passed_over: 0,
            issued: 0,
            tenants: HashMap::new(),
            lanes: [lane(), lane()],
        }
    }

    /// A call arrives and waits. [`Schedule::next`] says who may run now.
    pub(super) fn arrive(&mut self, tenant: &str, request: PermitRequest, waker: W) -> Ticket {
        let PermitRequest { urgency, concurrency, permits } = request;
        // What needs more than there is runs alone.
        let permits = permits.clamp(1, self.permits);
        self.issued += 1;
        let name = match self.tenants.get_key_value(tenant) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(tenant),
        };
        self.tenants.entry(Arc::clone(&name)).or_default().concurrency = concurrency;
        let lane = &mut self.lanes[urgency as usize];
        let queue = lane.queues.entry(Arc::clone(&name)).or_insert_with(|| Queue {
            waiting: VecDeque::new(),
            served: 0,
            in_round: false,
        });
        queue.waiting.push_back(Waiter { number: self.issued, permits, waker });
        lane.waiting += 1;
        lane.enter(&name);
        Ticket { number: self.issued, tenant: name, urgency, permits }
    }

    /// Lets one call in, if there is one that may run.
    pub(super) fn next(&mut self) -> Option<W> {
        let free = self.permits - self.taken.iter().sum::<u32>();
        let tenants = &self.tenants;
        let [interactive, background] = &mut self.lanes;
        let interactive_first = interactive.first(tenants, Urgency::Interactive);
        let taken = self.taken[Urgency::Background as usize];
        let background_first = background
            .first(tenants, Urgency::Background)
            .filter(|permits| taken == 0 || taken + permits <= self.background_permits);
        // Whoever is first and does not fit yet is waited for: smaller calls would pass it by for ever.
        let (urgency, permits) = match (interactive_first, background_first) {
            (Some(_), Some(permits)) if self.passed_over >= PASSED_OVER_AT_MOST => (Urgency::Background, permits),
            (Some(permits), _) => (Urgency::Interactive, permits),
            (None, Some(permits)) => (Urgency::Background, permits),
            (None, None) => return None,
        };
        if permits > free {
            return None;
        }
        self.passed_over = match urgency {
            Urgency::Interactive if background_first.is_some() => self.passed_over + 1,
            _ => 0,
        };
        let (tenant, waker) = self.lanes[urgency as usize].take(&self.tenants)?;
        self.taken[urgency as usize] += permits;
        self.running[urgency as usize] += 1;
        if let Some(calls) = self.tenants.get_mut(&tenant) {
            calls.running[urgency as usize] += 1;
        }
        Some(waker)
    }

    /// A call that waits gives up. `false`: it was let in meanwhile.
    pub(super) fn withdraw(&mut self, ticket: &Ticket) -> bool {
        let lane = &mut self.lanes[ticket.urgency as usize];
        let Some(queue) = lane.queues.get_mut(&ticket.tenant) else { return false };
        let Some(at) = queue.waiting.iter().position(|waiter| waiter.number == ticket.number) else { return false };
        queue.waiting.remove(at);
        lane.waiting -= 1;
        // In the round it is found empty when it comes to the front.
        if queue.waiting.is_empty() && !queue.in_round {
            lane.queues.remove(&ticket.tenant);
        }
        self.forget(&ticket.tenant);
        true
    }

    /// A call that ran is over.
    pub(super) fn leave(&mut self, ticket: &Ticket) {
        let at = ticket.urgency as usize;
        self.taken[at] = self.taken[at].saturating_sub(ticket.permits);
        self.running[at] = self.running[at].saturating_sub(1);
        if let Some(calls) = self.tenants.get_mut(&ticket.tenant) {
            calls.running[at] = calls.running[at].saturating_sub(1);
        }
        for lane in &mut self.lanes {
            lane.enter(&ticket.tenant);
        }
        self.forget(&ticket.tenant);
    }

    /// Calls under way, by urgency.
    pub(super) fn running(&self) -> [u32; 2] {
        self.running
    }

    /// Calls that wait, by urgency.
    pub(super) fn waiting(&self) -> [usize; 2] {
        [self.lanes[0].waiting, self.lanes[1].waiting]
    }

    /// Who neither runs nor waits is not kept.
    fn forget(&mut self, tenant: &Arc<str>) {
        let is_idle = self.tenants.get(tenant).is_some_and(|calls| calls.running == [0; 2]);
        if is_idle && self.lanes.iter().all(|lane| lane.queues.get(tenant).is_none_or(|queue| queue.waiting.is_empty()))
        {
            self.tenants.remove(tenant);
        }
    }
}

impl<W> Lane<W> {
    /// Puts a tenant with waiting calls at the end of the round, where it is not in it.
    fn enter(&mut self, tenant: &Arc<str>) {
        if let Some(queue) = self.queues.get_mut(tenant)
            && !queue.in_round
            && !queue.waiting.is_empty()
        {
            queue.in_round = true;
            queue.served = 0;
            self.round.push_back(Arc::clone(tenant));
        }
    }

    /// The permits that the next call of the round needs. Tenants who have nothing that may run leave the round.
    fn first(&mut self, tenants: &HashMap<Arc<str>, TenantCalls>, urgency: Urgency) -> Option<u32> {
        while let Some(tenant) = self.round.front() {
            let queue = self.queues.get_mut(tenant);
            let may_run = tenants.get(tenant).is_some_and(|calls| calls.may_run(urgency));
            match queue.map(|queue| (queue.waiting.front().map(|waiter| waiter.permits), queue)) {
                Some((Some(permits), _)) if may_run => return Some(permits),
                Some((Some(_), queue)) => queue.in_round = false,
                Some((None, _)) => {
                    self.queues.remove(tenant);
                }
                None => {}
            }
            self.round.pop_front();
        }
        None
    }

    /// Takes the call that is [`first`](Self::first).
    fn take(&mut self, tenants: &HashMap<Arc<str>, TenantCalls>) -> Option<(Arc<str>, W)> {
        let tenant = self.round.pop_front()?;
        let queue = self.queues.get_mut(&tenant)?;
        let waker = queue.waiting.pop_front()?.waker;
        self.waiting -= 1;
        queue.served += 1;
        let weight = tenants.get(&tenant).map_or(1, |calls| calls.concurrency.weight.max(1));
        if queue.waiting.is_empty() {
            self.queues.remove(&tenant);
        } else if queue.served < weight {
            self.round.push_front(Arc::clone(&tenant));
        } else {
            queue.served = 0;
            self.round.push_back(Arc::clone(&tenant));
        }
        Some((tenant, waker))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn request(urgency: Urgency, weight: u32, calls: u32) -> PermitRequest {
        PermitRequest { urgency, concurrency: Concurrency { weight, calls }, permits: 1 }
    }

    fn plain(urgency: Urgency) -> PermitRequest {
        request(urgency, 1, u32::MAX)
    }

    /// Lets in as many as may run, and answers what woke them.
    fn run<W>(schedule: &mut Schedule<W>) -> Vec<W> {
        std::iter::from_fn(|| schedule.next()).collect()
    }

    #[test]
    fn tenants_alternate_by_weight_and_each_ones_calls_in_order() {
        let mut schedule = Schedule::new(1);
        let mut running = None;
        let mut order = Vec::new();
        for (tenant, weight, calls) in [("busy", 1, 5), ("heavy", 2, 4), ("late", 1, 1)] {
            for call in 1..=calls {
                let name = format!("{tenant}{call}");
                let ticket = schedule.arrive(tenant, request(Urgency::Interactive, weight, 10), name.clone());
                running.get_or_insert(ticket.clone());
                order.push((name, ticket));
            }
        }
        let tickets: BTreeMap<String, Ticket> = order.into_iter().collect();
        let mut seen = Vec::new();
        while let [name] = &run(&mut schedule)[..] {
            seen.push(name.clone());
            schedule.leave(&tickets[name]);
        }
        assert_eq!(seen.join(" "), "busy1 heavy1 heavy2 late1 busy2 heavy3 heavy4 busy3 busy4 busy5");
        assert_eq!(schedule.tenants.len() + schedule.lanes[0].queues.len(), 0, "nothing is left of who is gone");
    }

    #[test]
    fn a_person_goes_first_and_the_background_is_not_forgotten() {
        let mut schedule = Schedule::new(2);
        let mut tickets = BTreeMap::new();
        for number in 0..30 {
            let urgency = if number < 5 { Urgency::Background } else { Urgency::Interactive };
            let ticket = schedule.arrive(&format!("t{number}"), plain(urgency), number);
            tickets.insert(number, ticket);
        }
        let mut seen = Vec::new();
        let mut under_way: VecDeque<i32> = run(&mut schedule).into();
        while let Some(number) = under_way.pop_front() {
            seen.push(number);
            schedule.leave(&tickets[&number]);
            under_way.extend(run(&mut schedule));
        }
        let places: Vec<usize> = (0..5).map(|number| seen.iter().position(|seen| *seen == number).unwrap()).collect();
        assert_eq!(places, [8, 18, 27, 28, 29], "after eight people each, and after the last");
    }

    #[test]
    fn the_background_never_takes_every_permit() {
        for (permits, background) in [(1, 1), (2, 1), (4, 3), (100, 75)] {
            let mut schedule = Schedule::new(permits);
            for number in 0..200 {
                schedule.arrive(&format!("t{number}"), plain(Urgency::Background), ());
            }
            assert_eq!(run(&mut schedule).len(), background, "{permits}");
        }
        let mut schedule = Schedule::new(100);
        for _ in 0..20 {
            schedule.arrive("one", request(Urgency::Background, 1, 5), ());
        }
        assert_eq!(run(&mut schedule).len(), 4);
        schedule.arrive("one", request(Urgency::Interactive, 1, 5), ());
        assert_eq!(run(&mut schedule).len(), 1, "its own sign-in finds a permit");
    }

    #[test]
    fn a_call_of_several_permits_waits_for_all_of_them_and_is_not_passed_by() {
        let mut schedule = Schedule::new(4);
        let wide = |urgency, permits| PermitRequest { permits, ..plain(urgency) };
        let small = schedule.arrive("a", plain(Urgency::Interactive), 1);
        let large = schedule.arrive("b", wide(Urgency::Interactive, 9), 2);
        schedule.arrive("c", plain(Urgency::Interactive), 3);
        assert_eq!(run(&mut schedule), [1]);
        schedule.leave(&small);
        assert_eq!(run(&mut schedule), [2], "it has the host to itself");
        schedule.leave(&large);
        schedule.arrive("d", wide(Urgency::Background, 4), 4);
        assert_eq!(run(&mut schedule), [3]);
        assert_eq!(schedule.waiting(), [0, 1]);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Arrive { tenant: u8, background: bool },
        Leave(usize),
        Withdraw(usize),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            4 => (0..5_u8, any::<bool>()).prop_map(|(tenant, background)| Event::Arrive { tenant, background }),
            3 => any::<usize>().prop_map(Event::Leave),
            1 => any::<usize>().prop_map(Event::Withdraw),
        ];
        proptest::collection::vec(event, 0..200)
    }

    proptest! {
        /// Whatever arrives, leaves and gives up in whatever order: limits hold, no permit stays unused while somebody may
        /// run, and everybody is let in exactly once.
        #[test]
        fn limits_hold_and_nobody_is_forgotten(permits in 1..6_u32, calls in 2..4_u32, events in events()) {
            let mut schedule = Schedule::new(permits);
            let mut waiting: BTreeMap<u64, Ticket> = BTreeMap::new();
            let mut under_way: Vec<Ticket> = Vec::new();
            let mut number = 0;
            let count = |tickets: &[Ticket], tenant: Option<&str>, urgency: Option<Urgency>| {
                let counts = |ticket: &&Ticket| {
                    tenant.is_none_or(|tenant| *ticket.tenant == *tenant)
                        && urgency.is_none_or(|urgency| ticket.urgency == urgency)
                };
                u32::try_from(tickets.iter().filter(counts).count()).unwrap()
            };
            let drain = std::iter::repeat_n(Event::Leave(0), 400);
            for event in events.into_iter().chain(drain) {
                match event {
                    Event::Arrive { tenant, background } => {
                        let urgency = if background { Urgency::Background } else { Urgency::Interactive };
                        number += 1;
                        let ticket = schedule.arrive(&tenant.to_string(), request(urgency, tenant.into(), calls), number);
                        waiting.insert(number, ticket);
                    }
                    Event::Leave(at) if !under_way.is_empty() => {
                        let ticket = under_way.swap_remove(at % under_way.len());
                        schedule.leave(&ticket);
                    }
                    Event::Withdraw(at) if !waiting.is_empty() => {
                        let number = *waiting.keys().nth(at % waiting.len()).unwrap();
                        prop_assert!(schedule.withdraw(&waiting.remove(&number).unwrap()));
                    }
                    Event::Leave(_) | Event::Withdraw(_) => {}
                }
                for number in run(&mut schedule) {
                    let ticket = waiting.remove(&number);
                    prop_assert!(ticket.is_some(), "let in twice or after it gave up");
                    let ticket = ticket.unwrap();
                    prop_assert!(!schedule.withdraw(&ticket));
                    under_way.push(ticket);
                }
                prop_assert!(count(&under_way, None, None) <= permits);
                let background_permits = schedule.background_permits;
                prop_assert!(count(&under_way, None, Some(Urgency::Background)) <= background_permits);
                for tenant in 0..5_u8 {
                    let tenant = tenant.to_string();
                    prop_assert!(count(&under_way, Some(&tenant), None) <= calls);
                }
                // Whoever still waits has a reason.
                for ticket in waiting.values() {
                    let full = count(&under_way, None, None) >= permits;
                    let own_full = count(&under_way, Some(&ticket.tenant), None) >= calls;
                    let background_full = ticket.urgency == Urgency::Background
                        && (count(&under_way, None, Some(Urgency::Background)) >= background_permits
                            || count(&under_way, Some(&ticket.tenant), Some(Urgency::Background)) >= calls - 1);
                    prop_assert!(full || own_full || background_full, "{ticket:?} waits for nothing");
                }
            }
            prop_assert!(waiting.is_empty() && under_way.is_empty());
            prop_assert!(schedule.tenants.is_empty());
        }

        /// However many calls one tenant has waiting, another's sign-in waits for one call of each tenant at most.
        #[test]
        fn one_tenants_flood_delays_nobody_for_long(flood in 1..500_usize, tenants in 1..20_usize) {
            let mut schedule = Schedule::new(1);
            let mut tickets = Vec::new();
            for tenant in 0..tenants {
                for _ in 0..flood {
                    tickets.push(schedule.arrive(&format!("t{tenant}"), plain(Urgency::Interactive), tickets.len()));
                }
            }
            let late = tickets.len();
            tickets.push(schedule.arrive("late", plain(Urgency::Interactive), late));
            let before = std::iter::from_fn(|| {
                let number = schedule.next()?;
                schedule.leave(&tickets[number]);
                (number != late).then_some(())
            });
            prop_assert_eq!(before.count(), tenants);
        }
    }
}
