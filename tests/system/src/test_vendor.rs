//! A vendor in the hand of a test: what the tests of `tests/vendors` need of a fake to say nothing about its vendor.

mod rollcall;
mod wecom;

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use crate::{
    company::{Company, Person, Unit},
    copy::Copy,
    sign_in::Arrival,
};

/// The handle on a running fake. It reads and changes the organisation while elements talk to it.
///
/// Changes panic where the fake refuses them: a test that asks for the impossible is wrong.
pub trait TestVendor: Clone + Send + Sync + 'static {
    /// What a fake is started with.
    type Setup: Clone + Send;
    /// The fake itself; it stops when dropped.
    type Server: Send;
    /// What is written where the credential belongs.
    const SECRET: &'static str;
    /// What rows of the vendor's answers call the fields that tests spoil.
    const ROWS: RowNames;
    /// The kinds of further ids that the element knows of a member, in order. WeCom tells an app of the organisation's own none.
    const OTHER_IDS: &'static [&'static str];

    /// The component as it was when the contract was frozen, where it is kept.
    const FROZEN: Option<&'static [u8]>;

    /// The component of its element.
    fn component() -> &'static [u8];

    /// A set-up of this organisation on a clock that stands at [`START_MS`](crate::stage::START_MS).
    fn setup(company: &Company) -> Self::Setup;

    /// Lets the clock of a set-up run by itself.
    fn in_real_time(setup: Self::Setup) -> Self::Setup;

    /// Starts a fake, and answers with its base address and the handle on it.
    fn start(setup: Self::Setup) -> impl Future<Output = (Self::Server, String, Self)> + Send;

    /// The element's configuration for the fake at this address, with
    /// [`REDIRECT_URI`](crate::stage::REDIRECT_URI) and in English.
    fn document(base_url: &str) -> Value;

    /// The keys of the configuration that name another organisation, which the fake does not know.
    fn other_organisation() -> Value;

    /// The id that the unit of this number has.
    fn unit_id(number: u64) -> String;

    /// The form in which ids of people compare.
    fn id_key(id: &str) -> String;

    /// Milliseconds since 1970, by the fake's clock.
    fn now(&self) -> u64;

    /// Moves the fake's clock forward.
    fn advance(&self, by: Duration);

    /// Delays every answer from now on, in real time.
    fn delay(&self, by: Duration);

    /// Somebody is hired, or comes back after [`TestVendor::take_away`].
    fn add_person(&self, person: &Person);

    /// Somebody gets another title.
    fn promote(&self, id: &str, title: &str);

    /// Somebody gets another id of one of [`TestVendor::OTHER_IDS`]; `None` takes it away.
    fn give_other_id(&self, id: &str, kind: &str, other: Option<&str>);

    /// Somebody works in another unit from now on, and in no other.
    fn move_person(&self, id: &str, unit: u64);

    /// Somebody is in the element's sight no more, and nothing says why.
    fn take_away(&self, id: &str);

    /// Somebody resigns, and the vendor says so.
    fn resign(&self, id: &str);

    /// Somebody who had resigned works here again.
    fn reinstate(&self, id: &str);

    /// A unit is opened.
    fn add_unit(&self, unit: &Unit);

    /// A unit is called otherwise.
    fn rename_unit(&self, unit: u64, name: &str);

    /// A unit belongs to another.
    fn move_unit(&self, unit: u64, parent: u64);

    /// A unit that nobody works in and that has none below it is closed.
    fn remove_unit(&self, unit: u64);

    /// A person goes through the page that an element made the address of.
    fn sign_in(url: &str, id: &str) -> impl Future<Output = Arrival> + Send;

    /// Every token that was given so far is refused from now on.
    fn revoke_tokens(&self);

    /// Calls so far that asked for a token.
    fn token_calls(&self) -> u64;

    /// Calls so far that asked who stands behind a code.
    fn code_calls(&self) -> u64;

    /// Calls so far that asked for members of units.
    fn list_calls(&self) -> u64;

    /// Calls so far.
    fn calls(&self) -> u64;

    /// The `nth` call from now on, counted from 1, that asks for members of a unit is refused as one too many.
    fn slow_down(&self, nth: u64);

    /// What the copy must hold as present: the organisation in the words of the contract, ids in the form in which they
    /// compare.
    fn truth(&self) -> Copy;

    /// Ids, in the form in which they compare, of those who are shown as resigned.
    fn resigned(&self) -> BTreeSet<String>;
}

/// What the rows of a vendor's answers call things.
#[derive(Clone, Copy, Debug)]
pub struct RowNames {
    /// A key that rows of people have and nothing else.
    pub person_mark: &'static str,
    /// The id of a person.
    pub person_id: &'static str,
    /// The units of a person.
    pub units: &'static str,
    /// The title of a person.
    pub title: &'static str,
    /// A key that rows of units have and nothing else.
    pub unit_mark: &'static str,
    /// The name, of both.
    pub name: &'static str,
}
