//! What a component could cost the host beyond its own code, in pairs: one that obeys, and one that goes beyond.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use organisation_host::{
    CallError, CallOutcome, CallReport, ElementOptions, Exceeded, FailedCall, Host, LimitName, Limits, Observer,
    TrapKind,
    egress::{
        AllowList, Checked, EgressOptions, Hook, HttpError, NetworkLimits, Next, OperatorList, PermitLimits, Response,
    },
};

use crate::{
    element::{HungStore, options},
    guests::Guest,
    limits::SPIN,
    server::{Reply, Server, answer},
    wire::{self, At, DESCRIBE, OVERVIEW},
};

mod requests;

const SMALL: u32 = 4 << 20;

fn host() -> Host {
    Host::builder().parallel_calls(20).build().unwrap()
}

/// Options of an element that may reach the server on this port.
fn reaching(port: u16, limits: Limits) -> ElementOptions {
    let operator = OperatorList::only(AllowList::parse([format!("127.0.0.1:{port}")]).unwrap());
    options(limits).operator(operator)
}

async fn overview(guest: Guest, options: ElementOptions) -> Result<CallReport, Box<FailedCall>> {
    let host = host();
    let component = host.load(&guest.build()).unwrap();
    host.element(&component, options).unwrap().overview().reported().await.map(|called| called.report)
}

async fn describe(guest: Guest, limits: Limits) -> Result<CallReport, Box<FailedCall>> {
    let host = host();
    let component = host.load(&guest.build()).unwrap();
    host.element(&component, options(limits)).unwrap().describe("en").reported().await.map(|called| called.report)
}

fn exceeded(failed: &FailedCall) -> Exceeded {
    match &failed.error {
        CallError::Limit { exceeded, .. } => *exceeded,
        other => panic!("{other}"),
    }
}

/// A batch of so many requests whose records lie one after the other.
fn batch(port: u16, records: &[u8], count: u32) -> Guest {
    let (guest, _) = wire::caller(port, "/");
    guest.items(&wire::data(16_384, records)).with(OVERVIEW, &format!("{}i32.const 0", wire::send_all(16_384, count)))
}

/// What is no text ends a call that looks at it, so that it shows who does.
#[tokio::test]
async fn texts_that_are_too_long_are_not_looked_at() {
    let server = Server::start([]).await;
    let (_, At(url_at, url)) = wire::caller(server.port, "/");
    let tail = wire::data(url_at + url, &vec![0xff; (9 << 10) - url as usize]);
    for (method, length, is_looked_at) in
        [(3, 8 << 10, true), (3, (8 << 10) + 1, false), (32, url, true), (33, url, false)]
    {
        let mut record = wire::request(At(url_at, length), None);
        record[..8].copy_from_slice(&wire::words(&[url_at + url, method]));
        let guest = batch(server.port, &record, 1).items(&tail);
        match overview(guest, reaching(server.port, Limits::default())).await {
            Ok(report) => assert!(!is_looked_at && report.http.failures == 1, "{method} {length}: {report:?}"),
            Err(failed) => assert!(is_looked_at && is_invalid(&failed), "{method} {length}: {failed}"),
        }
    }
}

fn is_invalid(failed: &FailedCall) -> bool {
    matches!(&failed.error, CallError::Trap { trap, .. } if trap.kind == TrapKind::InvalidValue)
}

#[tokio::test]
async fn lines_that_are_not_kept_are_not_looked_at() {
    let logged = |bytes: u32, fields: &[u8], count: u32| {
        let body = format!(
            "i32.const 100
 memory.grow
 drop
 i32.const 131072
 i32.const 255
 i32.const 5000000
 memory.fill
              i32.const 2
 i32.const 131072
 i32.const {bytes}
 i32.const 20000
 i32.const {count}
              call <log@0.1.0 write>
 i32.const 0"
        );
        Guest::default().items(&wire::data(20_000, fields)).with(DESCRIBE, &body)
    };
    let limits = Limits::default().log_bytes(1_000);
    // Of each field the name is empty.
    let field = |bytes: u32| wire::words(&[0, 0, 131_072, bytes]);
    for (guest, kept) in [
        (logged(1_000, &[], 0), true),
        (logged(1_001, &[], 0), false),
        (logged(SMALL, &[], 0), false),
        (logged(1, &field(983), 1), true),
        (logged(1, &field(984), 1), false),
        (logged(0, &field(0).repeat(63), 63), false),
    ] {
        match describe(guest, limits.clone()).await {
            Ok(report) => {
                assert_eq!((report.log.dropped, report.host_calls.get("log")), (u64::from(!kept), Some(&1)));
            }
            Err(failed) => assert!(kept && is_invalid(&failed), "{failed}"),
        }
    }
    let failed = describe(logged(SMALL + 1, &[], 0), limits).await.unwrap_err();
    assert_eq!(exceeded(&failed).limit, LimitName::HostcallBytes);
}

