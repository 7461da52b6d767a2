//! The two steps of a sign-in: sending a browser to the vendor, and taking it back.
//!
//! What a stranger could try is to sign a victim in as himself, by a link to the callback with a code of his own, so that the
//! victim works under his name. Three things stand against it: a state is good once and for ten minutes, a sign-in that began
//! in a browser ends only in that browser (the cookie of `binding`), and one that did not begin here is refused unless the
//! tenant is declared otherwise ([`SignIn::homepage`](host_harness::tenants::SignIn::homepage)). The workspace entry is bound by
//! the component to no browser, since some clients of the vendor open the page of the vendor, or the way back, in a session
//! without the cookie or with an older one. So the host looks at the cookie itself: without it the person is asked whether to go
//! on as this member (`confirmation`), or refused where the tenant demands that
//! ([`SignIn::same_browser`](host_harness::tenants::SignIn::same_browser)).

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{AppendHeaders, Html, IntoResponse, Response},
};
use host_harness::{
    Answered, CallResult, Called, Element,
    contract::{
        login::{self, AuthorizationRequest, ExchangeRequest},
        types::Reason,
    },
    reason_name,
    storage::FingerprintKey,
    tenants::Tenant,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    binding::{Binding, CookieScope},
    confirmation::{Confirmation, Confirmed},
    document::document,
    entry_decision::EntryDecision,
    page::Page,
    return_to,
    service::Service,
    sign_in_limits::SignInPermit,
    signed_in::{self, SignedIn},
};
use crate::{
    command_error::CommandError,
    view::{
        error::{ErrorDocument, ErrorView},
        login::ExchangeView,
    },
};

/// The most milliseconds that a step may take: nobody waits longer for a page.
const LONGEST_MS: u64 = 20_000;

/// What the vendor's client calls itself, on phones and computers.
const VENDOR_CLIENT: &str = "wxwork";

/// What `login` is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct LoginQuery {
    #[serde(default)]
    entry: Entry,
    return_to: Option<String>,
    lang: Option<String>,
}

/// Where the sign-in of a person begins.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Entry {
    #[default]
    Browser,
    Workspace,
    WorkspaceConsent,
}

/// What the vendor sends back.
#[derive(Deserialize)]
pub struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
}

/// Who came, and whether they may enter.
#[derive(Debug, Serialize)]
struct CallbackView {
    entry: EntryDecision,
    /// What the operator can do about a refusal.
    hint: Option<&'static str>,
    /// What is to be posted when the person agrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<Confirmation>,
    /// Absent where it is not for whoever asks.
    #[serde(flatten)]
    exchange: Option<ExchangeView>,
}

/// The same of somebody who was asked.
#[derive(Debug, Serialize)]
struct ConfirmedView {
    entry: EntryDecision,
    hint: Option<&'static str>,
    #[serde(flatten)]
    exchange: Value,
}

/// Sends a browser to the vendor's page.
pub async fn login(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    query: Result<Query<LoginQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, permit) = refused.unless_let_in(&service, &tenant)?;
    if !permit.may_begin() {
        return Err(refused.too_many());
    }
    let Query(query) = query.map_err(|_| {
        refused.with("entry is browser, workspace or workspace-consent, and every parameter stands once")
    })?;
    let (scope, key) = (CookieScope::of(&uri, &headers, service.public_url()), service.cookie_key());
    let mut binding = refused.unless_bound(Binding::of(&headers, &scope, key))?;
    // Some clients of the vendor open pages in a fresh session, so only a browser is held to its cookie by the element.
    let bound = (query.entry == Entry::Browser).then(|| binding.hash(&tenant.name));
    let request = AuthorizationRequest {
        entry: match query.entry {
            Entry::Browser => login::Entry::Browser,
            Entry::Workspace => login::Entry::Workspace,
            Entry::WorkspaceConsent => login::Entry::WorkspaceConsent,
        },
        redirect_uri: None,
        return_to: query.return_to,
        language: query.lang.or_else(|| preferred_language(&headers)),
        browser_binding: bound,
    };
    let authorization = refused.unless_answered(hurried(&tenant).authorization_url(&request).await)?;
    let location = HeaderValue::from_str(&authorization.url);
    let location = location.map_err(|_| refused.failed("the element made an address that is none".to_owned()))?;
    binding.begin(&tenant.name, &authorization.state, key);
    let cookie = [(header::SET_COOKIE, binding.cookie(&scope, key))];
    Ok((StatusCode::FOUND, [(header::LOCATION, location)], cookie).into_response())
}

