//! How far the runs of the periodic syncs of this host are, and what complete ones changed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use organisation_host::contract::directory::{self, SyncStep};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::names::Names;
use crate::observe::SyncAdvance;

/// What a component reports counts for no more than this: it could report any number, and spoil the sums for all others.
const BELIEVED: u64 = 1 << 32;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabels {
    phase: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabels {
    change: &'static str,
}

/// The sums over all periodic syncs under way, which grow and shrink with them, and counts of what was done.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// By tenant, who is a label of nothing.
    positions: Mutex<HashMap<String, Position>>,
    names: Names,
    phases: Family<PhaseLabels, Gauge>,
    steps_done: Gauge,
    steps_known: Gauge,
    members_met: Gauge,
    members: Family<ChangeLabels, Counter>,
    departments: Family<ChangeLabels, Counter>,
}

/// How far one run has come.
#[derive(Debug)]
struct Position {
    phase: String,
    done: i64,
    known: i64,
    members: i64,
}

impl Progress {
    pub(super) fn register(&self, registry: &mut Registry) {
        let text = "Periodic syncs under way by the phase that their run has reached, once it is known";
        registry.register("sync_turns_in_phase", text, self.phases.clone());
        let text = "Steps done in the phases that the runs of periodic syncs under way have reached";
        registry.register("sync_steps_done", text, self.steps_done.clone());
        let text = "Steps known of the phases that the runs of periodic syncs under way have reached";
        registry.register("sync_steps_known", text, self.steps_known.clone());
        let text = "Members met so far by the runs of periodic syncs under way";
        registry.register("sync_members_met", text, self.members_met.clone());
        let text = "Members of complete runs, by what happened to them";
        registry.register("sync_members", text, self.members.clone());
        let text = "Departments of complete runs, by what happened to them";
        registry.register("sync_departments", text, self.departments.clone());
    }

    /// A run has moved on.
    pub(super) fn advanced(&self, advance: &SyncAdvance<'_>) {
        match advance.step {
            SyncStep::More(progress) => self.moved_to(advance, progress),
            SyncStep::Wait(waiting) => self.moved_to(advance, &waiting.progress),
            SyncStep::Paused(pause) | SyncStep::Blocked(pause) => self.moved_to(advance, &pause.progress),
            SyncStep::Complete(report) => self.count(report),
            SyncStep::Planned(_) => {}
        }
    }

