//! Roles in place of members.

use organisation_kit::{
    contract::directory::MemberStatus,
    directory::{head::Head, member::MemberRow, record::MemberRecord, roles::Roles},
    platform::Platform,
    store,
};

use super::*;
use crate::wire::member;

/// A copy of the directory with these members, and the roles that they have.
fn know(fake: &FakePlatform, members: &[(&str, MemberStatus, &[&str])]) {
    let head = Head { organisation: "ww21c67da6767865c2".into(), ..Head::default() };
    let mut ops = vec![store::put("directory/head", &head)];
    for &(id, presence, roles) in members {
        let row = member::parse(&format!(r#"{{"userid":"{id}","name":"{id}","department":[1],"status":1}}"#)).unwrap();
        let MemberRow::Fetched(fetched) = row else { panic!("{row:?}") };
        let record = MemberRecord { read_at: 1, left_at: 0, ordinal: 0, presence, member: fetched.member };
        let key = id.to_lowercase();
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        let roles = Roles { roles, suspended: id == "Waits", ..Roles::default() };
        ops.push(store::put(format!("directory/m/{key}"), &record));
        ops.push(store::put(format!("directory/o/{key}"), &roles));
    }
    fake.apply(&ops).unwrap();
}

fn to_roles(roles: &[&str]) -> Recipients {
    Recipients { roles: roles.iter().map(|&role| role.to_owned()).collect(), ..to(&[]) }
}

const STAFF: &[(&str, MemberStatus, &[&str])] = &[
    ("Anna", MemberStatus::Active, &["buyer", "auditor"]),
    ("Bert", MemberStatus::Disabled, &["buyer"]),
    ("Gone", MemberStatus::Resigned, &["buyer", "ghost"]),
    ("Left", MemberStatus::LeftRange, &["buyer"]),
    ("Waits", MemberStatus::Active, &["buyer"]),
    ("Zoe", MemberStatus::Active, &["seller"]),
];

#[test]
fn whoever_has_a_role_and_is_there_gets_it() {
    let fake = answering(|_, _| ok(SENT));
    know(&fake, STAFF);
    let to =
        Recipients { members: vec!["anna".into(), "Zoe".into()], ..to_roles(&["buyer", "ghost", "nobody", "ghost"]) };
    let sent = send(&fake, Message { to, ..text("a") }).unwrap();
    assert_eq!(bodies(&fake, "message/send")[0]["touser"], "anna|Zoe|Bert", "once, in the first spelling");
    let invalid: Vec<_> = sent.invalid.iter().map(|one| (one.kind, &*one.id, &*one.reason)).collect();
    let role = |id| (RecipientKind::Role, id, "nobody-has-it");
    assert_eq!(invalid, [role("ghost"), role("nobody")]);
}

#[test]
fn a_role_that_nobody_has_is_an_error_where_nobody_else_is_meant() {
    let fake = answering(|_, _| ok(SENT));
    know(&fake, STAFF);
    let failure = send(&fake, Message { to: to_roles(&["nobody"]), ..text("a") }).unwrap_err();
    assert_eq!(failure.reason, Reason::NotFound);
    assert!(failure.message.en.contains("\"nobody\"") && fake.requests.borrow().is_empty(), "{failure:?}");
    let everybody = Recipients { everybody: true, ..to_roles(&["nobody"]) };
    let sent = send(&fake, Message { to: everybody, ..text("a") }).unwrap();
    assert_eq!(sent.invalid, Vec::<InvalidRecipient>::new(), "then nothing else counts");
}

#[test]
fn a_repetition_goes_to_those_who_had_the_role_then() {
    let fake = answering(|number, _| if number == 1 { Err(lost(http::Failure::Timeout)) } else { ok(SENT) });
    know(&fake, STAFF);
    let message = || keyed("k", Message { to: to_roles(&["buyer"]), ..text("a") });
    assert_eq!(send(&fake, message()).unwrap().delivery, Delivery::Unknown);
    know(&fake, &[("Bert", MemberStatus::Active, &[]), ("Zoe", MemberStatus::Active, &["buyer"])]);
    assert_eq!(send(&fake, message()).unwrap().delivery, Delivery::Yes);
    let bodies = bodies(&fake, "message/send");
    assert_eq!((bodies[0]["touser"].as_str(), &bodies[1]), (Some("Anna|Bert"), &bodies[0]));
}

#[test]
fn all_of_many_are_found() {
    let fake = answering(|_, _| ok(SENT));
    let ids: Vec<String> = (0..1_234).map(|id| format!("m{id:04}")).collect();
    let members: Vec<_> = ids.iter().map(|id| (id.as_str(), MemberStatus::Active, &["buyer"][..])).collect();
    members.chunks(400).for_each(|members| know(&fake, members));
    send(&fake, Message { to: to_roles(&["buyer"]), ..text("a") }).unwrap();
    let count = |body: &Value| body["touser"].as_str().unwrap().split('|').count();
    assert_eq!(bodies(&fake, "message/send").iter().map(count).collect::<Vec<_>>(), [1_000, 234]);
}

#[test]
fn more_than_can_be_written_down_under_a_key_are_refused_before_any_of_them_gets_it() {
    let fake = answering(|_, _| ok(SENT));
    let ids: Vec<String> = (0..2_600).map(|id| format!("{id:064}")).collect();
    let members: Vec<_> = ids.iter().map(|id| (id.as_str(), MemberStatus::Active, &["buyer"][..])).collect();
    members.chunks(400).for_each(|members| know(&fake, members));
    let message = Message { to: to_roles(&["buyer"]), ..text("a") };
    let failure = send(&fake, keyed("k", message.clone())).unwrap_err();
    assert!(matches!(&failure.reason, Reason::InvalidArgument(problem) if problem.path == "to"), "{failure:?}");
    assert_eq!((fake.count("message/send"), fake.keys("idempotency/").len()), (0, 0));
    assert_eq!(send(&fake, message).unwrap().parts.len(), 3, "without a key nothing is written down");
}

#[test]
fn a_card_is_changed_for_whoever_has_the_role_now() {
    let fake = answering(|_, _| ok(r#"{"errcode":0,"errmsg":"ok"}"#));
    know(&fake, STAFF);
    let config = fake::config();
    let update = CardUpdate {
        to: to_roles(&["buyer", "nobody"]),
        response_code: "rc-1".into(),
        change: CardChange::Done("好".into()),
        translate_ids: false,
    };
    let invalid = messages::update_card::<WeCom>(&fake, &config, &WeComClient::new(&fake, &config), update).unwrap();
    assert_eq!(bodies(&fake, "message/update_template_card")[0]["userids"], json!(["Anna", "Bert"]));
    assert_eq!(invalid.iter().map(|one| (&*one.id, &*one.reason)).collect::<Vec<_>>(), [("nobody", "nobody-has-it")]);
}
