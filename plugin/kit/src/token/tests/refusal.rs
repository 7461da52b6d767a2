//! A credential that the vendor refuses, and what is remembered of it.

use super::*;

#[test]
fn a_refused_credential_rests_for_an_hour_and_is_then_asked_again_once() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, _| refused());
    for hour in 0..3 {
        // Everybody who comes within the hour gets the first answer.
        for minute in 0..60 {
            let failure = vendor.current(Some("any")).unwrap_err();
            assert_eq!(vendor.asked.get(), hour + 1, "hour {hour}, minute {minute}");
            assert_eq!((&failure.reason, failure.vendor_code), (&Reason::CredentialsRefused, Some(7)));
            assert_eq!(failure.retry_after_ms, Some(HOUR_MS - minute * 60_000));
            fake.advance_ms(60_000);
        }
    }
}

#[test]
fn a_refusal_says_since_when_until_when_and_how_not_to_wait() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, _| refused());
    let first = vendor.current(None).unwrap_err();
    fake.advance_ms(600_000);
    let later = vendor.current(None).unwrap_err();
    assert_eq!(first.message, later.message);
    assert_eq!(
        later.message.en,
        "wrong secret (refused at 2026-09-21 14:13 UTC; asked again by itself at 2026-09-21 15:13 UTC, or at once by \
         the command check)"
    );
    assert_eq!(
        later.message.zh,
        "凭证错误（2026-09-21 14:13 UTC 被拒绝；2026-09-21 15:13 UTC 自动重试，运行 check 命令可立即重试）"
    );
}

#[test]
fn a_credential_that_was_put_right_is_met_by_itself() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, number| if number == 1 { refused() } else { granted("healed", 7_200) });
    vendor.current(None).unwrap_err();
    fake.advance_ms(HOUR_MS - 1);
    vendor.current(None).unwrap_err();
    fake.advance_ms(1);
    assert_eq!(vendor.current(None).unwrap(), "healed");
    assert_eq!(vendor.asked.get(), 2);
    assert!(fake.keys("token-refused/").is_empty());
}

#[test]
fn what_an_older_version_or_a_wrong_clock_remembered_heals_too() {
    let stored = |at_ms: u64| {
        let failure = Failure::new(Reason::CredentialsRefused, ("凭证错误", "wrong secret"));
        store::to_json(&StoredRefusal { at_ms, failure })
    };
    // Each without a time to live.
    for (name, value, asked_after_ms) in [
        ("of an older version", format!(r#"{{"code":40001,"at_ms":{START_MS}}}"#), 0),
        ("damaged", "{".to_owned(), 0),
        ("old", stored(START_MS - HOUR_MS), 0),
        ("fresh", stored(START_MS), HOUR_MS),
        ("of a clock a minute ahead", stored(START_MS + 60_000), HOUR_MS + 60_000),
        ("of a clock a year ahead", stored(START_MS + 8_760 * HOUR_MS), 0),
    ] {
        let fake = FakePlatform::new();
        let vendor = Vendor::counting(&fake);
        fake.apply(&[store::put_text(format!("token-refused/{CREDENTIAL}"), value)]).unwrap();
        if asked_after_ms > 0 {
            fake.advance_ms(asked_after_ms - 1);
            vendor.current(None).unwrap_err();
            fake.advance_ms(1);
        }
        assert_eq!(vendor.current(None).unwrap(), "token-1", "{name}");
        assert!(fake.keys("token-refused/").is_empty(), "{name}");
    }
}

#[test]
fn after_the_hour_one_host_asks_and_the_others_take_its_answer() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, _| refused());
    vendor.current(None).unwrap_err();
    fake.advance_ms(HOUR_MS);
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
    take_lease(&fake);
    fake.before_storage(|fake, touch| {
        if let Touch::Wait(_) = touch {
            let failure = Failure::new(Reason::CredentialsRefused, ("凭证错误", "still wrong"));
            let refusal = StoredRefusal { at_ms: fake.now_ms(), failure };
            let ops = [
                store::put_for(format!("token-refused/{CREDENTIAL}"), &refusal, REFUSAL_MS),
                store::delete(format!("token-lease/{CREDENTIAL}")),
            ];
            fake.apply(&ops).unwrap();
        }
        Ok(())
    });
    assert!(vendor.current(None).unwrap_err().message.en.starts_with("still wrong"));
    assert_eq!(vendor.asked.get(), 1);
}

#[test]
fn a_refusal_met_by_another_is_respected_while_racing() {
    let fake = FakePlatform::new();
    let vendor = Vendor::counting(&fake);
    let raced = Cell::new(false);
    fake.before_storage(move |fake, touch| {
        if touch.puts("token-lease/") && !raced.replace(true) {
            let failure = Failure::new(Reason::CredentialsRefused, ("凭证错误", "wrong secret"));
            let refusal = StoredRefusal { at_ms: fake.now_ms(), failure };
            fake.apply(&[store::put(format!("token-refused/{CREDENTIAL}"), &refusal)]).unwrap();
        }
        Ok(())
    });
    assert_eq!(vendor.current(None).unwrap_err().reason, Reason::CredentialsRefused);
    assert_eq!(vendor.asked.get(), 0);
}

#[test]
fn a_kept_token_outlives_the_memory_of_a_refusal_only_until_it_fails() {
    let fake = FakePlatform::new();
    let vendor = Vendor::new(&fake, |_, number| if number == 1 { granted("token-1", 7_200) } else { refused() });
    vendor.current(None).unwrap();
    assert_eq!(vendor.current(Some("token-1")).unwrap_err().vendor_code, Some(7));
    assert!(fake.keys("token/").is_empty(), "the failed token is gone");
}

#[test]
fn asking_ignores_and_renews_what_is_remembered() {
    let fake = FakePlatform::new();
    let answers: [fn() -> Answer; 6] =
        [refused, refused, || granted("right", 7_200), || granted("again", 7_200), || failing(Cause::Other), refused];
    let vendor = Vendor::new(&fake, move |_, number| answers[number as usize - 1]());

    let failure = vendor.ask().unwrap_err();
    assert_eq!((failure.message.en.as_str(), failure.retry_after_ms), ("wrong secret", None), "nobody has to wait");
    assert_eq!(vendor.current(None).unwrap_err().vendor_code, Some(7));
    vendor.ask().unwrap_err();
    assert_eq!(vendor.asked.get(), 2, "asking asks, everybody else remembers");

    vendor.ask().unwrap();
    assert_eq!(vendor.current(None).unwrap(), "right");
    vendor.ask().unwrap();
    assert_eq!(vendor.asked.get(), 4, "asking never takes the kept token");

    vendor.ask().unwrap_err();
    assert_eq!(vendor.current(None).unwrap(), "again", "a passing failure changes nothing");

    vendor.ask().unwrap_err();
    assert_eq!(vendor.current(None).unwrap_err().vendor_code, Some(7));
}
