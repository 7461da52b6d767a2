//! A verdict while its language is still open.

use crate::{
    contract::element::{Aspect, Fact, Status, Verdict},
    failure::Failure,
    locale::{Locale, Text},
};

/// One finding for each aspect of the contract, in its order: those that a vendor has no word about do not apply to it.
pub fn of_all_aspects(findings: impl IntoIterator<Item = (Aspect, Checked)>) -> Vec<(Aspect, Checked)> {
    let mut findings: Vec<_> = findings.into_iter().collect();
    let order = [
        Aspect::Credentials,
        Aspect::TrustedIp,
        Aspect::AppEnabled,
        Aspect::VisibleRange,
        Aspect::TrustedDomain,
        Aspect::SensitiveFields,
        Aspect::Callback,
    ];
    let mut all: Vec<_> = order
        .into_iter()
        .map(|aspect| match findings.iter().position(|(found, _)| *found == aspect) {
            Some(index) => findings.swap_remove(index),
            None => (aspect, Checked::not_applicable()),
        })
        .collect();
    all.append(&mut findings);
    all
}

/// What was found about one aspect.
#[derive(Clone, Debug)]
pub struct Checked {
    status: Status,
    code: &'static str,
    message: Text,
    hint: Option<Text>,
    vendor_code: Option<i64>,
    page: Option<&'static str>,
    facts: Vec<Fact>,
}

impl Checked {
    fn new(status: Status, code: &'static str, message: Text) -> Self {
        Self { status, code, message, hint: None, vendor_code: None, page: None, facts: Vec::new() }
    }

    /// As it should be.
    pub fn ok(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(Status::Ok, code, message.into())
    }

    /// Works, but not everything will.
    pub fn warning(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(Status::Warning, code, message.into())
    }

    /// Does not work.
    pub fn failed(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(Status::Failed, code, message.into())
    }

    /// Could not be looked at.
    pub fn skipped(code: &'static str, message: impl Into<Text>) -> Self {
        Self::new(Status::Skipped, code, message.into())
    }

    /// For an aspect that an earlier failure hides.
    pub fn hidden() -> Self {
        Self::skipped(
            "not-looked-at",
            ("前一项未通过，暂无法检查", "could not be looked at, since an earlier aspect failed"),
        )
    }

    /// For an aspect that the vendor knows nothing of.
    fn not_applicable() -> Self {
        Self::skipped("not-applicable", ("该平台没有此项设置", "the vendor has no such setting"))
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.hint = Some(Text::new(zh, en));
        self
    }

    /// Adds the address of the page in the vendor's console on which the step is made.
    #[must_use]
    pub fn page(mut self, url: &'static str) -> Self {
        self.page = Some(url);
        self
    }

    /// Adds a figure.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.push(Fact { name: name.to_owned(), value: value.to_string() });
        self
    }

    /// Takes over what a failed call tells: its step, its number, the id of the request and the time to wait.
    #[must_use]
    pub fn caused_by(mut self, failure: &Failure) -> Self {
        self.vendor_code = failure.vendor_code;
        self.hint = self.hint.or_else(|| failure.hint.clone());
        if let Some(id) = &failure.request_id {
            self = self.fact("request-id", id);
        }
        if let Some(milliseconds) = failure.retry_after_ms {
            self = self.fact("retry-after-ms", milliseconds);
        }
        self
    }

    /// The contract's record.
    pub fn about(self, aspect: Aspect, locale: Locale) -> Verdict {
        Verdict {
            aspect,
            status: self.status,
            code: self.code.to_owned(),
            vendor_code: self.vendor_code,
            message: self.message.show(locale),
            hint: self.hint.map(|hint| hint.show(locale)),
            console_url: self.page.map(str::to_owned),
            facts: self.facts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_aspect_has_its_finding_in_the_order_of_the_contract() {
        let own = |code| Checked::ok(code, "found");
        let further = Aspect::Other("licence".to_owned());
        let found = of_all_aspects([
            (further.clone(), own("a")),
            (Aspect::VisibleRange, own("b")),
            (Aspect::Credentials, own("c")),
        ]);
        let codes: Vec<_> = found.iter().map(|(aspect, finding)| (aspect.clone(), finding.code)).collect();
        let none = "not-applicable";
        let expected = [
            (Aspect::Credentials, "c"),
            (Aspect::TrustedIp, none),
            (Aspect::AppEnabled, none),
            (Aspect::VisibleRange, "b"),
            (Aspect::TrustedDomain, none),
            (Aspect::SensitiveFields, none),
            (Aspect::Callback, none),
            (further, "a"),
        ];
        assert_eq!(codes, expected);
    }
}