#[tokio::test]
async fn nobody_looks_at_what_a_pure_function_wants_to_send() {
    // Their URLs lie beyond the memory: whoever looks at them ends the call.
    let records = wire::request(At(0xffff_0000, 10), None).repeat(3);
    let sent = format!("{}i32.const 0", wire::send_all(16_384, 3));
    let guest = batch(1, &records, 3);
    let failed = overview(guest.clone(), reaching(1, Limits::default())).await.unwrap_err();
    assert!(matches!(&failed.error, CallError::Trap { trap, .. } if trap.kind == TrapKind::InvalidValue), "{failed}");
    let report = describe(guest.with(DESCRIBE, &sent), Limits::default()).await.unwrap();
    assert_eq!((report.host_calls.get("http"), report.http.requests), (Some(&1), 0));
    // A single one, whose headers lie beyond the memory: lists are bounded when they are handed over, their texts are not.
    let mut record = wire::request(At(4352, 10), None);
    record[16..24].copy_from_slice(&wire::words(&[20_000, 1]));
    let header = wire::data(20_000, &wire::words(&[0xffff_0000, 10, 0xffff_0000, 10]));
    let load = |at: u32| format!("i32.const {at}\n i32.load\n ");
    let arguments: String = (0..8).map(|number| load(16_384 + 4 * number)).collect();
    let single = format!(
        "{arguments}i32.const 0\n i32.const 0\n i32.const 0\n i32.const 0\n i32.const 0\n i32.const 0\n i64.const 0\n \
         i32.const 8192\n call <http@0.1.0 send>\n i32.const 0"
    );
    let guest = batch(1, &record, 1).items(&header);
    let failed = overview(guest.clone().with(OVERVIEW, &single), reaching(1, Limits::default())).await.unwrap_err();
    assert!(is_invalid(&failed), "{failed}");
    let report = describe(guest.with(DESCRIBE, &single), Limits::default()).await.unwrap();
    assert_eq!((report.host_calls.get("http"), report.http.requests), (Some(&1), 0));
}

#[tokio::test]
async fn an_import_that_takes_little_leaves_the_answer_its_room() {
    let limits = Limits::default().hostcall_bytes(6 << 20);
    // The id of the description is so long.
    let answers = |bytes: u32| {
        let line = wire::log("i32.const 0\n ", "i32.const 1\n ");
        let body = format!(
            "i32.const 128\n memory.grow\n drop\n {line}i32.const 4\n i32.const {bytes}\n i32.store\n i32.const 0"
        );
        Guest::default().with(DESCRIBE, &body)
    };
    describe(answers(5 << 20), limits.clone()).await.unwrap();
    let failed = describe(answers(7 << 20), limits).await.unwrap_err();
    let allowed = 6 << 20;
    assert_eq!(exceeded(&failed), Exceeded { limit: LimitName::HostcallBytes, allowed, asked: allowed + 1 });
}

#[tokio::test]
async fn randomness_is_given_in_small_pieces() {
    let draw = |bytes: u32| {
        let body = format!(
            "i64.const {bytes}\n i32.const 8192\n call <wasi:random/random@0.2.0 get-random-bytes>\n i32.const 0"
        );
        Guest::default().wasi().with(DESCRIBE, &body)
    };
    describe(draw(64 << 10), Limits::default()).await.unwrap();
    let failed = describe(draw((64 << 10) + 1), Limits::default()).await.unwrap_err();
    assert!(matches!(&failed.error, CallError::Trap { .. }), "{failed}");
}

#[tokio::test]
async fn calls_of_wasi_are_host_calls() {
    let body = |times| {
        wire::repeat(times, "i64.const 8\n i32.const 8192\n call <wasi:random/random@0.2.0 get-random-bytes>\n")
    };
    let limits = Limits::default().host_calls(100);
    let report = describe(Guest::default().wasi().with(DESCRIBE, &body(100)), limits.clone()).await.unwrap();
    assert_eq!(report.host_calls.get("wasi"), Some(&100));
    let failed = describe(Guest::default().wasi().with(DESCRIBE, &body(101)), limits).await.unwrap_err();
    assert_eq!(exceeded(&failed), Exceeded { limit: LimitName::HostCalls, allowed: 100, asked: 101 });
}

