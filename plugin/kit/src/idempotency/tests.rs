//! One key, one request, whoever asks and whoever dies.

use std::{cell::Cell, rc::Rc};

use super::{
    key_status::{KeyLease, KeyRecord, KeyStatus, RecordState, judge},
    *,
};
use crate::{
    contract::{call::Budget, types::Reason},
    directory::id::IdRule,
    fake::{FakePlatform, START_MS, Touch},
};

fn common(organisation: &str) -> Common {
    Common {
        organisation: organisation.to_owned(),
        application: "7".to_owned(),
        basis: String::new(),
        ids: IdRule::Exact,
        locale: crate::locale::Locale::English,
        redirect_uri: None,
        trusted_domain: None,
        homepage: crate::config::HomepageState::Allow,
        strategy: crate::contract::directory::Strategy::Automatic,
        fields: None,
        guard: crate::config::Guard::default(),
        departed_days: None,
    }
}

type Answer = Result<String, Failure>;

/// Sends `request` under `key`, counting how often the vendor is really asked.
fn send(fake: &FakePlatform, key: &str, request: &str, sent: &Cell<u32>, answer: impl FnOnce() -> Answer) -> Answer {
    once(fake, &common("acme"), ("call", Some(key)), &[request], || {
        sent.set(sent.get() + 1);
        answer()
    })
}

fn ok(answer: &str) -> Answer {
    Ok(answer.to_owned())
}

fn refused() -> Failure {
    Failure::new(Reason::NotPermitted, ("否", "no"))
}

fn lost() -> Failure {
    Failure::new(Reason::Unavailable, ("丢失", "lost")).maybe_done()
}

fn new_call(fake: &FakePlatform) {
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
}

#[test]
fn a_repetition_has_the_answer_of_the_first_for_a_day() {
    let (fake, sent) = (FakePlatform::new(), Cell::new(0));
    assert_eq!(send(&fake, "k", "a", &sent, || ok("one")), ok("one"));
    assert_eq!(send(&fake, "k", "a", &sent, || ok("two")), ok("one"));
    let [record] = &fake.keys("idempotency/call/")[..] else { panic!("{:?}", fake.keys("")) };
    assert!(!record.contains("/k") && fake.is_sealed(record) == Some(true), "{record}");
    assert_eq!(fake.ttl_ms(record), Some(LIFE_MS));
    // Another key, another organisation and another function have nothing to do with it.
    assert_eq!(send(&fake, "k2", "a", &sent, || ok("three")), ok("three"));
    let elsewhere = once(&fake, &common("other"), ("call", Some("k")), &["a"], || ok("four"));
    let another = once(&fake, &common("acme"), ("send", Some("k")), &["a"], || ok("five"));
    let without = once(&fake, &common("acme"), ("call", None), &["a"], || ok("six"));
    assert_eq!((elsewhere, another, without), (ok("four"), ok("five"), ok("six")));
    fake.advance_ms(LIFE_MS - 1);
    assert_eq!(send(&fake, "k", "a", &sent, || ok("seven")), ok("one"));
    fake.advance_ms(1);
    assert_eq!(send(&fake, "k", "a", &sent, || ok("eight")), ok("eight"));
    assert_eq!(sent.get(), 3);
}

#[test]
fn a_key_stands_for_one_request() {
    let (fake, sent) = (FakePlatform::new(), Cell::new(0));
    assert_eq!(send(&fake, "k", "a", &sent, || ok("one")), ok("one"));
    let failure = send(&fake, "k", "b", &sent, || ok("two")).unwrap_err();
    let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
    assert_eq!((problem.path.as_str(), sent.get()), ("idempotency-key", 1));
    for (key, is_sound) in [("", false), (&*"k".repeat(KEY_BYTES), true), (&*"k".repeat(KEY_BYTES + 1), false)] {
        let outcome = send(&fake, key, "a", &sent, || ok("three"));
        assert_eq!(outcome.is_ok(), is_sound, "{} bytes", key.len());
    }
}

