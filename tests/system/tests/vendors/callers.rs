//! Callers with different wishes on two hosts whose clocks differ by minutes, over an organisation that changes, with calls
//! that die and the guard on: a random history for each seed. In every other one a third host still runs a version before.
//!
//! `SEEDS=1000` asks for a longer search, `SEED=17` for one history again.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ops::Range,
    time::Duration,
};

use fastrand::Rng;
use organisation_host::{
    Element, Limits,
    contract::{
        directory::{Pause, Report, RunOutcome, SyncStep},
        types::{Reason, RemovalCounts},
    },
};
use system_tests::{
    Company, Copy, Setting, Stage, TestVendor,
    company::{Person, Unit},
    fuse::Cut,
    stage::LEASES_OVER,
    sync::{APPROVING, PLAIN, PLANNING},
};

for_each_vendor! {
    whoever_calls_nobody_is_removed_unseen_and_the_copy_follows,
}

/// Histories of an ordinary day.
const SEEDS: u64 = 50;
/// Things that happen in one.
const EVENTS: usize = 60;
/// How far the second host's clock is ahead.
const AHEAD: Duration = Duration::from_secs(3 * 60);
/// Calls that end soon, so that callers meet in the middle of a run.
const REQUESTS: u32 = 14;

fn seeds() -> Range<u64> {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    }
}

async fn whoever_calls_nobody_is_removed_unseen_and_the_copy_follows<V: TestVendor>() {
    for seed in seeds() {
        // What fails names its seed, since a test's output is shown when it fails.
        #[expect(clippy::print_stdout, reason = "it is the test's output")]
        {
            println!("SEED={seed}");
        }
        History::<V>::begin(seed).await.play().await;
    }
}

/// The place of the host that runs a version before, where there is one.
const OLDER: usize = 2;

/// Whether the guard asks a person.
fn is_mass(gone: u64, before: u64) -> bool {
    gone * 2 > before || (gone > 5 && gone * 5 > before)
}

/// A run, and what it has taken away so far.
struct Run {
    /// The event in which it began, or before it.
    begun: usize,
    /// Present members and departments before it wrote anything.
    before: (usize, usize),
    members: usize,
    departments: usize,
}

impl Run {
    fn of(begun: usize, copy: &Copy) -> Self {
        Self { begun, before: (copy.present().len(), copy.departments.len()), members: 0, departments: 0 }
    }
}

/// A history under way.
struct History<V: TestVendor> {
    chance: Rng,
    stage: Stage<V>,
    /// Two of today, and perhaps one of a version before.
    hosts: Vec<Element>,
    /// By id, and whether the vendor shows them.
    people: BTreeMap<String, bool>,
    /// When whoever was away came back last, as the number of that event.
    came_back: BTreeMap<String, usize>,
    /// The runs that were under way after some event.
    runs: BTreeMap<String, Run>,
    /// The number of the event that happens now.
    event: usize,
    /// Units that were opened and have nobody.
    units: Vec<u64>,
    /// Ids of units that were closed.
    closed: BTreeSet<String>,
    /// What was approved, by run.
    approved: BTreeMap<String, RemovalCounts>,
    /// The block that somebody looks at.
    blocked: Option<Pause>,
    /// Whether a run may have been given up: somebody said so, or it grew too old.
    may_abandon: bool,
    next: u64,
}

impl<V: TestVendor> History<V> {
    async fn begin(seed: u64) -> Self {
        let mut chance = Rng::with_seed(seed);
        let company = Company::sized(chance.u64(1..30), chance.u64(2..5));
        let limits = Limits::default().requests(REQUESTS);
        let stage = Setting::<V>::of(&company).limits(limits.clone()).start().await;
        let mut hosts = vec![stage.element.clone(), stage.elsewhere_ahead(AHEAD).await.with_limits(limits)];
        let has_older = chance.bool();
        if has_older {
            hosts.push(stage.older());
        }
        let people = company.people.iter().map(|person| (person.id.clone(), true)).collect();
        Self {
            chance,
            stage,
            hosts,
            people,
            came_back: BTreeMap::new(),
            runs: BTreeMap::new(),
            event: 0,
            units: Vec::new(),
            closed: BTreeSet::new(),
            approved: BTreeMap::new(),
            blocked: None,
            // No version goes on with the run of another.
            may_abandon: has_older,
            next: 100,
        }
    }

