//! Builds the adapter.

fn main() -> std::process::ExitCode {
    component_build::main("wasi-adapter", "ADAPTER", &["adapter"])
}
