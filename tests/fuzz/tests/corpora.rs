//! What fuzzers were fed and found is run again with every build: a target that does not fit it any more, or a defect that comes
//! back, fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, path::Path};

use fuzz_targets::TARGETS;

#[test]
fn every_input_that_is_kept_passes_its_target() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora");
    let mut folders: Vec<String> =
        fs::read_dir(&corpora).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    let mut names = TARGETS.map(|(name, _)| name);
    names.sort_unstable();
    assert_eq!(folders, names, "a folder for each target, and none without");
    for (name, run) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(corpora.join(name)).unwrap() {
            let file = entry.unwrap().path();
            println!("{}", file.display());
            run(&fs::read(&file).unwrap());
            count += 1;
        }
        assert!(count >= 5, "{name} has {count} inputs");
    }
}
