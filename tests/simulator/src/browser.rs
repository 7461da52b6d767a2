//! A browser in a few lines: goes through the sign-in pages over real HTTP, as a person would.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, LOCATION, RANGE, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::corp::SensitiveField;
use crate::pages::REFUSAL_HEADER;

const CLIENT_AGENT: &str = "Mozilla/5.0 (Linux; Android 14) wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh";
const DESKTOP_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0";

/// What the person does on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Sign in as this member.
    Member(String),
    /// Sign in as a member of an interlinked corp.
    LinkedMember {
        /// Id of the other corp.
        corp: String,
        /// The member's id there.
        id: String,
    },
    /// Sign in as somebody outside.
    Outsider,
    /// Sign in as an outsider who is a customer.
    Customer,
    /// Refuse.
    Deny,
}

/// Why a sign-in did not end with a redirect.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Not an `http://HOST:PORT/…` address.
    #[error("the sign-in address must be plain http with host and port, as the simulator serves it")]
    Address,
    /// Talking to the simulator failed.
    #[error("the sign-in page cannot be reached: {0}")]
    Http(String),
    /// The page says why not: the platform's number, or 0 when it only asks to be opened in the client.
    #[error("the sign-in page refuses with {code}")]
    Refused {
        /// The number on the page.
        code: i64,
        /// The page itself.
        page: String,
    },
    /// An answer that is neither a page nor a redirect.
    #[error("the sign-in page answered HTTP {0}, expected 200 and then 302")]
    Status(u16),
}

/// A browser with a user agent and an opinion about sensitive fields.
#[derive(Clone, Debug)]
pub struct Browser {
    agent: String,
    consent: Vec<SensitiveField>,
}

/// One answer, fully read.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl Page {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Browser {
    /// The browser inside the WeCom client; consents to everything it is asked.
    pub fn client() -> Self {
        Self { agent: CLIENT_AGENT.to_owned(), consent: SensitiveField::ALL.to_vec() }
    }

    /// An ordinary desktop browser.
    pub fn desktop() -> Self {
        Self { agent: DESKTOP_AGENT.to_owned(), consent: SensitiveField::ALL.to_vec() }
    }

    /// Consents to these fields only.
    #[must_use]
    pub fn consenting_to(mut self, fields: &[SensitiveField]) -> Self {
        self.consent = fields.to_vec();
        self
    }

    /// Opens a sign-in address, makes the choice, and answers the address the page redirects to.
    ///
    /// # Errors
    /// The page refuses, or cannot be reached.
    pub async fn sign_in(&self, url: &str, choice: &Choice) -> Result<String, SignInError> {
        let shown = self.get(url).await?;
        if let Some(refusal) = refusal(&shown) {
            return Err(refusal);
        }
        if shown.status != 200 {
            return Err(SignInError::Status(shown.status));
        }
        let decided = self.send(Method::POST, url, &self.form(choice), None).await?;
        match (refusal(&decided), decided.header(LOCATION.as_str())) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(target)) if decided.status == 302 => Ok(target.to_owned()),
            (None, _) => Err(SignInError::Status(decided.status)),
        }
    }

    /// Gets an address of the simulator. Redirects are not followed.
    ///
    /// # Errors
    /// Not a plain http address, or not reachable.
    pub async fn get(&self, url: &str) -> Result<Page, SignInError> {
        self.send(Method::GET, url, "", None).await
    }

    /// Gets a part of an address of the simulator; `range` is the value of the header, such as `bytes=0-99`.
    ///
    /// # Errors
    /// As [`Browser::get`].
    pub async fn get_part(&self, url: &str, range: &str) -> Result<Page, SignInError> {
        self.send(Method::GET, url, "", Some(range)).await
    }

    /// Posts a body (a form, or JSON) to an address of the simulator.
    ///
    /// # Errors
    /// As [`Browser::get`].
    pub async fn post(&self, url: &str, body: &str) -> Result<Page, SignInError> {
        self.send(Method::POST, url, body, None).await
    }

    async fn send(&self, method: Method, url: &str, body: &str, range: Option<&str>) -> Result<Page, SignInError> {
        let rest = url.strip_prefix("http://").ok_or(SignInError::Address)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (host, path) = rest.find(['/', '?']).map_or((rest, "/"), |at| rest.split_at(at));
        let stream = TcpStream::connect(host).await.map_err(http_error)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(http_error)?;
        let talking = tokio::spawn(connection);
        let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        let mut request = Request::builder();
        if let Some(range) = range {
            request = request.header(RANGE, range);
        }
        let request = request
            .method(method)
            .uri(path)
            .header(HOST, host)
            .header(USER_AGENT, &self.agent)
            .header(CONTENT_TYPE, kind)
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .map_err(http_error)?;
        let response = sender.send_request(request).await.map_err(http_error)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(http_error)?.to_bytes().to_vec();
        talking.abort();
        let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(Page { status: head.status.as_u16(), headers, body })
    }

    fn form(&self, choice: &Choice) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match choice {
            Choice::Member(id) => form.append_pair("member", id),
            Choice::LinkedMember { corp, id } => {
                form.append_pair("choice", "linked").append_pair("linked_corp", corp).append_pair("typed", id)
            }
            Choice::Outsider => form.append_pair("choice", "outsider"),
            Choice::Customer => form.append_pair("choice", "customer"),
            Choice::Deny => form.append_pair("choice", "deny"),
        };
        for field in &self.consent {
            form.append_pair("consent", field.name());
        }
        form.finish()
    }
}

fn refusal(page: &Page) -> Option<SignInError> {
    let code = page.header(REFUSAL_HEADER.as_str())?.parse().unwrap_or(-1);
    Some(SignInError::Refused { code, page: page.text() })
}

fn http_error(error: impl std::fmt::Display) -> SignInError {
    SignInError::Http(error.to_string())
}
