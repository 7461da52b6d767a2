//! A sync that would take too much away stops before anything is written, until somebody allows it.

use organisation_host::contract::{
    directory::SyncStep,
    types::{Reason, RemovalCounts},
};
use serde_json::json;
use system_tests::{
    Company, Setting, TestVendor,
    sync::{APPROVING, PLAIN},
};

for_each_vendor! {
    too_large_a_share_is_asked_about_and_a_few_are_not,
    a_configured_guard_stops_sooner_and_more_than_half_stops_whatever_it_says,
    what_was_stopped_goes_on_when_it_is_mended_or_allowed,
}

/// People and units of a company, then how many are out of sight, resigned and closed.
type Row = (u64, u64, usize, usize, u64, Option<RemovalCounts>);

fn blocked(members: u64, members_total: u64, departments: u64, departments_total: u64) -> Option<RemovalCounts> {
    Some(RemovalCounts { members, members_total, departments, departments_total })
}

async fn too_large_a_share_is_asked_about_and_a_few_are_not<V: TestVendor>() {
    let rows: [Row; 13] = [
        (4, 2, 2, 0, 0, None),
        (4, 2, 3, 0, 0, blocked(3, 4, 0, 2)),
        (4, 2, 4, 0, 0, blocked(4, 4, 0, 2)),
        (4, 2, 0, 3, 0, blocked(3, 4, 0, 2)),
        (5, 2, 2, 1, 0, blocked(3, 5, 0, 2)),
        (1, 2, 1, 0, 0, blocked(1, 1, 0, 2)),
        (40, 10, 8, 0, 0, None),
        (40, 10, 9, 0, 0, blocked(9, 40, 0, 10)),
        (40, 10, 0, 9, 0, blocked(9, 40, 0, 10)),
        (40, 10, 5, 4, 0, blocked(9, 40, 0, 10)),
        (3, 30, 0, 0, 6, None),
        (3, 30, 0, 0, 7, blocked(0, 3, 7, 30)),
        (2, 5, 0, 0, 3, blocked(0, 2, 3, 5)),
    ];
    for (people, units, gone, resigned, closed, expected) in rows {
        let name = format!("{gone} gone and {resigned} resigned of {people}, {closed} closed of {units}");
        let company = Company::sized(people, units);
        let stage = Setting::<V>::of(&company).start().await;
        stage.complete(&PLAIN).await;
        let before = (stage.copy().await, stage.changes().await);
        let mut ids = company.people.iter().map(|person| &*person.id);
        ids.by_ref().take(gone).for_each(|id| stage.control.take_away(id));
        ids.take(resigned).for_each(|id| stage.control.resign(id));
        // The last ones have no unit below them.
        (0..closed).for_each(|index| stage.control.remove_unit(units - index));
        match expected {
            None => {
                stage.complete(&PLAIN).await;
            }
            Some(counts) => {
                let error = stage.paused(&PLAIN).await;
                assert_eq!(error.reason, Reason::MassRemovalBlocked(counts), "{name}");
                assert!(error.hint.is_some(), "{name}: {error:?}");
                assert_eq!((stage.copy().await, stage.changes().await), before, "{name}: nothing was changed");
                stage.complete(&APPROVING).await;
            }
        }
        stage.assert_exact().await;
    }
}

async fn a_configured_guard_stops_sooner_and_more_than_half_stops_whatever_it_says<V: TestVendor>() {
    let strict = json!({ "percent": 10, "floor": 1, "absolute": 3 });
    let lax = json!({ "percent": 50, "floor": 100, "absolute": 1_000_000 });
    let rows = [
        (&strict, 40, 10, 3, 0, None),
        (&strict, 40, 10, 4, 0, blocked(4, 40, 0, 10)),
        (&strict, 10, 10, 2, 0, blocked(2, 10, 0, 10)),
        (&strict, 3, 20, 0, 3, blocked(0, 3, 3, 20)),
        (&lax, 40, 10, 20, 0, None),
        (&lax, 40, 10, 21, 0, blocked(21, 40, 0, 10)),
    ];
    for (guard, people, units, gone, closed, expected) in rows {
        let name = format!("{guard}: {gone} gone of {people}, {closed} closed of {units}");
        let company = Company::sized(people, units);
        let stage = Setting::<V>::of(&company).config(json!({ "sync": { "guard": guard } })).start().await;
        stage.complete(&PLAIN).await;
        company.people[..gone].iter().for_each(|person| stage.control.take_away(&person.id));
        (0..closed).for_each(|index| stage.control.remove_unit(units - index));
        let Some(counts) = expected else {
            stage.complete(&PLAIN).await;
            continue;
        };
        assert_eq!(stage.paused(&PLAIN).await.reason, Reason::MassRemovalBlocked(counts), "{name}");
        // What rests goes on as soon as the configuration admits it.
        if gone == 4 {
            let laxer = stage.reconfigured(&json!({ "sync": { "guard": lax } }));
            let step = stage.step_of(&laxer, &PLAIN).await.unwrap();
            assert!(matches!(step, SyncStep::Complete(_)), "{name}: {step:?}");
        }
    }
}

async fn what_was_stopped_goes_on_when_it_is_mended_or_allowed<V: TestVendor>() {
    let company = Company::sized(40, 30);
    let stage = Setting::<V>::of(&company).start().await;
    stage.complete(&PLAIN).await;
    let leavers = &company.people[..12];
    let leave = || leavers.iter().for_each(|person| stage.control.take_away(&person.id));
    leave();
    assert_eq!(stage.paused(&PLAIN).await.reason, Reason::MassRemovalBlocked(blocked(12, 40, 0, 30).unwrap()));
    // Mended before anybody allowed anything: what was stopped rests, a new sync removes nothing.
    leavers.iter().for_each(|person| stage.control.add_person(person));
    assert!(matches!(stage.paused(&PLAIN).await.reason, Reason::MassRemovalBlocked(_)));
    stage.abandon().await;
    assert_eq!(stage.complete(&PLAIN).await.members.left_range, 0);
    leave();
    assert!(matches!(stage.paused(&PLAIN).await.reason, Reason::MassRemovalBlocked(_)));
    assert_eq!(stage.complete(&APPROVING).await.members.left_range, 12);
    stage.assert_exact().await;
}
