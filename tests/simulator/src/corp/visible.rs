//! What an app sees: its visible range worked out to departments and members.

use std::collections::HashSet;

use super::{App, Corp, Department, Member, MemberKey, Membership, folded};

/// A visible range worked out: listed members ∪ whole subtrees of listed departments ∪ members and department
/// subtrees of listed tags (fact sheet section 4).
#[derive(Clone, Debug)]
pub struct Visible {
    departments: HashSet<u64>,
    granted: HashSet<MemberKey>,
}

impl Visible {
    /// The range of one app.
    pub fn of(corp: &Corp, app: &App) -> Self {
        let tags: Vec<_> = app.visible.tags.iter().filter_map(|id| corp.tag(*id)).collect();
        let roots = app.visible.departments.iter().chain(tags.iter().flat_map(|tag| &tag.departments));
        let departments = roots.flat_map(|root| corp.subtree(*root)).collect();
        let granted = app.visible.members.iter().chain(tags.iter().flat_map(|tag| &tag.members)).cloned().collect();
        Self { departments, granted }
    }

    /// The whole corp, as the contact-sync assistant sees it.
    pub fn everything(corp: &Corp) -> Self {
        Self { departments: corp.departments().map(|department| department.id).collect(), granted: HashSet::new() }
    }

    /// Whether a department is in range.
    pub fn department(&self, id: u64) -> bool {
        self.departments.contains(&id)
    }

    /// Whether a member is in range: by a department or by itself.
    pub fn member(&self, member: &Member) -> bool {
        member.departments.iter().any(|place| self.department(place.department))
            || self.granted.contains(folded(&member.id).as_ref())
    }

    /// The places of a member that are in range; `[]` for a member who was granted alone.
    pub fn places<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = &'a Membership> {
        member.departments.iter().filter(|place| self.department(place.department))
    }

    /// The member's main department, if it is in range.
    pub fn main_department(&self, member: &Member) -> Option<u64> {
        member.main().filter(|main| self.department(*main))
    }

    /// Leaders of a department who are members in range.
    pub fn leaders<'a>(&'a self, corp: &'a Corp, department: &'a Department) -> impl Iterator<Item = &'a str> {
        self.known(corp, &department.leaders)
    }

    /// Those a member reports to who are in range.
    pub fn direct_leaders<'a>(&'a self, corp: &'a Corp, member: &'a Member) -> impl Iterator<Item = &'a str> {
        self.known(corp, &member.direct_leaders)
    }

    fn known<'a>(&'a self, corp: &'a Corp, ids: &'a [String]) -> impl Iterator<Item = &'a str> {
        ids.iter()
            .filter_map(|id| corp.member(id))
            .filter(|member| self.member(member))
            .map(|member| member.id.as_str())
    }
}
