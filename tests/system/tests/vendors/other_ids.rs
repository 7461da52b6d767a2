//! Further ids of a member: part of the record wherever it is shown, and nobody's way to name a member.

use organisation_host::contract::{
    directory::{AlternateId, ChangeKind, Changed, Goal, MemberStatus, SyncStep},
    login::Entry,
};
use organisation_host::reason_name;
use system_tests::{
    Stage, TestVendor,
    sign_in::entering,
    sync::{PLAIN, PLANNING},
};

use crate::sign_in::member;

for_each_vendor! {
    other_ids_are_part_of_the_record_everywhere,
    a_change_of_another_id_is_a_change_of_the_member,
}

/// Another id of every kind that the vendor has, which no two people share.
fn give<V: TestVendor>(stage: &Stage<V>, id: &str, word: &str) -> Vec<AlternateId> {
    let other = |kind: &&str| AlternateId { kind: (*kind).to_owned(), id: format!("{word} of {id}") };
    let others: Vec<AlternateId> = V::OTHER_IDS.iter().map(other).collect();
    others.iter().for_each(|other| stage.control.give_other_id(id, &other.kind, Some(&other.id)));
    others
}

async fn other_ids_are_part_of_the_record_everywhere<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let expected = give(&stage, "lisi", "other");
    stage.complete(&PLAIN).await;
    stage.assert_exact().await;
    let element = &stage.element;
    let arrival = stage.arrive_from(&entering(Entry::Browser), "lisi").await;
    let came = member(stage.exchange(&arrival).await.unwrap());
    let found = stage.heard(element.find_member(&came.id)).await.unwrap();
    assert_eq!((&*found.id, &found.alternate_ids), ("lisi", &expected), "who signed in is found with them");
    let several = stage.heard(element.find_members(&["lisi".to_owned(), "wangwu".to_owned()])).await.unwrap();
    let ids: Vec<_> = several.into_iter().flatten().map(|member| member.alternate_ids).collect();
    assert_eq!(ids, [expected.clone(), Vec::new()]);
    let refreshed = stage.heard(element.sync_member("lisi")).await.unwrap();
    assert_eq!(refreshed.alternate_ids, expected);
    let error = stage.heard(element.find_member("other of lisi")).await.unwrap_err();
    assert_eq!(reason_name(&error.reason), "not-found", "no function takes one in place of the id");

    // As the record was last seen, and as whoever follows the feed has it.
    stage.control.take_away("lisi");
    stage.complete(&PLAIN).await;
    let gone = stage.heard(element.find_member("lisi")).await.unwrap();
    assert_eq!((gone.status, gone.alternate_ids), (MemberStatus::LeftRange, expected.clone()));
    let changes = stage.changes().await;
    let shown = changes.iter().filter_map(|change| match &change.record {
        Changed::Member(member) if member.id == "lisi" => Some(&member.alternate_ids),
        _ => None,
    });
    assert_eq!(shown.collect::<Vec<_>>(), [&expected, &expected]);
    stage.assert_exact().await;
}

async fn a_change_of_another_id_is_a_change_of_the_member<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    give(&stage, "lisi", "former");
    stage.complete(&PLAIN).await;
    assert_eq!(stage.complete(&PLAIN).await.members.updated, 0);

    let expected = give(&stage, "lisi", "new");
    let changes = u64::from(!expected.is_empty());
    let Ok(SyncStep::Planned(planned)) = stage.sync(&PLANNING).await else { panic!() };
    assert_eq!(planned.members.updated, changes);
    let plan = stage.heard(stage.element.plan(None, 10)).await.unwrap().changes;
    let fields: Vec<&str> = plan.iter().flat_map(|change| &change.fields).map(|field| &*field.field).collect();
    assert_eq!(fields, if changes == 1 { vec!["alternate-ids"] } else { vec![] });
    for field in plan.iter().flat_map(|change| &change.fields) {
        let (before, after) = (field.before.as_deref().unwrap(), field.after.as_deref().unwrap());
        assert!(before.contains("former of lisi") && after.contains("new of lisi"), "{field:?}");
    }
    let Ok(SyncStep::Complete(report)) = stage.heard(stage.element.advance(&planned.run, Goal::Complete)).await else {
        panic!()
    };
    assert_eq!(report.members.updated, changes);
    let updated = stage.changes().await.into_iter().filter(|change| change.kind == ChangeKind::MemberUpdated);
    assert_eq!(updated.count() as u64, changes);
    assert_eq!(stage.heard(stage.element.find_member("lisi")).await.unwrap().alternate_ids, expected);
    stage.assert_exact().await;

    // One of them alone goes.
    if let [kind, rest @ ..] = V::OTHER_IDS {
        stage.control.give_other_id("lisi", kind, None);
        assert_eq!(stage.complete(&PLAIN).await.members.updated, 1);
        let left = stage.heard(stage.element.find_member("lisi")).await.unwrap().alternate_ids;
        assert_eq!(left.iter().map(|other| &*other.kind).collect::<Vec<_>>(), rest);
        stage.assert_exact().await;
    }
}
