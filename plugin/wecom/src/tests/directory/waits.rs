//! Waits that the vendor asked for, whoever has to keep them; and calls that are too small for a whole step.

use super::{Budget, PLAIN, SyncStep, abandon, assert_exact, begin, platform, small, step, step_of};
use crate::{
    config::Config,
    fake::{self, FakePlatform, document, path},
};
use organisation_kit::{
    contract::http::{Header, Response},
    contract::types::Body,
    directory::sync::PendingWait,
    platform::Platform,
    store,
};

const MINUTE: u64 = 60 * 1_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The next list of members is refused for so many seconds.
fn refuse_for(fake: &FakePlatform, seconds: u64) {
    let others = fake.server();
    let is_refused = std::cell::Cell::new(true);
    fake.serve_with(move |fake, request| {
        if path(request).ends_with("user/list") && is_refused.take() {
            let headers = vec![Header { name: "Retry-After".to_owned(), value: seconds.to_string() }];
            return Ok(Response { status: 429, headers, body: Body::Text(String::new()) });
        }
        others(fake, request)
    });
}

fn waits_until(fake: &FakePlatform) -> Option<u64> {
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
    match step(fake, PLAIN).unwrap() {
        SyncStep::Wait(waiting) => Some(waiting.not_before),
        _ => None,
    }
}

#[test]
fn the_vendor_is_not_asked_before_the_time_that_it_named_up_to_a_day() {
    for (name, seconds, waits_ms) in
        [("minutes", 11 * 60, 11 * MINUTE), ("hours", 5 * 3_600, 5 * HOUR), ("a week", 7 * 86_400, DAY)]
    {
        let (fake, company) = platform(small());
        refuse_for(&fake, seconds);
        let not_before = waits_until(&fake).unwrap();
        let waited = not_before - fake::START_MS;
        assert!((waits_ms..waits_ms + MINUTE).contains(&waited) && waited <= DAY, "{name}: {waited}");
        let asked = fake.paths().len();
        fake.advance_ms(waited - 1);
        assert_eq!((waits_until(&fake), fake.paths().len()), (Some(not_before), asked), "{name}");
        fake.advance_ms(1);
        assert_eq!(waits_until(&fake), None, "{name}");
        if waits_ms < 6 * HOUR {
            assert_exact(&fake, &company.borrow());
        }
    }
    // Whoever makes a wait of an export makes it by the same rule.
    let stored = store::to_json(&PendingWait::new(0, u64::MAX, "export-running", None));
    assert!(stored.contains(&format!("\"not_before\":{DAY}")), "{stored}");
}

#[test]
fn a_wait_holds_whoever_asks_as_the_same_app_and_nobody_else() {
    let other_app = Config::parse(&document().replace("1000073", "1000074")).unwrap();
    let other_fields = Config::parse(&document().replace('{', r#"{"sync":{"fields":["name"]},"#)).unwrap();
    let own = fake::config();
    let waits =
        |fake: &FakePlatform, config: &Config| matches!(step_of(fake, config, PLAIN).unwrap(), SyncStep::Wait(_));
    for (name, gives_up) in [("the run is outdated", false), ("the run was given up", true)] {
        let (fake, company) = platform(small());
        company.borrow_mut().fault = Some(("user/list", 45009));
        assert!(waits(&fake, &own), "{name}");
        if gives_up {
            abandon(&fake);
        }
        assert!(waits(&fake, &other_fields), "{name}: other fields are asked for by the same app");
        assert!(!waits(&fake, &other_app), "{name}: the other app was not told to wait");
        assert!(waits(&fake, &own), "{name}: it has to wait all the same");
    }
}

#[test]
fn what_a_host_has_dated_whose_clock_is_ahead_is_believed_for_ten_minutes() {
    for (name, ahead, is_believed) in
        [("nine minutes", 9 * MINUTE, true), ("eleven minutes", 11 * MINUTE, false), ("a day", DAY, false)]
    {
        let (fake, company) = platform(small());
        company.borrow_mut().fault = Some(("user/list", 45009));
        fake.advance_ms(ahead);
        assert!(waits_until(&fake).is_some(), "{name}");
        let run = begin(&fake).unwrap().progress.run;
        fake.set_back_ms(ahead);
        let begun = begin(&fake).unwrap();
        assert_eq!((begun.joined, begun.progress.run == run), (is_believed, is_believed), "{name}: the run");
        assert_eq!(waits_until(&fake).is_some(), is_believed, "{name}: its wait");

        let (fake, company) = platform(small());
        company.borrow_mut().fault = Some(("user/list", 45009));
        fake.advance_ms(ahead);
        assert!(waits_until(&fake).is_some(), "{name}");
        abandon(&fake);
        fake.set_back_ms(ahead);
        assert_eq!(waits_until(&fake).is_some(), is_believed, "{name}: the wait that was kept");
    }
}

#[test]
fn a_call_that_ends_among_members_asked_about_one_by_one_has_moved() {
    let mut company = small();
    for index in 0..30 {
        let id = format!("m{index:02}");
        company.person(&id, "成员", &[]);
        company.granted.push(id);
    }
    let (fake, company) = platform(company);
    for calls in 1.. {
        fake.set_budget(Budget { wall_ms: 60_000, requests: 3, ..fake.remaining() });
        match step(&fake, PLAIN).unwrap() {
            SyncStep::More(_) => {}
            SyncStep::Complete(report) => {
                assert_eq!((report.members.added, calls > 10), (33, true), "{calls}");
                break;
            }
            other => panic!("call {calls}: {other:?}"),
        }
    }
    assert_exact(&fake, &company.borrow());
}

#[test]
fn who_is_missing_is_looked_for_in_the_open() {
    let mut company = small();
    for index in 0..2_500 {
        company.person(&format!("m{index:04}"), "成员", &[2]);
    }
    let (fake, company) = platform(company);
    super::complete(&fake, PLAIN);
    company.borrow_mut().members.remove("m0000");
    let mut seen = Vec::new();
    loop {
        // Enough for one step.
        fake.set_budget(Budget { wall_ms: 60_000, cpu_ms: 1, ..fake.remaining() });
        match step(&fake, PLAIN).unwrap() {
            SyncStep::More(progress) if progress.phase == "missing" => seen.push((progress.done, progress.total)),
            SyncStep::More(_) => {}
            SyncStep::Complete(_) => break,
            other => panic!("{other:?}"),
        }
    }
    // Two departments, then a thousand members at a time, before the rest.
    assert_eq!(seen, [(0, 0), (2, 2_505), (1_002, 2_505), (2_002, 2_505)]);
}
