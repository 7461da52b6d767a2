//! An element under examination, and what is looked at in every call.

use std::{fmt::Debug, sync::Arc, time::Duration};

use organisation_host::{
    Answered, Call, CallError, CallReport, Called, Element, ElementError, ElementOptions, Host, HttpExchange, Limits,
    LoadedComponent,
    contract::{
        element::{Description, Validation},
        types::{Error, Problem, Reason, Severity},
    },
    reason_name,
    settings::Document,
    storage::{Clock as _, MemoryStorage, Options, Storage},
};
use serde_json::Value;
use url::Url;

use super::{
    ConformError, Subject,
    clock::ForwardClock,
    findings::Findings,
    platform::Platform,
    promise::{CONTAINED, LIMITS, MESSAGE, PROBLEM_CODE, PROBLEMS_LISTED, Promise, REASON, SECRECY},
};

/// The tenant of every element of an examination; each part examines one of its own.
const TENANT: &str = "conform";

/// Why a promise was not looked at.
const NO_ANSWER: &str = "the element does not have the function, or its call gave no answer";

/// What the parts of an examination share.
pub(super) struct Trial {
    pub(super) host: Host,
    pub(super) component: Arc<LoadedComponent>,
    pub(super) subject: Subject,
    pub(super) clock: Arc<ForwardClock>,
    pub(super) platform: Arc<Platform>,
    pub(super) findings: Findings,
    pub(super) description: Description,
    pub(super) validation: Validation,
}

impl Trial {
    /// Makes a first element and hears what it is. Its secrets are kept an eye on from then on.
    pub(super) async fn begin(
        host: Host,
        component: Arc<LoadedComponent>,
        subject: Subject,
        clock: Arc<ForwardClock>,
    ) -> Result<(Self, Element), ConformError> {
        let options = Options::default().clock(Some(Arc::clone(&clock) as _));
        let platform = Arc::new(Platform::new(MemoryStorage::new(options)));
        let options = options_of(&platform, &subject, "first", subject.settings.clone(), Limits::default());
        let element = host.element(&component, options)?;
        let description = element.describe("en").reported().await?.value;
        let validation = element.validate().reported().await?.value;
        let document = serde_json::from_str(subject.settings.expose()).unwrap_or(Value::Null);
        for place in &validation.secrets {
            let path = format!("/{}", place.path.replace('.', "/"));
            if let Some(value) = document.pointer(&path).and_then(Value::as_str) {
                platform.keep_secret("the value of a secret field", value);
            }
        }
        let findings = Findings::default();
        Ok((Self { host, component, subject, clock, platform, findings, description, validation }, element))
    }

    /// An element with nothing stored yet.
    pub(super) fn element(&self, name: &str) -> Result<Element, ElementError> {
        self.element_within(name, Limits::default())
    }

    /// An element with nothing stored yet, and these limits of a call.
    pub(super) fn element_within(&self, name: &str, limits: Limits) -> Result<Element, ElementError> {
        self.element_of(name, self.subject.settings.clone(), limits)
    }

    /// An element of another configuration.
    pub(super) fn element_of(&self, name: &str, settings: Document, limits: Limits) -> Result<Element, ElementError> {
        let options = options_of(&self.platform, &self.subject, name, settings, limits);
        self.host.element(&self.component, options)
    }

    /// What is wrong with the configuration, if anything.
    pub(super) fn unsound(&self) -> Option<String> {
        let Validation { valid, problems, .. } = &self.validation;
        let told: Vec<_> = problems.iter().map(|Problem { path, message, .. }| format!("{path}: {message}")).collect();
        (!valid).then(|| told.join("; "))
    }

