//! One token for everybody, one question at a time, and no question for a while after a refusal.

use crate::contract::storage::StorageError;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::*;
use crate::{
    contract::call::Budget,
    fake::{FakePlatform, START_MS, Touch},
};

mod refusal;

const CREDENTIAL: &str = "0123456789abcdef";
const HOUR_MS: u64 = 3_600_000;

type Answer = Result<FetchedToken, Failure>;

/// What a vendor answers to the first, second … question.
type Script<'f> = dyn Fn(&FakePlatform, u64) -> Answer + 'f;

/// A vendor: what it answers, and how often it was asked.
struct Vendor<'f> {
    fake: &'f FakePlatform,
    asked: Cell<u64>,
    answer: Box<Script<'f>>,
    fetches: RefCell<Vec<Fetch>>,
}

impl<'f> Vendor<'f> {
    /// Answers the first, second … question.
    fn new(fake: &'f FakePlatform, answer: impl Fn(&FakePlatform, u64) -> Answer + 'f) -> Self {
        Self { fake, asked: Cell::new(0), answer: Box::new(answer), fetches: RefCell::default() }
    }

    /// Gives `token-1`, `token-2` …
    fn counting(fake: &'f FakePlatform) -> Self {
        Self::new(fake, |_, number| granted(&format!("token-{number}"), 7_200))
    }

    fn tokens(&self) -> Tokens<'f, impl Fn(Fetch) -> Answer + '_> {
        Tokens::new(self.fake, "token", CREDENTIAL, |fetch| {
            self.fetches.borrow_mut().push(fetch);
            self.asked.set(self.asked.get() + 1);
            (self.answer)(self.fake, self.asked.get())
        })
    }

    fn current(&self, failed: Option<&str>) -> Result<String, Failure> {
        self.tokens().current(failed).map(|held| held.token)
    }

    fn ask(&self) -> Result<String, Failure> {
        self.tokens().ask()
    }
}

fn granted(token: &str, seconds: u64) -> Answer {
    Ok(FetchedToken { token: token.to_owned(), life_ms: seconds * 1_000 })
}

fn refused() -> Answer {
    Err(Failure::new(Reason::CredentialsRefused, ("凭证错误", "wrong secret")).with_vendor_code(7))
}

fn failing(cause: Cause) -> Answer {
    Err(Failure::new(Reason::Unavailable, ("繁忙", "busy")).with_cause(cause))
}

fn key(fake: &FakePlatform, kind: &str) -> String {
    let keys = fake.keys(kind);
    assert_eq!(keys.len(), 1, "{kind}: {keys:?}");
    keys[0].clone()
}

/// Takes the lease as another machine would, for as long as a lease lives.
fn take_lease(fake: &FakePlatform) -> Version {
    let key = format!("token-lease/{CREDENTIAL}");
    match fake.apply(&[store::put_for(key, &TokenLease { holder: "another machine".into() }, LEASE_MS)]).unwrap() {
        Outcome::Applied(versions) => versions[0],
        Outcome::Conflict(_) => unreachable!(),
    }
}

fn put_token(fake: &FakePlatform, token: &str) {
    let kept = StoredToken { token: token.to_owned(), expires_at_ms: fake.now_ms() + 6_900_000 };
    fake.apply(&[store::put_sealed(format!("token/{CREDENTIAL}"), &kept, 6_900_000)]).unwrap();
}

/// Ends the work of another holder.
fn keep_token(fake: &FakePlatform, token: &str) {
    put_token(fake, token);
    fake.apply(&[store::delete(format!("token-lease/{CREDENTIAL}"))]).unwrap();
}

#[test]
fn a_token_lives_shorter_than_announced() {
    for (life_s, kept_ms_expected) in [
        (0, 0),
        (1, 500),
        (300, 150_000),
        (301, 150_500),
        (600, 300_000),
        (900, 600_000),
        (7_200, 6_900_000),
        (10_000, 9_700_000),
        (20_000, 19_400_000),
    ] {
        assert_eq!(kept_ms(life_s * 1_000), kept_ms_expected, "{life_s}");
    }
    assert!(kept_ms(u64::MAX) < u64::MAX);
}

