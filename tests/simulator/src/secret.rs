//! Text that must never be printed by accident: app secrets, tokens, login codes and tickets.

use std::fmt;

/// A secret value. `Debug` shows its length only; the value is reached by [`Secret::reveal`] alone, so that every
/// place that prints one is easy to find.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The value itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What may be shown to a person who wants to know which secret this is: length and the last two characters.
    pub fn hint(&self) -> String {
        let tail: String = self.0.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
        format!("{} characters, ending in …{tail}", self.0.chars().count())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} characters)", self.0.chars().count())
    }
}

/// `length` random characters of `[A-Za-z0-9]`, the shape of WeCom's secrets, tokens and codes.
pub(crate) fn random_text(random: &mut fastrand::Rng, length: usize) -> String {
    (0..length).map(|_| random.alphanumeric()).collect()
}
