//! One code, one question to WeCom, one outcome, whatever happens in between.

use std::cell::Cell;

use super::*;
use crate::{
    api::codes,
    fake::{errcode, lost, query, status, unreached},
};
use organisation_kit::{
    config::HomepageState,
    contract::{http, login::Outcome, storage::StorageError},
};

#[test]
fn every_entry_leads_in() {
    for (entry, binding) in [
        (Entry::Browser, None),
        (Entry::Browser, Some("c00kie")),
        (Entry::Workspace, None),
        (Entry::Workspace, Some("c00kie")),
        (Entry::WorkspaceConsent, None),
    ] {
        let fake = answering(ok(MEMBER));
        let request = started(&fake, entry, binding);
        let exchange = exchange(&fake, &request).unwrap();
        let Outcome::Member(member) = exchange.outcome else { panic!("{:?}", exchange.outcome) };
        assert_eq!(
            (member.id.as_str(), member.name.as_deref(), member.in_directory),
            ("zhangsan", Some("张三"), false)
        );
        assert_eq!((exchange.return_to.as_deref(), exchange.state_verified), (Some("/orders?id=7"), true));

        let requests = fake.requests.borrow();
        let about = requests.iter().find(|request| path(request) == "/cgi-bin/auth/getuserinfo").unwrap();
        assert_eq!(query(about, "code").as_deref(), Some(CODE));
        assert_eq!(query(about, "access_token").as_deref(), Some("t0ken-1"));
        assert!(fake.keys("login-state/").is_empty(), "the state is spent");
        let key = exchange_key(&request);
        assert_eq!((fake.is_sealed(&key), fake.ttl_ms(&key)), (Some(true), Some(30_000)));
    }
}

#[test]
fn the_same_request_has_the_same_outcome_for_thirty_seconds() {
    for answer in [
        ok(MEMBER),
        ok(r#"{"openid":"oSampleOpenId0001","external_userid":"wmSampleExternal0001"}"#),
        ok(r#"{"userid":"wwother/lisi"}"#),
        errcode(40029, "invalid code"),
        ok(r#"{"userid":{}}"#),
        ok("{}"),
    ] {
        let fake = answering(answer);
        let request = started(&fake, Entry::Browser, Some("c00kie"));
        let first = exchange(&fake, &request);
        fake.advance_ms(29_999);
        assert_eq!(exchange(&fake, &request), first);
        assert_eq!(asked(&fake), 1);
        fake.advance_ms(1);
        rejects(&fake, &request);
        assert_eq!(asked(&fake), 1);
    }
}

#[test]
fn everything_else_with_a_spent_state_is_rejected() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, Some("c00kie"));
    exchange(&fake, &request).unwrap();
    for other in [
        ExchangeRequest { code: "another-code".into(), ..request.clone() },
        ExchangeRequest { browser_binding: None, ..request.clone() },
        ExchangeRequest { browser_binding: Some("another-cookie".into()), ..request.clone() },
    ] {
        rejects(&fake, &other);
    }
    assert_eq!(asked(&fake), 1);
}

#[test]
fn a_state_that_was_never_made_or_is_too_old_is_rejected() {
    let fake = answering(ok(MEMBER));
    rejects(&fake, &returning("0123456789abcdefABCDEF"));
    let request = started(&fake, Entry::Workspace, None);
    fake.advance_ms(600_000);
    rejects(&fake, &request);
    // The host's clock counts as well, should the store's be slow.
    let request = started(&fake, Entry::Workspace, None);
    let key = state_key(state_of(&request));
    fake.apply(&[store::put_text(&key, fake.value(&key).unwrap())]).unwrap();
    fake.advance_ms(600_000);
    rejects(&fake, &request);
    assert_eq!(asked(&fake), 0);
}

#[test]
fn another_browser_is_rejected_and_spends_nothing() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, Some("c00kie"));
    for binding in [None, Some("another"), Some("C00KIE")] {
        rejects(&fake, &ExchangeRequest { browser_binding: binding.map(str::to_owned), ..request.clone() });
    }
    assert_eq!(asked(&fake), 0);
    exchange(&fake, &request).unwrap();

    // In the workspace pages may open in a new session.
    let request = started(&fake, Entry::Workspace, Some("c00kie"));
    exchange(&fake, &ExchangeRequest { browser_binding: Some("another".into()), ..request }).unwrap();
}

