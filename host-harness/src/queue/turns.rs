//! Whose call is next: decisions only.
//!
//! Two lanes, [`Urgency::Interactive`] before [`Urgency::Background`], each a round of tenants who take as many calls at
//! a turn as their weight says. A tenant that has as many calls under way as it may have is left out of the round until
//! one of them ends.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{Asked, Share, Urgency};

/// A background call that could run is passed over so often at most.
const PASSED_OVER_AT_MOST: u32 = 8;

/// A call that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    number: u64,
    pub(super) tenant: Arc<str>,
    pub(super) urgency: Urgency,
    places: u32,
}

/// All calls of a host. `W` is what wakes a call that waits.
#[derive(Debug)]
pub(super) struct Turns<W> {
    places: u32,
    /// The places that background calls may take: some are always kept for a person who waits.
    background_places: u32,
    /// Places that are taken, and calls that take them.
    taken: [u32; 2],
    running: [u32; 2],
    passed_over: u32,
    issued: u64,
    tenants: HashMap<Arc<str>, Standing>,
    lanes: [Lane<W>; 2],
}

/// The calls of one tenant under way.
#[derive(Debug, Default)]
struct Standing {
    running: [u32; 2],
    share: Share,
}

impl Standing {
    /// One place of each tenant is kept for interactive calls, too.
    fn may_run(&self, urgency: Urgency) -> bool {
        let [interactive, background] = self.running;
        let parallel = self.share.parallel.max(2);
        interactive + background < parallel && (urgency == Urgency::Interactive || background < parallel - 1)
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
    places: u32,
    waker: W,
}

#[derive(Debug)]
struct Queue<W> {
    waiting: VecDeque<Waiter<W>>,
    /// Calls let in at the present turn.
    served: u32,
    in_round: bool,
}

impl<W> Turns<W> {
    pub(super) fn new(places: u32) -> Self {
        let places = places.max(1);
        let lane = || Lane { waiting: 0, queues: HashMap::new(), round: VecDeque::new() };
        Self {
            places,
            background_places: (places - places / 4).min(places.saturating_sub(1)).max(1),
            taken: [0; 2],
            running: [0; 2],
            passed_over: 0,
            issued: 0,
            tenants: HashMap::new(),
            lanes: [lane(), lane()],
        }
    }

    /// A call arrives and waits. [`Turns::next`] says who may run now.
    pub(super) fn arrive(&mut self, tenant: &str, asked: Asked, waker: W) -> Ticket {
        let Asked { urgency, share, places } = asked;
        // What needs more than there is runs alone.
        let places = places.clamp(1, self.places);
        self.issued += 1;
        let name = match self.tenants.get_key_value(tenant) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(tenant),
        };
        self.tenants.entry(Arc::clone(&name)).or_default().share = share;
        let lane = &mut self.lanes[urgency as usize];
        let queue = lane.queues.entry(Arc::clone(&name)).or_insert_with(|| Queue {
            waiting: VecDeque::new(),
            served: 0,
            in_round: false,
        });
        queue.waiting.push_back(Waiter { number: self.issued, places, waker });
        lane.waiting += 1;
        lane.enter(&name);
        Ticket { number: self.issued, tenant: name, urgency, places }
    }

