//! `audit`: into the trail of the element, which no component can read or change.

use serde_json::json;

use crate::{
    audit::{self, Decision, Trail},
    call::state::{CallState, Capabilities},
    contract::{
        audit::{Entry, Failure, Host},
        to_json,
    },
    storage::StorageError,
};

impl Host for CallState {
    async fn append(&mut self, entries: Vec<Entry>) -> wasmtime::Result<Result<(), Failure>> {
        self.count("audit")?;
        self.transfer(entries.iter().map(entry_bytes).sum())?;
        let answer = match self.tape.ask("audit.append", || Ok(json!({"entries": to_json(&entries)?})))? {
            Some(played) => played,
            None => self.add_to_trail(entries).await,
        };
        self.tape.note(&answer)?;
        Ok(answer)
    }
}

impl CallState {
    async fn add_to_trail(&mut self, entries: Vec<Entry>) -> Result<(), Failure> {
        let Capabilities::Everything { storage, scope, clock, .. } = &self.capabilities else {
            return Err(Failure::Other("this function is pure and has no audit trail".to_owned()));
        };
        let decisions: Vec<Decision> = entries.into_iter().map(Into::into).collect();
        let kept = Trail::new(storage.as_ref(), scope).append(clock.now_ms(), &decisions).await;
        kept.map_err(|error| match error {
            audit::AppendError::Invalid(why) => Failure::Invalid(why),
            audit::AppendError::Storage(error) => {
                // Once a call: a component that goes on all the same must not fill the log.
                if !std::mem::replace(&mut self.audit_failed, true) {
                    let (call, site) = (&self.recorder.call, &self.recorder.site);
                    tracing::warn!(
                        lowcode.tenant = site.tenant,
                        lowcode.element = site.element,
                        lowcode.call = call,
                        %error,
                        "the audit trail could not be written; the decision is not carried out"
                    );
                }
                match error {
                    StorageError::Unavailable { .. } | StorageError::Quota { .. } => Failure::Unavailable,
                    error => Failure::Other(error.to_string()),
                }
            }
        })
    }
}

fn entry_bytes(Entry { actor, action, subject, before, after }: &Entry) -> usize {
    let values = [subject, before, after].map(|value| value.as_ref().map_or(0, String::len));
    size_of::<Entry>() + actor.len() + action.len() + values.iter().sum::<usize>()
}

impl From<Entry> for Decision {
    fn from(Entry { actor, action, subject, before, after }: Entry) -> Self {
        Self { actor, action, subject, before, after }
    }
}