#[test]
fn what_cannot_have_come_from_wecom_is_refused_unseen() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, None);
    fake.before_storage(|_, touch| panic!("{touch:?}"));
    for (path, bad) in [
        ("code", ExchangeRequest { code: String::new(), ..request.clone() }),
        ("code", ExchangeRequest { code: "x".repeat(513), ..request.clone() }),
        ("code", ExchangeRequest { code: "a b".into(), ..request.clone() }),
        ("state", ExchangeRequest { state: Some(String::new()), ..request.clone() }),
        ("state", ExchangeRequest { state: Some("a-b".into()), ..request.clone() }),
        ("state", ExchangeRequest { state: Some("x".repeat(129)), ..request.clone() }),
        ("browser-binding", ExchangeRequest { browser_binding: Some(String::new()), ..request.clone() }),
    ] {
        let failure = login::exchange_code::<WeCom>(&fake, &fake::config(), &bad).unwrap_err();
        let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
        assert_eq!(problem.path, path);
    }
}

#[test]
fn a_home_page_signs_in_without_a_verified_state() {
    let fake = answering(ok(MEMBER));
    let first = exchange(&fake, &homepage()).unwrap();
    assert_eq!((first.state_verified, first.return_to.as_deref()), (false, None));
    assert_eq!(exchange(&fake, &homepage()).unwrap(), first);
    assert_eq!(asked(&fake), 1);
    // The constant state is good for every code.
    exchange(&fake, &ExchangeRequest { code: "another-code".into(), ..homepage() }).unwrap();
    assert_eq!(asked(&fake), 2);

    let strict = config(|common| common.homepage = HomepageState::Refuse);
    let failure = exchange_with(&fake, &strict, &homepage()).unwrap_err();
    assert_eq!((failure.reason.clone(), asked(&fake)), (Reason::LoginRejected, 2));
    let request = started(&fake, Entry::Workspace, None);
    assert!(exchange_with(&fake, &strict, &request).is_ok());
}

