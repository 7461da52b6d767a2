//! What a call comes to: the value alone, or with its report.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use super::{error::CallError, report::CallReport, run::reason_name};
use crate::contract::{
    element::{Description, Validation},
    types::Error,
};

/// The value of a function that may answer an error of the contract.
pub type Answered<T> = Result<T, Error>;

/// A call of an [`Element`](crate::Element) that has not begun. Awaited it gives the value, or a [`CallFailure`]; for the report of
/// this one call await [`Call::reported`]. Observers get the report either way. Dropped before its end it is given up.
///
/// ```no_run
/// # use organisation_host::{CallFailure, Element, contract::login::ExchangeRequest};
/// # async fn example(element: &Element, request: &ExchangeRequest) -> Result<(), CallFailure> {
/// let exchange = element.exchange_code(request).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does not begin until it is awaited"]
pub struct Call<'a, T: 'a>(Pin<Box<dyn Future<Output = CallResult<T>> + Send + 'a>>);

impl<'a, T: 'a> Call<'a, T> {
    pub(crate) fn new(call: impl Future<Output = CallResult<T>> + Send + 'a) -> Self {
        Self(Box::pin(call))
    }

    /// The same call with its report, also where there is no answer.
    pub fn reported(self) -> impl Future<Output = CallResult<T>> + Send + 'a {
        self.0
    }

    fn poll_reported(&mut self, context: &mut Context<'_>) -> Poll<Result<T, CallFailure>> {
        self.0.as_mut().poll(context).map(|called| Ok(called?.value))
    }
}

impl<'a, T: 'a> Future for Call<'a, Answered<T>> {
    type Output = Result<T, CallFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_reported(context).map(|value| Ok(value??))
    }
}

impl Future for Call<'_, Description> {
    type Output = Result<Description, CallFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_reported(context)
    }
}

impl Future for Call<'_, Validation> {
    type Output = Result<Validation, CallFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_reported(context)
    }
}

impl<T> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

/// Why a call gave no value: there is no third way. Neither kind holds a secret.
#[derive(Debug, Clone)]
pub enum CallFailure {
    /// The component answered an error of the contract: with a reason, and with a hint and the vendor's number where there are any.
    Refused(Box<Error>),
    /// The call broke off without an answer. The report is that of [`Call::reported`].
    Failed(Box<FailedCall>),
}

/// On one line: the message, of an error of the contract with reason, vendor's number and hint.
impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = match self {
            Self::Refused(error) => error,
            Self::Failed(failed) => return failed.fmt(f),
        };
        write!(f, "{} ({}", on_one_line(&error.message), on_one_line(reason_name(&error.reason)))?;
        if let Some(code) = error.vendor_code {
            write!(f, ", vendor code {code}")?;
        }
        f.write_str(")")?;
        error.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {}", on_one_line(hint)))
    }
}

/// A text of a component, which could forge lines of a log or move a terminal with its control characters.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl std::error::Error for CallFailure {}

impl From<Error> for CallFailure {
    fn from(error: Error) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl From<Box<FailedCall>> for CallFailure {
    fn from(failed: Box<FailedCall>) -> Self {
        Self::Failed(failed)
    }
}

/// The answer of a component and the report of the call.
#[derive(Debug, Clone)]
pub struct Called<T> {
    /// What the component answered; for most functions [`Answered`].
    pub value: T,
    /// What the call did.
    pub report: CallReport,
}

/// A call without an answer, with its report.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub struct FailedCall {
    /// Why there is no answer.
    #[source]
    pub error: CallError,
    /// What the call did until then.
    pub report: CallReport,
}

/// What [`Call::reported`] gives. The failure is boxed: a report is large.
pub type CallResult<T> = Result<Called<T>, Box<FailedCall>>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::Reason;

    #[test]
    fn a_refusal_says_on_one_line_why_and_what_to_do() {
        let refused = |vendor_code, hint: Option<&str>| {
            CallFailure::from(Error {
                reason: Reason::LoginRejected,
                message: "the code is used up".to_owned(),
                hint: hint.map(str::to_owned),
                vendor_code,
                retry_after_ms: None,
                request_id: None,
            })
        };
        for (failure, expected) in [
            (refused(None, None), "the code is used up (login-rejected)"),
            (refused(None, Some("a\nb\u{1b}[2J")), "the code is used up (login-rejected); a\u{fffd}b\u{fffd}[2J"),
            (
                refused(Some(40029), Some("sign in again")),
                "the code is used up (login-rejected, vendor code 40029); sign in again",
            ),
        ] {
            assert_eq!(failure.to_string(), expected);
        }
    }
}
