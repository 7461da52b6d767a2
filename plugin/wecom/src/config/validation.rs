//! `validate-config`: what a document means and everything that is wrong with it. Pure.

use super::{Config, draft};
use crate::{
    contract::{element::Validation, types::Reason},
    failure::Failure,
    text::{Locale, Text},
};

/// Judges a document. Never fails: what cannot be read is a problem.
pub fn validate(document: &str) -> Validation {
    let (draft, problems) = draft::read(document);
    let valid = !problems.has_errors();
    let locale = draft.as_ref().map_or(Locale::Both, draft::Draft::locale);
    let mut summary = draft.as_ref().map(draft::Draft::summary).unwrap_or_default();
    for setting in &mut summary {
        setting.value = problems.masked(&setting.value);
    }
    let destinations = draft.as_ref().map(draft::Draft::destinations).unwrap_or_default();
    let proxy = draft.as_ref().and_then(draft::Draft::proxy);
    let secrets = draft.as_ref().map(draft::Draft::secrets).unwrap_or_default();
    Validation { valid, summary, destinations, proxy, secrets, problems: problems.report(locale) }
}

/// See [`Config::locale_of`].
pub(super) fn locale(document: &str) -> Locale {
    draft::read(document).0.as_ref().map_or(Locale::Both, draft::Draft::locale)
}

/// See [`Config::parse`].
pub(super) fn parse(document: &str) -> Result<Config, Failure> {
    let (draft, problems) = draft::read(document);
    let locale = draft.as_ref().map_or(Locale::Both, draft::Draft::locale);
    if !problems.has_errors()
        && let Some(config) = draft.and_then(draft::Draft::finish)
    {
        return Ok(config);
    }
    let problems = problems.report(locale);
    let errors = problems.iter().filter(|problem| problem.severity == crate::contract::types::Severity::Error);
    let list: Vec<_> = errors
        .map(|problem| match problem.path.as_str() {
            "" => problem.message.clone(),
            path => format!("{path}: {}", problem.message),
        })
        .collect();
    let message = format!("the configuration is invalid: {}", list.join("; "));
    Err(Failure::new(Reason::InvalidConfig(problems), message)
        .with_hint(Text::new("请按所列问题修改元素配置", "mend the configuration of the element as listed")))
}

#[cfg(test)]
mod tests;
