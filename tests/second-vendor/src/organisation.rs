//! The organisation that the service holds: plain data in the hand of a test.

use std::collections::BTreeMap;

/// An organisation with one client, which sees all of it.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// What its administrator writes into the configuration of a client.
    pub id: String,
    /// Name of the client.
    pub client_id: String,
    /// What proves that it is the client.
    pub client_secret: String,
    /// Host, with its port if it has one, to which sign-ins may return.
    pub return_host: String,
    /// By id.
    pub units: BTreeMap<String, Unit>,
    /// By id. Two ids that differ in case only are two people.
    pub people: BTreeMap<String, Person>,
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Any text.
    pub id: String,
    /// For people.
    pub name: String,
    /// Id of the unit that it belongs to.
    pub parent: Option<String>,
    /// Larger sorts first.
    pub rank: u64,
    /// Ids of people.
    pub heads: Vec<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Any text.
    pub id: String,
    /// For people.
    pub name: String,
    /// The name with which they sign in at the service.
    pub account: Option<String>,
    /// The number on their badge.
    pub badge: Option<String>,
    /// How they stand to the organisation.
    pub state: State,
    /// Where they work; nothing is allowed.
    pub units: Vec<Place>,
    /// What they are.
    pub title: Option<String>,
    /// Mobile number.
    pub phone: Option<String>,
    /// The organisation's address.
    pub email: Option<String>,
    /// Id of the person they report to.
    pub manager: Option<String>,
}

/// A person's place in a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Id of the unit.
    pub unit: String,
    /// Whether the person heads it.
    pub head: bool,
    /// Larger sorts first.
    pub rank: u64,
}

/// How a person stands to the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Works here.
    Active,
    /// Was invited and has never signed in.
    Invited,
    /// May not sign in for now.
    Suspended,
    /// Works here no longer; their card stays.
    Left,
}

impl Organisation {
    /// An organisation of nobody, with a client that may sign people in at `return_host`.
    pub fn new(id: &str, client_id: &str, client_secret: &str, return_host: &str) -> Self {
        Self {
            id: id.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            return_host: return_host.to_owned(),
            units: BTreeMap::new(),
            people: BTreeMap::new(),
        }
    }

    /// Adds a unit, or replaces the one of that id.
    pub fn put_unit(&mut self, unit: Unit) {
        self.units.insert(unit.id.clone(), unit);
    }

    /// Adds a person, or replaces the one of that id.
    pub fn put_person(&mut self, person: Person) {
        self.people.insert(person.id.clone(), person);
    }

    /// Removes a unit: what belonged to it belongs to the unit above, and people lose their place in it.
    pub fn remove_unit(&mut self, id: &str) -> Option<Unit> {
        let removed = self.units.remove(id)?;
        for unit in self.units.values_mut().filter(|unit| unit.parent.as_deref() == Some(id)) {
            unit.parent.clone_from(&removed.parent);
        }
        for person in self.people.values_mut() {
            person.units.retain(|place| place.unit != id);
        }
        Some(removed)
    }
}

impl Unit {
    /// A unit with nothing but a name and its place in the tree.
    pub fn new(id: &str, name: &str, parent: Option<&str>) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), parent: parent.map(str::to_owned), rank: 0, heads: Vec::new() }
    }
}

impl Person {
    /// An active person with nothing but a name and places.
    pub fn new(id: &str, name: &str, units: &[&str]) -> Self {
        let place = |unit: &&str| Place { unit: (*unit).to_owned(), head: false, rank: 0 };
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            account: None,
            badge: None,
            state: State::Active,
            units: units.iter().map(place).collect(),
            title: None,
            phone: None,
            email: None,
            manager: None,
        }
    }
}

impl State {
    pub(crate) fn may_sign_in(self) -> bool {
        matches!(self, Self::Active | Self::Invited)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Suspended => "suspended",
            Self::Left => "left",
        }
    }
}
