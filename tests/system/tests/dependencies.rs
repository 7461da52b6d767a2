//! What is built of other people's code: where it comes from, under which licences, and in which versions. Read from
//! `cargo metadata`, so it needs no network after a build and no further tool.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    process::Command,
};

use serde::Deserialize;

/// Licences under which code may be part of a build: all of them permissive.
const LICENCES: [&str; 9] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-3-Clause",
    "BSL-1.0",
    // Certificates of authorities, which are data.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    // Tables of Unicode.
    "Unicode-3.0",
    "Zlib",
];

/// Crates of ours that others bring in a second version, and who does. A line that is not true any more fails as well.
const SECOND_VERSIONS: [(&str, &str); 8] = [
    ("base64", "sqlx"),
    ("getrandom", "ring"),
    ("sha2", "cranelift, wasmtime and sqlx"),
    ("wasm-encoder", "wasmtime and wat"),
    ("wasmparser", "wasmtime, of which no other may change a feature, and wat"),
    ("wasmprinter", "wasmtime, likewise"),
    ("wit-component", "likewise"),
    ("wit-parser", "likewise"),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Graph,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// Nothing for a path.
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    source: Option<String>,
    /// Nothing for the usual registry.
    registry: Option<String>,
}

#[derive(Deserialize)]
struct Graph {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Metadata {
    fn read() -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--locked", "--format-version", "1"]);
        command.args(["--filter-platform", "x86_64-unknown-linux-gnu"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = command.output().expect("cargo runs");
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let mut metadata: Self = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON of this shape");
        // Cargo lists packages of other platforms as well, which nothing of the graph leads to.
        let built: BTreeSet<&str> = metadata.resolve.nodes.iter().map(|node| node.id.as_str()).collect();
        metadata.packages.retain(|package| built.contains(package.id.as_str()));
        assert!(metadata.packages.len() > 100, "only {} packages", metadata.packages.len());
        metadata
    }

    fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }
}

/// Whether one licence of each part may be used. An expression of deeper nesting is read too strictly, never too loosely.
fn is_admitted(expression: &str) -> bool {
    let part_is_admitted = |part: &str| {
        let licences = part.split(" OR ").map(|licence| licence.trim_matches(['(', ')', ' ']));
        licences.into_iter().any(|licence| LICENCES.contains(&licence))
    };
    // The older spelling, which means a choice.
    expression.replace('/', " OR ").split(" AND ").all(part_is_admitted)
}

#[test]
fn every_dependency_comes_from_the_registry_of_crates_or_the_workspace() {
    let metadata = Metadata::read();
    for Package { id, name, version, source, .. } in &metadata.packages {
        match source {
            Some(source) => assert!(source.starts_with("registry+"), "{name} {version} comes from {source}"),
            None => {
                assert!(metadata.workspace_members.contains(id), "{name} lies at a path outside the workspace: {id}");
            }
        }
    }
    for Package { name, dependencies, .. } in metadata.members() {
        for Dependency { name: of, registry, .. } in dependencies {
            assert_eq!(registry.as_deref(), None, "{name} takes {of} from another registry");
        }
    }
}

#[test]
fn every_licence_is_one_that_we_may_use() {
    for Package { name, version, license, .. } in &Metadata::read().packages {
        let license = license.as_deref().unwrap_or_else(|| panic!("{name} {version} names no licence expression"));
        assert!(is_admitted(license), "{name} {version} is under {license}; admitted are {}", LICENCES.join(", "));
    }
    for (expression, expected) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0 OR MIT", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("GPL-3.0", false),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR Apache-2.0) AND GPL-3.0", false),
        ("GPL-3.0 WITH LLVM-exception", false),
        ("", false),
    ] {
        assert_eq!(is_admitted(expression), expected, "{expression}");
    }
}

#[test]
fn no_version_is_left_open() {
    for Package { name, dependencies, .. } in Metadata::read().members() {
        for Dependency { name: of, req, .. } in dependencies.iter().filter(|dependency| dependency.source.is_some()) {
            assert!(!req.contains('*'), "{name} takes {of} in any version ({req})");
        }
    }
}

#[test]
fn what_we_name_is_there_in_one_version() {
    let metadata = Metadata::read();
    let packages: BTreeMap<&str, &Package> = metadata.packages.iter().map(|package| (&*package.id, package)).collect();
    let mut ours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in metadata.resolve.nodes.iter().filter(|node| metadata.workspace_members.contains(&node.id)) {
        for package in node.dependencies.iter().map(|id| packages[&**id]) {
            ours.entry(&package.name).or_default().insert(&package.version);
        }
    }
    let mut second = BTreeSet::new();
    for (name, named) in &ours {
        assert_eq!(named.len(), 1, "members of the workspace name {name} in the versions {named:?}");
        let there: BTreeSet<&str> =
            metadata.packages.iter().filter(|package| package.name == *name).map(|package| &*package.version).collect();
        if there.len() > 1 {
            assert!(
                SECOND_VERSIONS.iter().any(|(known, _)| known == name),
                "{name} is there in the versions {there:?}: find out with `cargo tree --invert {name}@VERSION` who brings \
                 the other one"
            );
            second.insert(*name);
        }
    }
    assert_eq!(second, SECOND_VERSIONS.map(|(name, _)| name).into(), "SECOND_VERSIONS is out of date");
}
