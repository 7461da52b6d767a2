//! The part of WASI 0.2 that a standard library cannot do without, interface by interface, and empty: no arguments, no
//! variables, a standard input that is closed, and standard streams of which a report keeps the beginning. Clock and randomness are the host's, so it can pin them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::{
    HostWallClock, WasiCtx, WasiView,
    cli::{WasiCli, WasiCliCtxView, WasiCliView as _},
    p2::bindings::cli,
    random::Deterministic,
};
use wasmtime_wasi_io::bindings::wasi::io;

use super::taped;
use crate::{
    call::{output::GuestOutput, state::CallState},
    storage::Clock,
};

/// Where the randomness of components comes from.
#[derive(Debug, Clone, Default)]
pub enum Randomness {
    /// The operating system, through a cryptographic generator.
    #[default]
    System,
    /// Numbers that follow from a seed, other ones for each call: for tests that must repeat, never for real sign-ins.
    Pinned(Arc<PinnedRandomness>),
}

/// A seed, and how many calls have drawn from it.
#[derive(Debug)]
pub struct PinnedRandomness {
    seed: u64,
    calls: AtomicU64,
}

impl Randomness {
    /// Randomness that follows from this seed.
    pub fn pinned(seed: u64) -> Self {
        Self::Pinned(Arc::new(PinnedRandomness { seed, calls: AtomicU64::new(0) }))
    }
}

impl PinnedRandomness {
    /// Bytes for the next call: 4 KiB, repeated when a call wants more.
    fn next_call(&self) -> Vec<u8> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let block = |index: u64| {
            let parts = [self.seed, call, index].map(u64::to_le_bytes).concat();
            <[u8; 32]>::from(Sha256::digest(parts))
        };
        (0..128).flat_map(block).collect()
    }
}

/// The WASI context of one call.
pub(crate) fn context(clock: &Arc<dyn Clock>, randomness: &Randomness, output: &GuestOutput) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder.wall_clock(WallClock(Arc::clone(clock))).allow_tcp(false).allow_udp(false);
    builder.max_random_size(MAX_RANDOM_BYTES);
    builder.stdout(output.clone()).stderr(output.clone());
    if let Randomness::Pinned(pinned) = randomness {
        let bytes = pinned.next_call();
        builder
            .secure_random(Deterministic::new(bytes.clone()))
            .insecure_random(Deterministic::new(bytes))
            .insecure_random_seed(u128::from(pinned.seed));
    }
    builder.build()
}

/// The host's clock as WASI's wall clock.
struct WallClock(Arc<dyn Clock>);

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now_ms())
    }
}

/// Borrows the resource table alone, which is all that `wasi:io` needs.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// The most random bytes that one call gives: they are drawn in one go, and nobody else runs meanwhile.
const MAX_RANDOM_BYTES: u64 = 64 << 10;

/// Adds exactly the interfaces of [`crate::contract`]'s list. Each call asks for its part of the state, and is counted there.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<CallState, Table>(linker, table)?;
    io::poll::add_to_linker::<CallState, Table>(linker, table)?;
    io::streams::add_to_linker::<CallState, Table>(linker, table)?;
    taped::add_to_linker(linker)?;
    cli::environment::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::exit::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::stdin::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::stdout::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::stderr::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::terminal_input::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::terminal_output::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::terminal_stdin::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::terminal_stdout::add_to_linker::<CallState, WasiCli>(linker, cli_of)?;
    cli::terminal_stderr::add_to_linker::<CallState, WasiCli>(linker, cli_of)
}

fn table(state: &mut CallState) -> &mut ResourceTable {
    state.count_wasi();
    state.ctx().table
}

fn cli_of(state: &mut CallState) -> WasiCliCtxView<'_> {
    state.count_wasi();
    state.cli()
}
