//! A component that breaks off: what the host says of it, and what it costs everybody else. Nothing.

use std::{process::Command, sync::Arc};

use organisation_host::{CallError, CallOutcome, Host, Limits, TrapKind, settings::Document};

use crate::{
    element::{Gate, caller, options},
    guests::Guest,
    wire::{DESCRIBE, OVERVIEW, VALIDATE, data},
};

#[tokio::test]
async fn a_trap_is_an_error_with_tenant_component_function_and_reason() {
    let describe = |body: &str| Guest::default().with(DESCRIBE, body);
    let indirect = |index: u32| {
        let body = format!("i32.const {index}\n call_indirect $t (param) (result i32)");
        Guest::default()
            .items("(table $t 2 funcref) (func $f (param i64)) (elem (table $t) (i32.const 0) func $f)")
            .with(DESCRIBE, &body)
    };
    // A text, or a list, of this length at this place, as the first field of the answer.
    let answer = |at: u32, length: u32| {
        let record = [at.to_le_bytes(), length.to_le_bytes()].concat();
        describe("i32.const 2048").items(&data(2_048, &record)).items(&data(1_024, b"\xff\xfe"))
    };
    let host = Host::builder().parallel_calls(2).build().unwrap();
    for (name, guest, kind, reason) in [
        ("panic", describe("unreachable"), TrapKind::Unreachable, "it panicked or gave up"),
        (
            "panic while it is made",
            Guest::default().module("(func $f unreachable) (start $f)"),
            TrapKind::Unreachable,
            "it panicked or gave up",
        ),
        ("division by zero", describe("i32.const 1\n i32.const 0\n i32.div_u"), TrapKind::Arithmetic, "divide by zero"),
        (
            "overflow",
            describe("i32.const 0x80000000\n i32.const -1\n i32.div_s"),
            TrapKind::Arithmetic,
            "integer overflow",
        ),
        ("wild pointer", describe("i32.const -4\n i32.load"), TrapKind::OutOfBounds, "out of bounds memory access"),
        (
            "recursion that eats up the memory of its stack",
            describe("i32.const 1024\n call $deep\n i32.const 0").items(
                "(func $deep (param $sp i32) local.get $sp i32.const 64 i32.sub local.tee $sp local.get $sp i32.store
                    local.get $sp call $deep)",
            ),
            TrapKind::OutOfBounds,
            "its stack has probably overflowed",
        ),
        ("no such function", indirect(7), TrapKind::OutOfBounds, "out of bounds table access"),
        ("no function there", indirect(1), TrapKind::IndirectCall, "uninitialized element"),
        ("function of another type", indirect(0), TrapKind::IndirectCall, "indirect call type mismatch"),
        (
            "exit",
            describe("i32.const 1\n call <wasi:cli/exit@0.2.0 exit>\n unreachable").wasi(),
            TrapKind::Exit,
            "it called exit(1)",
        ),
        (
            "illegal handle",
            describe("i32.const 77\n call <wasi:io/poll@0.2.0 [method]pollable.block>\n i32.const 0").wasi(),
            TrapKind::IllegalHandle,
            "unknown handle index 77",
        ),
        ("answer outside its memory", describe("i32.const -8"), TrapKind::InvalidValue, "out of bounds"),
        ("answer between two words", describe("i32.const 2"), TrapKind::InvalidValue, "not aligned"),
        ("text that is none", answer(1_024, 2), TrapKind::InvalidValue, "invalid utf-8"),
        ("text outside its memory", answer(131_000, 100), TrapKind::InvalidValue, "out of bounds"),
        ("text longer than any memory", answer(0, u32::MAX), TrapKind::InvalidValue, "out of bounds"),
        (
            "list longer than its memory",
            // The fifth field, after four texts.
            describe("i32.const 2048").items(&data(2_048 + 32, &[0, 4, 0, 0, 255, 255, 255, 127])),
            TrapKind::InvalidValue,
            "list",
        ),
        (
            "case that does not exist",
            Guest::default().with(OVERVIEW, "i32.const 2048").items(&data(2_048, &[7])),
            TrapKind::InvalidValue,
            "discriminant",
        ),
        (
            "argument that does not exist",
            describe(
                "i32.const 9\n i32.const 0\n i32.const 0\n i32.const 0\n i32.const 0\n call <log@0.1.0 write>\n i32.const 0",
            ),
            TrapKind::InvalidValue,
            "discriminant",
        ),
        (
            "memory for the host outside its memory",
            Guest::default().with("cabi_realloc", "i32.const -16"),
            TrapKind::InvalidValue,
            "beyond end of memory",
        ),
    ] {
        let component = host.load(&guest.build()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let element = host.element(&component, options(Limits::default())).unwrap();
        let failed = match element.describe("en").reported().await {
            Err(failed) => failed,
            Ok(_) => element.overview().reported().await.expect_err(name),
        };
        let CallError::Trap { site, trap } = &failed.error else { panic!("{name}: {failed:?}") };
        assert_eq!(trap.kind, kind, "{name}: {trap:?}");
        assert!(trap.reason.contains(reason), "{name}: {trap:?}");
        assert_eq!(trap.reason.contains("stack"), name.contains("stack"), "{name}: {trap:?}");
        assert_eq!((&*site.tenant, &*site.element), ("acme", "organisation"), "{name}");
        assert_eq!(site.component, component.digest(), "{name}");
        let message = failed.to_string();
        for part in [site.function, "acme", &component.digest().to_string()[..12], reason] {
            assert!(message.contains(part), "{name}: {message}");
        }
        let CallOutcome::Failed { cause: "trap", message: reported, trap: Some(reported_kind), .. } =
            &failed.report.outcome
        else {
            panic!("{name}: {:?}", failed.report)
        };
        assert_eq!((reported, *reported_kind), (&message, kind), "{name}");
    }
}

