//! How a component broke off, read from what wasmtime says.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;
use wasmtime::WasmBacktrace;
use wasmtime_wasi::I32Exit;

use super::output::GuestOutput;
use crate::imports::further::NotPure;

/// The most frames of a backtrace that are kept; the innermost come first.
const MAX_FRAMES: usize = 16;
/// The most characters of a frame's name.
const MAX_FRAME: usize = 160;
/// Longer names are not looked at: unfolding a mangled name can make it longer still.
const MAX_NAME: usize = 1_024;
/// So many frames of at most half as many functions are taken for a recursion.
const RECURSION: usize = 8;

/// What kind of end it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TrapKind {
    /// It gave up by itself: a panic, or memory that it could do without but not with.
    Unreachable,
    /// A pointer outside its memory, or an element outside its table.
    OutOfBounds,
    /// A division by zero, an overflow, a number that is none.
    Arithmetic,
    /// A call through a table that leads to no function, or to one of another type.
    IndirectCall,
    /// A handle of a resource that it does not have, or of another type.
    IllegalHandle,
    /// What it handed over is not of the type of the contract: a pointer outside its memory, text that is not UTF-8, a
    /// case that does not exist.
    InvalidValue,
    /// It called `exit`.
    Exit,
    /// Another trap of WebAssembly.
    Other,
}

impl TrapKind {
    /// The name in reports and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::OutOfBounds => "out-of-bounds",
            Self::Arithmetic => "arithmetic",
            Self::IndirectCall => "indirect-call",
            Self::IllegalHandle => "illegal-handle",
            Self::InvalidValue => "invalid-value",
            Self::Exit => "exit",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a component broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The kind, for programs.
    pub kind: TrapKind,
    /// What happened, in words.
    pub reason: String,
    /// What it wrote to its standard output and error during the call, such as the words of a panic; see
    /// [`CallReport::output`](crate::CallReport::output). For engineers, not for members.
    pub output: String,
    /// Where, innermost first: at most 16 functions, by name where the component carries names, else by number. Empty
    /// where the component was not running, as when it handed over a value that is none.
    pub backtrace: Vec<String>,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.output.is_empty() { Ok(()) } else { write!(f, "; it wrote: {}", self.output) }
    }
}

impl Trap {
    /// The end that a call came to within the component. `None` where the engine, not the component, is the cause.
    pub(super) fn of(error: &wasmtime::Error, output: &GuestOutput) -> Option<Self> {
        let (kind, reason) = if let Some(exit) = error.downcast_ref::<I32Exit>() {
            (TrapKind::Exit, format!("it called exit({})", exit.0))
        } else if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
            (kind(*trap), in_words(*trap, is_recursive(error)))
        } else if let Some(refused) = error.downcast_ref::<NotPure>() {
            (TrapKind::Other, refused.to_string())
        } else if is_of_the_engine(error) {
            return None;
        } else {
            let cause = error.root_cause().to_string();
            if speaks_of_a_handle(&cause) {
                (TrapKind::IllegalHandle, format!("it used a handle that it must not: {cause}"))
            } else {
                (TrapKind::InvalidValue, format!("it handed over a value that is none of the contract: {cause}"))
            }
        };
        Some(Self { kind, reason, output: output.shown(), backtrace: frames(error) })
    }
}

/// Where the wasm was when it ended, innermost first.
fn frames(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let frames = backtrace.frames().iter().take(MAX_FRAMES).map(|frame| {
        let name = frame.func_name().filter(|name| name.len() <= MAX_NAME).map_or_else(
            || format!("function {}", frame.func_index()),
            // Without the hash that the compiler adds. The component chose the name, so it must not be able to forge a
            // line of a log.
            |name| format!("{:#}", rustc_demangle::demangle(name)).escape_debug().take(MAX_FRAME).collect(),
        );
        match frame.module_offset() {
            Some(offset) => format!("{name} at {offset:#x}"),
            None => name,
        }
    });
    frames.collect()
}

fn kind(trap: wasmtime::Trap) -> TrapKind {
    use wasmtime::Trap;
    match trap {
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        Trap::MemoryOutOfBounds | Trap::TableOutOfBounds | Trap::ArrayOutOfBounds => TrapKind::OutOfBounds,
        Trap::IntegerDivisionByZero | Trap::IntegerOverflow | Trap::BadConversionToInteger => TrapKind::Arithmetic,
        Trap::IndirectCallToNull | Trap::BadSignature => TrapKind::IndirectCall,
        Trap::InvalidChar => TrapKind::InvalidValue,
        _ => TrapKind::Other,
    }
}

fn in_words(trap: wasmtime::Trap, is_recursive: bool) -> String {
    match trap {
        wasmtime::Trap::UnreachableCodeReached => "unreachable code: it panicked or gave up".to_owned(),
        // Compilers put the stack of a program at the beginning of its memory: one that overflows leaves the memory.
        wasmtime::Trap::MemoryOutOfBounds if is_recursive => {
            format!("{trap}; its functions call each other deeply: its stack has probably overflowed")
        }
        trap => trap.to_string(),
    }
}

/// Whether the same few functions had called each other again and again.
fn is_recursive(error: &wasmtime::Error) -> bool {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return false };
    let functions = || backtrace.frames().iter().take(RECURSION).map(wasmtime::FrameInfo::func_index);
    functions().count() == RECURSION && functions().collect::<BTreeSet<_>>().len() <= RECURSION / 2
}

/// Whether the engine had no room left, which is no doing of this component.
fn is_of_the_engine(error: &wasmtime::Error) -> bool {
    error.is::<wasmtime::PoolConcurrencyLimitError>() || error.root_cause().is::<std::io::Error>()
}

/// Wasmtime has no type for these errors; its words for all of them speak of handles and resources.
fn speaks_of_a_handle(cause: &str) -> bool {
    ["handle", "resource", "lend", "lent", "borrow"].iter().any(|word| cause.contains(word))
}
