//! The calls of an API that takes an access token and answers JSON: adds the token, renews it when it is refused, counts
//! everything.
//!
//! What is the vendor's own (where the token goes, how it is asked for, what a refusal means) stands in [`Api`].

use std::{cell::RefCell, fmt, mem, slice};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    contract::{
        http::{BodyKind, HttpError, Request, Response},
        types::{Body, Header, Reason},
    },
    failure::{Cause, Failure},
    fingerprint, json,
    platform::Platform,
    store,
    token::{Fetch, FetchedToken, HeldToken, Tokens},
    transport::{self, Destination},
    vendor::{Usage, unanswered},
};

/// Milliseconds that a request may take: less than the lease on the token lives.
pub const TIMEOUT_MS: u32 = 8_000;
/// Repetitions of a call that failed in passing.
const RETRIES: u32 = 3;
/// With less time left, a repetition cannot end well.
const SHORTEST_REQUEST_MS: u64 = 1_000;

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

    /// The text of an answer with status 200, or what the vendor refuses within it: the same reasons and causes as
    /// in [`Api::refusal`]. `secrets` are to be masked in what it says. Only for vendors that refuse in sound answers.
    ///
    /// # Errors
    /// What the vendor refuses.
    fn judge(&self, _call: &Call, text: String, _secrets: &[String]) -> Result<String, Failure> {
        Ok(text)
    }

    /// Makes of a failure by HTTP status, from 400 on, what the body of the answer says. The body is not masked: quote
    /// nothing of it. [`Reason::NotFound`] where there is nothing of
    /// that id, [`Reason::CredentialsRefused`] where the credential is wrong, [`Cause::TokenRefused`] where only the token
    /// is.
    fn refusal(&self, failure: Failure, _body: &str) -> Failure {
        failure
    }
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

/// One call, not sent yet. Shown, it is its name and whom it is about; all the rest may be secret.
#[derive(Clone)]
pub struct Call {
    /// Under this it is counted and told.
    pub name: &'static str,
    /// What is sent.
    pub request: Request,
    about: String,
    secrets: Vec<String>,
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
        Self::new(name, request)
    }

    /// Sends a request as it is.
    pub fn new(name: &'static str, request: Request) -> Self {
        Self { name, request, about: String::new(), secrets: Vec::new() }
    }

    /// Sends JSON to an address.
    pub fn post(name: &'static str, url: String, body: &impl Serialize) -> Self {
        let header = Header { name: "content-type".to_owned(), value: "application/json; charset=utf-8".to_owned() };
        let mut call = Self::get(name, url);
        call.request.method = "POST".to_owned();
        call.request.headers.push(header);
        call.request.body = Some(Body::Text(store::to_json(body)));
        call
    }

    /// Adds what stands behind the name in messages.
    #[must_use]
    pub fn about(mut self, about: String) -> Self {
        self.about = about;
        self
    }

    /// Masks a value in whatever is told about the call.
    #[must_use]
    pub fn hiding(mut self, secret: &str) -> Self {
        self.secrets.extend(Some(secret.to_owned()).filter(|secret| !secret.is_empty()));
        self
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.name, self.about)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Call({self})")
    }
}

/// A login code, which a vendor takes once. So it cannot be copied, and nobody sees it but the calls by which
/// [`Calls::present`] sends it:
///
/// ```compile_fail,E0382
/// # use organisation_kit::{calls::{Api, Calls, LoginCode}, platform::Platform};
/// fn twice<A: Api>(calls: &Calls<'_, A>, code: LoginCode<'_>) {
///     calls.present(code, &[]).unwrap();
///     calls.present(code, &[]).unwrap();
/// }
/// ```
pub struct LoginCode<'c>(&'c str);

impl<'c> LoginCode<'c> {
    /// A code as it came back from the vendor.
    pub fn new(code: &'c str) -> Self {
        Self(code)
    }
}

/// Asks for a token or a ticket. Not generic, so that the component holds what keeps them once.
type Fetching<'f> = Box<dyn Fn(Fetch) -> Result<FetchedToken, Failure> + 'f>;

/// Makes the call that presents a code.
pub type CallOfCode<A> = fn(api: &A, code: &str) -> Call;

/// Sends calls, for the length of one call of the component. It remembers the token that it read.
pub struct Calls<'a, A: Api> {
    platform: &'a dyn Platform,
    api: &'a A,
    token: RefCell<Option<String>>,
    usage: RefCell<Usage>,
}

impl<'a, A: Api> Calls<'a, A> {
    /// Nothing is sent yet.
    pub fn new(platform: &'a dyn Platform, api: &'a A) -> Self {
        Self { platform, api, token: RefCell::default(), usage: RefCell::default() }
    }

    /// The outside.
    pub fn platform(&self) -> &'a dyn Platform {
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

    /// Counts ranges of a file, which go past this.
    pub fn count_downloads(&self, ranges: usize) {
        self.usage.borrow_mut().downloads += ranges as u64;
    }

