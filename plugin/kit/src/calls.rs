//! The calls of an API that takes an access token and answers JSON: adds the token, renews it when it is refused, counts
//! everything.
//!
//! What is the vendor's own (where the token goes, how it is asked for, what a refusal means) stands in [`Api`].

use std::cell::RefCell;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    contract::{
        http::{Body, BodyKind, Header, HttpError, Request, Response},
        types::Reason,
    },
    failure::{Cause, Failure},
    fingerprint,
    platform::Platform,
    token::{Fetch, FetchedToken, TokenError, Tokens},
    transport::{self, Destination},
    vendor::{Usage, unanswered},
};

/// Milliseconds that a request may take.
const TIMEOUT_MS: u32 = 8_000;

/// What a vendor's configuration knows about calling its API.
pub trait Api {
    /// The answer to a request for a token; [`OAuthToken`] as a rule.
    type Token: DeserializeOwned + Into<FetchedToken>;

    /// Whom the calls go to, for messages.
    const DESTINATION: Destination;

    /// What makes a credential another one, the address of the API among it. Only its fingerprint is kept.
    fn credential(&self) -> Vec<&str>;

    /// The call that asks for a token.
    fn token_call(&self) -> Call;

    /// Puts the token where it belongs; [`add_bearer`] as a rule.
    fn add_token(&self, request: &mut Request, token: &str) {
        add_bearer(request, token);
    }

    /// Makes of a failure by HTTP status what the body of the answer says: [`Reason::NotFound`] where there is nothing of
    /// that id, [`Reason::CredentialsRefused`] where the credential is wrong, [`Cause::TokenRefused`] where only the token
    /// is.
    fn refusal(&self, failure: Failure, body: &str) -> Failure;
}

/// The usual answer to a request for a token (RFC 6749 §5.1). No `Debug`.
#[derive(Deserialize)]
pub struct OAuthToken {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

impl From<OAuthToken> for FetchedToken {
    fn from(OAuthToken { access_token, expires_in }: OAuthToken) -> Self {
        Self { token: access_token, life_ms: expires_in.saturating_mul(1_000) }
    }
}

/// Puts the token where OAuth 2 has it (RFC 6750 §2.1).
pub fn add_bearer(request: &mut Request, token: &str) {
    request.headers.push(Header { name: "authorization".to_owned(), value: format!("Bearer {token}") });
}

/// One call, not sent yet.
#[derive(Clone, Debug)]
pub struct Call {
    /// Under this it is counted and told.
    pub name: &'static str,
    /// What is sent.
    pub request: Request,
}

impl Call {
    /// Reads an address.
    pub fn get(name: &'static str, url: String) -> Self {
        let request = Request {
            method: "GET".to_owned(),
            url,
            headers: Vec::new(),
            body: None,
            expect: BodyKind::Text,
            timeout_ms: Some(TIMEOUT_MS),
            max_bytes: None,
        };
        Self { name, request }
    }

    /// Sends JSON to an address.
    pub fn post(name: &'static str, url: String, body: &serde_json::Value) -> Self {
        let header = Header { name: "content-type".to_owned(), value: "application/json; charset=utf-8".to_owned() };
        let mut call = Self::get(name, url);
        call.request.method = "POST".to_owned();
        call.request.headers.push(header);
        call.request.body = Some(Body::Text(body.to_string()));
        call
    }
}

/// Sends calls, for the length of one call of the component. It remembers the token that it read.
pub struct Calls<'a, P: Platform, A: Api> {
    platform: &'a P,
    api: &'a A,
    token: RefCell<Option<String>>,
    usage: RefCell<Usage>,
}

impl<'a, P: Platform, A: Api> Calls<'a, P, A> {
    /// Nothing is sent yet.
    pub fn new(platform: &'a P, api: &'a A) -> Self {
        Self { platform, api, token: RefCell::default(), usage: RefCell::default() }
    }