    /// What keeps the element from its vendor, if anything: then nothing could be learned of it.
    pub(super) async fn unreachable(&self, element: &Element) -> Option<String> {
        if !self.can("element.check-connection") {
            return None;
        }
        let exchanges = element.check_connection().reported().await.ok()?.report.http.exchanges;
        let is_reached = exchanges.iter().any(|exchange| exchange.status.is_some());
        let own = exchanges.iter().find(|exchange| self.is_named(&exchange.url)).filter(|_| !is_reached)?;
        let failure = own.failure.unwrap_or("no answer");
        let advice = match failure {
            "denied" => ": the operator does not admit it, or a placeholder stands where none is filled in",
            _ => "",
        };
        Some(format!("the vendor is not reached: {} {}: {failure}{advice}", own.method, own.url))
    }

    /// Whether the configuration names the host of an address.
    fn is_named(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        self.validation.destinations.iter().any(|destination| {
            url.scheme() == destination.scheme
                && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(&destination.host))
                && url.port_or_known_default() == Some(destination.port)
        })
    }

    /// Whether the element says that this function works.
    pub(super) fn can(&self, function: &str) -> bool {
        self.description.capabilities.iter().any(|name| name == function)
    }

    /// Whether the element says that any function of this interface works.
    pub(super) fn offers(&self, interface: &str) -> bool {
        let is_of = |name: &String| name.split_once('.').is_some_and(|(of, _)| of == interface);
        self.description.capabilities.iter().any(is_of)
    }

    pub(super) fn expect(&self, promise: &'static Promise, is_kept: bool, evidence: impl FnOnce() -> String) -> bool {
        self.findings.expect(promise, is_kept, evidence)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Lets time pass that leases, states and cooldowns live by.
    pub(super) fn let_pass(&self, time: Duration) {
        self.clock.put_forward(time);
    }

    /// A call that may answer an error; nothing where it gave no answer at all, which is a finding.
    pub(super) async fn ask<T: Debug>(&self, call: Call<'_, Answered<T>>) -> Option<Answered<T>> {
        let (answer, function) = self.answered(call).await?;
        if let Err(error) = &answer {
            self.look_at_error(error);
            // What an element does not name it need not have.
            if error.reason == Reason::Unsupported && !self.can(function) {
                return None;
            }
        }
        Some(answer)
    }

    /// As [`Trial::ask`], for functions that answer no error.
    pub(super) async fn ask_infallible<T: Debug>(&self, call: Call<'_, T>) -> Option<T> {
        self.answered(call).await.map(|(value, _)| value)
    }

    /// The answer, and which function gave it.
    async fn answered<T: Debug>(&self, call: Call<'_, T>) -> Option<(T, &'static str)> {
        match call.reported().await {
            Ok(Called { value, report }) => {
                self.look_at_report(&report);
                self.look_for_secrets(&format!("the answer of {}", report.function), &format!("{value:?}"));
                self.expect(&REASON, true, String::new);
                self.expect(&LIMITS, true, String::new);
                Some((value, report.function))
            }
            Err(failed) => {
                self.look_at_report(&failed.report);
                let promise = match failed.error {
                    CallError::Limit { .. } => &LIMITS,
                    CallError::Destination { .. } => &CONTAINED,
                    _ => &REASON,
                };
                self.findings.broken(promise, failed.error.to_string());
                None
            }
        }
    }

    /// What an answer says that must be an answer of value: an error is evidence against the promise.
    pub(super) async fn demand<T: Debug>(&self, promise: &'static Promise, call: Call<'_, Answered<T>>) -> Option<T> {
        self.demanded(promise, self.ask(call).await)
    }

    /// The same of an answer that is there already.
    pub(super) fn demanded<T: Debug>(&self, promise: &'static Promise, answer: Option<Answered<T>>) -> Option<T> {
        match answer {
            Some(Ok(value)) => Some(value),
            None => {
                self.findings.skip(&[promise], NO_ANSWER);
                None
            }
            Some(Err(error)) => {
                self.findings.broken(promise, format!("expected an answer, found {}", shown(&error)));
                None
            }
        }
    }

    /// Looks whether a call answers one of these reasons.
    pub(super) async fn refused<T: Debug>(
        &self,
        promise: &'static Promise,
        what: &str,
        reasons: &[&str],
        call: Call<'_, Answered<T>>,
    ) {
        self.is_refusal(promise, what, reasons, self.ask(call).await);
    }

    /// The same of an answer that is there already.
    pub(super) fn is_refusal<T: Debug>(
        &self,
        promise: &'static Promise,
        what: &str,
        reasons: &[&str],
        answer: Option<Answered<T>>,
    ) {
        let Some(answer) = answer else { return self.findings.skip(&[promise], NO_ANSWER) };
        let is_kept = matches!(&answer, Err(error) if reasons.contains(&reason_name(&error.reason)));
        self.expect(promise, is_kept, || {
            let found = answer.as_ref().map_or_else(shown, |value| format!("the answer {value:?}"));
            format!("{what}: expected {}, found {found}", reasons.join(" or "))
        });
    }

    fn look_at_report(&self, report: &CallReport) {
        let function = report.function;
        let is_denied = |exchange: &&HttpExchange| exchange.failure == Some("denied") && !self.is_named(&exchange.url);
        let denied = report.http.exchanges.iter().find(is_denied);
        self.expect(&CONTAINED, denied.is_none(), || {
            let url = denied.map(|exchange| exchange.url.clone()).unwrap_or_default();
            format!("{function} asked for {url}, which its configuration does not name")
        });
        for line in &report.log.lines {
            self.look_for_secrets(&format!("a log line of {function}"), &format!("{} {:?}", line.message, line.fields));
        }
        self.look_for_secrets(&format!("the output of {function}"), &report.output);
        for leak in self.platform.take_leaks() {
            self.findings.broken(&SECRECY, format!("{function}: {leak}"));
        }
    }

    fn look_for_secrets(&self, place: &str, text: &str) {
        let revealed = self.platform.revealed_by(text);
        self.expect(&SECRECY, revealed.is_none(), || format!("{} stands in {place}", revealed.unwrap_or_default()));
    }

    fn look_at_error(&self, error: &Error) {
        let Error { reason, message, .. } = error;
        let is_line = !message.trim().is_empty() && !message.contains(['\n', '\r']);
        self.expect(&MESSAGE, is_line, || format!("the message of {} is {message:?}", reason_name(reason)));
        let name = reason_name(reason);
        self.expect(&REASON, is_kebab(name), || format!("the reason {name:?} is not kebab-case"));
        match reason {
            Reason::InvalidConfig(problems) => {
                let errors_first = problems.is_sorted_by_key(|problem| problem.severity != Severity::Error);
                let has_error = problems.iter().any(|problem| problem.severity == Severity::Error);
                self.expect(&PROBLEMS_LISTED, has_error && errors_first, || format!("found {problems:?}"));
                self.look_at_problems(problems);
            }
            Reason::InvalidArgument(problem) => self.look_at_problems(std::slice::from_ref(problem)),
            _ => {}
        }
    }

    pub(super) fn look_at_problems(&self, problems: &[Problem]) {
        for problem in problems {
            self.expect(&PROBLEM_CODE, is_kebab(&problem.code), || format!("found the code {:?}", problem.code));
        }
    }
}

fn options_of(
    platform: &Arc<Platform>,
    subject: &Subject,
    name: &str,
    settings: Document,
    limits: Limits,
) -> ElementOptions {
    let mut options = ElementOptions::new(TENANT, name, settings, Arc::clone(platform) as Arc<dyn Storage>);
    options.operator = subject.operator.clone();
    options.hooks = vec![Arc::clone(platform) as _];
    options.limits = limits;
    options
}

/// An error in one line.
pub(super) fn shown(error: &Error) -> String {
    format!("{}: {}", reason_name(&error.reason), error.message)
}

/// Lower-case words with hyphens between them.
pub(super) fn is_kebab(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split('-').all(is_word)
}
