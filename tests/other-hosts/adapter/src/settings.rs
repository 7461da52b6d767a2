//! The configuration, from `wasi:config`.

use crate::{
    Adapter,
    generated::{exports::lowcode::organisation::settings::Guest, wasi::config::store},
};

/// What the platform has under this name; empty where it has nothing or does not answer.
pub(crate) fn named(key: &str) -> String {
    store::get(key).ok().flatten().unwrap_or_default()
}

impl Guest for Adapter {
    /// With every secret in it. Which places hold one only the element's `validate-config` says, which the adapter, being
    /// below the element, cannot call; the platform can, but has no way to fill a value in behind this component.
    fn get() -> String {
        named("configuration")
    }
}
