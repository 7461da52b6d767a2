use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Wake,
};

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn wake(woken: Vec<Waker>) {
    woken.into_iter().for_each(Waker::wake);
}

/// Lets calls that never end run slice by slice on one slot for so many milliseconds; how many each one got.
fn share(calls: &[(&str, u32)], milliseconds: usize) -> Vec<usize> {
    share_with(calls, milliseconds, usize::MAX)
}

/// The same where each call of the tenant `brief` ends after so many milliseconds of its own, and the next one
/// begins.
fn share_with(calls: &[(&str, u32)], milliseconds: usize, brief: usize) -> Vec<usize> {
    let tenants = calls;
    let mut queue = CpuQueue::new(1);
    let mut now = Instant::now();
    let mut calls: Vec<(u64, Arc<Count>)> = calls
        .iter()
        .map(|(tenant, weight)| (queue.join(tenant, Urgency::Interactive, *weight, now), Arc::default()))
        .collect();
    let mut got = vec![0_usize; calls.len()];
    for _ in 0..milliseconds {
        let entered = |(number, count): &(u64, Arc<Count>)| {
            queue.enter(*number, &Waker::from(Arc::clone(count)), now) == Entered::Running
        };
        let running: Vec<usize> =
            calls.iter().map(entered).enumerate().filter_map(|(at, runs)| runs.then_some(at)).collect();
        let [at] = running[..] else { panic!("{running:?} run at once") };
        got[at] += 1;
        now += MS;
        let (number, count) = &calls[at];
        match queue.must_leave(*number, now) {
            true => {
                queue.pause(*number, MS, &Waker::from(Arc::clone(count)));
                wake(queue.give_way(*number));
            }
            false => queue.pause(*number, MS, &Waker::from(Arc::clone(count))),
        }
        let (tenant, weight) = tenants[at];
        if tenant == "brief" && got[at].is_multiple_of(brief) {
            wake(queue.end(calls[at].0, now));
            calls[at].0 = queue.join(tenant, Urgency::Interactive, weight, now);
        }
    }
    got
}

#[test]
fn tenants_get_the_same_whatever_they_run_and_more_by_weight() {
    let many = [("hostile", 1); 16];
    let got = share(&[&many[..], &[("other", 1)]].concat(), 1_000);
    let (other, hostile) = got.split_last().unwrap();
    assert!((480..=520).contains(other), "{got:?}");
    assert!(hostile.iter().all(|got| (25..=40).contains(got)), "in turn: {got:?}");
    let got = share(&[("a", 3), ("b", 1)], 1_000);
    assert!((730..=770).contains(&got[0]), "{got:?}");
}

#[test]
fn calls_that_follow_each_other_get_no_more_than_one_that_goes_on() {
    for brief in [1, 5, 20] {
        let got = share_with(&[("brief", 1), ("steady", 1)], 1_000, brief);
        assert!((450..=550).contains(&got[0]), "calls of {brief} ms: {got:?}");
    }
}

#[test]
fn a_tenant_without_calls_is_remembered_while_what_it_used_matters_and_not_beyond_a_number() {
    let mut queue = CpuQueue::new(1);
    let (waker, now) = (Waker::noop(), Instant::now());
    let mut call = |tenant: &str, used| {
        let number = queue.join(tenant, Urgency::Interactive, 1, now);
        queue.enter(number, waker, now);
        queue.leave(number, used);
        queue.end(number, now);
        queue.tenants.len()
    };
    assert_eq!(call("a", MS), 1);
    // What runs goes past what it used.
    for _ in 0..10 {
        call("b", MS);
    }
    assert_eq!(call("b", MS), 1);
    for tenant in 0..2 * MAX_IDLE {
        assert!(call(&tenant.to_string(), MS) <= MAX_IDLE + 1);
    }
}

