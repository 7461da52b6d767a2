//! Limits that refuse and let the component go on, in pairs: what it sends and gets over the network, what it logs and
//! what it stores. What it hears of the refusal, it writes into its log, and the tests read it there.

use std::{
    io::Write as _,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use flate2::{Compression, write::GzEncoder};
use organisation_host::{
    CallOutcome, CallReport, ElementOptions, Host, Limits,
    egress::{AllowList, OperatorList},
    storage::{MemoryStorage, Options, Quota, Quotas, Storage as _},
};
use tokio::sync::Barrier;

use crate::{
    element::options,
    guests::Guest,
    server::{Reply, Server, answer},
    wire::{self, At, DESCRIBE, OVERVIEW},
};

/// Calls `overview` of a guest that goes on whatever it is refused.
async fn overview(guest: Guest, options: ElementOptions) -> CallReport {
    let host = Host::builder().parallel_calls(2).build().unwrap();
    let component = host.load(&guest.build()).unwrap();
    let report = host.element(&component, options).unwrap().overview().reported().await.unwrap().report;
    assert_eq!(report.outcome, CallOutcome::Answered);
    report
}

fn lines(report: &CallReport) -> Vec<&str> {
    report.log.lines.iter().map(|line| line.message.as_str()).collect()
}

/// Sends `requests` requests for `path`, one after the other.
async fn send(server: &Server, path: &str, requests: u32, body: u32, limits: Limits) -> CallReport {
    let (guest, url) = wire::caller(server.port, path);
    let body = (body > 0).then_some(At(16_384, body));
    let guest = guest.with(OVERVIEW, &wire::repeat(requests, &wire::send(url, body)));
    let mut options = options(limits);
    options.operator = OperatorList::only(AllowList::parse([format!("127.0.0.1:{}", server.port)]).unwrap());
    overview(guest, options).await
}

fn gzip(zeros: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; zeros]).unwrap();
    encoder.finish().unwrap()
}

/// An answer of so many chunks of a KiB, with no length announced.
fn chunks(count: usize) -> Reply {
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1 << 10));
    Reply::Raw(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(count)).into())
}

#[tokio::test]
async fn http_beyond_a_limit_is_refused_with_its_name_and_value() {
    let compressed = |zeros: usize| answer("200 OK", &["content-encoding: gzip"], &gzip(zeros));
    let server = Server::start([
        ("/", answer("200 OK", &[], b"ok")),
        ("/thousand", answer("200 OK", &[], &[b'x'; 1_000])),
        ("/plain", answer("200 OK", &[], &[b'x'; 16 << 10])),
        ("/plain-bomb", answer("200 OK", &[], &[b'x'; (16 << 10) + 1])),
        ("/gzip", compressed(16 << 10)),
        ("/gzip-bomb", compressed(20 << 20)),
        ("/chunks", chunks(16)),
        ("/chunk-bomb", chunks(20 << 10)),
    ])
    .await;
    let all = Limits::default;
    let requests = all().requests(3);
    let bytes_out = all().bytes_out(1_000);
    let bytes_in = all().bytes_in(2_500);
    let largest = all().largest_response(16 << 10);
    let too_large = "larger than the 16384 bytes allowed";
    for (name, limits, (path, times, body), refusal) in [
        ("requests obeyed", &requests, ("/", 3, 0), None),
        ("requests violated", &requests, ("/", 4, 0), Some("the call's budget of 3 requests is used up")),
        ("request bytes obeyed", &bytes_out, ("/", 1, 900), None),
        ("request bytes violated", &bytes_out, ("/", 1, 1_000), Some("are left of the 1000 the call may send")),
        ("response bytes obeyed", &bytes_in, ("/thousand", 2, 0), None),
        (
            "response bytes violated",
            &bytes_in,
            ("/thousand", 3, 0),
            Some("has 1000 bytes more, 500 are left of the 2500 the call may receive"),
        ),
        ("largest response obeyed", &largest, ("/plain", 1, 0), None),
        ("largest response violated", &largest, ("/plain-bomb", 1, 0), Some(too_large)),
        ("gzip obeyed", &largest, ("/gzip", 1, 0), None),
        ("gzip bomb", &largest, ("/gzip-bomb", 1, 0), Some(too_large)),
        ("chunks obeyed", &largest, ("/chunks", 1, 0), None),
        ("chunk bomb", &largest, ("/chunk-bomb", 1, 0), Some(too_large)),
    ] {
        let report = send(&server, path, times, body, limits.clone()).await;
        let exchanges = &report.http.exchanges;
        assert_eq!((report.http.requests, exchanges.len()), (times.into(), times as usize), "{name}");
        match refusal {
            None => {
                assert_eq!(lines(&report), Vec::<&str>::new(), "{name}");
                assert!(exchanges.iter().all(|exchange| exchange.status == Some(200)), "{name}: {exchanges:?}");
            }
            Some(words) => {
                let [line] = lines(&report)[..] else { panic!("{name}: {:?}", report.log) };
                assert!(line.contains(words), "{name}: {line}");
                let kind = if words == too_large { "too-large" } else { "budget-exhausted" };
                assert_eq!(exchanges.last().unwrap().failure, Some(kind), "{name}");
                assert!(report.http.bytes_in <= limits.bytes_in.min(64 << 10), "{name}: what is refused is not kept");
            }
        }
    }
}

