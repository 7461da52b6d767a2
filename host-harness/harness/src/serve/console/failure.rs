//! What a page shows that cannot be shown.

use axum::{http::StatusCode, response::Response};
use maud::html;
use organisation_host::{
    CallFailure,
    contract::types::{Error, Reason},
    storage::StorageError,
};

use super::asked::Asked;

/// Why there is no page.
pub enum Failure {
    /// The element refused.
    Element(Error),
    /// The call was broken off; the reference stands in the log.
    BrokenOff(String),
    /// The storage does not answer.
    Storage,
    /// What a form was to replace is no longer as it was shown.
    Changed,
    /// The request says something that it cannot, in both languages.
    Asked([&'static str; 2]),
    /// What is asked for is not for administrators, in both languages.
    Forbidden([&'static str; 2]),
    /// Too much of it is under way already.
    TooMany,
}

/// The value, with nothing where the element has none of it.
///
/// # Errors
/// Everything else that is an error.
pub fn answer_if_any<T>(answer: Result<T, CallFailure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CallFailure::Refused(error)) if matches!(error.reason, Reason::NotFound | Reason::Unsupported) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// A component that crashed is never shown as one without problems.
impl From<CallFailure> for Failure {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Refused(error) => Self::Element(*error),
            CallFailure::Failed(failed) => {
                let call = failed.report.call;
                tracing::warn!(error = %failed.error, lowcode.call = call, "a page of the console broke off");
                Self::BrokenOff(call)
            }
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        tracing::warn!(%error, "a page of the console could not read the storage");
        Self::Storage
    }
}

impl Failure {
    /// Nothing random can be made.
    pub const NO_RANDOMNESS: Self = Self::Asked(["本机暂时没有随机数。", "This machine has no randomness just now."]);

    /// The page that says so.
    pub fn page(self, asked: &Asked) -> Response {
        let say = |chinese: &str, english: &str| asked.say(chinese, english).to_owned();
        let (status, message, hint) = match self {
            Self::Element(Error { reason, message, hint, .. }) => {
                let status = match reason {
                    Reason::NotFound => StatusCode::NOT_FOUND,
                    Reason::Conflict | Reason::MassRemovalBlocked(_) => StatusCode::CONFLICT,
                    Reason::InvalidArgument(_) => StatusCode::UNPROCESSABLE_ENTITY,
                    Reason::CursorExpired => StatusCode::GONE,
                    Reason::RateLimited => StatusCode::TOO_MANY_REQUESTS,
                    Reason::Unavailable | Reason::BudgetExhausted => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::BAD_GATEWAY,
                };
                (status, message, hint)
            }
            Self::BrokenOff(reference) => {
                let hint = say("主机日志中有原因，参考号", "The host's log says why, reference");
                let message = say("调用被中止。", "The call was broken off.");
                (StatusCode::SERVICE_UNAVAILABLE, message, Some(format!("{hint} {reference}")))
            }
            Self::Storage => {
                let message =
                    say("存储暂时没有响应，请稍后重试。", "The storage does not answer: try again in a moment.");
                (StatusCode::SERVICE_UNAVAILABLE, message, None)
            }
            Self::Changed => {
                let message = say(
                    "此页显示之后内容已被更改，未保存。请重新打开页面后再改。",
                    "This has changed since the page was shown, so nothing was saved: open the page anew.",
                );
                (StatusCode::CONFLICT, message, None)
            }
            Self::TooMany => {
                let message = say("同时打开的页面过多，请关闭一些。", "Too many pages look on at a time: close some.");
                (StatusCode::TOO_MANY_REQUESTS, message, None)
            }
            Self::Forbidden([chinese, english]) => (StatusCode::FORBIDDEN, say(chinese, english), None),
            Self::Asked([chinese, english]) => (StatusCode::BAD_REQUEST, say(chinese, english), None),
        };
        let content = html! {
            div.banner.bad role="alert" {
                p { (message) }
                @if let Some(hint) = hint { p.hint { (hint) } }
            }
            p { a.button href=(asked.root) { (asked.say("返回概览", "Back to the overview")) } }
        };
        asked.page_with(status, asked.say("未能完成", "That did not work"), content)
    }
}
