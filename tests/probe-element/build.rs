//! Builds the element, so that tests load it as they load any other component.

#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

#[path = "../../host-harness/build/guest.rs"]
mod guest;

use std::{env, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}\n");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let variable = |name: &str| env::var(name).map(PathBuf::from).map_err(|_| format!("{name} is not set by cargo"));
    let (here, out) = (variable("CARGO_MANIFEST_DIR")?, variable("OUT_DIR")?);
    let workspace = here.ancestors().nth(2).ok_or("this crate must lie in its workspace")?;
    for path in ["wit", "plugin/kit", "host-harness/build/guest.rs", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"]
    {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    println!("cargo::rerun-if-changed={}", here.join("element").display());
    let component = guest::build(workspace, &out, "probe-element-component")?;
    println!("cargo::rustc-env=PROBE_COMPONENT={}", component.display());
    Ok(())
}
