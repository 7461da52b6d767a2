//! What can go wrong with one request, in the kinds that a component can act on.
//!
//! The kind says *where* the request stopped. Whether the server may have seen it is a separate answer, because it
//! decides whether a request that must happen at most once (a single-use login code) may be sent again: it is `false`
//! only where not a single byte of the request can have left this machine.

/// The failure of one request. `message` is for people and never carries a query value, a header value or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    /// Where the request stopped; the only part a program should look at.
    pub kind: HttpFailure,
    /// What was found, what was expected and what to do next, in one lower-case sentence.
    pub message: String,
    /// `false` when no byte of the request can have reached the server, so that sending it again is safe.
    pub may_have_reached_server: bool,
}

/// Where a request stopped. As closed as `http.failure` of the contract, which it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpFailure {
    /// The policy refused the destination.
    Denied {
        /// What the operator has to set for it, for example `--allow-host 10.0.0.7:8443`. `None` when that is not what
        /// is missing: the configuration does not need that host, or another URL is to be used.
        option: Option<String>,
    },
    /// The name has no address, or the resolver failed.
    Dns,
    /// No TCP connection, or the connection was gone before the request was written.
    Connect,
    /// No TLS session: certificate, protocol version or a server that does not speak TLS.
    Tls,
    /// No complete answer in the time the request or the call had.
    Timeout,
    /// The configured proxy cannot be reached or did not let the request through.
    Proxy {
        /// The status with which it refused, where it gave one; 407 asks for other credentials.
        status: Option<u16>,
    },
    /// The answer is larger than allowed.
    TooLarge {
        /// The limit that applied, in bytes of the decompressed body (or of the answer's head).
        limit: u64,
    },
    /// The call has used up its requests, bytes or wall time.
    BudgetExhausted,
    /// Anything else, as one kebab-case word: [`INVALID_REQUEST`], [`BROKEN_ANSWER`], or what a hook says.
    Other(&'static str),
}

/// The request itself is not acceptable, whatever the operator allows.
pub const INVALID_REQUEST: &str = "invalid-request";
/// The connection broke after the request was written, or what came back is not a readable answer.
pub const BROKEN_ANSWER: &str = "broken-answer";

impl HttpFailure {
    /// The kind as one kebab-case word, for reports and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Proxy { .. } => "proxy",
            Self::TooLarge { .. } => "too-large",
            Self::BudgetExhausted => "budget-exhausted",
            Self::Other(kind) => kind,
        }
    }
}

impl HttpError {
    /// A failure before any byte of the request was written.
    pub fn before_sending(kind: HttpFailure, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), may_have_reached_server: false }
    }

    /// A failure after the request may have been written.
    pub fn after_sending(kind: HttpFailure, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), may_have_reached_server: true }
    }

    /// An answer that broke off or cannot be read.
    pub fn broken_answer(message: impl Into<String>) -> Self {
        Self::after_sending(HttpFailure::Other(BROKEN_ANSWER), message)
    }

    /// A request that cannot be sent as it is, whatever the operator allows.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::before_sending(HttpFailure::Other(INVALID_REQUEST), message)
    }
}

/// Why a process cannot reach out at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// A root certificate is not usable.
    #[error("root certificates: {0}")]
    Roots(String),
    /// TLS cannot be set up.
    #[error("tls cannot be set up: {0}")]
    Tls(#[source] rustls::Error),
}
