//! What the vendor encrypts, and files: nothing private is in them either, and they show the same failure again.

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_host::recording::RecordedEnd;
use organisation_record::RecordingFile;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use wecom_simulator::{
    DEMO_CORP_ID, Effect, Fault, When,
    cipher::{self, Key},
};

use super::{bed, file, holds_nothing_private, is_nothing_private, planted, record, replay};
use crate::bed::{Bed, Ended};

/// What may be a key in a recording.
fn keys(text: &str) -> Vec<Key> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(Key::read).collect()
}

/// The exported files in a recording, decrypted with the keys in it; as many as are announced with their checksum.
fn exported(path: &Path) -> Vec<String> {
    let (recording, text) = (RecordingFile::read(path).unwrap(), fs::read_to_string(path).unwrap());
    let mut files: BTreeMap<String, BTreeMap<u64, Vec<u8>>> = BTreeMap::new();
    for import in recording.calls.iter().flat_map(|call| &call.imports) {
        let requests = import.arguments["requests"].as_array().cloned();
        let requests = requests.unwrap_or_else(|| vec![import.arguments["request"].clone()]);
        let answers = match &import.answer {
            Some(Value::Array(answers)) => answers.clone(),
            answer => vec![answer.clone().unwrap_or_default()],
        };
        for (request, answer) in requests.iter().zip(answers) {
            let Some(body) = answer["ok"]["body"]["base64"].as_str() else { continue };
            let range = request["headers"][0]["value"].as_str().unwrap();
            let from = range.strip_prefix("bytes=").unwrap().split('-').next().unwrap().parse().unwrap();
            let file = files.entry(request["url"].as_str().unwrap().to_owned()).or_default();
            file.insert(from, STANDARD.decode(body).unwrap());
        }
    }
    let files = files.into_values().map(|parts| parts.into_values().collect::<Vec<_>>().concat());
    let open = |file: Vec<u8>| {
        assert!(text.contains(&cipher::checksum(&file)), "the checksum is announced");
        let bytes = STANDARD.decode(&file).unwrap_or(file);
        let plain =
            keys(&text).iter().find_map(|key| key.decrypt(&bytes).ok()).expect("a key of the recording opens it");
        String::from_utf8(plain).unwrap()
    };
    files.map(open).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_recorded_with_what_is_encrypted() {
    for (name, base64, ranges) in [("bytes", false, true), ("text", true, true), ("whole", false, false)] {
        let bed = bed().await;
        bed.control().configure(|behaviour| {
            (behaviour.exports.base64_files, behaviour.exports.ranges) = (base64, ranges);
            behaviour.exports.smallest_block = Some(10);
        });
        let (ended, path) = record(&bed, "export.jsonl", &["sync", "--strategy", "export"]);
        let done = ended.exits(0);
        assert_eq!(
            (&done["state"], &done["totals"]["members"]),
            (&"complete".into(), &25.into()),
            "{name}: {ended:#?}"
        );
        holds_nothing_private(&path, &[]);
        let files = exported(&path);
        let rows = |list: &str| {
            let documents = files.iter().map(|file| serde_json::from_str::<Value>(file).unwrap());
            documents.filter_map(|document| Some(document[list].as_array()?.len())).sum::<usize>()
        };
        assert!(rows("userlist") >= 25 && rows("department") >= 6, "{name}: {files:?}");
        files.iter().for_each(|file| is_nothing_private(file, &[]));
        replay(&bed, &path).exits(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_another_command_ordered_is_recorded() {
    let bed = bed().await;
    let (ended, ordered) = record(&bed, "ordered.jsonl", &["sync", "--strategy", "export", "--max-wait", "0s"]);
    assert_eq!(ended.exits(1)["state"], "waiting", "{ended:#?}");
    let (ended, fetched) = record(&bed, "fetched.jsonl", &["sync"]);
    assert_eq!(ended.exits(0)["totals"]["members"], 25, "{ended:#?}");
    for (path, code, files) in [(&ordered, 1, 0), (&fetched, 0, 2)] {
        holds_nothing_private(path, &[]);
        let documents = exported(path);
        assert_eq!(documents.len(), files);
        documents.iter().for_each(|file| is_nothing_private(file, &[]));
        replay(&bed, path).exits(code);
    }
}

/// The last call of a replay.
fn last(replayed: &Value) -> Value {
    replayed["calls"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_by_export_fails_again_in_the_same_way() {
    let corrupted = || Fault::of("download", When::Always, Effect::Corrupted);
    let busy = |api: &str| Fault::of(api, When::Always, Effect::Code(-1));
    for (name, faults) in [
        ("nothing is ordered", vec![busy("export/user")]),
        ("a result is refused", vec![busy("export/get_result")]),
        ("what is after the files fails", vec![busy("agent/get"), busy("user/get")]),
        ("files are damaged, and the walk fails", vec![corrupted(), busy("user/list"), busy("department/list")]),
    ] {
        let bed = bed().await;
        // Nobody can be told without asking for each by itself.
        bed.control().change(|corp| corp.remove_member(planted("id"))).unwrap();
        for fault in faults {
            bed.control().inject(fault);
        }
        let (ended, path) = record(&bed, "failing.jsonl", &["sync", "--strategy", "export", "--max-wait", "20s"]);
        let failed = ended.exits(1);
        assert!(path.exists() && failed["state"] == "paused", "{name}: {ended:#?}");
        holds_nothing_private(&path, &[]);
        let replayed = replay(&bed, &path).exits(1);
        let (last, recording) = (last(&replayed), RecordingFile::read(&path).unwrap());
        let RecordedEnd::Answered(answer) = &recording.calls.last().unwrap().end else { panic!("{recording:?}") };
        assert_eq!(&last["detail"], answer.get("ok").or(answer.get("err")).unwrap(), "{name}");
        let error = &last["detail"]["paused"]["error"];
        assert_eq!(
            (&error["reason"], &error["vendor_code"]),
            (&failed["error"]["reason"], &failed["error"]["vendor_code"]),
            "{name}: {failed} {last}"
        );
    }
}

/// A delivery as WeCom sends it, with what follows `?`, and its body in a file.
struct Sent {
    query: String,
    body: Option<String>,
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Sent {
    /// Signed and sealed; `is_json` says in what form.
    fn new(token: &str, key: &str, receiver: &str, message: &str, is_json: bool) -> Self {
        let sealed = cipher::seal(&Key::read(key).unwrap(), [7; 16], message.as_bytes(), receiver.as_bytes()).unwrap();
        let signature = cipher::signature(token, "1764450000", "nonce-of-WeCom", &sealed);
        let query = format!("msg_signature={signature}&timestamp=1764450000&nonce=nonce-of-WeCom");
        let body = match is_json {
            true => json!({"ToUserName": receiver, "AgentID": "1000073", "Encrypt": sealed}).to_string(),
            false => format!(
                "<xml><ToUserName><![CDATA[{receiver}]]></ToUserName><AgentID><![CDATA[1000073]]></AgentID>\
                 <Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
            ),
        };
        Self { query, body: Some(body) }
    }

    /// A check of the address.
    fn check(token: &str, key: &str, text: &str) -> Self {
        let Self { query, body } = Self::new(token, key, DEMO_CORP_ID, text, true);
        let sealed = serde_json::from_str::<Value>(&body.unwrap()).unwrap()["Encrypt"].as_str().unwrap().to_owned();
        Self { query: format!("{query}&echostr={}", encoded(&sealed)), body: None }
    }

    fn record(&self, bed: &Bed, name: &str, options: &[&str]) -> (Ended, std::path::PathBuf) {
        let body = file(bed, "body");
        let mut arguments = vec!["callback", "--query", &self.query];
        if let Some(text) = &self.body {
            fs::write(&body, text).unwrap();
            arguments.extend(["--body", body.to_str().unwrap()]);
        }
        record(bed, name, &[&arguments, options].concat())
    }
}

/// What is sealed in the deliveries of a recording, opened with the keys in it.
fn delivered(path: &Path) -> Vec<String> {
    let (recording, text) = (RecordingFile::read(path).unwrap(), fs::read_to_string(path).unwrap());
    let handled = recording.calls.iter().filter(|call| call.function == "callbacks.handle");
    let sealed = handled.map(|call| {
        let request = &call.arguments[0];
        let pairs = request["query"].as_str().unwrap().split('&');
        let echo = pairs.filter_map(|pair| pair.strip_prefix("echostr=")).next();
        match (echo, request["body"]["bytes"].as_str()) {
            (Some(echo), _) => percent_decode_str(echo).decode_utf8().unwrap().into_owned(),
            (None, None) => String::new(),
            (None, Some(body)) => {
                let body = String::from_utf8(STANDARD.decode(body).unwrap()).unwrap();
                let is_of_seal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
                body.split(|c| !is_of_seal(c)).max_by_key(|word| word.len()).unwrap().to_owned()
            }
        }
    });
    let open = |sealed: String| {
        let opened = keys(&text).iter().find_map(|key| cipher::opened(key, &sealed).ok());
        opened.map(|opened| String::from_utf8([opened.message, b"\n".to_vec(), opened.receiver].concat()).unwrap())
    };
    sealed.filter_map(open).collect()
}

const APP_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const APP_TOKEN: &str = "AppT0ken";

/// With both routes configured.
async fn receiving() -> Bed {
    let bed = bed().await;
    let text = fs::read_to_string(bed.home().join("org/org.json")).unwrap();
    let mut configuration: Value = serde_json::from_str(&text).unwrap();
    configuration["callback"] = json!({"token": APP_TOKEN, "encodingAESKey": APP_KEY});
    bed.write("org", &configuration);
    bed
}

fn message() -> String {
    format!(
        "<xml><ToUserName><![CDATA[{DEMO_CORP_ID}]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName>\
         <CreateTime>1764450000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{} {}]]></Content>\
         <MsgId>7000000000000000001</MsgId><AgentID>1000073</AgentID></xml>",
        planted("id"),
        planted("name"),
        planted("mobile"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_recorded_with_what_is_encrypted() {
    let bed = receiving().await;
    let (token, key) = (planted("callback token"), planted("callback key"));
    let of_contacts = |change: &str, fields: &str| {
        format!(
            "<xml><ToUserName>{DEMO_CORP_ID}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1764450000</CreateTime>\
             <MsgType>event</MsgType><Event>change_contact</Event><ChangeType>{change}</ChangeType>{fields}</xml>"
        )
    };
    let tag = of_contacts(
        "update_tag",
        "<TagId>1</TagId><AddUserItems>lisi,404917</AddUserItems><AddPartyItems>2,4</AddPartyItems>",
    );
    let party = of_contacts("create_party", "<Id>4</Id><Name>绝密项目部</Name><ParentId>1</ParentId><Order>1</Order>");
    let card = json!({"ToUserName": DEMO_CORP_ID, "FromUserName": planted("id"), "CreateTime": 1_764_450_000, "MsgType": "event",
        "Event": "click", "EventKey": planted("attribute"), "AgentID": 1_000_073})
    .to_string();
    let rows = [
        ("message", Sent::new(APP_TOKEN, APP_KEY, DEMO_CORP_ID, &message(), false), vec!["--route", "wecom"], 1),
        ("click", Sent::new(APP_TOKEN, APP_KEY, DEMO_CORP_ID, &card, true), vec!["--route", "wecom"], 1),
        ("check", Sent::check(APP_TOKEN, APP_KEY, "7426153098812345678"), vec!["--route", "wecom"], 0),
        ("tag", Sent::new(token, key, DEMO_CORP_ID, &tag, false), vec!["--contacts"], 1),
        ("department", Sent::new(token, key, DEMO_CORP_ID, &party, false), vec!["--contacts", "--follow-up"], 1),
    ];
    for (name, sent, options, events) in rows {
        let (ended, path) = sent.record(&bed, &format!("{name}.jsonl"), &options);
        ended.exits(0);
        let more = [("app token", APP_TOKEN), ("app key", APP_KEY), ("check", "7426153098812345678")];
        holds_nothing_private(&path, &more);
        let opened = delivered(&path);
        assert_eq!(opened.len(), 1, "{name} can be opened");
        is_nothing_private(&opened[0], &more);
        let replayed = replay(&bed, &path).exits(0);
        let calls = replayed["calls"].as_array().unwrap();
        let handled = calls.iter().find(|call| call["function"] == "callbacks.handle").unwrap();
        assert_eq!(handled["detail"]["events"].as_array().unwrap().len(), events, "{name}: {handled}");
        if name == "department" {
            assert_eq!(handled["detail"]["follow_ups"][0]["subject"], "4", "departments keep their numbers");
        }
        if name == "tag" {
            assert_eq!(handled["detail"]["follow_ups"].as_array().unwrap().len(), 4, "{handled}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_fails_fails_again_in_the_same_way() {
    let bed = receiving().await;
    let other_key = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";
    let sent = |token, key, receiver| Sent::new(token, key, receiver, &message(), false);
    let whole = sent(APP_TOKEN, APP_KEY, DEMO_CORP_ID);
    let no_base64 = {
        let signature = cipher::signature(APP_TOKEN, "1764450000", "n", "no*base64");
        let query = format!("msg_signature={signature}&timestamp=1764450000&nonce=n");
        Sent { query, body: Some("<xml><Encrypt>no*base64</Encrypt></xml>".to_owned()) }
    };
    for (name, sent, why) in [
        ("another token", sent("An0therToken", APP_KEY, DEMO_CORP_ID), "the signature differs"),
        ("another key", sent(APP_TOKEN, other_key, DEMO_CORP_ID), "encodingAESKey does not decrypt it"),
        ("another organisation", sent(APP_TOKEN, APP_KEY, "ww0000000000000abc"), "it is for another organisation"),
        ("nothing encrypted", Sent { body: Some(message()), ..whole }, "the body holds nothing encrypted"),
        ("no base64", no_base64, "what is encrypted is no Base64"),
        (
            "no query",
            Sent { query: format!("who={}", encoded(planted("name"))), body: None },
            "the query lacks something",
        ),
    ] {
        let (ended, path) = sent.record(&bed, &format!("{}.jsonl", name.replace(' ', "-")), &["--route", "wecom"]);
        let failed = ended.exits(1);
        holds_nothing_private(&path, &[("app token", APP_TOKEN), ("app key", APP_KEY), ("token", "An0therToken")]);
        delivered(&path).iter().for_each(|message| is_nothing_private(message, &[]));
        let replayed = replay(&bed, &path).exits(1);
        assert_eq!(last(&replayed)["detail"]["response"]["status"], failed["status"], "{name}: {failed} {replayed}");
        let recording = RecordingFile::read(&path).unwrap();
        let lines =
            recording.calls.iter().flat_map(|call| &call.imports).filter(|import| import.function == "log.write");
        let said = lines.map(|line| line.arguments.to_string()).collect::<String>();
        assert!(said.contains(why), "{name}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_recorded_without_what_is_in_them() {
    let bed = bed().await;
    let content =
        |beginning: &[u8]| [beginning, planted("name").as_bytes(), &[b' '; 9], planted("mobile").as_bytes()].concat();
    for (kind, extension, content) in [
        ("image", "png", content(b"\x89PNG\r\n\x1a\n")),
        ("file", "txt", content(b"")),
        ("file", "json", json!({"name": planted("name"), "mobile": planted("mobile")}).to_string().into_bytes()),
    ] {
        let (picture, name) = (file(&bed, "upload"), format!("{}.{extension}", planted("name")));
        fs::write(&picture, &content).unwrap();
        let arguments = ["message", "upload", picture.to_str().unwrap(), "--kind", kind, "--name", &name];
        let (ended, path) = record(&bed, &format!("{kind}-{extension}.jsonl"), &arguments);
        ended.exits(0);
        let text = holds_nothing_private(&path, &[]);
        let recording = RecordingFile::read(&path).unwrap();
        let upload = recording.calls.iter().find(|call| call.function == "messaging.upload").unwrap();
        let request = &upload.arguments[0];
        let bytes = STANDARD.decode(request["content"]["bytes"].as_str().unwrap()).unwrap();
        assert_eq!((bytes.len(), bytes.starts_with(&content[..1]) || extension == "txt"), (content.len(), true));
        assert!(request["file_name"].as_str().unwrap().ends_with(&format!(".{extension}")), "{text}");
        is_nothing_private(&String::from_utf8_lossy(&bytes), &[]);
        replay(&bed, &path).exits(0);
    }
}
