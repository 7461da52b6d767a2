//! Runs the target that `TARGET` names with what libFuzzer makes up.

#![no_main]

use std::{env, sync::LazyLock};

use fuzz_targets::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static RUN: LazyLock<Target> = LazyLock::new(|| {
    let asked = env::var("TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == asked);
    let names = TARGETS.map(|(name, _)| name).join(", ");
    found.unwrap_or_else(|| panic!("TARGET is {asked:?}, expected one of {names}")).1
});

fuzz_target!(|bytes: &[u8]| RUN(bytes));
