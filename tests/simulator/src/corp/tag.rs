//! Tags: named sets of members and departments, owned by the app that made them.

use std::collections::BTreeSet;

use super::{Corp, CorpError, MemberKey, key};

/// One tag (fact sheet section 4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Non-negative id.
    pub id: u64,
    /// 1 to 32 characters, unique.
    pub name: String,
    /// The app that made it; `None` for tags of the administrators.
    pub owner: Option<u64>,
    pub(crate) members: BTreeSet<MemberKey>,
    pub(crate) departments: BTreeSet<u64>,
}

impl Tag {
    /// Ids of its members, lower-cased.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(AsRef::as_ref)
    }

    /// Its departments.
    pub fn departments(&self) -> impl Iterator<Item = u64> {
        self.departments.iter().copied()
    }
}

impl Corp {
    /// All tags by id.
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.values()
    }

    /// One tag.
    pub fn tag(&self, id: u64) -> Option<&Tag> {
        self.tags.get(&id)
    }

    /// Adds an empty tag.
    ///
    /// # Errors
    /// Id taken; name empty, too long or taken.
    pub fn add_tag(&mut self, id: u64, name: &str, owner: Option<u64>) -> Result<(), CorpError> {
        if self.tags.contains_key(&id) {
            return Err(CorpError::TagExists(id));
        }
        let length = name.chars().count();
        if length == 0 || length > 32 || self.tags.values().any(|tag| tag.name == name) {
            return Err(CorpError::TagNameInvalid(name.to_owned()));
        }
        let tag = Tag { id, name: name.to_owned(), owner, members: BTreeSet::new(), departments: BTreeSet::new() };
        self.tags.insert(id, tag);
        Ok(())
    }

    /// Adds members and departments to a tag.
    ///
    /// # Errors
    /// Tag, member or department unknown; nothing is changed then.
    pub fn tag_add(&mut self, id: u64, members: &[&str], departments: &[u64]) -> Result<(), CorpError> {
        if let Some(unknown) = members.iter().find(|member| self.member(member).is_none()) {
            return Err(CorpError::MemberUnknown((*unknown).to_owned()));
        }
        if let Some(unknown) = departments.iter().find(|department| self.department(**department).is_none()) {
            return Err(CorpError::DepartmentUnknown(*unknown));
        }
        let tag = self.tags.get_mut(&id).ok_or(CorpError::TagUnknown(id))?;
        tag.members.extend(members.iter().map(|member| key(member)));
        tag.departments.extend(departments);
        Ok(())
    }

    /// Takes members and departments out of a tag; those that were not in it are ignored.
    ///
    /// # Errors
    /// Tag unknown.
    pub fn tag_remove(&mut self, id: u64, members: &[&str], departments: &[u64]) -> Result<(), CorpError> {
        let tag = self.tags.get_mut(&id).ok_or(CorpError::TagUnknown(id))?;
        for member in members {
            tag.members.remove(&key(member));
        }
        for department in departments {
            tag.departments.remove(department);
        }
        Ok(())
    }

    /// Removes a tag and every grant that names it.
    ///
    /// # Errors
    /// Tag unknown.
    pub fn remove_tag(&mut self, id: u64) -> Result<Tag, CorpError> {
        let removed = self.tags.remove(&id).ok_or(CorpError::TagUnknown(id))?;
        for app in self.apps.values_mut() {
            app.visible.tags.remove(&id);
        }
        Ok(removed)
    }
}
