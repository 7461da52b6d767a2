//! Departments and what may happen to them: found, renamed, moved, led, removed.

use super::{Corp, CorpError, key};

/// The id of the root department, which every corp has.
pub const ROOT: u64 = 1;
/// The largest department id and order: both are unsigned 32-bit numbers on the platform.
pub const MAX_DEPARTMENT_ID: u64 = u32::MAX as u64;
const MAX_DEPTH: usize = 15;
const FORBIDDEN_IN_NAME: &[char] = &['\\', ':', '*', '?', '"', '<', '>', '|'];

/// One department (fact sheet section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    /// 1 to 4294967295; 1 is the root.
    pub id: u64,
    /// 1 to 64 characters, unique among siblings.
    pub name: String,
    /// English name, where the corp uses several languages.
    pub name_en: Option<String>,
    /// Parent department; 0 for the root.
    pub parent: u64,
    /// Larger sorts first.
    pub order: u64,
    /// Ids of the members who lead it. Ids that are no longer members are never shown.
    pub leaders: Vec<String>,
}

impl Department {
    /// A department with the usual order and without leaders.
    pub fn new(id: u64, name: impl Into<String>, parent: u64) -> Self {
        Self { id, name: name.into(), name_en: None, parent, order: 100_000_000, leaders: Vec::new() }
    }
}

impl Corp {
    /// All departments by ascending id.
    pub fn departments(&self) -> impl Iterator<Item = &Department> {
        self.departments.values()
    }

    /// One department.
    pub fn department(&self, id: u64) -> Option<&Department> {
        self.departments.get(&id)
    }

    /// Direct children of a department, by name.
    pub fn children(&self, id: u64) -> impl Iterator<Item = u64> {
        self.children.get(&id).into_iter().flat_map(|names| names.values().copied())
    }

    /// A department and everything below it, parents before children. Empty when the id is unknown.
    pub fn subtree(&self, id: u64) -> Vec<u64> {
        let mut found: Vec<u64> = self.departments.contains_key(&id).then_some(id).into_iter().collect();
        let mut next = 0;
        while let Some(&parent) = found.get(next) {
            found.extend(self.children(parent));
            next += 1;
        }
        found
    }

    /// Adds a department below an existing parent.
    ///
    /// # Errors
    /// Id out of range or taken, parent unknown, name invalid or taken by a sibling, deeper than 15 levels.
    pub fn add_department(&mut self, department: Department) -> Result<(), CorpError> {
        let Department { id, parent, order, .. } = department;
        if id == 0 || id > MAX_DEPARTMENT_ID {
            return Err(CorpError::DepartmentIdInvalid(id));
        }
        check_order(order)?;
        if self.departments.contains_key(&id) {
            return Err(CorpError::DepartmentExists(id));
        }
        self.check_name(parent, &department.name)?;
        if self.depth(parent)? >= MAX_DEPTH {
            return Err(CorpError::DepartmentTooDeep(id));
        }
        self.children.entry(parent).or_default().insert(department.name.clone(), id);
        self.departments.insert(id, department);
        Ok(())
    }

    /// Gives a department another name.
    ///
    /// # Errors
    /// Id unknown, name invalid or taken by a sibling.
    pub fn rename_department(&mut self, id: u64, name: &str) -> Result<(), CorpError> {
        let current = self.departments.get(&id).ok_or(CorpError::DepartmentUnknown(id))?.clone();
        if current.name == name {
            return Ok(());
        }
        self.check_name(current.parent, name)?;
        if let Some(siblings) = self.children.get_mut(&current.parent) {
            siblings.remove(&current.name);
            siblings.insert(name.to_owned(), id);
        }
        if let Some(department) = self.departments.get_mut(&id) {
            department.name = name.to_owned();
        }
        Ok(())
    }

    /// Moves a department and everything below it to another parent.
    ///
    /// # Errors
    /// The root, unknown ids, a loop, a name taken in the new place, deeper than 15 levels.
    pub fn move_department(&mut self, id: u64, parent: u64) -> Result<(), CorpError> {
        let current = self.departments.get(&id).ok_or(CorpError::DepartmentUnknown(id))?.clone();
        if id == ROOT {
            return Err(CorpError::RootIsFixed);
        }
        if current.parent == parent {
            return Ok(());
        }
        if self.subtree(id).contains(&parent) {
            return Err(CorpError::DepartmentLoop(id));
        }
        let above = self.depth(parent)?;
        if above + self.height(id) > MAX_DEPTH {
            return Err(CorpError::DepartmentTooDeep(id));
        }
        self.check_name(parent, &current.name)?;
        if let Some(siblings) = self.children.get_mut(&current.parent) {
            siblings.remove(&current.name);
        }
        self.children.entry(parent).or_default().insert(current.name, id);
        if let Some(department) = self.departments.get_mut(&id) {
            department.parent = parent;
        }
        Ok(())
    }

