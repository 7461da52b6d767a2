//! Builds a component with a nested cargo, for whichever build script includes this file.
//!
//! The nested cargo gets one fixed target directory of its own, `<target>/guest`: the outer directory would deadlock
//! on its lock, and one inside `OUT_DIR` would build the component again for every outer configuration.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

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

/// Builds the component of a package of the workspace and answers where it lies.
pub fn build(workspace: &Path, out: &Path, package: &str) -> Result<PathBuf, String> {
    let target = target_directory(out)?.join("guest");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // One crate type, although the package names two: cargo would leave link-time optimisation out otherwise.
    command
        .current_dir(workspace)
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--package", package])
        .args(["--target", TARGET, "--profile", PROFILE, "--target-dir"])
        .arg(&target);
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
    std::fs::copy(&file, &copy).map_err(|error| format!("cannot copy {}: {error}", file.display()))?;
    Ok(copy)
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
