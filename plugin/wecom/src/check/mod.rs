//! `check-connection`: asks WeCom now, and judges one aspect after the other. Each aspect is one pure function: answers
//! in, finding out.

mod app;
mod callback;
mod console;
mod credentials;
mod sensitive_fields;
mod trusted_domain;
mod visible_range;

use crate::{api::client::WeComClient, wire::agent::Agent};
use organisation_kit::{
    contract::element::Aspect,
    directory::{head, key::OBSERVED_SENSITIVE_FIELDS},
    failure::{Cause, Failure},
    store,
    verdict::Checked,
};

impl WeComClient<'_> {
    /// One finding for each aspect, in the order of the contract. Costs WeCom two calls; towards it read-only.
    ///
    /// # Errors
    /// Where the store fails. Whatever WeCom or the network does ends up in a finding.
    pub(crate) fn check(&self) -> Result<Vec<(Aspect, Checked)>, Failure> {
        let (platform, config) = (self.calls.platform(), self.config());
        let organisation = head::read(platform)?.map(|stored| stored.value.organisation);
        let observed = store::get_text(platform, OBSERVED_SENSITIVE_FIELDS)?;
        let routes = config.routes(platform)?;

        let asked = passing(self.calls.ask_for_token())?;
        let agent = match &asked {
            Ok(()) => Some(passing(self.agent())?),
            Err(_) => None,
        };
        let sound = agent.as_ref().and_then(|agent| agent.as_ref().ok());
        // The range and the domain of another app say nothing about this one.
        let sound = sound.filter(|agent| agent.agent_id.is_none_or(|id| id == config.agent_id));
        let or_hidden = |finding: Option<Checked>| finding.unwrap_or_else(Checked::hidden);

        Ok(vec![
            (Aspect::Credentials, credentials::judge(&asked, config.corp_id(), organisation.as_deref())),
            (Aspect::TrustedIp, or_hidden(agent.as_ref().map(|agent| app::trusted_ip(config, agent)))),
            (Aspect::AppEnabled, or_hidden(agent.as_ref().map(|agent| app::enabled(config, agent)))),
            (Aspect::VisibleRange, or_hidden(sound.map(visible_range::judge))),
            (Aspect::TrustedDomain, or_hidden(sound.map(|agent| trusted_domain::judge(config, agent)))),
            (
                Aspect::SensitiveFields,
                sensitive_fields::judge(observed.as_ref(), config.corp_id(), organisation.as_deref()),
            ),
            (Aspect::Callback, callback::judge(&routes)),
        ])
    }

    fn agent(&self) -> Result<Agent, Failure> {
        let call = self.config().agent_get();
        self.calls.with_retries(&call, |text| self.calls.read(&call, text))
    }
}

/// A failure of the store ends the check; every other one is what the check is about.
fn passing<T>(outcome: Result<T, Failure>) -> Result<Result<T, Failure>, Failure> {
    match outcome {
        Err(failure) if failure.cause == Cause::Storage => Err(failure),
        outcome => Ok(outcome),
    }
}

#[cfg(test)]
mod tests;
