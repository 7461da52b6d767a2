//! The commands on a run, by callers who know it and by callers who do not.

use std::time::Duration;

use organisation_host::{
    Element,
    contract::{
        directory::{Begun, Goal, Report, RunOutcome, Strategy, SyncStep},
        types::{Error, Reason, RemovalCounts},
    },
};
use system_tests::{
    Company, Copy, Setting, Stage, TestVendor,
    fuse::Cut,
    stage::LEASES_OVER,
    sync::{APPROVING, PLAIN, PLANNING},
};

for_each_vendor! {
    whoever_begins_joins_what_is_under_way,
    a_run_that_is_not_the_current_one_is_not_found,
    an_answer_that_was_lost_is_given_again,
    what_may_still_be_done_follows_from_how_far_the_run_is,
    what_cannot_be_carried_through_is_ended_as_it_stands,
    a_reset_makes_room_for_another_organisation,
    a_reset_that_is_killed_anywhere_is_carried_through,
}

const NOBODY: RemovalCounts = RemovalCounts { members: 0, members_total: 0, departments: 0, departments_total: 0 };

async fn begin<V: TestVendor>(stage: &Stage<V>) -> Begun {
    stage.heard(stage.element.begin(&Strategy::Automatic)).await.unwrap()
}

/// What every command on this run answers, by name.
async fn every_command<V: TestVendor>(stage: &Stage<V>, element: &Element, run: &str) -> Vec<(&'static str, Reason)> {
    let refused = |error: Error| {
        assert!(error.hint.is_some(), "{error:?}");
        error.reason
    };
    let mut answers = Vec::new();
    for (name, goal) in [("advance to the plan", Goal::Plan), ("advance", Goal::Complete)] {
        answers
            .extend(stage.heard(element.advance(run, goal)).await.map_err(refused).err().map(|reason| (name, reason)));
    }
    for (name, answer) in [
        ("approve", stage.heard(element.approve(run, NOBODY)).await),
        ("abandon", stage.heard(element.abandon(run)).await),
        ("repair", stage.heard(element.repair(run)).await.map(drop)),
    ] {
        answers.extend(answer.map_err(refused).err().map(|reason| (name, reason)));
    }
    answers
}

async fn whoever_begins_joins_what_is_under_way<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let elsewhere = stage.elsewhere().await;
    let first = begin(&stage).await;
    assert!(!first.joined);
    assert_eq!(stage.vendor_calls(), 0, "the vendor is not asked");
    let joined = stage.heard(elsewhere.begin(&Strategy::Walk)).await.unwrap();
    assert_eq!((joined.joined, &joined.progress.run), (true, &first.progress.run));
    // Where two begin at once there is one run.
    stage.abandon().await;
    let (one, other) = tokio::join!(
        stage.element.begin(&Strategy::Automatic).reported(),
        elsewhere.begin(&Strategy::Automatic).reported()
    );
    let (one, other) = (stage.note_answer(one).unwrap(), stage.note_answer(other).unwrap());
    assert_eq!(one.progress.run, other.progress.run);
    assert_ne!(one.joined, other.joined);
    stage.complete(&PLAIN).await;
    assert!(!begin(&stage).await.joined, "what is complete is not joined");
}

async fn a_run_that_is_not_the_current_one_is_not_found<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let run = begin(&stage).await.progress.run;
    for unknown in ["", "no-run", "../run", "a\u{0}b", &format!("{run}x"), "0199c82cc000-50ec5c00d99fb831"] {
        let answers = every_command(&stage, &stage.element, unknown).await;
        assert_eq!(answers.len(), 5, "{unknown:?}: {answers:?}");
        assert!(answers.iter().all(|(_, reason)| *reason == Reason::NotFound), "{unknown:?}: {answers:?}");
    }
    stage.abandon().await;
    let answers = every_command(&stage, &stage.element, &run).await;
    assert!(answers.len() == 5 && answers.iter().all(|(_, reason)| *reason == Reason::NotFound), "{answers:?}");
    let late = begin(&stage).await.progress.run;
    stage.advance(Duration::from_secs(6 * 60 * 60));
    for (name, answer) in [
        ("advance", stage.heard(stage.element.advance(&late, Goal::Complete)).await.map(drop)),
        ("approve", stage.heard(stage.element.approve(&late, NOBODY)).await),
    ] {
        assert_eq!(answer.unwrap_err().reason, Reason::NotFound, "{name}: too old");
    }
    // What nobody goes on with can be cleared away all the same, by the command for it.
    let repaired = stage.heard(stage.element.repair(&late)).await;
    assert_eq!(repaired.unwrap_err().reason, Reason::Conflict, "nothing was written");
    stage.heard(stage.element.abandon(&late)).await.unwrap();
    assert_eq!(stage.overview().await.current_run, None);
    assert_ne!(begin(&stage).await.progress.run, late);
}

