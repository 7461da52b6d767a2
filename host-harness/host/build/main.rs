//! Reads the contract that a component must meet.

#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

#[path = "../src/contract/shape.rs"]
#[allow(dead_code, reason = "the build script makes shapes, the library compares them")]
mod shape;
mod world;

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
    let crate_directory = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let wit = crate_directory.join("../../wit");
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", wit.display());
    for path in ["build", "src/contract/shape.rs"] {
        println!("cargo::rerun-if-changed={}", crate_directory.join(path).display());
    }
    let world = world::read(&wit, "organisation-element", "organisation-element-full")?;
    let path = out.join("world.json");
    std::fs::write(&path, world).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set: this program is meant to be run by cargo"))
}
