//! A verdict while its language is still open.

use crate::{
    contract::element::{Aspect, Fact, Status, Verdict},
    failure::Failure,
    text::{Locale, Text},
};

/// Pages of WeCom's console.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    /// The list of apps, from which the app's own page is one click away; its address holds an id that no API tells.
    Apps,
    /// The company's own data.
    Company,
}

impl Page {
    fn url(self) -> String {
        let page = match self {
            Self::Apps => "apps",
            Self::Company => "profile",
        };
        format!("https://work.weixin.qq.com/wework_admin/frame#{page}")
    }
}

/// What was found about one aspect.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    status: Status,
    code: &'static str,
    message: Text,
    hint: Option<Text>,
    vendor_code: Option<i64>,
    page: Option<Page>,
    facts: Vec<Fact>,
}

impl Finding {
    fn new(status: Status, code: &'static str, (zh, en): (impl Into<String>, impl Into<String>)) -> Self {
        let message = Text::new(zh, en);
        Self { status, code, message, hint: None, vendor_code: None, page: None, facts: Vec::new() }
    }

    /// As it should be.
    pub(crate) fn ok(code: &'static str, message: (impl Into<String>, impl Into<String>)) -> Self {
        Self::new(Status::Ok, code, message)
    }

    /// Works, but not everything will.
    pub(crate) fn warning(code: &'static str, message: (impl Into<String>, impl Into<String>)) -> Self {
        Self::new(Status::Warning, code, message)
    }

    /// Does not work.
    pub(crate) fn failed(code: &'static str, message: (impl Into<String>, impl Into<String>)) -> Self {
        Self::new(Status::Failed, code, message)
    }

    /// Could not be looked at.
    pub(crate) fn skipped(code: &'static str, message: (impl Into<String>, impl Into<String>)) -> Self {
        Self::new(Status::Skipped, code, message)
    }

    /// Adds the next step.
    pub(crate) fn hint(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.hint = Some(Text::new(zh, en));
        self
    }

    /// Adds the page on which the step is made.
    pub(crate) fn page(mut self, page: Page) -> Self {
        self.page = Some(page);
        self
    }

    /// Adds a figure.
    pub(crate) fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.push(Fact { name: name.to_owned(), value: value.to_string() });
        self
    }

    /// Takes over what a failed call tells: its step, its number, the id of the request and the time to wait.
    pub(crate) fn caused_by(mut self, failure: &Failure) -> Self {
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
    pub(crate) fn about(self, aspect: Aspect, locale: Locale) -> Verdict {
        Verdict {
            aspect,
            status: self.status,
            code: self.code.to_owned(),
            vendor_code: self.vendor_code,
            message: self.message.show(locale),
            hint: self.hint.map(|hint| hint.show(locale)),
            console_url: self.page.map(Page::url),
            facts: self.facts,
        }
    }
}
