//! What an answer leaves open about a member or department.

use super::tolerant::WireField;
use organisation_kit::directory::member::Absent;

/// The fields that an answer does not speak of, and those that cannot be read. Either way the value that is known stays.
#[derive(Default)]
pub(super) struct Gaps {
    pub(super) absent: Absent,
    pub(super) unreadable: Vec<&'static str>,
}

impl Gaps {
    /// A value; where there is none, the empty one and a gap.
    pub(super) fn take<T: Default>(&mut self, name: &'static str, flag: Absent, field: WireField<T>) -> T {
        if matches!(field, WireField::Unreadable) {
            self.unreadable.push(name);
        }
        field.value().unwrap_or_else(|| {
            self.absent.add(flag);
            T::default()
        })
    }

    /// A text; nothing where it is empty.
    pub(super) fn text(&mut self, name: &'static str, flag: Absent, field: WireField<String>) -> Option<String> {
        Some(self.take(name, flag, field)).filter(|text| !text.is_empty())
    }

    /// The number of a department; nothing where it is 0.
    pub(super) fn department(&mut self, name: &'static str, flag: Absent, field: WireField<u64>) -> Option<String> {
        Some(self.take(name, flag, field)).filter(|&id| id != 0).map(|id| id.to_string())
    }

    pub(super) fn members(&mut self, name: &'static str, flag: Absent, field: WireField<Vec<String>>) -> Vec<String> {
        let mut ids = self.take(name, flag, field);
        ids.retain(|id| !id.is_empty());
        ids
    }
}
