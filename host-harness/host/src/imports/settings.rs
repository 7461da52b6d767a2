//! `settings`: the element's configuration.

use crate::{call::state::CallState, contract::settings::Host};

impl Host for CallState {
    async fn get(&mut self) -> wasmtime::Result<String> {
        self.count("settings")?;
        self.transfer(self.settings.expose().len())?;
        Ok(self.settings.expose().to_owned())
    }
}
