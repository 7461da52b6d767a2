//! What a vendor supplies. [`Vendor`] is everything that can be said without asking anybody; [`Client`] asks, for the
//! length of one call of the component.
//!
//! No vendor is chosen at run time: an element is the kit, compiled for one of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    calls::LoginCode,
    config::{Common, Element, Values},
    contract::{
        element::Aspect,
        login::{Entry, LinkedIdentity, OutsiderIdentity, SensitiveFields},
        types::Reason,
    },
    directory::{
        department::{DepartmentRow, FetchedDepartment},
        id::IdRule,
        member::{FetchedMember, MemberRow},
        sync::{PendingWait, RunContext, StepError},
    },
    failure::{Cause, Failure},
    locale::{Locale, Text},
    platform::Platform,
    verdict::Checked,
};

/// A vendor: its configuration, and the addresses of its sign-in pages. Pure.
pub trait Vendor: Sized + 'static {
    /// A sound configuration.
    type Config;
    /// Asks the vendor.
    type Client<'a>: Client;

    /// What the element is called, and which configuration it has.
    fn element() -> &'static Element;

    /// Makes the configuration of sound values; nothing only where a required one is missing.
    fn build(values: &Values) -> Option<Self::Config>;

    /// The organisation that sound values name; nothing only where a required one is missing. That is all that reading the
    /// local copy takes.
    fn organisation(values: &Values) -> Option<String>;

    /// The part of a configuration that means the same for every vendor.
    fn common(config: &Self::Config) -> &Common;

    /// A client for one call.
    fn client<'a>(platform: &'a dyn Platform, config: &'a Self::Config) -> Self::Client<'a>;

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
        Err(failure! { Unsupported: "该平台没有应用主页", "this vendor has no home page of an app" })
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

/// Asks the vendor. One client serves one call of the component; it keeps the token that it read.
///
/// Repeat nothing in `scope`, `list`, `members`, `departments` and `export`: the run waits in the host and asks again. Only
/// `member` and `department` are repeated by the element, with [`Calls::with_retries`](crate::calls::Calls::with_retries).
pub trait Client: Sized {
    /// What is left of finding out the scope, between two steps of a run.
    type Scope: Default + Serialize + DeserializeOwned;
    /// The members of a department as they came, not read yet: they may be megabytes.
    type List;
    /// An export between two steps of a run; [`NoExport`] for a vendor without one.
    type Export: ExportState;
    /// Departments from which on the export is quicker than a walk.
    const EXPORT_FROM_DEPARTMENTS: usize = usize::MAX;

    /// Asks for the next part of what is visible: departments, and members that no department brings.
    /// `with_departments`: the departments are wanted as well, not only the members.
    ///
    /// # Errors
    /// [`StepError::Vendor`] for what the vendor refuses: the step is taken again.
    fn scope(
        run: &mut RunContext<'_, Self>,
        state: &mut Self::Scope,
        with_departments: bool,
    ) -> Result<Scoped, StepError>;

