//! The calls of the service, and what its answers mean to the kit.

use std::mem;

use organisation_kit::{
    calls::{Api, Call, Calls, LoginCode, OAuthToken},
    contract::{element::Aspect, types::Reason},
    directory::{
        department::DepartmentRow,
        head,
        id::IdRule,
        member::MemberRow,
        sync::{RunContext, StepError},
    },
    failure::{Cause, Failure},
    transport::Destination,
    vendor::{
        self, DepartmentAnswer, Identified, IdentifyError, ListRequest, Listed, MemberAnswer, NoExport, Scoped, Usage,
    },
    verdict::{self, Checked},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Config, encoded, rows};

/// Rows that are handed on together.
const ROWS: usize = 200;

/// Asks the service, for the length of one call of the component.
pub struct Client<'a>(pub(crate) Calls<'a, Config>);

#[derive(Deserialize)]
struct SignedIn {
    person: String,
}

/// A page of rows.
#[derive(Deserialize)]
pub struct Page {
    #[serde(alias = "units", alias = "people")]
    rows: Vec<Value>,
    next: Option<String>,
}

/// How far a run has come in finding out what there is.
#[derive(Default, Serialize, Deserialize)]
pub struct Scope {
    /// Whether the people without a unit are known; then come the units.
    has_people: bool,
    cursor: Option<String>,
    units: Vec<DepartmentRow>,
}

impl Api for Config {
    type Token = OAuthToken;
    const DESTINATION: Destination = Destination { vendor: ("花名册", "Rollcall"), address: "baseUrl" };

    fn credential(&self) -> Vec<&str> {
        vec![&self.common.organisation, &self.client_id, self.client_secret.expose(), self.base_url.as_str()]
    }

    fn token_call(&self) -> Call {
        self.grant("token", "client_credentials", "")
    }

    fn refusal(&self, failure: Failure, body: &str) -> Failure {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let (reason, hint) = match body["error"].as_str() {
            Some("client-refused") => (
                Reason::CredentialsRefused,
                ("请检查 organisation、clientId 与 clientSecret", "check organisation, clientId and clientSecret"),
            ),
            Some("code-refused") => (Reason::LoginRejected, ("请重新登录", "sign in again")),
            Some("not-found") => (Reason::NotFound, ("花名册中没有此记录", "Rollcall has no such record")),
            Some("token-refused") => return failure.with_cause(Cause::TokenRefused),
            _ => return failure,
        };
        failure.with_reason(reason).with_hint(hint)
    }
}

impl Config {
    /// Presents the secret, as a JSON text of its own: there the host puts it in.
    fn grant(&self, name: &'static str, kind: &str, code: &str) -> Call {
        let (organisation, secret) = (&self.common.organisation, self.client_secret.expose());
        let body = json!({
            "grant_type": kind, "code": code,
            "organisation": organisation, "client_id": self.client_id, "client_secret": secret,
        });
        Call::post(name, self.address("token"), &body)
    }

    fn get(&self, name: &'static str, path: &str) -> Call {
        Call::get(name, self.address(path))
    }

    fn people(&self, unit: &str, cursor: Option<&str>) -> Call {
        self.get("people", &format!("people?unit={}&page={}", encoded(unit), encoded(cursor.unwrap_or_default())))
    }

    fn person(&self, id: &str) -> Call {
        self.get("people/ID", &format!("people/{}", encoded(id)))
    }

    fn unit(&self, id: &str) -> Call {
        self.get("units/ID", &format!("units/{}", encoded(id)))
    }

    fn units(&self, cursor: Option<&str>) -> Call {
        self.get("units", &format!("units?page={}", encoded(cursor.unwrap_or_default())))
    }
}

fn person(id: &str, row: Result<Value, Failure>) -> Result<MemberAnswer, Failure> {
    MemberAnswer::of(id, IdRule::Exact, row.map(|row| rows::person(&row)))
}

fn unit(id: &str, row: Result<Value, Failure>) -> Result<DepartmentAnswer, Failure> {
    DepartmentAnswer::of(id, row.map(|row| rows::unit(&row)))
}

impl vendor::Client for Client<'_> {
    type Scope = Scope;
    type List = Page;
    type Export = NoExport;

    /// The people without a unit, since no list of a unit brings them, then the units.
    fn scope(run: &mut RunContext<'_, Self>, state: &mut Scope, _: bool) -> Result<Scoped, StepError> {
        let mut members = Vec::new();
        loop {
            run.before_request()?;
            let Client(calls) = run.client();
            let (config, cursor) = (calls.api(), state.cursor.as_deref());
            let call = if state.has_people { config.units(cursor) } else { config.people("", cursor) };
            let Page { rows, next } = calls.one(&call).map_err(StepError::Vendor)?;
            let is_end = next.is_none();
            state.cursor = next;
            if state.has_people {
                state.units.extend(rows.iter().map(rows::unit));
            } else {
                members.extend(rows.iter().filter_map(rows::id));
            }
            if is_end && state.has_people {
                return Ok(Scoped::Done { members, departments: Some(Ok(mem::take(&mut state.units))) });
            }
            state.has_people |= is_end;
            // Only now, so that every step gets on.
            if !run.has_budget() {
                return Ok(Scoped::More { members });
            }
        }
    }

    fn list(&self, asked: &[ListRequest<'_>], max_bytes: Option<u64>) -> Vec<Result<Listed<Page>, Failure>> {
        let calls: Vec<_> = asked.iter().map(|asked| self.0.api().people(asked.department, asked.cursor)).collect();
        self.0.all(&calls, max_bytes).into_iter().map(Listed::of).collect()
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
        let calls: Vec<Call> = ids.iter().map(|id| self.0.api().person(id)).collect();
        ids.iter().zip(self.0.all(&calls, None)).map(|(id, row)| person(id, row)).collect()
    }

    fn departments(&self, ids: &[String]) -> Vec<Result<DepartmentAnswer, Failure>> {
        let calls: Vec<Call> = ids.iter().map(|id| self.0.api().unit(id)).collect();
        ids.iter().zip(self.0.all(&calls, None)).map(|(id, row)| unit(id, row)).collect()
    }

    fn member(&self, id: &str) -> Result<MemberAnswer, Failure> {
        let call = self.0.api().person(id);
        person(id, self.0.with_retries(&call, |text| self.0.read(&call, text)))
    }

    fn department(&self, id: &str) -> Result<DepartmentAnswer, Failure> {
        let call = self.0.api().unit(id);
        unit(id, self.0.with_retries(&call, |text| self.0.read(&call, text)))
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }

    fn identify(&self, code: LoginCode<'_>) -> Result<Identified, IdentifyError> {
        match self.0.present_bare(code, |api, code| api.grant("token (code)", "authorization_code", code)) {
            Ok(SignedIn { person }) => Ok(Identified::Member { id: person, proof: None }),
            // Everything else comes before the code is looked at, or leaves open whether it was.
            Err(failure) => Err(IdentifyError { may_retry: failure.reason != Reason::LoginRejected, failure }),
        }
    }

    fn check(&self) -> Result<Vec<(Aspect, Checked)>, Failure> {
        let copy = head::read_own(self.0.platform(), &self.0.api().common);
        let credentials = match copy.and_then(|_| self.0.ask_for_token()) {
            Ok(()) => Checked::ok("accepted", ("花名册接受该应用", "Rollcall accepts the client")),
            Err(failure) if failure.cause == Cause::Storage => return Err(failure),
            Err(failure) => Checked::failed("refused", failure.message.clone()).caused_by(&failure),
        };
        Ok(verdict::of_all_aspects([(Aspect::Credentials, credentials)]))
    }
}
