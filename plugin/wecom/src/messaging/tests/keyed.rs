//! What a key promises: nobody gets a message twice, also where answers are lost.

use super::*;

const HOUR_MS: u64 = 3_600_000;

fn to_many(count: usize) -> Recipients {
    Recipients { members: (0..count).map(|id| format!("m{id}")).collect(), ..to(&[]) }
}

#[test]
fn a_repetition_has_the_answer_of_the_first() {
    let fake = answering(|number, _| ok(format!(r#"{{"errcode":0,"msgid":"m-{number}"}}"#)));
    let first = send(&fake, keyed("k", text("a"))).unwrap();
    assert_eq!(send(&fake, keyed("k", text("a"))).unwrap(), first);
    assert_eq!(fake.count("message/send"), 1);
    let (path, _) = {
        let failure = send(&fake, keyed("k", text("b"))).unwrap_err();
        let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
        (problem.path, failure)
    };
    assert_eq!((path.as_str(), fake.count("message/send")), ("idempotency-key", 1));
}

#[test]
fn a_lost_answer_is_unknown_and_the_very_same_request_is_repeated() {
    let fake = answering(|number, _| if number < 3 { Err(lost(http::Failure::Timeout)) } else { ok(SENT) });
    for _ in 0..2 {
        let sent = send(&fake, keyed("k", text("a"))).unwrap();
        assert_eq!((sent.delivery, &sent.parts[0].message_id), (Delivery::Unknown, &None));
        fake.advance_ms(HOUR_MS);
    }
    assert_eq!(send(&fake, keyed("k", text("a"))).unwrap().delivery, Delivery::Yes);
    let bodies = bodies(&fake, "message/send");
    assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(bodies[0]["enable_duplicate_check"], 1);
    let seconds = bodies[0]["duplicate_check_interval"].as_u64().unwrap();
    assert!(seconds <= 14_400 && seconds * 1_000 >= crate::messaging::DROPS_REPETITIONS_MS + 600_000, "{seconds}");
}

#[test]
fn what_is_unknown_is_not_sent_when_wecom_has_forgotten_it() {
    let fake = answering(|number, _| if number == 1 { Err(lost(http::Failure::Timeout)) } else { ok(SENT) });
    send(&fake, keyed("k", text("a"))).unwrap();
    fake.advance_ms(3 * HOUR_MS);
    let sent = send(&fake, keyed("k", text("a"))).unwrap();
    assert_eq!((sent.delivery, fake.count("message/send")), (Delivery::Unknown, 1));
}

#[test]
fn the_same_words_under_another_key_are_another_request() {
    let fake = answering(|_, _| ok(SENT));
    send(&fake, keyed("k1", text("a"))).unwrap();
    send(&fake, keyed("k2", text("a"))).unwrap();
    let bodies = bodies(&fake, "message/send");
    assert_ne!(bodies[0], bodies[1], "WeCom would drop the second one");
}

#[test]
fn what_was_taken_is_not_sent_again_and_the_rest_is() {
    for (name, answer, is_error) in
        [("refused", errcode(45009, "too often"), true), ("lost", Err(lost(http::Failure::Timeout)), false)]
    {
        let fake = answering(move |number, _| {
            if number == 2 { answer.clone() } else { ok(format!(r#"{{"errcode":0,"msgid":"m-{number}"}}"#)) }
        });
        let message = keyed("k", Message { to: to_many(2_500), ..text("a") });
        match send(&fake, message.clone()) {
            Err(failure) => {
                assert!(is_error && failure.reason == Reason::RateLimited, "{failure:?}");
                assert!(failure.message.en.ends_with("the same idempotency key sends the rest)"), "{failure:?}");
                assert!(failure.message.en.contains("1 of 3 parts"), "{failure:?}");
            }
            Ok(sent) => {
                let parts: Vec<_> = sent.parts.iter().map(|part| part.delivery).collect();
                assert_eq!((parts, is_error), (vec![Delivery::Yes, Delivery::Unknown, Delivery::No], false));
                assert_eq!(sent.delivery, Delivery::Unknown);
            }
        }
        assert_eq!(fake.count("message/send"), 2, "{name}: what follows is not sent");
        let sent = send(&fake, message.clone()).unwrap();
        let ids: Vec<_> = sent.parts.iter().map(|part| part.message_id.as_deref().unwrap()).collect();
        assert_eq!((ids, sent.delivery), (vec!["m-1", "m-3", "m-4"], Delivery::Yes), "{name}");
        let firsts: Vec<String> = bodies(&fake, "message/send")
            .iter()
            .map(|body| body["touser"].as_str().unwrap().split('|').next().unwrap().to_owned())
            .collect();
        assert_eq!(firsts, ["m0", "m1000", "m1000", "m2000"], "{name}");
        assert_eq!((send(&fake, message).unwrap(), fake.count("message/send")), (sent, 4), "{name}");
    }
}

#[test]
fn a_call_that_died_between_two_parts_is_gone_on_with() {
    // The host dies when the second part is about to be written down.
    let (fake, puts) = (answering(|_, _| ok(SENT)), Rc::new(Cell::new(0)));
    fake.before_storage(move |_, touch| {
        if touch.puts("idempotency/") {
            puts.set(puts.get() + 1);
        }
        match puts.get() {
            3 => Err(http_died()),
            _ => Ok(()),
        }
    });
    let message = keyed("k", Message { to: to_many(1_500), ..text("a") });
    send(&fake, message.clone()).unwrap_err();
    assert_eq!(fake.count("message/send"), 1);
    fake.clear_hooks();
    fake.advance_ms(70_000);
    assert_eq!(send(&fake, message).unwrap().delivery, Delivery::Yes);
    let bodies = bodies(&fake, "message/send");
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[0], bodies[1], "nobody knows of the first part: WeCom drops its repetition");
}

#[test]
fn whoever_lost_the_lease_sends_nothing_more() {
    // While the first part is on its way the lease runs out, and another host goes on.
    let fake = FakePlatform::new();
    fake.serve_with(|fake, request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        _ => {
            let lease = fake.keys("idempotency/send/").into_iter().find(|key| key.ends_with("/lease")).unwrap();
            let taken = serde_json::json!({ "holder": "another" });
            organisation_kit::store::apply(fake, &[organisation_kit::store::put(lease, &taken)]).unwrap().unwrap();
            ok(SENT)
        }
    });
    let failure = send(&fake, keyed("k", Message { to: to_many(2_500), ..text("a") })).unwrap_err();
    assert_eq!((failure.reason.clone(), fake.count("message/send")), (Reason::Conflict, 1));
}

#[test]
fn a_part_for_which_there_is_no_time_waits_for_the_next_call() {
    let fake = FakePlatform::new();
    fake.serve_with(|fake, request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        _ => {
            fake.advance_ms(26_000);
            ok(SENT)
        }
    });
    let message = keyed("k", Message { to: to_many(2_500), ..text("a") });
    let failure = send(&fake, message.clone()).unwrap_err();
    assert_eq!((&failure.reason, fake.count("message/send")), (&Reason::BudgetExhausted, 2));
    assert!(failure.message.en.contains("2 of 3 parts"), "{failure:?}");
    assert_eq!(send(&fake, message).unwrap().delivery, Delivery::Yes);
    assert_eq!(fake.count("message/send"), 3);
}

fn http_died() -> organisation_kit::contract::storage::StorageError {
    organisation_kit::contract::storage::StorageError::Unavailable(false)
}

#[test]
fn a_refused_message_leaves_the_key_free() {
    let fake = answering(|number, _| if number == 1 { errcode(40007, "invalid media_id") } else { ok(SENT) });
    let message = keyed("k", message(Content::Image("gone".to_owned())));
    assert_eq!(send(&fake, message.clone()).unwrap_err().reason, Reason::NotFound);
    assert_eq!(send(&fake, message).unwrap().delivery, Delivery::Yes);
    let (path, _) = refused(keyed("k2", text("")));
    assert_eq!(path, "content.text");
}

#[test]
fn whomever_wecom_does_not_know_the_rest_is_sent_and_the_answer_kept() {
    let invalid = |from: usize| (from..from + 1_000).map(|id| format!("m{id:063}")).collect::<Vec<_>>().join("|");
    let fake = answering(move |number, _| {
        let invalid = invalid((number - 1) * 1_000);
        ok(format!(r#"{{"errcode":0,"msgid":"m-{number}","invaliduser":"{invalid}"}}"#))
    });
    let members = (0..5_000).map(|id| format!("m{id:063}")).collect();
    let message = keyed("k", Message { to: Recipients { members, ..to(&[]) }, ..text("a") });
    let sent = send(&fake, message.clone()).unwrap();
    assert_eq!((sent.delivery, sent.parts.len(), sent.invalid.len()), (Delivery::Yes, 5, 5_000));
    let again = send(&fake, message).unwrap();
    assert_eq!((again.delivery, &again.parts, fake.count("message/send")), (Delivery::Yes, &sent.parts, 5));
    assert!((1..1_000).contains(&again.invalid.len()), "{}", again.invalid.len());
}
