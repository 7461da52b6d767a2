//! Builds the element, so that tests load it as they load any other component.

fn main() -> std::process::ExitCode {
    component_build::main(
        "broken-element-component",
        "BROKEN_COMPONENT",
        &["plugin/kit", "plugin/wecom", "tests/broken-element/element"],
    )
}
