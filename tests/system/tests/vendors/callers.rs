//! Callers with different wishes on two hosts whose clocks differ by minutes, over an organisation that changes, with calls
//! that die and the guard on: a random history for each seed.
//!
//! `SEEDS=1000` asks for a longer search, `SEED=17` for one history again.

use std::{collections::BTreeMap, env, ops::Range, time::Duration};

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

/// A history under way.
struct History<V: TestVendor> {
    chance: Rng,
    stage: Stage<V>,
    hosts: [Element; 2],
    /// By id, and whether the vendor shows them.
    people: BTreeMap<String, bool>,
    /// Units that were opened and have nobody.
    units: Vec<u64>,
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
        let limits = Limits { requests: REQUESTS, ..Limits::default() };
        let stage = Setting::<V>::of(&company).limits(limits.clone()).start().await;
        let hosts = [stage.element.clone(), stage.elsewhere_ahead(AHEAD).await.with_limits(limits)];
        let people = company.people.iter().map(|person| (person.id.clone(), true)).collect();
        Self {
            chance,
            stage,
            hosts,
            people,
            units: Vec::new(),
            approved: BTreeMap::new(),
            blocked: None,
            may_abandon: false,
            next: 100,
        }
    }

    async fn play(mut self) {
        for _ in 0..EVENTS {
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
                        drop(self.stage.heard(self.hosts[0].abandon(&run).await));
                    }
                }
                9 => self.approve().await,
                10..12 => self.die().await,
                _ => self.call().await,
            }
            let copy = self.stage.copy().await;
            assert_eq!(Copy::replayed(&self.stage.changes().await), copy, "the feed gives the copy");
        }
        // What the host that is ahead has read counts as later until everybody's clock is there.
        self.stage.advance(AHEAD);
        // A run may have been under way while the organisation changed last: one more sees everything.
        for _ in 0..2 {
            self.stage.complete(&APPROVING).await;
        }
        self.stage.assert_exact().await;
        let history = self.stage.heard(self.stage.element.history().await).unwrap();
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
                    self.people.insert(id.clone(), true);
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
                    vendor.remove_unit(unit);
                }
            }
            _ => vendor.rename_unit(1, &format!("公司{}", self.chance.u8(..))),
        }
    }

    /// One call of somebody on one of the hosts.
    async fn call(&mut self) {
        let caller = if self.chance.bool() { PLAIN } else { PLANNING };
        let element = &self.hosts[self.chance.usize(0..2)];
        match self.stage.step_of(element, &caller).await {
            Ok(SyncStep::Complete(report)) => self.judge(&report),
            Ok(SyncStep::Blocked(blocked)) => self.blocked = Some(blocked),
            Ok(SyncStep::Wait(waiting)) => {
                if self.chance.bool() {
                    self.stage.advance_to(waiting.not_before);
                }
            }
            Ok(SyncStep::More(_) | SyncStep::Planned(_)) => {}
            // Once a run writes there is no plan of it.
            Err(error) => assert!(caller.until == PLANNING.until && error.reason == Reason::Conflict, "{error:?}"),
            Ok(other) => panic!("{other:?}"),
        }
    }

    /// A call dies, and its lease with it.
    async fn die(&mut self) {
        let cut = if self.chance.bool() { Cut::Before } else { Cut::After };
        self.stage.fuse.arm(self.chance.i64(0..40), cut);
        let answer = self.stage.fuse.watch(PLAIN.call(&self.stage.element)).await;
        self.stage.fuse.mend();
        match answer.map(|answer| self.stage.heard(answer)) {
            None => self.stage.advance(LEASES_OVER),
            Some(Ok(SyncStep::Complete(report))) => self.judge(&report),
            Some(Ok(SyncStep::Blocked(blocked))) => self.blocked = Some(blocked),
            Some(answer) => drop(answer.unwrap()),
        }
    }

    /// Somebody approves what they saw, however long ago that was.
    async fn approve(&mut self) {
        let Some(blocked) = self.blocked.take() else { return };
        let Reason::MassRemovalBlocked(counts) = blocked.error.reason else { panic!("{blocked:?}") };
        let run = &blocked.progress.run;
        match self.stage.heard(self.hosts[1].approve(run, counts).await) {
            Ok(()) => drop(self.approved.insert(run.clone(), counts)),
            Err(error) => assert!(
                matches!(error.reason, Reason::NotFound | Reason::Conflict | Reason::MassRemovalBlocked(_)),
                "{error:?}"
            ),
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
            let is_mass = gone * 2 > before || (gone > 5 && gone * 5 > before);
            assert!(!is_mass || gone <= seen, "{gone} of {before} {what} went, {seen} were approved: {report:#?}");
        }
    }
}