async fn an_answer_that_was_lost_is_given_again<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let report = stage.complete(&PLAIN).await;
    let calls = stage.vendor_calls();
    for goal in [Goal::Complete, Goal::Plan] {
        let again = stage.heard(stage.element.advance(&report.run, goal)).await.unwrap();
        assert_eq!(again, SyncStep::Complete(report.clone()));
    }
    assert_eq!(stage.vendor_calls(), calls);
}

/// More than one write takes.
const PEOPLE: u64 = 400;

/// A run of which some is written, and then the call died.
async fn partly_written<V: TestVendor>() -> (Stage<V>, String) {
    for operations in (20..).step_by(2) {
        let stage = Setting::<V>::of(&Company::sized(PEOPLE, 4)).start().await;
        stage.fuse.arm(operations, Cut::After);
        assert!(stage.fuse.watch(APPROVING.call(&stage.element)).await.is_none(), "nothing was cut off in its writing");
        stage.fuse.mend();
        stage.advance(LEASES_OVER);
        let overview = stage.overview().await;
        // Members come after departments, in several writes.
        if overview.partly_applied && overview.members.active > 0 {
            return (stage, overview.current_run.unwrap().run);
        }
    }
    unreachable!()
}

async fn what_may_still_be_done_follows_from_how_far_the_run_is<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let Ok(SyncStep::Planned(Report { run, .. })) = stage.sync(&PLANNING).await else { panic!() };
    for (name, answer) in [
        ("approve", stage.heard(stage.element.approve(&run, NOBODY)).await),
        ("repair", stage.heard(stage.element.repair(&run)).await.map(drop)),
    ] {
        assert_eq!(answer.unwrap_err().reason, Reason::Conflict, "{name}: nothing is blocked or written");
    }
    stage.heard(stage.element.abandon(&run)).await.unwrap();

    let (stage, run) = partly_written::<V>().await;
    let before = stage.copy().await;
    for (name, answer) in [
        ("advance to the plan", stage.heard(stage.element.advance(&run, Goal::Plan)).await.map(drop)),
        ("approve", stage.heard(stage.element.approve(&run, NOBODY)).await),
        ("abandon", stage.heard(stage.element.abandon(&run)).await),
    ] {
        assert_eq!(answer.unwrap_err().reason, Reason::Conflict, "{name}: it is being written");
    }
    assert_eq!(stage.copy().await, before);
    assert_eq!(begin(&stage).await.progress.run, run, "it goes on");
    stage.complete(&PLAIN).await;
    stage.assert_exact().await;
}

async fn what_cannot_be_carried_through_is_ended_as_it_stands<V: TestVendor>() {
    let (stage, run) = partly_written::<V>().await;
    let before = stage.copy().await;
    let report = stage.heard(stage.element.repair(&run)).await.unwrap();
    assert_eq!((report.outcome, &report.run), (RunOutcome::Repaired, &run));
    let written = report.members.added;
    assert_eq!(written, before.members.len() as u64);
    let missing = format!("about {} changes", PEOPLE - written);
    assert!(report.notes.iter().any(|note| note.contains(&missing)), "{missing}: {:?}", report.notes);
    assert_eq!(stage.copy().await, before);
    assert_eq!(Copy::replayed(&stage.changes().await), before, "the feed gives the copy");
    assert!(!stage.overview().await.partly_applied);
    assert_eq!(stage.stored("directory/r/").await.len(), 0, "no scratch is left");
    assert_eq!(stage.heard(stage.element.history()).await.unwrap(), [report]);

    assert_eq!(stage.complete(&PLAIN).await.members.added, PEOPLE - written, "the next run writes the rest");
    stage.assert_exact().await;
}