    /// The outside.
    pub fn platform(&self) -> &'a P {
        self.platform
    }

    /// The vendor's configuration.
    pub fn api(&self) -> &'a A {
        self.api
    }

    /// What was sent so far.
    pub fn usage(&self) -> Usage {
        self.usage.borrow().clone()
    }

    /// Sends a call that needs no token, once.
    ///
    /// # Errors
    /// Everything but a sound answer.
    pub fn once<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        self.count(call, false);
        self.judge(call, self.platform.send(&call.request), &[])
    }

    /// Sends calls side by side with the token; answers come in the order of the calls. Those whose token was refused
    /// are sent once more with a new one; nothing else is repeated. `max_bytes` refuses larger answers one by one, with
    /// [`Cause::AnswerTooLarge`].
    pub fn all<T: DeserializeOwned>(&self, calls: &[Call], max_bytes: Option<u64>) -> Vec<Result<T, Failure>> {
        let mut answers: Vec<Result<T, Failure>> = calls.iter().map(|_| Err(unanswered())).collect();
        let mut open: Vec<usize> = (0..calls.len()).collect();
        let mut refused: Option<String> = None;
        while !open.is_empty() {
            let token = match self.token(refused.as_deref()) {
                Ok(token) => token,
                Err(failure) => {
                    open.iter().for_each(|&index| answers[index] = Err(failure.clone()));
                    break;
                }
            };
            let request = |&index: &usize| {
                self.count(&calls[index], refused.is_some());
                let mut request = Request { max_bytes, ..calls[index].request.clone() };
                self.api.add_token(&mut request, &token);
                request
            };
            let requests: Vec<Request> = open.iter().map(request).collect();
            for (&index, outcome) in open.iter().zip(self.platform.send_all(&requests)) {
                answers[index] = self.judge(&calls[index], outcome, std::slice::from_ref(&token));
            }
            if refused.replace(token).is_some() {
                break;
            }
            open.retain(|&index| matches!(&answers[index], Err(failure) if failure.cause == Cause::TokenRefused));
        }
        answers
    }

    /// Sends one call as [`Calls::all`] does.
    ///
    /// # Errors
    /// Everything but a sound answer.
    pub fn one<T: DeserializeOwned>(&self, call: Call) -> Result<T, Failure> {
        self.all(&[call], None).pop().unwrap_or_else(|| Err(unanswered()))
    }

    /// Asks the vendor whether it accepts the credential: always a call, never the kept token. Only for
    /// `check-connection`, behind which an administrator stands.
    ///
    /// # Errors
    /// Where it does not, or cannot be asked.
    pub fn ask_for_token(&self) -> Result<(), Failure> {
        let token = self.tokens().ask()?;
        self.token.replace(Some(token));
        Ok(())
    }

    /// A token other than the one that was refused.
    fn token(&self, refused: Option<&str>) -> Result<String, Failure> {
        let known = self.token.borrow().clone().filter(|known| Some(known.as_str()) != refused);
        let token = known.map_or_else(|| self.tokens().current(refused), Ok)?;
        self.token.replace(Some(token.clone()));
        Ok(token)
    }

    fn tokens(&self) -> Tokens<'a, P, impl Fn(Fetch) -> Result<FetchedToken, TokenError>> {
        let mut parts = vec!["credential"];
        parts.extend(self.api.credential());
        Tokens::new(self.platform, &fingerprint::of(&parts), |fetch: Fetch| {
            let mut call = self.api.token_call();
            let left = fetch.time_left_ms.and_then(|left| u32::try_from(left).ok()).unwrap_or(u32::MAX);
            call.request.timeout_ms = call.request.timeout_ms.map(|usual| usual.min(left));
            self.count(&call, fetch.is_repetition);
            let answer: Result<A::Token, _> = self.judge(&call, self.platform.send(&call.request), &[]);
            answer.map(Into::into).map_err(|failure| TokenError {
                is_refusal: failure.reason == Reason::CredentialsRefused,
                is_passing: matches!(failure.reason, Reason::Unavailable | Reason::UnexpectedAnswer),
                failure,
            })
        })
    }

    fn judge<T: DeserializeOwned>(
        &self,
        call: &Call,
        outcome: Result<Response, HttpError>,
        secrets: &[String],
    ) -> Result<T, Failure> {
        let body = match &outcome {
            Ok(Response { status: 400.., body: Body::Text(text), .. }) => Some(text.clone()),
            _ => None,
        };
        match (transport::text(&A::DESTINATION, &call.name, outcome, secrets), body) {
            (Ok(text), _) => serde_json::from_str(&text)
                .map_err(|error| transport::unreadable(&A::DESTINATION, &call.name, &error).failure),
            (Err(error), Some(body)) => Err(self.api.refusal(error.failure, &body)),
            (Err(error), None) => Err(error.failure),
        }
    }

    fn count(&self, call: &Call, is_repetition: bool) {
        let mut usage = self.usage.borrow_mut();
        *usage.calls.entry(call.name).or_default() += 1;
        usage.retries += u64::from(is_repetition);
    }
}

#[cfg(test)]
mod tests;