#[tokio::test]
async fn requests_beyond_the_parallel_limit_wait_their_turn() {
    // Answers only when two requests are there, so that a host which sends them one by one never ends.
    for (sent, parallel) in [(2, 2), (8, 2)] {
        let pair = Reply::Together(Arc::new(Barrier::new(2)));
        let server = Server::start([("/", pair)]).await;
        let (guest, url) = wire::caller(server.port, "/");
        let records = wire::request(url, None).repeat(sent as usize);
        let body = format!("{}i32.const 0", wire::send_all(16_384, sent));
        let guest = guest.items(&wire::data(16_384, &records)).with(OVERVIEW, &body);
        let mut options = options(Limits::default().parallel(parallel));
        options.operator = OperatorList::only(AllowList::parse([format!("127.0.0.1:{}", server.port)]).unwrap());
        let report = overview(guest, options).await;
        assert_eq!((report.http.requests, report.http.failures), (sent.into(), 0));
        assert_eq!(server.seen.most_in_flight.load(SeqCst), parallel as usize);
    }
}

/// What is sent is what base64 stands for: 6 bytes where the text has 8.
#[tokio::test]
async fn a_body_may_come_as_base64() {
    let server = Server::start([("/", answer("200 OK", &[], b"ok"))]).await;
    let (guest, url) = wire::caller(server.port, "/");
    let (sound, no_base64, text) = (At(20_000, 8), At(20_008, 8), At(20_000, 6));
    let bodies = [(wire::BASE64, sound), (wire::BASE64, no_base64), (wire::TEXT, text)];
    let records: Vec<u8> = bodies.into_iter().flat_map(|body| wire::request_with(url, Some(body))).collect();
    let items = [wire::data(16_384, &records), wire::data(20_000, b"AP8QIDBA"), wire::data(20_008, b"AP8QID==")];
    let sent = format!("{}i32.const 0", wire::send_all(16_384, 3));
    let mut options = options(Limits::default());
    options.operator = OperatorList::only(AllowList::parse([format!("127.0.0.1:{}", server.port)]).unwrap());
    let report = overview(guest.items(&items.concat()).with(OVERVIEW, &sent), options).await;
    let exchanges = &report.http.exchanges;
    let answered: Vec<_> = exchanges.iter().filter(|exchange| exchange.status == Some(200)).collect();
    assert_eq!((answered.len(), answered[0].bytes_out), (2, answered[1].bytes_out), "{exchanges:?}");
    assert_eq!(report.http.bytes_out, 2 * answered[0].bytes_out, "{exchanges:?}");
    assert_eq!((report.http.requests, report.http.failures), (3, 1));
    let failed: Vec<_> = exchanges.iter().filter_map(|exchange| exchange.failure).collect();
    assert_eq!(failed, ["invalid-request"], "{exchanges:?}");
}

/// Padding stands for nothing: the largest body there may be is no larger for it.
#[tokio::test]
async fn a_body_in_base64_may_be_as_large_as_any() {
    let server = Server::start([("/", answer("200 OK", &[], b"ok"))]).await;
    let (guest, url) = wire::caller(server.port, "/");
    let (at, length) = (65_536_u32, ((32 << 20) + 1) / 3 * 4);
    let last = at + length - 1;
    for (ending, refused) in [(b'=', None), (b'A', Some("the request body has 33554433 bytes"))] {
        let sent = format!(
            "i32.const 700\n memory.grow\n drop\n i32.const {at}\n i32.const 65\n i32.const {length}\n memory.fill\n \
             i32.const {last}\n i32.const {ending}\n i32.store8\n {}i32.const 0",
            wire::send_with(url, Some((wire::BASE64, At(at, length))))
        );
        let mut options = options(Limits::default().bytes_out(64 << 20));
        options.operator = OperatorList::only(AllowList::parse([format!("127.0.0.1:{}", server.port)]).unwrap());
        let report = overview(guest.clone().with(OVERVIEW, &sent), options).await;
        match (&lines(&report)[..], refused) {
            ([], None) => assert!(report.http.bytes_out > 32 << 20, "{report:?}"),
            ([line], Some(words)) => assert!(line.contains(words), "{line}"),
            (lines, _) => panic!("{lines:?}"),
        }
    }
}