async fn a_reset_makes_room_for_another_organisation<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.heard(stage.element.reset()).await.unwrap();
    stage.complete(&PLAIN).await;
    let cursor = stage.heard(stage.element.changes(None, 200)).await.unwrap().cursor;
    stage.heard(stage.element.acknowledge(&cursor)).await.unwrap();
    stage.sync(&PLANNING).await.unwrap();
    let other = stage.reconfigured(&V::other_organisation());
    assert_eq!(stage.heard(other.overview()).await.unwrap_err().reason, Reason::Conflict);

    stage.heard(other.reset()).await.unwrap();
    let overview = stage.heard(other.overview()).await.unwrap();
    assert!(overview.organisation_id.is_some());
    assert_eq!((overview.departments, overview.members.active), (0, 0));
    assert_eq!((overview.current_run, overview.last_run, overview.acknowledged), (None, None, 0));
    for cursor in [None, Some(&*cursor)] {
        let error = stage.heard(other.changes(cursor, 10)).await.unwrap_err();
        assert_eq!(error.reason, Reason::CursorExpired, "{cursor:?}");
    }
    let left: Vec<String> = stage.stored("directory/").await.into_iter().map(|entry| entry.key).collect();
    assert_eq!(left, ["directory/head"]);
    stage.heard(other.reset()).await.unwrap();

    // The copy is the other's now, and what the former one wants with it takes a reset as well.
    let error = stage.heard(stage.element.begin(&Strategy::Automatic)).await.unwrap_err();
    assert_eq!(error.reason, Reason::Conflict);
    stage.heard(stage.element.reset()).await.unwrap();
    assert_eq!(stage.complete(&PLAIN).await.members.added, 12);
    assert_eq!(stage.heard(other.overview()).await.unwrap_err().reason, Reason::Conflict);
    // Whoever lost the place in the feed goes on from the newest change, once the copy is read.
    let newest = stage.overview().await.cursor;
    stage.control.promote("lisi", "总监");
    stage.complete(&PLAIN).await;
    let since = stage.heard(stage.element.changes(Some(&newest), 10)).await.unwrap();
    assert_eq!((since.changes.len(), since.more), (1, false), "the feed goes on");
}

/// Whatever use of the storage is its last: nothing has happened, or nobody sees the copy any more and the next sync makes it anew.
async fn a_reset_that_is_killed_anywhere_is_carried_through<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let (mut killed, mut forgotten) = (0, 0);
    'cuts: for cut in [Cut::Before, Cut::After] {
        for operations in 0.. {
            let people = stage.complete(&PLAIN).await;
            let cursor = stage.overview().await.cursor;
            stage.fuse.arm(operations, cut);
            let answer = stage.fuse.watch(stage.element.reset().reported()).await;
            stage.fuse.mend();
            stage.advance(LEASES_OVER);
            if let Some(answer) = answer {
                stage.note_answer(answer).unwrap();
                continue 'cuts;
            }
            killed += 1;
            let overview = stage.overview().await;
            if overview.cursor == cursor {
                assert_eq!(overview.last_run, Some(people), "it was killed before it had said a word");
                continue;
            }
            forgotten += 1;
            assert_eq!((overview.departments, overview.members.active, overview.last_run), (0, 0, None));
            let gone = stage.heard(stage.element.changes(Some(&cursor), 10)).await.unwrap_err();
            assert_eq!(gone.reason, Reason::CursorExpired, "{operations} {cut:?}");
            assert_eq!(stage.complete(&PLAIN).await.members.added, 12, "{operations} {cut:?}");
            let since = stage.heard(stage.element.changes(Some(&overview.cursor), 200)).await.unwrap();
            assert_eq!(since.changes.len() as u64, stage.overview().await.last_change - overview.last_change);
            assert_eq!(stage.stored("directory/r/").await.len(), 0, "no scratch is left");
        }
    }
    assert!(killed > 20 && forgotten > 10, "{killed} were killed, {forgotten} of them too late");
}
