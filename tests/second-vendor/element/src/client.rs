//! The calls of the service. A sync asks many things side by side and waits in the host, so nothing is repeated there; a
//! question about one record is.

use std::cell::RefCell;

use organisation_kit::{
    contract::{
        element::Aspect,
        http::{Body, BodyKind, Failure as HttpFailure, Header, HttpError, Request, Response},
        types::Reason,
    },
    directory::{
        department::{DepartmentRow, FetchedDepartment},
        head,
        member::MemberRow,
        sync::{RunContext, StepError},
    },
    failure::Failure,
    fingerprint,
    platform::Platform,
    token::{Fetch, FetchedToken, TokenError, Tokens},
    transport::{self, Destination},
    vendor::{
        self, BulkStep, DepartmentAnswer, Identified, IdentifyError, ListRequest, Listed, MemberAnswer, NoBulk, Scoped,
        Usage,
    },
    verdict::Finding,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Config,
    rows::{self, Page},
};

/// Milliseconds that a request may take.
const TIMEOUT_MS: u32 = 8_000;
/// Repetitions of a question that failed in passing.
const RETRIES: u32 = 3;
/// Rows that are handed on together.
const ROWS: usize = 200;

const SERVICE: Destination = Destination {
    vendor: ("花名册", "Rollcall"),
    address: "baseUrl",
    proxy: "proxy",
    proxy_login: ("proxyUsername", "proxyPassword"),
};

/// Asks the service, for the length of one call of the component.
pub struct Client<'a, P: Platform> {
    platform: &'a P,
    config: &'a Config,
    token: RefCell<Option<String>>,
    usage: RefCell<Usage>,
}

