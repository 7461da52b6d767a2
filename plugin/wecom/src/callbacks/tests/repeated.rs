//! Deliveries that come again, and those that only look alike.

use organisation_kit::contract::storage::StorageError;

use super::*;

fn tag(created: u64) -> String {
    format!(
        "<xml><ToUserName>{CORP}</ToUserName><FromUserName>sys</FromUserName><CreateTime>{created}</CreateTime>\
         <MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_user</ChangeType><UserID>a</UserID></xml>"
    )
}

#[test]
fn a_delivery_gives_its_event_once_and_its_follow_ups_each_time() {
    let (fake, config, side) = (FakePlatform::new(), config(), contacts());
    let first = handle(&fake, &config, &side.message(&tag(1)).delivery("contacts")).unwrap();
    assert_eq!((first.events.len(), first.follow_ups.len()), (1, 1));
    // The same, and the same sealed and signed anew.
    let anew = side.sent("1790000009", "other", &side.seal(b"0123456789abcdef", &tag(1)));
    for request in [side.message(&tag(1)).delivery("contacts"), anew.delivery("contacts")] {
        let again = handle(&fake, &config, &request).unwrap();
        assert_eq!((&again.response, &again.follow_ups), (&first.response, &first.follow_ups));
        assert_eq!(again.events, []);
    }
    // Another of the same second and sender is another event.
    let other = tag(1).replace("<UserID>a<", "<UserID>b<");
    let second = handle(&fake, &config, &side.message(&other).delivery("contacts")).unwrap();
    assert_eq!(second.events.len(), 1);
    assert_ne!(second.events[0].id, first.events[0].id);
}

#[test]
fn the_id_is_the_same_wherever_and_whenever_it_comes() {
    let id = || delivered(&contacts(), "contacts", &tag(1)).events.remove(0).id;
    assert_eq!(id(), id());
    assert_ne!(id(), delivered(&contacts(), "contacts", &tag(2)).events.remove(0).id);
}

#[test]
fn of_two_hosts_at_once_one_gives_the_event() {
    let fake = FakePlatform::new();
    let theirs = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = theirs.clone();
    let request = contacts().message(&tag(1)).delivery("contacts");
    let same = request.clone();
    fake.before_storage(move |other_host, _| {
        count.set(count.get() + handle(other_host, &config(), &same).unwrap().events.len());
        Ok(())
    });
    let ours = handle(&fake, &config(), &request).unwrap();
    assert_eq!((ours.events.len(), theirs.get()), (0, 1));
    assert_eq!(ours.follow_ups.len(), 1);
}

#[test]
fn where_the_store_fails_the_vendor_is_to_come_again() {
    let (fake, config) = (FakePlatform::new(), config());
    let request = contacts().message(&tag(1)).delivery("contacts");
    fake.before_storage(|_, _| Err(StorageError::Unavailable(false)));
    assert_eq!(handle(&fake, &config, &request).unwrap_err().reason, Reason::Unavailable);
    fake.clear_hooks();
    assert_eq!(handle(&fake, &config, &request).unwrap().events.len(), 1);
}

#[test]
fn that_wecom_comes_is_noted_once_an_hour_and_of_nobody_else() {
    let (fake, config, side) = (FakePlatform::new(), config(), app());
    let noted = || config.routes(&fake).unwrap();
    let forged = Side { token: "other", ..app() }.message(&tag(1));
    assert!(is_refused(&handle(&fake, &config, &forged.delivery("wecom")).unwrap()));
    assert_eq!(noted(), [("wecom", None), ("contacts", None)]);
    handle(&fake, &config, &side.message("1").check("wecom")).unwrap();
    assert_eq!(noted(), [("wecom", Some(fake::START_MS)), ("contacts", None)]);
    fake.advance_ms(3_599_999);
    handle(&fake, &config, &side.message(&tag(2)).delivery("wecom")).unwrap();
    assert_eq!(noted()[0].1, Some(fake::START_MS));
    fake.advance_ms(1);
    handle(&fake, &config, &side.message(&tag(3)).delivery("wecom")).unwrap();
    assert_eq!(noted()[0].1, Some(fake::START_MS + 3_600_000));
}
