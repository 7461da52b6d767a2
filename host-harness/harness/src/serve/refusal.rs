//! Sign-ins that do not lead where they should: what the person reads, and what stands in the log. They share a reference, by
//! which an administrator finds the line.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use organisation_fleet::tenants::Tenant;
use organisation_host::{Answered, CallResult, Called, contract::types::Reason, reason_name, storage::StorageError};

use super::{
    binding::Binding,
    body::{Held, MAX_FORM},
    document::document,
    page::Page,
    request_limits::RequestPermit,
    service::Service,
    sign_in::wants_json,
    visitor::is_unknown,
};
use crate::{
    command_error::CommandError,
    view::error::{ErrorDocument, ErrorView},
};

/// A request that does not lead where it should.
#[derive(Debug)]
pub struct SignInRefusal {
    status: StatusCode,
    json: bool,
    view: ErrorView,
}

/// Makes refusals in the form that was asked for.
pub struct Refuse<'a>(pub &'a HeaderMap);

impl Refuse<'_> {
    /// The tenant of this name.
    pub fn tenant(&self, service: &Service, name: &str) -> Result<Tenant, SignInRefusal> {
        let unknown =
            || CommandError::usage("此处没有该应用 there is no such app here", "请检查地址 check the address");
        service.tenant(name).ok_or_else(|| self.refusal(StatusCode::NOT_FOUND, &unknown()))
    }

    pub fn unless_let_in(&self, service: &Service, tenant: &str) -> Result<(Tenant, RequestPermit), SignInRefusal> {
        let tenant = self.tenant(service, tenant)?;
        let permit = service.admit(&tenant);
        let permit = permit.ok_or_else(|| self.too_many())?;
        Ok((tenant, permit))
    }

    /// What the browser holds, or something new for it to hold.
    pub fn unless_bound(&self, held: Option<Binding>) -> Result<Binding, SignInRefusal> {
        held.map_or_else(Binding::new, Ok).map_err(|error| self.failed(error.to_string(), None))
    }

    /// What the element answered of a member; `None` where it knows none of this id.
    pub fn unless_unknown<T>(&self, called: CallResult<Answered<T>>) -> Result<Option<T>, SignInRefusal> {
        match called {
            Ok(Called { value: Err(error), .. }) if is_unknown(&error.reason) => Ok(None),
            called => self.unless_answered(called).map(|(value, _)| Some(value)),
        }
    }

    /// The person has said no at the vendor's page.
    pub fn denied(&self) -> SignInRefusal {
        let failure = CommandError::usage(
            "您没有同意登录 you did not agree to sign in",
            "如需进入，请重新登录并同意 to enter, sign in again and agree",
        );
        self.refusal(StatusCode::FORBIDDEN, &failure)
    }

    /// The storage does not answer.
    pub fn unavailable(&self, error: &StorageError) -> SignInRefusal {
        tracing::warn!(%error, "sessions cannot be read or written");
        let mut refusal = self.not_now(StatusCode::SERVICE_UNAVAILABLE);
        refusal.view.reason = "unavailable".to_owned();
        refusal
    }

    pub fn too_many(&self) -> SignInRefusal {
        let failure = CommandError::usage(
            "当前登录人数过多 too many people are signing in to this app just now",
            "请稍后重试 try again in a moment",
        );
        self.refusal(StatusCode::SERVICE_UNAVAILABLE, &failure)
    }

    /// What a form holds, read after the request has a place.
    pub async fn form(&self, service: &Service, body: Body) -> Result<Held, SignInRefusal> {
        let unread = |_| self.with("表单过大或未在五秒内送达 the form is too large, or did not come in five seconds");
        service.bodies().read(body, MAX_FORM).await.map_err(unread)
    }

    /// What the element answered, with the name of the call, which is the reference of what becomes of it.
    pub fn unless_answered<T>(&self, called: CallResult<Answered<T>>) -> Result<(T, String), SignInRefusal> {
        match called {
            Ok(Called { value: Ok(value), report }) => Ok((value, report.call)),
            Ok(Called { value: Err(error), report }) => {
                let status = status_of(&error.reason);
                if matches!(error.reason, Reason::LoginRejected | Reason::InvalidArgument(_)) {
                    tracing::info!(
                        lowcode.tenant = report.tenant,
                        lowcode.call = report.call,
                        reason = reason_name(&error.reason),
                        error = error.message,
                        "a sign-in was refused"
                    );
                    return Err(self.refusal(status, &CommandError::Answered(error)).known_as(report.call));
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
                    return Err(refusal.known_as(report.call));
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
                Err(refusal.known_as(report.call))
            }
            Err(failed) => {
                // What a limit or a trap says concerns the operator.
                tracing::warn!(error = %failed.error, lowcode.call = failed.report.call, "a sign-in was broken off");
                let mut refusal = self.not_now(StatusCode::SERVICE_UNAVAILABLE);
                refusal.view.reason = "unavailable".to_owned();
                Err(refusal.known_as(failed.report.call))
            }
        }
    }

    pub fn with(&self, message: &str) -> SignInRefusal {
        self.refusal(StatusCode::BAD_REQUEST, &CommandError::usage(message, "请重新登录 begin the sign-in again"))
    }

    /// A defect, of the host or of what it got. What the call was named, where it concerns one, names it as well.
    pub fn failed(&self, message: String, call: Option<String>) -> SignInRefusal {
        // Milliseconds are enough to find a line by.
        let reference = call.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            format!("{:x}", now.as_millis())
        });
        tracing::error!(message, reference, "a sign-in could not begin");
        self.not_now(StatusCode::INTERNAL_SERVER_ERROR).known_as(reference)
    }

    fn not_now(&self, status: StatusCode) -> SignInRefusal {
        let failure =
            CommandError::usage("暂时无法登录 sign-in is not possible just now", "请稍后重试 try again in a moment");
        self.refusal(status, &failure)
    }

    fn refusal(&self, status: StatusCode, failure: &CommandError) -> SignInRefusal {
        SignInRefusal { status, json: wants_json(self.0), view: ErrorView::from(failure) }
    }
}

impl SignInRefusal {
    fn known_as(mut self, reference: String) -> Self {
        self.view.reference = Some(reference);
        self
    }

    /// Where the person begins anew, seen from every address of a sign-in: by the entry that is right where the person is. Not
    /// where there is nobody to sign in, or the administrator has to do something first.
    fn way_on(&self) -> Option<&'static str> {
        (!matches!(self.status, StatusCode::NOT_FOUND | StatusCode::BAD_GATEWAY)).then_some("login")
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
        let link = self.way_on().map(str::to_owned);
        let Self { status, json, view } = self;
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
        let ErrorView { message, hint, reference, .. } = view;
        let page = Page { heading, lines: vec![message], hint, reference, link, ..Page::default() };
        page.answer(status)
    }
}