/// Logs so many lines of so many bytes.
fn logs(lines: u32, bytes: u32) -> Guest {
    let line = wire::log("i32.const 0\n ", &format!("i32.const {bytes}\n "));
    let grow = format!("i32.const {}\n memory.grow\n drop\n ", bytes >> 16);
    let Some((local, body)) = wire::repeat(lines, &line).split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned()))
    else {
        unreachable!()
    };
    Guest::default().with(DESCRIBE, &format!("{local}\n {grow}{body}"))
}

#[tokio::test]
async fn what_the_host_does_for_a_component_is_cpu_time_of_the_call() {
    let limits = Limits::default().cpu_ms(300).host_calls(u64::MAX).hostcall_bytes_total(u64::MAX);
    // A prefix that is no key, after the host has looked at all of it.
    let scans = |times: u32| {
        let scan = format!(
            "i32.const 0\n i32.const {SMALL}\n i32.const 0\n i32.const 0\n i32.const 0\n i32.const 1\n i32.const 8192\n \
             call <storage@0.1.0 scan>\n "
        );
        let body = wire::repeat(times, &scan).replacen("loop", "i32.const 64\n memory.grow\n drop\n loop", 1);
        overview(Guest::default().with(OVERVIEW, &body), options(limits.clone()))
    };
    scans(2).await.unwrap();
    let failed = scans(u32::MAX).await.unwrap_err();
    let Exceeded { limit: LimitName::CpuMs, allowed: 300, asked } = exceeded(&failed) else { panic!("{failed}") };
    let CallReport { cpu_us, guest_cpu_us, .. } = failed.report;
    assert!(cpu_us.div_ceil(1_000) >= asked && asked > 300, "{cpu_us} {asked}");
    assert!(guest_cpu_us < 100_000, "its own part is small: {guest_cpu_us} of {cpu_us}");
}

#[tokio::test]
async fn bytes_that_cross_the_boundary_have_a_sum() {
    let limits = Limits::default().hostcall_bytes_total(1_000_000);
    describe(logs(10, 100_000), limits.clone()).await.unwrap();
    let failed = describe(logs(11, 100_000), limits).await.unwrap_err();
    let expected = Exceeded { limit: LimitName::HostcallBytesTotal, allowed: 1_000_000, asked: 1_100_000 };
    assert_eq!(exceeded(&failed), expected);
}

#[tokio::test]
async fn imports_that_need_little_take_little() {
    describe(logs(1, SMALL), Limits::default()).await.unwrap();
    let keys = |count: u32| {
        let call =
            format!("i32.const 0\n i32.const {count}\n i32.const 8192\n call <storage@0.1.0 get-many>\n i32.const 0");
        let pages = (count >> 13) + 1;
        Guest::default().with(OVERVIEW, &format!("i32.const {pages}\n memory.grow\n drop\n {call}"))
    };
    let most = SMALL / 24;
    // More than a call may name, which the contract has an answer for.
    overview(keys(most), options(Limits::default())).await.unwrap();
    for failed in [
        describe(logs(1, SMALL + 1), Limits::default()).await.unwrap_err(),
        overview(keys(most + 1), options(Limits::default())).await.unwrap_err(),
    ] {
        let allowed = u64::from(SMALL);
        assert_eq!(exceeded(&failed), Exceeded { limit: LimitName::HostcallBytes, allowed, asked: allowed + 1 });
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn mistakes_with_storage_are_no_warnings() {
    let ask = "i32.const 0\n i32.const 1\n i32.const 8192\n call <storage@0.1.0 get-many>\n ";
    let guest = Guest::default().with(OVERVIEW, &wire::repeat(1_000, ask));
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let traced = tracing::subscriber::set_default(subscriber);
    // An empty key is none.
    overview(guest, options(Limits::default())).await.unwrap();
    drop(traced);
    let text = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("storage failed"), "{text}");
}

/// Keeps the CPU time of calls that are over.
#[derive(Default)]
struct Used(Mutex<u64>);

impl Observer for Used {
    fn called(&self, report: &CallReport) {
        if report.tenant == "hostile" {
            *self.0.lock().unwrap() += report.cpu_us;
        }
    }
}

/// By processor time, which is the same on a busy machine: what another tenant may use is not for how many calls to say.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn many_calls_of_one_tenant_get_no_more_time_than_one_of_another() {
    let used = Arc::new(Used::default());
    let host = Host::builder().parallel_calls(20).running_calls(1).observer(Arc::clone(&used) as _).build().unwrap();
    let component = host.load(&Guest::default().with(DESCRIBE, SPIN).build()).unwrap();
    let element = |tenant: &str, cpu_ms| {
        let limits = Limits::default().cpu_ms(cpu_ms);
        host.element(&component, options(limits).tenant(tenant.to_owned())).unwrap()
    };
    let hostile = element("hostile", 100_000);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let hostile = hostile.clone();
            tokio::spawn(async move { hostile.describe("en").reported().await.map(drop) })
        })
        .collect();
    while host.current_load().interactive < 8 {
        tokio::task::yield_now().await;
    }
    let failed = element("other", 400).describe("en").reported().await.unwrap_err();
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    for call in calls {
        assert!(call.await.unwrap_err().is_cancelled(), "it had not come to its end");
    }
    assert_eq!(exceeded(&failed).limit, LimitName::CpuMs);
    let (own, theirs) = (failed.report.cpu_us, *used.0.lock().unwrap());
    assert!(theirs < 2 * own, "eight calls got {theirs} us, one got {own} us");
}

