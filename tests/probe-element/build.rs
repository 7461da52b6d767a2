//! Builds the element, so that tests load it as they load any other component.

fn main() -> std::process::ExitCode {
    component_build::main("probe-element-component", "PROBE_COMPONENT", &["plugin/kit", "tests/probe-element/element"])
}
