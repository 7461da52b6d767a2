//! A department.

use organisation_host::contract::directory::Department;
use serde::Serialize;

/// A department of the copy.
#[derive(Debug, Clone, Serialize)]
pub struct DepartmentView {
    pub id: String,
    pub name: String,
    pub name_en: Option<String>,
    pub parent_id: Option<String>,
    pub order: u64,
    pub leaders: Vec<String>,
}

impl From<Department> for DepartmentView {
    fn from(department: Department) -> Self {
        let Department { id, name, name_en, parent_id, order, leaders } = department;
        Self { id, name, name_en, parent_id, order, leaders }
    }
}
