//! Builds a component of this workspace with a nested cargo, for the build script of the crate that carries it.
//!
//! The nested cargo gets one fixed target directory of its own, `<target>/guest`: the outer directory would deadlock
//! on its lock, and one inside `OUT_DIR` would build the component again for every outer configuration.

#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use wasm_encoder::{ComponentSection as _, CustomSection};

const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "guest";

/// What the outer build sets for itself and the guest must not inherit: coverage or sanitiser flags break it, wrappers
/// of clippy would lint instead of build, and the rest describes another compilation.
const NOT_INHERITED: [&str; 11] = [
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_RUSTFLAGS",
    "TARGET",
    "HOST",
];
const NOT_INHERITED_PREFIXES: [&str; 4] = ["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PROFILE_", "DEP_"];

/// The whole of a build script: builds the component of a package of the workspace and puts its path into a variable that
/// `env!` finds. `sources` are what it is made of, as paths in the workspace; the contract and the versions of
/// everything are always among them.
pub fn main(package: &str, variable: &str, sources: &[&str]) -> ExitCode {
    match run(package, variable, sources) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\n{message}\n");
            ExitCode::FAILURE
        }
    }
}

fn run(package: &str, variable: &str, sources: &[&str]) -> Result<(), String> {
    let path = |name: &str| env::var(name).map(PathBuf::from).map_err(|_| format!("{name} is not set by cargo"));
    let (here, out) = (path("CARGO_MANIFEST_DIR")?, path("OUT_DIR")?);
    let workspace = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    let workspace = workspace.ok_or_else(|| format!("{} lies in no workspace", here.display()))?;
    for path in ["wit", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"].iter().chain(sources) {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    let component = build(workspace, &out, package)?;
    println!("cargo::rustc-env={variable}={}", component.display());
    Ok(())
}

/// Builds the component and answers where it lies.
fn build(workspace: &Path, out: &Path, package: &str) -> Result<PathBuf, String> {
    let target = target_directory(out)?.join("guest");
    // One at a time, from the build to the copy: a package that builds on another one's leaves that one's file changed.
    let _lock = locked(&target)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // One crate type, although the package names two: cargo would leave link-time optimisation out otherwise.
    command
        .current_dir(workspace)
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--package", package])
        .args(["--target", TARGET, "--profile", PROFILE, "--target-dir"])
        .arg(&target)
        .args(["--config", &without_paths(workspace, &target)?]);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if NOT_INHERITED.contains(&&*name) || NOT_INHERITED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }

    let output = command.output().map_err(|error| format!("cannot start cargo to build the component: {error}"))?;
    let name = format!("{}.wasm", package.replace('-', "_"));
    let file = target.join(TARGET).join(PROFILE).join(&name);
    if !output.status.success() {
        return Err(explain(package, &String::from_utf8_lossy(&output.stderr)));
    }
    if !file.is_file() {
        return Err(format!("the component was built, but there is no {}", file.display()));
    }
    // A copy of our own: the program then depends on no file that another build, or a clean-up, may take away.
    let copy = out.join(name);
    let mut component = std::fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    component = without_names(&component).ok_or_else(|| format!("{} is no component", file.display()))?;
    label(&mut component, workspace, package)?;
    std::fs::write(&copy, component).map_err(|error| format!("cannot write {}: {error}", copy.display()))?;
    publish(&copy, &target_directory(out)?.join("components"))?;
    Ok(copy)
}

/// The setting of cargo by which messages of panics in the component name source files without the folders of this machine.
/// It comes to what the workspace sets for the target.
fn without_paths(workspace: &Path, target: &Path) -> Result<String, String> {
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let cargo = cargo.ok_or("neither CARGO_HOME nor a home directory is set")?;
    // Of several that fit, the last one counts.
    let folders = [(workspace, "workspace"), (target, "target"), (&cargo, "cargo")];
    let flags = folders.map(|(folder, name)| {
        let flag = format!("--remap-path-prefix={}={name}", folder.display());
        // A text of JSON is one of TOML.
        serde_json::Value::from(flag).to_string()
    });
    Ok(format!("target.{TARGET}.rustflags=[{}]", flags.join(",")))
}

