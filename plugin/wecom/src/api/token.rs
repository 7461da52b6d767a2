//! Asking for an access token (`gettoken`, doc 91039): the only call that presents the secret.

use super::{
    answer::{self, CallError},
    call::Call,
    codes,
    endpoint::{Endpoint, TIMEOUT_MS},
    sender::Sender,
};
use crate::{config::Config, wire::login::TokenAnswer};
use organisation_kit::{
    fingerprint,
    platform::Platform,
    token::{Fetch, FetchedToken, TokenError, Tokens},
};

/// The tokens of the configured credential.
pub(super) fn tokens<'s, P: Platform>(
    sender: &'s Sender<'_, P>,
) -> Tokens<'s, P, impl Fn(Fetch) -> Result<FetchedToken, TokenError> + 's> {
    Tokens::new(sender.platform, &credential(sender.config), |fetch| ask(sender, fetch))
}

/// What names a credential in a storage key.
fn credential(config: &Config) -> String {
    let (agent, api) = (config.agent_id.to_string(), config.api_base.as_str());
    fingerprint::of(&["credential", config.corp_id(), &agent, config.secret.expose(), api])
}

fn ask<P: Platform>(sender: &Sender<'_, P>, fetch: Fetch) -> Result<FetchedToken, TokenError> {
    if fetch.is_repetition {
        sender.count_retries(1);
    }
    let config = sender.config;
    let query = vec![("corpid", config.corp_id().to_owned()), ("corpsecret", config.secret.expose().to_owned())];
    let call = Call::get(Endpoint::GetToken, query);
    let timeout_ms = fetch.time_left_ms.map(|left| u32::try_from(left).unwrap_or(u32::MAX).min(TIMEOUT_MS));
    let answered = sender.send(&call, None, timeout_ms).and_then(|text| {
        let answer: TokenAnswer = serde_json::from_str(&text).map_err(|error| answer::unreadable(&call, &error))?;
        match answer.access_token.is_empty() {
            true => Err(answer::without(&call, "access_token")),
            false => Ok(answer),
        }
    });
    match answered {
        Ok(answer) => Ok(FetchedToken { token: answer.access_token, life_ms: answer.expires_in.saturating_mul(1_000) }),
        Err(CallError { failure, kind, .. }) => {
            Err(TokenError { is_refusal: codes::refuses_credential(&failure), is_passing: kind.is_passing(), failure })
        }
    }
}

#[cfg(test)]
mod tests;
