//! The export as a way to fetch members: the same directory as the walk gives, and a walk wherever it fails.

use std::time::Duration;

use organisation_host::{
    Limits,
    contract::directory::{Report, Strategy, SyncStep},
};
use serde_json::{Value, json};
use system_tests::{
    Copy, Setting, Stage,
    fuse::Cut,
    stage::{LEASES_OVER, Store},
    sync::{Caller, PLAIN},
};
use wecom_simulator::{Behaviour, Corp, Effect, Exports, Fault, Generator, Quirks, Shape, When, demo};

use crate::notes_of_emptiness;

const EXPORT: Caller = Caller { strategy: Strategy::Export, ..PLAIN };
const WALK: Caller = Caller { strategy: Strategy::Walk, ..PLAIN };

fn exporting(exports: Exports) -> Behaviour {
    Behaviour { exports, ..Behaviour::default() }
}

/// Several files even of a small organisation.
fn in_blocks(block: u64) -> Exports {
    Exports { smallest_block: Some(block), ..Exports::default() }
}

/// A host that delivers so few bytes at a time that every file comes in many ranges, over many calls.
fn narrow() -> Limits {
    Limits::default().largest_response(4 << 10).requests(18)
}

/// Everything that the copy consists of, as it is stored.
async fn records(stage: &Stage) -> Vec<(String, String)> {
    let mut records = Vec::new();
    for prefix in ["directory/d/", "directory/m/", "directory/x/"] {
        records.extend(stage.stored(prefix).await.into_iter().map(|entry| (entry.key, entry.value)));
    }
    records
}

fn has_note(report: &Report, part: &str) -> bool {
    report.notes.iter().any(|note| note.contains(part))
}

#[tokio::test]
async fn both_ways_give_the_same_directory_to_the_byte() {
    let crowd = Generator::sized(3, 300, 20);
    for (name, generator, behaviour, limits) in [
        ("as it comes", crowd.clone(), Behaviour::default(), Limits::default()),
        ("several files", crowd.clone(), exporting(in_blocks(17)), Limits::default()),
        ("many ranges", crowd.clone(), exporting(in_blocks(64)), narrow()),
        ("base64 in ranges", crowd.clone(), exporting(Exports { base64_files: true, ..in_blocks(64) }), narrow()),
        (
            "a forest below a hidden root, granted members and tags",
            Generator { root_visible: false, loners: 9, tags: 2, shape: Shape::Forest(3), ..crowd.clone() },
            exporting(in_blocks(50)),
            Limits::default(),
        ),
        (
            "deep, with every quirk of the wire",
            Generator { shape: Shape::Deep, ..crowd.clone() },
            Behaviour { quirks: Quirks::wild(), ..exporting(in_blocks(50)) },
            Limits::default(),
        ),
        ("departments only", Generator { members: 0, ..crowd.clone() }, Behaviour::default(), Limits::default()),
    ] {
        let corp = generator.generate().unwrap();
        let walked = Setting::new(corp.clone()).behaviour(behaviour.clone()).start().await;
        assert_eq!(walked.complete(&WALK).await.strategy, Strategy::Walk);
        let exported = Setting::new(corp).behaviour(behaviour).limits(limits).start().await;
        let report = exported.complete(&EXPORT).await;
        assert_eq!(report.strategy, Strategy::Export, "{name}: {:?}", report.notes);
        assert_eq!(report.notes, notes_of_emptiness(&report), "{name}");
        assert_eq!(exported.control.count("user/list").calls, 0, "{name}");
        assert_eq!(exported.control.count("department/list").calls, 0, "{name}");
        assert_eq!(records(&exported).await, records(&walked).await, "{name}");
        exported.assert_exact().await;
        // And once more the other way: nothing is a change.
        exported.advance(Duration::from_secs(60));
        let limits = Limits::default();
        let again = exported.sync_of(&exported.element.with_limits(limits), &WALK).await;
        let Ok(SyncStep::Complete(again)) = again else { panic!("{name}: {again:?}") };
        assert_eq!((again.members.updated, again.departments.updated), (0, 0), "{name}");
    }
}

/// What becomes of a sync whose export meets some trouble.
struct Trouble {
    name: &'static str,
    exports: Exports,
    faults: Vec<Fault>,
    limits: Limits,
    /// How members were fetched in the end.
    strategy: Strategy,
    /// Part of a note; none where the trouble passes unnoticed.
    note: &'static str,
}