#[test]
fn what_was_refused_may_be_tried_again_and_what_was_lost_may_not() {
    let (fake, sent) = (FakePlatform::new(), Cell::new(0));
    assert_eq!(send(&fake, "k", "a", &sent, || Err(refused())), Err(refused()));
    assert_eq!(fake.keys("idempotency/"), Vec::<String>::new());
    assert_eq!(send(&fake, "k", "a", &sent, || Err(lost())), Err(lost()));
    for _ in 0..2 {
        let failure = send(&fake, "k", "a", &sent, || ok("two")).unwrap_err();
        assert_eq!(failure.reason, Reason::Conflict);
        assert!(failure.message.en.contains("2026-09-21"), "{failure:?}");
    }
    assert_eq!((sent.get(), fake.keys("idempotency/").len()), (2, 1));
}

#[test]
fn of_two_hosts_one_sends_and_the_other_has_its_answer() {
    let (fake, sent) = (Rc::new(FakePlatform::new()), Rc::new(Cell::new(0)));
    // The second host comes when the first has its lease; while it waits, the first one ends.
    let held = match claim(&*fake, &common("acme"), "call", "k", &["a"]).unwrap() {
        Claim::Held(held) => Cell::new(Some(held.keys.clone()).zip(Some((held.record.clone(), held.versions)))),
        Claim::Done(answer) => panic!("{answer}"),
    };
    fake.before_storage(move |fake, touch| {
        if matches!(touch, Touch::Wait(_))
            && let Some((keys, (record, versions))) = held.take()
        {
            Held { unfinished: None, platform: fake, keys, record, versions }.finish(&"one");
        }
        Ok(())
    });
    assert_eq!(send(&fake, "k", "a", &sent, || ok("two")), ok("one"));
    assert_eq!(sent.get(), 0);
}

#[test]
fn whoever_does_not_end_in_time_is_a_conflict_and_whoever_died_is_unknown() {
    let (fake, sent) = (FakePlatform::new(), Cell::new(0));
    drop(claim(&fake, &common("acme"), "call", "k", &["a"]).unwrap());
    let failure = send(&fake, "k", "a", &sent, || ok("two")).unwrap_err();
    assert_eq!((failure.reason.clone(), failure.retry_after_ms), (Reason::Conflict, Some(1_000)));
    assert!(fake.now_ms() < START_MS + 60_000, "the call had time left to answer");
    // The lease outlives the call of the dead one; then it is known that nobody knows.
    fake.advance_ms(LEASE_RESERVE_MS + CALL_RESERVE_MS);
    new_call(&fake);
    let Claim::Held(held) = claim(&fake, &common("acme"), "call", "k", &["a"]).unwrap() else { panic!() };
    assert_eq!(held.unfinished, Some(Unfinished { since_ms: START_MS, progress: None }));
    held.release();
    let failure = send(&fake, "k", "a", &sent, || ok("three")).unwrap_err();
    assert_eq!((failure.reason.clone(), failure.retry_after_ms, sent.get()), (Reason::Conflict, None, 0));
}

#[test]
fn progress_is_found_by_whoever_goes_on_and_only_while_the_lease_is_held() {
    let fake = FakePlatform::new();
    let claimed = || match claim(&fake, &common("acme"), "send", "k", &["a"]).unwrap() {
        Claim::Held(held) => held,
        Claim::Done(answer) => panic!("{answer}"),
    };
    let mut first = claimed();
    assert_eq!(first.unfinished, None);
    first.progress("1".to_owned()).unwrap();
    first.progress("2".to_owned()).unwrap();
    first.leave(None);
    let mut second = claimed();
    let since = |progress: &str| Some(Unfinished { since_ms: START_MS, progress: Some(progress.to_owned()) });
    assert_eq!(second.unfinished, since("2"));
    fake.advance_ms(60_000 + LEASE_RESERVE_MS);
    new_call(&fake);
    let third = claimed();
    assert_eq!(second.progress("3".to_owned()).unwrap_err().reason, Reason::Conflict);
    third.leave(Some("4".to_owned()));
    let fourth = claimed();
    assert_eq!(fourth.unfinished, since("4"));
    fourth.finish(&5);
    let Claim::Done(answer) = claim(&fake, &common("acme"), "send", "k", &["a"]).unwrap() else { panic!() };
    assert_eq!(read_answer::<u32>("send", &answer).unwrap(), 5);
}

