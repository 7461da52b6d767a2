//! Builds the component that the program carries, and reads the contract that a component must meet.

#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

mod guest;
#[path = "../src/contract/shape.rs"]
#[allow(dead_code, reason = "the build script makes shapes, the library compares them")]
mod shape;
mod world;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The package whose component the program carries.
const COMPONENT: &str = "wecom-organisation";

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
    let crate_directory = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace = crate_directory.parent().ok_or("this crate must lie in its workspace")?;
    let out = PathBuf::from(variable("OUT_DIR")?);

    for path in ["wit", "plugin", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    for path in ["build", "src/contract/shape.rs"] {
        println!("cargo::rerun-if-changed={}", crate_directory.join(path).display());
    }

    let world = world::read(&workspace.join("wit"), "organisation-element", "organisation-element-full")?;
    write(&out.join("world.json"), world)?;
    let component = guest::build(workspace, &out, COMPONENT)?;
    let bytes = std::fs::read(&component).map_err(|error| format!("cannot read {}: {error}", component.display()))?;
    write(&out.join("component.blake3"), blake3::hash(&bytes).as_bytes())?;
    println!("cargo::rustc-env=ORGANISATION_COMPONENT={}", component.display());
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set: this program is meant to be run by cargo"))
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), String> {
    std::fs::write(path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
