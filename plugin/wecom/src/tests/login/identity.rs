//! Everybody who can come, and everything that can go wrong while looking them up.

use super::*;
use crate::fake::{errcode, lost, query, status};
use organisation_kit::{
    contract::{
        directory::MemberStatus,
        login::{Identity, LinkedIdentity, Outcome, OutsiderIdentity, SensitiveFields},
        storage::StorageError,
        types::Severity,
    },
    locale::Locale,
};

const TICKET: &str = "T1CKET-of-the-member";
const HOUR_MS: u64 = 3_600_000;

/// A vendor that answers `user/get` and `auth/getuserdetail` with these.
fn showing(member: Answer, detail: Answer) -> FakePlatform {
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

fn english() -> Config {
    config(|common| common.locale = Locale::English)
}

/// Signs somebody in by this answer about the code; no entry is a home page.
fn come(fake: &FakePlatform, config: &Config, entry: Option<Entry>, answer: &str) -> Result<Exchange, Failure> {
    let request = entry.map_or_else(homepage, |entry| started(fake, entry, None));
    let (others, answer) = (fake.server(), answer.to_owned());
    fake.serve_with(move |fake, request| match path(request).as_str() {
        "/cgi-bin/auth/getuserinfo" => ok(answer.clone()),
        _ => others(fake, request),
    });
    exchange_with(fake, config, &request)
}

/// Requests about the member, which are those after the exchange of the code.
fn questions(fake: &FakePlatform) -> usize {
    fake.count("user/get") + fake.count("auth/getuserdetail")
}

fn member_of(exchange: &Exchange) -> &Identity {
    match &exchange.outcome {
        Outcome::Member(identity) => identity,
        other => panic!("{other:?}"),
    }
}

fn codes_of(exchange: &Exchange) -> Vec<&str> {
    for warning in &exchange.warnings {
        assert_eq!(warning.severity, Severity::Warning);
        assert!(!warning.message.is_empty() && warning.hint.is_some(), "{warning:?}");
        let shown = format!("{warning:?}");
        assert!(!shown.contains(TICKET) && !shown.contains("t0ken-1"), "{shown}");
        assert!(!warning.message.contains("get"), "names of calls belong to the log: {warning:?}");
    }
    exchange.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

#[test]
fn an_id_is_ours_or_of_a_linked_organisation() {
    let (longest, too_long) = ("x".repeat(128), "x".repeat(129));
    for (id, expected) in [
        ("zhangsan", Some((None, "zhangsan"))),
        ("ww21c67da6767865c2/zhangsan", Some((None, "zhangsan"))),
        ("WW21C67DA6767865C2/zhangsan", Some((None, "zhangsan"))),
        ("ww2/zhangsan", Some((Some("ww2"), "zhangsan"))),
        ("ww2/a/b", Some((Some("ww2"), "a/b"))),
        (&longest, Some((None, &longest))),
        ("/zhangsan", None),
        ("ww2/", None),
        ("ww21c67da6767865c2/", None),
        ("/", None),
        ("zhang\\nsan", None),
        (&too_long, None),
    ] {
        let fake = showing(errcode(60111, "userid not found"), nothing());
        let found = come(&fake, &english(), Some(Entry::Browser), &format!(r#"{{"userid":"{id}"}}"#));
        match (found.map(|exchange| exchange.outcome), expected) {
            (Ok(Outcome::Member(member)), Some((None, expected))) => assert_eq!(member.id, expected),
            (Ok(Outcome::LinkedMember(linked)), Some((Some(organisation), expected))) => {
                assert_eq!((linked.organisation_id.as_str(), linked.id.as_str()), (organisation, expected));
            }
            (Err(failure), None) => assert_eq!(failure.reason, Reason::UnexpectedAnswer, "{id}"),
            (found, _) => panic!("{id}: {found:?}"),
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
        let fake = showing(nothing(), nothing());
        let exchange = come(&fake, &english(), Some(Entry::WorkspaceConsent), answer).unwrap();
        assert_eq!(exchange.outcome, expected);
        assert!(exchange.warnings.is_empty() && questions(&fake) == 0, "{answer}");
    }
    for answer in ["{}", r#"{"errcode":0,"errmsg":"ok"}"#, r#"{"userid":"","openid":""}"#, r#"{"userid":"/x"}"#] {
        let fake = showing(nothing(), nothing());
        let failure = come(&fake, &english(), None, answer).unwrap_err();
        assert_eq!((failure.reason.clone(), questions(&fake)), (Reason::UnexpectedAnswer, 0), "{answer}");
    }
}

#[test]
fn a_member_of_a_fresh_copy_costs_no_call() {
    for id in ["zhangsan", "ZHANGSAN", "ww21c67da6767865c2/zhangsan"] {
        let fake = showing(nothing(), nothing());
        Copy::fresh(&fake).with(MemberStatus::Active, &["buyer", "admin"]).store(&fake);
        let answer = format!(r#"{{"userid":"{id}"}}"#);
        let exchange = come(&fake, &english(), Some(Entry::Workspace), &answer).unwrap();
        let expected = Identity {
            id: "ZhangSan".into(),
            name: Some("张三丰".into()),
            departments: vec!["2".into(), "31".into()],
            roles: vec!["buyer".into(), "admin".into()],
            in_directory: true,
            in_visible_range: true,
            sensitive: None,
        };
        assert_eq!(member_of(&exchange), &expected);
        assert!(exchange.warnings.is_empty() && questions(&fake) == 0);
    }
}

#[test]
fn a_member_of_a_stale_copy_is_asked_about() {
    let busy = || errcode(-1, "system error");
    let gone = || errcode(60111, "userid not found");
    let stale = || vec!["stale-copy"];
    // Age of the copy in hours, the answer of `user/get`; calls, in range, roles, warnings.
    for (name, hours, answer, calls, in_range, roles, warnings) in [
        ("just synchronised", Some(0), nothing(), 0, true, 1, vec![]),
        ("a day old", Some(24), nothing(), 0, true, 1, vec![]),
        ("older, still there", Some(25), ok(SHOWN), 1, true, 1, vec![]),
        ("older, there but unreadable", Some(25), ok(r#"{"userid":["zhangsan"]}"#), 1, true, 1, vec![]),
        ("older, out of range", Some(25), gone(), 1, false, 0, vec![]),
        ("older, vendor busy", Some(25), busy(), 4, true, 1, stale()),
        ("older, address refused", Some(25), errcode(60020, "not allow"), 1, true, 1, stale()),
        ("never complete, still there", None, ok(SHOWN), 1, true, 1, vec![]),
        ("never complete, out of range", None, gone(), 1, false, 0, vec![]),
        ("never complete, vendor busy", None, busy(), 4, true, 1, stale()),
    ] {
        let fake = showing(answer, nothing());
        let synced_at = hours.map(|hours| START_MS - hours * HOUR_MS);
        Copy { synced_at, ..Copy::fresh(&fake) }.with(MemberStatus::Active, &["buyer"]).store(&fake);
        let exchange = come(&fake, &english(), Some(Entry::Browser), r#"{"userid":"zhangsan"}"#).unwrap();
        let member = member_of(&exchange);
        assert_eq!((fake.count("user/get"), codes_of(&exchange)), (calls, warnings), "{name}");
        assert_eq!(
            (member.in_directory, member.in_visible_range, member.roles.len()),
            (true, in_range, roles),
            "{name}"
        );
        assert_eq!((member.id.as_str(), member.name.as_deref()), ("ZhangSan", Some("张三丰")), "{name}");
    }
}

#[test]
fn a_time_to_come_says_nothing_about_the_age() {
    for (ahead_ms, asked) in [(600_000, 0), (600_001, 1)] {
        let fake = showing(ok(SHOWN), nothing());
        Copy { synced_at: Some(START_MS + ahead_ms), ..Copy::fresh(&fake) }
            .with(MemberStatus::Active, &[])
            .store(&fake);
        come(&fake, &english(), Some(Entry::Browser), r#"{"userid":"zhangsan"}"#).unwrap();
        assert_eq!(fake.count("user/get"), asked, "{ahead_ms}");
    }
}

#[test]
fn a_stale_copy_says_how_old_it_is_in_both_languages() {
    for (hours, locale, expected) in [
        (Some(25), Locale::Chinese, "通讯录上次完整同步在 25 小时前，目前无法核实该成员是否仍在可见范围内"),
        (
            Some(25),
            Locale::English,
            "the last complete sync was 25 hours ago, and whether the member is still in the visible range cannot be \
             asked for now",
        ),
        (Some(71), Locale::Chinese, "通讯录上次完整同步在 71 小时前，目前无法核实该成员是否仍在可见范围内"),
        (Some(72), Locale::Chinese, "通讯录上次完整同步在 3 天前，目前无法核实该成员是否仍在可见范围内"),
        (None, Locale::Chinese, "通讯录上次完整同步的时间未知，目前无法核实该成员是否仍在可见范围内"),
        (
            None,
            Locale::Both,
            "the time of the last complete sync is not known, and whether the member is still in the visible range \
             cannot be asked for now",
        ),
    ] {
        let fake = showing(errcode(-1, "system error"), nothing());
        let synced_at = hours.map(|hours| START_MS - hours * HOUR_MS);
        Copy { synced_at, ..Copy::fresh(&fake) }.with(MemberStatus::Active, &[]).store(&fake);
        let config = config(|common| common.locale = locale);
        let exchange = come(&fake, &config, Some(Entry::Browser), r#"{"userid":"zhangsan"}"#).unwrap();
        assert_eq!(exchange.warnings[0].message, expected, "{hours:?} {locale:?}");
        assert!(
            fake.logs.borrow().iter().any(|line| line.contains("user/get was refused with -1")),
            "why is in the log"
        );
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
        let fake = showing(ok(SHOWN), nothing());
        if let Some(status) = known {
            Copy::fresh(&fake).with(status, &["admin"]).store(&fake);
        }
        let exchange = come(&fake, &english(), Some(Entry::Browser), r#"{"userid":"ZhangSan"}"#).unwrap();
        assert_eq!((member_of(&exchange), codes_of(&exchange)), (&in_range("zhangsan"), vec![]), "{known:?}");
        let requests = fake.requests.borrow();
        let about: Vec<_> = requests.iter().filter(|request| path(request) == "/cgi-bin/user/get").collect();
        assert_eq!((about.len(), query(about[0], "userid").as_deref()), (1, Some("ZhangSan")));
    }
    for code in [40003, 50002, 60011, 60021, 60111, 92000] {
        let fake = showing(errcode(code, "not for you"), nothing());
        let exchange = come(&fake, &english(), Some(Entry::Browser), r#"{"userid":"zhangsan"}"#).unwrap();
        let member = member_of(&exchange);
        assert_eq!((member.name.as_deref(), member.in_directory, member.in_visible_range), (None, false, false));
        assert_eq!((codes_of(&exchange), questions(&fake)), (vec![], 1), "{code}");
    }
}

#[test]
fn a_member_who_cannot_be_read_is_in_all_the_same() {
    for (name, answer, asked, in_range) in [
        ("busy", errcode(-1, "system error"), 4, false),
        ("too often", errcode(45009, "api freq out of limit"), 1, false),
        ("address refused", errcode(60020, "not allow to access from your ip"), 1, false),
        ("5xx", status(502, ""), 4, false),
        ("timeout", Err(lost(organisation_kit::contract::http::Failure::Timeout)), 4, false),
        ("somebody else", ok(SHOWN.replace("zhangsan", "lisi")), 1, false),
        // WeCom shows whom the app may see, so an answer of another shape still tells the range.
        ("another shape", ok(r#"{"userid":["zhangsan"]}"#), 1, true),
    ] {
        let fake = showing(answer, nothing());
        let exchange = come(&fake, &english(), Some(Entry::Browser), r#"{"userid":"zhangsan"}"#).unwrap();
        let member = member_of(&exchange);
        assert_eq!((member.id.as_str(), member.name.as_deref(), member.in_visible_range), ("zhangsan", None, in_range));
        assert_eq!((codes_of(&exchange), questions(&fake)), (vec!["member-not-read"], asked), "{name}");
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
        let fake = showing(nothing(), ok(answer));
        Copy::fresh(&fake).with(MemberStatus::Active, &[]).store(&fake);
        let identity = format!(r#"{{"userid":"zhangsan","user_ticket":"{TICKET}"}}"#);
        let exchange = come(&fake, &english(), Some(Entry::WorkspaceConsent), &identity).unwrap();
        assert_eq!(
            (member_of(&exchange).sensitive.as_ref(), codes_of(&exchange)),
            (Some(&expected), vec![]),
            "{answer}"
        );
        let requests = fake.requests.borrow();
        let request = requests.last().unwrap();
        let body = organisation_kit::contract::types::Body::Text(format!(r#"{{"user_ticket":"{TICKET}"}}"#));
        assert_eq!((request.method.as_str(), request.body.as_ref()), ("POST", Some(&body)));
        assert!(!request.url.contains(TICKET));
        assert_eq!(fake.count("user/get"), 0);
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
        let fake = showing(nothing(), answer);
        Copy::fresh(&fake).with(MemberStatus::Active, &[]).store(&fake);
        let identity = format!(r#"{{"userid":"zhangsan","user_ticket":"{TICKET}"}}"#);
        let exchange = come(&fake, &english(), Some(Entry::WorkspaceConsent), &identity).unwrap();
        let found = (member_of(&exchange).sensitive.as_ref(), codes_of(&exchange));
        assert_eq!(found, (None, vec!["sensitive-fields-not-read"]), "{name}");
        assert!(!fake.logs.borrow().iter().any(|line| line.contains(TICKET)), "{name}");
    }
    for (entry, expected) in [
        (Some(Entry::WorkspaceConsent), vec!["sensitive-fields-not-granted"]),
        (Some(Entry::Workspace), vec![]),
        (Some(Entry::Browser), vec![]),
        (None, vec![]),
    ] {
        let fake = showing(nothing(), nothing());
        Copy::fresh(&fake).with(MemberStatus::Active, &[]).store(&fake);
        let exchange = come(&fake, &english(), entry.clone(), r#"{"userid":"zhangsan"}"#).unwrap();
        assert_eq!((codes_of(&exchange), questions(&fake)), (expected, 0), "{entry:?}");
    }
}

#[test]
fn a_ticket_proves_the_visible_range() {
    let identity = format!(r#"{{"userid":"zhangsan","user_ticket":"{TICKET}"}}"#);
    let fake = showing(errcode(-1, "system error"), ok("{}"));
    let exchange = come(&fake, &english(), None, &identity).unwrap();
    assert!(member_of(&exchange).in_visible_range && member_of(&exchange).sensitive.is_some());
    assert_eq!(codes_of(&exchange), ["member-not-read"]);

    let fake = showing(nothing(), ok("{}"));
    Copy { synced_at: None, ..Copy::fresh(&fake) }.with(MemberStatus::Active, &[]).store(&fake);
    let exchange = come(&fake, &english(), None, &identity).unwrap();
    assert_eq!((codes_of(&exchange), fake.count("user/get")), (vec![], 0), "a stale copy needs no other proof");
}

#[test]
fn without_the_copy_there_is_no_sign_in() {
    let fake = showing(ok(SHOWN), nothing());
    fake.before_storage(
        |_, touch| {
            if touch.concerns("directory/") { Err(StorageError::Unavailable(false)) } else { Ok(()) }
        },
    );
    let failure = come(&fake, &english(), None, r#"{"userid":"zhangsan"}"#).unwrap_err();
    assert_eq!(failure.reason, Reason::Unavailable, "roles come from there");
}

#[test]
fn the_copy_is_read_in_one_step() {
    let fake = showing(nothing(), nothing());
    Copy::fresh(&fake).with(MemberStatus::Active, &["buyer"]).store(&fake);
    let readings = std::rc::Rc::new(std::cell::Cell::new(0));
    let counted = readings.clone();
    fake.before_storage(move |_, touch| {
        counted.set(counted.get() + u32::from(touch.concerns("directory/")));
        Ok(())
    });
    come(&fake, &english(), None, r#"{"userid":"zhangsan"}"#).unwrap();
    assert_eq!(readings.get(), 1);
}

#[test]
fn a_retired_member_is_shown_as_nobody_whom_a_host_lets_in() {
    for (status, is_retired, calls, in_range) in [
        (MemberStatus::Resigned, true, 0, false),
        (MemberStatus::Resigned, false, 1, true),
        (MemberStatus::Active, false, 0, true),
    ] {
        let fake = showing(ok(SHOWN), nothing());
        Copy::fresh(&fake).with(status, &["buyer"]).store(&fake);
        if is_retired {
            fake.apply(&[store::put_text("directory/p/retired/zhangsan", r#"{"at":1}"#.into())]).unwrap();
        }
        let exchange = come(&fake, &english(), Some(Entry::Workspace), r#"{"userid":"ZHANGSAN"}"#).unwrap();
        let member = member_of(&exchange);
        let expected = (status == MemberStatus::Active, in_range, usize::from(status == MemberStatus::Active));
        assert_eq!((member.in_directory, member.in_visible_range, member.roles.len()), expected);
        assert_eq!(questions(&fake), calls);
        assert_eq!(codes_of(&exchange).contains(&"member-retired"), is_retired);
    }
}