#[test]
fn an_old_installation_is_asked_on_its_own_path() {
    let fake = vendor(|_, request| match path(request).as_str() {
        "/cgi-bin/auth/getuserinfo" => status(404, ""),
        _ => ok(r#"{"UserId":"zhangsan","DeviceId":"d","errcode":"0","errmsg":"ok"}"#),
    });
    let request = started(&fake, Entry::Workspace, None);
    assert!(matches!(exchange(&fake, &request).unwrap().outcome, Outcome::Member(_)));
    assert_eq!((fake.count(CURRENT), fake.count(LEGACY)), (1, 1));
}

#[test]
fn the_state_comes_back_when_the_code_may_still_be_good() {
    for (name, answer) in [
        ("no connection", Err(unreached(http::Failure::Connect))),
        ("no name", Err(unreached(http::Failure::Dns))),
        ("denied", Err(unreached(http::Failure::Denied(Some("--allow-host".into()))))),
        ("no budget", Err(unreached(http::Failure::BudgetExhausted))),
        ("not sent in time", Err(unreached(http::Failure::Timeout))),
        ("unknown path", status(404, "")),
        ("token expired", errcode(42001, "access_token expired")),
        ("token unknown", errcode(40014, "invalid access_token")),
        ("too often", errcode(45009, "api freq out of limit")),
        ("too parallel", errcode(45033, "too many calls")),
        ("address refused", errcode(60020, "not allow to access from your ip")),
        ("app disabled", errcode(50003, "app disabled")),
        ("no permission", errcode(48002, "api forbidden")),
        ("busy", errcode(-1, "system error")),
        ("5xx", status(502, "<html>")),
        ("too often, by a gateway", status(429, "")),
        ("turned away by a gateway", status(403, "")),
        ("a page of HTML", ok("<html>")),
        ("no answer", Err(lost(http::Failure::Timeout))),
        ("broken off", Err(lost(http::Failure::Connect))),
        ("cut off", ok(r#"{"errcode":0,"userid":"zhang"#)),
    ] {
        for is_homepage in [false, true] {
            let fake = answering(answer.clone());
            let request = if is_homepage { homepage() } else { started(&fake, Entry::Browser, Some("c00kie")) };
            let before = fake.value(&state_key(state_of(&request)));
            fake.advance_ms(1_000);
            let failure = exchange(&fake, &request).unwrap_err();
            let hint = &failure.hint.as_ref().unwrap().en;
            let is_transient = matches!(failure.reason, Reason::RateLimited | Reason::Unavailable);
            assert_eq!(hint == "reload the page shortly", is_transient, "{name}: {hint}");
            assert!(fake.keys("login-exchange/").is_empty(), "{name}");
            assert_eq!(fake.value(&state_key(state_of(&request))), before, "{name}");
            if !is_homepage {
                assert_eq!(
                    fake.ttl_ms(&state_key(state_of(&request))),
                    Some(599_000),
                    "{name}: no more life than it had"
                );
            }
            // The person reloads the page once the trouble is over.
            fake.serve(|request| match path(request).as_str() {
                "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
                _ => ok(MEMBER),
            });
            assert!(exchange(&fake, &request).is_ok(), "{name}");
        }
    }
}

#[test]
fn a_code_that_was_spent_all_the_same_is_refused_by_name_after_a_reload() {
    let reached = Cell::new(false);
    let fake =
        vendor(
            move |_, _| {
                if reached.replace(true) { errcode(40029, "invalid code") } else { Err(lost(http::Failure::Timeout)) }
            },
        );
    let request = started(&fake, Entry::Browser, Some("c00kie"));
    let first = exchange(&fake, &request).unwrap_err();
    assert_eq!((first.reason.clone(), asked(&fake)), (Reason::Unavailable, 1));
    let second = exchange(&fake, &request).unwrap_err();
    assert_eq!((second.reason.clone(), second.vendor_code), (Reason::LoginRejected, Some(40029)));
    assert_eq!(second.hint.clone().unwrap().en, "this sign-in is void: start it again");
}

#[test]
fn the_state_comes_back_when_there_was_no_token() {
    for answer in [errcode(40013, "invalid corpid"), errcode(-1, "system error"), Err(lost(http::Failure::Timeout))] {
        let fake = FakePlatform::new();
        let request = started(&fake, Entry::Browser, None);
        fake.serve(move |_| answer.clone());
        exchange(&fake, &request).unwrap_err();
        assert_eq!(asked(&fake), 0);
        assert!(fake.value(&state_key(state_of(&request))).is_some() && fake.keys("login-exchange/").is_empty());
    }
}

#[test]
fn the_state_stays_spent_when_the_code_is() {
    for (name, answer, reason) in [
        ("unknown code", errcode(40029, "invalid code"), Reason::LoginRejected),
        ("expired code", errcode(42003, "code expired"), Reason::LoginRejected),
        ("used code", errcode(42022, "code used"), Reason::LoginRejected),
        ("another shape", ok(r#"{"userid":{}}"#), Reason::UnexpectedAnswer),
        ("nobody", ok("{}"), Reason::UnexpectedAnswer),
        ("other domain", errcode(50001, "redirect_uri not trusted"), codes::failure(50001, "", CURRENT).reason.clone()),
    ] {
        let fake = answering(answer);
        let request = started(&fake, Entry::Browser, None);
        let failure = exchange(&fake, &request).unwrap_err();
        assert_eq!((&failure.reason, asked(&fake)), (&reason, 1), "{name}");
        assert!(fake.keys("login-state/").is_empty(), "{name}");
        assert_eq!(exchange(&fake, &request).unwrap_err(), failure, "{name}: the same answer, without a call");
        assert_eq!(asked(&fake), 1, "{name}");
        fake.advance_ms(30_000);
        rejects(&fake, &request);
    }
}

#[test]
fn a_stale_token_costs_the_sign_in_nothing() {
    let refused = Cell::new(false);
    let fake = vendor(move |_, _| if refused.replace(true) { ok(MEMBER) } else { errcode(42001, "expired") });
    let request = started(&fake, Entry::Browser, None);
    exchange(&fake, &request).unwrap();
    assert_eq!((fake.count("gettoken"), asked(&fake)), (2, 2));
}

#[test]
fn what_another_version_stored_keeps_nobody_out() {
    // A state of the version before, which knew neither organisation nor the contract's entries.
    let fake = answering(ok(MEMBER));
    let state = "0123456789abcdefABCDEF";
    let old = r#"{"door":"Browser","redirect_uri":"https://app.example.com/","return_to":null,"binding":null,"expires_at_ms":9999999999999}"#;
    fake.apply(&[store::put_text(state_key(state), old.to_owned())]).unwrap();
    rejects(&fake, &ExchangeRequest { state: Some(state.into()), ..homepage() });

    for old in
        ["", "{", r#"{"Done":{"outcome":{"Outsider":{"open_id":"o"}}}}"#, r#"{"Failed":{"reason":"login-rejected"}}"#]
    {
        let fake = answering(ok(MEMBER));
        let request = started(&fake, Entry::Browser, None);
        fake.apply(&[store::put_text(exchange_key(&request), old.to_owned())]).unwrap();
        assert!(exchange(&fake, &request).is_ok(), "{old}");
        assert_eq!((exchange(&fake, &request).is_ok(), asked(&fake)), (true, 1), "{old}");
    }
}

#[test]
fn a_sign_in_whose_code_is_spent_is_not_to_be_reloaded() {
    let fake = answering(ok(MEMBER));
    let request = started(&fake, Entry::Browser, None);
    fake.before_storage(
        |_, touch| {
            if touch.concerns("directory/") { Err(StorageError::Unavailable(false)) } else { Ok(()) }
        },
    );
    let failure = exchange(&fake, &request).unwrap_err();
    assert_eq!((&failure.reason, failure.retry_after_ms), (&Reason::Unavailable, None));
    assert_eq!(failure.hint.as_ref().unwrap().en, "this sign-in is no longer valid: sign in again");
}
