//! One typed method for each export of the contract.
//!
//! Every method answers the component's value with the report of the call, or a failure with the report. An error that
//! the component itself answers is part of the value: [`Answered`].

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::{
    Element, Shared, Version,
    network::{Network, Unusable},
    single_flight::SingleFlightError,
};
use crate::{
    call::{
        CallError, CallOutcome, CallResult, CallSite, Called,
        output::GuestOutput,
        recorder::{CallRecorder, CallUsage},
        run::{self, Answer, CallContext, Parameters, Refusal, reason_name},
        state::{CallState, Capabilities},
    },
    contract::{
        directory::{
            Begun, ChangePage, Department, DepartmentFilter, DepartmentPage, DirectorySummary, Goal, Member,
            MemberFilter, MemberPage, PlanPage, Report, Strategy, SyncStep,
        },
        element::{Description, Validation, Verdict},
        login::{Authorization, AuthorizationRequest, Exchange, ExchangeRequest, LoginParameters},
        types::{Error, RemovalCounts},
    },
    egress::Budget,
    settings::Document,
};

/// The value of a function that may answer an error of the contract.
pub type Answered<T> = Result<T, Error>;

impl Answer for Description {
    fn refusal(&self) -> Option<Refusal> {
        None
    }
}

impl Answer for Validation {
    fn refusal(&self) -> Option<Refusal> {
        None
    }
}

impl Element {
    /// What the element says of itself, in Chinese where `locale` starts with `zh`, else in English. Pure.
    pub async fn describe(&self, locale: &str) -> CallResult<Description> {
        self.describe_by(&self.version(), locale, None).await
    }

    /// Judges a configuration document, not necessarily the element's own. Pure.
    pub async fn validate_config(&self, document: &str) -> CallResult<Validation> {
        self.validate_by(&self.version(), document, None).await
    }

    /// Judges the element's own configuration. Pure.
    pub async fn validate(&self) -> CallResult<Validation> {
        self.validate_config(self.shared.settings.expose()).await
    }

    /// Asks the vendor whether the configuration works. Checks of one element wait for each other. After three within a
    /// minute whose credential was refused (ten for all elements of a host) a check is not carried out, and answers
    /// `rate-limited`.
    pub async fn check_connection(&self) -> CallResult<Answered<Vec<Verdict>>> {
        let version = self.version();
        let recorder = self.open(&version, "element.check-connection", None);
        let span = recorder.span();
        self.check_of(&version, recorder).instrument(span).await
    }

    async fn check_of(&self, version: &Version, mut recorder: CallRecorder) -> CallResult<Answered<Vec<Verdict>>> {
        let Shared { host, scope, checking, .. } = &*self.shared;
        let Ok(_turn) = timeout_at(recorder.deadline(), checking.lock()).await else {
            let error = recorder.out_of_time();
            return Err(recorder.fail(CallUsage::default(), error));
        };
        if let Some(error) = host.check_brake().refusal(scope, host.now_ms()) {
            let outcome = CallOutcome::Refused { reason: reason_name(&error.reason).to_owned(), vendor_code: None };
            return Ok(Called { value: Err(error), report: recorder.close(CallUsage::default(), outcome) });
        }
        let called: Called<Answered<Vec<Verdict>>> = self.call_of(version, recorder, ()).await?;
        if let Ok(verdicts) = &called.value {
            host.check_brake().count(scope, host.now_ms(), verdicts);
        }
        Ok(called)
    }

    /// What a page needs to embed the vendor's login widget.
    pub async fn login_config(&self, request: &AuthorizationRequest) -> CallResult<Answered<LoginParameters>> {
        self.call("login.login-config", (request,)).await
    }

    /// The URL to which a browser is sent to sign in.
    pub async fn authorization_url(&self, request: &AuthorizationRequest) -> CallResult<Answered<Authorization>> {
        self.call("login.authorization-url", (request,)).await
    }

    /// The URL to paste into the vendor's console as the app's home page.
    pub async fn homepage_url(&self, target: &str) -> CallResult<Answered<String>> {
        self.call("login.homepage-url", (target,)).await
    }

    /// Turns code and state into an identity.
    pub async fn exchange_code(&self, request: &ExchangeRequest) -> CallResult<Answered<Exchange>> {
        self.call("login.exchange-code", (request,)).await
    }

    /// Joins the current run of synchronisation, or begins one.
    pub async fn begin(&self, strategy: &Strategy) -> CallResult<Answered<Begun>> {
        self.call("directory.begin", (strategy,)).await
    }

    /// Advances a run within the limits of one call; the step says what to do next.
    pub async fn advance(&self, run: &str, until: Goal) -> CallResult<Answered<SyncStep>> {
        self.call("directory.advance", (run, until)).await
    }

    /// Lets a blocked run remove what it was blocked for.
    pub async fn approve(&self, run: &str, counts: RemovalCounts) -> CallResult<Answered<()>> {
        self.call("directory.approve", (run, counts)).await
    }

    /// Gives up a run that has written nothing.
    pub async fn abandon(&self, run: &str) -> CallResult<Answered<()>> {
        self.call("directory.abandon", (run,)).await
    }

    /// Ends a run that cannot be carried through, as it stands.
    pub async fn repair(&self, run: &str) -> CallResult<Answered<Report>> {
        self.call("directory.repair", (run,)).await
    }

    /// Forgets the copy with its feed and its runs.
    pub async fn reset(&self) -> CallResult<Answered<()>> {
        self.call("directory.reset", ()).await
    }

    /// A page of what the current run would change.
    pub async fn plan(&self, cursor: Option<&str>, limit: u32) -> CallResult<Answered<PlanPage>> {
        self.call("directory.plan", (cursor, limit)).await
    }

