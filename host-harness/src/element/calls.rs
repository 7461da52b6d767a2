//! One typed method for each export of the contract.
//!
//! Every method answers the component's value with the report of the call, or a failure with the report. An error that
//! the component itself answers is part of the value: [`Answered`].

use std::sync::Arc;

use super::{Element, Version, network::Network};
use crate::{
    call::{
        CallError, CallResult, CallSite, Called, FailedCall,
        report::{self, CallReport},
        run::{self, Answer, Parameters, Refusal, Stage},
        state::{Caller, Reach},
    },
    contract::{
        directory::{
            ChangePage, Department, DepartmentPage, DirectorySummary, Member, MemberFilter, MemberPage, PlanPage,
            Report, SyncRequest, SyncStep,
        },
        element::{Description, Validation, Verdict},
        login::{Authorization, AuthorizationRequest, Exchange, ExchangeRequest, LoginParameters},
        types::Error,
    },
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
        self.describe_by(&self.version(), locale).await
    }

    /// Judges a configuration document, not necessarily the element's own. Pure.
    pub async fn validate_config(&self, document: &str) -> CallResult<Validation> {
        self.validate_by(&self.version(), document).await
    }

    /// Judges the element's own configuration. Pure.
    pub async fn validate(&self) -> CallResult<Validation> {
        self.validate_config(self.shared.settings.expose()).await
    }

    /// Asks the vendor whether the configuration works.
    pub async fn check_connection(&self) -> CallResult<Answered<Vec<Verdict>>> {
        self.call("element.check-connection", ()).await
    }

    /// What a page needs to embed the vendor's login widget.
    pub async fn login_config(&self) -> CallResult<Answered<LoginParameters>> {
        self.call("login.login-config", ()).await
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

    /// Advances the current run of synchronisation within the limits of one call; the step says what to do next.
    pub async fn sync(&self, request: &SyncRequest) -> CallResult<Answered<SyncStep>> {
        self.call("directory.sync", (request,)).await
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

    /// A page of the departments of the copy.
    pub async fn departments(&self, cursor: Option<&str>, limit: u32) -> CallResult<Answered<DepartmentPage>> {
        self.call("directory.departments", (cursor, limit)).await
    }

    /// A page of the members of the copy.
    pub async fn members(
        &self,
        filter: &MemberFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> CallResult<Answered<MemberPage>> {
        self.call("directory.members", (filter, cursor, limit)).await
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

    async fn describe_by(&self, version: &Version, locale: &str) -> CallResult<Description> {
        self.pure(version, "element.describe", (locale,)).await
    }

    async fn validate_by(&self, version: &Version, document: &str) -> CallResult<Validation> {
        self.pure(version, "element.validate-config", (document,)).await
    }

    /// A call that reaches nothing.
    async fn pure<P: Parameters, T: Answer>(
        &self,
        version: &Version,
        function: &'static str,
        parameters: P,
    ) -> CallResult<T> {
        run::run(self.stage(version), function, self.caller(Document::none()), |_| Reach::Nothing, parameters).await
    }

    /// A call with storage and network.
    async fn call<P: Parameters, T: Answer>(&self, function: &'static str, parameters: P) -> CallResult<T> {
        let shared = &self.shared;
        let version = self.version();
        let network = version.network.get_or_try_init(|| self.network(&version)).await?;
        let caller = self.caller(network.settings.clone());
        let reach = |budget: &Arc<_>| {
            let mut http = shared.host.egress().for_call(Arc::clone(&network.policy), Arc::clone(budget));
            for hook in &shared.hooks {
                http = http.with_hook(Arc::clone(hook));
            }
            if let Some(secrets) = &network.secrets {
                http = http.with_secrets(Arc::clone(secrets) as _);
            }
            Reach::Everything {
                http: Box::new(http),
                storage: Arc::clone(&shared.storage),
                scope: shared.scope.clone(),
            }
        };
        run::run(self.stage(&version), function, caller, reach, parameters).await
    }

    /// Asks the component what its configuration needs to reach.
    async fn network(&self, version: &Version) -> Result<Network, Box<FailedCall>> {
        let shared = &self.shared;
        let description = version.component.description.get_or_try_init(async || {
            let called = self.describe_by(version, "en").await?;
            Ok::<_, Box<FailedCall>>(Arc::new(called.value))
        });
        let description = Arc::clone(description.await?);
        let Called { value, report } = self.validate_by(version, shared.settings.expose()).await?;
        let fingerprints = shared.storage.fingerprint_key().map_err(|error| {
            let error = CallError::Host { site: self.site(version, report.function), reason: error.to_string() };
            Box::new(FailedCall {
                report: CallReport { outcome: report::Outcome::of(&error), ..report.clone() },
                error,
            })
        })?;
        let made = Network::new(&fingerprints, &shared.scope, &shared.settings, &description, &value, &shared.operator);
        made.map_err(|unusable| {
            let error = CallError::Destination {
                site: self.site(version, report.function),
                destination: unusable.destination,
                reason: unusable.reason,
            };
            Box::new(FailedCall { report: CallReport { outcome: report::Outcome::of(&error), ..report }, error })
        })
    }

    fn site(&self, version: &Version, function: &'static str) -> CallSite {
        CallSite {
            tenant: self.shared.scope.tenant().to_owned(),
            element: self.shared.scope.element().to_owned(),
            component: version.component.digest(),
            function,
        }
    }

    fn stage<'a>(&'a self, version: &'a Version) -> Stage<'a> {
        let host = &self.shared.host;
        Stage {
            engine: host.engine(),
            component: &version.component,
            queue: host.queue(),
            share: self.shared.share,
            observers: host.observers(),
        }
    }

    fn caller(&self, settings: Document) -> Caller {
        Caller {
            call: self.shared.host.call_name(),
            tenant: self.shared.scope.tenant().to_owned(),
            element: self.shared.scope.element().to_owned(),
            settings,
            limits: self.limits.clone(),
            wasi: self.shared.host.wasi(),
        }
    }
}
