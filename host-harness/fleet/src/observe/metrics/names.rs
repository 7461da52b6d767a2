//! Labels that components choose.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use organisation_host::Digest;

/// So many of one kind become labels; all further ones are [`OTHER`].
const OF_ALL: usize = 192;
/// So many that a component is the first to say: none can take all of them from the others.
const OF_ONE: usize = 48;
/// The contract's own reasons. They are labels whatever else components say.
const REASONS: [&str; 14] = [
    "invalid-config",
    "credentials-refused",
    "not-permitted",
    "login-rejected",
    "not-found",
    "invalid-argument",
    "rate-limited",
    "unavailable",
    "budget-exhausted",
    "conflict",
    "mass-removal-blocked",
    "cursor-expired",
    "unsupported",
    "unexpected-answer",
];
/// What the host itself says of calls without an answer, see `CallError::kind`.
const KINDS: [&str; 4] = ["limit", "trap", "host", "destination"];
pub(super) const OTHER: &str = "other";

/// Names that components choose, so many of them and no more: a component could make up any number.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    names: HashSet<String>,
    /// How many of them each component was the first to say.
    by_component: HashMap<Digest, usize>,
}

impl Names {
    /// The name as a label, where this component says it.
    pub(super) fn bounded(&self, component: Digest, name: &str) -> String {
        // No reason is no name.
        if name.is_empty() || REASONS.contains(&name) || KINDS.contains(&name) {
            return name.to_owned();
        }
        // The set is whole whatever a panic interrupted.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.names.contains(name) {
            return name.to_owned();
        }
        let is_usable = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_usable || known.names.len() >= OF_ALL {
            return OTHER.to_owned();
        }
        let count = known.by_component.entry(component).or_default();
        if *count >= OF_ONE {
            return OTHER.to_owned();
        }
        *count += 1;
        known.names.insert(name.to_owned());
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_no_component_takes_all() {
        let (names, hostile, other) = (Names::default(), Digest::of(b"hostile"), Digest::of(b"other"));
        for number in 0..1_000 {
            names.bounded(hostile, &number.to_string());
        }
        for (component, name, expected) in [
            (hostile, "0", "0"),
            (hostile, "47", "47"),
            (hostile, "48", OTHER),
            (hostile, "999", OTHER),
            (hostile, "conflict", "conflict"),
            (hostile, "trap", "trap"),
            (hostile, "", ""),
            (other, "47", "47"),
            (other, "45009", "45009"),
            (other, "a b", OTHER),
        ] {
            assert_eq!(names.bounded(component, name), expected, "{name}");
        }
        for number in 0..1_000_u32 {
            names.bounded(Digest::of(&number.to_le_bytes()), &format!("n{number}"));
        }
        assert_eq!(names.bounded(other, "48001"), OTHER, "there are only so many");
        assert_eq!(names.bounded(other, "45009"), "45009");
    }
}
