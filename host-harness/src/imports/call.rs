//! `call`: what is left of the limits. And `types`, which has no functions.

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
        let left = self.budget.remaining();
        Ok(Budget {
            wall_ms: u64::try_from(left.wall.as_millis()).unwrap_or(u64::MAX),
            requests: left.requests,
            bytes_in: left.bytes_in,
            bytes_out: left.bytes_out,
            parallelism: u32::try_from(left.parallel).unwrap_or(u32::MAX),
            // The contract promises that this figure stays; the egress module shows what the bytes left still admit.
            largest_response: self.limits.largest_response,
        })
    }
}
