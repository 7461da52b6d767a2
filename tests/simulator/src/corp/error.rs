//! What the corp refuses: each variant names the rule that a change would break.

/// A change that would break a rule of the organisation. Where WeCom has a code for it, [`CorpError::code`] gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorpError {
    /// A department id is in use already.
    #[error("department {0} exists already; choose another id")]
    DepartmentExists(u64),
    /// A department id is 0 or above 4294967295.
    #[error("department id {0} is outside 1..=4294967295")]
    DepartmentIdInvalid(u64),
    /// An order is above 4294967295.
    #[error("order {0} is above 4294967295")]
    OrderInvalid(u64),
    /// No department has this id.
    #[error("department {0} does not exist")]
    DepartmentUnknown(u64),
    /// A department name is empty, longer than 64 characters, or holds one of `\ : * ? " < > |`.
    #[error("department name {0:?} is not 1 to 64 characters without \\ : * ? \" < > |")]
    DepartmentNameInvalid(String),
    /// A sibling has the same name.
    #[error("department {parent} has a child named {name:?} already")]
    DepartmentNameTaken {
        /// The common parent.
        parent: u64,
        /// The name both would have.
        name: String,
    },
    /// The move would make a department its own ancestor.
    #[error("department {0} cannot be moved below itself")]
    DepartmentLoop(u64),
    /// More than 15 levels.
    #[error("department {0} would stand deeper than 15 levels")]
    DepartmentTooDeep(u64),
    /// The root department can be neither moved nor removed.
    #[error("the root department stays where it is")]
    RootIsFixed,
    /// The department to remove still has children.
    #[error("department {0} has child departments; remove or move them first")]
    DepartmentHasChildren(u64),
    /// The department to remove still has members.
    #[error("department {0} has members; move them first")]
    DepartmentHasMembers(u64),
    /// A member id is in use already, ignoring case.
    #[error("member {0:?} exists already (ids are compared ignoring case)")]
    MemberExists(String),
    /// A member id is not 1 to 64 bytes of `[A-Za-z0-9_\-@.]` starting with a letter or digit.
    #[error("member id {0:?} is not 1 to 64 characters of A-Z a-z 0-9 _ - @ . starting with a letter or digit")]
    MemberIdInvalid(String),
    /// No member has this id.
    #[error("member {0:?} does not exist")]
    MemberUnknown(String),
    /// An update tried to change the id; ids change by renaming.
    #[error("member {0:?} cannot change its id in an update; rename it")]
    MemberIdFixed(String),
    /// A member must belong to 1 to 100 departments, each once.
    #[error("member {0:?} must belong to 1 to 100 departments, each once")]
    MembershipInvalid(String),
    /// The main department is none of the member's departments.
    #[error("main department {main} of member {id:?} is none of its departments")]
    MainDepartmentInvalid {
        /// The member.
        id: String,
        /// The department that is not one of its own.
        main: u64,
    },
    /// A member has more than five direct leaders.
    #[error("member {0:?} has more than 5 direct leaders")]
    TooManyLeaders(String),
    /// No tag has this id.
    #[error("tag {0} does not exist")]
    TagUnknown(u64),
    /// A tag id is in use already.
    #[error("tag {0} exists already")]
    TagExists(u64),
    /// A tag name is empty, longer than 32 characters or taken.
    #[error("tag name {0:?} is not 1 to 32 characters, or taken")]
    TagNameInvalid(String),
    /// No app has this id.
    #[error("app {0} does not exist")]
    AppUnknown(u64),
    /// An app id or secret is in use already.
    #[error("app {0}: its id or its secret is in use already")]
    AppExists(u64),
    /// An address is neither IPv4 nor IPv6.
    #[error("{0:?} is not an IP address; trusted addresses are single addresses, not ranges")]
    AddressInvalid(String),
}

impl CorpError {
    /// The WeCom error code of the rule (fact sheet section 10.3), where one exists.
    pub fn code(&self) -> Option<i64> {
        Some(match self {
            Self::DepartmentExists(_) | Self::DepartmentNameTaken { .. } => 60008,
            Self::DepartmentIdInvalid(_) => 60123,
            Self::OrderInvalid(_) => 40058,
            Self::DepartmentUnknown(_) => 60003,
            Self::DepartmentNameInvalid(_) => 60009,
            Self::DepartmentLoop(_) => 60010,
            Self::DepartmentTooDeep(_) => 81002,
            Self::RootIsFixed => 60007,
            Self::DepartmentHasChildren(_) => 60006,
            Self::DepartmentHasMembers(_) => 60005,
            Self::MemberExists(_) => 60102,
            Self::MemberIdInvalid(_) => 40003,
            Self::MemberUnknown(_) => 60111,
            Self::MembershipInvalid(_) => 60110,
            Self::TooManyLeaders(_) => 60257,
            Self::TagUnknown(_) => 40068,
            Self::TagExists(_) | Self::TagNameInvalid(_) => 40071,
            Self::AppUnknown(_) => 40056,
            Self::MemberIdFixed(_) => 301036,
            Self::MainDepartmentInvalid { .. } | Self::AppExists(_) | Self::AddressInvalid(_) => return None,
        })
    }
}
