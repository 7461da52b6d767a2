//! `message/recall` (doc 94867).

use crate::api::answer::{Answer, Refusal};
use crate::api::call::Call;
use crate::message::RecallError;

/// Within 24 hours, by the app that sent it.
pub(crate) fn recall(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let app = call.app()?.id;
    let id = call.text("msgid").ok_or_else(|| Refusal::form("missing msgid"))?.to_owned();
    let now = call.world.now();
    call.world.messages.recall(app, &id, now).map_err(|error| match error {
        RecallError::Unknown => Refusal::form("invalid msgid"),
        RecallError::TooLate => 42052.into(),
    })?;
    Ok(Answer::ok(Vec::new()))
}
