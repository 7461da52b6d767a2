//! What a vendor supplies. [`Vendor`] is everything that can be said without asking anybody; [`Client`] asks, for the
//! length of one call of the component.
//!
//! Nothing here is dispatched at run time: an element is the kit, compiled for one vendor.

use std::{collections::BTreeMap, fmt::Debug};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    kit::config::Common,
    contract::{
        element::{Aspect, Description, Validation},
        login::{Entry, LinkedIdentity, OutsiderIdentity, SensitiveFields},
        types::Reason,
    },
    directory::{department::FetchedDepartment, member::FetchedMember},
    failure::Failure,
    platform::Platform,
    text::{Locale, Text},
    verdict::Finding,
};

/// A vendor: its configuration, and the addresses of its sign-in pages. Pure.
pub trait Vendor: Sized + 'static {
    /// A sound configuration.
    type Config;
    /// Asks the vendor.
    type Client<'a, P: Platform + 'a>: Client<P>;

    /// Describes the element in the language of the tag.
    fn describe(locale: &str) -> Description;

    /// Judges a configuration document. Never fails: what cannot be read is a problem.
    fn validate(document: &str) -> Validation;

    /// Reads a configuration document.
    ///
    /// # Errors
    /// `invalid-config` with all problems, when one of them is an error.
    fn parse(document: &str) -> Result<Self::Config, Failure>;

    /// The language that a document asks for, also where the rest of it is unsound.
    fn locale_of(document: &str) -> Locale;

    /// The part of a configuration that means the same for every vendor.
    fn common(config: &Self::Config) -> &Common;

    /// A client for one call.
    fn client<'a, P: Platform>(platform: &'a P, config: &'a Self::Config) -> Self::Client<'a, P>;

    /// The page to which the browser is sent to begin a sign-in.
    ///
    /// # Errors
    /// `unsupported` for an entry that this vendor does not have.
    fn sign_in_url(config: &Self::Config, sign_in: &SignIn<'_>) -> Result<String, Failure>;

    /// The address to paste into the vendor's console as the app's home page, for a target that was judged already.
    ///
    /// # Errors
    /// `unsupported` where the vendor has none.
    fn homepage_url(_config: &Self::Config, _target: &str) -> Result<String, Failure> {
        Err(Failure::new(Reason::Unsupported, ("该平台没有应用主页", "this vendor has no home page of an app")))
    }

    /// The constant state that comes back from a home page, where there is such a thing.
    fn homepage_state(_config: &Self::Config) -> Option<&str> {
        None
    }
}

/// A sign-in that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    /// Where the person comes from.
    pub entry: &'a Entry,
    /// Where the vendor sends the browser afterwards.
    pub redirect_uri: &'a str,
    /// Letters and digits.
    pub state: &'a str,
    /// The language of the vendor's page.
    pub locale: Locale,
}

/// Asks the vendor. One client serves one call of the component; it keeps the token that it met.
pub trait Client<P: Platform>: Sized {
    /// What was sent so far.
    fn usage(&self) -> Usage;

    /// Judges the connection, one finding for each aspect, in the order of the contract. What the vendor or the network
    /// does ends up in a finding. `notes` tells what only use shows.
    ///
    /// # Errors
    /// Where the storage fails.
    fn check(&self) -> Result<Vec<(Aspect, Finding)>, Failure>;

    /// Asks who stands behind a code, which spends it. Never repeated blindly.
    fn identify(&self, code: &str) -> Result<Identified, IdentifyError>;

    /// What a member consented to, for the proof that came with [`Identified::Member`].
    ///
    /// # Errors
    /// What the vendor refuses.
    fn consented(&self, _id: &str, _proof: &str) -> Result<SensitiveFields, Failure> {
        Err(Failure::new(Reason::Unsupported, ("该平台没有敏感信息授权", "this vendor has no consent to sensitive fields")))
    }

    /// Asks about one member.
    ///
    /// # Errors
    /// What the vendor refuses for any other reason than that the member is not to be seen.
    fn member(&self, id: &str) -> Result<MemberAnswer, Failure>;

    /// Asks about one department, likewise.
    ///
    /// # Errors
    /// As [`Client::member`].
    fn department(&self, id: &str) -> Result<DepartmentAnswer, Failure>;
}

/// Who stands behind a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identified {
    /// A member of this organisation.
    Member {
        /// In the vendor's spelling.
        id: String,
        /// With this the vendor tells what the member consented to. It also proves that the member is in the visible
        /// range.
        proof: Option<String>,
    },
    /// A member of a linked organisation.
    Linked(LinkedIdentity),
    /// Nobody's member.
    Outsider(OutsiderIdentity),
}

/// A code that identified nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifyError {
    /// For whoever signs in.
    pub failure: Failure,
    /// Whether the same code may well work later: the vendor did not look at it, or nobody knows.
    pub may_retry: bool,
}

/// What the vendor says about one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberAnswer {
    /// Here is the member.
    Shown(Box<FetchedMember>),
    /// There is no such member, or none that the app may see; with the vendor's code.
    Hidden(Option<i64>),
    /// The vendor knows the member, but the answer cannot be read.
    Unreadable,
}

/// What the vendor says about one department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DepartmentAnswer {
    /// Here is the department.
    Shown(Box<FetchedDepartment>),
    /// There is no such department, or none that the app may see; with the vendor's code.
    Hidden(Option<i64>),
    /// The vendor knows the department, but the answer cannot be read.
    Unreadable,
}

/// What a client has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests by the vendor's name of the endpoint, repetitions included.
    pub calls: BTreeMap<&'static str, u64>,
    /// How many of them repeated an earlier one.
    pub retries: u64,
    /// Ranges of files that were asked for; not among the calls.
    pub downloads: u64,
}

impl Usage {
    /// All requests.
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}
