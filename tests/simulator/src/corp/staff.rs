//! What may happen to members: joining, changing, moving, resigning, renaming, leaving.

use std::collections::HashMap;
use std::sync::Arc;

use super::department::check_order;
use super::{Corp, CorpError, Member, MemberKey, Membership, Status, folded, key};

const MAX_DEPARTMENTS: usize = 100;
const MAX_LEADERS: usize = 5;

/// What remains of a member who resigned; WeCom shows both forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resignation {
    /// The member stays in the lists with status 5.
    Listed,
    /// The member vanishes from the lists and `user/get` answers 60111.
    Vanished,
}

impl Corp {
    /// All members, by id ignoring case.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values().map(AsRef::as_ref)
    }

    /// How many members there are.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// One member, by id ignoring case.
    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(folded(id).as_ref()).map(AsRef::as_ref)
    }

    /// Direct members of a department, by id ignoring case.
    pub fn staff(&self, department: u64) -> impl Iterator<Item = &Member> {
        let keys = self.staff.get(&department).into_iter().flat_map(|staff| staff.iter());
        keys.filter_map(|key| self.members.get(key)).map(AsRef::as_ref)
    }

    /// Adds a member.
    ///
    /// # Errors
    /// Id invalid or taken, departments unknown, repeated or none, leaders unknown.
    pub fn add_member(&mut self, member: Member) -> Result<(), CorpError> {
        self.check_new(&member)?;
        self.insert(member);
        Ok(())
    }

    /// Adds many members, each as [`Corp::add_member`] does; a later one may report to an earlier one. Sorting the lists
    /// of departments once is several times as fast as keeping them sorted, and makes them smaller.
    ///
    /// # Errors
    /// As [`Corp::add_member`]; the members before the refused one have been added.
    pub fn add_members(&mut self, members: impl IntoIterator<Item = Member>) -> Result<(), CorpError> {
        let mut staff: HashMap<u64, Vec<MemberKey>> = HashMap::new();
        let mut reports: HashMap<MemberKey, Vec<MemberKey>> = HashMap::new();
        let added = members.into_iter().try_for_each(|member| {
            self.check_new(&member)?;
            let id = key(&member.id);
            for place in &member.departments {
                staff.entry(place.department).or_default().push(id.clone());
            }
            for leader in &member.direct_leaders {
                reports.entry(key(leader)).or_default().push(id.clone());
            }
            self.members.insert(id, Arc::new(member));
            Ok(())
        });
        for (department, ids) in staff {
            Arc::make_mut(self.staff.entry(department).or_default()).append(&mut ids.into_iter().collect());
        }
        for (leader, ids) in reports {
            Arc::make_mut(self.reports.entry(leader).or_default()).append(&mut ids.into_iter().collect());
        }
        added
    }

    /// Changes a member in place; the change is checked as a whole and refused as a whole.
    ///
    /// # Errors
    /// As [`Corp::add_member`], and when the id was changed.
    pub fn update_member(&mut self, id: &str, change: impl FnOnce(&mut Member)) -> Result<(), CorpError> {
        let current = self.member(id).ok_or_else(|| CorpError::MemberUnknown(id.to_owned()))?;
        let mut changed = current.clone();
        change(&mut changed);
        if changed.id != current.id {
            return Err(CorpError::MemberIdFixed(current.id.clone()));
        }
        self.check_member(&changed)?;
        self.take(&key(id));
        self.insert(changed);
        Ok(())
    }

    /// Moves a member: from now on `department` is its only department.
    ///
    /// # Errors
    /// Member or department unknown.
    pub fn move_member(&mut self, id: &str, department: u64) -> Result<(), CorpError> {
        self.update_member(id, |member| {
            member.departments = vec![Membership::of(department)];
            member.main_department = Some(department);
        })
    }

    /// A member resigns.
    ///
    /// # Errors
    /// Member unknown.
    pub fn resign_member(&mut self, id: &str, how: Resignation) -> Result<(), CorpError> {
        match how {
            Resignation::Listed => self.update_member(id, |member| member.status = Status::Resigned),
            Resignation::Vanished => self.remove_member(id).map(|_| ()),
        }
    }

    /// Deletes a member and every reference to it: leaders, tags, grants.
    ///
    /// # Errors
    /// Member unknown.
    pub fn remove_member(&mut self, id: &str) -> Result<Member, CorpError> {
        let gone = self.take(&key(id)).ok_or_else(|| CorpError::MemberUnknown(id.to_owned()))?;
        self.replace_everywhere(&gone.id, None);
        Ok(gone)
    }

    /// Gives a member another id; references follow.
    ///
    /// # Errors
    /// Member unknown, new id invalid or taken by another member.
    pub fn rename_member(&mut self, id: &str, new_id: &str) -> Result<(), CorpError> {
        let current = self.member(id).ok_or_else(|| CorpError::MemberUnknown(id.to_owned()))?.clone();
        check_id(new_id)?;
        if key(new_id) != key(id) && self.members.contains_key(&key(new_id)) {
            return Err(CorpError::MemberExists(new_id.to_owned()));
        }
        self.take(&key(id));
        let old = current.id.clone();
        self.insert(Member { id: new_id.to_owned(), ..current });
        self.replace_everywhere(&old, Some(new_id));
        Ok(())
    }

    fn check_new(&self, member: &Member) -> Result<(), CorpError> {
        match self.member(&member.id) {
            Some(_) => Err(CorpError::MemberExists(member.id.clone())),
            None => self.check_member(member),
        }
    }

    fn check_member(&self, member: &Member) -> Result<(), CorpError> {
        check_id(&member.id)?;
        let places = member.departments.as_slice();
        let stands_in = |places: &[Membership], department| places.iter().any(|place| place.department == department);
        let repeated = (1..places.len().min(MAX_DEPARTMENTS)).any(|at| stands_in(&places[..at], places[at].department));
        if places.is_empty() || places.len() > MAX_DEPARTMENTS || repeated {
            return Err(CorpError::MembershipInvalid(member.id.clone()));
        }
        if let Some(unknown) = places.iter().find(|place| self.department(place.department).is_none()) {
            return Err(CorpError::DepartmentUnknown(unknown.department));
        }
        member.departments.iter().try_for_each(|place| check_order(place.order))?;
        if let Some(main) = member.main_department.filter(|main| !stands_in(places, *main)) {
            return Err(CorpError::MainDepartmentInvalid { id: member.id.clone(), main });
        }
        if member.direct_leaders.len() > MAX_LEADERS {
            return Err(CorpError::TooManyLeaders(member.id.clone()));
        }
        match member.direct_leaders.iter().find(|leader| self.member(leader).is_none()) {
            Some(leader) => Err(CorpError::MemberUnknown(leader.clone())),
            None => Ok(()),
        }
    }

    fn insert(&mut self, member: Member) {
        let id = key(&member.id);
        for place in &member.departments {
            Arc::make_mut(self.staff.entry(place.department).or_default()).insert(id.clone());
        }
        for leader in &member.direct_leaders {
            Arc::make_mut(self.reports.entry(key(leader)).or_default()).insert(id.clone());
        }
        self.members.insert(id, Arc::new(member));
    }

    fn take(&mut self, id: &MemberKey) -> Option<Member> {
        let member = Arc::unwrap_or_clone(self.members.remove(id)?);
        for place in &member.departments {
            if let Some(staff) = self.staff.get_mut(&place.department) {
                Arc::make_mut(staff).remove(id);
            }
        }
        for leader in &member.direct_leaders {
            if let Some(reports) = self.reports.get_mut(&key(leader)) {
                Arc::make_mut(reports).remove(id);
            }
        }
        Some(member)
    }

    /// Replaces (or drops) one member id wherever another record names it.
    fn replace_everywhere(&mut self, old: &str, new: Option<&str>) {
        let old_key = key(old);
        for report in self.reports.remove(&old_key).unwrap_or_default().iter() {
            if let Some(mut member) = self.take(report) {
                let leaders = std::mem::take(&mut member.direct_leaders);
                member.direct_leaders = leaders
                    .into_iter()
                    .filter_map(|leader| if key(&leader) == old_key { new.map(str::to_owned) } else { Some(leader) })
                    .collect();
                self.insert(member);
            }
        }
        self.replace_leader(old, new);
        let sets = self.tags.values_mut().map(|tag| &mut tag.members);
        for set in sets.chain(self.apps.values_mut().map(|app| &mut app.visible.members)) {
            if set.remove(&old_key)
                && let Some(new) = new
            {
                set.insert(key(new));
            }
        }
    }
}

fn check_id(id: &str) -> Result<(), CorpError> {
    let first = id.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let all = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-@.".contains(&byte));
    if first && all && id.len() <= 64 { Ok(()) } else { Err(CorpError::MemberIdInvalid(id.to_owned())) }
}