    /// A periodic sync is over: what its run has reached is no longer under way here.
    pub(super) fn sync_ended(&self, tenant: &str) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(former) = positions.remove(tenant) {
            self.add(&former, -1);
        }
    }

    fn moved_to(&self, advance: &SyncAdvance<'_>, progress: &directory::Progress) {
        let position = Position {
            phase: self.names.bounded(advance.component, &progress.phase),
            done: signed(progress.done),
            known: signed(progress.total),
            members: signed(progress.members),
        };
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        self.add(&position, 1);
        if let Some(former) = positions.insert(advance.tenant.to_owned(), position) {
            self.add(&former, -1);
        }
    }

    fn add(&self, position: &Position, sign: i64) {
        let Position { phase, done, known, members } = position;
        self.phases.get_or_create(&PhaseLabels { phase: phase.clone() }).inc_by(sign);
        self.steps_done.inc_by(sign * done);
        self.steps_known.inc_by(sign * known);
        self.members_met.inc_by(sign * members);
    }

    fn count(&self, report: &directory::Report) {
        let directory::MemberCounts { added, updated, left_range, resigned, rejoined, unchanged } = report.members;
        let members = [
            ("added", added),
            ("updated", updated),
            ("left-range", left_range),
            ("resigned", resigned),
            ("rejoined", rejoined),
            ("unchanged", unchanged),
        ];
        let directory::DepartmentCounts { added, updated, removed } = report.departments;
        let departments = [("added", added), ("updated", updated), ("removed", removed)];
        let count = |family: &Family<ChangeLabels, Counter>, change, number: u64| {
            family.get_or_create(&ChangeLabels { change }).inc_by(number.min(BELIEVED));
        };
        members.into_iter().for_each(|(change, number)| count(&self.members, change, number));
        departments.into_iter().for_each(|(change, number)| count(&self.departments, change, number));
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number.min(BELIEVED)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;
    use organisation_host::Digest;

    fn advance(progress: &Progress, tenant: &str, step: &SyncStep) {
        progress.advanced(&SyncAdvance { tenant, component: Digest::of(b"liar"), step });
    }
    use organisation_host::contract::directory::{
        DepartmentCounts, MemberCounts, Report, RunOutcome, Strategy, Waiting,
    };

    fn counted(progress: &Progress) -> Vec<String> {
        let mut registry = Registry::default();
        progress.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[track_caller]
    fn assert_counted(progress: &Progress, lines: &[&str]) {
        let counted = counted(progress);
        for line in lines {
            assert!(counted.iter().any(|counted| counted == line), "{line} is not in {counted:#?}");
        }
    }

    fn at(phase: &str, [done, total, members]: [u64; 3]) -> directory::Progress {
        directory::Progress { run: "r1".to_owned(), phase: phase.to_owned(), done, total, members, vendor_calls: 1 }
    }

    fn more(phase: &str, numbers: [u64; 3]) -> SyncStep {
        SyncStep::More(at(phase, numbers))
    }

    fn complete(added: u64, removed: u64) -> SyncStep {
        SyncStep::Complete(Report {
            run: "r1".to_owned(),
            outcome: RunOutcome::Complete,
            strategy: Strategy::Walk,
            started_at: 0,
            finished_at: 1,
            departments: DepartmentCounts { added: 0, updated: 0, removed },
            members: MemberCounts { added, updated: 0, left_range: 0, resigned: 0, rejoined: 0, unchanged: 5 },
            departments_total: 1,
            members_total: 1,
            vendor_calls: 1,
            calls_by_api: Vec::new(),
            downloads: 0,
            bytes_in: 0,
            retries: 0,
            waits: 0,
            advances: 1,
            peak_memory: 0,
            phases: Vec::new(),
            notes: Vec::new(),
        })
    }

    #[test]
    fn runs_under_way_add_up_and_leave_nothing_behind() {
        let progress = Progress::default();
        advance(&progress, "acme", &more("fetch", [3, 10, 40]));
        advance(&progress, "beta", &more("fetch", [1, 5, 2]));
        assert_counted(
            &progress,
            &[
                r#"sync_turns_in_phase{phase="fetch"} 2"#,
                "sync_steps_done 4",
                "sync_steps_known 15",
                "sync_members_met 42",
            ],
        );
        let waiting = Waiting {
            not_before: 0,
            reason: "rate-limit".to_owned(),
            vendor_code: None,
            progress: at("apply", [1, 2, 50]),
        };
        advance(&progress, "acme", &SyncStep::Wait(waiting));
        assert_counted(
            &progress,
            &[
                r#"sync_turns_in_phase{phase="fetch"} 1"#,
                r#"sync_turns_in_phase{phase="apply"} 1"#,
                "sync_steps_done 2",
                "sync_members_met 52",
            ],
        );
        for tenant in ["acme", "beta", "nobody"] {
            progress.sync_ended(tenant);
        }
        let counted = counted(&progress);
        assert!(counted.len() > 4 && counted.iter().all(|line| line.ends_with(" 0")), "{counted:#?}");
    }

    #[test]
    fn complete_runs_are_counted_by_change() {
        let progress = Progress::default();
        advance(&progress, "acme", &complete(7, 1));
        advance(&progress, "beta", &complete(2, 0));
        assert_counted(
            &progress,
            &[
                r#"sync_members_total{change="added"} 9"#,
                r#"sync_members_total{change="unchanged"} 10"#,
                r#"sync_departments_total{change="removed"} 1"#,
            ],
        );
    }

    #[test]
    fn a_component_that_reports_anything_spoils_nothing() {
        let progress = Progress::default();
        for number in 0..1_000 {
            advance(&progress, &format!("t{number}"), &more(&format!("phase-{number}"), [u64::MAX; 3]));
            advance(&progress, "liar", &complete(u64::MAX, u64::MAX));
        }
        let most = 1_000 * BELIEVED;
        assert_counted(
            &progress,
            &[&format!("sync_members_met {most}"), &format!(r#"sync_members_total{{change="added"}} {most}"#)],
        );
        let phases = counted(&progress).iter().filter(|line| line.starts_with("sync_turns_in_phase")).count();
        assert!(phases <= 49, "{phases}");
    }
}
