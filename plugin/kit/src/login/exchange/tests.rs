//! One code, one question to WeCom, one outcome, whatever happens in between.

use std::cell::Cell;

use super::*;
use crate::{
    contract::{
        http::{self, HttpError, Response},
        login::{AuthorizationRequest, Entry, Outcome},
    },
    fake::{self, FakePlatform, errcode, lost, ok, path, query, status, unreached},
    login::authorization_url,
    vendor::codes,
};

mod race;

type Answer = Result<Response, HttpError>;

const CODE: &str = "C0DE-of-the-member";
const MEMBER: &str = r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan"}"#;
const CURRENT: &str = "auth/getuserinfo";
const LEGACY: &str = "user/getuserinfo";

/// A vendor that grants a token, answers about codes as told, and shows every member.
fn vendor(about: impl Fn(&FakePlatform, &http::Request) -> Answer + 'static) -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve_with(move |fake, request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        "/cgi-bin/user/get" => ok(r#"{"errcode":0,"userid":"zhangsan","name":"张三","department":[2],"status":1}"#),
        _ => about(fake, request),
    });
    fake
}

fn answering(answer: Answer) -> FakePlatform {
    vendor(move |_, _| answer.clone())
}

/// Starts a sign-in and gives the request that will end it.
fn started(fake: &FakePlatform, entry: Entry, binding: Option<&str>) -> ExchangeRequest {
    let request = AuthorizationRequest {
        entry,
        redirect_uri: None,
        return_to: Some("/orders?id=7".into()),
        language: None,
        browser_binding: binding.map(str::to_owned),
    };
    let authorization = authorization_url(fake, &fake::config(), &request).unwrap();
    ExchangeRequest { code: CODE.into(), state: authorization.state, browser_binding: binding.map(str::to_owned) }
}

fn homepage() -> ExchangeRequest {
    ExchangeRequest { code: CODE.into(), state: fake::config().common.organisation, browser_binding: None }
}

fn exchange(fake: &FakePlatform, request: &ExchangeRequest) -> Result<Exchange, Failure> {
    let outcome = exchange_code(fake, &fake::config(), request);
    let shown = format!("{outcome:?} {:?}", fake.logs.borrow());
    for secret in [CODE, "t0ken-1", fake::SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
    if let Err(failure) = &outcome {
        assert!(failure.hint.is_some(), "{failure:?}");
        assert!(!failure.message.en.contains(&request.state), "{failure:?}");
    }
    outcome
}

fn rejects(fake: &FakePlatform, request: &ExchangeRequest) {
    assert_eq!(exchange(fake, request).unwrap_err().reason, Reason::LoginRejected);
}

fn asked(fake: &FakePlatform) -> usize {
    fake.count(CURRENT) + fake.count(LEGACY)
}

fn record_key(request: &ExchangeRequest) -> String {
    record::key(&request.code, &request.state, request.browser_binding.as_deref())
}

#[test]
fn every_door_leads_in() {
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
        let key = record_key(&request);
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
        errcode(-1, "system error"),
        ok("<html>"),
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
    rejects(
        &fake,
        &ExchangeRequest { code: CODE.into(), state: "0123456789abcdefABCDEF".into(), browser_binding: None },
    );
    let request = started(&fake, Entry::Workspace, None);
    fake.advance_ms(600_000);
    rejects(&fake, &request);
    // The host's clock counts as well, should the store's be slow.
    let request = started(&fake, Entry::Workspace, None);
    let key = state::key(&request.state);
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
        ("state", ExchangeRequest { state: String::new(), ..request.clone() }),
        ("state", ExchangeRequest { state: "a-b".into(), ..request.clone() }),
        ("state", ExchangeRequest { state: "x".repeat(129), ..request.clone() }),
        ("browser-binding", ExchangeRequest { browser_binding: Some(String::new()), ..request.clone() }),
    ] {
        let failure = exchange_code(&fake, &fake::config(), &bad).unwrap_err();
        let Reason::InvalidArgument(problem) = failure.reason else { panic!("{failure:?}") };
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

    let mut strict = fake::config();
    strict.common.homepage = HomepageState::Refuse;
    let failure = exchange_code(&fake, &strict, &homepage()).unwrap_err();
    assert_eq!((failure.reason, asked(&fake)), (Reason::LoginRejected, 2));
    let request = started(&fake, Entry::Workspace, None);
    assert!(exchange_code(&fake, &strict, &request).is_ok());
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
fn the_state_comes_back_when_the_code_was_not_looked_at() {
    for (name, answer) in [
        ("no connection", Err(unreached(http::Failure::Connect))),
        ("no name", Err(unreached(http::Failure::Dns))),
        ("denied", Err(unreached(http::Failure::Denied("--allow-host".into())))),
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
    ] {
        for is_homepage in [false, true] {
            let fake = answering(answer.clone());
            let request = if is_homepage { homepage() } else { started(&fake, Entry::Browser, Some("c00kie")) };
            let before = fake.value(&state::key(&request.state));
            fake.advance_ms(1_000);
            exchange(&fake, &request).unwrap_err();
            assert!(fake.keys("login-exchange/").is_empty(), "{name}");
            assert_eq!(fake.value(&state::key(&request.state)), before, "{name}");
            if !is_homepage {
                assert_eq!(fake.ttl_ms(&state::key(&request.state)), Some(599_000), "{name}: no more life than it had");
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
fn the_state_comes_back_when_there_was_no_token() {
    for answer in [errcode(40013, "invalid corpid"), errcode(-1, "system error"), Err(lost(http::Failure::Timeout))] {
        let fake = FakePlatform::new();
        let request = started(&fake, Entry::Browser, None);
        fake.serve(move |_| answer.clone());
        exchange(&fake, &request).unwrap_err();
        assert_eq!(asked(&fake), 0);
        assert!(fake.value(&state::key(&request.state)).is_some() && fake.keys("login-exchange/").is_empty());
    }
}

#[test]
fn the_state_stays_spent_when_the_code_is_or_may_be() {
    for (name, answer, reason) in [
        ("unknown code", errcode(40029, "invalid code"), Reason::LoginRejected),
        ("expired code", errcode(42003, "code expired"), Reason::LoginRejected),
        ("used code", errcode(42022, "code used"), Reason::LoginRejected),
        ("busy", errcode(-1, "system error"), Reason::Unavailable),
        ("5xx", status(502, "<html>"), Reason::Unavailable),
        ("no answer", Err(lost(http::Failure::Timeout)), Reason::Unavailable),
        ("broken off", Err(lost(http::Failure::Connect)), Reason::Unavailable),
        ("cut off", ok(r#"{"errcode":0,"userid":"zhang"#), Reason::UnexpectedAnswer),
        ("another shape", ok(r#"{"userid":{}}"#), Reason::UnexpectedAnswer),
        ("nobody", ok("{}"), Reason::UnexpectedAnswer),
        ("other domain", errcode(50001, "redirect_uri not trusted"), codes::failure(50001, "", CURRENT).reason),
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
