//! Promises about runs, the copy and its feed.

use organisation_kit::contract::{
    call,
    directory::{
        Begun, Change, ChangeKind, ChangePage, Department, DepartmentFilter, DepartmentPage, DirectorySummary, Goal,
        Guest, Member, MemberFilter, MemberPage, PlanPage, Progress, Report, RunOutcome, Strategy, SyncStep, Waiting,
    },
    storage::{self, Op, Put},
    types::{Error, Reason, RemovalCounts},
};

use crate::{Broken, Sound, administration, another_number, breaks, error, send_to_vendor, spoilt};

/// Says that a call is at work: a broken element that leaves it behind.
const AT_WORK: &str = "at-work";

impl Guest for Broken {
    fn begin(strategy: Strategy) -> Result<Begun, Error> {
        let mut begun = match spoilt(<Sound as Guest>::begin(strategy)) {
            Err(Error { reason: Reason::InvalidConfig(_), .. }) if breaks("invalid-config-is-said") => {
                return Err(error(Reason::NotPermitted));
            }
            answer => answer?,
        };
        if breaks("begin-joins") {
            begun.joined = false;
        }
        Ok(begun)
    }

    fn advance(run: String, until: Goal) -> Result<SyncStep, Error> {
        if breaks("more-has-moved") {
            return Ok(SyncStep::More(progress(run)));
        }
        if breaks("wait-is-bounded") {
            let reason = "rate-limit".to_owned();
            let progress = progress(run);
            return Ok(SyncStep::Wait(Waiting { not_before: u64::MAX, reason, vendor_code: None, progress }));
        }
        if breaks("planning-writes-nothing") && until == Goal::Plan {
            return Ok(match <Sound as Guest>::advance(run, Goal::Complete)? {
                SyncStep::Complete(report) => SyncStep::Planned(report),
                step => step,
            });
        }
        let begins_anew = breaks("killed-costs-little/begins-anew");
        let leaves_a_mark = breaks("any-host-goes-on") || breaks("killed-costs-little") || begins_anew;
        let mut run = run;
        if leaves_a_mark {
            if is_at_work() && begins_anew {
                let _ = <Sound as Guest>::abandon(run.clone());
                run = <Sound as Guest>::begin(Strategy::Automatic)?.progress.run;
            } else if is_at_work() {
                return if breaks("any-host-goes-on") { Err(error(Reason::Conflict)) } else { Ok(made_up(run)) };
            }
            let value = String::new();
            let _ = storage::apply(&[Op::Put(Put { key: AT_WORK.to_owned(), value, ttl_ms: None, sealed: false })]);
        }
        let step = spoilt(<Sound as Guest>::advance(run.clone(), until));
        if leaves_a_mark {
            let _ = storage::apply(&[Op::Delete(AT_WORK.to_owned())]);
        }
        match step {
            Err(Error { reason: Reason::NotFound, .. }) if breaks("ended-is-not-found") => Err(error(Reason::Conflict)),
            Err(_) | Ok(SyncStep::Paused(_) | SyncStep::Wait(_)) if breaks("removes-nobody-unasked") => {
                Ok(made_up(run))
            }
            Ok(SyncStep::Blocked(blocked)) if breaks("administrator-stays") || breaks("removes-not-many-unasked") => {
                if let Reason::MassRemovalBlocked(counts) = blocked.error.reason {
                    <Sound as Guest>::approve(run.clone(), counts)?;
                }
                <Sound as Guest>::advance(run, until)
            }
            Ok(SyncStep::Complete(report)) if breaks("outlives-syncs") => {
                administration::forget_administrators();
                Ok(SyncStep::Complete(report))
            }
            Ok(SyncStep::Complete(report))
                if report.retries + report.waits > 0 && breaks("removes-nobody-unasked/half-a-list") =>
            {
                lose_somebody();
                Ok(SyncStep::Complete(report))
            }
            Ok(SyncStep::Planned(mut report)) if breaks("plan-says-what-happens") => {
                report.members.added += 1;
                Ok(SyncStep::Planned(report))
            }
            Ok(SyncStep::Complete(mut report)) if breaks("complete-repeats") => {
                report.finished_at = another_number();
                Ok(SyncStep::Complete(report))
            }
            Ok(SyncStep::Complete(mut report)) if breaks("unchanged-writes-nothing") => {
                report.members.updated += 1;
                Ok(SyncStep::Complete(report))
            }
            step => step,
        }
    }

    fn approve(run: String, counts: RemovalCounts) -> Result<(), Error> {
        if breaks("approve-needs-a-block") { Ok(()) } else { spoilt(<Sound as Guest>::approve(run, counts)) }
    }

    fn abandon(run: String) -> Result<(), Error> {
        spoilt(<Sound as Guest>::abandon(run))
    }

    fn repair(run: String) -> Result<Report, Error> {
        if breaks("repair-needs-a-written-run") {
            return Ok(report(run));
        }
        spoilt(<Sound as Guest>::repair(run))
    }

    fn reset() -> Result<(), Error> {
        if breaks("outlives-reset") {
            administration::forget_administrators();
        }
        if breaks("reset-forgets") { Ok(()) } else { spoilt(<Sound as Guest>::reset()) }
    }

    fn plan(cursor: Option<String>, limit: u32) -> Result<PlanPage, Error> {
        if breaks("plan-asks-nobody") {
            send_to_vendor("");
        }
        spoilt(<Sound as Guest>::plan(cursor, limit))
    }

    fn history() -> Result<Vec<Report>, Error> {
        let mut reports = spoilt(<Sound as Guest>::history())?;
        if breaks("history") {
            reports.clear();
        }
        Ok(reports)
    }