    /// Lets one call in, if there is one that may run.
    pub(super) fn next(&mut self) -> Option<W> {
        let free = self.places - self.taken.iter().sum::<u32>();
        let tenants = &self.tenants;
        let [interactive, background] = &mut self.lanes;
        let interactive_first = interactive.first(tenants, Urgency::Interactive);
        let taken = self.taken[Urgency::Background as usize];
        let background_first = background
            .first(tenants, Urgency::Background)
            .filter(|places| taken == 0 || taken + places <= self.background_places);
        // Whoever is first and does not fit yet is waited for: smaller calls would pass it by for ever.
        let (urgency, places) = match (interactive_first, background_first) {
            (Some(_), Some(places)) if self.passed_over >= PASSED_OVER_AT_MOST => (Urgency::Background, places),
            (Some(places), _) => (Urgency::Interactive, places),
            (None, Some(places)) => (Urgency::Background, places),
            (None, None) => return None,
        };
        if places > free {
            return None;
        }
        self.passed_over = match urgency {
            Urgency::Interactive if background_first.is_some() => self.passed_over + 1,
            _ => 0,
        };
        let (tenant, waker) = self.lanes[urgency as usize].take(&self.tenants)?;
        self.taken[urgency as usize] += places;
        self.running[urgency as usize] += 1;
        if let Some(standing) = self.tenants.get_mut(&tenant) {
            standing.running[urgency as usize] += 1;
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
        // In the round it is found empty when its turn comes.
        if queue.waiting.is_empty() && !queue.in_round {
            lane.queues.remove(&ticket.tenant);
        }
        self.forget(&ticket.tenant);
        true
    }

    /// A call that ran is over.
    pub(super) fn leave(&mut self, ticket: &Ticket) {
        let at = ticket.urgency as usize;
        self.taken[at] = self.taken[at].saturating_sub(ticket.places);
        self.running[at] = self.running[at].saturating_sub(1);
        if let Some(standing) = self.tenants.get_mut(&ticket.tenant) {
            standing.running[at] = standing.running[at].saturating_sub(1);
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

    /// Who neither runs nor waits takes no room.
    fn forget(&mut self, tenant: &Arc<str>) {
        let is_idle = self.tenants.get(tenant).is_some_and(|standing| standing.running == [0; 2]);
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

    /// The places that the next call of the round needs. Tenants who have nothing that may run leave the round.
    fn first(&mut self, tenants: &HashMap<Arc<str>, Standing>, urgency: Urgency) -> Option<u32> {
        while let Some(tenant) = self.round.front() {
            let queue = self.queues.get_mut(tenant);
            let may_run = tenants.get(tenant).is_some_and(|standing| standing.may_run(urgency));
            match queue.map(|queue| (queue.waiting.front().map(|waiter| waiter.places), queue)) {
                Some((Some(places), _)) if may_run => return Some(places),
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
    fn take(&mut self, tenants: &HashMap<Arc<str>, Standing>) -> Option<(Arc<str>, W)> {
        let tenant = self.round.pop_front()?;
        let queue = self.queues.get_mut(&tenant)?;
        let waker = queue.waiting.pop_front()?.waker;
        self.waiting -= 1;
        queue.served += 1;
        let weight = tenants.get(&tenant).map_or(1, |standing| standing.share.weight.max(1));
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

    fn asked(urgency: Urgency, weight: u32, parallel: u32) -> Asked {
        Asked { urgency, share: Share { weight, parallel }, places: 1 }
    }

    fn plain(urgency: Urgency) -> Asked {
        asked(urgency, 1, u32::MAX)
    }

    /// Lets in as many as may run, and answers what woke them.
    fn run<W>(turns: &mut Turns<W>) -> Vec<W> {
        std::iter::from_fn(|| turns.next()).collect()
    }

    #[test]
    fn tenants_take_turns_by_weight_and_each_ones_calls_in_order() {
        let mut turns = Turns::new(1);
        let mut running = None;
        let mut order = Vec::new();
        for (tenant, weight, calls) in [("busy", 1, 5), ("heavy", 2, 4), ("late", 1, 1)] {
            for call in 1..=calls {
                let name = format!("{tenant}{call}");
                let ticket = turns.arrive(tenant, asked(Urgency::Interactive, weight, 10), name.clone());
                running.get_or_insert(ticket.clone());
                order.push((name, ticket));
            }
        }
        let tickets: BTreeMap<String, Ticket> = order.into_iter().collect();
        let mut seen = Vec::new();
        while let [name] = &run(&mut turns)[..] {
            seen.push(name.clone());
            turns.leave(&tickets[name]);
        }
        assert_eq!(seen.join(" "), "busy1 heavy1 heavy2 late1 busy2 heavy3 heavy4 busy3 busy4 busy5");
        assert_eq!(turns.tenants.len() + turns.lanes[0].queues.len(), 0, "nothing is left of who is gone");
    }

    #[test]
    fn a_person_goes_first_and_the_background_gets_its_turn() {
        let mut turns = Turns::new(2);
        let mut tickets = BTreeMap::new();
        for number in 0..30 {
            let urgency = if number < 5 { Urgency::Background } else { Urgency::Interactive };
            let ticket = turns.arrive(&format!("t{number}"), plain(urgency), number);
            tickets.insert(number, ticket);
        }
        let mut seen = Vec::new();
        let mut under_way: VecDeque<i32> = run(&mut turns).into();
        while let Some(number) = under_way.pop_front() {
            seen.push(number);
            turns.leave(&tickets[&number]);
            under_way.extend(run(&mut turns));
        }
        let places: Vec<usize> = (0..5).map(|number| seen.iter().position(|seen| *seen == number).unwrap()).collect();
        assert_eq!(places, [8, 18, 27, 28, 29], "after eight people each, and after the last");
    }

    #[test]
    fn the_background_never_takes_every_place() {
        for (places, background) in [(1, 1), (2, 1), (4, 3), (100, 75)] {
            let mut turns = Turns::new(places);
            for number in 0..200 {
                turns.arrive(&format!("t{number}"), plain(Urgency::Background), ());
            }
            assert_eq!(run(&mut turns).len(), background, "{places}");
        }
        let mut turns = Turns::new(100);
        for _ in 0..20 {
            turns.arrive("one", asked(Urgency::Background, 1, 5), ());
        }
        assert_eq!(run(&mut turns).len(), 4);
        turns.arrive("one", asked(Urgency::Interactive, 1, 5), ());
        assert_eq!(run(&mut turns).len(), 1, "its own sign-in finds a place");
    }

    #[test]
    fn a_call_of_several_places_waits_for_all_of_them_and_is_not_passed_by() {
        let mut turns = Turns::new(4);
        let wide = |urgency, places| Asked { places, ..plain(urgency) };
        let small = turns.arrive("a", plain(Urgency::Interactive), 1);
        let large = turns.arrive("b", wide(Urgency::Interactive, 9), 2);
        turns.arrive("c", plain(Urgency::Interactive), 3);
        assert_eq!(run(&mut turns), [1]);
        turns.leave(&small);
        assert_eq!(run(&mut turns), [2], "it has the host to itself");
        turns.leave(&large);
        turns.arrive("d", wide(Urgency::Background, 4), 4);
        assert_eq!(run(&mut turns), [3]);
        assert_eq!(turns.waiting(), [0, 1]);
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
        /// Whatever arrives, leaves and gives up in whatever order: limits hold, no place stays empty while somebody may
        /// run, and everybody is let in exactly once.
        #[test]
        fn limits_hold_and_nobody_is_forgotten(places in 1..6_u32, parallel in 2..4_u32, events in events()) {
            let mut turns = Turns::new(places);
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
                        let ticket = turns.arrive(&tenant.to_string(), asked(urgency, tenant.into(), parallel), number);
                        waiting.insert(number, ticket);
                    }
                    Event::Leave(at) if !under_way.is_empty() => {
                        let ticket = under_way.swap_remove(at % under_way.len());
                        turns.leave(&ticket);
                    }
                    Event::Withdraw(at) if !waiting.is_empty() => {
                        let number = *waiting.keys().nth(at % waiting.len()).unwrap();
                        prop_assert!(turns.withdraw(&waiting.remove(&number).unwrap()));
                    }
                    Event::Leave(_) | Event::Withdraw(_) => {}
                }
                for number in run(&mut turns) {
                    let ticket = waiting.remove(&number);
                    prop_assert!(ticket.is_some(), "let in twice or after it gave up");
                    let ticket = ticket.unwrap();
                    prop_assert!(!turns.withdraw(&ticket));
                    under_way.push(ticket);
                }
                prop_assert!(count(&under_way, None, None) <= places);
                let background_places = turns.background_places;
                prop_assert!(count(&under_way, None, Some(Urgency::Background)) <= background_places);
                for tenant in 0..5_u8 {
                    let tenant = tenant.to_string();
                    prop_assert!(count(&under_way, Some(&tenant), None) <= parallel);
                }
                // Whoever still waits has a reason.
                for ticket in waiting.values() {
                    let full = count(&under_way, None, None) >= places;
                    let own_full = count(&under_way, Some(&ticket.tenant), None) >= parallel;
                    let background_full = ticket.urgency == Urgency::Background
                        && (count(&under_way, None, Some(Urgency::Background)) >= background_places
                            || count(&under_way, Some(&ticket.tenant), Some(Urgency::Background)) >= parallel - 1);
                    prop_assert!(full || own_full || background_full, "{ticket:?} waits for nothing");
                }
            }
            prop_assert!(waiting.is_empty() && under_way.is_empty());
            prop_assert!(turns.tenants.is_empty());
        }

        /// However many calls one tenant has waiting, another's sign-in waits for one call of each tenant at most.
        #[test]
        fn one_tenants_flood_delays_nobody_for_long(flood in 1..500_usize, tenants in 1..20_usize) {
            let mut turns = Turns::new(1);
            let mut tickets = Vec::new();
            for tenant in 0..tenants {
                for _ in 0..flood {
                    tickets.push(turns.arrive(&format!("t{tenant}"), plain(Urgency::Interactive), tickets.len()));
                }
            }
            let late = tickets.len();
            tickets.push(turns.arrive("late", plain(Urgency::Interactive), late));
            let before = std::iter::from_fn(|| {
                let number = turns.next()?;
                turns.leave(&tickets[number]);
                (number != late).then_some(())
            });
            prop_assert_eq!(before.count(), tenants);
        }
    }
}
