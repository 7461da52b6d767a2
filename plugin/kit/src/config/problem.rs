//! What is wrong with a configuration, collected while it is read.

use crate::{
    contract::types::{self, Severity},
    text::{Locale, Text},
};

use super::secret::MASK;

/// A finding before it has a place.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) code: &'static str,
    severity: Severity,
    pub(crate) message: String,
    hint: Text,
}

impl Finding {
    /// The element cannot work with this.
    pub(crate) fn error(
        code: &'static str,
        message: impl Into<String>,
        (zh, en): (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), hint: Text::new(zh, en) }
    }

    /// Somebody should look at this.
    pub(crate) fn warning(
        code: &'static str,
        message: impl Into<String>,
        hint: (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message, hint) }
    }
}

/// All findings, each with its place, and the secrets that none of them may show.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<(String, Finding)>,
    secrets: Secrets,
}

/// Values of secret fields. No text may show one, also where it stands in the wrong field.
#[derive(Default)]
struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(MASK)
    }
}

/// Shorter values are no secrets worth the name, and masking them would garble every message.
const SHORTEST_SECRET: usize = 6;

impl Problems {
    pub(crate) fn add(&mut self, path: &str, finding: Finding) {
        self.found.push((path.to_owned(), finding));
    }

    /// Takes note of a value that must not be shown.
    pub(crate) fn hide(&mut self, value: &str) {
        if value.len() >= SHORTEST_SECRET {
            self.secrets.0.push(value.to_owned());
        }
    }

    /// A text without the secrets that are known so far.
    pub(crate) fn masked(&self, text: &str) -> String {
        self.secrets.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, finding)| finding.severity == Severity::Error)
    }

    /// The problems as the contract wants them: errors first, then by path; those of one place by code.
    pub(crate) fn report(mut self, locale: Locale) -> Vec<types::Problem> {
        let rank = |finding: &Finding| finding.severity == Severity::Warning;
        self.found.sort_by(|(a, x), (b, y)| (rank(x), a, x.code).cmp(&(rank(y), b, y.code)));
        let show = |(path, finding): &(String, Finding)| types::Problem {
            path: self.masked(path),
            code: finding.code.to_owned(),
            severity: finding.severity,
            message: self.masked(&finding.message),
            hint: self.masked(&finding.hint.show(locale)),
        };
        self.found.iter().map(show).collect()
    }
}

/// A value in quotes: short, on one line.
pub(crate) fn quoted(value: &str) -> String {
    const LENGTH: usize = 60;
    let shown: String = value.chars().take(LENGTH).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let more = if value.chars().nth(LENGTH).is_some() { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_first_then_paths() {
        let mut problems = Problems::default();
        problems.add("b", Finding::warning("w", "", ("", "")));
        problems.add("c", Finding::error("e", "", ("", "")));
        problems.add("a", Finding::warning("w", "", ("", "")));
        problems.add("b", Finding::error("e", "", ("", "")));
        assert!(problems.has_errors());
        let report = problems.report(Locale::Both);
        let order: Vec<_> = report.iter().map(|problem| (problem.code.as_str(), problem.path.as_str())).collect();
        assert_eq!(order, [("e", "b"), ("e", "c"), ("w", "a"), ("w", "b")]);
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_masked() {
        let mut problems = Problems::default();
        problems.add("corpId", Finding::error("malformed", "found \"S3CRET-VALUE\"", ("S3CRET-VALUE", "")));
        problems.hide("S3CRET-VALUE");
        problems.hide("x");
        assert!(!format!("{:?}", problems.secrets).contains("S3CRET"));
        let report = problems.report(Locale::Chinese);
        assert_eq!((report[0].message.as_str(), report[0].hint.as_str()), ("found \"***\"", "***"));
    }

    #[test]
    fn a_quoted_value_stays_short_and_on_one_line() {
        for (value, expected) in [("a b", "\"a b\"".to_owned()), ("a\nb", "\"a\u{fffd}b\"".to_owned())] {
            assert_eq!(quoted(value), expected);
        }
        assert_eq!(quoted(&"企".repeat(61)), format!("\"{}…\"", "企".repeat(60)));
    }
}