    /// Presents a login code, with the app's token. It is sent again only where the vendor certainly did not look at the
    /// code: with a new token where the old one was refused, and by the next of `calls` where there is no such address.
    /// Answers with the name of the call, for messages.
    ///
    /// # Errors
    /// Everything but a sound answer.
    pub fn present(&self, code: LoginCode<'_>, calls: &[CallOfCode<A>]) -> Result<(&'static str, String), Failure> {
        let mut answer = Err(unanswered());
        for call in calls {
            let call = call(self.api, code.0).hiding(code.0);
            answer = self.text(&call).map(|text| (call.name, text));
            if !answer.as_ref().is_err_and(|failure| failure.cause == Cause::NoSuchAddress) {
                break;
            }
        }
        answer
    }

    /// Presents a login code without the app's token, for a vendor that takes the app's credential beside it.
    ///
    /// # Errors
    /// Everything but a sound answer.
    pub fn present_bare<T: DeserializeOwned>(&self, code: LoginCode<'_>, call: CallOfCode<A>) -> Result<T, Failure> {
        let call = call(self.api, code.0).hiding(code.0);
        self.count(&call, false);
        self.judge(&call, self.platform.send(&call.request), None).and_then(|text| self.read(&call, &text))
    }

    /// Sends calls side by side with the token; answers come in the order of the calls. Those whose token was refused
    /// are sent once more with a new one; nothing else is repeated. `max_bytes`, which
    /// replaces what stands in the calls, refuses larger answers one by one, with [`Cause::AnswerTooLarge`].
    pub fn all<T: DeserializeOwned>(&self, calls: &[Call], max_bytes: Option<u64>) -> Vec<Result<T, Failure>> {
        let read = |(call, text): (&Call, Result<String, Failure>)| text.and_then(|text| self.read(call, &text));
        calls.iter().zip(self.texts(calls, max_bytes)).map(read).collect()
    }

    /// As [`Calls::all`], for answers that the vendor reads itself.
    pub fn texts(&self, calls: &[Call], max_bytes: Option<u64>) -> Vec<Result<String, Failure>> {
        self.send(calls, max_bytes, &mut true)
    }

