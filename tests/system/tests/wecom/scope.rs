//! Finding out what is visible takes several calls where it is tags and single members: cut off anywhere, it goes on.

use organisation_host::{Limits, contract::directory::SyncStep};
use system_tests::{Copy, Setting, fuse::Cut, stage::LEASES_OVER, sync::PLAIN};
use wecom_simulator::{
    DEMO_AGENT_ID, Generator,
    corp::{Corp, Grant},
};

/// An organisation of which an app sees two departments by its tags, and some members by themselves or by a tag alone.
fn granted_piece_by_piece() -> Corp {
    let generator = Generator { root_visible: false, loners: 6, tags: 12, ..Generator::sized(11, 24, 6) };
    let mut corp = generator.generate().unwrap();
    let granted: Vec<Grant> = corp.app(DEMO_AGENT_ID).unwrap().visible.departments().map(Grant::Department).collect();
    for grant in granted {
        corp.ungrant(DEMO_AGENT_ID, &grant).unwrap();
    }
    let loners: Vec<String> = corp.app(DEMO_AGENT_ID).unwrap().visible.members().map(str::to_owned).collect();
    for (id, loner) in (100..).zip(&loners[..3]) {
        corp.ungrant(DEMO_AGENT_ID, &Grant::Member(loner.clone())).unwrap();
        corp.add_tag(id, loner, None).unwrap();
        corp.tag_add(id, &[loner], &[]).unwrap();
        corp.grant(DEMO_AGENT_ID, Grant::Tag(id)).unwrap();
    }
    corp
}

/// Cuts the calls of a first sync off at every other operation from the first one on, in turn, and goes on each time. A
/// call is so short that it ends while tags are left to be asked about.
async fn cut_everywhere(cut: Cut, first: i64) {
    let limits = Limits::default().requests(16);
    for operations in (first..).step_by(2) {
        let stage = Setting::new(granted_piece_by_piece()).limits(limits.clone()).start().await;
        stage.fuse.arm(operations, cut);
        let mut ended_in_scope = 0;
        let is_dead = loop {
            let Some(answer) = stage.fuse.watch(PLAIN.call(&stage.element)).await else { break true };
            match stage.note_answer(answer).unwrap() {
                SyncStep::More(progress) => ended_in_scope += u64::from(progress.phase == "scope"),
                SyncStep::Complete(_) => break false,
                other => panic!("{other:?}"),
            }
        };
        stage.fuse.mend();
        if is_dead {
            assert_eq!(Copy::replayed(&stage.changes().await), stage.copy().await, "{cut:?} {operations}");
            stage.advance(LEASES_OVER);
            stage.complete(&PLAIN).await;
        }
        stage.assert_exact().await;
        let tags = stage.control.count("tag/get").calls;
        if !is_dead {
            assert!(operations > 30 && ended_in_scope > 1, "{operations} deaths, {ended_in_scope} calls for the scope");
            assert_eq!(tags, 15, "no tag is asked about twice");
            return;
        }
    }
}

#[tokio::test]
async fn a_scope_killed_before_any_operation_goes_on() {
    cut_everywhere(Cut::Before, 0).await;
}

#[tokio::test]
async fn a_scope_killed_after_any_operation_goes_on() {
    cut_everywhere(Cut::After, 1).await;
}
