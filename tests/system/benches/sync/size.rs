//! How large an organisation is.

use std::fmt;

use crate::table::number;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub members: usize,
    pub departments: usize,
}

/// Departments of the largest organisations.
const MOST_DEPARTMENTS: usize = 5_000;

impl Size {
    /// So many members in departments of twenty, or of more where there would be too many.
    pub fn of(members: usize) -> Self {
        Self { members, departments: (members / 20).clamp(1, MOST_DEPARTMENTS) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} members, {} departments", number(self.members), number(self.departments))
    }
}