#[test]
fn a_tenant_that_was_idle_comes_before_one_that_runs_and_not_for_ever() {
    let mut queue = CpuQueue::new(1);
    let (waker, begun) = (Waker::noop(), Instant::now());
    let hostile = queue.join("hostile", Urgency::Interactive, 1, begun);
    for _ in 0..100 {
        assert_eq!(queue.enter(hostile, waker, begun), Entered::Running);
        queue.leave(hostile, MS);
    }
    assert_eq!(queue.enter(hostile, waker, begun), Entered::Running);
    let quick = queue.join("other", Urgency::Interactive, 1, begun);
    assert_eq!(queue.enter(quick, waker, begun), Entered::Waiting { preempts: true });
    assert!(queue.must_leave(hostile, begun));
    queue.leave(hostile, MS);
    let Entered::Waiting { preempts: false } = queue.enter(hostile, waker, begun) else { panic!("it has more") };
    assert_eq!(queue.enter(quick, waker, begun), Entered::Running);
    assert!(!queue.must_leave(quick, begun + MS));
    assert!(queue.must_leave(quick, begun + CREDIT + 3 * MS), "then it is the other's turn");
}

#[test]
fn a_tenant_that_was_idle_gets_the_slot_of_one_that_pauses() {
    let mut queue = CpuQueue::new(1);
    let (waker, now) = (Waker::noop(), Instant::now());
    let hostile = queue.join("hostile", Urgency::Interactive, 1, now);
    queue.enter(hostile, waker, now);
    queue.pause(hostile, 100 * MS, waker);
    let quick = queue.join("other", Urgency::Interactive, 1, now);
    assert_eq!(queue.enter(quick, waker, now), Entered::Running);
    assert_eq!(queue.enter(hostile, waker, now), Entered::Waiting { preempts: false });
    assert_eq!(queue.leave(quick, MS).len(), 1);
    assert_eq!(queue.enter(hostile, waker, now), Entered::Running);
}

#[test]
fn where_others_use_the_host_no_tenant_has_all_slots() {
    let mut queue = CpuQueue::new(2);
    let (waker, begun) = (Waker::noop(), Instant::now());
    let join = |queue: &mut CpuQueue, tenant, now| queue.join(tenant, Urgency::Interactive, 1, now);
    let [first, second] = [(); 2].map(|()| join(&mut queue, "hostile", begun));
    for number in [first, second] {
        assert_eq!(queue.enter(number, waker, begun), Entered::Running, "alone it has all");
    }
    let other = join(&mut queue, "other", begun);
    assert_eq!(queue.enter(other, waker, begun), Entered::Waiting { preempts: false }, "it waits for an instruction");
    assert_eq!(queue.leave(second, 10 * MS).len(), 1);
    assert_eq!(queue.enter(other, waker, begun), Entered::Running);
    queue.leave(other, MS);
    assert_eq!(queue.enter(second, waker, begun), Entered::Waiting { preempts: false });
    assert_eq!(queue.enter(other, waker, begun), Entered::Running, "not once more");
    queue.end(other, begun);
    let third = join(&mut queue, "other", begun + RECENT / 2);
    assert_eq!(queue.enter(third, waker, begun), Entered::Running);
    queue.end(third, begun + RECENT / 2);
    assert_eq!(queue.tick(begun + RECENT).len(), 0, "it was here a moment ago");
    assert_eq!(queue.tick(begun + 2 * RECENT).len(), 1);
    assert_eq!(queue.enter(second, waker, begun), Entered::Running, "alone again");
}

#[test]
fn what_runs_in_the_background_waits_for_its_own_tenants_people() {
    let mut queue = CpuQueue::new(1);
    let (waker, now) = (Waker::noop(), Instant::now());
    let running = queue.join("a", Urgency::Interactive, 1, now);
    queue.enter(running, waker, now);
    let [background, person] =
        [Urgency::Background, Urgency::Interactive].map(|urgency| queue.join("a", urgency, 1, now));
    for number in [background, person] {
        assert_eq!(queue.enter(number, waker, now), Entered::Waiting { preempts: false });
    }
    assert_eq!(queue.leave(running, MS).len(), 1);
    assert_eq!(queue.enter(background, waker, now), Entered::Waiting { preempts: false });
    assert_eq!(queue.enter(person, waker, now), Entered::Running);
}

