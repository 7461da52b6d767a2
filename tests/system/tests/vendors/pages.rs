//! Lists and cards as the second vendor has them: lists come in pages, people may be in no unit at all.

use organisation_host::contract::directory::MemberStatus;
use second_vendor::{Control, Place, State};
use system_tests::{Company, Setting, Stage, TestVendor, company::Person, sync::PLAIN};

#[tokio::test]
async fn each_page_is_asked_for_once() {
    let company = Company::sized(150, 30);
    // Units of one page, of several that end with a full one, and of none.
    let sizes = [(30, 0), (29, 4), (28, 8), (27, 9)];
    let stage: Stage<Control> = Setting::of(&company).start().await;
    let mut pages = 1;
    for unit in 1..=30 {
        let people = company.people.iter().filter(|person| person.units == [unit]);
        let size = sizes.iter().find(|(special, _)| *special == unit).map_or(5, |(_, size)| *size);
        for person in people.skip(size) {
            stage.control.take_away(&person.id);
        }
        for index in 5..size {
            stage.control.add_person(&Person::new(&format!("more {unit} {index}"), "更多", unit));
        }
        pages += size.div_ceil(4).max(1);
    }
    let report = stage.complete(&PLAIN).await;
    assert_eq!(stage.control.list_calls(), pages as u64);
    assert_eq!(report.vendor_calls, stage.vendor_calls());
    stage.assert_exact().await;
}

#[tokio::test]
async fn people_without_a_unit_are_members_as_well() {
    let stage = Stage::<Control>::sample().await;
    for index in 0..9 {
        stage.control.add_person(&Person { units: Vec::new(), ..Person::new(&format!("loner {index}"), "独行", 1) });
    }
    let report = stage.complete(&PLAIN).await;
    assert_eq!(report.members.added, 12 + 9);
    stage.assert_exact().await;
    assert_eq!(stage.complete(&PLAIN).await.members.unchanged, report.members_total);
}

#[tokio::test]
async fn everything_that_a_card_can_hold_arrives() {
    let stage = Stage::<Control>::sample().await;
    stage.control.change(|organisation| {
        let person = organisation.people.get_mut("lisi").unwrap();
        let place = |number, head, rank| Place { unit: Control::unit_id(number), head, rank };
        person.units = vec![place(22, true, 7), place(21, false, 0), place(3, false, u64::MAX)];
        (person.phone, person.email) = (Some("+86 138".to_owned()), Some("lisi@acme.example".to_owned()));
        person.manager = Some("zhangsan".to_owned());
        (person.title, person.state) = (None, State::Invited);
        organisation.people.get_mut("wangwu").unwrap().state = State::Suspended;
        let unit = organisation.units.get_mut(&Control::unit_id(22)).unwrap();
        (unit.rank, unit.heads) = (9, vec!["lisi".to_owned(), "sunqi".to_owned()]);
    });
    stage.complete(&PLAIN).await;
    // The whole card is compared with the service's.
    stage.assert_exact().await;
    let found = stage.heard(stage.element.find_member("lisi")).await.unwrap();
    assert_eq!((found.status, found.main_department), (MemberStatus::NotActivated, Some(Control::unit_id(22))));
    assert_eq!(stage.complete(&PLAIN).await.members.unchanged, 12);
}
