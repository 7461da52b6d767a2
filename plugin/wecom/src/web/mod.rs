//! What a page inside WeCom's client needs: a signature of its address, and the calls that hand it to the client's script.
//!
//! There are two tickets, the organisation's and the app's, and neither does the other's work (doc 90506). WeCom gives them
//! 400 and 100 times an hour at most, so they are kept like tokens.

pub(crate) mod page;
mod script;
#[cfg(test)]
mod tests;

use organisation_kit::{
    contract::web::{Identity, PageSignature, SignatureRequest},
    failure,
    failure::Failure,
    fingerprint, invalid_argument,
};

use crate::{api::client::WeComClient, digest::sha1_hex, wire::token::TicketAnswer};

/// Names of functions in one request at most. WeCom's script has some hundred.
const FUNCTIONS: usize = 300;

/// What signs an address.
#[derive(Clone, Copy, Debug)]
struct Stamp<'s> {
    nonce: &'s str,
    /// Seconds: milliseconds are WeCom's commonest "invalid signature".
    timestamp: u64,
}

/// See `web.js-sdk-signature` of the contract.
///
/// # Errors
/// The address is not one of the app's, or WeCom gives no ticket.
pub(crate) fn sign(client: &WeComClient<'_>, request: &SignatureRequest) -> Result<PageSignature, Failure> {
    let config = client.config();
    let (kind, call, agent_id) = match &request.identity {
        Identity::Organisation => ("ticket-organisation", config.get_jsapi_ticket(), None),
        Identity::App => ("ticket-app", config.ticket_get(), Some(config.common.application.clone())),
        Identity::Other(name) => {
            return Err(failure! { Unsupported:
            "页面没有身份 {name:?}；可用 organisation 或 app",
            "a page has no identity {name:?}; expected organisation or app" });
        }
    };
    let url = page::judge(&config.common, &request.url)?;
    if request.functions.len() > FUNCTIONS || !request.functions.iter().all(|name| is_function(name)) {
        return Err(invalid_argument! { "functions":
        "函数名须为字母、数字、点或下划线，每个不超过 64 个字符，最多 {FUNCTIONS} 个",
        "names of functions are letters, digits, dots and underscores, at most 64 each and {FUNCTIONS} of them" });
    }
    let ticket = client.calls.ticket::<TicketAnswer>(kind, &call)?;
    let platform = client.calls.platform();
    let (nonce, timestamp) = (fingerprint::mark(platform), platform.now_ms() / 1_000);
    let stamp = Stamp { nonce: &nonce, timestamp };
    let signature = signature(&ticket.token, stamp, url);
    let app_id = config.corp_id().to_owned();
    let calls = script::calls(&app_id, agent_id.as_deref(), stamp, &signature, &request.functions);
    Ok(PageSignature { app_id, agent_id, timestamp, signature, calls, expires_at: ticket.expires_at_ms, nonce })
}

/// Signs an address: nothing of it is encoded, and the order is fixed.
fn signature(ticket: &str, Stamp { nonce, timestamp }: Stamp<'_>, url: &str) -> String {
    let timestamp = timestamp.to_string();
    sha1_hex(&["jsapi_ticket=", ticket, "&noncestr=", nonce, "&timestamp=", &timestamp, "&url=", url])
}

fn is_function(name: &str) -> bool {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    (1..=64).contains(&name.len()) && name.bytes().all(is_sound)
}
