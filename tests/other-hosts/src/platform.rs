//! A platform that lends what wasmtime's own crates lend, and nothing else.

use std::{collections::BTreeMap, time::Duration};

use wasmtime::{
    Engine, Result, Store,
    component::{Component, HasSelf, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};
use wasmtime_wasi_keyvalue::{WasiKeyValue, WasiKeyValueCtx, WasiKeyValueCtxBuilder};

use crate::{
    clock::Stopped,
    compose,
    element::{Composed, wasi::keyvalue},
    kept::Kept,
};

/// Where values go.
#[derive(Clone)]
pub(crate) enum Bucket {
    /// That of `wasmtime-wasi-keyvalue`.
    Own,
    /// The trial's.
    Kept(Kept),
}

/// What the crates need of an instance.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) kept: Kept,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    keyvalue: WasiKeyValueCtx,
    config: WasiConfigVariables,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: default_hooks() }
    }
}

/// A composed element on this platform.
#[derive(Clone)]
pub(crate) struct Platform {
    component: Component,
    engine: Engine,
    variables: BTreeMap<String, String>,
    bucket: Bucket,
    clock: Option<Stopped>,
}

impl Platform {
    /// Puts the adapter under an element and compiles both.
    pub(crate) fn of(engine: &Engine, element: &[u8], bucket: Bucket) -> Result<Self> {
        let component = Component::new(engine, compose::composed(element)?)?;
        Ok(Self { component, engine: engine.clone(), variables: BTreeMap::new(), bucket, clock: None })
    }

    /// The same with another bucket.
    pub(crate) fn with(&self, bucket: Bucket) -> Self {
        Self { bucket, ..self.clone() }
    }

    /// Sets a variable of `wasi:config`.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Lends a clock that shows this time, since 1970, in place of the machine's.
    pub(crate) fn stop_the_clock(&mut self, now: Duration) {
        self.clock = Some(Stopped(now));
    }

    /// The interfaces that the composed component imports, by name.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.component.component_type().imports(&self.engine).map(|(name, _)| name.to_owned()).collect()
    }

    /// A fresh instance.
    pub(crate) async fn instance(&self) -> Result<Instance> {
        let mut linker = Linker::new(&self.engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut State| WasiConfig::from(&state.config))?;
        let kept = match &self.bucket {
            Bucket::Own => {
                wasmtime_wasi_keyvalue::add_to_linker(&mut linker, |state: &mut State| {
                    WasiKeyValue::new(&state.keyvalue, &mut state.table)
                })?;
                Kept::default()
            }
            Bucket::Kept(kept) => {
                keyvalue::store::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state)?;
                keyvalue::atomics::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state)?;
                kept.clone()
            }
        };
        let mut wasi = WasiCtx::builder();
        if let Some(clock) = self.clock {
            wasi.wall_clock(clock);
        }
        let state = State {
            table: ResourceTable::new(),
            kept,
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            keyvalue: WasiKeyValueCtxBuilder::new().build(),
            config: self.variables.clone().into_iter().collect(),
        };
        let mut store = Store::new(&self.engine, state);
        let exports = Composed::instantiate_async(&mut store, &self.component, &linker).await?;
        Ok(Instance { store, exports })
    }
}

/// A composed element that runs.
pub(crate) struct Instance {
    pub(crate) store: Store<State>,
    pub(crate) exports: Composed,
}

impl Instance {
    /// What the adapter asked so far, by name.
    pub(crate) async fn tally(&mut self) -> Result<BTreeMap<String, u64>> {
        Ok(self.exports.lowcode_trial_tally().call_read(&mut self.store).await?.into_iter().collect())
    }
}
