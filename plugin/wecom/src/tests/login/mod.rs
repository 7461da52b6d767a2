//! Signing in: the kit's login, driven as the component drives it, with WeCom on the other side.

use crate::{
    config::Config,
    fake::{self, FakePlatform, START_MS, ok, path},
    wecom::WeCom,
    wire::member,
};
use organisation_kit::{
    config::Common,
    contract::{
        directory::MemberStatus,
        http::{HttpError, Request, Response},
        login::{AuthorizationRequest, Entry, Exchange, ExchangeRequest},
        types::Reason,
    },
    directory::{head::Head, member::MemberRow, record::MemberRecord, roles::Roles},
    failure::Failure,
    fingerprint, login,
    platform::Platform,
    store,
};

mod begin;
mod exchange;
mod identity;
mod organisation;
mod race;

type Answer = Result<Response, HttpError>;

const CODE: &str = "C0DE-of-the-member";
const MEMBER: &str = r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan"}"#;
const SHOWN: &str = r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","name":"张三","department":[31,2],"status":1}"#;
const CURRENT: &str = "auth/getuserinfo";
const LEGACY: &str = "user/getuserinfo";

/// The configuration of most tests, with another common part.
fn config(change: impl FnOnce(&mut Common)) -> Config {
    let mut config = fake::config();
    change(&mut config.common);
    config
}

/// A vendor that grants a token, answers about codes as told, and shows every member.
fn vendor(about: impl Fn(&FakePlatform, &Request) -> Answer + 'static) -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve_with(move |fake, request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        "/cgi-bin/user/get" => ok(SHOWN),
        _ => about(fake, request),
    });
    fake
}

fn answering(answer: Answer) -> FakePlatform {
    vendor(move |_, _| answer.clone())
}

fn entering(entry: Entry) -> AuthorizationRequest {
    AuthorizationRequest { entry, redirect_uri: None, return_to: None, language: None, browser_binding: None }
}

/// Starts a sign-in and gives the request that will end it.
fn started(fake: &FakePlatform, entry: Entry, binding: Option<&str>) -> ExchangeRequest {
    let request = AuthorizationRequest {
        return_to: Some("/orders?id=7".into()),
        browser_binding: binding.map(str::to_owned),
        ..entering(entry)
    };
    let authorization = login::authorization_url::<WeCom>(fake, &fake::config(), &request).unwrap();
    ExchangeRequest { browser_binding: binding.map(str::to_owned), ..returning(&authorization.state) }
}

/// What comes back with this state.
fn returning(state: &str) -> ExchangeRequest {
    ExchangeRequest {
        code: CODE.into(),
        state: Some(state.to_owned()),
        entry: None,
        browser_binding: None,
        language: None,
    }
}

/// The state of a request.
fn state_of(request: &ExchangeRequest) -> &str {
    request.state.as_deref().unwrap()
}

fn homepage() -> ExchangeRequest {
    returning(&fake::config().common.organisation)
}

/// Ends a sign-in. Whatever happens, nothing secret shows, and people read plain words in both languages.
fn exchange_with(fake: &FakePlatform, config: &Config, request: &ExchangeRequest) -> Result<Exchange, Failure> {
    let outcome = login::exchange_code::<WeCom>(fake, config, request);
    let shown = format!("{outcome:?} {:?}", fake.logs.borrow());
    for secret in [CODE, "t0ken-1", fake::SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
    if let Err(failure) = &outcome {
        let hint = failure.hint.as_ref().unwrap();
        assert!(!failure.message.zh.is_ascii() && !hint.zh.is_ascii(), "{failure:?}");
        let shown = format!("{:?} {hint:?}", failure.message);
        for internal in [state_of(request), "getuserinfo", "cgi-bin", "directory/", "login-", "bytes"] {
            assert!(!shown.contains(internal), "{shown}");
        }
    }
    outcome
}

fn exchange(fake: &FakePlatform, request: &ExchangeRequest) -> Result<Exchange, Failure> {
    exchange_with(fake, &fake::config(), request)
}

fn rejects(fake: &FakePlatform, request: &ExchangeRequest) {
    assert_eq!(exchange(fake, request).unwrap_err().reason, Reason::LoginRejected);
}

fn asked(fake: &FakePlatform) -> usize {
    fake.count(CURRENT) + fake.count(LEGACY)
}

fn state_key(state: &str) -> String {
    format!("login-state/{}", fingerprint::of(&["state", state]))
}

fn exchange_key(request: &ExchangeRequest) -> String {
    let organisation = fake::config().common.organisation;
    let parts = ["exchange", &organisation, &request.code, state_of(request)];
    let parts: Vec<_> = parts.into_iter().chain(request.browser_binding.as_deref()).collect();
    format!("login-exchange/{}", fingerprint::of(&parts))
}

/// What a machine that is at an exchange has written down.
fn pending(holder: &str, started_at_ms: u64) -> serde_json::Value {
    serde_json::json!({ "Pending": { "holder": holder, "started_at_ms": started_at_ms } })
}

/// A copy of the directory, with one member in it.
struct Copy {
    organisation: &'static str,
    synced_at: Option<u64>,
    status: MemberStatus,
    roles: Vec<String>,
}

impl Copy {
    fn fresh(fake: &FakePlatform) -> Self {
        Self {
            organisation: "ww21c67da6767865c2",
            synced_at: Some(fake.now_ms()),
            status: MemberStatus::Active,
            roles: Vec::new(),
        }
    }

    fn with(self, status: MemberStatus, roles: &[&str]) -> Self {
        Self { status, roles: roles.iter().map(|&role| role.to_owned()).collect(), ..self }
    }

    fn store(self, fake: &FakePlatform) {
        let Self { organisation, synced_at, status, roles } = self;
        let head = Head { organisation: organisation.into(), ..Head::default() };
        let row = member::parse(r#"{"userid":"ZhangSan","name":"张三丰","department":[2,31],"status":1}"#).unwrap();
        let MemberRow::Fetched(fetched) = row else { panic!("{row:?}") };
        let member = fetched.member;
        let record = MemberRecord { read_at: 1, ordinal: 0, presence: status, left_at: 0, member };
        let mut ops = vec![
            store::put("directory/head", &head),
            store::put("directory/m/zhangsan", &record),
            store::put("directory/o/zhangsan", &Roles { roles, suspended: false, ..Roles::default() }),
        ];
        ops.extend(synced_at.map(|at| store::put("directory/synced-at", &at)));
        fake.apply(&ops).unwrap();
    }
}
