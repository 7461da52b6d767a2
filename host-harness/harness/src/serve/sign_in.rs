//! The two steps of a sign-in: sending a browser to the vendor, and taking it back.
//!
//! What a stranger could try is to sign a victim in as himself, by a link to the callback with a code of his own, so that the
//! victim works under his name. Three things stand against it: a state is good once and for ten minutes, a sign-in that began
//! in a browser ends only in that browser (the cookie of `binding`), and one that did not begin here is refused unless the
//! tenant is declared otherwise ([`SignIn::homepage`](organisation_fleet::tenants::SignIn::homepage)). The workspace entry is bound by
//! the component to no browser, since some clients of the vendor open the page of the vendor, or the way back, in a session
//! without the cookie or with an older one. So the host looks at the cookie itself: without it the person is asked whether to go
//! on as this member (`confirmation`), or refused where the tenant demands that
//! ([`SignIn::same_browser`](organisation_fleet::tenants::SignIn::same_browser)).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{AppendHeaders, IntoResponse as _, Response},
};
use organisation_fleet::tenants::Tenant;
use organisation_host::{
    Called, Element,
    contract::{
        login::{self, AuthorizationRequest, ExchangeRequest},
        types::Reason,
    },
};
use organisation_pages::local_path;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    binding::{Binding, CookieScope},
    confirmation::{Confirmation, Confirmed},
    document::document,
    entry_decision::EntryDecision,
    page::Page,
    refusal::{Refuse, SignInRefusal},
    service::Service,
    sessions::{Session, Sessions, Token},
    vendor_client::is_vendor_client,
    visitor::{Visitor, is_unknown},
};
use crate::view::login::ExchangeView;

/// The most milliseconds that a step may take: nobody waits longer for a page.
const LONGEST_MS: u64 = 20_000;

/// What `login` is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct LoginQuery {
    /// Where it is not said, what is right where the person is.
    entry: Option<Entry>,
    return_to: Option<String>,
    lang: Option<String>,
}

/// Where the sign-in of a person begins.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Entry {
    Browser,
    Workspace,
    WorkspaceConsent,
}

impl Entry {
    /// The one that works where the request comes from.
    fn of(headers: &HeaderMap) -> Self {
        if is_vendor_client(headers) { Self::Workspace } else { Self::Browser }
    }
}

/// What the vendor sends back.
#[derive(Deserialize, Default)]
pub struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
}

impl CallbackQuery {
    /// Code and state, where both are there.
    pub fn both(self) -> Option<Came> {
        Some(Came { code: self.code?, state: self.state? })
    }
}

/// What a browser brings back from the vendor's page.
pub struct Came {
    code: String,
    state: String,
}

/// Who was signed in.
struct Person {
    id: String,
    name: String,
    in_directory: bool,
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
    let entry = query.entry.unwrap_or_else(|| Entry::of(&headers));
    // Some clients of the vendor open pages in a fresh session, so only a browser is held to its cookie by the element.
    let bound = (entry == Entry::Browser).then(|| binding.hash(&tenant.name));
    let request = AuthorizationRequest {
        entry: match entry {
            Entry::Browser => login::Entry::Browser,
            Entry::Workspace => login::Entry::Workspace,
            Entry::WorkspaceConsent => login::Entry::WorkspaceConsent,
        },
        redirect_uri: None,
        return_to: query.return_to,
        language: query.lang.or_else(|| preferred_language(&headers)),
        browser_binding: bound,
    };
    let (authorization, call) =
        refused.unless_answered(hurried(&tenant).authorization_url(&request).reported().await)?;
    let location = HeaderValue::from_str(&authorization.url);
    let no_address = |_| refused.failed("the element made an address that is none".to_owned(), Some(call));
    let location = location.map_err(no_address)?;
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
    let came = match query {
        // What the vendor's page leads back with when the person says no.
        Ok(Query(CallbackQuery { code: None, state: Some(_) })) => return Err(refused.denied()),
        Ok(Query(query)) => query.both(),
        Err(_) => None,
    };
    let came = came.ok_or_else(|| refused.with("地址不完整 code and state are needed, each once"))?;
    let scope = CookieScope::of(&uri, &headers, service.public_url());
    take_back(&service, &tenant, came, &scope, &headers).await
}

