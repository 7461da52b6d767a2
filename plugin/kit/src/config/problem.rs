//! What is wrong with a configuration, collected while it is read.

use super::secret::MASK;
use crate::{
    contract::types::{self, Severity},
    locale::{Locale, Text},
    order,
};

/// One thing that is wrong, before it has a place.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(super) code: &'static str,
    severity: Severity,
    pub(super) message: Text,
    pub(super) hint: Text,
}

impl Finding {
    /// The element cannot work with this.
    pub fn error(code: &'static str, message: impl Into<Text>, hint: impl Into<Text>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), hint: hint.into() }
    }

    /// Somebody should look at this.
    pub fn warning(code: &'static str, message: impl Into<Text>, hint: impl Into<Text>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message, hint) }
    }

    /// A value that does not have its shape. `found` is what may be shown of it, see [`shown`](super::shown::shown).
    pub fn malformed(found: &Text, expected: impl Into<Text>, hint: impl Into<Text>) -> Self {
        let (Text { zh, en }, Text { zh: expected_zh, en: expected_en }) = (found, expected.into());
        let message = text!("填写的是{zh}，应为{expected_zh}", "found {en}; expected {expected_en}");
        Self::error("malformed", message, hint)
    }

    pub(super) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A [`Finding`] as a row: severity, code, message and next step, each of the two in Chinese and English, with values in
/// braces. `Finding` has to be in scope.
#[macro_export]
macro_rules! finding {
    ($severity:ident $code:literal: $zh:literal, $en:literal; $hint_zh:literal, $hint_en:literal) => {
        $crate::finding! { $severity $code: $zh, $en; $crate::text!($hint_zh, $hint_en) }
    };
    ($severity:ident $code:literal: $zh:literal, $en:literal; $hint:expr) => {
        Finding::$severity($code, $crate::text!($zh, $en), $hint)
    };
}

/// All findings, each with its place, and the secrets that none of them may show.
#[derive(Default)]
pub(super) struct Problems {
    found: Vec<(String, Finding)>,
    secrets: Vec<String>,
}

/// Shorter values are no secrets worth the name, and masking them would garble every message.
const SHORTEST_SECRET: usize = 6;

impl Problems {
    pub(super) fn add(&mut self, path: &str, finding: Finding) {
        self.found.push((path.to_owned(), finding));
    }

    /// Takes note of a value that must not be shown, also where it stands in the wrong field.
    pub(super) fn hide(&mut self, value: &str) {
        if value.len() >= SHORTEST_SECRET {
            self.secrets.push(value.to_owned());
        }
    }

    /// A text without the secrets that are known so far.
    pub(super) fn masked(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, finding)| finding.is_error())
    }

    pub(super) fn summary(&self) -> Text {
        let line = |locale, separator: &str| {
            let errors = self.report(locale).into_iter().filter(|problem| problem.severity == Severity::Error);
            let place = |path: &str| if path.is_empty() { String::new() } else { format!("{path}: ") };
            errors.map(|problem| place(&problem.path) + &problem.message).collect::<Vec<_>>().join(separator)
        };
        let (zh, en) = (line(Locale::Chinese, "；"), line(Locale::English, "; "));
        text!("配置无效：{zh}", "the configuration is invalid: {en}")
    }

    /// Errors first, then by path; those of one place by code.
    pub(super) fn sort(&mut self) {
        let rank = |(path, finding): &(String, Finding)| (!finding.is_error(), path.clone(), finding.code);
        order::sort_by(&mut self.found, &|one, other| rank(one).cmp(&rank(other)));
    }

    /// The problems as the contract wants them.
    pub(super) fn report(&self, locale: Locale) -> Vec<types::Problem> {
        let show = |(path, finding): &(String, Finding)| types::Problem {
            path: self.masked(path),
            code: finding.code.to_owned(),
            severity: finding.severity,
            message: self.masked(&finding.message.line(locale)),
            hint: Some(self.masked(&finding.hint.show(locale))).filter(|hint| !hint.is_empty()),
        };
        self.found.iter().map(show).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_first_then_paths() {
        let mut problems = Problems::default();
        for (path, finding) in [
            ("b", Finding::warning("w", "", "")),
            ("c", Finding::error("e", "", "")),
            ("a", Finding::warning("w", "", "")),
            ("b", Finding::error("e", "", "")),
        ] {
            problems.add(path, finding);
        }
        assert!(problems.has_errors());
        problems.sort();
        let report = problems.report(Locale::Both);
        let order: Vec<_> = report.iter().map(|problem| (problem.code.as_str(), problem.path.as_str())).collect();
        assert_eq!(order, [("e", "b"), ("e", "c"), ("w", "a"), ("w", "b")]);
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_masked() {
        let mut problems = Problems::default();
        problems.add("tenant", Finding::error("malformed", "found \"S3CRET-VALUE\"", ("S3CRET-VALUE", "")));
        problems.hide("S3CRET-VALUE");
        problems.hide("x");
        let report = problems.report(Locale::Chinese);
        assert_eq!((report[0].message.as_str(), report[0].hint.as_deref()), ("found \"***\"", Some("***")));
        assert_eq!(problems.summary().en, "the configuration is invalid: tenant: found \"***\"");
    }
}
