//! Departments as WeCom sends them (docs 90208, 95351), normalised at this edge.

use serde::Deserialize;

use super::tolerant;
pub use crate::directory::department::Department;

/// The departments of a `department/list` answer, in WeCom's order, which means nothing.
pub fn parse_list(text: &str) -> Result<Vec<Department>, serde_json::Error> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default, deserialize_with = "tolerant::list")]
        department: Vec<Raw>,
    }
    let list: List = serde_json::from_str(text)?;
    Ok(list.department.into_iter().map(Raw::normalise).collect())
}

/// A row of an exported file, and whether it speaks of leaders at all: WeCom's own example does not (fact sheet §4.1).
pub fn parse_exported(text: &str) -> Result<(Department, bool), serde_json::Error> {
    #[derive(Deserialize)]
    struct Leaders {
        department_leader: Option<serde::de::IgnoredAny>,
    }
    let raw: Raw = serde_json::from_str(text)?;
    let leaders: Leaders = serde_json::from_str(text)?;
    Ok((raw.normalise(), leaders.department_leader.is_some()))
}

/// The department of a `department/get` answer: the same key holds an object there (quirk 19).
pub fn parse_one(text: &str) -> Result<Department, serde_json::Error> {
    #[derive(Deserialize)]
    struct One {
        department: Raw,
    }
    let one: One = serde_json::from_str(text)?;
    Ok(one.department.normalise())
}

#[derive(Deserialize)]
struct Raw {
    #[serde(deserialize_with = "tolerant::number")]
    id: u64,
    #[serde(default, deserialize_with = "tolerant::text")]
    name: String,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    name_en: Option<String>,
    #[serde(default, deserialize_with = "tolerant::texts")]
    department_leader: Vec<String>,
    #[serde(default, deserialize_with = "tolerant::optional_number")]
    parentid: Option<u64>,
    #[serde(default, deserialize_with = "tolerant::number_or_zero")]
    order: u64,
}

impl Raw {
    fn normalise(self) -> Department {
        Department {
            id: self.id.to_string(),
            name: self.name,
            name_en: self.name_en,
            parent_id: self.parentid.filter(|&id| id != 0).map(|id| id.to_string()),
            order: self.order,
            leaders: self.department_leader.into_iter().filter(|leader| !leader.is_empty()).collect(),
        }
    }
}