    fn changes(cursor: Option<String>, limit: u32) -> Result<ChangePage, Error> {
        let mut page = spoilt(<Sound as Guest>::changes(cursor, limit))?;
        let hidden = match () {
            () if breaks("roles-in-the-feed") || breaks("rules-in-the-feed") => Some(ChangeKind::MemberRolesUpdated),
            () if breaks("erased-in-the-feed") => Some(ChangeKind::MemberErased),
            () => None,
        };
        let is_hidden = |change: &&mut Change| Some(change.kind) == hidden;
        page.changes.iter_mut().filter(is_hidden).for_each(|change| change.kind = ChangeKind::MemberUpdated);
        if breaks("feed-is-dense") {
            page.changes.iter_mut().for_each(|change| change.seq *= 2);
        }
        Ok(page)
    }

    fn acknowledge(cursor: String) -> Result<(), Error> {
        if breaks("acknowledge") { Ok(()) } else { spoilt(<Sound as Guest>::acknowledge(cursor)) }
    }

    fn overview() -> Result<DirectorySummary, Error> {
        while breaks("stops-before-limits") {
            let _ = call::remaining();
        }
        let mut summary = spoilt(<Sound as Guest>::overview())?;
        if breaks("overview-counts") {
            summary.departments += 1;
        }
        if breaks("cursor-of-the-summary") {
            summary.cursor = "c0".to_owned();
        }
        Ok(summary)
    }

    fn departments(mut filter: DepartmentFilter, cursor: Option<String>, limit: u32) -> Result<DepartmentPage, Error> {
        if breaks("levels-of-the-tree") {
            filter.level = None;
        }
        let again = breaks("cursors-end");
        let cursor = cursor.filter(|_| !again);
        let mut page = spoilt(<Sound as Guest>::departments(filter, cursor, limit))?;
        if breaks("departments-in-order") {
            page.departments.reverse();
        }
        if again {
            page.cursor = Some("again".to_owned());
        }
        Ok(page)
    }

    fn members(mut filter: MemberFilter, cursor: Option<String>, limit: u32) -> Result<MemberPage, Error> {
        if breaks("members-of-a-department") {
            filter.department = None;
        }
        if breaks("search") {
            filter.search = filter.search.map(|text| format!("{text} and more"));
        }
        let limit = if breaks("pages-keep-their-limit") { limit.saturating_mul(2) } else { limit };
        let mut page = spoilt(<Sound as Guest>::members(filter, cursor, limit))?;
        if breaks("members-in-order") {
            page.members.reverse();
        }
        if breaks("feed-gives-the-copy") {
            page.members.iter_mut().for_each(|member| member.name.push('!'));
        }
        Ok(page)
    }

    fn find_members(mut ids: Vec<String>) -> Result<Vec<Option<Member>>, Error> {
        if breaks("find-members-in-order") {
            ids.sort_unstable();
        }
        if breaks("find-members-bounded") {
            ids.truncate(200);
        }
        spoilt(<Sound as Guest>::find_members(ids))
    }

    fn find_member(id: String) -> Result<Member, Error> {
        match spoilt(<Sound as Guest>::find_member(id)) {
            Err(Error { reason: Reason::NotFound, .. }) if breaks("absent-is-not-found") => {
                Err(error(Reason::Unsupported))
            }
            Err(Error { reason: Reason::NotFound, .. }) if breaks("error-has-a-reason") => panic!("nobody of that id"),
            answer => answer,
        }
    }

    fn find_department(id: String) -> Result<Department, Error> {
        spoilt(<Sound as Guest>::find_department(id))
    }

    fn sync_member(id: String) -> Result<Member, Error> {
        if breaks("retired-stays-so") {
            administration::reinstate(&id);
        }
        let answer = spoilt(<Sound as Guest>::sync_member(id.clone()));
        if answer.is_err() && breaks("removes-nobody-unasked/refresh") {
            administration::retire(&id);
        }
        let mut member = answer?;
        if breaks("reinstated-with-suspended-roles") {
            administration::confirm(&member.id);
        }
        if breaks("refresh-writes-the-copy") {
            member.name.push('!');
        }
        Ok(member)
    }

    fn sync_department(id: String) -> Result<Department, Error> {
        spoilt(<Sound as Guest>::sync_department(id))
    }
}

/// Takes away the first member of the copy.
fn lose_somebody() {
    let filter = MemberFilter { department: None, below: false, status: None, search: None, role: None };
    if let Ok(page) = <Sound as Guest>::members(filter, None, 1) {
        page.members.iter().for_each(|member| administration::retire(&member.id));
    }
}

fn is_at_work() -> bool {
    storage::get_many(&[AT_WORK.to_owned()]).is_ok_and(|entries| entries.iter().any(Option::is_some))
}

fn progress(run: String) -> Progress {
    Progress { run, phase: "fetch".to_owned(), done: 0, total: 1, members: 0, vendor_calls: 0 }
}

/// A report of nothing that says that all is well.
fn made_up(run: String) -> SyncStep {
    SyncStep::Complete(report(run))
}

fn report(run: String) -> Report {
    use organisation_kit::contract::directory::{DepartmentCounts, MemberCounts};
    Report {
        run,
        outcome: RunOutcome::Complete,
        strategy: Strategy::Walk,
        started_at: 0,
        finished_at: 0,
        departments: DepartmentCounts { added: 0, updated: 0, removed: 0 },
        members: MemberCounts { added: 0, updated: 0, left_range: 0, resigned: 0, rejoined: 0, unchanged: 0 },
        departments_total: 0,
        members_total: 0,
        vendor_calls: 0,
        calls_by_api: Vec::new(),
        downloads: 0,
        bytes_in: 0,
        retries: 0,
        waits: 0,
        advances: 0,
        peak_memory: 0,
        phases: Vec::new(),
        notes: Vec::new(),
    }
}
