//! A route on which WeCom sends something: what proves it, what decrypts it, and how old it may be.

use organisation_kit::config::{Secret, Values};

use crate::cipher::EncodingKey;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Signs, together with what is sent.
    pub(crate) token: Secret,
    pub(crate) key: EncodingKey,
    /// How far the time of a delivery may be away from now; any time when absent.
    pub(crate) max_age_ms: Option<u64>,
    /// What a member gets who comes into the visible range.
    pub(crate) welcome_reply: Option<String>,
    /// What a member gets who writes to the app.
    pub(crate) message_reply: Option<String>,
}

impl Callback {
    /// The route of the object `group`, where its keys are there.
    pub(super) fn build(values: &Values, group: &str) -> Option<Self> {
        let key = |name: &str| format!("{group}.{name}");
        Some(Self {
            token: values.secret(&key("token"))?,
            key: EncodingKey::parse(values.secret(&key("encodingAESKey"))?.expose())?,
            max_age_ms: values.number(&key("maxAgeSeconds")).map(|seconds| seconds.saturating_mul(1_000)),
            welcome_reply: values.text(&key("welcomeReply")),
            message_reply: values.text(&key("messageReply")),
        })
    }
}