#[tokio::test]
async fn a_trap_tells_the_words_of_the_panic_but_not_the_configuration() {
    let host = Host::builder().parallel_calls(1).build().unwrap();
    let document = r#"{"secret":"s3cr3t-of-an-app"}"#;
    let words = b"\nthread 'main' panicked at a.rs:1:2:\nno s3cr3t-of-an-app\x07\n";
    let (line, as_it_is) = (r"thread 'main' panicked at a.rs:1:2:\nno ", r"s3cr3t-of-an-app\u{7}");
    for export in [DESCRIBE, VALIDATE, OVERVIEW] {
        let component = host.load(&Guest::default().panics(export, words).build()).unwrap();
        let mut options = options(Limits::default());
        options.settings = Document::parse(document).unwrap();
        let element = host.element(&component, options).unwrap();
        let failed = match export {
            DESCRIBE => element.describe("en").reported().await.unwrap_err(),
            VALIDATE => element.validate().reported().await.unwrap_err(),
            _ => element.overview().reported().await.unwrap_err(),
        };
        // Whoever describes has not been given the configuration, so these words cannot be from there.
        let shown = if export == DESCRIBE { as_it_is } else { r"[configured]\u{7}" };
        let expected = format!("{line}{shown}");
        let CallError::Trap { trap, .. } = &failed.error else { panic!("{export}: {failed:?}") };
        assert_eq!((&trap.output, &failed.report.output), (&expected, &expected), "{export}");
        let message = failed.to_string();
        assert!(message.ends_with(&format!("it panicked or gave up; it wrote: {expected}")), "{message}");
    }
}

#[tokio::test]
async fn a_trap_says_where_it_was() {
    let function = |name: &str| format!("(func ${name} unreachable)");
    let host = Host::builder().parallel_calls(1).build().unwrap();
    for (name, shown) in [
        ("wander", "wander at 0x"),
        // As a compiler of Rust writes it.
        ("_ZN5guest6wander17h0123456789abcdefE", "guest::wander at 0x"),
    ] {
        let guest = Guest::default().items(&function(name)).with(DESCRIBE, &format!("call ${name}\n unreachable"));
        let component = host.load(&guest.build()).unwrap();
        let element = host.element(&component, options(Limits::default())).unwrap();
        let failed = element.describe("en").reported().await.unwrap_err();
        let [innermost, caller] = failed.error.backtrace() else { panic!("{failed:?}") };
        assert!(innermost.starts_with(shown), "{innermost}");
        assert!(caller.contains("describe") || caller.starts_with("function "), "{caller}");
    }
}