    /// Asks for the members of departments side by side, in the order asked. `max_bytes` refuses larger answers one by
    /// one, with [`crate::failure::Cause::AnswerTooLarge`].
    fn list(&self, asked: &[ListRequest<'_>], max_bytes: Option<u64>) -> Vec<Result<Listed<Self::List>, Failure>>;

    /// Reads what [`Client::list`] brought and hands its rows on, some hundred at a time. Answers where the list goes
    /// on, as a cursor for the next request; nothing at its end.
    ///
    /// # Errors
    /// [`StepError::Vendor`] when the answer cannot be read; whatever `take` fails with.
    fn read_list(
        &self,
        department: &str,
        list: Self::List,
        take: impl FnMut(Vec<MemberRow>) -> Result<(), StepError>,
    ) -> Result<Option<String>, StepError>;

    /// The ids of the members of a department whose list is larger than one answer may be. How many of them cannot be read
    /// is for the vendor to [note](RunContext::note).
    ///
    /// # Errors
    /// [`StepError::Vendor`] for what the vendor refuses.
    fn member_ids(_run: &mut RunContext<'_, Self>, _department: &str) -> Result<Listed<Vec<String>>, StepError> {
        Err(StepError::Vendor(failure! { Unsupported: "无法只读取成员 ID", "this vendor lists no ids alone" }))
    }

    /// Asks about members side by side, in the order asked.
    fn members(&self, ids: &[String]) -> Vec<Result<MemberAnswer, Failure>>;

    /// Asks about departments side by side, in the order asked.
    fn departments(&self, ids: &[String]) -> Vec<Result<DepartmentAnswer, Failure>>;

    /// Takes the next step of an export. Members and departments go to the run by [`RunContext::record_members`] and
    /// [`RunContext::record_departments`].
    ///
    /// # Errors
    /// [`StepError::Vendor`] for what passes or what an administrator has to mend in any case.
    fn export(_run: &mut RunContext<'_, Self>, _state: Self::Export) -> Result<ExportStep<Self::Export>, StepError> {
        Err(StepError::Vendor(failure! { Unsupported: "该平台没有批量导出", "this vendor has no export" }))
    }

    /// Whom a tag names, as far as the app may see them: for roles that a rule gives.
    ///
    /// # Errors
    /// `not-found` where there is no such tag, `unsupported` where the vendor has none; what else the vendor refuses.
    fn tag_members(&self, _tag: &str) -> Result<TagMembers, Failure> {
        Err(failure! { Unsupported: "该平台没有标签", "this vendor has no tags" })
    }

    /// What was sent so far.
    fn usage(&self) -> Usage;

    /// Judges the connection, one finding for each aspect, in the order of the contract. What the vendor or the network
    /// does ends up in a finding. [`of_all_aspects`](crate::verdict::of_all_aspects) fills in the aspects that do not apply.
    ///
    /// # Errors
    /// Where the storage fails.
    fn check(&self) -> Result<Vec<(Aspect, Checked)>, Failure>;

    /// Asks who stands behind a code, which spends it: with [`Calls::present`](crate::calls::Calls::present), or without the
    /// app's token where the vendor takes none, or looks at the code before it.
    ///
    /// # Errors
    /// [`IdentifyError`], which says whether the code may be good still.
    fn identify(&self, code: LoginCode<'_>) -> Result<Identified, IdentifyError>;

    /// What a member consented to, for the proof that came with [`Identified::Member`].
    ///
    /// # Errors
    /// What the vendor refuses.
    fn consented(&self, _id: &str, _proof: &str) -> Result<SensitiveFields, Failure> {
        Err(failure! { Unsupported: "该平台没有敏感信息授权", "this vendor has no consent to sensitive fields" })
    }

    /// Asks about one member, again where that failed in passing.
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

/// For a question that got no answer at all, against the contract of whoever was to give it.
pub fn unanswered() -> Failure {
    failure! { UnexpectedAnswer: "没有返回结果", "there are fewer answers than questions" }
        .with_cause(Cause::Passing)
        .maybe_done()
}

/// Whom a tag names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagMembers {
    /// Ids of members that carry it themselves.
    pub members: Vec<String>,
    /// Ids of departments that carry it, with everything below them.
    pub departments: Vec<String>,
}

/// A part of what is visible.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time; where pointers are small it is not large")]
pub enum Scoped {
    /// There is more to be asked; these members are to be asked about one by one.
    More {
        /// Ids.
        members: Vec<String>,
    },
    /// That is all.
    Done {
        /// Ids of members that are to be asked about one by one.
        members: Vec<String>,
        /// All visible departments; nothing where they were not asked for, a failure where the list of them is larger
        /// than one answer may be.
        departments: Option<Result<Vec<DepartmentRow>, Failure>>,
    },
}

/// A question for the members of a department.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRequest<'a> {
    /// The department.
    pub department: &'a str,
    /// Where the list goes on; nothing for its beginning.
    pub cursor: Option<&'a str>,
}

/// The answer to a question for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed<T> {
    /// Here it is.
    Here(T),
    /// The department does not exist or is not to be seen any more; with the vendor's code.
    Hidden(Option<i64>),
}

impl<T> Listed<T> {
    /// From an answer: hidden where the failure is [`Reason::NotFound`].
    ///
    /// # Errors
    /// Any other failure.
    pub fn of(answer: Result<T, Failure>) -> Result<Self, Failure> {
        shown_or(answer, Self::Here, Self::Hidden)
    }
}

/// What is made of an answer, or of the vendor's code where there is nothing of the kind.
fn shown_or<A, T>(
    answer: Result<A, Failure>,
    shown: impl FnOnce(A) -> T,
    hidden: impl FnOnce(Option<i64>) -> T,
) -> Result<T, Failure> {
    match answer {
        Err(failure) if failure.reason == Reason::NotFound => Ok(hidden(failure.vendor_code)),
        answer => answer.map(shown),
    }
}

/// The state of an export between two steps. The kit stores it and knows nothing of it.
pub trait ExportState: Sized + Serialize + DeserializeOwned {
    /// An export that begins, with the departments or for the members alone; nothing where the vendor has none.
    fn begin(departments: bool) -> Option<Self>;

