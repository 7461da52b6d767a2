//! Plays one vector: calls what it says, in a host of its own, and notes what came of it.

use std::{fs, sync::Arc, time::Duration};

use organisation_host::{
    Element, ElementOptions, Host, Limits, Randomness,
    egress::{AllowList, OperatorList},
    settings::Document,
    storage::{ManualClock, MemoryStorage, Options, SealingKey, Storage},
};
use serde_json::{Value, json};

use crate::{
    functions,
    names::{Names, without},
    vendor::Vendor,
};

/// More calls than any run of a vector takes.
const MOST_CALLS: usize = 100;

/// The vector with what came of it.
pub(crate) async fn played(vector: &Value) -> Value {
    let vendor = Vendor::start().await;
    let mut names = Names::default();
    names.bind("vendor", &vendor.base_url);
    names.bind("authority", vendor.base_url.trim_start_matches("http://"));
    let port = vendor.base_url.rsplit(':').next().unwrap().to_owned();
    let port = |text: &str| text.replace("\"${port}\"", &port).replace("${port}", &port);
    let original = vector;
    let vector: &Value = &serde_json::from_str(&port(&vector.to_string())).unwrap();
    vendor.told(&vector["vendor"]);
    let clock = ManualClock::at(vector["start"].as_u64().expect("a vector says when it starts"));
    let (element, storage) = element(vector, &names, &clock);
    let vary = vector["vary"].as_array().into_iter().flatten().map(|key| key.as_str().unwrap().to_owned());
    let vary: Vec<String> = vary.collect();
    let mut played = original.clone();
    let steps = vector["steps"].as_array().expect("a vector has steps");
    for (step, written) in steps.iter().zip(played["steps"].as_array_mut().unwrap()) {
        vendor.told(&step["vendor"]);
        if let Some(milliseconds) = step["advance_ms"].as_u64() {
            clock.advance(Duration::from_millis(milliseconds));
            continue;
        }
        let with = names.filled(&written_out(&step["with"]));
        let mut answer = Value::Null;
        for _ in 0..MOST_CALLS {
            answer = match (step["call"].as_str(), step["import"].as_str()) {
                (Some(function), None) => functions::called(&element, function, &with).await,
                (None, Some(function)) => functions::asked(&element, function, &with).await,
                _ => panic!("a step calls, asks or lets time pass: {step}"),
            };
            let again = step["again"].as_str().is_some_and(|case| !answer["ok"][case].is_null());
            if !again {
                break;
            }
        }
        for (name, pointer) in step["bind"].as_object().into_iter().flatten() {
            let found = answer.pointer(pointer.as_str().unwrap());
            let found = found.unwrap_or_else(|| panic!("{step}: there is no {pointer} in {answer}"));
            names.bind(name, found.as_str().unwrap_or_else(|| panic!("{name} is no text")));
        }
        // Versions are named where a step asks the storage; in what an element answers a number is a number.
        let answer = if step["import"].is_null() { answer } else { names.name_versions(&answer) };
        written["answer"] = names.named(&without(&answer, &vary));
        let requests: Value = vendor.seen().iter().map(|request| names.named(&without(request, &vary))).collect();
        set(written, "requests", requests);
        if let Some(prefix) = step["stored"]["prefix"].as_str() {
            let page = storage.scan(element.scope(), prefix, None, 1_000).await.expect("the storage answers");
            let entries = page.entries.iter().map(|entry| json!({ "key": entry.key, "value": entry.value }));
            written["stored"] = json!({ "prefix": prefix, "entries": names.named(&entries.collect()) });
        }
    }
    played
}

/// Writes what is not empty.
fn set(step: &mut Value, key: &str, list: Value) {
    if list.as_array().is_some_and(Vec::is_empty) {
        step.as_object_mut().unwrap().remove(key);
    } else {
        step[key] = list;
    }
}

/// Arguments written out: `{"repeat": "x", "times": 3}` is a text, `{"each": …, "from": 0, "times": 3}` are items of a list, in which
/// `${n}` stands for a number of four digits.
fn written_out(value: &Value) -> Value {
    match value {
        Value::Object(entries) => match (value["repeat"].as_str(), value["times"].as_u64()) {
            (Some(text), Some(times)) => text.repeat(usize::try_from(times).unwrap()).into(),
            _ => {
                let entries = entries.iter().map(|(key, value)| (key.clone(), written_out(value)));
                entries.collect::<serde_json::Map<_, _>>().into()
            }
        },
        Value::Array(items) => items.iter().flat_map(each).collect(),
        other => other.clone(),
    }
}

fn each(item: &Value) -> Vec<Value> {
    let (Some(from), Some(times)) = (item["from"].as_u64(), item["times"].as_u64()) else {
        return vec![written_out(item)];
    };
    let text = item["each"].to_string();
    (from..from + times).map(|n| serde_json::from_str(&text.replace("${n}", &format!("{n:04}"))).unwrap()).collect()
}

fn element(vector: &Value, names: &Names, clock: &ManualClock) -> (Element, Arc<dyn Storage>) {
    let program = std::env::current_exe().expect("a program knows where it lies");
    let builder = Host::builder().parallel_calls(4).code_cache(program.with_file_name("compiled-components"));
    let builder = builder.clock(Arc::new(clock.clone())).randomness(Randomness::pinned(7));
    let host = builder.build().expect("this machine has room for a host");
    let component = match vector["component"].as_str().expect("a vector names a component") {
        "probe" => host.load(probe_element::component()),
        "wecom" => host.load(bundled_component::bundled_component()),
        frozen => {
            let file = crate::folder().join(format!("../frozen/{frozen}.wasm"));
            host.load(&fs::read(file).expect("the frozen component is kept"))
        }
    };
    let options = Options::default().clock(Some(Arc::new(clock.clone()))).sealing_key(Some(SealingKey::new([7; 32])));
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(options));
    let document = names.filled(&vector["document"]).to_string();
    let document = Document::parse(&document).expect("the document is an object");
    let mut options = ElementOptions::new("acme", "organisation", document, Arc::clone(&storage));
    let allowed = names.filled(&vector["allow"]);
    let allowed: Vec<&str> = allowed.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    options.operator = OperatorList::only(AllowList::parse(allowed).expect("the entries are sound"));
    options.limits = limits(&vector["limits"]);
    (host.element(&component.expect("the component fits"), options).expect("the names are sound"), storage)
}

/// The usual limits, but for those that are named as `call.budget` names them.
fn limits(named: &Value) -> Limits {
    let mut limits = json!(Limits::default());
    for (name, limit) in named.as_object().into_iter().flatten() {
        let name = match name.as_str() {
            "memory" => "memory_bytes",
            "parallelism" => "parallel",
            name => name,
        };
        limits[name] = limit.clone();
    }
    serde_json::from_value(limits).expect("these are limits")
}