#[test]
fn a_token_is_kept_sealed_until_its_time() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    assert_eq!(vendor.current(None).unwrap(), "token-1");
    assert_eq!(*vendor.fetches.borrow(), [Fetch { time_left_ms: Some(9_000), is_repetition: false }]);

    let key = key(&fake, "token/");
    assert_eq!((fake.is_sealed(&key), fake.ttl_ms(&key)), (Some(true), Some(6_900_000)));
    assert!(fake.keys("token-lease/").is_empty());

    fake.advance_ms(6_899_999);
    assert_eq!(vendor.current(None).unwrap(), "token-1");
    fake.advance_ms(1);
    assert_eq!(vendor.current(None).unwrap(), "token-2");
}

#[test]
fn a_store_with_a_slow_clock_does_not_prolong_a_token() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    vendor.current(None).unwrap();
    let key = key(&fake, "token/");
    fake.apply(&[store::put_text(&key, fake.value(&key).unwrap())]).unwrap();
    fake.advance_ms(6_900_000);
    assert_eq!(vendor.current(None).unwrap(), "token-2");
}

#[test]
fn every_credential_has_its_own_token() {
    let fake = FakePlatform::new();
    for (credential, expected) in [("a", "1"), ("b", "2"), ("a", "1")] {
        let count = || granted(&(fake.keys("token/").len() + 1).to_string(), 7_200);
        assert_eq!(Tokens::new(&fake, "token", credential, |_| count()).current(None).unwrap().token, expected);
    }
}

#[test]
fn a_failed_token_is_replaced_once_for_all() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    assert_eq!(vendor.current(None).unwrap(), "token-1");
    assert_eq!(vendor.current(Some("token-1")).unwrap(), "token-2");
    // The second one who failed with the first token finds the new one.
    assert_eq!(vendor.current(Some("token-1")).unwrap(), "token-2");
    assert_eq!(vendor.asked.get(), 2);
}

#[test]
fn a_token_that_has_not_long_to_live_serves_many() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, number| granted(&format!("token-{number}"), 120));
    for _ in 0..20 {
        assert_eq!(vendor.current(None).unwrap(), "token-1");
    }
    fake.advance_ms(60_000);
    assert_eq!(vendor.current(None).unwrap(), "token-2");
}

#[test]
fn a_token_without_a_life_is_used_once() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, _| granted("brief", 0));
    assert_eq!(vendor.current(None).unwrap(), "brief");
    assert!(fake.keys("").is_empty());
}

#[test]
fn sixteen_others_who_each_ask_for_themselves_are_waited_for() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    take_lease(&fake);
    let others = Cell::new(1);
    fake.before_storage(move |fake, touch| {
        if let Touch::Wait(_) = touch {
            // This one had a token without a life, and leaves nothing.
            fake.apply(&[store::delete(format!("token-lease/{CREDENTIAL}"))]).unwrap();
        }
        if touch.puts("token-lease/") && others.get() < 16 {
            others.set(others.get() + 1);
            take_lease(fake);
        }
        Ok(())
    });
    assert_eq!(vendor.current(None).unwrap(), "token-1");
}

#[test]
fn a_copy_that_cannot_be_read_is_replaced() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    fake.apply(&[store::put_text(format!("token/{CREDENTIAL}"), "damaged".into())]).unwrap();
    assert_eq!(vendor.current(None).unwrap(), "token-1");
    assert_eq!(vendor.current(None).unwrap(), "token-1");
}

