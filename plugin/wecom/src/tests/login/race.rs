//! Two requests at once, deaths in the middle, and a store that fails.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::*;
use crate::fake::{Touch, errcode};
use organisation_kit::contract::{call::Budget, storage::StorageError};

const LIFE_MS: u64 = 30_000;

#[test]
fn of_two_requests_at_once_one_asks_and_both_have_its_answer() {
    for is_homepage in [false, true] {
        let setup = FakePlatform::new();
        let request = if is_homepage { homepage() } else { started(&setup, Entry::Browser, Some("c00kie")) };
        let second: Rc<RefCell<Option<Result<Exchange, Failure>>>> = Rc::default();
        let (twin, seen) = (request.clone(), second.clone());
        // While WeCom thinks about the code, the browser repeats its request. The twin parks, and since this test has
        // one thread only, its wait is where the first one's world stands still: it must not have asked by then.
        setup.serve_with(move |fake, asked_for| match path(asked_for).as_str() {
            "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
            "/cgi-bin/auth/getuserinfo" => {
                fake.set_budget(Budget { wall_ms: 1_000, ..fake.remaining() });
                seen.replace(Some(login::exchange_code::<WeCom>(fake, &fake::config(), &twin)));
                fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
                ok(MEMBER)
            }
            _ => errcode(60111, "userid not found"),
        });
        let first = exchange(&setup, &request).unwrap();
        let parked = second.borrow().clone().unwrap().unwrap_err();
        assert_eq!(
            (parked.reason.clone(), parked.retry_after_ms),
            (Reason::Unavailable, Some(1_000)),
            "its call was too short"
        );
        assert_eq!(exchange(&setup, &request).unwrap(), first, "a longer one has the outcome");
        assert_eq!(asked(&setup), 1);
    }
}

#[test]
fn who_waits_takes_the_outcome_of_the_first() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, None);
    let expected = exchange(&fake, &request).unwrap();
    let key = exchange_key(&request);
    let done = fake.value(&key).unwrap();
    let pending = pending("another machine", fake.now_ms());
    fake.apply(&[store::put_sealed(&key, &pending, LIFE_MS)]).unwrap();
    fake.before_storage(move |fake, touch| {
        if let Touch::Wait(key) = touch {
            fake.advance_ms(300);
            fake.apply(&[store::put_text(key, done.clone())]).unwrap();
        }
        Ok(())
    });
    assert_eq!(exchange(&fake, &request).unwrap(), expected);
    assert_eq!(asked(&fake), 1);
}

#[test]
fn after_a_death_in_mid_exchange_the_sign_in_starts_again() {
    for request in [homepage(), ExchangeRequest { state: Some("0123456789abcdefABCDEF".into()), ..homepage() }] {
        let fake = answering(ok(MEMBER));
        let pending = pending("dead machine", fake.now_ms());
        fake.apply(&[store::put_sealed(exchange_key(&request), &pending, LIFE_MS)]).unwrap();
        let before = fake.now_ms();
        rejects(&fake, &request);
        assert_eq!((fake.now_ms() - before, asked(&fake)), (LIFE_MS, 0));
    }
}

#[test]
fn who_waits_for_one_that_is_put_back_goes_next() {
    for is_homepage in [false, true] {
        let fake = answering(ok(MEMBER));
        let request = if is_homepage { homepage() } else { started(&fake, Entry::Browser, None) };
        let login_state = fake.value(&state_key(state_of(&request)));
        let pending = pending("another machine", fake.now_ms());
        let key = exchange_key(&request);
        fake.apply(&[store::put_sealed(&key, &pending, LIFE_MS), store::delete(state_key(state_of(&request)))])
            .unwrap();
        let state = state_of(&request).to_owned();
        fake.before_storage(move |fake, touch| {
            if let Touch::Wait(key) = touch {
                fake.advance_ms(300);
                let put = login_state.clone().map(|value| store::put_text(state_key(&state), value));
                fake.apply(&put.into_iter().chain([store::delete(key)]).collect::<Vec<_>>()).unwrap();
            }
            Ok(())
        });
        assert!(exchange(&fake, &request).is_ok());
        assert_eq!(asked(&fake), 1);
    }
}