/// A call without a sound answer.
struct CallError {
    failure: Failure,
    /// The service's own word, if it gave one.
    error: String,
    is_passing: bool,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        error.failure
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct CodeAnswer {
    person: String,
}

/// How far a run has come in finding out what there is.
#[derive(Default, Serialize, Deserialize)]
pub struct Scope {
    people: Rest,
    units: Rest,
    found: Vec<FetchedDepartment>,
    odd: usize,
}

/// What is left of a list.
#[derive(Default, Serialize, Deserialize)]
struct Rest {
    is_read: bool,
    cursor: Option<String>,
}

pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn list_path(kind: &str, unit: Option<&str>, cursor: Option<&str>) -> String {
    let unit = unit.map(|unit| format!("unit={}&", encoded(unit))).unwrap_or_default();
    format!("{kind}?{unit}page={}", encoded(cursor.unwrap_or_default()))
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, CallError> {
    serde_json::from_str(text).map_err(|error| {
        let error = transport::unreadable(&SERVICE, &name, &error);
        CallError { failure: error.failure, error: String::new(), is_passing: error.kind.is_passing() }
    })
}

/// The text of an answer, or what the service's own word means to whoever asked.
fn judge(name: &str, outcome: Result<Response, HttpError>, secrets: &[String]) -> Result<String, CallError> {
    let own = match &outcome {
        Ok(Response { status: 400.., body: Body::Text(text), .. }) => serde_json::from_str::<Refusal>(text).ok(),
        _ => None,
    };
    transport::text(&SERVICE, &name, outcome, secrets).map_err(|transport::TransportError { mut failure, kind, .. }| {
        let error = own.map(|own| own.error).unwrap_or_default();
        let meaning = match error.as_str() {
            "client-refused" => Some((
                Reason::CredentialsRefused,
                ("花名册不接受该应用：请检查 organisation、clientId 与 clientSecret", "Rollcall refuses the client: check organisation, clientId and clientSecret"),
            )),
            "token-refused" => Some((Reason::Unavailable, ("访问凭证已失效，请稍后重试", "the token has ended: try again"))),
            "code-refused" => {
                Some((Reason::LoginRejected, ("登录已使用或已过期：请重新登录", "the sign-in was used or has expired: sign in again")))
            }
            "not-found" => Some((Reason::NotFound, ("花名册中没有此记录", "Rollcall has no such record"))),
            _ => None,
        };
        if let Some((reason, hint)) = meaning {
            failure.reason = reason;
            failure.message = (format!("{name} 被拒绝：{error}"), format!("{name} is refused: {error}")).into();
            failure.hint = Some(hint.into());
        }
        CallError { failure, error, is_passing: kind.is_passing() }
    })
}

impl<'a, P: Platform> Client<'a, P> {
    pub(crate) fn new(platform: &'a P, config: &'a Config) -> Self {
        Self { platform, config, token: RefCell::default(), usage: RefCell::default() }
    }

    fn request(&self, name: &'static str, method: &str, path: &str, header: (&str, String)) -> Request {
        *self.usage.borrow_mut().calls.entry(name).or_default() += 1;
        Request {
            method: method.to_owned(),
            url: self.config.address(path),
            headers: vec![Header { name: header.0.to_owned(), value: header.1 }],
            body: None,
            expect: BodyKind::Text,
            timeout_ms: Some(TIMEOUT_MS),
            max_bytes: None,
        }
    }

    /// Presents the secret, which stands for itself in JSON: the host puts it in.
    fn grant<T: DeserializeOwned>(
        &self,
        name: &'static str,
        (kind, code): (&str, &str),
        time_left_ms: Option<u64>,
    ) -> Result<T, CallError> {
        let Config { common, client_id, client_secret, .. } = self.config;
        let body = json!({
            "grant_type": kind, "organisation": common.organisation, "client_id": client_id,
            "client_secret": client_secret.expose(), "code": code,
        });
        let mut request = self.request(name, "POST", "token", ("content-type", "application/json".to_owned()));
        request.body = Some(Body::Text(body.to_string()));
        let left = time_left_ms.and_then(|left| u32::try_from(left).ok()).unwrap_or(TIMEOUT_MS);
        request.timeout_ms = Some(left.min(TIMEOUT_MS));
        let secrets = [client_secret.expose().to_owned(), code.to_owned()];
        parse(name, &judge(name, self.platform.send(&request), &secrets)?)
    }

    fn tokens(&self) -> Tokens<'a, P, impl Fn(Fetch) -> Result<FetchedToken, TokenError>> {
        let Config { common, client_id, client_secret, base_url } = self.config;
        let parts = ["credential", &common.organisation, client_id, client_secret.expose(), base_url.as_str()];
        Tokens::new(self.platform, &fingerprint::of(&parts), |fetch| {
            self.usage.borrow_mut().retries += u64::from(fetch.is_repetition);
            let answer: TokenAnswer = self
                .grant("token", ("client_credentials", ""), fetch.time_left_ms)
                .map_err(|CallError { failure, error, is_passing }| TokenError {
                    failure,
                    is_refusal: error == "client-refused",
                    is_passing,
                })?;
            Ok(FetchedToken { token: answer.access_token, life_ms: answer.expires_in.saturating_mul(1_000) })
        })
    }

    /// A token other than the one that was refused.
    fn token(&self, refused: Option<&str>) -> Result<String, Failure> {
        let known = self.token.borrow().clone().filter(|known| Some(known.as_str()) != refused);
        let token = known.map_or_else(|| self.tokens().current(refused), Ok)?;
        self.token.replace(Some(token.clone()));
        Ok(token)
    }

    /// Asks side by side; answers come in the order of the paths. A refused token is renewed once.
    fn get(&self, name: &'static str, paths: &[String], max_bytes: Option<u64>) -> Vec<Result<String, CallError>> {
        let refused = |failure: Failure| CallError { failure, error: String::new(), is_passing: false };
        let send = |token: &str, paths: &[&String]| -> Vec<_> {
            let request = |path: &&String| {
                let header = ("authorization", format!("Bearer {token}"));
                Request { max_bytes, ..self.request(name, "GET", path, header) }
            };
            let requests: Vec<_> = paths.iter().map(request).collect();
            let mut outcomes = self.platform.send_all(&requests).into_iter();
            let secrets = [token.to_owned()];
            paths.iter().map(|_| judge(name, outcomes.next().unwrap_or_else(|| Err(missing())), &secrets)).collect()
        };
        let token = match self.token(None) {
            Ok(token) => token,
            Err(failure) => return paths.iter().map(|_| Err(refused(failure.clone()))).collect(),
        };
        let mut answers = send(&token, &paths.iter().collect::<Vec<_>>());
        let is_stale = |answer: &Result<_, CallError>| matches!(answer, Err(error) if error.error == "token-refused");
        let stale: Vec<usize> = (0..answers.len()).filter(|&index| is_stale(&answers[index])).collect();
        if !stale.is_empty() {
            self.usage.borrow_mut().retries += stale.len() as u64;
            let again = match self.token(Some(&token)) {
                Ok(token) => send(&token, &stale.iter().map(|&index| &paths[index]).collect::<Vec<_>>()),
                Err(failure) => stale.iter().map(|_| Err(refused(failure.clone()))).collect(),
            };
            stale.into_iter().zip(again).for_each(|(index, answer)| answers[index] = answer);
        }
        answers
    }

    /// Asks one question, again where that failed in passing.
    fn ask(&self, name: &'static str, path: String) -> Result<String, CallError> {
        let paths = [path];
        for _ in 0..RETRIES {
            match self.get(name, &paths, None).pop() {
                Some(Err(error)) if error.is_passing && self.platform.remaining().requests > 0 => {
                    self.usage.borrow_mut().retries += 1;
                }
                Some(answer) => return answer,
                None => break,
            }
        }
        self.get(name, &paths, None).pop().unwrap_or_else(|| judge(name, Err(missing()), &[]))
    }

    fn page(&self, name: &'static str, path: String) -> Result<Page, Failure> {
        let answer = self.get(name, &[path], None).pop().unwrap_or_else(|| judge(name, Err(missing()), &[]));
        Ok(parse(name, &answer?)?)
    }
}

/// The outcome of a request that the host did not answer for.
fn missing() -> HttpError {
    HttpError {
        failure: HttpFailure::Other("no-result".to_owned()),
        message: "the host returned fewer results than requests".to_owned(),
        may_have_reached_server: true,
    }
}

fn member(id: &str, answer: Result<String, CallError>) -> Result<MemberAnswer, Failure> {
    let text = match answer {
        Err(error) if error.error == "not-found" => return Ok(MemberAnswer::Hidden(None)),
        answer => answer?,
    };
    Ok(match rows::person(&parse::<Value>("people/ID", &text)?) {
        MemberRow::Fetched(fetched) if fetched.member.id == id => MemberAnswer::Shown(fetched),
        _ => MemberAnswer::Unreadable,
    })
}

fn department(id: &str, answer: Result<String, CallError>) -> Result<DepartmentAnswer, Failure> {
    let text = match answer {
        Err(error) if error.error == "not-found" => return Ok(DepartmentAnswer::Hidden(None)),
        answer => answer?,
    };
    Ok(match rows::unit(&parse::<Value>("units/ID", &text)?) {
        DepartmentRow::Fetched(fetched) if fetched.department.id == id => DepartmentAnswer::Shown(Box::new(fetched)),
        _ => DepartmentAnswer::Unreadable,
    })
}

fn one(kind: &str, id: &str) -> String {
    format!("{kind}/{}", encoded(id))
}

impl<P: Platform> vendor::Client<P> for Client<'_, P> {
    type Scope = Scope;
    type List = Page;
    type Bulk = NoBulk;

