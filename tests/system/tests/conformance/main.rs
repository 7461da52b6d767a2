//! The vectors of `tests/conformance`, which say what a host of any language answers, sends and stores: run here with the
//! Rust host, they say what the files say. `cargo test -p system-tests --test conformance -- --ignored renew` writes them anew:
//! of each file, what the host answered and what the vendor saw.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "all of this is a test")]

mod functions;
mod names;
mod play;
mod vendor;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../conformance")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the vectors are kept").map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The functions of the contract with the shapes of what they take and answer, for hosts whose tools do not give them.
fn contract() -> String {
    let world: Value = serde_json::from_str(organisation_host::contract::world_json()).unwrap();
    let functions = |part: &str| -> String {
        let interfaces = world[part].as_object().unwrap().iter().filter(|(name, _)| name.starts_with("lowcode:"));
        let lines: Vec<String> = interfaces
            .flat_map(|(interface, functions)| {
                let interface = interface.rsplit('/').next().unwrap();
                functions.as_object().unwrap().iter().map(move |(function, signature)| {
                    format!("    {}: {signature}", Value::from(format!("{interface}.{function}")))
                })
            })
            .collect();
        lines.join(",\n")
    };
    format!(
        "{{\n  \"version\": {},\n  \"imports\": {{\n{}\n  }},\n  \"exports\": {{\n{}\n  }}\n}}\n",
        world["version"],
        functions("imports"),
        functions("exports")
    )
}

const CONTRACT: &str = "contract.json";

/// Beside the vectors, and in the Node host, which is a package of its own.
fn contract_files() -> [PathBuf; 2] {
    [folder().join(CONTRACT), folder().join("../../hosts/node/src").join(CONTRACT)]
}

#[tokio::test(flavor = "multi_thread")]
async fn this_host_does_what_the_vectors_say() {
    let mut different = Vec::new();
    for file in files(&folder()).iter().filter(|file| !file.ends_with(CONTRACT)) {
        let kept = read(file);
        let played = play::played(&kept).await;
        if played != kept {
            different.push(format!("{}: {}", file.display(), difference(&kept, &played, String::new())));
        }
    }
    assert!(
        different.is_empty(),
        "renew the files, or mend the host (cargo test -p system-tests --test conformance -- --ignored renew):\n{}",
        different.join("\n")
    );
}

#[test]
fn the_shapes_are_those_of_the_contract() {
    for file in contract_files() {
        assert_eq!(fs::read_to_string(&file).unwrap(), contract(), "renew {}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "renews the files"]
async fn renew() {
    for file in contract_files() {
        fs::write(file, contract()).unwrap();
    }
    for file in files(&folder()).iter().filter(|file| !file.ends_with(CONTRACT)) {
        eprintln!("{}", file.display());
        let played = play::played(&read(file)).await;
        fs::write(file, format!("{played:#}\n")).unwrap();
    }
}

/// The first place where two values part.
fn difference(kept: &Value, played: &Value, at: String) -> String {
    match (kept, played) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.dedup();
            let parted = keys.into_iter().find(|key| a.get(*key) != b.get(*key));
            parted.map_or(at.clone(), |key| difference(&kept[key], &played[key], format!("{at}/{key}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let parted = (0..a.len()).find(|index| a[*index] != b[*index]);
            parted.map_or(at.clone(), |index| difference(&a[index], &b[index], format!("{at}/{index}")))
        }
        _ => format!("{at}: the file has {kept}, the host {played}"),
    }
}