#[test]
fn a_write_without_an_answer_is_recognised() {
    for after in [false, true] {
        let (fake, sent, failed) = (FakePlatform::new(), Cell::new(0), Rc::new(Cell::new(false)));
        let once = move |touch: Touch<'_>| match touch.puts("idempotency/") && !failed.replace(true) {
            true => Err(StorageError::Unavailable(true)),
            false => Ok(()),
        };
        match after {
            true => fake.after_storage(move |_, touch| once(touch)),
            false => fake.before_storage(move |_, touch| once(touch)),
        }
        assert_eq!(send(&fake, "k", "a", &sent, || ok("one")), ok("one"), "{after}");
        assert_eq!((send(&fake, "k", "a", &sent, || ok("two")), sent.get()), (ok("one"), 1), "{after}");
    }
}

#[test]
fn an_answer_that_was_not_kept_is_not_made_up() {
    let (fake, sent) = (FakePlatform::new(), Cell::new(0));
    let large = "x".repeat(ANSWER_BYTES);
    assert_eq!(send(&fake, "k", "a", &sent, || ok(&large)), ok(&large));
    assert_eq!(send(&fake, "k", "a", &sent, || ok("two")).unwrap_err().reason, Reason::Conflict);
    // The store fails when the answer is to be written: the caller has it, a repetition does not.
    fake.before_storage(|_, touch| match touch {
        Touch::Apply([Op::Check(_), Op::Delete(_), ..]) => Err(StorageError::Unavailable(false)),
        _ => Ok(()),
    });
    assert_eq!(send(&fake, "k2", "a", &sent, || ok("three")), ok("three"));
    assert!(fake.logs.borrow()[0].contains("was not kept"), "{:?}", fake.logs);
    fake.clear_hooks();
    fake.advance_ms(60_000 + LEASE_RESERVE_MS);
    new_call(&fake);
    assert_eq!(send(&fake, "k2", "a", &sent, || ok("four")).unwrap_err().reason, Reason::Conflict);
    assert_eq!(sent.get(), 2);
}

#[test]
fn what_cannot_be_read_is_never_sent_again() {
    let (fake, sent) = (FakePlatform::new(), Cell::new(0));
    assert_eq!(send(&fake, "k", "a", &sent, || ok("one")), ok("one"));
    let record = fake.keys("idempotency/").remove(0);
    fake.apply(&[store::put_text(record, "{".to_owned())]).unwrap();
    assert!(send(&fake, "k", "a", &sent, || ok("two")).is_err());
    assert_eq!(sent.get(), 1);
}

#[test]
fn record_and_lease_say_how_a_key_stands() {
    let record = |state: RecordState| KeyRecord { request: "r".to_owned(), begun_at_ms: START_MS, attempts: 1, state };
    let begun = || record(RecordState::Begun(None));
    let done = || record(RecordState::Done("1".to_owned()));
    let lease = |holder: &str| KeyLease { holder: holder.to_owned() };
    for (name, stored, held_by, request, now, expected) in [
        ("unused", None, None, "r", 0, KeyStatus::Free(None)),
        ("begun and left", Some(begun()), None, "r", 0, KeyStatus::Free(Some(begun()))),
        ("begun by another", Some(begun()), Some("b"), "r", 0, KeyStatus::Underway),
        ("begun by me", Some(begun()), Some("a"), "r", 0, KeyStatus::Mine(begun())),
        ("done", Some(done()), None, "r", 0, KeyStatus::Done("1".to_owned())),
        ("done, the lease on its way out", Some(done()), Some("b"), "r", 0, KeyStatus::Done("1".to_owned())),
        ("done, not kept", Some(record(RecordState::DoneUnkept)), None, "r", 0, KeyStatus::DoneUnkept),
        ("another request", Some(done()), None, "q", 0, KeyStatus::OtherRequest),
        ("another request under way", Some(begun()), Some("b"), "q", 0, KeyStatus::OtherRequest),
        ("too old by a clock", Some(done()), None, "q", LIFE_MS, KeyStatus::Free(None)),
        ("nearly too old", Some(done()), None, "r", LIFE_MS - 1, KeyStatus::Done("1".to_owned())),
        ("a lease alone", None, Some("b"), "r", 0, KeyStatus::Underway),
    ] {
        assert_eq!(judge(stored, held_by.map(lease).as_ref(), request, "a", START_MS + now), expected, "{name}");
    }
}