#[test]
fn losers_wait_for_the_holder_and_take_its_token() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    take_lease(&fake);
    fake.before_storage(|fake, touch| {
        if let Touch::Wait(_) = touch {
            fake.advance_ms(40);
            keep_token(fake, "token-of-the-other");
        }
        Ok(())
    });
    assert_eq!(vendor.current(None).unwrap(), "token-of-the-other");
    assert_eq!((vendor.asked.get(), fake.now_ms()), (0, START_MS + 40));
}

#[test]
fn a_dead_holder_is_followed_after_ten_seconds() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    take_lease(&fake);
    assert_eq!(vendor.current(None).unwrap(), "token-1");
    assert_eq!(fake.now_ms(), START_MS + 10_000);
}

#[test]
fn waiting_ends_with_the_call() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    fake.set_budget(Budget { wall_ms: 3_000, ..fake.remaining() });
    take_lease(&fake);
    let failure = vendor.current(None).unwrap_err();
    assert_eq!((failure.reason.clone(), vendor.asked.get()), (Reason::Unavailable, 0));
    assert!(failure.hint.is_some() && fake.now_ms() < START_MS + 3_000);
}

#[test]
fn a_race_for_the_lease_has_one_winner() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
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
    assert_eq!(vendor.current(None).unwrap(), "token-of-the-winner");
    assert_eq!(vendor.asked.get(), 0);
}

#[test]
fn a_late_holder_does_not_overwrite_the_next_ones_token() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |fake, _| {
        // The answer is so slow that the lease has run out and somebody else has done the work.
        fake.advance_ms(LEASE_MS);
        take_lease(fake);
        keep_token(fake, "token-of-the-next");
        granted("late", 7_200)
    });
    assert_eq!(vendor.current(None).unwrap(), "token-of-the-next");
    assert_eq!(vendor.current(None).unwrap(), "token-of-the-next");
}

#[test]
fn a_late_holder_does_not_end_the_next_ones_lease() {
    let fake = FakePlatform::new();
    let next = Rc::new(Cell::new(0));
    let taken = next.clone();
    let vendor = Vendor::new(&fake, move |fake, _| {
        fake.advance_ms(LEASE_MS);
        taken.set(take_lease(fake));
        failing(Cause::Passing)
    });
    // The call has no time left for another try after this one.
    fake.set_budget(Budget { wall_ms: LEASE_MS + 500, ..fake.remaining() });
    assert_eq!(vendor.current(None).unwrap_err().reason, Reason::Unavailable);
    let key = key(&fake, "token-lease/");
    assert_eq!(fake.get_many(&[key]).unwrap()[0].as_ref().unwrap().version, next.get());
}

#[test]
fn a_lease_whose_write_got_no_answer_is_known_by_its_mark() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    let lost = Cell::new(false);
    fake.after_storage(move |_, touch| {
        if touch.puts("token-lease/") && !lost.replace(true) { Err(StorageError::Unavailable(true)) } else { Ok(()) }
    });
    assert_eq!(vendor.current(None).unwrap(), "token-1");
    assert_eq!(fake.now_ms(), START_MS, "nobody had to wait for the lease to run out");
}

#[test]
fn passing_failures_are_repeated_three_times_within_the_lease() {
    for (cause, asked) in [(Cause::Passing, 4), (Cause::Other, 1)] {
        let fake = FakePlatform::new();
        let vendor = Vendor::new(&fake, move |_, _| failing(cause));
        assert_eq!(vendor.current(None).unwrap_err().message.en, "busy");
        assert_eq!(vendor.asked.get(), asked);
        let repeated: Vec<_> = vendor.fetches.borrow().iter().map(|fetch| fetch.is_repetition).collect();
        assert_eq!(repeated, [false, true, true, true][..repeated.len()]);
        assert!(fake.keys("").is_empty(), "nothing is remembered and the lease is given back");
    }

    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |fake, _| {
        fake.advance_ms(8_000);
        failing(Cause::Passing)
    });
    vendor.current(None).unwrap_err();
    let left: Vec<_> = vendor.fetches.borrow().iter().map(|fetch| fetch.time_left_ms).collect();
    assert_eq!(left, [Some(9_000), Some(1_000)], "a repetition never outlives the lease");
}