    async fn play(mut self) {
        let mut before = Copy::default();
        for event in 0..EVENTS {
            self.event = event;
            match self.chance.u8(0..20) {
                0..5 => self.change(),
                5 => self.stage.control.slow_down(self.chance.u64(1..4)),
                6 => self.stage.advance(Duration::from_secs(self.chance.u64(1..900))),
                7 if self.chance.u8(0..4) == 0 => {
                    self.may_abandon = true;
                    self.stage.advance(Duration::from_secs(90 * 60));
                }
                8 if self.chance.u8(0..4) == 0 => {
                    self.may_abandon = true;
                    let run = self.stage.overview().await.current_run.map(|progress| progress.run);
                    if let Some(run) = run {
                        drop(self.stage.heard(self.hosts[0].abandon(&run)).await);
                    }
                }
                9 => self.approve().await,
                10..12 => self.die().await,
                _ => self.call().await,
            }
            let copy = self.stage.copy().await;
            assert_eq!(Copy::replayed(&self.stage.changes().await), copy, "the feed gives the copy");
            self.judge_removed(&before, &copy).await;
            before = copy;
        }
        // What the host that is ahead has read counts as later until everybody's clock is there.
        self.stage.advance(AHEAD);
        if let [_, _, older] = &self.hosts[..] {
            // Where nothing of a newer version is under way, the version before works on what that has left, and the other way round.
            self.stage.complete(&APPROVING).await;
            let done = self.stage.sync_of(older, &APPROVING).await.unwrap();
            assert!(matches!(done, SyncStep::Complete(_)), "{done:?}");
            assert_eq!(Copy::replayed(&self.stage.changes().await), self.stage.copy().await, "the feed gives the copy");
        }
        // A run may have been under way while the organisation changed last: one more sees everything.
        for _ in 0..2 {
            self.stage.complete(&APPROVING).await;
        }
        self.stage.assert_exact().await;
        let history = self.stage.heard(self.stage.element.history()).await.unwrap();
        if !self.may_abandon {
            assert!(history.iter().all(|report| report.outcome == RunOutcome::Complete), "{history:#?}");
        }
    }

    /// Something of the organisation changes.
    fn change(&mut self) {
        let vendor = &self.stage.control;
        let shown = |people: &BTreeMap<String, bool>, is_shown: bool| -> Vec<String> {
            people.iter().filter(|(_, shown)| **shown == is_shown).map(|(id, _)| id.clone()).collect()
        };
        let (here, away) = (shown(&self.people, true), shown(&self.people, false));
        match self.chance.u8(0..8) {
            0 => {
                let id = format!("neu{}", self.next);
                self.next += 1;
                vendor.add_person(&Person::new(&id, "新人", 1));
                self.people.insert(id, true);
            }
            // Some leave alone, some all at once: that is what the guard is for.
            1 | 2 if !here.is_empty() => {
                let many = if self.chance.bool() { 1 } else { self.chance.usize(1..=here.len()) };
                for id in here.iter().take(many) {
                    vendor.take_away(id);
                    self.people.insert(id.clone(), false);
                }
            }
            3 if !away.is_empty() => {
                for id in &away {
                    vendor.add_person(&Person::new(id, "归来", 1));
                    self.came_back.insert(id.clone(), self.event);
                    self.people.insert(id.clone(), true);
                }
            }
            4 if !here.is_empty() && self.chance.bool() => {
                for kind in V::OTHER_IDS {
                    vendor.give_other_id(&here[0], kind, Some(&format!("{kind} {}", self.chance.u8(..))));
                }
            }
            4 if !here.is_empty() => vendor.promote(&here[0], &format!("职位{}", self.chance.u8(..))),
            5 => {
                for _ in 0..self.chance.u64(1..6) {
                    vendor.add_unit(&Unit::new(self.next, &format!("新组{}", self.next), 1));
                    self.units.push(self.next);
                    self.next += 1;
                }
            }
            // One, or all that were opened.
            6 => {
                let many = if self.chance.bool() { 1 } else { self.units.len() };
                for unit in self.units.split_off(self.units.len().saturating_sub(many)) {
                    self.closed.insert(V::unit_id(unit));
                    vendor.remove_unit(unit);
                }
            }
            _ => vendor.rename_unit(1, &format!("公司{}", self.chance.u8(..))),
        }
    }

    /// One call of somebody on one of the hosts.
    async fn call(&mut self) {
        let caller = if self.chance.bool() { PLAIN } else { PLANNING };
        let host = self.chance.usize(0..self.hosts.len());
        let element = &self.hosts[host];
        match self.stage.step_of(element, &caller).await {
            Ok(SyncStep::Complete(report)) => self.judge(&report),
            Ok(SyncStep::Blocked(blocked)) => self.blocked = Some(blocked),
            Ok(SyncStep::Wait(waiting)) => {
                if self.chance.bool() {
                    self.stage.advance_to(waiting.not_before);
                }
            }
            Ok(SyncStep::More(_) | SyncStep::Planned(_)) => {}
            // Once a run writes there is no plan of it, and a newer version's is not for a version before.
            Err(error) => {
                let may_conflict = caller.until == PLANNING.until || host == OLDER;
                assert!(may_conflict && error.reason == Reason::Conflict, "host {host}: {error:?}");
            }
            Ok(other) => panic!("{other:?}"),
        }
    }