#[test]
fn a_race_has_one_winner() {
    // The same request, or another code with the same state, comes between reading and writing.
    for (is_homepage, same, wins, calls) in
        [(false, true, true, 1), (false, false, false, 1), (true, true, true, 1), (true, false, true, 2)]
    {
        let fake = answering(ok(MEMBER));
        let request = if is_homepage { homepage() } else { started(&fake, Entry::Browser, None) };
        let rival = if same { request.clone() } else { ExchangeRequest { code: "rival".into(), ..request.clone() } };
        let raced = Cell::new(false);
        fake.before_storage(move |fake, touch| {
            if touch.puts("login-exchange/") && !raced.replace(true) {
                login::exchange_code::<WeCom>(fake, &fake::config(), &rival).unwrap();
            }
            Ok(())
        });
        let outcome = exchange(&fake, &request);
        assert_eq!((outcome.is_ok(), asked(&fake)), (wins, calls), "home page {is_homepage}, same code {same}");
        if let Err(failure) = outcome {
            assert_eq!(failure.reason, Reason::LoginRejected);
        }
    }
}

#[test]
fn a_record_that_is_somebody_elses_by_now_is_left_alone() {
    for answer in [ok(MEMBER), errcode(40029, "invalid code"), errcode(45009, "api freq out of limit")] {
        let key = exchange_key(&homepage());
        let theirs = key.clone();
        let fake = vendor(move |fake, _| {
            // The store's clock is faster than this host's: the record ran out and another machine began anew.
            let pending = pending("another machine", fake.now_ms());
            fake.apply(&[store::put_sealed(&theirs, &pending, LIFE_MS)]).unwrap();
            answer.clone()
        });
        let _ = exchange(&fake, &homepage());
        assert!(fake.value(&key).unwrap().contains("another machine"));
        let notes = ["was not kept", "was not put back"];
        let logs = fake.logs.borrow();
        assert!(notes.iter().any(|note| logs.last().unwrap().contains(note)), "and it is noted: {logs:?}");
    }
}

#[test]
fn an_opening_without_an_answer_is_recognised() {
    for is_homepage in [false, true] {
        for applied in [true, false] {
            let fake = answering(ok(MEMBER));
            let request = if is_homepage { homepage() } else { started(&fake, Entry::Browser, None) };
            let failed = Cell::new(false);
            let unsure = move |_: &FakePlatform, touch: Touch<'_>| {
                let now = touch.puts("login-exchange/") && !failed.replace(true);
                if now { Err(StorageError::Unavailable(true)) } else { Ok(()) }
            };
            if applied {
                fake.after_storage(unsure);
            } else {
                fake.before_storage(unsure);
            }
            let outcome = exchange(&fake, &request).unwrap();
            assert_eq!((outcome.state_verified, asked(&fake)), (!is_homepage, 1));
            assert_eq!(outcome.return_to.is_some(), !is_homepage);
        }
    }
}

#[test]
fn an_outcome_that_cannot_be_kept_is_given_and_noted() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, None);
    let puts = Cell::new(0);
    fake.before_storage(move |_, touch| {
        puts.set(puts.get() + u32::from(touch.puts("login-exchange/")));
        if puts.get() == 2 { Err(StorageError::Unavailable(false)) } else { Ok(()) }
    });
    assert!(exchange(&fake, &request).is_ok());
    assert!(fake.logs.borrow()[0].contains("not kept"), "{:?}", fake.logs.borrow());
    fake.clear_hooks();
    fake.set_budget(Budget { wall_ms: 120_000, ..fake.remaining() });
    rejects(&fake, &request);
    assert_eq!(asked(&fake), 1);

    // Nor is one that came after its record had run out.
    let fake = vendor(|fake, _| {
        fake.advance_ms(LIFE_MS);
        ok(MEMBER)
    });
    let request = started(&fake, Entry::Browser, None);
    assert!(exchange(&fake, &request).is_ok());
    assert!(fake.logs.borrow()[0].contains("not kept"), "{:?}", fake.logs.borrow());
    rejects(&fake, &request);
}

#[test]
fn a_store_that_fails_before_the_code_was_shown_spends_nothing() {
    // 1 reading, 2 opening.
    for step in 1..=2 {
        let fake = answering(ok(MEMBER));
        let request = started(&fake, Entry::Browser, None);
        let seen = Cell::new(0);
        fake.before_storage(move |_, _| {
            seen.set(seen.get() + 1);
            if seen.get() == step { Err(StorageError::Unavailable(false)) } else { Ok(()) }
        });
        assert_eq!(exchange(&fake, &request).unwrap_err().reason, Reason::Unavailable, "step {step}");
        fake.clear_hooks();
        assert!(exchange(&fake, &request).is_ok(), "step {step}");
    }
}
