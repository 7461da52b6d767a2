//! What a component does with what a host does for it on its own account, once it is served: pairs of one that obeys and one that
//! does not, beside a neighbour who notices nothing.

use std::{fs, path::PathBuf};

use organisation_host::Digest;
use serde_json::{Value, json};
use wit_parser::{SizeAlign, Type};

use crate::{
    api::new_key,
    bed::Bed,
    guests::{Guest, contract},
    web::{Answer, Serving, declare, serve, tenant, until},
};

const HANDLE: &str = "callbacks@0.1.0#handle";
const FOLLOW_UP: &str = "callbacks@0.1.0#follow-up";
const VALIDATE: &str = "element@0.1.0#validate-config";
const SET_ROLES: &str = "administration@0.1.0#set-member-roles";
/// Where answers, lists and texts begin; zeros are what the guest answers otherwise.
const ANSWER: u32 = 1024;
const FURTHER: u32 = 2048;
/// Zeros without end, as far as a memory of two pages goes.
const ZEROS: u32 = 100_000;

/// What lies in a guest's memory.
struct Memory {
    items: String,
    next: u32,
}

impl Memory {
    fn new() -> Self {
        Self { items: String::new(), next: FURTHER }
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        self.items.push_str(&format!("(data (i32.const {at}) \"{bytes}\")\n"));
    }

    fn words(&mut self, at: u32, words: &[u32]) {
        self.put(at, &words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>());
    }

    /// A text, as address and length.
    fn text(&mut self, text: &str) -> [u32; 2] {
        let (at, length) = (self.next, u32::try_from(text.len()).unwrap());
        self.put(at, text.as_bytes());
        self.next = (at + length).next_multiple_of(8);
        [at, length]
    }

    /// Records of so many words, as address and number.
    fn list(&mut self, records: &[Vec<u32>]) -> [u32; 2] {
        let at = self.next;
        let words = records.concat();
        self.words(at, &words);
        self.next = at + 4 * u32::try_from(words.len()).unwrap();
        [at, u32::try_from(records.len()).unwrap()]
    }
}

/// Bytes of a record of the contract.
fn size_of(interface: &str, record: &str) -> u32 {
    let (resolve, _) = contract();
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve).unwrap();
    let mut interfaces = resolve.interfaces.iter().map(|(_, found)| found);
    let found = interfaces.find(|found| found.name.as_deref() == Some(interface)).unwrap();
    u32::try_from(sizes.size(&Type::Id(found.types[record])).size_wasm32()).unwrap()
}

/// A guest that answers what the vendor sends with 200, these events and these tasks, of which each has another subject.
fn handling(events: [u32; 2], tasks: u32) -> Guest {
    let mut memory = Memory::new();
    let kind = memory.text("again");
    let tasks: Vec<Vec<u32>> = (0..tasks)
        .map(|number| {
            let subject = memory.text(&number.to_string());
            vec![kind[0], kind[1], subject[0], subject[1], 0, 0, 0, 0]
        })
        .collect();
    let tasks = memory.list(&tasks);
    // `ok`, status, an empty text.
    memory.words(ANSWER, &[0, 0, 200, 0, 0, 0, events[0], events[1], tasks[0], tasks[1]]);
    // What a task leaves: the same ones.
    memory.words(ANSWER + 512, &[0, 0, tasks[0], tasks[1]]);
    Guest::default().items(&memory.items).with(HANDLE, &format!("i32.const {ANSWER}"))
}

/// A host with these tenants, each with its component and more of its declaration, and a key of all for everything that is asked
/// here.
fn host(bed: &Bed, guests: Vec<(&str, Guest, Value)>) -> (Serving, String) {
    let (key, entry) = new_key(bed, "platform", &["events", "roles", "audit"]);
    let tenants: Vec<Value> = guests
        .into_iter()
        .map(|(name, guest, mut further)| {
            let (file, component) = (bed.home().join(format!("{name}.wasm")), guest.full().build());
            fs::write(&file, &component).unwrap();
            further["component"] = json!({"file": file, "sha256": Digest::of(&component).to_string()});
            further["api_keys"] = json!([entry]);
            tenant(bed, name, &further)
        })
        .collect();
    let file = declare(bed, &tenants);
    let reports = reports(bed);
    (serve(bed, &["--tenants", file.to_str().unwrap(), "--reports", reports.to_str().unwrap()]), key)
}

fn ask(host: &Serving, key: &str, method: &str, path: &str, body: &str) -> Answer {
    host.send(method, path, &[("authorization", &format!("Bearer {key}"))], body)
}