/// The language that the browser prefers.
fn preferred_language(headers: &HeaderMap) -> Option<String> {
    let languages = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let first = languages.split([',', ';']).next()?.trim();
    (!first.is_empty() && first != "*").then(|| first.to_owned())
}

/// Takes a browser back from the vendor's page, and says who it is.
pub async fn callback(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    query: Result<Query<CallbackQuery>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, _permit) = refused.unless_let_in(&service, &tenant)?;
    let (code, state) = match query {
        Ok(Query(CallbackQuery { code: Some(code), state: Some(state) })) => (code, state),
        _ => return Err(refused.with("地址不完整 code and state are needed, each once")),
    };
    let (scope, key) = (CookieScope::of(&uri, &headers, service.public_url()), service.cookie_key());
    let binding = Binding::of(&headers, &scope, key);
    let is_same_browser = binding.as_ref().is_some_and(|binding| binding.has_begun(&tenant.name, &state, key));
    // Only of the browser in which it began, so that a browser which repeats the request says the same although the first answer
    // has given it a cookie.
    let bound = binding.as_ref().filter(|_| is_same_browser);
    let request = ExchangeRequest {
        browser_binding: bound.map(|binding| binding.hash(&tenant.name)),
        language: preferred_language(&headers),
        ..ExchangeRequest::new(code, state)
    };
    let mut exchange = refused.unless_answered(hurried(&tenant).exchange_code(&request).await)?;
    if let Some(path) = exchange.return_to.take() {
        exchange.return_to = return_to::on_this_site(path);
        if exchange.return_to.is_none() {
            tracing::warn!(
                lowcode.tenant = &*tenant.name,
                "the element named a way back that leaves this site: it is left out"
            );
        }
    }
    let entry = EntryDecision::of(&exchange, tenant.sign_in, is_same_browser);
    if let Some(hint) = entry.hint() {
        tracing::warn!(lowcode.tenant = &*tenant.name, ?entry, hint, "a sign-in was refused");
    }
    let status = if entry == EntryDecision::Admitted { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let exchange = ExchangeView::from(exchange);
    if entry == EntryDecision::ToBeConfirmed {
        let binding = refused.unless_bound(binding)?;
        let asked = Confirmation::of(&exchange, &binding, &tenant.name, key);
        let asked = asked.map_err(|error| refused.failed(error.to_string()))?;
        let cookie = [(header::SET_COOKIE, binding.cookie(&scope, key))];
        return Ok((cookie, question(asked, &headers)).into_response());
    }
    // Whose code it was that came from elsewhere is not for the person who has it.
    let exchange = entry.shows_who().then_some(exchange);
    let view = CallbackView { entry, hint: entry.hint(), confirmation: None, exchange };
    if wants_json(&headers) {
        return Ok(document(status, &view));
    }
    let name = view.exchange.as_ref().and_then(ExchangeView::person);
    if entry == EntryDecision::Admitted {
        let return_to = view.exchange.and_then(|exchange| exchange.return_to);
        let signed_in = SignedIn { name: name.unwrap_or_default(), return_to };
        return refused.sent_on(signed_in, &scope, &refused.unless_bound(binding)?, &tenant.name, key);
    }
    let page = Page {
        heading: entry.words(),
        lines: name.into_iter().collect(),
        link: entry.way_on().map(str::to_owned),
        ..Page::default()
    };
    Ok((status, Html(page.render().into_string())).into_response())
}

/// Asks whether to go on. Nobody is admitted by the question, so its status is that of a refusal.
fn question(asked: Confirmation, headers: &HeaderMap) -> Response {
    let (entry, status) = (EntryDecision::ToBeConfirmed, StatusCode::FORBIDDEN);
    if wants_json(headers) {
        return document(
            status,
            &CallbackView { entry, hint: entry.hint(), confirmation: Some(asked), exchange: None },
        );
    }
    let heading = [format!("以 {} 的身份继续登录？", asked.name), format!("Continue as {}?", asked.name)];
    let why = "此次登录不是在这个浏览器中开始的。如果这不是您，请关闭此页。 \
               This sign-in did not begin in this browser. If this is not you, close this page.";
    let page = Page {
        heading: [&heading[0], &heading[1]],
        lines: vec![why.to_owned()],
        form: asked.fields(),
        ..Page::default()
    };
    (status, Html(page.render().into_string())).into_response()
}

