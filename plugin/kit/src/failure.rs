//! The error of the kit and of every vendor: the contract's `error` with its texts still in both languages.
//!
//! Nobody inside knows which language the administrator reads, so a [`Failure`] keeps both and becomes the contract's
//! record at the very edge, where the configuration's locale is known.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use crate::{
    contract::{storage, types},
    locale::{Locale, Text},
};

/// Where a failure comes from, as far as the component itself goes on differently for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// Anything that the reason says well enough.
    #[default]
    Other,
    /// An answer is larger than the host delivers.
    AnswerTooLarge,
    /// The storage failed, or holds what cannot be read.
    Storage,
    /// The vendor refuses the access token; the credential may be sound.
    TokenRefused,
    /// The call was not made, for want of a token.
    NoToken,
    /// The server knows no such address (HTTP 404).
    NoSuchAddress,
    /// The same call, repeated at once, may well succeed.
    Passing,
}

/// Why an operation failed. It lies on the heap, so that whatever may fail hands on an address, however much there is to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure(Box<Details>);

/// What a [`Failure`] says. See `error` in `wit/types.wit` for what each field promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What the caller has to do.
    pub reason: types::Reason,
    /// What this component has to know beyond the reason.
    pub cause: Cause,
    /// What happened: one line, nothing secret. English in lower case.
    pub message: Text,
    /// The next step for the person concerned.
    pub hint: Option<Text>,
    /// The vendor's code, when one is the cause.
    pub vendor_code: Option<i64>,
    /// Wait at least this long before trying again.
    pub retry_after_ms: Option<u64>,
    /// The vendor's id of the request, to quote to its support.
    pub request_id: Option<String>,
    /// The vendor may have carried out what it was asked for all the same: the answer was lost, cannot be read, or says that
    /// something went wrong over there. Repeating it is safe only for what may happen twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_done: bool,
}

/// A [`Failure`] as a row: reason, message and next step, each of the two in Chinese and English, with values in braces.
#[macro_export]
macro_rules! failure {
    ($reason:ident $(($detail:expr))?: $zh:literal, $en:literal $(; $hint_zh:literal, $hint_en:literal)?) => {
        $crate::failure::Failure::new(
            $crate::contract::types::Reason::$reason $(($detail))?,
            $crate::text!($zh, $en),
        )$(.with_hint($crate::text!($hint_zh, $hint_en)))?
    };
}

/// A [`Failure`] for an argument that cannot be used, as a row: its path and the message in Chinese and English.
#[macro_export]
macro_rules! invalid_argument {
    ($path:literal: $zh:literal, $en:literal) => {
        $crate::failure::Failure::invalid_argument($path, $crate::text!($zh, $en))
    };
}

impl Failure {
    /// A failure with a reason and a message; the rest is added with the methods below.
    pub fn new(reason: types::Reason, message: impl Into<Text>) -> Self {
        Self::of(reason, message.into())
    }

    #[cold]
    #[inline(never)]
    fn of(reason: types::Reason, message: Text) -> Self {
        Self(Box::new(Details {
            reason,
            cause: Cause::Other,
            message,
            hint: None,
            vendor_code: None,
            retry_after_ms: None,
            request_id: None,
            may_be_done: false,
        }))
    }

    /// What it says, to be taken apart.
    pub fn into_details(self) -> Details {
        *self.0
    }

    /// An argument that cannot be used; `path` names it.
    pub fn invalid_argument(path: &str, message: impl Into<Text>) -> Self {
        Self::of_argument(path, message.into())
    }

    #[cold]
    #[inline(never)]
    fn of_argument(path: &str, message: Text) -> Self {
        // The problem gets its message at the edge, together with the error.
        let problem = types::Problem {
            path: path.to_owned(),
            code: "invalid".to_owned(),
            severity: types::Severity::Error,
            message: String::new(),
            hint: None,
        };
        Self::of(types::Reason::InvalidArgument(problem), message)
    }