    /// Changes what needs no check against other departments: English name and order.
    ///
    /// # Errors
    /// Id unknown, order above 4294967295.
    pub fn describe_department(&mut self, id: u64, name_en: Option<String>, order: u64) -> Result<(), CorpError> {
        check_order(order)?;
        let department = self.departments.get_mut(&id).ok_or(CorpError::DepartmentUnknown(id))?;
        department.name_en = name_en;
        department.order = order;
        Ok(())
    }

    /// Sets who leads a department.
    ///
    /// # Errors
    /// Department or member unknown.
    pub fn lead_department(&mut self, id: u64, leaders: &[&str]) -> Result<(), CorpError> {
        let mut ids = Vec::with_capacity(leaders.len());
        for leader in leaders {
            ids.push(self.member(leader).ok_or_else(|| CorpError::MemberUnknown((*leader).to_owned()))?.id.clone());
        }
        self.departments.get_mut(&id).ok_or(CorpError::DepartmentUnknown(id))?.leaders = ids;
        Ok(())
    }

    /// Removes an empty department and every grant and tag entry that names it.
    ///
    /// # Errors
    /// The root, an unknown id, children or members left.
    pub fn remove_department(&mut self, id: u64) -> Result<Department, CorpError> {
        if id == ROOT {
            return Err(CorpError::RootIsFixed);
        }
        if !self.departments.contains_key(&id) {
            return Err(CorpError::DepartmentUnknown(id));
        }
        if self.children(id).next().is_some() {
            return Err(CorpError::DepartmentHasChildren(id));
        }
        if self.staff.get(&id).is_some_and(|staff| !staff.is_empty()) {
            return Err(CorpError::DepartmentHasMembers(id));
        }
        let removed = self.departments.remove(&id).ok_or(CorpError::DepartmentUnknown(id))?;
        if let Some(siblings) = self.children.get_mut(&removed.parent) {
            siblings.remove(&removed.name);
        }
        self.children.remove(&id);
        self.staff.remove(&id);
        for tag in self.tags.values_mut() {
            tag.departments.remove(&id);
        }
        for app in self.apps.values_mut() {
            app.visible.departments.remove(&id);
        }
        Ok(removed)
    }

    /// Rewrites leader lists after a member left or was renamed.
    pub(super) fn replace_leader(&mut self, old: &str, new: Option<&str>) {
        let old = key(old);
        for department in self.departments.values_mut() {
            if department.leaders.iter().any(|leader| key(leader) == old) {
                let kept = std::mem::take(&mut department.leaders);
                department.leaders = kept
                    .into_iter()
                    .filter_map(|leader| if key(&leader) == old { new.map(str::to_owned) } else { Some(leader) })
                    .collect();
            }
        }
    }

    fn check_name(&self, parent: u64, name: &str) -> Result<(), CorpError> {
        let length = name.chars().count();
        if length == 0 || length > 64 || name.contains(FORBIDDEN_IN_NAME) {
            return Err(CorpError::DepartmentNameInvalid(name.to_owned()));
        }
        if self.children.get(&parent).is_some_and(|names| names.contains_key(name)) {
            return Err(CorpError::DepartmentNameTaken { parent, name: name.to_owned() });
        }
        Ok(())
    }

    /// Levels from the root to `id`, both included.
    fn depth(&self, id: u64) -> Result<usize, CorpError> {
        let mut depth = 1;
        let mut at = self.departments.get(&id).ok_or(CorpError::DepartmentUnknown(id))?;
        while let Some(parent) = self.departments.get(&at.parent) {
            depth += 1;
            at = parent;
        }
        Ok(depth)
    }

    /// Levels from `id` down to its deepest descendant, both included.
    fn height(&self, id: u64) -> usize {
        1 + self.children(id).map(|child| self.height(child)).max().unwrap_or(0)
    }
}

/// Orders are unsigned 32-bit numbers, of departments and of places in them.
pub(super) fn check_order(order: u64) -> Result<(), CorpError> {
    if order > MAX_DEPARTMENT_ID { Err(CorpError::OrderInvalid(order)) } else { Ok(()) }
}
