//! Everybody who can come, and everything that can go wrong while looking them up.

use super::*;
use crate::{
    contract::directory::MemberStatus,
    directory::{
        key,
        record::{MemberRecord, Overlay},
    },
    fake::{self, FakePlatform, errcode, lost, ok, path, query, status},
    platform::Platform,
    store,
    text::Locale,
    vendor::{rows::members, wire::member},
};

type Answer = Result<crate::contract::http::Response, crate::contract::http::HttpError>;

const NO_MEMBER: &str =
    r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","name":"张三","department":[31,2],"status":1}"#;
const TICKET: &str = "T1CKET-of-the-member";

/// A vendor that grants a token and answers `user/get` and `auth/getuserdetail` with these.
fn vendor(member: Answer, detail: Answer) -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve(move |request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        "/cgi-bin/user/get" => member.clone(),
        "/cgi-bin/auth/getuserdetail" => detail.clone(),
        other => panic!("{other}"),
    });
    fake
}

fn nothing() -> Answer {
    errcode(-1, "nobody should ask")
}

/// Puts a member into the local copy.
fn keep(fake: &FakePlatform, presence: MemberStatus, roles: &[&str]) {
    let row = member::parse(r#"{"userid":"ZhangSan","name":"张三丰","department":[2,31],"status":1}"#).unwrap();
    let member = members([row]).remove(0);
    let record = MemberRecord { read_at: 1, ordinal: 0, presence, member };
    let overlay = Overlay { roles: roles.iter().map(|&role| role.to_owned()).collect(), suspended: false };
    let ops = [store::put(key::member("zhangsan"), &record), store::put(key::overlay("zhangsan"), &overlay)];
    fake.apply(&ops).unwrap();
}

fn come(fake: &FakePlatform, door: Option<Door>, answer: &str) -> Result<Seen, Failure> {
    let config = Config { locale: Locale::English, ..fake::config() };
    let client = Client::new(fake, &config);
    resolve(fake, &config, &client, door, serde_json::from_str(answer).unwrap())
}

fn member_of(seen: &Seen) -> &Identity {
    match &seen.outcome {
        Outcome::Member(identity) => identity,
        other => panic!("{other:?}"),
    }
}

fn codes_of(seen: &Seen) -> Vec<&str> {
    for warning in &seen.warnings {
        assert_eq!(warning.severity, Severity::Warning);
        assert!(!warning.message.is_empty() && !warning.hint.is_empty(), "{warning:?}");
        let shown = format!("{warning:?}");
        assert!(!shown.contains(TICKET) && !shown.contains("t0ken-1"), "{shown}");
    }
    seen.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

#[test]
fn an_id_is_ours_or_of_a_linked_organisation() {
    let long = "x".repeat(65);
    for (id, expected) in [
        ("zhangsan", Some((None, "zhangsan"))),
        ("ww1/zhangsan", Some((None, "zhangsan"))),
        ("ww2/zhangsan", Some((Some("ww2"), "zhangsan"))),
        ("WW1/zhangsan", Some((Some("WW1"), "zhangsan"))),
        ("ww2/a/b", Some((Some("ww2"), "a/b"))),
        ("/zhangsan", None),
        ("ww2/", None),
        ("ww1/", None),
        ("/", None),
        ("", None),
        ("zhang\nsan", None),
        (&long, None),
    ] {
        let found = split(id, "ww1");
        assert_eq!(found.as_ref().ok(), expected.as_ref(), "{id}");
        if let Err(failure) = found {
            assert_eq!(failure.reason, Reason::UnexpectedAnswer);
            assert!(failure.hint.is_some());
        }
    }
}

#[test]
fn who_is_no_member_costs_no_call() {
    let outsider = |open_id: Option<&str>, external_id: Option<&str>| {
        Outcome::Outsider(OutsiderIdentity {
            open_id: open_id.map(str::to_owned),
            external_id: external_id.map(str::to_owned),
        })
    };
    let linked = |organisation_id: &str, id: &str| {
        Outcome::LinkedMember(LinkedIdentity { organisation_id: organisation_id.into(), id: id.into() })
    };
    for (answer, expected) in [
        (
            r#"{"errcode":0,"errmsg":"ok","openid":"oSampleOpenId0001","external_userid":"wmSampleExternal0001"}"#,
            outsider(Some("oSampleOpenId0001"), Some("wmSampleExternal0001")),
        ),
        (r#"{"openid":"oSample"}"#, outsider(Some("oSample"), None)),
        (r#"{"OpenId":"oSample","DeviceId":"d"}"#, outsider(Some("oSample"), None)),
        (r#"{"external_userid":"wmSample"}"#, outsider(None, Some("wmSample"))),
        (r#"{"userid":"wwother/lisi"}"#, linked("wwother", "lisi")),
        (r#"{"UserId":"wwother/lisi","user_ticket":"T1CKET"}"#, linked("wwother", "lisi")),
    ] {
        let fake = vendor(nothing(), nothing());
        let seen = come(&fake, Some(Door::WorkspaceConsent), answer).unwrap();
        assert_eq!(seen.outcome, expected);
        assert!(seen.warnings.is_empty() && fake.requests.borrow().is_empty(), "{answer}");
    }
    for answer in ["{}", r#"{"errcode":0,"errmsg":"ok"}"#, r#"{"userid":"","openid":""}"#, r#"{"userid":"/x"}"#] {
        let fake = vendor(nothing(), nothing());
        let Err(failure) = come(&fake, None, answer) else { panic!("{answer}") };
        assert_eq!(failure.reason, Reason::UnexpectedAnswer);
    }
}

#[test]
fn a_member_of_the_copy_costs_no_call() {
    for id in ["zhangsan", "ZHANGSAN", "ww21c67da6767865c2/zhangsan"] {
        let fake = vendor(nothing(), nothing());
        keep(&fake, MemberStatus::Active, &["buyer", "admin"]);
        let seen = come(&fake, Some(Door::Workspace), &format!(r#"{{"userid":"{id}"}}"#)).unwrap();
        let expected = Identity {
            id: "ZhangSan".into(),
            name: Some("张三丰".into()),
            departments: vec!["2".into(), "31".into()],
            roles: vec!["buyer".into(), "admin".into()],
            in_directory: true,
            in_visible_range: true,
            sensitive: None,
        };
        assert_eq!(member_of(&seen), &expected);
        assert!(seen.warnings.is_empty() && fake.requests.borrow().is_empty());
    }
}

#[test]
fn a_stranger_is_asked_for_once() {
    let in_range = |id: &str| Identity {
        id: id.into(),
        name: Some("张三".into()),
        departments: vec!["2".into(), "31".into()],
        roles: Vec::new(),
        in_directory: false,
        in_visible_range: true,
        sensitive: None,
    };
    for known in [None, Some(MemberStatus::LeftRange), Some(MemberStatus::Resigned)] {
        let fake = vendor(ok(NO_MEMBER), nothing());
        if let Some(presence) = known {
            keep(&fake, presence, &["admin"]);
        }
        let seen = come(&fake, Some(Door::Browser), r#"{"userid":"ZhangSan"}"#).unwrap();
        assert_eq!((member_of(&seen), codes_of(&seen)), (&in_range("zhangsan"), vec![]), "{known:?}");
        assert_eq!(fake.count("user/get"), 1);
        assert_eq!(query(&fake.requests.borrow()[1], "userid").as_deref(), Some("ZhangSan"));
    }
    for code in NOT_VISIBLE {
        let fake = vendor(errcode(code, "not for you"), nothing());
        let seen = come(&fake, Some(Door::Browser), r#"{"userid":"zhangsan"}"#).unwrap();
        let member = member_of(&seen);
        assert_eq!((member.name.as_deref(), member.in_directory, member.in_visible_range), (None, false, false));
        assert_eq!((codes_of(&seen), fake.count("user/get")), (vec![], 1), "{code}");
    }
}

#[test]
fn a_member_who_cannot_be_read_is_in_all_the_same() {
    for (name, answer, asked) in [
        ("busy", errcode(-1, "system error"), 4),
        ("too often", errcode(45009, "api freq out of limit"), 1),
        ("address refused", errcode(60020, "not allow to access from your ip"), 1),
        ("5xx", status(502, ""), 4),
        ("timeout", Err(lost(crate::contract::http::Failure::Timeout)), 4),
        ("another shape", ok(r#"{"userid":["zhangsan"]}"#), 1),
        ("somebody else", ok(NO_MEMBER.replace("zhangsan", "lisi")), 1),
    ] {
        let fake = vendor(answer, nothing());
        let seen = come(&fake, Some(Door::Browser), r#"{"userid":"zhangsan"}"#).unwrap();
        let member = member_of(&seen);
        assert_eq!((member.id.as_str(), member.name.as_deref(), member.in_visible_range), ("zhangsan", None, false));
        assert_eq!((codes_of(&seen), fake.count("user/get")), (vec!["member-not-read"], asked), "{name}");
    }
}

#[test]
fn what_a_member_consented_to_is_read() {
    let official = r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","gender":"1","avatar":"https://wework.qpic.cn/sample/0","mobile":"13800000000","email":"z@example.com","biz_mail":"z@example.wecom.work","address":"某区某路 1 号"}"#;
    let none = SensitiveFields {
        gender: None,
        avatar: None,
        qr_code: None,
        mobile: None,
        email: None,
        business_email: None,
        address: None,
    };
    let some = |text: &str| Some(text.to_owned());
    for (answer, expected) in [
        (
            official,
            SensitiveFields {
                gender: some("male"),
                avatar: some("https://wework.qpic.cn/sample/0"),
                mobile: some("13800000000"),
                email: some("z@example.com"),
                business_email: some("z@example.wecom.work"),
                address: some("某区某路 1 号"),
                ..none.clone()
            },
        ),
        (r#"{"userid":"ZHANGSAN","gender":"2"}"#, SensitiveFields { gender: some("female"), ..none.clone() }),
        (
            r#"{"gender":2,"qr_code":"q"}"#,
            SensitiveFields { gender: some("female"), qr_code: some("q"), ..none.clone() },
        ),
        (r#"{"gender":"0","mobile":"","email":"","avatar":null}"#, none.clone()),
        (r#"{"gender":""}"#, none.clone()),
        ("{}", none),
    ] {
        let fake = vendor(nothing(), ok(answer));
        keep(&fake, MemberStatus::Active, &[]);
        let identity = format!(r#"{{"userid":"zhangsan","user_ticket":"{TICKET}"}}"#);
        let seen = come(&fake, Some(Door::WorkspaceConsent), &identity).unwrap();
        assert_eq!((member_of(&seen).sensitive.as_ref(), codes_of(&seen)), (Some(&expected), vec![]), "{answer}");
        let requests = fake.requests.borrow();
        let request = requests.last().unwrap();
        let body = crate::contract::http::Body::Text(format!(r#"{{"user_ticket":"{TICKET}"}}"#));
        assert_eq!((request.method.as_str(), request.body.as_ref()), ("POST", Some(&body)));
        assert!(!request.url.contains(TICKET));
        assert!(requests.iter().all(|request| path(request) != "/cgi-bin/user/get"));
    }
}

#[test]
fn missing_consent_is_a_warning_where_it_was_asked_for() {
    for (name, answer) in [
        ("expired", errcode(84014, TICKET)),
        ("refused", errcode(92001, "no grant")),
        ("busy", errcode(-1, "system error")),
        ("not there", status(404, "")),
        ("somebody else", ok(r#"{"userid":"lisi","mobile":"13800000000"}"#)),
        ("another shape", ok(r#"{"userid":{"T1CKET-of-the-member":1}}"#)),
    ] {
        let fake = vendor(nothing(), answer);
        keep(&fake, MemberStatus::Active, &[]);
        let identity = format!(r#"{{"userid":"zhangsan","user_ticket":"{TICKET}"}}"#);
        let seen = come(&fake, Some(Door::WorkspaceConsent), &identity).unwrap();
        assert_eq!(
            (member_of(&seen).sensitive.as_ref(), codes_of(&seen)),
            (None, vec!["sensitive-fields-not-read"]),
            "{name}"
        );
    }
    for (door, expected) in [
        (Some(Door::WorkspaceConsent), vec!["sensitive-fields-not-granted"]),
        (Some(Door::Workspace), vec![]),
        (Some(Door::Browser), vec![]),
        (None, vec![]),
    ] {
        let fake = vendor(nothing(), nothing());
        keep(&fake, MemberStatus::Active, &[]);
        let seen = come(&fake, door, r#"{"userid":"zhangsan"}"#).unwrap();
        assert_eq!((codes_of(&seen), fake.requests.borrow().len()), (expected, 0), "{door:?}");
    }
}

#[test]
fn a_ticket_proves_the_visible_range() {
    let fake = vendor(errcode(-1, "system error"), ok("{}"));
    let identity = format!(r#"{{"userid":"zhangsan","user_ticket":"{TICKET}"}}"#);
    let seen = come(&fake, None, &identity).unwrap();
    assert!(member_of(&seen).in_visible_range && member_of(&seen).sensitive.is_some());
    assert_eq!(codes_of(&seen), ["member-not-read"]);
}

#[test]
fn without_the_copy_there_is_no_sign_in() {
    let fake = vendor(ok(NO_MEMBER), nothing());
    fake.before_storage(|_, touch| {
        if touch.meets("directory/") { Err(crate::contract::storage::StorageError::Unavailable(false)) } else { Ok(()) }
    });
    let Err(failure) = come(&fake, None, r#"{"userid":"zhangsan"}"#) else { panic!("roles come from there") };
    assert_eq!(failure.reason, Reason::Unavailable);
}
