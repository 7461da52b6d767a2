//! Builds the component of WeCom, so that the program carries it.

fn main() -> std::process::ExitCode {
    component_build::main("wecom-organisation", "BUNDLED_COMPONENT", &["plugin"])
}