    /// The reports of the last runs, newest first.
    pub async fn history(&self) -> CallResult<Answered<Vec<Report>>> {
        self.call("directory.history", ()).await
    }

    /// Reads the feed after `cursor` (`None`: after what was acknowledged).
    pub async fn changes(&self, cursor: Option<&str>, limit: u32) -> CallResult<Answered<ChangePage>> {
        self.call("directory.changes", (cursor, limit)).await
    }

    /// Gives up the entries of the feed up to `cursor`.
    pub async fn acknowledge(&self, cursor: &str) -> CallResult<Answered<()>> {
        self.call("directory.acknowledge", (cursor,)).await
    }

    /// Counts and the state of synchronisation.
    pub async fn overview(&self) -> CallResult<Answered<DirectorySummary>> {
        self.call("directory.overview", ()).await
    }

    /// A page of the departments of the copy that meet a filter.
    pub async fn departments(
        &self,
        filter: &DepartmentFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> CallResult<Answered<DepartmentPage>> {
        self.call("directory.departments", (filter, cursor, limit)).await
    }

    /// A page of the members of the copy that meet a filter.
    pub async fn members(
        &self,
        filter: &MemberFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> CallResult<Answered<MemberPage>> {
        self.call("directory.members", (filter, cursor, limit)).await
    }

    /// Members of the copy by their ids, in the order asked.
    pub async fn find_members(&self, ids: &[String]) -> CallResult<Answered<Vec<Option<Member>>>> {
        self.call("directory.find-members", (ids,)).await
    }

    /// One member of the copy.
    pub async fn find_member(&self, id: &str) -> CallResult<Answered<Member>> {
        self.call("directory.find-member", (id,)).await
    }

    /// One department of the copy.
    pub async fn find_department(&self, id: &str) -> CallResult<Answered<Department>> {
        self.call("directory.find-department", (id,)).await
    }

    /// Reads one member from the vendor into the copy.
    pub async fn sync_member(&self, id: &str) -> CallResult<Answered<Member>> {
        self.call("directory.sync-member", (id,)).await
    }

    /// Reads one department from the vendor into the copy.
    pub async fn sync_department(&self, id: &str) -> CallResult<Answered<Department>> {
        self.call("directory.sync-department", (id,)).await
    }

    async fn describe_by(&self, version: &Version, locale: &str, until: Option<Instant>) -> CallResult<Description> {
        self.pure(version, "element.describe", (locale,), Document::none(), until).await
    }

    async fn validate_by(&self, version: &Version, document: &str, until: Option<Instant>) -> CallResult<Validation> {
        self.pure(version, "element.validate-config", (document,), Document::given(document), until).await
    }

    /// A call that reaches nothing, and ends at `until` at the latest. `given` is the configuration among its parameters.
    async fn pure<P: Parameters, T: Answer>(
        &self,
        version: &Version,
        function: &'static str,
        parameters: P,
        given: Document,
        until: Option<Instant>,
    ) -> CallResult<T> {
        let recorder = self.open(version, function, until);
        let span = recorder.span();
        let output = GuestOutput::of(given);
        let state = self.state(recorder, Document::none(), output, |_| Capabilities::Nothing);
        run::run(self.context(version), state, parameters).instrument(span).await
    }

    /// A call with storage and network.
    async fn call<P: Parameters, T: Answer>(&self, function: &'static str, parameters: P) -> CallResult<T> {
        let version = self.version();
        let recorder = self.open(&version, function, None);
        let span = recorder.span();
        self.call_of(&version, recorder, parameters).instrument(span).await
    }

    async fn call_of<P: Parameters, T: Answer>(
        &self,
        version: &Version,
        mut recorder: CallRecorder,
        parameters: P,
    ) -> CallResult<T> {
        let deadline = recorder.deadline();
        let network = match version.network.get(&self.limits, deadline, self.network(version, &recorder)).await {
            Ok(network) => network,
            Err(SingleFlightError::Failed(error)) => return Err(recorder.fail(CallUsage::default(), error)),
            Err(SingleFlightError::OutOfTime) => {
                let error = recorder.out_of_time();
                return Err(recorder.fail(CallUsage::default(), error));
            }
        };
        let output = GuestOutput::of(network.settings.clone());
        let capabilities = |budget: &Arc<Budget>| self.capabilities(network, budget);
        let state = self.state(recorder, network.settings.clone(), output, capabilities);
        run::run(self.context(version), state, parameters).await
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

    fn capabilities(&self, network: &Network, budget: &Arc<Budget>) -> Capabilities {
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
            storage: Arc::clone(&shared.storage),
            scope: shared.scope.clone(),
        }
    }

    fn open(&self, version: &Version, function: &'static str, until: Option<Instant>) -> CallRecorder {
        let (host, scope) = (&self.shared.host, &self.shared.scope);
        let site = CallSite {
            tenant: scope.tenant().to_owned(),
            element: scope.element().to_owned(),
            component: version.component.digest(),
            function,
        };
        CallRecorder::open(host.call_name(), site, &self.limits, until, host.observers())
    }

    fn state(
        &self,
        recorder: CallRecorder,
        settings: Document,
        output: GuestOutput,
        capabilities: impl FnOnce(&Arc<Budget>) -> Capabilities,
    ) -> Box<CallState> {
        let wasi = |output: &GuestOutput| self.shared.host.wasi(output);
        CallState::new(recorder, settings, self.limits.clone(), capabilities, output, wasi)
    }

    fn context<'a>(&'a self, version: &'a Version) -> CallContext<'a> {
        let host = &self.shared.host;
        CallContext {
            engine: host.engine(),
            component: &version.component,
            scheduler: host.scheduler(),
            concurrency: self.shared.concurrency,
        }
    }
}
