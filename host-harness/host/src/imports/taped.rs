//! Clocks and randomness of WASI, whose answers are written down or played where calls are.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::{
    WasiView,
    clocks::WasiClocksView as _,
    p2::bindings::{
        clocks::{
            monotonic_clock::{self, Duration},
            wall_clock::{self, Datetime},
        },
        random::{insecure, insecure_seed, random},
    },
};
use wasmtime_wasi_io::poll::DynPollable;

use crate::call::state::CallState;

/// One call of such a function.
struct Taped;

impl HasData for Taped {
    type Data<'a> = Asked<'a>;
}

struct Asked<'a>(&'a mut CallState);

fn asked(state: &mut CallState) -> Asked<'_> {
    state.count_wasi();
    Asked(state)
}

/// Adds them.
pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wall_clock::add_to_linker::<CallState, Taped>(linker, asked)?;
    monotonic_clock::add_to_linker::<CallState, Taped>(linker, asked)?;
    random::add_to_linker::<CallState, Taped>(linker, asked)?;
    insecure::add_to_linker::<CallState, Taped>(linker, asked)?;
    insecure_seed::add_to_linker::<CallState, Taped>(linker, asked)
}

impl Asked<'_> {
    /// The answer that is played, else the one of `real`, which is written down.
    fn answer<T: Serialize + DeserializeOwned>(
        &mut self,
        function: &'static str,
        arguments: Value,
        real: impl FnOnce(&mut CallState) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        if let Some(played) = self.0.tape.ask(function, || Ok(arguments))? {
            return Ok(played);
        }
        let answer = real(self.0)?;
        self.0.tape.note(&answer)?;
        Ok(answer)
    }

    fn time(
        &mut self,
        function: &'static str,
        real: impl FnOnce(&mut CallState) -> wasmtime::Result<Datetime>,
    ) -> wasmtime::Result<Datetime> {
        let pair = |state: &mut CallState| real(state).map(|time| vec![time.seconds, time.nanoseconds.into()]);
        let pair: Vec<u64> = self.answer(function, Value::Null, pair)?;
        match *pair {
            [seconds, nanoseconds] => Ok(Datetime { seconds, nanoseconds: u32::try_from(nanoseconds)? }),
            _ => Err(wasmtime::Error::msg("a time is seconds and nanoseconds")),
        }
    }
}

impl wall_clock::Host for Asked<'_> {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        self.time("wall-clock.now", |state| wall_clock::Host::now(&mut state.clocks()))
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        wall_clock::Host::resolution(&mut self.0.clocks())
    }
}

impl monotonic_clock::Host for Asked<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.answer("monotonic-clock.now", Value::Null, |state| monotonic_clock::Host::now(&mut state.clocks()))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        monotonic_clock::Host::resolution(&mut self.0.clocks())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        if self.0.tape.plays() {
            return self.subscribe_duration(0);
        }
        self.0.clocks().subscribe_instant(when)
    }

    /// What is played does not wait: the clock tells that time has passed.
    fn subscribe_duration(&mut self, duration: Duration) -> wasmtime::Result<Resource<DynPollable>> {
        let duration = if self.0.tape.plays() { 0 } else { duration };
        self.0.clocks().subscribe_duration(duration)
    }
}

impl random::Host for Asked<'_> {
    fn get_random_bytes(&mut self, count: u64) -> wasmtime::Result<Vec<u8>> {
        let arguments = json!({"count": count});
        self.answer("random.get-random-bytes", arguments, |state| state.ctx().ctx.random().get_random_bytes(count))
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.answer("random.get-random-u64", Value::Null, |state| state.ctx().ctx.random().get_random_u64())
    }
}

impl insecure::Host for Asked<'_> {
    fn get_insecure_random_bytes(&mut self, count: u64) -> wasmtime::Result<Vec<u8>> {
        let arguments = json!({"count": count});
        self.answer("insecure.get-insecure-random-bytes", arguments, |state| {
            state.ctx().ctx.random().get_insecure_random_bytes(count)
        })
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.answer("insecure.get-insecure-random-u64", Value::Null, |state| {
            state.ctx().ctx.random().get_insecure_random_u64()
        })
    }
}

impl insecure_seed::Host for Asked<'_> {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        let seed = |state: &mut CallState| {
            let (low, high) = state.ctx().ctx.random().insecure_seed()?;
            Ok(vec![low, high])
        };
        let seed: Vec<u64> = self.answer("insecure-seed.insecure-seed", Value::Null, seed)?;
        match *seed {
            [low, high] => Ok((low, high)),
            _ => Err(wasmtime::Error::msg("a seed is two numbers")),
        }
    }
}
