//! How an element makes a call: the functions of `element`, and what all of them come down to.

use std::sync::Arc;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;
use wasmtime::component::Lift;

use super::{
    Element, Shared, Version,
    network::{Network, Unusable},
    single_flight::SingleFlightError,
};
use crate::{
    call::{
        Answered, Call, CallError, CallOutcome, CallResult, CallSite, Called, FailedCall,
        output::GuestOutput,
        recorder::{CallRecorder, CallUsage},
        run::{self, Answer, CallContext, Parameters, Refusal, reason_name},
        state::{CallState, Capabilities},
    },
    contract::{
        JsonError,
        element::{Description, Validation, Verdict},
        to_json,
        types::{Error, Reason},
    },
    egress::Budget,
    settings::Document,
    storage::Storage,
};

impl Answer for Description {
    fn refusal(&self) -> Option<Refusal> {
        None
    }

    fn recorded(&self) -> Result<Value, JsonError> {
        to_json(self)
    }
}

impl Answer for Validation {
    fn refusal(&self) -> Option<Refusal> {
        None
    }

    fn recorded(&self) -> Result<Value, JsonError> {
        to_json(self)
    }
}

/// The error of a function that the component does not export.
fn unsupported(function: &str) -> Error {
    Error {
        reason: Reason::Unsupported,
        message: format!("该元素没有 {function} 功能 / this element has no {function}"),
        hint: Some(
            "请使用支持此功能的组件版本 / use a component that has it; inspect lists what this one exports".to_owned(),
        ),
        vendor_code: None,
        retry_after_ms: None,
        request_id: None,
    }
}

impl Element {
    /// What the element says of itself, in Chinese where `locale` starts with `zh`, else in English. Pure.
    pub fn describe<'a>(&'a self, locale: &'a str) -> Call<'a, Description> {
        Call::new(async move { self.describe_by(&self.version(), locale, None).await })
    }

    /// Judges a configuration document, not necessarily the element's own. Pure.
    pub fn validate_config<'a>(&'a self, document: &'a str) -> Call<'a, Validation> {
        Call::new(async move { self.validate_by(&self.version(), document, None).await })
    }