    /// A limit of this call is used up. `what` was not done.
    pub fn budget_exhausted(what: &str) -> Self {
        failure! { BudgetExhausted:
        "{what}：本次调用的额度已用尽", "{what}: a limit of this call is used up";
        "本次调用的资源额度已用尽：请重试，或请平台运维提高额度",
        "a limit of this call is used up: try again, or ask the operator for more" }
    }

    /// What was stored by this component cannot be read back.
    pub fn corrupt(key: &str, error: &serde_json::Error) -> Self {
        // The position and kind of the fault only: the text of a JSON error can quote the value.
        let mut failure = Self::damaged(key);
        let place = format!(" ({:?} at column {})", error.classify(), error.column());
        failure.message.zh.push_str(&place);
        failure.message.en.push_str(&place);
        failure
    }

    /// What was stored by this component is gone or is not what it wrote.
    pub fn damaged(key: &str) -> Self {
        let failure = failure! { Other("corrupt-storage".to_owned()):
        "{key} 的存储值无法读取", "the stored value of {key} cannot be read";
        "存储中的数据已损坏，请联系平台运维", "the stored data is damaged: contact the operator of the platform" };
        failure.with_cause(Cause::Storage)
    }

    /// Gives it another reason.
    #[must_use]
    pub fn with_reason(mut self, reason: types::Reason) -> Self {
        self.reason = reason;
        self
    }

    /// Says where it comes from.
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }

    /// Adds the next step.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<Text>) -> Self {
        self.hinting(hint.into())
    }

    #[cold]
    #[inline(never)]
    fn hinting(mut self, hint: Text) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Adds the vendor's code.
    #[must_use]
    pub fn with_vendor_code(mut self, code: i64) -> Self {
        self.vendor_code = Some(code);
        self
    }

    /// Adds the time to wait.
    #[must_use]
    pub fn with_retry_after_ms(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }

    /// Says that the vendor may have carried out what it was asked for.
    #[must_use]
    pub fn maybe_done(mut self) -> Self {
        self.may_be_done = true;
        self
    }

    /// The contract's record, with its texts in one language.
    pub fn into_error(self, locale: Locale) -> types::Error {
        let Details { reason, message, hint, vendor_code, retry_after_ms, request_id, .. } = self.into_details();
        let message = message.line(locale);
        let reason = match reason {
            types::Reason::InvalidArgument(problem) if problem.message.is_empty() => {
                types::Reason::InvalidArgument(types::Problem { message: message.clone(), ..problem })
            }
            reason => reason,
        };
        types::Error {
            reason,
            message,
            hint: hint.map(|hint| hint.show(locale)),
            vendor_code,
            retry_after_ms,
            request_id,
        }
    }
}

impl Deref for Failure {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl From<storage::StorageError> for Failure {
    fn from(error: storage::StorageError) -> Self {
        use storage::{Quota, StorageError};
        let failure = match error {
            StorageError::Unavailable(maybe_applied) => {
                let (more_zh, more_en) = match maybe_applied {
                    true => ("，最后一次写入可能已生效", "; the last write may have been carried out"),
                    false => ("", ""),
                };
                failure! { Unavailable: "存储不可用{more_zh}", "the storage is unavailable{more_en}";
                "存储暂时不可用，请稍后重试", "the storage is unavailable for now: try again later" }
            }
            StorageError::Quota(Quota { name, limit }) => failure! { Other("storage-quota".to_owned()):
            "存储配额 {name}（{limit}）已用尽", "the storage quota {name} of {limit} is used up";
            "存储配额 {name}（{limit}）已用尽，请联系平台运维扩容",
            "the storage quota {name} ({limit}) is used up: ask the operator for more" },
            StorageError::Invalid(message) => failure! { Other("storage-misuse".to_owned()):
            "存储拒绝了请求：{message}", "the storage refused a call: {message}" },
            StorageError::Other(message) => failure! { Other("storage".to_owned()):
            "存储出错：{message}", "the storage failed: {message}" },
        };
        failure.with_cause(Cause::Storage)
    }
}
