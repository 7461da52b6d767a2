//! The corp: departments, members, tags and apps, with the rules that hold among them. Plain data without I/O; every
//! change is one method that either keeps all rules or refuses with a [`CorpError`].

mod app;
mod department;
mod error;
mod member;
mod staff;
mod tag;
mod visible;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub use app::{App, Callback, ContactSync, Grant, SensitiveField, TrustedAddresses, VisibleRange};
pub use department::{Department, MAX_DEPARTMENT_ID, ROOT};
pub use error::CorpError;
pub use member::{Attribute, AttributeValue, ExternalProfile, Gender, Member, Membership, Status};
pub use staff::Resignation;
pub use tag::Tag;
pub use visible::Visible;

/// A member id in lower case: how members are compared.
pub(crate) type MemberKey = Arc<str>;

/// A member id in lower case, without a copy where it is that already.
pub(crate) fn folded(id: &str) -> Cow<'_, str> {
    if id.bytes().any(|byte| byte.is_ascii_uppercase()) { id.to_ascii_lowercase().into() } else { id.into() }
}

/// The key of a member id.
pub(crate) fn key(id: &str) -> MemberKey {
    folded(id).into()
}

/// One organisation with all its apps. What grows with the number of members is shared between copies until one of them
/// changes it: a copy of a million members is made in less than a second, and takes little room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corp {
    id: String,
    departments: BTreeMap<u64, Department>,
    /// Children by parent and name: gives both descent and unique sibling names.
    children: HashMap<u64, BTreeMap<String, u64>>,
    members: BTreeMap<MemberKey, Arc<Member>>,
    /// Direct members by department.
    staff: HashMap<u64, Arc<BTreeSet<MemberKey>>>,
    /// Members by the leader they report to.
    reports: HashMap<MemberKey, Arc<BTreeSet<MemberKey>>>,
    tags: BTreeMap<u64, Tag>,
    apps: BTreeMap<u64, App>,
    contact_sync: Option<ContactSync>,
}

impl Corp {
    /// A corp with nothing but its root department.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        let root = Department::new(ROOT, name, 0);
        Self {
            id: id.into(),
            children: HashMap::from([(0, BTreeMap::from([(root.name.clone(), ROOT)]))]),
            departments: BTreeMap::from([(ROOT, root)]),
            members: BTreeMap::new(),
            staff: HashMap::new(),
            reports: HashMap::new(),
            tags: BTreeMap::new(),
            apps: BTreeMap::new(),
            contact_sync: None,
        }
    }

    /// The corp id, `ww` and 16 hexadecimal digits as a rule.
    pub fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests;
