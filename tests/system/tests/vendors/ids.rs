//! Ids as the second vendor has them: upper and lower case differ, and anything may stand in them.

use organisation_host::{
    contract::{directory::MemberStatus, login::Entry},
    storage::{ApplyOutcome, Op},
};
use second_vendor::Control;
use system_tests::{Company, Setting, Stage, TestVendor, company::Person, sign_in::entering, sync::PLAIN};

use crate::sign_in::member;

/// Who differs in case only, and who has everything in the id that could be taken for something else.
const PEOPLE: [(&str, &str, u64); 5] = [
    ("anna", "Anna Weber", 21),
    ("Anna", "Anna Zhou", 22),
    ("ANNA", "安娜", 3),
    ("a/b%2F..?x=1&as=lisi#", "斜杠", 21),
    (" 王 五 ", "空格", 22),
];

async fn stage() -> Stage<Control> {
    let mut company = Company::sample();
    company.people.extend(PEOPLE.map(|(id, name, unit)| Person::new(id, name, unit)));
    let stage = Setting::of(&company).start().await;
    stage.complete(&PLAIN).await;
    stage
}

async fn give_role(stage: &Stage<Control>, id: &str, role: &str) {
    let value = format!(r#"{{"roles":["{role}"]}}"#);
    let put = Op::put(format!("directory/o/{id}"), value);
    let outcome = stage.storage.apply(stage.element.scope(), vec![put]).await.unwrap();
    assert!(matches!(outcome, ApplyOutcome::Applied(_)));
}

#[tokio::test]
async fn spellings_are_people_of_their_own() {
    let stage = stage().await;
    stage.assert_exact().await;
    for (id, ..) in PEOPLE {
        give_role(&stage, id, &format!("role of {id}")).await;
    }
    for (id, name, unit) in PEOPLE {
        let found = stage.heard(stage.element.find_member(id)).await.unwrap();
        assert_eq!((&*found.id, &*found.name), (id, name));
        assert_eq!(found.roles, [format!("role of {id}")]);
        let arrival = stage.arrive_from(&entering(Entry::Browser), id).await;
        let identity = member(stage.exchange(&arrival).await.unwrap());
        assert_eq!((&*identity.id, identity.name.as_deref()), (id, Some(name)));
        assert_eq!(identity.departments, [Control::unit_id(unit)]);
        assert_eq!(identity.roles, [format!("role of {id}")]);
    }
    let error = stage.heard(stage.element.find_member("aNNa")).await.unwrap_err();
    assert_eq!(organisation_host::reason_name(&error.reason), "not-found");
}

#[tokio::test]
async fn what_happens_to_one_spelling_happens_to_no_other() {
    let stage = stage().await;
    stage.control.resign("anna");
    stage.control.promote("Anna", "总监");
    stage.control.take_away("ANNA");
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.members.resigned, report.members.updated, report.members.left_range), (1, 1, 1));
    stage.assert_exact().await;
    for (id, status) in
        [("anna", MemberStatus::Resigned), ("Anna", MemberStatus::Active), ("ANNA", MemberStatus::LeftRange)]
    {
        assert_eq!(stage.heard(stage.element.find_member(id)).await.unwrap().status, status, "{id}");
    }
    stage.control.promote("Anna", "总经理");
    stage.heard(stage.element.sync_member("Anna")).await.unwrap();
    stage.assert_exact().await;
}
