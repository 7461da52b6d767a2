//! What the host lends to a component: the imports of the contract, one file each, and the few of WASI.

mod audit;
mod call;
pub(crate) mod further;
mod http;
mod lifted;
mod log;
mod settings;
mod storage;
mod taped;
mod text;
mod wasi;

use wasmtime::{
    Engine,
    component::{HasSelf, Linker},
};

use crate::{call::state::CallState, contract::OrganisationElementFull};

pub(crate) use wasi::context as wasi_context;
pub use wasi::{PinnedRandomness, Randomness};

/// A linker that holds exactly what a component may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    OrganisationElementFull::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    linker.allow_shadowing(true);
    lifted::add_to_linker(&mut linker)?;
    linker.allow_shadowing(false);
    wasi::add_to_linker(&mut linker)?;
    Ok(linker)
}
