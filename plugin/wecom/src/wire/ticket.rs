//! The ticket with which pages sign. It has no `Debug` form, since it must not be seen.

use serde::Deserialize;

use organisation_kit::token::FetchedToken;

use super::tolerant::{UnreadableField, WireField, object};

/// The answer of `get_jsapi_ticket` and `ticket/get` (doc 90506): a ticket of up to 512 bytes.
#[derive(Deserialize)]
#[serde(try_from = "WireField<RawTicket>")]
pub struct TicketAnswer(FetchedToken);

object! {
    /// Its life in seconds, normally 7,200.
    struct RawTicket {
        ticket: String,
        expires_in: u64,
    }
}

impl TryFrom<WireField<RawTicket>> for TicketAnswer {
    type Error = UnreadableField;

    fn try_from(raw: WireField<RawTicket>) -> Result<Self, UnreadableField> {
        let raw = raw.or_fail("the answer")?.unwrap_or_default();
        let token = raw.ticket.or_fail("ticket")?.unwrap_or_default();
        let seconds = raw.expires_in.value().ok_or(UnreadableField("expires_in"))?;
        Ok(Self(FetchedToken { token, life_ms: seconds.saturating_mul(1_000) }))
    }
}

impl From<TicketAnswer> for FetchedToken {
    fn from(TicketAnswer(fetched): TicketAnswer) -> Self {
        fetched
    }
}
