//! The part of the tree of departments that one call has looked at. A page of members is asked of which of their
//! departments stand below another: climbing from these costs a read for each level, whatever the number of departments.

use std::collections::{BTreeMap, BTreeSet};

use super::{key, member::is_id, record::DepartmentRecord};
use crate::{failure::Failure, order, platform::Platform, store};

/// What the copy says of a department's place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TreePlace {
    /// It is not in the copy.
    Unknown,
    Top,
    Under(String),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    places: BTreeMap<String, TreePlace>,
}

impl Tree {
    /// Looks departments up.
    pub fn learn<'a>(
        &mut self,
        platform: &dyn Platform,
        departments: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Failure> {
        self.learn_some(platform, departments.into_iter().map(str::to_owned).collect()).map(drop)
    }

    /// Looks departments up with all that stand above them.
    pub fn learn_upwards<'a>(
        &mut self,
        platform: &dyn Platform,
        departments: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Failure> {
        let mut open = order::set(departments.into_iter().map(str::to_owned));
        while !open.is_empty() {
            open = self.learn_some(platform, open)?;
        }
        Ok(())
    }

    /// Whether a department that was looked up is in the copy.
    pub fn is_known(&self, department: &str) -> bool {
        self.places.get(department).is_some_and(|place| *place != TreePlace::Unknown)
    }

    /// Whether a department that was looked up with all above it is another one or stands below it.
    pub fn is_below(&self, department: &str, other: &str) -> bool {
        let mut at = department;
        // No path has more departments than there are, unless a vendor's tree goes in a circle.
        for _ in 0..=self.places.len() {
            if at == other {
                return true;
            }
            match self.places.get(at) {
                Some(TreePlace::Under(parent)) => at = parent,
                _ => return false,
            }
        }
        false
    }

    /// Looks those up that were not yet; answers their parents. Each department is asked for once, so climbing ends.
    fn learn_some(
        &mut self,
        platform: &dyn Platform,
        departments: BTreeSet<String>,
    ) -> Result<BTreeSet<String>, Failure> {
        let asked: Vec<String> =
            departments.into_iter().filter(|id| is_id(id) && !self.places.contains_key(id)).collect();
        let keys: Vec<String> = asked.iter().map(|id| key::department(id)).collect();
        let mut parents = BTreeSet::new();
        for (id, entry) in asked.into_iter().zip(store::get_many(platform, &keys)?) {
            let place = match store::parsed::<DepartmentRecord>(entry.as_ref())? {
                None => TreePlace::Unknown,
                Some(record) => record.department.parent_id.map_or(TreePlace::Top, TreePlace::Under),
            };
            if let TreePlace::Under(parent) = &place {
                parents.insert(parent.clone());
            }
            self.places.insert(id, place);
        }
        Ok(parents)
    }
}