#[tokio::test]
async fn calls_under_way_are_not_touched_by_another_tenants_trap() {
    let host = Host::builder().parallel_calls(4).build().unwrap();
    let good = host.load(&caller().build()).unwrap();
    let gate = Arc::new(Gate::default());
    let mut other = options(Limits::default());
    other.tenant = "globex".to_owned();
    other.hooks = vec![Arc::clone(&gate) as _];
    let other = host.element(&good, other).unwrap();
    let under_way = tokio::spawn(async move { other.overview().reported().await });
    gate.reached.notified().await;

    for body in ["unreachable", "i32.const -4\n i32.load", "i32.const -8"] {
        let component = host.load(&Guest::default().with(DESCRIBE, body).build()).unwrap();
        let element = host.element(&component, options(Limits::default())).unwrap();
        element.describe("en").reported().await.expect_err("it traps");
        element.validate_config("{}").await.expect("the next call of the same tenant works");
    }

    gate.open.notify_one();
    let report = under_way.await.unwrap().unwrap().report;
    assert_eq!((report.outcome, &*report.tenant), (CallOutcome::Answered, "globex"));
    assert_eq!(report.http.exchanges[0].status, Some(200));
}

/// Set in the process that [`trapping_leaks_nothing`] starts.
const ALONE: &str = "HOST_HARNESS_TEST_ALONE";

/// Memory can only be measured in a process where no other test runs, so this test runs itself again, alone.
#[cfg(target_os = "linux")]
#[test]
fn trapping_leaks_nothing() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(alternate());
    }
    let test = std::env::current_exe().unwrap();
    let arguments = ["--exact", "traps::trapping_leaks_nothing", "--nocapture"];
    let ended = Command::new(test).args(arguments).env(ALONE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&ended.stderr) + String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && text.contains("1 passed"), "{text}");
}

/// 10,000 calls, every other one a trap, four at a time.
#[cfg(target_os = "linux")]
async fn alternate() {
    let host = Host::builder().parallel_calls(4).build().unwrap();
    let guest = Guest::default().with(DESCRIBE, "i32.const 256\n memory.grow\n drop\n unreachable");
    let component = host.load(&guest.build()).unwrap();
    let element = host.element(&component, options(Limits::default())).unwrap();
    let round = async |calls: u32| {
        let callers = (0..4).map(|_| {
            let element = element.clone();
            tokio::spawn(async move {
                for _ in 0..calls / 8 {
                    element.describe("en").reported().await.unwrap_err();
                    element.validate_config("{}").await.unwrap();
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
    };
    // A place keeps the addresses that its last guest grew to until the next one is in it, and which calls were the last
    // in the four places is chance. So before each look four that do not grow are in them at the same time, waiting for a
    // key that nobody writes.
    let wait = "i32.const 1024\n i32.const 1\n i32.const 0\n i64.const 0\n i32.const 400\n i32.const 8192\n call \
                <storage@0.1.0 wait>\n i32.const 0";
    let waiting = Guest::default().items(r#"(data (i32.const 1024) "k")"#).with(OVERVIEW, wait);
    let waiting = host.element(&host.load(&waiting.build()).unwrap(), options(Limits::default())).unwrap();
    let settled = async || {
        let everywhere = (0..4).map(|_| {
            let element = waiting.clone();
            tokio::spawn(async move { element.overview().reported().await.unwrap() })
        });
        for waited in everywhere.collect::<Vec<_>>() {
            waited.await.unwrap();
        }
        memory()
    };
    round(1_000).await;
    let before = settled().await;
    round(10_000).await;
    let after = settled().await;
    // A page a call would be 40 MiB; what is allowed is what an allocator may keep for itself.
    for (name, before, after) in [("VmRSS", before.0, after.0), ("VmData", before.1, after.1)] {
        assert!(after < before + (8 << 10), "{name} grew from {before} KiB to {after} KiB");
    }
    let usage = host.pool_usage().expect("four calls fit any machine");
    assert_eq!((usage.core_instances, usage.memories, usage.tables, usage.stacks), (0, 0, 0, 0));
}

/// Resident memory and address space of data, in KiB.
#[cfg(target_os = "linux")]
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let read = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches([':', '\t', ' ', 'k', 'B']).parse().unwrap()
    };
    (read("VmRSS"), read("VmData"))
}
