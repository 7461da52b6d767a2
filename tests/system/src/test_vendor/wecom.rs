//! WeCom: the simulator.

use std::{collections::BTreeSet, time::Duration};

use bundled_component::bundled_component;
use serde_json::{Value, json};
use wecom_simulator::{
    Browser, Choice, Clock, Control, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_DOMAIN, DEMO_SECRET, Effect, Fault, Secret,
    Setup, Simulator, When,
    corp::{App, Corp, CorpError, Department, Grant, Member, Membership, Resignation, Status},
};

use super::{RowNames, TestVendor};
use crate::{
    company::{Company, Person, ROOT, Unit},
    copy::Copy,
    expected::expected,
    sign_in::{Arrival, arrive},
    stage::{REDIRECT_URI, START_MS},
};

impl TestVendor for Control {
    type Setup = Setup;
    type Server = Simulator;
    const SECRET: &'static str = DEMO_SECRET;
    const ROWS: RowNames = RowNames {
        person_mark: "status",
        person_id: "userid",
        units: "department",
        title: "position",
        unit_mark: "parentid",
        name: "name",
    };
    const OTHER_IDS: &'static [&'static str] = &[];
    const FROZEN: Option<&'static [u8]> = None;

    fn component() -> &'static [u8] {
        bundled_component()
    }

    fn setup(company: &Company) -> Setup {
        let corp = corp(company).expect("the company keeps the rules of WeCom");
        Setup { clock: Clock::frozen_at(START_MS), ..Setup::new(corp) }
    }

    fn in_real_time(setup: Setup) -> Setup {
        Setup { clock: Clock::default(), ..setup }
    }

    async fn start(setup: Setup) -> (Simulator, String, Self) {
        let simulator = Simulator::start(setup).await.expect("a port on loopback is free");
        let (base_url, control) = (simulator.base_url(), simulator.control());
        (simulator, base_url, control)
    }

    fn document(base_url: &str) -> Value {
        json!({
            "corpId": DEMO_CORP_ID,
            "agentId": DEMO_AGENT_ID,
            "secret": DEMO_SECRET,
            "redirectUri": REDIRECT_URI,
            "apiBaseUrl": base_url,
            "loginBaseUrl": base_url,
            "oauthBaseUrl": base_url,
            "locale": "en",
        })
    }

    fn other_organisation() -> Value {
        json!({ "corpId": "ww0000000000000001" })
    }

    fn unit_id(number: u64) -> String {
        number.to_string()
    }

    fn id_key(id: &str) -> String {
        id.to_lowercase()
    }

    fn now(&self) -> u64 {
        Self::now(self)
    }

    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }

    fn delay(&self, by: Duration) {
        self.configure(|behaviour| behaviour.latency = by);
    }

    fn add_person(&self, person: &Person) {
        self.change(|corp| corp.add_member(member(person))).expect("the person is new");
    }

    fn promote(&self, id: &str, title: &str) {
        self.change(|corp| corp.update_member(id, |member| member.position = title.to_owned())).expect("a member");
    }

    fn give_other_id(&self, _: &str, kind: &str, _: Option<&str>) {
        panic!("WeCom has no further id of the kind {kind}");
    }

    fn move_person(&self, id: &str, unit: u64) {
        self.change(|corp| corp.move_member(id, unit)).expect("a member and a department");
    }

    fn take_away(&self, id: &str) {
        self.change(|corp| corp.remove_member(id)).expect("a member");
    }

    fn resign(&self, id: &str) {
        self.change(|corp| corp.resign_member(id, Resignation::Listed)).expect("a member");
    }

    fn reinstate(&self, id: &str) {
        self.change(|corp| corp.update_member(id, |member| member.status = Status::Active)).expect("a member");
    }

    fn add_unit(&self, unit: &Unit) {
        self.change(|corp| corp.add_department(department(unit))).expect("the department is new");
    }

    fn rename_unit(&self, unit: u64, name: &str) {
        self.change(|corp| corp.rename_department(unit, name)).expect("a department");
    }

    fn move_unit(&self, unit: u64, parent: u64) {
        self.change(|corp| corp.move_department(unit, parent)).expect("two departments");
    }

    fn remove_unit(&self, unit: u64) {
        self.change(|corp| corp.remove_department(unit)).expect("an empty department");
    }

    async fn sign_in(url: &str, id: &str) -> Arrival {
        let arrival = arrive(&Browser::desktop(), url, &Choice::Member(id.to_owned())).await;
        arrival.expect("the page lets this member through")
    }

    fn revoke_tokens(&self) {
        // It would hand the same one out again.
        self.configure(|behaviour| behaviour.switches.same_token = false);
        Self::revoke_tokens(self);
    }

    fn token_calls(&self) -> u64 {
        self.count("gettoken").calls
    }

    fn code_calls(&self) -> u64 {
        self.count("auth/getuserinfo").calls
    }

    fn list_calls(&self) -> u64 {
        self.count("user/list").calls
    }

    fn calls(&self) -> u64 {
        self.counts().values().map(|count| count.calls).sum()
    }

    fn slow_down(&self, nth: u64) {
        self.inject(Fault::of("user/list", When::Nth(nth), Effect::Code(45009)));
    }

    fn truth(&self) -> Copy {
        expected(self)
    }

    fn resigned(&self) -> BTreeSet<String> {
        let truth = Self::truth(self, DEMO_AGENT_ID).expect("the app is there");
        let resigned = truth.members.into_iter().filter(|(_, member)| member.status == 5);
        resigned.map(|(id, _)| id).collect()
    }
}

/// The company with an app that sees all of it.
fn corp(company: &Company) -> Result<Corp, CorpError> {
    let mut corp = Corp::new(DEMO_CORP_ID, "示例科技");
    for unit in &company.units {
        // Every corp has its root from the start.
        if unit.number == ROOT {
            corp.rename_department(ROOT, &unit.name)?;
        } else {
            corp.add_department(department(unit))?;
        }
    }
    corp.add_members(company.people.iter().map(member))?;
    corp.add_app(App {
        trusted_domains: vec![DEMO_DOMAIN.to_owned()],
        ..App::new(DEMO_AGENT_ID, "低代码应用", Secret::new(DEMO_SECRET))
    })?;
    corp.grant(DEMO_AGENT_ID, Grant::Department(ROOT))?;
    Ok(corp)
}

fn department(unit: &Unit) -> Department {
    Department::new(unit.number, &*unit.name, unit.parent.unwrap_or_default())
}

fn member(person: &Person) -> Member {
    Member {
        departments: person.units.iter().map(|unit| Membership::of(*unit)).collect(),
        position: person.title.clone(),
        ..Member::new(&*person.id, &*person.name, ROOT)
    }
}