fn trouble(name: &'static str, strategy: Strategy, note: &'static str) -> Trouble {
    Trouble { name, exports: in_blocks(8), faults: Vec::new(), limits: Limits::default(), strategy, note }
}

fn troubles() -> Vec<Trouble> {
    use Effect::{Block, Code, Corrupted, CutOff, Disconnect, EdgePage, HtmlWithOk, Redirect, Truncated};
    use Strategy::{Export, Walk};
    let fault = |api, when, effect| vec![Fault::of(api, when, effect)];
    let exports = |change: fn(&mut Exports)| {
        let mut exports = in_blocks(8);
        change(&mut exports);
        exports
    };
    let files = |name, when, effect, strategy, note| Trouble {
        faults: fault("download", when, effect),
        ..trouble(name, strategy, note)
    };
    let calls = |name, api, when, effect, strategy, note| Trouble {
        faults: fault(api, when, effect),
        ..trouble(name, strategy, note)
    };
    let slow = Exports { duration: Duration::from_secs(600), ..in_blocks(8) };
    vec![
        Trouble { exports: slow, ..trouble("ten minutes to make", Export, "") },
        Trouble {
            exports: exports(|exports| exports.duration = Duration::from_secs(36_000)),
            ..trouble("ten hours to make", Walk, "did not finish it in time")
        },
        Trouble { exports: exports(|exports| exports.fail = true), ..trouble("it fails", Walk, "could not make it") },
        Trouble { exports: exports(|exports| exports.wrong_md5 = true), ..trouble("wrong MD5", Walk, "MD5") },
        Trouble {
            exports: exports(|exports| exports.ignore_block_size = true),
            ..trouble("one file whatever is asked for", Export, "")
        },
        Trouble {
            exports: exports(|exports| exports.ranges = false),
            ..trouble("a server without ranges", Export, "")
        },
        Trouble {
            exports: exports(|exports| (exports.ranges, exports.ignore_block_size) = (false, true)),
            limits: Limits::default().largest_response(8 << 10),
            ..trouble("a server without ranges, and files too large for an answer", Walk, "ignores ranges")
        },
        Trouble {
            exports: exports(|exports| exports.leaderless_departments = true),
            ..trouble("departments without leaders", Export, "")
        },
        calls("not granted", "export/user", When::Always, Code(48002), Walk, "48002"),
        calls("not known", "export/user", When::Always, Code(40096), Walk, "export failed"),
        calls("the departments not granted", "export/department", When::Always, Code(48009), Walk, "48009"),
        calls("a page of HTML", "export/get_result", When::Always, HtmlWithOk, Walk, "HTML"),
        calls("rate limited", "export/user", When::Nth(1), Code(45009), Export, ""),
        calls("blocked", "export/get_result", When::Nth(1), Block(Duration::from_secs(60)), Export, ""),
        calls("busy", "export/get_result", When::Nth(1), Code(-1), Export, ""),
        calls("a token that expired", "export/get_result", When::Nth(1), Code(42001), Export, ""),
        calls("a connection that broke", "export/get_result", When::Nth(1), Disconnect { processed: true }, Export, ""),
        calls("a job that was lost", "export/get_result", When::Nth(1), Code(40088), Export, ""),
        calls("a result that was purged", "export/get_result", When::Nth(2), Code(40089), Export, ""),
        calls("jobs that are always lost", "export/get_result", When::Always, Code(40088), Walk, "in vain"),
        files("a connection breaks", When::Nth(2), Disconnect { processed: true }, Export, ""),
        files("a file is cut off", When::Nth(2), CutOff, Export, ""),
        files("the edge is down", When::Nth(2), EdgePage(502), Export, ""),
        files("the edge stays down", When::Always, EdgePage(502), Walk, "status 502"),
        files("an address expired", When::Nth(2), EdgePage(403), Export, ""),
        files("addresses expire at once", When::Always, EdgePage(403), Walk, "in vain"),
        files("a byte is wrong", When::Nth(3), Corrupted, Export, "ordered again"),
        files("bytes are always wrong", When::Always, Corrupted, Walk, "cannot be used"),
        files("a file is shorter than announced", When::Always, Truncated, Walk, "bytes, asked for"),
        files("a redirect", When::Always, Redirect("http://127.0.0.1:1/x".to_owned()), Walk, "status 30"),
    ]
}

