//! `call`: what is left of the limits. And `types`, which has no functions.

use serde_json::Value;

use crate::{
    call::state::CallState,
    contract::{
        call::{Budget, Host},
        types,
    },
};

impl types::Host for CallState {}

impl Host for CallState {
    async fn remaining(&mut self) -> wasmtime::Result<Budget> {
        self.count("call")?;
        if let Some(played) = self.tape.ask("call.remaining", || Ok(Value::Null))? {
            return Ok(played);
        }
        let left = self.budget.remaining();
        let budget = Budget {
            wall_ms: u64::try_from(left.wall.as_millis()).unwrap_or(u64::MAX),
            cpu_ms: self.cpu_ms_left(),
            memory: self.resources.memory_left(),
            requests: left.requests,
            bytes_in: left.bytes_in,
            bytes_out: left.bytes_out,
            host_calls: self.host_calls_left(),
            log_bytes: self.log.bytes_left(),
            parallelism: u32::try_from(left.parallel).unwrap_or(u32::MAX),
            // The contract promises that this figure stays; the egress module shows what the bytes left still admit.
            largest_response: self.limits.largest_response,
        };
        self.tape.note(&budget)?;
        Ok(budget)
    }
}
