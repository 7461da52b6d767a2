//! What became of a message.

use organisation_host::contract::messaging::Sent;
use serde::Serialize;
use serde_json::Value;

use super::record::record;
use crate::command_error::CommandError;

/// What `message send` prints.
#[derive(Debug, Serialize)]
pub struct SentView {
    /// Of the first part; most messages have one.
    pub message_id: Option<String>,
    pub response_code: Option<String>,
    pub delivered: Value,
    pub invalid: Value,
    pub parts: Value,
}

impl SentView {
    /// As every answer is printed.
    ///
    /// # Errors
    /// As [`record`].
    pub fn of(sent: &Sent) -> Result<Self, CommandError> {
        let first = sent.parts.first();
        Ok(Self {
            message_id: first.and_then(|part| part.message_id.clone()),
            response_code: first.and_then(|part| part.response_code.clone()),
            delivered: record(&sent.delivery)?,
            invalid: record(&sent.invalid)?,
            parts: record(&sent.parts)?,
        })
    }
}