/// Puts the finished file where other hosts and people look for it: `<target>/components/NAME.wasm`. Whoever reads it meanwhile
/// has the one of before or this one.
fn publish(file: &Path, folder: &Path) -> Result<(), String> {
    let name = file.file_name().ok_or_else(|| format!("{} names no file", file.display()))?;
    let place = folder.join(name);
    let draft = folder.join(format!("{}.{}", name.to_string_lossy(), std::process::id()));
    let published = || {
        std::fs::create_dir_all(folder)?;
        std::fs::copy(file, &draft)?;
        std::fs::rename(&draft, &place)
    };
    published().map_err(|error| format!("cannot write {}: {error}", place.display()))
}

/// Keeps other build scripts from this directory until it goes.
fn locked(target: &Path) -> Result<File, String> {
    let path = target.join("build.lock");
    let failed = |error: std::io::Error| format!("cannot lock {}: {error}", path.display());
    std::fs::create_dir_all(target).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// The component without the section `component-name`: it names parts of it for debuggers, and has 14 KB.
fn without_names(component: &[u8]) -> Option<Vec<u8>> {
    let (magic, mut rest) = component.split_at_checked(8)?;
    let mut kept = magic.to_vec();
    while let [id, content @ ..] = rest {
        let (length, content) = number(content)?;
        let (content, after) = content.split_at_checked(length)?;
        let is_names = *id == 0 && number(content).is_some_and(|(_, name)| name.starts_with(b"component-name"));
        if !is_names {
            kept.extend_from_slice(&rest[..rest.len() - after.len()]);
        }
        rest = after;
    }
    Some(kept)
}

/// The number (LEB128) with which this begins, and what comes after it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let last = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)?;
    let (number, after) = bytes.split_at(last + 1);
    Some((number.iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f)), after))
}

/// Writes into the component what the package says of itself, in the custom sections by which registries of components know
/// it: `description`, `licenses` and `version`.
fn label(component: &mut Vec<u8>, workspace: &Path, package: &str) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(cargo).current_dir(workspace).args(arguments).output();
    let output = output.map_err(|error| format!("cannot ask cargo for the package's metadata: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("cargo metadata cannot be read: {error}: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let found = packages.into_iter().find(|found| found["name"] == package);
    let found = found.ok_or_else(|| format!("cargo metadata does not name {package}"))?;
    for (section, key) in [("description", "description"), ("licenses", "license"), ("version", "version")] {
        let text = found[key].as_str().ok_or_else(|| format!("the package {package} has no {key}"))?;
        let section = CustomSection { name: section.into(), data: text.as_bytes().into() };
        section.append_to_component(component);
    }
    Ok(())
}

/// The target directory of the outer build: cargo marks it with a tag against backups.
fn target_directory(out: &Path) -> Result<&Path, String> {
    out.ancestors()
        .find(|directory| directory.join("CACHEDIR.TAG").is_file())
        .or_else(|| out.ancestors().nth(4))
        .ok_or_else(|| format!("{} does not lie in a target directory", out.display()))
}

fn explain(package: &str, output: &str) -> String {
    let target_is_missing = output.contains("E0463") || output.contains("target may not be installed");
    let advice = if target_is_missing {
        format!(
            "the compiler has no {TARGET}: run `rustup target add {TARGET}` (or `rustup toolchain install \
             --no-self-update` in this directory) and build again"
        )
    } else {
        format!(
            "the component could not be built; `cargo rustc --lib --crate-type cdylib -p {package} --target {TARGET} \
             --profile {PROFILE}` shows the same"
        )
    };
    format!("{}\n\n{advice}", output.trim_end())
}
