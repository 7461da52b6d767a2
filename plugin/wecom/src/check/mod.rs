//! `check-connection`: asks WeCom now, and judges one aspect after the other.

mod app;
mod aspect;
mod credentials;
mod observed;
mod trusted_domain;
mod visible_range;

use aspect::hidden;
use crate::{
    config::Config,
    contract::{
        element::{Aspect, Verdict},
        storage::StorageError,
        types::Reason,
    },
    directory::key::OBSERVED_SENSITIVE_FIELDS,
    failure::Failure,
    platform::Platform,
    store,
    vendor::{
        api::Api,
        client::{Call, Client},
        wire::agent::Agent,
    },
};

/// One verdict for each aspect, in the order of the contract. Costs WeCom two calls; towards it read-only.
///
/// # Errors
/// Where the store fails. Whatever WeCom or the network does ends up in a verdict.
pub fn check_connection<P: Platform>(platform: &P, config: &Config) -> Result<Vec<Verdict>, Failure> {
    let keys = [OBSERVED_SENSITIVE_FIELDS, observed::CALLBACK].map(str::to_owned);
    let mut notes = store::get_many(platform, &keys)?.into_iter();
    let mut note = || notes.next().flatten();
    let (sensitive, callback) = (note(), note());

    let client = Client::new(platform, config);
    let asked = passing(client.ask())?;
    let agent = match &asked {
        Ok(()) => Some(passing(read_agent(&client, config))?),
        Err(_) => None,
    };
    let sound = agent.as_ref().and_then(|agent| agent.as_ref().ok());
    // The range and the domain of another app say nothing about this one.
    let sound = sound.filter(|agent| agent.agent_id.is_none_or(|id| id == config.agent_id));

    let findings = [
        (Aspect::Credentials, credentials::judge(&asked)),
        (Aspect::TrustedIp, agent.as_ref().map_or_else(hidden, |agent| app::trusted_ip(config, agent))),
        (Aspect::AppEnabled, agent.as_ref().map_or_else(hidden, |agent| app::enabled(config, agent))),
        (Aspect::VisibleRange, sound.map_or_else(hidden, visible_range::judge)),
        (Aspect::TrustedDomain, sound.map_or_else(hidden, |agent| trusted_domain::judge(config, agent))),
        (Aspect::SensitiveFields, observed::sensitive_fields(sensitive.as_ref())),
        (Aspect::Callback, observed::callback(config, callback.as_ref())),
    ];
    Ok(findings.into_iter().map(|(aspect, finding)| finding.about(aspect, config.common.locale)).collect())
}

fn read_agent<P: Platform>(client: &Client<'_, P>, config: &Config) -> Result<Agent, Failure> {
    client.read(&Call::get(Api::AgentGet, vec![("agentid", config.agent_id.to_string())]))
}

/// A failure of the store ends the check; every other one is what the check is about.
fn passing<T>(outcome: Result<T, Failure>) -> Result<Result<T, Failure>, Failure> {
    match outcome {
        Err(failure) if is_of_the_store(&failure) => Err(failure),
        outcome => Ok(outcome),
    }
}

fn is_of_the_store(failure: &Failure) -> bool {
    match &failure.reason {
        Reason::Other(kind) => {
            matches!(kind.as_str(), "storage" | "storage-quota" | "storage-misuse" | "corrupt-storage")
        }
        // An unreachable vendor has the same reason.
        Reason::Unavailable => {
            [true, false].into_iter().any(|applied| *failure == StorageError::Unavailable(applied).into())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
