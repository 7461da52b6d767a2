//! The domain's error: the contract's `error` with its hint still in both languages.
//!
//! Inside the domain nobody knows which language the administrator reads, so a [`Failure`] keeps both and becomes the
//! contract's record at the very edge, where the configuration's locale is known.

use crate::{
    contract::{storage, types},
    text::{Locale, Text},
};

/// Why an operation failed. See `error` in `wit/types.wit` for what each field promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the caller has to do.
    pub reason: types::Reason,
    /// For engineers: English, lower case, one line, nothing secret.
    pub message: String,
    /// The next step for the person concerned.
    pub hint: Option<Text>,
    /// WeCom's `errcode`, when one is the cause.
    pub vendor_code: Option<i64>,
    /// Wait at least this long before trying again.
    pub retry_after_ms: Option<u64>,
    /// WeCom's hint id, to quote to its support.
    pub request_id: Option<String>,
}

impl Failure {
    /// A failure with a reason and a message; the rest is added with the methods below.
    pub fn new(reason: types::Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), hint: None, vendor_code: None, retry_after_ms: None, request_id: None }
    }

    /// An argument that cannot be used; `path` names it.
    pub fn invalid_argument(path: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let problem = types::Problem {
            path: path.to_owned(),
            code: "invalid".to_owned(),
            severity: types::Severity::Error,
            message: message.clone(),
            hint: String::new(),
        };
        Self::new(types::Reason::InvalidArgument(problem), message)
    }

    /// What was stored by this component cannot be read back.
    pub fn corrupt(key: &str, error: &serde_json::Error) -> Self {
        // The position and kind of the fault only: the text of a JSON error can quote the value.
        let mut failure = Self::damaged(key);
        failure.message.push_str(&format!(" ({:?} at column {})", error.classify(), error.column()));
        failure
    }

    /// What was stored by this component is gone or is not what it wrote.
    pub fn damaged(key: &str) -> Self {
        Self::new(
            types::Reason::Other("corrupt-storage".to_owned()),
            format!("the stored value of {key} cannot be read"),
        )
        .with_hint(Text::new(
            "存储中的数据已损坏，请联系平台运维",
            "the stored data is damaged: contact the operator of the platform",
        ))
    }

    /// Adds the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: Text) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Adds WeCom's code.
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

    /// Whether the same operation may work later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self.reason, types::Reason::RateLimited | types::Reason::Unavailable)
    }

    /// The contract's record, with the hint in one language.
    pub fn into_error(self, locale: Locale) -> types::Error {
        types::Error {
            reason: self.reason,
            message: self.message,
            hint: self.hint.map(|hint| hint.show(locale)),
            vendor_code: self.vendor_code,
            retry_after_ms: self.retry_after_ms,
            request_id: self.request_id,
        }
    }
}

impl From<storage::StorageError> for Failure {
    fn from(error: storage::StorageError) -> Self {
        use storage::StorageError;
        use types::Reason;
        match error {
            StorageError::Unavailable(maybe_applied) => Self::new(
                Reason::Unavailable,
                if maybe_applied {
                    "the storage is unavailable; the last write may have been carried out"
                } else {
                    "the storage is unavailable"
                },
            )
            .with_hint(Text::new("存储暂时不可用，请稍后重试", "the storage is unavailable for now: try again later")),
            StorageError::Quota(quota) => Self::new(
                Reason::Other("storage-quota".to_owned()),
                format!("the storage quota {} of {} is used up", quota.name, quota.limit),
            )
            .with_hint(Text::new(
                format!("存储配额 {}（{}）已用尽，请联系平台运维扩容", quota.name, quota.limit),
                format!("the storage quota {} ({}) is used up: ask the operator for more", quota.name, quota.limit),
            )),
            StorageError::Invalid(message) => {
                Self::new(Reason::Other("storage-misuse".to_owned()), format!("the storage refused a call: {message}"))
            }
            StorageError::Other(message) => {
                Self::new(Reason::Other("storage".to_owned()), format!("the storage failed: {message}"))
            }
        }
    }
}
