use super::*;
use organisation_kit::{
    contract::types::Reason,
    locale::{Locale, Text},
};

#[test]
fn the_table_is_sorted_and_complete() {
    assert!(table::CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
    for code in table::CODES {
        assert!(!code.zh.is_empty() && !code.en.is_empty(), "{}", code.code);
        assert_eq!(lookup(code.code), code);
    }
}

#[test]
fn a_code_without_documentation_is_never_repeated() {
    for code in [0, -2, 1, 45010, i64::MAX, i64::MIN] {
        assert_eq!(lookup(code), &UNKNOWN);
        let failure = failure(code, "", "user/get");
        assert_eq!(failure.reason, Reason::Other("vendor-error".to_owned()));
        assert_eq!(failure.vendor_code, Some(code));
        let hint = failure.hint.clone().unwrap().show(Locale::English);
        assert!(hint.ends_with(&format!("query?e={code}")), "{hint}");
    }
}

#[test]
fn each_code_becomes_a_reason() {
    let other = || Reason::Other("vendor-error".to_owned());
    for (code, reason, retry_after_ms) in [
        (-1, Reason::Unavailable, Some(1_000)),
        (6000, Reason::Unavailable, Some(1_000)),
        (81026, Reason::Unavailable, Some(60_000)),
        (40014, Reason::Unavailable, Some(1_000)),
        (42001, Reason::Unavailable, Some(1_000)),
        (40001, Reason::CredentialsRefused, None),
        (40013, Reason::CredentialsRefused, None),
        (40091, Reason::CredentialsRefused, None),
        (45031, Reason::CredentialsRefused, None),
        (2_000_002, Reason::CredentialsRefused, None),
        (45009, Reason::RateLimited, Some(60_000)),
        (45011, Reason::RateLimited, Some(60_000)),
        (45033, Reason::RateLimited, Some(2_000)),
        (45035, Reason::RateLimited, Some(2_000)),
        (302_008, Reason::RateLimited, Some(60_000)),
        (2_400_007, Reason::RateLimited, Some(60_000)),
        (620_004, Reason::Unavailable, Some(1_000)),
        (60030, Reason::NotPermitted, None),
        (301_088, Reason::NotPermitted, None),
        (60004, Reason::NotFound, None),
        (48002, Reason::NotPermitted, None),
        (50001, Reason::NotPermitted, None),
        (50003, Reason::NotPermitted, None),
        (60011, Reason::NotPermitted, None),
        (60020, Reason::NotPermitted, None),
        (301_002, Reason::NotPermitted, None),
        (301_007, Reason::NotPermitted, None),
        (301_055, Reason::NotPermitted, None),
        (301_056, Reason::NotPermitted, None),
        (301_026, Reason::Unavailable, Some(1_000)),
        (301_057, Reason::Unavailable, Some(1_000)),
        (40029, Reason::LoginRejected, None),
        (42003, Reason::LoginRejected, None),
        (42022, Reason::LoginRejected, None),
        (84014, Reason::LoginRejected, None),
        (43012, Reason::NotPermitted, None),
        (60003, Reason::NotFound, None),
        (60140, Reason::NotFound, None),
        (81013, Reason::NotFound, None),
        (42014, other(), None),
        (60111, Reason::NotFound, None),
        (40058, other(), None),
        (41001, other(), None),
        (301_025, other(), None),
        (301_112, other(), None),
    ] {
        let failure = failure(code, "", "agent/get");
        assert_eq!((failure.reason.clone(), failure.retry_after_ms), (reason, retry_after_ms), "{code}");
    }
}

#[test]
fn the_text_of_the_vendor_is_passed_on_in_part() {
    let errmsg = "invalid credential, hint: [17600], from ip: 203.0.113.7, more info at https://x/query?e=40001";
    let refused = failure(40001, errmsg, "gettoken");
    assert_eq!(refused.message.en, "gettoken was refused with 40001: invalid credential");
    assert_eq!(refused.request_id.as_deref(), Some("17600"));
    let bare = failure(40001, "", "gettoken");
    assert_eq!(bare.request_id, None);
    assert_eq!(bare.message.en, "gettoken was refused with 40001: credential or token refused");
    for failure in [refused, bare] {
        assert_eq!(failure.message.zh, "gettoken 被拒绝，错误码 40001：凭证无效：Secret 错误或已重置，或令牌失效");
    }
    let unheard = failure(7, "strange", "gettoken").message.clone();
    assert_eq!(unheard.zh, "gettoken 被拒绝，错误码 7：strange");
}

#[test]
fn the_address_to_add_is_named_where_wecom_tells_it() {
    for (errmsg, address) in [
        ("not allow to access from your ip, hint: [1], from ip: 203.0.113.7, more info at x", Some("203.0.113.7")),
        ("not allow to access from your ip, from ip: 2001:db8::1", Some("2001:db8::1")),
        ("not allow to access from your ip, hint: [1], from ip: , more info at x", None),
        ("not allow to access from your ip", None),
        ("", None),
    ] {
        let failure = failure(60020, errmsg, "agent/get");
        assert_eq!(untrusted_address(&failure).map(|found| found.to_string()).as_deref(), address, "{errmsg}");
        let Text { zh, en } = failure.hint.clone().unwrap();
        assert!(zh.contains("企业可信IP") && zh.contains("约一分钟"), "{zh}");
        assert!(en.contains("Trusted IP") && en.contains("about a minute"), "{en}");
        assert!(address.is_none_or(|address| zh.contains(address) && en.contains(address)), "{zh} {en}");
    }
    let other = failure(40001, "x, from ip: 203.0.113.7", "gettoken");
    assert_eq!(untrusted_address(&other), None);
}

#[test]
fn whoever_can_act_is_told_how() {
    for code in table::CODES {
        let hint = failure(code.code, "", "x").hint.clone();
        assert!(hint.is_some() || code.class == Class::Data, "{}", code.code);
        if let Some(Text { zh, en }) = hint {
            assert!(!zh.is_empty() && !en.is_empty() && zh != en, "{}", code.code);
        }
    }
}

#[test]
fn a_meaning_has_its_codes_alone() {
    type Predicate = fn(&Failure) -> bool;
    let busy: &[i64] = &[-1, 6000, 81026, 301_022, 301_026, 301_057, 301_064, 302_005, 620_004, 2_000_111, 2_000_141];
    let table: Vec<(&str, Predicate, &[i64])> = vec![
        ("HIDDEN_MEMBER", |failure| HIDDEN_MEMBER.include(failure), &[40003, 50002, 60011, 60021, 60111, 92000]),
        ("HIDDEN_DEPARTMENT", |failure| HIDDEN_DEPARTMENT.include(failure), &[60003, 60011, 60123]),
        ("an answer too large", |failure| failure.cause == Cause::AnswerTooLarge, &[45029]),
        ("a refused token", |failure| failure.cause == Cause::TokenRefused, &[40001, 40014, 42001]),
        ("perhaps done", |failure| failure.may_be_done, busy),
        ("busy", |failure| failure.cause == Cause::Passing, busy),
        (
            "a refused credential",
            |failure| failure.reason == Reason::CredentialsRefused,
            &[40001, 40013, 40091, 45031, 2_000_002],
        ),
        ("UNKNOWN_ORGANISATION", |failure| UNKNOWN_ORGANISATION.include(failure), &[40013, 2_000_002]),
        ("SECRET_OF_ANOTHER", |failure| SECRET_OF_ANOTHER.include(failure), &[40091]),
        ("WEAK_SECRET", |failure| WEAK_SECRET.include(failure), &[45031]),
        ("UNTRUSTED_ADDRESS", |failure| UNTRUSTED_ADDRESS.include(failure), &[60020]),
        ("OTHER_APP", |failure| OTHER_APP.include(failure), &[40056, 60011, 301_002]),
        ("APP_DISABLED", |failure| APP_DISABLED.include(failure), &[48006, 50003, 60031]),
        ("UNKNOWN_JOB", |failure| UNKNOWN_JOB.include(failure), &[40088, 40089]),
        ("UNKNOWN_TAG", |failure| UNKNOWN_TAG.include(failure), &[40068]),
        ("UNKNOWN_APPROVAL", |failure| UNKNOWN_APPROVAL.include(failure), &[301_025]),
        ("UNSOUND_REQUEST", |failure| UNSOUND_REQUEST.include(failure), &[40058, 301_025, 301_079]),
        ("TOO_DENSE", |failure| TOO_DENSE.include(failure), &[301_112]),
    ];
    for (name, holds, codes) in table {
        let held: Vec<i64> =
            table::CODES.iter().map(|row| row.code).filter(|code| holds(&failure(*code, "", "x"))).collect();
        assert_eq!(held, codes, "{name}");
        assert!(!holds(&Failure::new(Reason::Unavailable, "m")), "{name}");
    }
}