    /// Judges the element's own configuration. Pure.
    pub fn validate(&self) -> Call<'_, Validation> {
        self.validate_config(self.shared.settings.expose())
    }

    /// Asks the vendor whether the configuration works. Checks of one element wait for each other. After three within a
    /// minute whose credential was refused (ten for all elements of a host) a check is not carried out, and answers
    /// `rate-limited`.
    pub fn check_connection(&self) -> Call<'_, Answered<Vec<Verdict>>> {
        Call::new(async move {
            let version = self.version();
            let recorder = self.open(&version, "element.check-connection", None)?;
            let span = recorder.span();
            self.check_of(&version, recorder).instrument(span).await
        })
    }

    async fn check_of(&self, version: &Version, mut recorder: CallRecorder) -> CallResult<Answered<Vec<Verdict>>> {
        let Shared { host, scope, checking, .. } = &*self.shared;
        let Ok(_turn) = timeout_at(recorder.deadline(), checking.lock()).await else {
            let error = recorder.out_of_time();
            return Err(recorder.fail(CallUsage::default(), error));
        };
        if let Some(error) = host.check_rate_limit().refusal(scope, host.now_ms()) {
            let outcome = CallOutcome::Refused { reason: reason_name(&error.reason).to_owned(), vendor_code: None };
            return Ok(Called { value: Err(error), report: recorder.close(CallUsage::default(), outcome) });
        }
        let storage = Arc::clone(&self.shared.storage);
        let called: Called<Answered<Vec<Verdict>>> = self.call_of(version, recorder, |_| (), storage).await?;
        if let Ok(verdicts) = &called.value {
            host.check_rate_limit().count(scope, host.now_ms(), verdicts);
        }
        Ok(called)
    }

    async fn describe_by(&self, version: &Version, locale: &str, until: Option<Instant>) -> CallResult<Description> {
        self.pure(version, "element.describe", (locale,), Document::none(), until).await
    }

    async fn validate_by(&self, version: &Version, document: &str, until: Option<Instant>) -> CallResult<Validation> {
        self.pure(version, "element.validate-config", (document,), Document::given(document), until).await
    }

    /// A call that reaches nothing, and ends at `until` at the latest. `given` is the configuration among its parameters.
    async fn pure<P: Parameters, T: Answer + Lift>(
        &self,
        version: &Version,
        function: &'static str,
        parameters: P,
        given: Document,
        until: Option<Instant>,
    ) -> CallResult<T> {
        let recorder = self.open(version, function, until)?;
        let span = recorder.span();
        let output = GuestOutput::of(given);
        let state = self.state(recorder, Document::none(), output, |_| Capabilities::Nothing);
        run::run(self.context(version), state, parameters).instrument(span).await
    }

    /// A call with storage and network. What the component does not export answers `unsupported`, as the contract has it for
    /// whatever an element cannot do.
    pub(super) fn call<'a, P: Parameters + 'a, T: 'a>(
        &'a self,
        function: &'static str,
        parameters: P,
    ) -> Call<'a, Answered<T>>
    where
        Answered<T>: Answer + Lift,
    {
        Call::new(self.call_on(Arc::clone(&self.shared.storage), function, |_| parameters))
    }

    /// The same with another store around the element's own, and with parameters that depend on the configuration.
    pub(super) async fn call_on<P: Parameters, T>(
        &self,
        storage: Arc<dyn Storage>,
        function: &'static str,
        parameters: impl FnOnce(&Network) -> P + Send,
    ) -> CallResult<Answered<T>>
    where
        Answered<T>: Answer + Lift,
    {
        let version = self.version();
        let mut recorder = self.open(&version, function, None)?;
        if version.component.function(function).is_err() {
            let error = unsupported(function);
            let outcome = CallOutcome::Refused { reason: reason_name(&error.reason).to_owned(), vendor_code: None };
            return Ok(Called { value: Err(error), report: recorder.close(CallUsage::default(), outcome) });
        }
        let span = recorder.span();
        self.call_of(&version, recorder, parameters, storage).instrument(span).await
    }

    async fn call_of<P: Parameters, T: Answer + Lift>(
        &self,
        version: &Version,
        mut recorder: CallRecorder,
        parameters: impl FnOnce(&Network) -> P + Send,
        storage: Arc<dyn Storage>,
    ) -> CallResult<T> {
        let deadline = recorder.deadline();
        let limits = recorder.limits.clone();
        let network = match version.network.get(&limits, deadline, self.network(version, &recorder)).await {
            Ok(network) => network,
            Err(SingleFlightError::Failed(error)) => return Err(recorder.fail(CallUsage::default(), error)),
            Err(SingleFlightError::OutOfTime) => {
                let error = recorder.out_of_time();
                return Err(recorder.fail(CallUsage::default(), error));
            }
        };
        let output = GuestOutput::of(network.settings.clone());
        let capabilities = |budget: &Arc<Budget>| self.capabilities(network, budget, storage);
        let state = self.state(recorder, network.settings.clone(), output, capabilities);
        run::run(self.context(version), state, parameters(network)).await
    }

    /// Asks the component what its configuration needs to reach, in calls of their own that end with the one that asks.
    async fn network(&self, version: &Version, asking: &CallRecorder) -> Result<Network, CallError> {
        let (shared, until) = (&self.shared, Some(asking.deadline()));
        // Nobody waits for another tenant's call: at worst several ask at first.
        let description = match version.component.description.get() {
            Some(description) => description,
            None => {
                let described = self.describe_by(version, "en", until).await.map_err(|failed| failed.error)?;
                version.component.description.get_or_init(|| described.value)
            }
        };
        let validated = self.validate_by(version, shared.settings.expose(), until).await;
        let Called { value, report } = validated.map_err(|failed| failed.error)?;
        let site = || CallSite { function: report.function, ..asking.site.clone() };
        let fingerprints = shared.storage.fingerprint_key();
        let fingerprints = fingerprints.map_err(|error| CallError::Host { site: site(), reason: error.to_string() })?;
        let made = Network::new(&fingerprints, &shared.scope, &shared.settings, description, &value, &shared.operator);
        made.map_err(|Unusable { place, reason }| CallError::Destination { site: site(), place, reason })
    }

    fn capabilities(&self, network: &Network, budget: &Arc<Budget>, storage: Arc<dyn Storage>) -> Capabilities {
        let shared = &self.shared;
        let mut http = shared.host.egress().for_call(Arc::clone(&network.policy), Arc::clone(budget));
        for hook in &shared.hooks {
            http = http.with_hook(Arc::clone(hook));
        }
        if let Some(secrets) = &network.secrets {
            http = http.with_secrets(Arc::clone(secrets) as _);
        }
        Capabilities::Everything {
            http: Box::new(http),
            storage,
            scope: shared.scope.clone(),
            clock: shared.host.clock(),
        }
    }

    fn open(
        &self,
        version: &Version,
        function: &'static str,
        until: Option<Instant>,
    ) -> Result<CallRecorder, Box<FailedCall>> {
        let (host, scope) = (&self.shared.host, &self.shared.scope);
        let site = CallSite {
            tenant: scope.tenant().to_owned(),
            element: scope.element().to_owned(),
            component: version.component.digest(),
            function,
        };
        CallRecorder::open(host.call_name(), site, &self.limits, until, host.observers(), host.meters())
    }

    fn state(
        &self,
        recorder: CallRecorder,
        settings: Document,
        output: GuestOutput,
        capabilities: impl FnOnce(&Arc<Budget>) -> Capabilities,
    ) -> Box<CallState> {
        let wasi = |output: &GuestOutput| self.shared.host.wasi(output);
        CallState::new(recorder, settings, capabilities, output, wasi)
    }

    fn context<'a>(&'a self, version: &'a Version) -> CallContext<'a> {
        let host = &self.shared.host;
        CallContext {
            engine: host.engine(),
            component: &version.component,
            scheduler: host.scheduler(),
            concurrency: self.shared.concurrency,
            recording: host.recording(),
        }
    }
}
