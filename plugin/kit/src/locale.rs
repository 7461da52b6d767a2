//! Text for people, in Chinese and English side by side, and in which of the two a person reads it.
//!
//! A failure, a finding or a problem carries both to the edge. There [`Locale::of_reader`] chooses: the language of the
//! person who waits, else the `locale` of the configuration. Where neither says anything, a message is English and what a
//! person is to do about it, the hint, stands in both ([`Text::line`], [`Text::show`]).

use std::fmt;

use serde::{Deserialize, Serialize};

/// One text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English: lower case, one line, where it is a message.
    pub en: String,
}

/// A [`Text`] of its two forms, Chinese and English, with values in braces.
#[macro_export]
macro_rules! text {
    ($zh:literal, $en:literal $(,)?) => {
        $crate::locale::Text::written(format_args!($zh), format_args!($en))
    };
}

impl Text {
    /// Both languages of one text.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The same, written out. There are hundreds of texts, so the code of writing them stands here and not with each.
    #[cold]
    #[inline(never)]
    pub fn written(zh: fmt::Arguments<'_>, en: fmt::Arguments<'_>) -> Self {
        Self { zh: zh.to_string(), en: en.to_string() }
    }

    /// A hint as this locale shows it: both languages where nobody chose one.
    pub fn show(&self, locale: Locale) -> String {
        match locale {
            Locale::Both if self.zh != self.en => format!("{} / {}", self.zh, self.en),
            locale => self.line(locale),
        }
    }

    /// A message as this locale shows it, in one language: English where nobody chose one.
    pub fn line(&self, locale: Locale) -> String {
        match locale {
            Locale::Chinese => self.zh.clone(),
            Locale::English | Locale::Both => self.en.clone(),
        }
    }
}

/// A text that has one form in both languages, as a name or a number.
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { zh: text.clone(), en: text }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl<Z: Into<String>, E: Into<String>> From<(Z, E)> for Text {
    fn from((zh, en): (Z, E)) -> Self {
        Self::new(zh, en)
    }
}

/// Which languages a person wants to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// `zh…`
    Chinese,
    /// Any other language tag.
    English,
    /// Nobody said: Chinese, then English.
    #[default]
    Both,
}

impl Locale {
    /// The language of whoever reads the answer: of the person who waits, where the caller names it, else as configured.
    pub fn of_reader(person: Option<&str>, configured: impl FnOnce() -> Self) -> Self {
        person.map_or_else(configured, Self::from_tag)
    }

    /// From a language tag: what starts with `zh` is Chinese, everything else English.
    pub fn from_tag(tag: &str) -> Self {
        if tag.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("zh")) { Self::Chinese } else { Self::English }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_chooses_the_language() {
        for (tag, expected) in [
            ("zh", Locale::Chinese),
            ("zh-CN", Locale::Chinese),
            ("ZH_hant", Locale::Chinese),
            ("en", Locale::English),
            ("de", Locale::English),
            ("", Locale::English),
            ("中文", Locale::English),
        ] {
            assert_eq!(Locale::from_tag(tag), expected, "{tag}");
        }
    }

    #[test]
    fn without_a_choice_both_languages_are_shown() {
        let text = Text::new("企业", "company");
        assert_eq!(text.show(Locale::Chinese), "企业");
        assert_eq!(text.show(Locale::English), "company");
        assert_eq!(text.show(Locale::Both), "企业 / company");
        assert_eq!(Text::new("ID", "ID").show(Locale::Both), "ID");
    }
}
