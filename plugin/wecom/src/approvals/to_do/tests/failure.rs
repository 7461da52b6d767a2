//! Cards that WeCom refuses, answers that are lost, and calls that are cut off.

use super::*;

#[test]
fn a_card_that_cannot_be_updated_is_done_with_and_another_failure_is_not() {
    for (code, is_done) in [(60_140, true), (42_015, true), (82_102, true), (45_009, false), (-1, false)] {
        let side = Side::answering(1, &[(1, ALL, &[("a", 1)])], taken, move || errcode(code, "no"));
        side.notify(Some(LINK)).unwrap();
        side.stands(1, &[(2, ALL, &[("a", 2)]), (1, ALL, &[("b", 1)])]);
        assert_eq!(side.follow_up().is_ok(), is_done, "{code}");
        // Whatever becomes of the card, the next one is told.
        assert_eq!(side.told(), ["a", "b"], "{code}");
        let asked = side.updates().len();
        assert_eq!(side.follow_up().is_ok(), is_done, "{code}");
        assert_eq!(side.updates().len() > asked, !is_done, "{code}");
        assert_eq!(side.told(), ["a", "b"], "{code}");
    }
}

#[test]
fn a_card_that_is_refused_does_not_keep_the_others_waiting() {
    let asked = Cell::new(0);
    let update = move || {
        asked.set(asked.get() + 1);
        if asked.get() == 1 { errcode(40_058, "no") } else { updated() }
    };
    let side = Side::answering(1, &[(1, ALL, &[("a", 1), ("b", 1)])], taken, update);
    side.notify(Some(LINK)).unwrap();
    side.stands(3, &[(3, ALL, &[("a", 3), ("b", 1)])]);
    side.follow_up().unwrap_err();
    side.follow_up().unwrap();
    let order: Vec<String> = side.updates().into_iter().map(|(member, _)| member).collect();
    assert_eq!(order, ["a", "b", "a"]);
}

#[test]
fn the_update_of_a_lost_answer_is_repeated_and_then_known_to_be_done() {
    let asked = Cell::new(0);
    let update = move || {
        asked.set(asked.get() + 1);
        if asked.get() == 1 { Err(lost(http::Failure::Timeout)) } else { errcode(60_140, "used") }
    };
    let side = Side::answering(1, &[(1, ALL, &[("a", 1)])], taken, update);
    side.notify(Some(LINK)).unwrap();
    side.stands(2, &[(2, ALL, &[("a", 2)])]);
    assert_eq!(side.follow_up().unwrap_err().reason, Reason::Unavailable);
    assert_eq!(side.follow_up(), Ok(vec![]));
    assert_eq!((side.updates().len(), side.fake.keys("to-do/").len()), (2, 0));
}

#[test]
fn a_lost_answer_leads_to_the_very_same_request_while_wecom_drops_it() {
    for (hours, sent, told) in [(1, 2, &["a"][..]), (3, 1, &[])] {
        let asked = Cell::new(0);
        let send = move |card: &Value| {
            asked.set(asked.get() + 1);
            if asked.get() == 1 { Err(lost(http::Failure::Timeout)) } else { taken(card) }
        };
        let side = Side::answering(1, &[(1, ALL, &[("a", 1)])], send, updated);
        assert_eq!(side.notify(Some(LINK)).unwrap_err().reason, Reason::Unavailable);
        side.fake.advance_ms(hours * HOUR_MS);
        // Also where the caller means another page by now.
        assert_eq!(side.notify(Some("https://app.example.com/other")).unwrap(), told, "{hours}");
        let cards = side.sent("message/send");
        assert_eq!(cards.len(), sent, "{hours}");
        assert!(cards.iter().all(|card| *card == cards[0] && card["enable_duplicate_check"] == 1), "{hours}");
    }
}

#[test]
fn what_was_refused_was_not_sent_and_the_rest_follows() {
    let asked = Cell::new(0);
    let send = move |card: &Value| {
        asked.set(asked.get() + 1);
        if asked.get() == 2 { errcode(45_009, "too often") } else { taken(card) }
    };
    let side = Side::answering(1, &[(1, ALL, &[("a", 1), ("b", 1), ("c", 1)])], send, updated);
    assert_eq!(side.notify(Some(LINK)).unwrap_err().reason, Reason::RateLimited);
    assert_eq!(side.notify(Some(LINK)).unwrap(), ["a", "b", "c"]);
    assert_eq!(side.told(), ["a", "b", "b", "c"]);
}

#[test]
fn of_two_calls_at_once_one_tells_and_the_other_is_to_come_again() {
    let side = Side::new(1, &[(1, ALL, &[("a", 1)])]);
    let (server, config) = (side.fake.server(), side.config.clone());
    let reasons: Rc<RefCell<Vec<Reason>>> = Rc::default();
    let seen = reasons.clone();
    side.fake.serve_with(move |fake, request| {
        if path(request).ends_with("message/send") {
            let client = WeCom::client(fake, &config);
            let told = WeCom::notify(&client, NUMBER, Some(LINK)).unwrap_err();
            let updated = WeCom::follow_up(fake, &config, &client, &task(UPDATE_TO_DO, NUMBER)).unwrap_err();
            seen.borrow_mut().extend([told.reason.clone(), updated.reason.clone()]);
        }
        server(fake, request)
    });
    assert_eq!(side.notify(Some(LINK)).unwrap(), ["a"]);
    // A host repeats a follow-up that is unavailable.
    assert_eq!((side.told().len(), &reasons.borrow()[..]), (1, &[Reason::Conflict, Reason::Unavailable][..]));
}

#[test]
fn a_call_that_is_short_of_time_does_one_thing_of_each_and_the_next_goes_on() {
    let side = Side::new(1, &[(1, ALL, &[("a", 1), ("b", 1), ("c", 1)])]);
    side.wall_ms.set(9_999);
    for count in 1..=2 {
        assert_eq!(side.notify(Some(LINK)).unwrap_err().reason, Reason::BudgetExhausted);
        assert_eq!(side.told().len(), count);
    }
    assert_eq!(side.notify(Some(LINK)).unwrap(), ["a", "b", "c"]);
    side.stands(3, &[(3, ALL, &[("a", 3), ("b", 1), ("c", 1)])]);
    for count in 1..=2 {
        assert_eq!(side.follow_up().unwrap_err().reason, Reason::BudgetExhausted);
        assert_eq!(side.updates().len(), count);
    }
    assert_eq!(side.follow_up(), Ok(vec![]));
    assert_eq!((side.told().len(), side.updates().len()), (3, 3));
}