    /// How far it is, for people: a kebab-case name, done, total.
    fn progress(&self) -> (&'static str, u64, u64);
}

/// The export of a vendor that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoExport {}

impl ExportState for NoExport {
    fn begin(_: bool) -> Option<Self> {
        None
    }

    fn progress(&self) -> (&'static str, u64, u64) {
        match *self {}
    }
}

/// What a step of an export came to.
#[derive(Debug)]
pub enum ExportStep<B> {
    /// The next step can follow.
    Next(B),
    /// There is nothing to do before a time.
    Wait(B, PendingWait),
    /// All members were seen.
    Done,
    /// It does not get on: the run walks.
    Failed {
        /// For the administrator.
        why: Text,
        /// Whether it would fail again next time, so that the next runs need not ask.
        remember: bool,
    },
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

/// What the vendor says about one member or department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordAnswer<T> {
    /// Here is the record.
    Shown(Box<T>),
    /// There is none of that id, or none that the app may see; with the vendor's code.
    Hidden(Option<i64>),
    /// The vendor knows the id, but the answer cannot be read.
    Unreadable,
}

/// What the vendor says about one member.
pub type MemberAnswer = RecordAnswer<FetchedMember>;
/// What the vendor says about one department.
pub type DepartmentAnswer = RecordAnswer<FetchedDepartment>;

impl MemberAnswer {
    /// From the row that came for an id, or the failure: hidden where that is [`Reason::NotFound`], unreadable where the
    /// row is, or is of somebody else.
    ///
    /// # Errors
    /// Any other failure.
    pub fn of(id: &str, ids: IdRule, answer: Result<MemberRow, Failure>) -> Result<Self, Failure> {
        let shown = |row| match row {
            MemberRow::Fetched(fetched) if ids.is_same(&fetched.member.id, id) => Self::Shown(fetched),
            _ => Self::Unreadable,
        };
        shown_or(answer, shown, Self::Hidden)
    }
}

impl DepartmentAnswer {
    /// As [`MemberAnswer::of`].
    ///
    /// # Errors
    /// Any failure but [`Reason::NotFound`].
    pub fn of(id: &str, answer: Result<DepartmentRow, Failure>) -> Result<Self, Failure> {
        let shown = |row| match row {
            DepartmentRow::Fetched(fetched) if fetched.department.id == id => Self::Shown(Box::new(fetched)),
            _ => Self::Unreadable,
        };
        shown_or(answer, shown, Self::Hidden)
    }
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
