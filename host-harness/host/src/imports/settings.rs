//! `settings`: the element's configuration.

use serde_json::Value;

use crate::{call::state::CallState, contract::settings::Host};

impl Host for CallState {
    async fn get(&mut self) -> wasmtime::Result<String> {
        self.count("settings")?;
        let played = self.tape.ask("settings.get", || Ok(Value::Null))?;
        let document = played.unwrap_or_else(|| self.settings.expose().to_owned());
        self.tape.note(&document)?;
        self.transfer(document.len())?;
        Ok(document)
    }
}
