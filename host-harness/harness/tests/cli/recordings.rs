//! `--record` and `--replay`: nothing private stands in a recording, and it shows the same failure again.

mod sealed;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_host::{
    ElementOptions, Host, Limits,
    recording::{RecordedEnd, Recording},
    settings::Document,
    storage::{MemoryStorage, Options},
};
use organisation_record::{Header, RecordingFile, Unsealed, rehearse, replay as made_again};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use wecom_simulator::{
    Browser, Choice, Corp, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Generator,
    corp::{Attribute, Member},
};

use crate::{
    bed::{Bed, Ended},
    guests::Guest,
};

/// What a company would not have in a report: written into the simulated one.
const PLANTED: &[(&str, &str)] = &[
    ("name", "欧阳靖宇"),
    ("id", "OuYang.Jingyu"),
    ("mobile", "13911187654"),
    ("telephone", "0571-8888-4321"),
    ("email", "ouyang.jingyu@private-corp.cn"),
    ("business e-mail", "jingyu@mail.private-corp.cn"),
    ("address", "杭州市西湖区留和路 318 号"),
    ("position", "Chief Secrets Officer"),
    ("alias", "小靖靖"),
    ("attribute", "工号 A-77-4413"),
    ("department", "绝密项目部"),
    ("host", "portal.private-corp.cn"),
    ("organisation", DEMO_CORP_ID),
    ("secret", DEMO_SECRET),
    ("contact secret", "deadbeef0123456789abcdefdeadbeef0123456789a"),
    ("callback token", "Walk1ngTok"),
    ("callback key", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
    ("numeric name", "数字先生"),
];

/// Ids that are numbers: too short to be looked for as parts of others.
const NUMBERS: [&str; 2] = ["404917", "40491"];

fn planted(text: &str) -> &'static str {
    PLANTED.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).unwrap()
}

fn plant(corp: &mut Corp) {
    let mut member = Member::new(planted("id"), planted("name"), 2);
    member.mobile = planted("mobile").to_owned();
    member.telephone = planted("telephone").to_owned();
    member.email = planted("email").to_owned();
    member.biz_mail = planted("business e-mail").to_owned();
    member.address = planted("address").to_owned();
    member.position = planted("position").to_owned();
    member.alias = planted("alias").to_owned();
    member.attributes = vec![Attribute::text("工号", planted("attribute"))];
    corp.add_member(member).unwrap();
    for id in NUMBERS {
        corp.add_member(Member::new(id, planted("numeric name"), 2)).unwrap();
    }
}

async fn bed() -> Bed {
    let mut corp = wecom_simulator::demo();
    plant(&mut corp);
    corp.rename_department(2, planted("department")).unwrap();
    let bed = Bed::of(corp).await;
    let mut configuration = bed.configuration();
    configuration["redirectUri"] = format!("https://{}/callback", planted("host")).into();
    configuration["contactCallback"] = serde_json::json!({"secret": planted("contact secret"), "token": planted("callback token"),
        "encodingAESKey": planted("callback key")});
    bed.write("org", &configuration);
    bed
}

fn file(bed: &Bed, name: &str) -> PathBuf {
    bed.home().join(name)
}

fn record(bed: &Bed, name: &str, arguments: &[&str]) -> (Ended, PathBuf) {
    let path = file(bed, name);
    let ended = bed.run(&[&["--record", path.to_str().unwrap()], arguments].concat());
    (ended, path)
}

fn replay(bed: &Bed, path: &Path) -> Ended {
    bed.run_plain(&["--format", "json", "--replay", path.to_str().unwrap()])
}

/// Every way in which a text could stand in another one.
fn spellings(text: &str) -> Vec<String> {
    let json = serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let percent = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut all = vec![text.to_owned(), json, escaped, percent.to_lowercase(), percent, text.to_lowercase()];
    for before in 0..3 {
        let encoded = STANDARD.encode([&vec![0; before], text.as_bytes()].concat());
        // Without the characters that depend on what stands before and behind.
        let (start, end) = ((before * 8_usize).div_ceil(6), (before + text.len()) * 8 / 6);
        all.push(encoded[start..end].to_owned());
    }
    all
}

#[track_caller]
fn holds_nothing_private(path: &Path, more: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(path).unwrap();
    is_nothing_private(&text, more);
    text
}

