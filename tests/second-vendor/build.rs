//! Builds the element of the invented service, so that tests load it as they load any other component.

fn main() -> std::process::ExitCode {
    component_build::main(
        "second-vendor-element",
        "SECOND_VENDOR_COMPONENT",
        &["plugin/kit", "tests/second-vendor/element"],
    )
}
