//! Calls that end badly, recorded and replayed: the same trap, the same limit, at the same place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use organisation_host::{
    Element, ElementOptions, Host, LimitName, Limits, LoadedComponent, RecordedEnd, Recording,
    contract::vendor::{ApiRequest, Payload},
    settings::Document,
    storage::{MemoryStorage, Options},
};
use organisation_record::{Diverged, Header, RecordingFile, rehearse, replay};
use serde_json::{Value, json};

/// What a test asks of the probe, whose words are nobody's.
const WORDS: &[u8] = b"work.panic work.spin work.allocate work.ask storage.apply call.remaining";

struct Recorder {
    recording: Recording,
    element: Element,
    component: Arc<LoadedComponent>,
}

fn host(recording: Option<&Recording>) -> Host {
    let program = std::env::current_exe().unwrap();
    let builder = Host::builder().parallel_calls(4).code_cache(program.with_file_name("compiled-components"));
    recording.into_iter().fold(builder, organisation_host::HostBuilder::recording).build().unwrap()
}

impl Recorder {
    fn new(limits: Limits) -> Self {
        let recording = Recording::default();
        let host = host(Some(&recording));
        let component = host.load(probe_element::component()).unwrap();
        let storage = Arc::new(MemoryStorage::new(Options::default()));
        let mut options = ElementOptions::new("acme", "organisation", Document::parse("{}").unwrap(), storage);
        options.limits = limits;
        let element = host.element(&component, options).unwrap();
        Self { recording, element, component }
    }

    async fn asks(&self, path: &str, arguments: Value) {
        let request = ApiRequest {
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            payload: Some(Payload::Json(arguments.to_string())),
            idempotency_key: None,
        };
        // How it ends is in the recording.
        drop(self.element.call_vendor(&request).await);
    }

    async fn rehearsed(&self) -> Result<RecordingFile, Diverged> {
        let header = Header::new(self.component.digest(), "test", 0);
        let host = host(None);
        let component = host.load(probe_element::component()).unwrap();
        rehearse(&host, &component, WORDS, header, &self.recording.calls()).await
    }
}

async fn ends(file: &RecordingFile) -> Vec<RecordedEnd> {
    let host = host(None);
    let component = host.load(probe_element::component()).unwrap();
    let read = RecordingFile::of_text(&file.to_text().unwrap()).unwrap();
    replay(&host, &component, &read).await.unwrap().into_iter().map(|replayed| replayed.end).collect()
}

#[tokio::test]
async fn traps_and_limits_come_again() {
    let usual = Limits::default;
    let limit = |name: LimitName| RecordedEnd::Limit { limit: name.as_str().to_owned() };
    for (path, arguments, limits, expected) in [
        ("/work.spin", json!({}), Limits { cpu_ms: 200, ..usual() }, limit(LimitName::CpuMs)),
        (
            "/work.allocate",
            json!({"n": 64 << 20}),
            Limits { memory_bytes: 16 << 20, ..usual() },
            limit(LimitName::MemoryBytes),
        ),
        ("/work.ask", json!({"n": 100}), Limits { host_calls: 50, ..usual() }, limit(LimitName::HostCalls)),
    ] {
        let recorder = Recorder::new(limits);
        recorder.asks(path, arguments).await;
        let file = recorder.rehearsed().await.unwrap();
        assert_eq!(file.calls.last().unwrap().end, expected, "{path}");
        assert_eq!(ends(&file).await.last().unwrap(), &expected, "{path}");
    }
    let recorder = Recorder::new(usual());
    recorder.asks("/work.panic", json!({})).await;
    let replayed = ends(&recorder.rehearsed().await.unwrap()).await;
    let RecordedEnd::Trap { kind, output } = replayed.last().unwrap() else { panic!("{replayed:?}") };
    assert_eq!((&**kind, output.contains("told to panic")), ("unreachable", true), "{output}");
}

#[tokio::test]
async fn a_call_that_nobody_waited_for_ends_where_it_was_given_up() {
    let recorder = Recorder::new(Limits::default());
    recorder.asks("/call.remaining", json!({})).await;
    let calls = recorder.recording.calls();
    let mut file = recorder.rehearsed().await.unwrap();
    assert_eq!(file.calls.len(), calls.len());
    // As if the caller had gone away in the only import of the call.
    let last = file.calls.last_mut().unwrap();
    let import = last.imports.iter_mut().find(|import| import.function == "call.remaining").unwrap();
    import.answer = None;
    last.imports.truncate(1);
    last.end = RecordedEnd::BrokenOff;
    assert_eq!(ends(&file).await.last().unwrap(), &RecordedEnd::BrokenOff);
}

#[tokio::test]
async fn what_is_asked_otherwise_is_found() {
    let recorder = Recorder::new(Limits::default());
    let put = json!({"key": "a", "value": "x", "ttl_ms": null, "sealed": false});
    recorder.asks("/storage.apply", json!({"ops": [{"put": put}]})).await;
    let file = recorder.rehearsed().await.unwrap();
    let host = host(None);
    let component = host.load(probe_element::component()).unwrap();
    for (change, words) in [
        ((|import: &mut Value| import["ops"][0]["put"]["value"] = "y".into()) as fn(&mut Value), "ops[0].put.value"),
        (|import| import["ops"] = json!([]), "ops[0]"),
    ] {
        let mut other = file.clone();
        let last = other.calls.last_mut().unwrap();
        let import = last.imports.iter_mut().find(|import| import.function == "storage.apply").unwrap();
        change(&mut import.arguments);
        let difference = replay(&host, &component, &other).await.unwrap_err();
        assert!(difference.what.contains(words), "{difference}");
        let line = other.to_text().unwrap().lines().nth(difference.place.line - 1).unwrap().to_owned();
        assert!(line.contains("storage.apply"), "line {}: {line}", difference.place.line);
    }
    let mut fewer = file.clone();
    fewer.calls.last_mut().unwrap().imports.clear();
    let difference = replay(&host, &component, &fewer).await.unwrap_err();
    assert!(difference.what.contains("where it had ended"), "{difference}");
    let mut longer = file;
    let last = longer.calls.last_mut().unwrap();
    last.imports.push(last.imports[0].clone());
    let difference = replay(&host, &component, &longer).await.unwrap_err();
    assert!(difference.what.contains("ended before it asked"), "{difference}");
}