#[track_caller]
fn is_nothing_private(text: &str, more: &[(&str, &str)]) {
    let folded = text.to_lowercase();
    let number = text.split(|c: char| !c.is_alphanumeric()).find(|word| NUMBERS.contains(word));
    assert_eq!(number, None, "an id that is a number");
    for (name, planted) in PLANTED.iter().chain(more) {
        for spelling in spellings(planted) {
            assert!(!text.contains(&spelling) && !folded.contains(&spelling.to_lowercase()), "{name} as {spelling}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_recorded_without_what_is_private_and_replayed() {
    let bed = bed().await;
    let (ended, first) = record(&bed, "first.jsonl", &["sync", "--strategy", "walk"]);
    let done = ended.exits(0);
    assert_eq!((&done["state"], &done["totals"]["members"]), (&"complete".into(), &25.into()), "{ended:#?}");
    let text = holds_nothing_private(&first, &[]);
    for word in ["directory.advance", "http.send", "storage.apply", "wall-clock.now", "call.remaining", "settings.get"]
    {
        assert!(text.contains(word), "{word} is not recorded");
    }
    let replayed = replay(&bed, &first).exits(0);
    assert_eq!((&replayed["about"], &replayed["exit_status"]), (&"sync".into(), &0.into()));
    let functions: Vec<&str> =
        replayed["calls"].as_array().unwrap().iter().map(|call| call["function"].as_str().unwrap()).collect();
    for function in ["element.describe", "element.validate-config", "directory.begin", "directory.advance"] {
        assert!(functions.contains(&function), "{function}: {functions:?}");
    }

    // With a copy, a token and tens of records that calls before have left behind.
    let leave = |corp: &mut Corp| corp.remove_member(planted("id"));
    bed.control().change(leave).unwrap();
    let (ended, second) = record(&bed, "second.jsonl", &["sync", "--strategy", "walk"]);
    assert_eq!(ended.exits(0)["members"]["unchanged"], 24, "{ended:#?}");
    holds_nothing_private(&second, &[]);
    replay(&bed, &second).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_sync_fails_again_in_the_same_way() {
    let bed = bed().await;
    bed.control().change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"])).unwrap();
    let (ended, path) = record(&bed, "failing.jsonl", &["sync", "--strategy", "walk"]);
    let failed = ended.exits(1);
    assert!(path.exists(), "{ended:#?}");
    holds_nothing_private(&path, &[]);
    let replayed = replay(&bed, &path).exits(1);
    let last = replayed["calls"].as_array().unwrap().last().unwrap();
    let paused = &last["detail"]["paused"];
    assert_eq!(paused["error"]["vendor_code"], failed["error"]["vendor_code"], "{failed} {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_recorded_without_code_and_state() {
    let bed = bed().await;
    // The simulated app trusts no other host.
    bed.write("org", &bed.configuration());
    let (ended, begun) = record(&bed, "login.jsonl", &["login-url", "--entry", "browser"]);
    let made = ended.exits(0);
    let target = Browser::desktop()
        .sign_in(made["url"].as_str().unwrap(), &Choice::Member(planted("id").to_owned()))
        .await
        .unwrap();
    let target = url::Url::parse(&target).unwrap();
    let value = |key: &str| target.query_pairs().find(|(name, _)| name == key).unwrap().1.into_owned();
    let (code, state) = (value("code"), value("state"));
    let (ended, exchanged) = record(&bed, "exchange.jsonl", &["exchange", "--code", &code, "--state", &state]);
    assert_eq!(ended.exits(0)["member"]["id"], planted("id"), "{ended:#?}");
    for path in [&begun, &exchanged] {
        holds_nothing_private(path, &[("code", &code), ("state", &state)]);
        replay(&bed, path).exits(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_or_runs_elsewhere_is_found() {
    let bed = bed().await;
    let (_, path) = record(&bed, "a.jsonl", &["check"]);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(file(&bed, "changed.jsonl"), text.replacen("\"errmsg\\\":\\\"ok", "\"errmsg\\\":\\\"oh", 1)).unwrap();
    let message = |ended: &Ended| ended.fails(1, "recording")["message"].as_str().unwrap().to_owned();
    let changed = message(&replay(&bed, &file(&bed, "changed.jsonl")));
    assert!(changed.contains("was changed after it was written"), "{changed}");

    // Sealed again, as somebody makes one by hand: every answer that is looked at matters.
    let mut by_hand = RecordingFile::read(&path).unwrap();
    let answer =
        by_hand.calls.iter_mut().flat_map(|call| &mut call.imports).find(|import| import.function == "wall-clock.now");
    answer.unwrap().answer = Some(serde_json::json!([1, 0]));
    by_hand.write(&file(&bed, "by-hand.jsonl")).unwrap();
    let differs = message(&replay(&bed, &file(&bed, "by-hand.jsonl")));
    assert!(differs.contains("differs at line") && differs.contains("recorded:"), "{differs}");

    let mut other = RecordingFile::read(&path).unwrap();
    other.header.component = organisation_host::Digest::of(b"another");
    other.write(&file(&bed, "other.jsonl")).unwrap();
    let refused = message(&replay(&bed, &file(&bed, "other.jsonl")));
    assert!(refused.contains("was recorded with component"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_over_and_nothing_in_vain() {
    let bed = bed().await;
    let (_, path) = record(&bed, "a.jsonl", &["overview"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(&path).unwrap();
    record(&bed, "a.jsonl", &["overview"]).0.fails(2, "usage");
    assert_eq!(fs::read(&path).unwrap(), before);
    let (ended, none) = record(&bed, "none.jsonl", &["--component", "no-such-file.wasm", "overview"]);
    ended.fails(2, "file");
    assert!(ended.stderr.contains("before a component ran") && !none.exists(), "{ended:#?}");
    for arguments in [&["--replay", "x", "overview"][..], &["--replay", "x", "--record", "y"]] {
        assert_eq!(bed.run_plain(arguments).code, 2, "{arguments:?}");
    }
    bed.run(&["--record-mib", "1", "overview"]).fails(2, "usage");
    for mib in ["0", "4097", "much"] {
        bed.run(&["--record", "b.jsonl", "--record-mib", mib, "overview"]).fails(2, "usage");
    }
}

const DESCRIBE: &str = "element@0.1.0#describe";

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_and_a_limit_come_again() {
    let bed = Bed::new().await;
    let grows = Guest::default().with(DESCRIBE, "i32.const 60000\nmemory.grow\ndrop\nunreachable");
    for (name, guest, outcome, detail) in [
        ("trap", Guest::default().panics(DESCRIBE, b"it was told to panic"), "trap", "told to panic"),
        ("limit", grows, "limit", "memory-bytes"),
    ] {
        let (component, path) = (file(&bed, &format!("{name}.wasm")), file(&bed, &format!("{name}.jsonl")));
        fs::write(&component, guest.build()).unwrap();
        let run = |option: &str, command: &[&str]| {
            let named =
                ["--format", "json", "--component", component.to_str().unwrap(), option, path.to_str().unwrap()];
            bed.run_plain(&[&named[..], command].concat())
        };
        assert_eq!(run("--record", &["describe"]).code, 3, "{name}");
        let replayed = run("--replay", &[]).exits(3);
        let last = replayed["calls"].as_array().unwrap().last().unwrap();
        assert_eq!(last["outcome"], outcome, "{last}");
        assert!(last["detail"].to_string().contains(detail), "{last}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_out_of_time_is_again() {
    let bytes = Guest::default().with(DESCRIBE, "loop\nbr 0\nend\nunreachable").build();
    let recording = Recording::default();
    let host = Host::builder().parallel_calls(2).recording(&recording).build().unwrap();
    let component = host.load(&bytes).unwrap();
    let storage = Arc::new(MemoryStorage::new(Options::default()));
    let mut options = ElementOptions::new("acme", "organisation", Document::parse("{}").unwrap(), storage);
    options.limits = Limits::default().cpu_ms(100);
    assert!(host.element(&component, options).unwrap().describe("en").reported().await.is_err());

    let host = Host::builder().parallel_calls(2).build().unwrap();
    let component = host.load(&bytes).unwrap();
    let header = Header::new(component.digest(), "describe", 3);
    let recorded = rehearse(&host, &component, &bytes, &Unsealed, header, &recording.calls()).await.unwrap();
    let replayed = made_again(&host, &component, &recorded).await.unwrap();
    assert_eq!(replayed[0].end, RecordedEnd::Limit { limit: "cpu-ms".to_owned() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_ends_where_its_memory_does() {
    let bed = Bed::of(Generator::sized(3, 600, 30).generate().unwrap()).await;
    let (ended, path) = record(&bed, "large.jsonl", &["--record-mib", "1", "sync", "--strategy", "walk"]);
    let done = ended.exits(0);
    assert_eq!((&done["state"], &done["totals"]["departments"]), (&"complete".into(), &31.into()), "the sync goes on");
    assert!(ended.stderr.contains("not complete") && ended.stderr.contains("--record-mib"), "{}", ended.stderr);
    let ended = replay(&bed, &path);
    let replayed = ended.exits(0);
    assert_eq!(replayed["cut_off_at_bytes"], 1 << 20);
    assert!(ended.stderr.contains("not complete"), "{}", ended.stderr);
    let calls = replayed["calls"].as_array().unwrap();
    assert_eq!((&calls[calls.len() - 1]["outcome"], calls.len() > 3), (&"broken-off".into(), true), "{replayed}");
    assert!(fs::metadata(&path).unwrap().len() < 2 << 20);
}