    /// A call dies, and its lease with it.
    async fn die(&mut self) {
        let cut = if self.chance.bool() { Cut::Before } else { Cut::After };
        self.stage.fuse.arm(self.chance.i64(0..40), cut);
        // The host that is ahead lives.
        let host = if self.hosts.len() > OLDER && self.chance.bool() { OLDER } else { 0 };
        let answer = self.stage.fuse.watch(PLAIN.call(&self.hosts[host])).await;
        self.stage.fuse.mend();
        match answer.map(|answer| self.stage.note_answer(answer)) {
            None => self.stage.advance(LEASES_OVER),
            Some(Ok(SyncStep::Complete(report))) => self.judge(&report),
            Some(Ok(SyncStep::Blocked(blocked))) => self.blocked = Some(blocked),
            Some(Err(error)) => assert!(host == OLDER && error.reason == Reason::Conflict, "host {host}: {error:?}"),
            Some(Ok(_)) => {}
        }
    }

    /// Somebody approves what they saw, however long ago that was.
    async fn approve(&mut self) {
        let Some(blocked) = self.blocked.take() else { return };
        let Reason::MassRemovalBlocked(counts) = blocked.error.reason else { panic!("{blocked:?}") };
        let run = &blocked.progress.run;
        let host = self.chance.usize(1..self.hosts.len());
        match self.stage.heard(self.hosts[host].approve(run, counts)).await {
            Ok(()) => drop(self.approved.insert(run.clone(), counts)),
            Err(error) => assert!(
                matches!(error.reason, Reason::NotFound | Reason::Conflict | Reason::MassRemovalBlocked(_)),
                "{error:?}"
            ),
        }
    }

    /// Whoever is gone was not shown at some time since the run began that took them away, and all that it took away so far is
    /// little or was approved for this very run, whichever version of the component did it.
    async fn judge_removed(&mut self, before: &Copy, after: &Copy) {
        let overview = self.stage.overview().await;
        let current = overview.current_run.map(|progress| progress.run);
        if let Some(run) = &current {
            self.runs.entry(run.clone()).or_insert_with(|| Run::of(self.event, before));
        }
        let (was, is) = (before.present(), after.present());
        let gone: Vec<&String> = was.keys().filter(|id| !is.contains_key(*id)).collect();
        let closed: Vec<&String> =
            before.departments.keys().filter(|id| !after.departments.contains_key(*id)).collect();
        if gone.is_empty() && closed.is_empty() {
            return;
        }
        // One call works on one run: the one that is being written, or the one that came to its end by it.
        let written = current.filter(|_| overview.partly_applied);
        let id = written.or_else(|| overview.last_run.map(|report| report.run)).expect("a run took them away");
        let run = self.runs.entry(id.clone()).or_insert_with(|| Run::of(self.event, before));
        let begun = run.begun;
        let keys: BTreeMap<String, &String> = self.people.keys().map(|id| (V::id_key(id), id)).collect();
        let was_away = |id: &str| {
            let id = keys[&V::id_key(id)];
            !self.people[id] || self.came_back.get(id).is_some_and(|event| *event > begun)
        };
        let always: Vec<_> = gone.iter().filter(|id| !was_away(id)).collect();
        assert!(always.is_empty(), "{always:?} went, who were there while {id} was under way");
        assert!(closed.iter().all(|id| self.closed.contains(*id)), "{closed:?} went, which were always there");
        (run.members, run.departments) = (run.members + gone.len(), run.departments + closed.len());
        let approved = self.approved.get(&id);
        for (what, gone, before, seen) in [
            ("members", run.members, run.before.0, approved.map(|counts| counts.members)),
            ("departments", run.departments, run.before.1, approved.map(|counts| counts.departments)),
        ] {
            let (gone, before, seen) = (gone as u64, before as u64, seen.unwrap_or_default());
            assert!(!is_mass(gone, before) || gone <= seen, "{gone} of {before} {what} went by {id}, {seen} approved");
        }
    }

    /// Nobody was removed without a pass or an approval.
    fn judge(&self, report: &Report) {
        let Report { members, departments, .. } = report;
        let approved = self.approved.get(&report.run);
        for (what, gone, came, total, seen) in [
            (
                "members",
                members.left_range + members.resigned,
                members.added + members.rejoined,
                report.members_total,
                approved.map_or(0, |counts| counts.members),
            ),
            (
                "departments",
                departments.removed,
                departments.added,
                report.departments_total,
                approved.map_or(0, |counts| counts.departments),
            ),
        ] {
            let before = total + gone - came;
            assert!(
                !is_mass(gone, before) || gone <= seen,
                "{gone} of {before} {what} went, {seen} were approved: {report:#?}"
            );
        }
    }
}
