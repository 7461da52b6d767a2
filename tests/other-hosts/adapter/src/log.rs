//! Lines, on the standard error: no `wasi:logging` is among wasmtime's crates.

use crate::{
    Adapter,
    generated::exports::lowcode::organisation::log::{Field, Guest, Level},
};

impl Guest for Adapter {
    fn write(level: Level, message: String, fields: Vec<Field>) {
        let fields: String = fields.iter().map(|field| format!(" {}={:?}", field.name, field.value)).collect();
        eprintln!("{level:?} {message}{fields}");
    }
}