    /// The people without a unit, since no list of a unit brings them, then the units, page by page.
    fn scope(run: &mut RunContext<'_, P, Self>, state: &mut Scope, _: bool) -> Result<Scoped, StepError> {
        let mut members = Vec::new();
        while !(state.people.is_read && state.units.is_read) {
            if !run.can_go_on() {
                return Ok(Scoped::More { members });
            }
            run.before_request()?;
            let is_people = !state.people.is_read;
            let (kind, unit, rest) =
                if is_people { ("people", Some(""), &mut state.people) } else { ("units", None, &mut state.units) };
            let page = run.client().page(kind, list_path(kind, unit, rest.cursor.as_deref()));
            let Page { rows, next } = page.map_err(StepError::Vendor)?;
            (rest.is_read, rest.cursor) = (next.is_none(), next);
            if is_people {
                members.extend(rows.iter().filter_map(rows::id));
                continue;
            }
            for row in &rows {
                match rows::unit(row) {
                    DepartmentRow::Fetched(fetched) => state.found.push(fetched),
                    DepartmentRow::Unreadable => state.odd += 1,
                }
            }
        }
        let mut rows: Vec<_> = std::mem::take(&mut state.found).into_iter().map(DepartmentRow::Fetched).collect();
        rows.resize(rows.len() + state.odd, DepartmentRow::Unreadable);
        Ok(Scoped::Done { members, departments: Some(Ok(rows)) })
    }

