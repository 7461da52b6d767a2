//! A value that must not be seen.

use std::fmt;

/// What is shown instead of a secret.
pub(crate) const MASK: &str = "***";

/// A secret, a token or a key of the configuration. It can be a reference (`secret://…`) that the host replaces on the
/// way out; nobody here needs to know which of the two it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one request or computation that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is a reference that the host replaces, instead of the value.
    pub fn is_reference(&self) -> bool {
        self.0.starts_with("secret://")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_show_itself() {
        let secret = Secret::new("S3CRET");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret.expose(), "S3CRET");
    }

    #[test]
    fn a_reference_is_told_from_a_value() {
        for (value, expected) in [("secret://secret?v=1f", true), ("secret", false), ("xsecret://", false)] {
            assert_eq!(Secret::new(value).is_reference(), expected, "{value}");
        }
    }
}