#[test]
fn what_was_asked_meanwhile_is_not_overwritten_by_a_refresh() {
    for late_answer in [refused as fn() -> Answer, || granted("late", 7_200)] {
        let fake = FakePlatform::new();
        let vendor = Vendor::new(&fake, move |fake, _| {
            put_token(fake, "token-of-the-administrator");
            late_answer()
        });
        assert_eq!(vendor.current(None).unwrap(), "token-of-the-administrator");
        assert_eq!(vendor.current(None).unwrap(), "token-of-the-administrator");
        assert!(fake.keys("token-refused/").is_empty());
        assert_eq!(vendor.asked.get(), 1);
    }
}

#[test]
fn a_token_that_came_between_reading_and_asking_is_taken() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    let raced = Cell::new(false);
    fake.before_storage(move |fake, touch| {
        if touch.puts("token-lease/") && !raced.replace(true) {
            put_token(fake, "token-of-the-other");
        }
        Ok(())
    });
    assert_eq!(vendor.current(None).unwrap(), "token-of-the-other");
    assert_eq!(vendor.asked.get(), 0);
}

#[test]
fn a_late_holder_writes_nothing_while_the_next_one_works() {
    for late_answer in [refused as fn() -> Answer, || granted("late", 7_200)] {
        let fake = FakePlatform::new();
        let vendor = Vendor::new(&fake, move |fake, _| {
            fake.advance_ms(LEASE_MS);
            take_lease(fake);
            late_answer()
        });
        fake.before_storage(|fake, touch| {
            if let Touch::Wait(_) = touch {
                assert!(fake.keys("token/").is_empty() && fake.keys("token-refused/").is_empty());
                keep_token(fake, "token-of-the-next");
            }
            Ok(())
        });
        assert_eq!(vendor.current(None).unwrap(), "token-of-the-next");
        assert_eq!(vendor.asked.get(), 1);
    }
}

#[test]
fn a_store_that_fails_is_reported_at_every_step() {
    // 1 reading, 2 lease, 3 token.
    for step in 1..=3 {
        let fake = FakePlatform::new();
        let vendor = Vendor::counting(&fake);
        let seen = Cell::new(0);
        fake.before_storage(move |_, _| {
            seen.set(seen.get() + 1);
            if seen.get() == step { Err(StorageError::Unavailable(false)) } else { Ok(()) }
        });
        assert_eq!(vendor.current(None).unwrap_err().reason, Reason::Unavailable, "step {step}");
    }
}

#[test]
fn a_lease_that_cannot_be_given_back_is_logged() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, _| failing(Cause::Other));
    let applied = Cell::new(0);
    fake.before_storage(move |_, touch| {
        if let Touch::Apply(_) = touch {
            applied.set(applied.get() + 1);
        }
        if applied.get() == 2 { Err(StorageError::Unavailable(false)) } else { Ok(()) }
    });
    assert_eq!(vendor.current(None).unwrap_err().message.en, "busy");
    assert!(fake.logs.borrow()[0].contains("runs out by itself"), "{:?}", fake.logs.borrow());
}

#[test]
fn only_what_check_asks_for_is_said_to_be_asked_for_by_it() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, _| refused());
    for is_checked in [true, false] {
        let tokens = || if is_checked { vendor.tokens() } else { vendor.tokens().unchecked() };
        for _ in 0..2 {
            let failure = tokens().current(None).map(|_| ()).unwrap_err();
            assert_eq!(failure.message.en.contains("the command check"), is_checked, "{}", failure.message.en);
            assert_eq!(failure.message.zh.contains("check"), is_checked, "{}", failure.message.zh);
            assert!(failure.message.en.contains("asked again by itself"), "{}", failure.message.en);
        }
    }
    assert_eq!(vendor.asked.get(), 1);
}