#[tokio::test]
async fn a_component_is_told_what_is_left() {
    // What is logged is the record itself from its second field on, so no byte of these figures may exceed 127.
    let limits = Limits::default()
        .cpu_ms(0x7f7f)
        .memory_bytes(4 << 20)
        .requests(100)
        .bytes_in(1 << 20)
        .bytes_out(1 << 16)
        .host_calls(100)
        .log_bytes(0x7f50)
        .parallel(7)
        .largest_response(1 << 14);
    const RECORD: u32 = 1_024;
    const BYTES: u32 = 72;
    let told = format!(
        "i32.const {RECORD}\n call <call@0.1.0 remaining>\n {}",
        wire::log(&format!("i32.const {}\n ", RECORD + 8), &format!("i32.const {BYTES}\n "))
    );
    let body = format!("{told} i32.const 3\n memory.grow\n drop\n {told} i32.const 0");
    let report = overview(Guest::default().with(OVERVIEW, &body), options(limits)).await;
    let figures = |line: &str| -> Vec<u64> {
        let eight = line.as_bytes().as_chunks::<8>().0;
        let mut figures: Vec<u64> = eight.iter().map(|eight| u64::from_le_bytes(*eight)).collect();
        // Beside numbers of four bytes nothing is said.
        [2, 7].into_iter().for_each(|index| figures[index] &= u64::from(u32::MAX));
        figures
    };
    let told = lines(&report);
    let (before, after) = (figures(told[0]), figures(told[1]));
    // The guest begins with two pages of memory.
    let page = 64 << 10;
    assert_eq!(before[1..], [(4 << 20) - 2 * page, 100, 1 << 20, 1 << 16, 99, 0x7f50, 7, 1 << 14]);
    assert_eq!(after[1..], [(4 << 20) - 5 * page, 100, 1 << 20, 1 << 16, 97, 0x7f50 - u64::from(BYTES), 7, 1 << 14]);
    assert!(after[0] <= before[0] && (0x7f00..0x7f7f).contains(&before[0]), "{before:?} {after:?}");
}

#[tokio::test]
async fn log_lines_beyond_a_limit_are_counted_and_not_kept() {
    let host = Host::builder().parallel_calls(2).build().unwrap();
    let lines = Limits::default().log_lines(10);
    let bytes = Limits::default().log_bytes(100);
    for (limits, written, length, kept) in
        [(&lines, 10, 1, 10), (&lines, 25, 1, 10), (&bytes, 4, 25, 4), (&bytes, 5, 25, 4)]
    {
        let line = wire::log("i32.const 0\n ", &format!("i32.const {length}\n "));
        let guest = Guest::default().with(DESCRIBE, &wire::repeat(written, &line));
        let component = host.load(&guest.build()).unwrap();
        let report =
            host.element(&component, options(limits.clone())).unwrap().describe("en").reported().await.unwrap().report;
        assert_eq!(
            (report.log.lines.len(), report.log.dropped),
            (kept, u64::from(written) - kept as u64),
            "{limits:?}"
        );
        assert_eq!(report.host_calls.get("log"), Some(&written.into()), "also lines that are not kept are host calls");
    }
}

#[tokio::test]
async fn storage_beyond_a_quota_is_refused_with_its_name_and_value() {
    /// Puts of keys of the same length, with values of the same length.
    fn puts(count: u32, key: u32, value: u32) -> Guest {
        let records: Vec<u8> =
            (0..count).flat_map(|number| wire::put(At(6_000 + number, key), At(1_024, value))).collect();
        // Keys that are not alike: each begins one character later.
        let text: Vec<u8> = (0..600_u32).map(|place| b'a' + (place * place % 23) as u8).collect();
        let spaces = [b' '; 1_000];
        let items = [wire::data(1_024, &spaces), wire::data(6_000, &text), wire::data(16_384, &records)];
        Guest::default().items(&items.concat()).with(OVERVIEW, &format!("{}i32.const 0", wire::apply(16_384, count)))
    }
    let all = Quota::default();
    let key = all.key_bytes(20);
    let value = all.value_bytes(300);
    let items = all.items(4);
    let bytes = all.total_bytes(1_000);
    for (name, quota, limit, obeys, violates) in [
        ("key", key, 20, puts(1, 20, 1), puts(1, 21, 1)),
        ("value", value, 300, puts(1, 1, 300), puts(1, 1, 301)),
        ("items", items, 4, puts(4, 8, 1), puts(5, 8, 1)),
        ("bytes", bytes, 1_000, puts(2, 100, 400), puts(2, 100, 401)),
    ] {
        for (guest, violated) in [(obeys, false), (violates, true)] {
            let storage = Arc::new(MemoryStorage::new(Options::default().quotas(Quotas::uniform(quota))));
            let options = options(Limits::default()).storage(Arc::clone(&storage) as _);
            let report = overview(guest, options).await;
            let usage =
                storage.usage(&organisation_host::storage::Scope::new("acme", "organisation").unwrap()).await.unwrap();
            assert_eq!(usage.items == 0, violated, "{name}: all or nothing");
            match lines(&report)[..] {
                [] => assert!(!violated, "{name}"),
                [name_seen, of_its_length] => {
                    assert!(violated, "{name}");
                    assert_eq!((name_seen, of_its_length.len()), (name, limit));
                }
                _ => panic!("{name}: {:?}", report.log),
            }
        }
    }
}
