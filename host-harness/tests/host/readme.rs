//! What the README shows is what is compiled.

use std::{fs, path::Path};

#[test]
fn the_readme_shows_the_example() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read_to_string(here.join("examples/embed.rs")).unwrap();
    let readme = fs::read_to_string(here.join("../README.md")).unwrap();
    assert!(readme.contains(&format!("```rust\n{example}```")), "README.md shows another embed.rs: copy it over");
    assert!(example.lines().count() <= 40, "an embedding is small");
}