/// Its bytes are the component's, so other calls of the tenant may have as many.
#[tokio::test]
async fn an_answer_that_was_handed_over_is_held_no_longer() {
    let server = Server::start([("/", answer("200 OK", &[], &[b'x'; 400]))]).await;
    let (guest, url) = wire::caller(server.port, "/");
    let answer_bytes = PermitLimits { host: 600, tenant: 600 };
    let limits = NetworkLimits::default().answer_bytes(answer_bytes);
    let egress = EgressOptions::default().limits(limits);
    let host = Host::builder().parallel_calls(20).egress(egress).build().unwrap();
    // Gets an answer, and hangs in a store.
    let ask = "i32.const 0\n i32.const 0\n i32.const 8192\n call <storage@0.1.0 get-many>\n i32.const 0";
    let sent = wire::send(url, None);
    let [hangs, ends] = [format!("{sent}{ask}"), format!("{sent}i32.const 0")]
        .map(|body| host.load(&guest.clone().with(OVERVIEW, &body).build()).unwrap());
    let limits = Limits::default().wall_ms(5_000);
    let storage = Arc::new(HungStore);
    let hanging = reaching(server.port, limits).storage(storage);
    let hanging = host.element(&hangs, hanging).unwrap();
    let hanging = tokio::spawn(async move { hanging.overview().reported().await.map(drop) });
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let element = host.element(&ends, reaching(server.port, Limits::default())).unwrap();
    while element.overview().reported().await.unwrap().report.http.failures > 0 {
        assert!(!hanging.is_finished(), "it held its answer to its end");
    }
    assert!(!hanging.is_finished());
    hanging.abort();
}

/// Breaks off.
struct Panics;

#[async_trait]
impl Hook for Panics {
    async fn around(&self, _: &Checked, _: Next<'_>) -> Result<Response, HttpError> {
        panic!("a hook breaks off")
    }
}

#[tokio::test]
async fn a_panic_of_the_host_in_a_call_is_that_calls() {
    let server = Server::start([("/", Reply::Close)]).await;
    let (guest, url) = wire::caller(server.port, "/");
    let host = host();
    let component = host.load(&guest.with(OVERVIEW, &format!("{}i32.const 0", wire::send(url, None))).build()).unwrap();
    let hooks: Vec<Arc<dyn Hook>> = vec![Arc::new(Panics)];
    let element = host.element(&component, reaching(server.port, Limits::default()).hooks(hooks)).unwrap();
    for _ in 0..2 {
        let failed = element.overview().reported().await.unwrap_err();
        let CallError::Host { reason, .. } = &failed.error else { panic!("{failed}") };
        assert_eq!(reason, "the host panicked: a hook breaks off");
        assert!(matches!(failed.report.outcome, CallOutcome::Failed { cause: "host", .. }));
    }
    element.describe("en").await.unwrap();
    assert_eq!(host.current_load(), organisation_host::Load::default());
}

#[tokio::test]
async fn a_configuration_has_at_most_64_destinations() {
    overview(wire::needs(64), options(Limits::default())).await.unwrap();
    let failed = overview(wire::needs(65), options(Limits::default())).await.unwrap_err();
    let CallError::Destination { place, reason, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!(
        (place.as_str(), reason.as_str()),
        ("destinations", "it names 65 destinations, at most 64 are possible")
    );
}