    /// Sends one call as [`Calls::all`] does.
    ///
    /// # Errors
    /// Everything but a sound answer.
    pub fn one<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        self.text(call).and_then(|text| self.read(call, &text))
    }

    /// Sends one call as [`Calls::texts`] does.
    ///
    /// # Errors
    /// Everything but a sound answer.
    pub fn text(&self, call: &Call) -> Result<String, Failure> {
        only(self.texts(slice::from_ref(call), None))
    }

    /// Sends one call, and again at once, at most three times, where that or `read` fails in passing: waiting is the
    /// host's. Not for what must not be sent twice.
    ///
    /// # Errors
    /// Everything but a sound answer.
    pub fn with_retries<T>(&self, call: &Call, read: impl Fn(&str) -> Result<T, Failure>) -> Result<T, Failure> {
        let (mut retries, mut may_renew) = (0, true);
        loop {
            let text = only(self.send(slice::from_ref(call), None, &mut may_renew));
            match text.and_then(|text| read(&text)) {
                Err(failure) if failure.cause == Cause::Passing && retries < RETRIES && self.has_budget() => {
                    retries += 1;
                    self.usage.borrow_mut().retries += 1;
                }
                answer => return answer,
            }
        }
    }

    /// Reads the text of an answer.
    ///
    /// # Errors
    /// Where it has another shape.
    pub fn read<T: DeserializeOwned>(&self, call: &Call, text: &str) -> Result<T, Failure> {
        json::from_str(text).map_err(|error| transport::unreadable(&A::DESTINATION, call, &error))
    }

    /// Sends one call with the token, and with a new one where that was refused, and gives the whole answer with a status from
    /// 200 to 299: for files, and for calls of which nothing is known. Text that can be an object of JSON is judged as in any
    /// other call, unless the answer says that it is a file. Nothing of a large body is copied.
    ///
    /// # Errors
    /// Everything else.
    pub fn response(&self, mut call: Call) -> Result<Response, Failure> {
        let (url, headers) = (call.request.url.clone(), call.request.headers.clone());
        let mut refused: Option<String> = None;
        loop {
            let token = self.token(refused.as_deref())?;
            call.request.url.clone_from(&url);
            call.request.headers.clone_from(&headers);
            self.api.add_token(&mut call.request, &token);
            self.count(&call, refused.is_some());
            match self.judge_response(&call, self.platform.send(&call.request), &token) {
                Err(failure) if failure.cause == Cause::TokenRefused && refused.is_none() => refused = Some(token),
                outcome => return outcome,
            }
        }
    }

    fn judge_response(
        &self,
        call: &Call,
        outcome: Result<Response, HttpError>,
        token: &str,
    ) -> Result<Response, Failure> {
        let secrets: Vec<String> = call.secrets.iter().cloned().chain([token.to_owned()]).collect();
        let mut response = outcome.map_err(|error| transport::unanswered(&A::DESTINATION, call, &error, &secrets))?;
        if !(200..300).contains(&response.status) {
            let failure = transport::wrong_status(&A::DESTINATION, call, &response);
            return Err(match response.body {
                Body::Text(body) if response.status >= 400 => self.api.refusal(failure, &body),
                _ => failure,
            });
        }
        let is_file = response.headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-disposition"));
        response.body = match transport::as_text(response.body) {
            Body::Text(text) if !is_file && text.trim_start().starts_with('{') => {
                Body::Text(self.api.judge(call, text, &secrets)?)
            }
            body => body,
        };
        Ok(response)
    }

    fn send(&self, calls: &[Call], max_bytes: Option<u64>, may_renew: &mut bool) -> Vec<Result<String, Failure>> {
        let mut answers: Vec<Result<String, Failure>> = calls.iter().map(|_| Err(unanswered())).collect();
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
                answers[index] = self.judge(&calls[index], outcome, Some(&token));
            }
            open.retain(|&index| matches!(&answers[index], Err(failure) if failure.cause == Cause::TokenRefused));
            if open.is_empty() || !mem::take(may_renew) {
                break;
            }
            refused = Some(token);
        }
        answers
    }

    fn has_budget(&self) -> bool {
        let left = self.platform.remaining();
        left.wall_ms >= SHORTEST_REQUEST_MS && left.requests > 0
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

    /// What the vendor gives for the token and wants to be kept, such as a ticket: the kept one of this kind, or else a new
    /// one, asked for by one call at a time on all hosts. `kind` is kebab-case and names nothing else in storage.
    ///
    /// # Errors
    /// What the vendor refuses.
    pub fn ticket<T: DeserializeOwned + Into<FetchedToken>>(
        &self,
        kind: &str,
        call: &Call,
    ) -> Result<HeldToken, Failure> {
        let fetch: Fetching<'_> = Box::new(|fetch| {
            let call = within(call.clone(), fetch);
            self.fetched::<T>(&call, &self.text(&call)?)
        });
        Tokens::new(self.platform, kind, &self.credential(), fetch).unchecked().current(None)
    }

    /// A token other than the one that was refused.
    fn token(&self, refused: Option<&str>) -> Result<String, Failure> {
        let known = self.token.take().filter(|known| Some(known.as_str()) != refused);
        let token = known.map_or_else(|| self.tokens().current(refused).map(|held| held.token), Ok).map_err(
            |mut failure| {
                // Whatever became of the request for a token, the call itself was not made.
                failure.may_be_done = false;
                match failure.cause {
                    Cause::Storage => failure,
                    _ if failure.reason == Reason::BudgetExhausted => failure,
                    _ => failure.with_cause(Cause::NoToken),
                }
            },
        )?;
        self.token.replace(Some(token.clone()));
        Ok(token)
    }

    fn tokens(&self) -> Tokens<'a, Fetching<'_>> {
        let fetch: Fetching<'_> = Box::new(|fetch| {
            let call = within(self.api.token_call(), fetch);
            self.count(&call, fetch.is_repetition);
            let text = self.judge(&call, self.platform.send(&call.request), None)?;
            self.fetched::<A::Token>(&call, &text)
        });
        Tokens::new(self.platform, "token", &self.credential(), fetch)
    }

    fn credential(&self) -> String {
        let mut parts = vec!["credential"];
        parts.extend(self.api.credential());
        fingerprint::of(&parts)
    }

    fn fetched<T: DeserializeOwned + Into<FetchedToken>>(
        &self,
        call: &Call,
        text: &str,
    ) -> Result<FetchedToken, Failure> {
        let fetched: FetchedToken = self.read::<T>(call, text)?.into();
        if fetched.token.is_empty() {
            let what = ("缺少凭证", "has no token");
            return Err(transport::malformed(&A::DESTINATION, call, what));
        }
        Ok(fetched)
    }

    fn judge(&self, call: &Call, outcome: Result<Response, HttpError>, token: Option<&str>) -> Result<String, Failure> {
        let secrets: Vec<String> = call.secrets.iter().cloned().chain(token.map(str::to_owned)).collect();
        let body = match &outcome {
            Ok(Response { status: 400.., body: Body::Text(text), .. }) => Some(text.clone()),
            _ => None,
        };
        match (transport::text(&A::DESTINATION, call, outcome, &secrets), body) {
            (Ok(text), _) => self.api.judge(call, text, &secrets),
            (Err(failure), Some(body)) => Err(self.api.refusal(failure, &body)),
            (Err(failure), None) => Err(failure),
        }
    }

    fn count(&self, call: &Call, is_repetition: bool) {
        let mut usage = self.usage.borrow_mut();
        *usage.calls.entry(call.name).or_default() += 1;
        usage.retries += u64::from(is_repetition);
    }
}

/// A call that takes no longer than its answer is of use.
fn within(mut call: Call, fetch: Fetch) -> Call {
    let left = fetch.time_left_ms.and_then(|left| u32::try_from(left).ok()).unwrap_or(u32::MAX);
    call.request.timeout_ms = call.request.timeout_ms.map(|usual| usual.min(left));
    call
}

/// The answer to the one call that was sent.
fn only(mut answers: Vec<Result<String, Failure>>) -> Result<String, Failure> {
    answers.pop().unwrap_or_else(|| Err(unanswered()))
}

#[cfg(test)]
mod tests;
