//! The configuration turns to another organisation on the same storage: nothing of the former one answers.

use super::*;
use crate::fake::errcode;
use organisation_kit::contract::{directory::MemberStatus, login::Outcome};

const OTHER: &str = "ww00000000000000ff";

fn other() -> Config {
    config(|common| common.organisation = OTHER.into())
}

#[test]
fn a_copy_of_another_organisation_is_none() {
    for (name, organisation, in_directory, roles) in [
        ("ours", "ww21c67da6767865c2", true, &["buyer"][..]),
        ("ours in another spelling", "WW21C67DA6767865C2", true, &["buyer"]),
        ("of another", OTHER, false, &[]),
    ] {
        for status in [MemberStatus::Active, MemberStatus::Resigned] {
            let fake = answering(ok(MEMBER));
            let copy = Copy { organisation, ..Copy::fresh(&fake) };
            copy.with(status, &["buyer"]).store(&fake);
            let request = started(&fake, Entry::Browser, None);
            let Outcome::Member(member) = exchange(&fake, &request).unwrap().outcome else { panic!("{name}") };
            let is_known = in_directory && status == MemberStatus::Active;
            let (expected_name, expected_departments) =
                if is_known { ("张三丰", ["2", "31"]) } else { ("张三", ["2", "31"]) };
            assert_eq!((member.in_directory, member.name.as_deref()), (is_known, Some(expected_name)), "{name}");
            assert_eq!(member.departments, expected_departments, "{name}");
            assert_eq!(member.roles, if is_known { roles } else { &[] }, "{name}");
            assert_eq!(fake.count("user/get"), usize::from(!is_known), "{name}");
        }
    }
}

#[test]
fn a_member_of_the_former_organisation_is_not_in_range_of_the_new_one() {
    let fake = FakePlatform::new();
    fake.serve(|request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        "/cgi-bin/user/get" => errcode(60111, "userid not found"),
        _ => ok(MEMBER),
    });
    Copy { organisation: OTHER, ..Copy::fresh(&fake) }.with(MemberStatus::Active, &["admin"]).store(&fake);
    let request = started(&fake, Entry::Browser, None);
    let Outcome::Member(member) = exchange(&fake, &request).unwrap().outcome else { panic!() };
    assert_eq!((member.in_directory, member.in_visible_range), (false, false));
    assert!(member.roles.is_empty() && member.departments.is_empty() && member.name.is_none(), "{member:?}");
}

#[test]
fn a_copy_that_belongs_to_nobody_yet_is_none() {
    let fake = answering(ok(MEMBER));
    Copy::fresh(&fake).with(MemberStatus::Active, &["admin"]).store(&fake);
    fake.apply(&[store::delete("directory/head")]).unwrap();
    let request = started(&fake, Entry::Browser, None);
    let Outcome::Member(member) = exchange(&fake, &request).unwrap().outcome else { panic!() };
    assert_eq!((member.in_directory, member.roles.len()), (false, 0));
}

#[test]
fn a_sign_in_of_another_organisation_is_refused_and_spends_nothing() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, None);
    let failure = exchange_with(&fake, &other(), &request).unwrap_err();
    assert_eq!((failure.reason.clone(), asked(&fake)), (Reason::LoginRejected, 0));
    assert_eq!(failure.message.en, "the sign-in was begun for another organisation");
    let respelled = config(|common| common.organisation = "WW21c67da6767865c2".into());
    assert!(exchange_with(&fake, &respelled, &request).is_ok(), "it is still good where it was begun");
}

#[test]
fn an_outcome_of_another_organisation_is_not_given() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, None);
    exchange(&fake, &request).unwrap();
    let failure = exchange_with(&fake, &other(), &request).unwrap_err();
    assert_eq!((failure.reason.clone(), asked(&fake)), (Reason::LoginRejected, 1));
    // The spelling of the id makes no other organisation.
    let respelled = config(|common| common.organisation = "WW21c67da6767865c2".into());
    assert!(exchange_with(&fake, &respelled, &request).is_ok());
    assert_eq!(asked(&fake), 1);
}