fn deliver(host: &Serving, tenant: &str) -> u16 {
    host.post(&format!("/t/{tenant}/callback/route"), &[], "<xml/>").status
}

/// Where the reports of all calls stand.
fn reports(bed: &Bed) -> PathBuf {
    bed.home().join("reports.jsonl")
}

/// Tasks of a tenant that were done.
fn followed(bed: &Bed, tenant: &str) -> usize {
    let reports = fs::read_to_string(reports(bed)).unwrap();
    // The last line may be on its way.
    let reports = reports.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    reports.filter(|report| report["tenant"] == tenant && report["function"] == "callbacks.follow-up").count()
}

fn log(bed: &Bed) -> String {
    fs::read_to_string(bed.home().join("serve.log")).unwrap()
}

/// Lines of the log about a tenant that hold these words.
fn lines(bed: &Bed, tenant: &str, words: &str) -> usize {
    log(bed).lines().filter(|line| line.contains(tenant) && line.contains(words)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_without_end_keep_nobody_elses_waiting() {
    let bed = Bed::new().await;
    let endless = || handling([0, 0], 201).with(FOLLOW_UP, &format!("i32.const {}", ANSWER + 512));
    let guests = vec![
        ("violates", endless(), json!({})),
        ("violates-too", endless(), json!({})),
        ("obeys", handling([0, 0], 200), json!({})),
    ];
    let (host, _) = host(&bed, guests);
    for _ in 0..8 {
        for tenant in ["violates", "violates-too"] {
            assert_eq!(deliver(&host, tenant), 200, "{tenant}");
        }
    }
    assert_eq!(deliver(&host, "obeys"), 200);
    until("all tasks of the one who obeys are done", || followed(&bed, "obeys") == 200);
    until("what is too much is said", || lines(&bed, "violates", "too much is left for later") > 0);
    assert_eq!(lines(&bed, "obeys", "too much is left for later"), 0);
    assert_eq!(host.get("/health", &[]).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_at_the_root_is_small_and_there_are_few() {
    let bed = Bed::new().await;
    let (most, beyond, huge) = ("a".repeat(4096), "b".repeat(4097), "c".repeat(30_000));
    let files = |files: &[(String, &str)]| {
        let mut memory = Memory::new();
        let records: Vec<Vec<u32>> =
            files.iter().map(|(name, content)| [memory.text(name), memory.text(content)].concat()).collect();
        let [at, count] = memory.list(&records);
        memory.words(ANSWER, &[1]);
        memory.words(ANSWER + 84, &[at, count]);
        Guest::default().items(&memory.items).with(VALIDATE, &format!("i32.const {ANSWER}"))
    };
    let named = |prefix: &str, count: usize| (0..count).map(|n| (format!("{prefix}{n}.txt"), "x")).collect::<Vec<_>>();
    let large = [("beyond.txt".to_owned(), &*beyond), ("huge.txt".to_owned(), &*huge), ("page.html".to_owned(), "x")];
    let (host, _) = host(
        &bed,
        vec![
            ("obeys", files(&[("most.txt".to_owned(), &*most)]), json!({})),
            ("obeys-too", files(&named("few", 8)), json!({})),
            ("violates", files(&large), json!({})),
            ("violates-too", files(&named("many", 9)), json!({})),
        ],
    );
    until("the last of the eight is there", || host.get("/many7.txt", &[]).status == 200);
    until("so is the largest", || host.get("/most.txt", &[]).body.len() == 4096);
    until("so are the few", || host.get("/few7.txt", &[]).status == 200);
    until("what is not served is said", || lines(&bed, "violates", "files of a tenant are not served") == 2);
    for path in ["/many8.txt", "/beyond.txt", "/huge.txt", "/page.html"] {
        assert_eq!(host.get(path, &[]).status, 404, "{path}");
    }
    assert_eq!(lines(&bed, "obeys", "files of a tenant are not served"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_so_many_and_so_large() {
    let bed = Bed::new().await;
    let size = size_of("callbacks", "event");
    assert!(101 * size < 128 * 1024 - ZEROS, "they lie within the memory");
    // Zeros but for their ids, of which so many differ.
    let many = |count: u32, ids: u32| {
        let mut memory = Memory::new();
        // Behind the text that `handling` puts there.
        memory.text("again");
        for number in 0..count {
            let id = memory.text(&(number % ids).to_string());
            memory.words(ZEROS + number * size, &id);
        }
        handling([ZEROS, count], 0).items(&memory.items)
    };
    let long = |length: u32| {
        let mut guest = handling([ZEROS, 1], 0);
        let mut memory = Memory::new();
        // An id of bytes that take six characters each in JSON.
        memory.words(ZEROS, &[ANSWER + 2048, length]);
        guest = guest.items(&memory.items);
        guest
    };
    let guests = vec![
        ("obeys", many(100, 100), json!({})),
        ("repeats", many(100, 7), json!({})),
        ("violates", many(101, 101), json!({})),
        ("obeys-too", long(10_000), json!({})),
        ("violates-too", long(60_000), json!({})),
    ];
    let (host, key) = host(&bed, guests);
    let kept = |tenant: &str| {
        let page = ask(&host, &key, "GET", &format!("/t/{tenant}/api/events?limit=200"), "").json();
        page["events"].as_array().unwrap_or_else(|| panic!("{page}")).len()
    };
    for (tenant, expected) in [("obeys", 100), ("repeats", 7), ("violates", 0), ("obeys-too", 1), ("violates-too", 0)] {
        // The vendor is answered as the component says: repeated, it would not show them again.
        assert_eq!(deliver(&host, tenant), 200, "{tenant}");
        assert_eq!(kept(tenant), expected, "{tenant}");
        let lost = lines(&bed, &format!("tenant={tenant:?}"), "could not be kept");
        assert_eq!(lost, usize::from(expected == 0), "{tenant}: {}", log(&bed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_has_a_quota_and_a_call_an_end() {
    let bed = Bed::new().await;
    let append = format!("i32.const {ZEROS} i32.const 500 i32.const 8192 call <audit@0.1.0 append>");
    assert!(500 * size_of("audit", "entry") < 128 * 1024 - ZEROS, "they lie within the memory");
    let bounds = json!({"quota": {"items": 600}, "limits": {"host_calls": 50}});
    let once = Guest::default().with(SET_ROLES, &format!("{append} i32.const 0"));
    let again = Guest::default().with(SET_ROLES, &format!("loop {append} br 0 end unreachable"));
    let (host, key) = host(&bed, vec![("obeys", once, bounds.clone()), ("violates", again, bounds)]);
    for (tenant, status) in [("obeys", 200), ("violates", 503), ("obeys", 200)] {
        let path = format!("/t/{tenant}/api/members/lisi/roles");
        let answer = ask(&host, &key, "PUT", &path, r#"{"roles": ["a"]}"#);
        assert_eq!(answer.status, status, "{tenant}: {answer:#?}");
        let trail = ask(&host, &key, "GET", &format!("/t/{tenant}/api/audit?limit=200"), "");
        let page = trail.json();
        assert_eq!((page["decisions"].as_array().unwrap().len(), &page["more"]), (200, &json!(true)), "{tenant}");
    }
    // How it ended is said, and what went wrong on the way is said once.
    assert_eq!(lines(&bed, "violates", "host-calls is 50"), 1, "{}", log(&bed));
    assert_eq!(lines(&bed, "violates", "the audit trail could not be written"), 1, "{}", log(&bed));
    // What was kept, each read once: no more than the quota.
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = ask(&host, &key, "GET", &format!("/t/violates/api/audit?limit=200{after}"), "").json();
        count += page["decisions"].as_array().unwrap().len();
        if page["more"] == false {
            break;
        }
        after = format!("&after={}", page["cursor"].as_str().unwrap());
    }
    assert_eq!(count, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_answers_the_vendor_is_ended_and_the_vendor_told_to_come_again() {
    let bed = Bed::new().await;
    let spins = Guest::default().with(HANDLE, "loop\n br 0\n end\n unreachable");
    let waits = "i64.const 3600000000000
        call <wasi:clocks/monotonic-clock@0.2.0 subscribe-duration>
        call <wasi:io/poll@0.2.0 [method]pollable.block>
        unreachable";
    let waits = Guest::default().wasi().with(HANDLE, waits);
    let guests =
        vec![("spins", spins, json!({})), ("waits", waits, json!({})), ("obeys", handling([0, 0], 0), json!({}))];
    let (host, _) = host(&bed, guests);
    std::thread::scope(|scope| {
        let host = &host;
        let waiting: Vec<_> =
            ["spins", "waits"].map(|tenant| scope.spawn(move || (tenant, deliver(host, tenant)))).into();
        assert_eq!(deliver(host, "obeys"), 200, "meanwhile");
        for answer in waiting {
            let (tenant, status) = answer.join().unwrap();
            assert_eq!(status, 503, "{tenant}");
        }
    });
    for tenant in ["spins", "waits"] {
        // The limit of four seconds that vendors wait for, and no other one.
        let ended =
            log(&bed).lines().any(|line| line.contains(tenant) && line.contains("wall-ms") && line.contains("4000"));
        assert!(ended, "{tenant}: {}", log(&bed));
    }
}
