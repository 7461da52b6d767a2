//! Rollcall: the invented service of the second vendor.

use std::{collections::BTreeSet, time::Duration};

use organisation_host::contract::directory::{AlternateId, Department, Member, MemberStatus, Membership};
use second_vendor::{Answer, Clock, Control, Organisation, Route, Server, Setup, State};
use serde_json::{Value, json};
use wecom_simulator::Browser;

use super::{RowNames, TestVendor};
use crate::{
    company::{Company, Person, Unit},
    copy::Copy,
    sign_in::Arrival,
    stage::{REDIRECT_URI, START_MS},
};

const ORGANISATION: &str = "acme & sons";
const CLIENT: &str = "lowcode";
const SECRET: &str = "Rollcall-client-secret_made-up";
/// Small, so that every list of a test has several pages.
const PAGE: usize = 4;

impl TestVendor for Control {
    type Setup = Setup;
    type Server = Server;
    const SECRET: &'static str = SECRET;
    const ROWS: RowNames = RowNames {
        person_mark: "state",
        person_id: "id",
        units: "units",
        title: "title",
        unit_mark: "parent",
        name: "name",
    };
    const OTHER_IDS: &'static [&'static str] = &["account", "employee-number"];
    const FROZEN: Option<&'static [u8]> = Some(include_bytes!("../../../frozen/rollcall-0.1.0.wasm"));

    fn component() -> &'static [u8] {
        second_vendor::component()
    }

    fn setup(company: &Company) -> Setup {
        let mut organisation = Organisation::new(ORGANISATION, CLIENT, SECRET, "app.example.com");
        company.units.iter().for_each(|unit| organisation.put_unit(to_unit(unit)));
        company.people.iter().for_each(|person| organisation.put_person(to_person(person)));
        Setup { clock: Clock::frozen_at(START_MS), page_size: PAGE, ..Setup::new(organisation) }
    }

    fn in_real_time(setup: Setup) -> Setup {
        Setup { clock: Clock::default(), ..setup }
    }

    async fn start(setup: Setup) -> (Server, String, Self) {
        let server = Server::start(setup).await.expect("a port on loopback is free");
        let (base_url, control) = (server.base_url(), server.control());
        (server, base_url, control)
    }

    fn document(base_url: &str) -> Value {
        json!({
            "organisation": ORGANISATION,
            "clientId": CLIENT,
            "clientSecret": SECRET,
            "redirectUri": REDIRECT_URI,
            "baseUrl": base_url,
            "locale": "en",
        })
    }

    fn other_organisation() -> Value {
        json!({ "organisation": "Acme & Sons" })
    }

    /// With everything in it that could be taken for a path, an escape or a separator.
    fn unit_id(number: u64) -> String {
        format!("Unit/{number} 50%25")
    }

    fn id_key(id: &str) -> String {
        id.to_owned()
    }

    fn now(&self) -> u64 {
        Self::now(self)
    }

    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }

    fn delay(&self, by: Duration) {
        Self::delay(self, by);
    }

    fn add_person(&self, person: &Person) {
        self.change(|organisation| organisation.put_person(to_person(person)));
    }

    fn promote(&self, id: &str, title: &str) {
        edit(self, id, |person| person.title = Some(title.to_owned()));
    }

    fn give_other_id(&self, id: &str, kind: &str, other: Option<&str>) {
        edit(self, id, |person| {
            let place = if kind == "account" { &mut person.account } else { &mut person.badge };
            *place = other.map(str::to_owned);
        });
    }

    fn move_person(&self, id: &str, unit: u64) {
        edit(self, id, |person| person.units = second_vendor::Person::new("", "", &[&Self::unit_id(unit)]).units);
    }

    fn take_away(&self, id: &str) {
        self.change(|organisation| organisation.people.remove(id)).expect("a person");
    }

    fn resign(&self, id: &str) {
        edit(self, id, |person| person.state = State::Left);
    }

    fn reinstate(&self, id: &str) {
        edit(self, id, |person| person.state = State::Active);
    }

    fn add_unit(&self, unit: &Unit) {
        self.change(|organisation| organisation.put_unit(to_unit(unit)));
    }

    fn rename_unit(&self, unit: u64, name: &str) {
        edit_unit(self, unit, |unit| unit.name = name.to_owned());
    }

    fn move_unit(&self, unit: u64, parent: u64) {
        edit_unit(self, unit, |unit| unit.parent = Some(Self::unit_id(parent)));
    }

    fn remove_unit(&self, unit: u64) {
        self.change(|organisation| organisation.remove_unit(&Self::unit_id(unit))).expect("a unit");
    }

    async fn sign_in(url: &str, id: &str) -> Arrival {
        let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let page = Browser::desktop().get(&format!("{url}&as={id}")).await.expect("the page answers");
        Arrival::read(page.header("location").unwrap_or_else(|| panic!("nobody gets in: {}", page.text())))
    }

    fn revoke_tokens(&self) {
        Self::revoke_tokens(self);
    }

    fn token_calls(&self) -> u64 {
        self.count(Route::Token)
    }

    fn code_calls(&self) -> u64 {
        self.count(Route::Code)
    }

    fn list_calls(&self) -> u64 {
        self.count(Route::People)
    }

    fn calls(&self) -> u64 {
        Self::calls(self)
    }

    fn slow_down(&self, nth: u64) {
        self.answer_nth(Route::People, nth, Answer::slow_down(20));
    }

    fn truth(&self) -> Copy {
        self.read(|organisation| Copy {
            departments: organisation.units.values().map(|unit| (unit.id.clone(), department(unit))).collect(),
            members: organisation
                .people
                .values()
                .filter_map(|person| Some((person.id.clone(), member(person)?)))
                .collect(),
        })
    }

    fn resigned(&self) -> BTreeSet<String> {
        self.read(|organisation| {
            let left = organisation.people.values().filter(|person| person.state == State::Left);
            left.map(|person| person.id.clone()).collect()
        })
    }
}

