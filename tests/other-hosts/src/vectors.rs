//! The vectors of `storage`, played over the adapter: what one caller sees. `tests/conformance` says what the files mean.

use std::{collections::HashMap, fs, path::Path, time::Duration};

use serde_json::{Map, Value};
use wasmtime::{Result, ensure, error::Context as _};

use crate::{
    kept::Kept,
    platform::{Bucket, Platform},
    probe,
};

/// Plays all of them, each on a bucket of its own and with a clock that stands still.
pub(crate) async fn played(probe: &Platform) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/storage");
    let mut played = 0;
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        let vector: Value = serde_json::from_slice(&fs::read(&file)?).context("a vector")?;
        play(&vector, probe).await.with_context(|| file.display().to_string())?;
        played += 1;
    }
    ensure!(played > 0, "there are no vectors");
    println!("vectors: the adapter answers all {played} of storage on a bucket that is kept");
    Ok(())
}

async fn play(vector: &Value, probe: &Platform) -> Result<()> {
    let mut probe = probe.with(Bucket::Kept(Kept::default()));
    let mut now = Duration::from_millis(vector["start"].as_u64().context("a time")?);
    let varied: Vec<&str> = vector["vary"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut names = HashMap::new();
    for (index, step) in vector["steps"].as_array().context("steps")?.iter().enumerate() {
        if let Some(advance) = step["advance_ms"].as_u64() {
            now += Duration::from_millis(advance);
            continue;
        }
        probe.stop_the_clock(now);
        let function = step["import"].as_str().context("a function")?;
        let answer = probe::asked(&probe, function, &written_out(&step["with"], &names, None)).await?;
        let expected = written_out(&step["answer"], &names, None);
        ensure!(same(&expected, &answer, &varied, &mut names), "step {index}: {answer} in place of {expected}");
    }
    Ok(())
}

/// With names that are known filled in, and repetitions written out.
fn written_out(value: &Value, names: &HashMap<String, Value>, number: Option<u64>) -> Value {
    match value {
        Value::String(text) => match names.get(text) {
            Some(known) => known.clone(),
            None => number.map_or_else(|| value.clone(), |number| text.replace("${n}", &format!("{number:04}")).into()),
        },
        Value::Array(items) => items
            .iter()
            .flat_map(|item| match (&item["each"], item["from"].as_u64(), item["times"].as_u64()) {
                (each, Some(from), Some(times)) => {
                    (from..from + times).map(|number| written_out(each, names, Some(number))).collect()
                }
                _ => vec![written_out(item, names, number)],
            })
            .collect(),
        Value::Object(object) => match (object.get("repeat").and_then(Value::as_str), value["times"].as_u64()) {
            (Some(text), Some(times)) => text.repeat(usize::try_from(times).unwrap_or_default()).into(),
            _ => {
                let written = |(key, value): (&String, &Value)| (key.clone(), written_out(value, names, number));
                object.iter().map(written).collect::<Map<_, _>>().into()
            }
        },
        _ => value.clone(),
    }
}

/// Whether an answer is the expected one. A name that is met first stands for what is found there.
fn same(expected: &Value, answer: &Value, varied: &[&str], names: &mut HashMap<String, Value>) -> bool {
    match (expected, answer) {
        (Value::String(name), _) if name.starts_with("${") => {
            name == "${*}" || names.entry(name.clone()).or_insert_with(|| answer.clone()) == answer
        }
        (Value::Array(expected), Value::Array(answer)) => {
            let mut pairs = expected.iter().zip(answer);
            expected.len() == answer.len() && pairs.all(|(expected, answer)| same(expected, answer, varied, names))
        }
        (Value::Object(expected), Value::Object(answer)) => {
            expected.len() == answer.len()
                && expected.iter().all(|(key, expected)| {
                    let found = answer.get(key);
                    found.is_some_and(|found| varied.contains(&&**key) || same(expected, found, varied, names))
                })
        }
        _ => expected == answer,
    }
}