/// Signs in the person who was asked, and has agreed.
pub async fn confirm(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    form: Bytes,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, _permit) = refused.unless_let_in(&service, &tenant)?;
    let (scope, key) = (CookieScope::of(&uri, &headers, service.public_url()), service.cookie_key());
    let confirmed = Binding::of(&headers, &scope, key).and_then(|binding| {
        let confirmed = Confirmed::read(&form, &binding, &tenant.name, key)?;
        Some((binding, confirmed))
    });
    let Some((binding, Confirmed { name, return_to, exchange, .. })) = confirmed else {
        return Err(refused.with("登录确认已失效 this confirmation is no longer valid"));
    };
    let entry = EntryDecision::Admitted;
    if wants_json(&headers) {
        return Ok(document(StatusCode::OK, &ConfirmedView { entry, hint: None, exchange }));
    }
    refused.sent_on(SignedIn { name, return_to }, &scope, &binding, &tenant.name, key)
}

/// Says to whom was signed in who that is, at an address that holds nothing.
pub async fn done(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, _permit) = refused.unless_let_in(&service, &tenant)?;
    let (scope, key) = (CookieScope::of(&uri, &headers, service.public_url()), service.cookie_key());
    let binding = Binding::of(&headers, &scope, key);
    let signed_in = binding.and_then(|binding| SignedIn::of(&headers, &scope, &binding, &tenant.name, key));
    let signed_in = signed_in.ok_or_else(|| refused.with("此页面已过期 this page is no longer valid"))?;
    Ok(welcome(signed_in))
}

fn welcome(signed_in: SignedIn) -> Response {
    let SignedIn { name, return_to } = signed_in;
    let heading = EntryDecision::Admitted.words();
    let page = Page { heading, lines: vec![name], link: return_to, ..Page::default() };
    Html(page.render().into_string()).into_response()
}

/// The tenant's element, for somebody who waits for a page.
fn hurried(tenant: &Tenant) -> Element {
    let mut limits = tenant.element.limits().clone();
    limits.wall_ms = limits.wall_ms.min(LONGEST_MS);
    tenant.element.with_limits(limits)
}

/// Programs say so; everybody else gets a page.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json") && !accepted.contains("text/html")
}

/// A request that does not lead where it should.
#[derive(Debug)]
pub struct SignInRefusal {
    status: StatusCode,
    json: bool,
    /// Where to go on.
    link: Option<&'static str>,
    view: ErrorView,
}

/// Makes refusals in the form that was asked for.
struct Refuse<'a>(&'a HeaderMap);

