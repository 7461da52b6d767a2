//! The component that the program and the tests carry: that of WeCom, built from this workspace. The only crate beside the
//! program that knows a vendor.

/// The component that was built with this program.
pub fn bundled_component() -> &'static [u8] {
    include_bytes!(env!("BUNDLED_COMPONENT"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_component_names_no_folder_of_the_machine_that_built_it() {
        let component = String::from_utf8_lossy(bundled_component());
        // Where a panic happens: the path of a source file, with other text right before it.
        let before: Vec<&str> = component.match_indices("/registry/src/").map(|(at, _)| &component[..at]).collect();
        assert!(!before.is_empty(), "the sources of dependencies are named");
        for before in before {
            let shown = &before[before.len().saturating_sub(40)..];
            assert!(before.ends_with("cargo") && !before.ends_with(".cargo"), "{shown:?}");
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).and_then(Path::to_str).unwrap();
        for folder in [workspace, "/.cargo/", "/.rustup/", "/home/", "/Users/"] {
            assert!(!component.contains(folder), "{folder}");
        }
    }
}