/// Finds out who came, decides, and signs in.
pub async fn take_back(
    service: &Service,
    tenant: &Tenant,
    Came { code, state }: Came,
    scope: &CookieScope,
    headers: &HeaderMap,
) -> Result<Response, SignInRefusal> {
    let (refused, key) = (Refuse(headers), service.cookie_key());
    let binding = Binding::of(headers, scope, key);
    let is_same_browser = binding.as_ref().is_some_and(|binding| binding.has_begun(&tenant.name, &state, key));
    // Only of the browser in which it began, so that a browser which repeats the request says the same although the first answer
    // has given it a cookie.
    let bound = binding.as_ref().filter(|_| is_same_browser);
    let request = ExchangeRequest {
        browser_binding: bound.map(|binding| binding.hash(&tenant.name)),
        language: preferred_language(headers),
        ..ExchangeRequest::new(code, state)
    };
    let (mut exchange, call) = refused.unless_answered(hurried(tenant).exchange_code(&request).reported().await)?;
    if let Some(path) = exchange.return_to.take() {
        exchange.return_to = local_path(&path).map(str::to_owned);
        if exchange.return_to.is_none() {
            tracing::warn!(
                lowcode.tenant = &*tenant.name,
                "the element named a way back that leaves this site: it is left out"
            );
        }
    }
    let entry = EntryDecision::of(&exchange, tenant.sign_in, is_same_browser);
    match entry.hint() {
        Some(hint) => {
            tracing::warn!(lowcode.tenant = &*tenant.name, lowcode.call = call, ?entry, hint, "a sign-in was refused");
        }
        None => tracing::info!(lowcode.tenant = &*tenant.name, lowcode.call = call, ?entry, "a sign-in was decided on"),
    }
    let status = if entry == EntryDecision::Admitted { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let exchange = ExchangeView::from(exchange);
    if entry == EntryDecision::ToBeConfirmed {
        let binding = refused.unless_bound(binding)?;
        let asked = Confirmation::of(&exchange, &binding, &tenant.name, key);
        let asked = asked.map_err(|error| refused.failed(error.to_string(), Some(call)))?;
        let cookie = [(header::SET_COOKIE, binding.cookie(scope, key))];
        return Ok((cookie, question(asked, headers)).into_response());
    }
    // Whose code it was that came from elsewhere is not for the person who has it.
    let exchange = entry.shows_who().then_some(exchange);
    let view = CallbackView { entry, hint: entry.hint(), confirmation: None, exchange };
    if wants_json(headers) {
        return Ok(document(status, &view));
    }
    let name = view.exchange.as_ref().and_then(ExchangeView::person);
    if entry == EntryDecision::Admitted
        && let Some(exchange) = view.exchange
        && let Some(member) = exchange.member
    {
        let person = Person { id: member.id, name: name.unwrap_or_default(), in_directory: member.in_directory };
        return admit(service, tenant, person, exchange.return_to, scope, headers).await;
    }
    let page = Page {
        heading: entry.words(),
        lines: name.into_iter().collect(),
        reference: Some(call),
        link: entry.way_on().map(str::to_owned),
        ..Page::default()
    };
    Ok(page.answer(status))
}

/// Begins a session in place of the one that this browser has, and sends it to an address without code and state: where the person
/// wanted to go, or the app's home.
async fn admit(
    service: &Service,
    tenant: &Tenant,
    Person { id, name, in_directory }: Person,
    return_to: Option<String>,
    scope: &CookieScope,
    headers: &HeaderMap,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(headers);
    let sessions = Sessions::new(service.storage(), tenant);
    let former = sessions.find(headers, scope).await.map_err(|error| refused.unavailable(&error))?;
    let token = Token::new().map_err(|error| refused.failed(error.to_string(), None))?;
    let session = Session::new(Some(id), name, in_directory);
    sessions.begin(&token, &session).await.map_err(|error| refused.unavailable(&error))?;
    if let Some(first) = service.first_run() {
        first.someone_has_signed_in();
    }
    if let Some((former, _)) = former {
        sessions.end(&former).await.map_err(|error| refused.unavailable(&error))?;
    }
    let location =
        HeaderValue::from_str(&utf8_percent_encode(return_to.as_deref().unwrap_or("./"), CONTROLS).to_string());
    let location = location.map_err(|error| refused.failed(error.to_string(), None))?;
    let cookie = AppendHeaders([(header::SET_COOKIE, token.cookie(scope, &tenant.name))]);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)], cookie).into_response())
}

/// Who administers the app, as the element says now.
pub async fn administrators(tenant: &Tenant, refused: &Refuse<'_>) -> Result<Vec<String>, SignInRefusal> {
    match hurried(tenant).administrators().reported().await {
        // An element may have no administrators, and a copy of another organisation has none for this one.
        Ok(Called { value: Err(error), .. })
            if matches!(error.reason, Reason::Unsupported) || is_unknown(&error.reason) =>
        {
            Ok(Vec::new())
        }
        called => refused.unless_answered(called).map(|(ids, _)| ids),
    }
}

/// Whether this person administers the app, as the element says now. Whoever holds the token of the first start does.
pub async fn is_administrator(tenant: &Tenant, visitor: &Visitor, refused: &Refuse<'_>) -> Result<bool, SignInRefusal> {
    match &visitor.session.member {
        Some(id) => Ok(administrators(tenant, refused).await?.contains(id)),
        None => Ok(true),
    }
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
    page.answer(status)
}

/// Signs in the person who was asked, and has agreed.
pub async fn confirm(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, SignInRefusal> {
    let refused = Refuse(&headers);
    let (tenant, _permit) = refused.unless_let_in(&service, &tenant)?;
    let (scope, key) = (CookieScope::of(&uri, &headers, service.public_url()), service.cookie_key());
    let binding = Binding::of(&headers, &scope, key);
    let form = refused.form(&service, body).await?;
    let confirmed = binding.and_then(|binding| Confirmed::read(&form.bytes, &binding, &tenant.name, key));
    let Some(Confirmed { name, return_to, exchange, .. }) = confirmed else {
        return Err(refused.with("登录确认已失效 this confirmation is no longer valid"));
    };
    let entry = EntryDecision::Admitted;
    if wants_json(&headers) {
        return Ok(document(StatusCode::OK, &ConfirmedView { entry, hint: None, exchange }));
    }
    let of_member = |name: &str| exchange.pointer(&format!("/member/{name}"));
    let id = of_member("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let in_directory = of_member("in_directory").and_then(Value::as_bool).unwrap_or_default();
    admit(&service, &tenant, Person { id, name, in_directory }, return_to, &scope, &headers).await
}

/// The tenant's element, for somebody who waits for a page.
pub fn hurried(tenant: &Tenant) -> Element {
    let mut limits = tenant.element.limits().clone();
    limits.wall_ms = limits.wall_ms.min(LONGEST_MS);
    tenant.element.with_limits(limits)
}

/// Programs say so; everybody else gets a page.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json") && !accepted.contains("text/html")
}
