//! One token for everybody, one question at a time, and no question after a refusal.

use std::{cell::Cell, rc::Rc};

use super::*;
use crate::{
    contract::http,
    fake::{self, FakePlatform, START_MS, Touch, errcode, lost, ok, unreached},
    vendor::client::Client,
};

/// A server whose tokens are `token-1`, `token-2` …
fn counting() -> FakePlatform {
    let fake = FakePlatform::new();
    let asked = Cell::new(0);
    fake.serve(move |_| {
        asked.set(asked.get() + 1);
        granted(&format!("token-{}", asked.get()), 7_200)
    });
    fake
}

fn granted(token: &str, expires_in: u64) -> Result<http::Response, http::HttpError> {
    ok(format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{token}","expires_in":{expires_in}}}"#))
}

fn current(fake: &FakePlatform, failed: Option<&str>) -> Result<String, Failure> {
    let config = fake::config();
    Tokens::new(&Sender::new(fake, &config)).current(failed)
}

fn key(fake: &FakePlatform, kind: &str) -> String {
    let keys = fake.keys(kind);
    assert_eq!(keys.len(), 1, "{kind}: {keys:?}");
    keys[0].clone()
}

/// Takes the lease as another machine would, for as long as a lease lives.
fn take_lease(fake: &FakePlatform) -> Version {
    let key = format!("token-lease/{}", credential(&fake::config()));
    match fake.apply(&[store::put_for(key, &Lease { holder: "another machine".into() }, LEASE_MS)]).unwrap() {
        Outcome::Applied(versions) => versions[0],
        Outcome::Conflict(_) => unreachable!(),
    }
}

fn put_token(fake: &FakePlatform, token: &str) {
    let kept = Kept { token: token.to_owned(), expires_at_ms: fake.now_ms() + 6_900_000 };
    fake.apply(&[store::put_sealed(format!("token/{}", credential(&fake::config())), &kept, 6_900_000)]).unwrap();
}

/// Ends the work of another holder.
fn keep_token(fake: &FakePlatform, token: &str) {
    put_token(fake, token);
    fake.apply(&[store::delete(format!("token-lease/{}", credential(&fake::config())))]).unwrap();
}

#[test]
fn a_token_lives_shorter_than_announced() {
    for (expires_in, expected) in [
        (0, 0),
        (300, 0),
        (301, 1_000),
        (7_200, 6_900_000),
        (10_000, 9_700_000),
        (20_000, 19_400_000),
        (u64::MAX, u64::MAX),
    ] {
        assert_eq!(lifetime_ms(expires_in), expected, "{expires_in}");
    }
}

#[test]
fn the_request_is_the_documented_one_and_the_token_is_kept_sealed() {
    let fake = counting();
    assert_eq!(current(&fake, None).unwrap(), "token-1");
    let request = fake.requests.borrow()[0].clone();
    assert_eq!((request.method.as_str(), request.timeout_ms), ("GET", Some(8_000)));
    let expected =
        format!("https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=ww21c67da6767865c2&corpsecret={}", fake::SECRET);
    assert_eq!(request.url, expected);

    let key = key(&fake, "token/");
    assert_eq!((fake.is_sealed(&key), fake.ttl_ms(&key)), (Some(true), Some(6_900_000)));
    assert!(!key.contains(fake::SECRET) && fake.keys("token-lease/").is_empty());

    fake.advance_ms(6_899_999);
    assert_eq!(current(&fake, None).unwrap(), "token-1");
    fake.advance_ms(1);
    assert_eq!(current(&fake, None).unwrap(), "token-2");
}

#[test]
fn a_store_with_a_slow_clock_does_not_prolong_a_token() {
    let fake = counting();
    current(&fake, None).unwrap();
    let key = key(&fake, "token/");
    fake.apply(&[store::put_text(&key, fake.value(&key).unwrap())]).unwrap();
    fake.advance_ms(6_900_000);
    assert_eq!(current(&fake, None).unwrap(), "token-2");
}

#[test]
fn every_credential_has_its_own_token() {
    let fake = counting();
    let tokens: Vec<_> = [
        ("ww1", 1, "secret-a"),
        ("ww1", 1, "secret-b"),
        ("ww1", 2, "secret-a"),
        ("ww2", 1, "secret-a"),
        ("ww1", 1, "secret-a"),
    ]
    .map(|(corp, agent, secret)| {
        let document = fake::document()
            .replace("ww21c67da6767865c2", corp)
            .replace("1000073", &agent.to_string())
            .replace(fake::SECRET, secret);
        let config = Config::parse(&document).unwrap();
        Tokens::new(&Sender::new(&fake, &config)).current(None).unwrap()
    })
    .into();
    assert_eq!(tokens, ["token-1", "token-2", "token-3", "token-4", "token-1"]);
}

#[test]
fn a_failed_token_is_replaced_once_for_all() {
    let fake = counting();
    assert_eq!(current(&fake, None).unwrap(), "token-1");
    assert_eq!(current(&fake, Some("token-1")).unwrap(), "token-2");
    // The second one who failed with the first token finds the new one.
    assert_eq!(current(&fake, Some("token-1")).unwrap(), "token-2");
    assert_eq!(fake.count("gettoken"), 2);
}

#[test]
fn a_token_too_short_to_keep_is_used_once() {
    let fake = FakePlatform::new();
    fake.serve(|_| granted("brief", 300));
    assert_eq!(current(&fake, None).unwrap(), "brief");
    assert!(fake.keys("").is_empty());
}

#[test]
fn a_copy_that_cannot_be_read_is_replaced() {
    let fake = counting();
    fake.apply(&[store::put_text(format!("token/{}", credential(&fake::config())), "damaged".into())]).unwrap();
    assert_eq!(current(&fake, None).unwrap(), "token-1");
    assert_eq!(current(&fake, None).unwrap(), "token-1");
}

#[test]
fn losers_wait_for_the_holder_and_take_its_token() {
    let fake = counting();
    take_lease(&fake);
    fake.before_storage(|fake, touch| {
        if let Touch::Wait(_) = touch {
            fake.advance_ms(40);
            keep_token(fake, "token-of-the-other");
        }
        Ok(())
    });
    assert_eq!(current(&fake, None).unwrap(), "token-of-the-other");
    assert_eq!((fake.count("gettoken"), fake.now_ms()), (0, START_MS + 40));
}

#[test]
fn a_dead_holder_is_followed_after_ten_seconds() {
    let fake = counting();
    take_lease(&fake);
    assert_eq!(current(&fake, None).unwrap(), "token-1");
    assert_eq!(fake.now_ms(), START_MS + 10_000);
}

#[test]
fn waiting_ends_with_the_call() {
    let fake = counting();
    fake.set_budget(crate::contract::call::Budget { wall_ms: 3_000, ..fake.remaining() });
    take_lease(&fake);
    let failure = current(&fake, None).unwrap_err();
    assert_eq!((failure.reason, fake.count("gettoken")), (Reason::Unavailable, 0));
    assert!(failure.hint.is_some() && fake.now_ms() < START_MS + 3_000);
}

#[test]
fn a_race_for_the_lease_has_one_winner() {
    let fake = counting();
    let raced = Cell::new(false);
    fake.before_storage(move |fake, touch| {
        if touch.puts("token-lease/") && !raced.replace(true) {
            take_lease(fake);
        }
        if let Touch::Wait(_) = touch {
            keep_token(fake, "token-of-the-winner");
        }
        Ok(())
    });
    assert_eq!(current(&fake, None).unwrap(), "token-of-the-winner");
    assert_eq!(fake.count("gettoken"), 0);
}

#[test]
fn a_late_holder_does_not_overwrite_the_next_ones_token() {
    let fake = FakePlatform::new();
    fake.serve_with(|fake, _| {
        // The answer is so slow that the lease has run out and somebody else has done the work.
        fake.advance_ms(LEASE_MS);
        take_lease(fake);
        keep_token(fake, "token-of-the-next");
        granted("late", 7_200)
    });
    assert_eq!(current(&fake, None).unwrap(), "token-of-the-next");
    assert_eq!(current(&fake, None).unwrap(), "token-of-the-next");
}

#[test]
fn a_late_holder_does_not_end_the_next_ones_lease() {
    let fake = FakePlatform::new();
    let next = Rc::new(Cell::new(0));
    let taken = next.clone();
    fake.serve_with(move |fake, _| {
        fake.advance_ms(LEASE_MS);
        taken.set(take_lease(fake));
        Err(lost(http::Failure::Tls))
    });
    // The call has no time left for another try after this one.
    fake.set_budget(crate::contract::call::Budget { wall_ms: LEASE_MS + 500, ..fake.remaining() });
    assert_eq!(current(&fake, None).unwrap_err().reason, Reason::Unavailable);
    let key = key(&fake, "token-lease/");
    assert_eq!(fake.get_many(&[key]).unwrap()[0].as_ref().unwrap().version, next.get());
}

#[test]
fn a_lease_that_was_written_without_an_answer_is_recognised() {
    let fake = counting();
    let failed = Cell::new(false);
    fake.after_storage(move |_, touch| {
        let unsure = touch.puts("token-lease/") && !failed.replace(true);
        if unsure { Err(StorageError::Unavailable(true)) } else { Ok(()) }
    });
    assert_eq!(current(&fake, None).unwrap(), "token-1");
    assert_eq!(fake.now_ms(), START_MS, "nobody had to wait for the lease to run out");
}

#[test]
fn passing_failures_are_repeated_three_times_within_the_lease() {
    for (name, failure, requests) in [
        ("busy", errcode(-1, "system error"), 4),
        ("5xx", fake::status(502, "<html>"), 4),
        ("no connection", Err(unreached(http::Failure::Connect)), 4),
        ("unreadable", ok("<html>"), 4),
        ("no token inside", ok(r#"{"errcode":0,"expires_in":7200}"#), 4),
        ("empty token", granted("", 7_200), 4),
        ("no life inside", ok(r#"{"errcode":0,"access_token":"t"}"#), 4),
        ("refused by the host", Err(unreached(http::Failure::Denied(String::new()))), 1),
        ("too often", errcode(45009, "api freq out of limit"), 1),
    ] {
        let fake = FakePlatform::new();
        fake.serve(move |_| failure.clone());
        let error = current(&fake, None).unwrap_err();
        assert_eq!(fake.count("gettoken"), requests, "{name}");
        assert!(fake.keys("").is_empty(), "{name}: nothing is remembered and the lease is given back");
        assert!(!format!("{error:?}").contains(fake::SECRET), "{name}");
    }

    let fake = FakePlatform::new();
    fake.serve_with(|fake, _| {
        fake.advance_ms(8_000);
        Err(lost(http::Failure::Timeout))
    });
    current(&fake, None).unwrap_err();
    let timeouts: Vec<_> = fake.requests.borrow().iter().map(|request| request.timeout_ms).collect();
    assert_eq!(timeouts, [Some(8_000), Some(1_000)], "a repetition never outlives the lease");
}

#[test]
fn a_refused_credential_is_not_presented_again() {
    for code in REFUSALS {
        let fake = FakePlatform::new();
        fake.serve(move |_| errcode(code, "invalid credential"));
        let first = current(&fake, None).unwrap_err();
        let later: Vec<_> = (0..3).map(|_| current(&fake, Some("any")).unwrap_err()).collect();
        assert_eq!(fake.count("gettoken"), 1, "{code}");
        assert!(fake.keys("token-lease/").is_empty() && fake.keys("token/").is_empty(), "{code}");
        for failure in later {
            assert_eq!((&failure.reason, failure.vendor_code), (&first.reason, Some(code)));
            assert!(failure.hint.is_some() && failure.message.en.contains("check-connection"), "{failure:?}");
            assert!(!format!("{failure:?}").contains(fake::SECRET));
        }
        fake.advance_ms(365 * 86_400_000);
        current(&fake, None).unwrap_err();
        assert_eq!(fake.count("gettoken"), 1, "{code}: time does not make a secret right");

        let changed = Config::parse(&fake::document().replace(fake::SECRET, "another-secret")).unwrap();
        Tokens::new(&Sender::new(&fake, &changed)).current(None).unwrap_err();
        assert_eq!(fake.count("gettoken"), 2, "{code}: another secret is another question");
    }
}

#[test]
fn a_refusal_met_by_another_is_respected_while_racing() {
    let fake = counting();
    let raced = Cell::new(false);
    fake.before_storage(move |fake, touch| {
        if touch.puts("token-lease/") && !raced.replace(true) {
            let key = format!("token-refused/{}", credential(&fake::config()));
            fake.apply(&[store::put(key, &Refusal { code: 40001, at_ms: fake.now_ms() })]).unwrap();
        }
        Ok(())
    });
    assert_eq!(current(&fake, None).unwrap_err().vendor_code, Some(40001));
    assert_eq!(fake.count("gettoken"), 0);
}

#[test]
fn a_kept_token_outlives_the_memory_of_a_refusal_only_until_it_fails() {
    let fake = counting();
    current(&fake, None).unwrap();
    fake.serve(|_| errcode(40001, "invalid credential"));
    assert_eq!(current(&fake, Some("token-1")).unwrap_err().vendor_code, Some(40001));
    assert!(fake.keys("token/").is_empty(), "the failed token is gone");
}

#[test]
fn asking_ignores_and_renews_what_is_remembered() {
    let fake = FakePlatform::new();
    let config = fake::config();
    let ask = || Client::new(&fake, &config).ask();

    fake.serve(|_| errcode(40001, "invalid credential"));
    assert_eq!(ask().unwrap_err().vendor_code, Some(40001));
    assert_eq!(current(&fake, None).unwrap_err().vendor_code, Some(40001));
    assert_eq!(ask().unwrap_err().vendor_code, Some(40001));
    assert_eq!(fake.count("gettoken"), 2, "asking asks, everybody else remembers");

    fake.serve(|_| granted("right", 7_200));
    ask().unwrap();
    assert_eq!(current(&fake, None).unwrap(), "right");
    ask().unwrap();
    assert_eq!(fake.count("gettoken"), 4, "asking never takes the kept token");

    fake.serve(|_| errcode(-1, "system error"));
    ask().unwrap_err();
    assert_eq!(current(&fake, None).unwrap(), "right", "a passing failure changes nothing");

    fake.serve(|_| errcode(40013, "invalid corpid"));
    ask().unwrap_err();
    assert_eq!(current(&fake, None).unwrap_err().vendor_code, Some(40013));
}

#[test]
fn what_was_asked_meanwhile_is_not_overwritten_by_a_refresh() {
    for late_answer in [errcode(40001, "invalid credential"), granted("late", 7_200)] {
        let fake = FakePlatform::new();
        fake.serve_with(move |fake, _| {
            put_token(fake, "token-of-the-administrator");
            late_answer.clone()
        });
        assert_eq!(current(&fake, None).unwrap(), "token-of-the-administrator");
        assert_eq!(current(&fake, None).unwrap(), "token-of-the-administrator");
        assert!(fake.keys("token-refused/").is_empty());
        assert_eq!(fake.count("gettoken"), 1);
    }
}

#[test]
fn a_token_that_came_between_reading_and_asking_is_taken() {
    let fake = counting();
    let raced = Cell::new(false);
    fake.before_storage(move |fake, touch| {
        if touch.puts("token-lease/") && !raced.replace(true) {
            put_token(fake, "token-of-the-other");
        }
        Ok(())
    });
    assert_eq!(current(&fake, None).unwrap(), "token-of-the-other");
    assert_eq!(fake.count("gettoken"), 0);
}

#[test]
fn a_late_holder_writes_nothing_while_the_next_one_works() {
    for late_answer in [errcode(40001, "invalid credential"), granted("late", 7_200)] {
        let fake = FakePlatform::new();
        fake.serve_with(move |fake, _| {
            fake.advance_ms(LEASE_MS);
            take_lease(fake);
            late_answer.clone()
        });
        fake.before_storage(|fake, touch| {
            if let Touch::Wait(_) = touch {
                assert!(fake.keys("token/").is_empty() && fake.keys("token-refused/").is_empty());
                keep_token(fake, "token-of-the-next");
            }
            Ok(())
        });
        assert_eq!(current(&fake, None).unwrap(), "token-of-the-next");
        assert_eq!(fake.count("gettoken"), 1);
    }
}

#[test]
fn a_store_that_fails_is_reported_at_every_step() {
    // 1 reading, 2 lease, 3 token.
    for step in 1..=3 {
        let fake = counting();
        let seen = Cell::new(0);
        fake.before_storage(move |_, _| {
            seen.set(seen.get() + 1);
            if seen.get() == step { Err(StorageError::Unavailable(false)) } else { Ok(()) }
        });
        assert_eq!(current(&fake, None).unwrap_err().reason, Reason::Unavailable, "step {step}");
    }
}

#[test]
fn a_lease_that_cannot_be_given_back_is_logged() {
    let fake = FakePlatform::new();
    fake.serve(|_| errcode(45009, "api freq out of limit"));
    let applied = Cell::new(0);
    fake.before_storage(move |_, touch| {
        if let Touch::Apply(_) = touch {
            applied.set(applied.get() + 1);
        }
        if applied.get() == 2 { Err(StorageError::Unavailable(false)) } else { Ok(()) }
    });
    assert_eq!(current(&fake, None).unwrap_err().vendor_code, Some(45009));
    assert!(fake.logs.borrow()[0].contains("runs out by itself"), "{:?}", fake.logs.borrow());
}