#[test]
fn a_slot_that_nobody_uses_goes_to_the_next() {
    let mut queue = CpuQueue::new(1);
    let (waker, now) = (Waker::noop(), Instant::now());
    let [first, sleeper, next] = ["a", "b", "c"].map(|tenant| queue.join(tenant, Urgency::Interactive, 1, now));
    for number in [first, sleeper, next] {
        queue.enter(number, waker, now);
    }
    assert_eq!(queue.leave(first, MS).len(), 1, "it is the sleeper's");
    for _ in 0..PATIENCE {
        assert_eq!(queue.tick(now).len(), 0);
    }
    assert_eq!(queue.tick(now).len(), 1);
    assert_eq!(queue.enter(next, waker, now), Entered::Running);
    assert_eq!(queue.enter(sleeper, waker, now), Entered::Waiting { preempts: false });
    assert_eq!(queue.leave(next, MS).len(), 1);
    assert_eq!(queue.enter(sleeper, waker, now), Entered::Running);
}

proptest! {
    /// Whatever calls do in whatever order: there are never more at once than slots, and none is free while one
    /// waits that may have it.
    #[test]
    fn slots_are_used_and_never_doubled(
        slots in 1..4_u32,
        events in proptest::collection::vec((0..12_usize, 0..7_u8, 0..3_u64), 0..400),
    ) {
        let mut queue = CpuQueue::new(slots);
        let mut calls: Vec<Option<u64>> = vec![None; 12];
        let mut now = Instant::now();
        for (at, what, milliseconds) in events {
            let tenant = ["a", "b", "c"][at % 3];
            let urgency = if at % 2 == 0 { Urgency::Interactive } else { Urgency::Background };
            match (calls[at], what) {
                // Who used the host a moment ago may do so no more, and then whoever is left may have all slots.
                (_, 6) => {
                    now += RECENT / 2 * milliseconds as u32;
                    drop(queue.tick(now));
                }
                (None, _) => calls[at] = Some(queue.join(tenant, urgency, 1 + at as u32 % 2, now)),
                (Some(number), 0) => {
                    queue.end(number, now);
                    calls[at] = None;
                }
                (Some(number), 1 | 2) => drop(queue.enter(number, Waker::noop(), now)),
                (Some(number), 3) => drop(queue.leave(number, Duration::from_millis(milliseconds))),
                (Some(number), 5) => drop(queue.give_way(number)),
                (Some(number), _) => queue.pause(number, Duration::from_millis(milliseconds), Waker::noop()),
            }
            let count = |is: fn(&Place) -> bool| queue.calls.values().filter(|call| is(&call.place)).count();
            let taken = count(|place| matches!(place, Place::Running { .. } | Place::Given { .. }));
            let waiting = count(|place| matches!(place, Place::Waiting(_)));
            prop_assert_eq!(taken + queue.free as usize, slots as usize);
            prop_assert!(queue.free == 0 || queue.order.iter().all(|(_, tenant)| !queue.is_below_limit(tenant)));
            for (tenant, cpu) in &queue.tenants {
                let has = queue.calls.values().filter(|call| {
                    call.tenant == *tenant && matches!(call.place, Place::Running { .. } | Place::Given { .. })
                });
                prop_assert_eq!(cpu.slots as usize, has.count());
            }
            let active = queue.tenants.values().filter(|cpu| cpu.calls > 0).count();
            prop_assert_eq!(active, queue.active);
            prop_assert_eq!(queue.given.len(), count(|place| matches!(place, Place::Given { .. })));
            prop_assert_eq!(queue.running.len(), count(|place| matches!(place, Place::Running { .. })));
            let queued: usize = queue.tenants.values().flat_map(|cpu| &cpu.waiting).map(VecDeque::len).sum();
            prop_assert_eq!(queued, waiting);
            let in_order = queue.tenants.values().filter(|cpu| cpu.is_waiting()).count();
            prop_assert_eq!(in_order, queue.order.len());
            for (used, tenant) in &queue.order {
                prop_assert_eq!(*used, queue.tenants[tenant].used);
            }
        }
        for number in calls.into_iter().flatten() {
            queue.end(number, now);
        }
        prop_assert!(queue.calls.is_empty() && queue.order.is_empty());
        prop_assert_eq!(queue.tenants.len(), queue.idle.len());
        prop_assert!(queue.idle.iter().all(|(used, tenant)| queue.tenants[tenant].used == *used));
        prop_assert_eq!(queue.free, slots);
    }
}