#[tokio::test]
async fn no_trouble_of_the_export_costs_more_than_the_export() {
    for Trouble { name, exports, faults, limits, strategy, note } in troubles() {
        let corp = Generator { leaders: true, ..Generator::sized(5, 40, 6) }.generate().unwrap();
        let stage = Setting::new(corp).behaviour(exporting(exports)).limits(limits).start().await;
        for fault in faults {
            stage.control.inject(fault);
        }
        let report = stage.complete(&EXPORT).await;
        assert_eq!(report.strategy, strategy, "{name}: {:?}", report.notes);
        assert_eq!(report.notes.is_empty(), note.is_empty(), "{name}: {:?}", report.notes);
        assert!(has_note(&report, note) || note.is_empty(), "{name}: {:?}", report.notes);
        stage.control.clear_faults();
        stage.assert_exact().await;
        stage.assert_discreet(&[]);
    }
}

#[tokio::test]
async fn what_an_administrator_has_to_mend_pauses_the_export_as_well() {
    for (name, api, effect, reason) in [
        ("trusted address taken away", "export/user", Effect::Code(60020), "not-permitted"),
        ("the same while it is made", "export/get_result", Effect::Code(60020), "not-permitted"),
        ("app disabled", "export/get_result", Effect::Code(50003), "not-permitted"),
    ] {
        let stage = Setting::new(demo()).behaviour(exporting(in_blocks(4))).start().await;
        stage.control.inject(Fault::of(api, When::Always, effect));
        let error = stage.paused(&EXPORT).await;
        assert_eq!(organisation_host::reason_name(&error.reason), reason, "{name}");
        stage.control.clear_faults();
        let report = stage.complete(&EXPORT).await;
        assert_eq!((report.strategy, stage.control.count("user/list").calls), (Strategy::Export, 0), "{name}");
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn waiting_for_the_export_is_left_to_the_host() {
    let exports = Exports { duration: Duration::from_secs(20), ..Exports::default() };
    let stage = Setting::new(demo()).behaviour(exporting(exports)).start().await;
    let mut waits = Vec::new();
    let report = loop {
        match stage.step(&EXPORT).await.unwrap() {
            SyncStep::Wait(waiting) => {
                assert_eq!((waiting.reason.as_str(), waiting.vendor_code), ("export-running", None));
                assert_eq!(waiting.progress.phase, "export-wait");
                waits.push(waiting.not_before - stage.control.now());
                // An early call asks nobody.
                let calls = stage.vendor_calls();
                assert!(matches!(stage.step(&EXPORT).await.unwrap(), SyncStep::Wait(_)));
                assert_eq!(stage.vendor_calls(), calls);
                stage.advance_to(waiting.not_before);
            }
            SyncStep::Complete(report) => break report,
            SyncStep::More(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000], "each wait is twice as long");
    assert_eq!(report.waits, 7);
}

/// An organisation that is large by its departments.
fn many_departments() -> Corp {
    Generator { shape: Shape::Wide, unusual: false, ..Generator::sized(9, 60, 510) }.generate().unwrap()
}

#[tokio::test]
async fn the_element_chooses_by_the_number_of_departments() {
    for (name, corp, expected) in [("few", demo(), Strategy::Walk), ("many", many_departments(), Strategy::Export)] {
        let stage = Setting::new(corp).start().await;
        let report = stage.complete(&PLAIN).await;
        assert_eq!(report.strategy, expected, "{name}");
        assert!(expected == Strategy::Walk || report.vendor_calls <= 20, "{name}: {:?}", report.calls_by_api);
        assert_eq!(stage.control.count("export/department").calls, 0, "{name}: the list told them already");
        let api_calls = stage.vendor_calls() - stage.control.count("download").calls;
        assert_eq!(api_calls, report.vendor_calls, "{name}: the report counts what was sent");
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn a_refusal_is_remembered_for_a_week_and_explained() {
    let stage = Stage::of(many_departments()).await;
    let orders = || stage.control.count("export/user").calls;
    stage.control.inject(Fault::of("export/user", When::Always, Effect::Code(48002)));
    let report = stage.complete(&PLAIN).await;
    assert!(report.strategy == Strategy::Walk && has_note(&report, "48002"), "{:?}", report.notes);
    assert_eq!(orders(), 1);
    stage.control.clear_faults();
    for (name, wait, request, asked, expected) in [
        ("the next run does not ask", 1, &PLAIN, 1, Strategy::Walk),
        ("a run of somebody who wants it does", 1, &EXPORT, 2, Strategy::Export),
        ("which makes it known that it works", 1, &PLAIN, 3, Strategy::Export),
    ] {
        stage.advance(Duration::from_secs(wait));
        assert_eq!(stage.complete(request).await.strategy, expected, "{name}");
        assert_eq!(orders(), asked, "{name}");
    }
    stage.control.inject(Fault::of("export/user", When::Nth(1), Effect::Code(48002)));
    assert_eq!(stage.complete(&PLAIN).await.strategy, Strategy::Walk);
    stage.advance(Duration::from_secs(7 * 24 * 3_600 + 60));
    assert_eq!(stage.complete(&PLAIN).await.strategy, Strategy::Export, "after a week it is asked for again");
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_server_that_is_not_admitted_is_named_with_what_admits_it() {
    let stage = Stage::demo().await;
    let base = stage.document(&json!({}));
    let base = serde_json::from_str::<Value>(&base).unwrap()["apiBaseUrl"].as_str().unwrap().to_owned();
    let elsewhere = base.replace("127.0.0.1", "localhost");
    stage.control.configure(|behaviour| behaviour.exports.download_base = Some(elsewhere.clone()));
    let report = stage.complete(&EXPORT).await;
    assert_eq!(report.strategy, Strategy::Walk);
    let admitting = format!("--allow-host {}", elsewhere.trim_start_matches("http://"));
    for part in [&elsewhere[..], "sync.downloadHosts", &admitting] {
        assert!(has_note(&report, part), "{part}: {:?}", report.notes);
    }
    assert_eq!(stage.control.count("download").calls, 0);
    // Named in the configuration, but the operator admits the API only: the refusal names the option.
    let named = stage.reconfigured(&json!({ "sync": { "downloadHosts": [elsewhere] } }));
    let Ok(SyncStep::Complete(report)) = stage.sync_of(&named, &EXPORT).await else { panic!() };
    assert!(report.strategy == Strategy::Walk && has_note(&report, &admitting), "{:?}", report.notes);
    // Named and admitted, it works.
    let entries = [base.trim_start_matches("http://"), elsewhere.trim_start_matches("http://")];
    let admitted = stage.admitting(&entries, &json!({ "sync": { "downloadHosts": [elsewhere] } }));
    let Ok(SyncStep::Complete(report)) = stage.sync_of(&admitted, &EXPORT).await else { panic!() };
    assert_eq!((report.strategy, report.notes), (Strategy::Export, vec![]));
    stage.assert_exact().await;
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn what_is_too_large_for_an_answer_is_exported() {
    // WeCom refuses the list of a department.
    let corp = Generator { crowd: 60, root_visible: false, ..Generator::sized(4, 90, 8) }.generate().unwrap();
    let stage = Stage::of(corp.clone()).await;
    stage.control.configure(|behaviour| behaviour.switches.largest_list = Some(50));
    let report = stage.complete(&PLAIN).await;
    assert!(report.strategy == Strategy::Export && has_note(&report, "is larger than one answer"), "{report:?}");
    stage.assert_exact().await;
    // Whoever wants a walk gets one: the host's bound is on the list, not on its ids.
    let stage = Stage::of(corp.clone()).await;
    let narrow = stage.element.with_limits(Limits::default().largest_response(12 << 10));
    let Ok(SyncStep::Complete(report)) = stage.sync_of(&narrow, &WALK).await else { panic!() };
    assert!(report.strategy == Strategy::Walk && has_note(&report, "one by one"), "{report:?}");
    stage.assert_exact().await;
    // Not even the list of departments fits.
    let corp = Generator { unusual: false, ..Generator::sized(6, 20, 60) }.generate().unwrap();
    let stage = Setting::new(corp).limits(Limits::default().largest_response(4 << 10)).start().await;
    let report = stage.complete(&PLAIN).await;
    assert!(report.strategy == Strategy::Export && has_note(&report, "list of departments"), "{report:?}");
    stage.assert_exact().await;
}

/// Cuts a first sync by export off at every operation, in turn, and goes on each time.
async fn cut_everywhere(cut: Cut) {
    let corp = Generator::sized(2, 30, 5).generate().unwrap();
    for operations in 0.. {
        let stage = Setting::new(corp.clone()).behaviour(exporting(in_blocks(6))).start().await;
        assert!(matches!(stage.step(&EXPORT).await, Ok(SyncStep::Wait(_))));
        stage.advance(Duration::from_secs(2));
        stage.fuse.arm(operations, cut);
        let answer = stage.fuse.watch(EXPORT.call(&stage.element)).await;
        stage.fuse.mend();
        if let Some(answer) = answer {
            assert!(matches!(stage.note_answer(answer), Ok(SyncStep::Complete(_))));
            assert!(operations > 10, "only {operations} deaths: the sync has more operations than that");
            return;
        }
        let copy = stage.copy().await;
        assert_eq!(Copy::replayed(&stage.changes().await), copy, "{cut:?} {operations}");
        stage.advance(LEASES_OVER);
        // Dead after its last write, the run was complete, and this is the next one.
        let runs = 1 + u64::from(stage.overview().await.last_run.is_some());
        let report = stage.complete(&EXPORT).await;
        assert_eq!(report.strategy, Strategy::Export);
        assert_eq!(stage.control.count("export/user").calls, runs, "{operations}: nothing is ordered twice");
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn an_export_killed_before_any_operation_goes_on() {
    cut_everywhere(Cut::Before).await;
}

#[tokio::test]
async fn an_export_killed_after_any_operation_goes_on() {
    cut_everywhere(Cut::After).await;
}

#[tokio::test]
async fn a_call_ends_between_two_files_and_the_next_goes_on_there() {
    let corp = Generator::sized(8, 200, 5).generate().unwrap();
    let setting = Setting::new(corp).behaviour(exporting(in_blocks(40)));
    let stage = setting.limits(narrow()).store(Store::Sqlite).start().await;
    let mut calls = 0;
    let report = loop {
        calls += 1;
        // Each call is another process on the same file.
        let process = stage.elsewhere_with(narrow()).await;
        match stage.step_of(&process, &EXPORT).await.unwrap() {
            SyncStep::More(_) => {}
            SyncStep::Wait(waiting) => stage.advance_to(waiting.not_before),
            SyncStep::Complete(report) => break report,
            other => panic!("{other:?}"),
        }
    };
    assert!(calls > 3, "only {calls} calls for 5 files");
    // Not one range was fetched twice.
    let bytes = stage.control.counts()["download"].calls * (4 << 10);
    assert!(report.members_total >= 190 && bytes < (200 << 10), "{bytes} bytes for {report:?}");
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_file_larger_than_a_call_may_receive_makes_the_run_a_walk() {
    let corp = Generator::sized(8, 3_000, 200).generate().unwrap();
    let limits = narrow().largest_response(32 << 10);
    let stage = Setting::new(corp).limits(limits).start().await;
    let report = stage.complete(&EXPORT).await;
    assert!(
        report.strategy == Strategy::Walk && has_note(&report, "may receive too little, for one file"),
        "{report:?}"
    );
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_file_that_does_not_fit_into_the_memory_of_a_call_makes_the_run_a_walk() {
    let corp = Generator::sized(8, 3_000, 200).generate().unwrap();
    for (mib, strategy) in [(6, Strategy::Walk), (32, Strategy::Export)] {
        let limits = Limits::default().memory_bytes(mib << 20);
        let stage = Setting::new(corp.clone()).limits(limits).start().await;
        let report = stage.complete(&EXPORT).await;
        assert_eq!(report.strategy, strategy, "{mib} MiB: {report:?}");
        assert_eq!(has_note(&report, "too little memory for one file"), strategy == Strategy::Walk, "{report:?}");
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn the_key_and_the_addresses_of_files_are_secrets() {
    let exports = Exports { duration: Duration::from_secs(3), ..in_blocks(6) };
    let stage = Setting::new(demo()).behaviour(exporting(exports)).store(Store::Sqlite).start().await;
    let mut secrets = Vec::new();
    loop {
        let step = stage.step(&EXPORT).await.unwrap();
        for entry in stage.stored("directory/r/").await.into_iter().filter(|entry| entry.key.contains("/j/")) {
            let job: Value = serde_json::from_str(&entry.value).unwrap();
            secrets.push(job["key"].as_str().unwrap().to_owned());
            let files = job["members"]["files"].as_array().into_iter().flatten();
            secrets.extend(files.map(|file| file["url"].as_str().unwrap().to_owned()));
        }
        let at_rest = stage.at_rest();
        for secret in &secrets {
            let found = at_rest.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a key or an address lies open in the database");
        }
        match step {
            SyncStep::Wait(waiting) => stage.advance_to(waiting.not_before),
            SyncStep::Complete(_) => break,
            _ => {}
        }
    }
    assert!(!secrets.is_empty(), "there was nothing to look for");
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    stage.assert_discreet(&secrets);
}