    fn list(&self, asked: &[ListRequest<'_>], max_bytes: Option<u64>) -> Vec<Result<Listed<Page>, Failure>> {
        let path = |asked: &ListRequest<'_>| list_path("people", Some(asked.department), asked.cursor);
        let answers = self.get("people", &asked.iter().map(path).collect::<Vec<_>>(), max_bytes);
        let read = |answer: Result<String, CallError>| match answer {
            Err(error) if error.error == "not-found" => Ok(Listed::Hidden(None)),
            answer => Ok(Listed::Here(parse("people", &answer?)?)),
        };
        answers.into_iter().map(read).collect()
    }

    fn read_list(
        &self,
        _: &str,
        page: Page,
        mut take: impl FnMut(Vec<MemberRow>) -> Result<(), StepError>,
    ) -> Result<Option<String>, StepError> {
        page.rows.chunks(ROWS).try_for_each(|rows| take(rows.iter().map(rows::person).collect()))?;
        Ok(page.next)
    }

    fn members(&self, ids: &[String]) -> Vec<Result<MemberAnswer, Failure>> {
        let paths: Vec<_> = ids.iter().map(|id| one("people", id)).collect();
        ids.iter().zip(self.get("people/ID", &paths, None)).map(|(id, answer)| member(id, answer)).collect()
    }

    fn departments(&self, ids: &[String]) -> Vec<Result<DepartmentAnswer, Failure>> {
        let paths: Vec<_> = ids.iter().map(|id| one("units", id)).collect();
        ids.iter().zip(self.get("units/ID", &paths, None)).map(|(id, answer)| department(id, answer)).collect()
    }

    fn member(&self, id: &str) -> Result<MemberAnswer, Failure> {
        member(id, self.ask("people/ID", one("people", id)))
    }

    fn department(&self, id: &str) -> Result<DepartmentAnswer, Failure> {
        department(id, self.ask("units/ID", one("units", id)))
    }

    fn bulk(_: &mut RunContext<'_, P, Self>, state: NoBulk) -> Result<BulkStep<NoBulk>, StepError> {
        match state {}
    }

    fn usage(&self) -> Usage {
        self.usage.borrow().clone()
    }

    fn identify(&self, code: &str) -> Result<Identified, IdentifyError> {
        match self.grant::<CodeAnswer>("token (code)", ("authorization_code", code), None) {
            Ok(CodeAnswer { person }) => Ok(Identified::Member { id: person, proof: None }),
            // Everything else comes before the code is looked at, or leaves open whether it was.
            Err(error) => {
                Err(IdentifyError { may_retry: error.error != "code-refused", failure: error.failure })
            }
        }
    }

    fn check(&self) -> Result<Vec<(Aspect, Finding)>, Failure> {
        let configured = &self.config.common.organisation;
        let copy_of = head::read(self.platform)?.map(|stored| stored.value.organisation);
        let credentials = match (self.tokens().ask(), copy_of) {
            (Err(failure), _) => {
                Finding::failed("refused", ("花名册不接受该应用", "Rollcall does not accept the client")).caused_by(&failure)
            }
            (Ok(_), Some(other)) if other != *configured => Finding::failed(
                "other-organisation",
                (
                    format!("本元素的通讯录属于 {other}，而配置的是 {configured}"),
                    format!("the directory of this element belongs to {other}, the configuration names {configured}"),
                ),
            )
            .fact("directory-organisation", other),
            (Ok(_), _) => Finding::ok("accepted", ("花名册接受该应用", "Rollcall accepts the client")),
        };
        let nothing = || {
            Finding::skipped("no-such-thing", ("花名册没有此项设置", "there is no such setting at Rollcall"))
        };
        Ok(vec![
            (Aspect::Credentials, credentials),
            (Aspect::TrustedIp, nothing()),
            (Aspect::AppEnabled, nothing()),
            (Aspect::VisibleRange, nothing()),
            (Aspect::TrustedDomain, nothing()),
            (Aspect::SensitiveFields, nothing()),
            (Aspect::Callback, nothing()),
        ])
    }
}