fn edit(control: &Control, id: &str, change: impl FnOnce(&mut second_vendor::Person)) {
    control.change(|organisation| change(organisation.people.get_mut(id).expect("a person")));
}

fn edit_unit(control: &Control, unit: u64, change: impl FnOnce(&mut second_vendor::Unit)) {
    control.change(|organisation| change(organisation.units.get_mut(&Control::unit_id(unit)).expect("a unit")));
}

fn to_unit(unit: &Unit) -> second_vendor::Unit {
    let parent = unit.parent.map(Control::unit_id);
    second_vendor::Unit::new(&Control::unit_id(unit.number), &unit.name, parent.as_deref())
}

fn to_person(person: &Person) -> second_vendor::Person {
    let units: Vec<String> = person.units.iter().map(|unit| Control::unit_id(*unit)).collect();
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    second_vendor::Person {
        title: Some(person.title.clone()),
        ..second_vendor::Person::new(&person.id, &person.name, &units)
    }
}

fn department(unit: &second_vendor::Unit) -> Department {
    Department {
        id: unit.id.clone(),
        name: unit.name.clone(),
        name_en: None,
        parent_id: unit.parent.clone(),
        order: unit.rank,
        leaders: unit.heads.clone(),
    }
}

/// A present member; nothing for somebody who left.
fn member(person: &second_vendor::Person) -> Option<Member> {
    let status = match person.state {
        State::Active => MemberStatus::Active,
        State::Invited => MemberStatus::NotActivated,
        State::Suspended => MemberStatus::Disabled,
        State::Left => return None,
    };
    let mut departments: Vec<Membership> = person
        .units
        .iter()
        .map(|place| Membership { id: place.unit.clone(), leader: place.head, order: place.rank })
        .collect();
    departments.sort_by(|one, other| one.id.cmp(&other.id));
    Some(Member {
        alternate_ids: Control::OTHER_IDS.iter().zip([&person.account, &person.badge]).filter_map(other_id).collect(),
        id: person.id.clone(),
        name: person.name.clone(),
        status,
        departments,
        main_department: person.units.first().map(|place| place.unit.clone()),
        direct_leaders: person.manager.iter().cloned().collect(),
        position: person.title.clone(),
        alias: None,
        telephone: None,
        mobile: person.phone.clone(),
        email: None,
        business_email: person.email.clone(),
        gender: None,
        avatar: None,
        qr_code: None,
        address: None,
        external_position: None,
        attributes: Vec::new(),
        external_profile: None,
        roles: Vec::new(),
        suspended_roles: Vec::new(),
    })
}

fn other_id((kind, id): (&&str, &Option<String>)) -> Option<AlternateId> {
    Some(AlternateId { kind: (*kind).to_owned(), id: id.clone()? })
}
