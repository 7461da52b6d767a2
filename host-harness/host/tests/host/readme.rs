//! What the documentation shows is what is compiled, its links lead somewhere, and the README stays short.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All pages: the READMEs, and everything below `docs/`.
fn pages() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("docs")];
    let mut paths = vec![root().join("README.md"), root().join("README.zh-CN.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                paths.push(path);
            }
        }
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn the_page_on_embedding_shows_the_example() {
    let example = fs::read_to_string(root().join("examples/embedder/src/main.rs")).unwrap();
    let page = fs::read_to_string(root().join("docs/embedding.md")).unwrap();
    assert!(page.contains(&format!("```rust\n{example}```")), "docs/embedding.md shows another main.rs: copy it over");
    assert!(example.lines().count() <= 45, "an embedding is small");
}

#[test]
fn every_relative_link_leads_to_something() {
    let mut broken = Vec::new();
    for (path, text) in pages() {
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap();
            if !path.with_file_name(file).exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_readme_is_read_in_five_minutes() {
    for (path, text) in pages().iter().take(2) {
        assert!(text.lines().count() <= 200, "{}: move what is long to docs/", path.display());
    }
}
