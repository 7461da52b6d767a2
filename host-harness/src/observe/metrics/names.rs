//! Labels that components choose.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// So many of one kind become labels; all further ones are [`OTHER`].
const AT_MOST: usize = 48;
/// The contract's own reasons. They are labels whatever else components say.
const REASONS: [&str; 13] = [
    "invalid-config",
    "credentials-refused",
    "not-permitted",
    "login-rejected",
    "not-found",
    "invalid-argument",
    "rate-limited",
    "unavailable",
    "conflict",
    "mass-removal-blocked",
    "cursor-expired",
    "unsupported",
    "unexpected-answer",
];
pub(super) const OTHER: &str = "other";

/// Names that components choose, so many of them and no more: a component could make up any number.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashSet<String>>);

impl Names {
    pub(super) fn bounded(&self, name: &str) -> String {
        // No reason is no name.
        if name.is_empty() || REASONS.contains(&name) {
            return name.to_owned();
        }
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_usable = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match is_usable && (names.contains(name) || names.len() < AT_MOST) {
            true => {
                names.insert(name.to_owned());
                name.to_owned()
            }
            false => OTHER.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        let names = Names::default();
        for number in 0..1_000 {
            names.bounded(&number.to_string());
        }
        for (name, expected) in [
            ("0", "0"),
            ("47", "47"),
            ("48", OTHER),
            ("999", OTHER),
            ("a b", OTHER),
            ("conflict", "conflict"),
            ("", ""),
        ] {
            assert_eq!(names.bounded(name), expected, "{name}");
        }
    }
}