impl Refuse<'_> {
    fn unless_let_in(&self, service: &Service, tenant: &str) -> Result<(Tenant, SignInPermit), SignInRefusal> {
        let unknown =
            || CommandError::usage("此处没有该应用 there is no such app here", "请检查地址 check the address");
        let tenant = service.tenant(tenant).ok_or_else(|| self.refusal(StatusCode::NOT_FOUND, &unknown()))?;
        let permit = service.admit(&tenant);
        let permit = permit.ok_or_else(|| self.too_many())?;
        Ok((tenant, permit))
    }

    /// What the browser holds, or something new for it to hold.
    fn unless_bound(&self, held: Option<Binding>) -> Result<Binding, SignInRefusal> {
        held.map_or_else(Binding::new, Ok).map_err(|error| self.failed(error.to_string()))
    }

    /// Sends the browser that was signed in to an address without code and state.
    fn sent_on(
        &self,
        signed_in: SignedIn,
        scope: &CookieScope,
        binding: &Binding,
        tenant: &str,
        key: &FingerprintKey,
    ) -> Result<Response, SignInRefusal> {
        let cookie = signed_in.cookie(scope, binding, tenant, key).map_err(|error| self.failed(error.to_string()))?;
        // Where the names are longer than a cookie, they are shown here.
        let Some(cookie) = cookie else { return Ok(welcome(signed_in)) };
        let cookies = [binding.cookie(scope, key), cookie].map(|cookie| (header::SET_COOKIE, cookie));
        let location = [(header::LOCATION, signed_in::PAGE)];
        Ok((StatusCode::SEE_OTHER, location, AppendHeaders(cookies)).into_response())
    }

    fn too_many(&self) -> SignInRefusal {
        let failure = CommandError::usage(
            "当前登录人数过多 too many people are signing in to this app just now",
            "请稍后重试 try again in a moment",
        );
        self.refusal(StatusCode::SERVICE_UNAVAILABLE, &failure)
    }

    fn unless_answered<T>(&self, called: CallResult<Answered<T>>) -> Result<T, SignInRefusal> {
        match called {
            Ok(Called { value, report }) => value.map_err(|error| {
                let status = status_of(&error.reason);
                if matches!(error.reason, Reason::LoginRejected | Reason::InvalidArgument(_)) {
                    return self.refusal(status, &CommandError::Answered(error));
                }
                // What is wrong with the configuration, what the vendor said of it, or where a connection led, is not for
                // whoever asks.
                let (reason, hint) = (reason_name(&error.reason).to_owned(), error.hint.unwrap_or_default());
                if status != StatusCode::BAD_GATEWAY {
                    tracing::warn!(
                        lowcode.tenant = report.tenant,
                        lowcode.call = report.call,
                        reason,
                        error = error.message,
                        hint,
                        vendor_code = error.vendor_code,
                        "a sign-in did not succeed"
                    );
                    let mut refusal = self.not_now(status);
                    (refusal.view.reason, refusal.view.retry_after_ms) = (reason, error.retry_after_ms);
                    return refusal;
                }
                tracing::warn!(
                    lowcode.tenant = report.tenant,
                    lowcode.call = report.call,
                    reason,
                    error = error.message,
                    hint,
                    "a sign-in needs the administrator (what --allow-host admits is grants.hosts in a declaration)"
                );
                let failure = CommandError::usage(
                    "此应用的登录尚未正确配置 the sign-in of this app is not set up as it should be",
                    "请联系应用管理员，主机日志中有原因 tell the app's administrator: the host's log says what is wrong",
                );
                let mut refusal = self.refusal(status, &failure);
                refusal.view.reason = "not-set-up".to_owned();
                refusal
            }),
            Err(failed) => {
                // What a limit or a trap says concerns the operator.
                tracing::warn!(error = %failed.error, lowcode.call = failed.report.call, "a sign-in was broken off");
                let mut refusal = self.not_now(StatusCode::SERVICE_UNAVAILABLE);
                refusal.view.reason = "unavailable".to_owned();
                Err(refusal)
            }
        }
    }

    fn with(&self, message: &str) -> SignInRefusal {
        self.refusal(StatusCode::BAD_REQUEST, &CommandError::usage(message, "请重新登录 begin the sign-in again"))
    }

    fn failed(&self, message: String) -> SignInRefusal {
        tracing::error!(message, "a sign-in could not begin");
        self.not_now(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn not_now(&self, status: StatusCode) -> SignInRefusal {
        let failure =
            CommandError::usage("暂时无法登录 sign-in is not possible just now", "请稍后重试 try again in a moment");
        self.refusal(status, &failure)
    }

    fn refusal(&self, status: StatusCode, failure: &CommandError) -> SignInRefusal {
        SignInRefusal { status, json: wants_json(self.0), link: self.way_on(status), view: ErrorView::from(failure) }
    }

    /// Where the person begins anew, seen from both addresses of a sign-in: by the way that does not ask inside the vendor's
    /// client, where the request comes from there.
    fn way_on(&self, status: StatusCode) -> Option<&'static str> {
        let browser = self.0.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_client = browser.to_ascii_lowercase().contains(VENDOR_CLIENT);
        let begins_anew = matches!(status, StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST);
        begins_anew.then_some(if is_client { "login?entry=workspace" } else { "login" })
    }
}

fn status_of(reason: &Reason) -> StatusCode {
    match reason {
        Reason::LoginRejected => StatusCode::FORBIDDEN,
        Reason::InvalidArgument(_) => StatusCode::BAD_REQUEST,
        Reason::NotFound => StatusCode::NOT_FOUND,
        Reason::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Reason::Unavailable | Reason::BudgetExhausted | Reason::Conflict => StatusCode::SERVICE_UNAVAILABLE,
        // The person can do nothing about these: they concern the app's administrator, or the vendor.
        _ => StatusCode::BAD_GATEWAY,
    }
}

impl IntoResponse for SignInRefusal {
    fn into_response(self) -> Response {
        let Self { status, json, link, view } = self;
        if json {
            return document(status, &ErrorDocument { error: view });
        }
        let heading = match status {
            StatusCode::FORBIDDEN => ["登录未成功，请重新登录", "The sign-in did not succeed: please sign in again"],
            StatusCode::NOT_FOUND => ["没有找到", "Not found"],
            StatusCode::BAD_REQUEST => ["请求有误", "This address is not complete"],
            StatusCode::BAD_GATEWAY => ["应用的配置有误，请联系管理员", "The app needs its administrator"],
            _ => ["暂时无法登录，请稍后再试", "Sign-in is not possible just now: please try again later"],
        };
        let ErrorView { message, hint, .. } = view;
        let page = Page { heading, lines: vec![message], hint, link: link.map(str::to_owned), ..Page::default() };
        (status, Html(page.render().into_string())).into_response()
    }
}
