//! What is remembered of an exchange for 30 seconds, sealed: that it is under way, and then how it ended.
//!
//! Browsers and WeCom's clients ask for a callback page twice, while a code works once; the memory lets the second
//! request have the answer of the first. It lies under a fingerprint of code, state and browser binding.

use serde::{Deserialize, Serialize};

use crate::{
    contract::{
        login::{Exchange, Identity, LinkedIdentity, Outcome, OutsiderIdentity, SensitiveFields},
        types::{Problem, Reason, Severity},
    },
    failure::Failure,
    text::Text,
    vendor::fingerprint,
};

/// How long an exchange is remembered, from its beginning.
pub(super) const LIFE_MS: u64 = 30_000;

/// An exchange in storage. No `Debug`: it can hold what a member consented to.
#[derive(Serialize, Deserialize)]
pub(super) enum Record {
    /// Somebody is at it. When this vanishes without an end, that somebody has died.
    Pending {
        /// Tells the owner its own record when a write ended without an answer.
        holder: String,
        started_at_ms: u64,
    },
    /// It ended well.
    Done(Box<Ending>),
    /// It ended badly, and the code is spent or may be.
    Failed(Box<Refusal>),
}

/// Where an exchange is remembered.
pub(super) fn key(code: &str, state: &str, binding: Option<&str>) -> String {
    let parts: Vec<_> = ["exchange", code, state].into_iter().chain(binding).collect();
    format!("login-exchange/{}", fingerprint::of(&parts))
}

/// A contract [`Exchange`] at rest.
#[derive(Serialize, Deserialize)]
pub(super) struct Ending {
    outcome: Who,
    return_to: Option<String>,
    state_verified: bool,
    warnings: Vec<Warning>,
}

#[derive(Serialize, Deserialize)]
enum Who {
    Member {
        id: String,
        name: Option<String>,
        departments: Vec<String>,
        roles: Vec<String>,
        in_directory: bool,
        in_visible_range: bool,
        sensitive: Option<Box<Sensitive>>,
    },
    Linked {
        organisation_id: String,
        id: String,
    },
    Outsider {
        open_id: Option<String>,
        external_id: Option<String>,
    },
}

#[derive(Serialize, Deserialize)]
struct Sensitive {
    gender: Option<String>,
    avatar: Option<String>,
    qr_code: Option<String>,
    mobile: Option<String>,
    email: Option<String>,
    business_email: Option<String>,
    address: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Warning {
    path: String,
    code: String,
    message: String,
    hint: String,
}

/// A [`Failure`] at rest.
#[derive(Serialize, Deserialize)]
pub(super) struct Refusal {
    reason: String,
    message: String,
    hint: Option<(String, String)>,
    vendor_code: Option<i64>,
    retry_after_ms: Option<u64>,
    request_id: Option<String>,
}

impl From<Exchange> for Ending {
    fn from(exchange: Exchange) -> Self {
        let Exchange { outcome, return_to, state_verified, warnings } = exchange;
        let outcome = match outcome {
            Outcome::Member(identity) => {
                let Identity { id, name, departments, roles, in_directory, in_visible_range, sensitive } = identity;
                let sensitive = sensitive.map(|fields| {
                    let SensitiveFields { gender, avatar, qr_code, mobile, email, business_email, address } = fields;
                    Box::new(Sensitive { gender, avatar, qr_code, mobile, email, business_email, address })
                });
                Who::Member { id, name, departments, roles, in_directory, in_visible_range, sensitive }
            }
            Outcome::LinkedMember(LinkedIdentity { organisation_id, id }) => Who::Linked { organisation_id, id },
            Outcome::Outsider(OutsiderIdentity { open_id, external_id }) => Who::Outsider { open_id, external_id },
        };
        let warning = |problem| {
            let Problem { path, code, severity: _, message, hint } = problem;
            Warning { path, code, message, hint }
        };
        Self { outcome, return_to, state_verified, warnings: warnings.into_iter().map(warning).collect() }
    }
}

impl From<Ending> for Exchange {
    fn from(ending: Ending) -> Self {
        let Ending { outcome, return_to, state_verified, warnings } = ending;
        let outcome = match outcome {
            Who::Member { id, name, departments, roles, in_directory, in_visible_range, sensitive } => {
                let sensitive = sensitive.map(|fields| {
                    let Sensitive { gender, avatar, qr_code, mobile, email, business_email, address } = *fields;
                    SensitiveFields { gender, avatar, qr_code, mobile, email, business_email, address }
                });
                Outcome::Member(Identity { id, name, departments, roles, in_directory, in_visible_range, sensitive })
            }
            Who::Linked { organisation_id, id } => Outcome::LinkedMember(LinkedIdentity { organisation_id, id }),
            Who::Outsider { open_id, external_id } => Outcome::Outsider(OutsiderIdentity { open_id, external_id }),
        };
        // Only what could not be read on the way is ever told with a success.
        let problem = |warning| {
            let Warning { path, code, message, hint } = warning;
            Problem { path, code, severity: Severity::Warning, message, hint }
        };
        Self { outcome, return_to, state_verified, warnings: warnings.into_iter().map(problem).collect() }
    }
}

impl From<&Failure> for Refusal {
    fn from(failure: &Failure) -> Self {
        Self {
            reason: name(&failure.reason).to_owned(),
            message: failure.message.en.clone(),
            hint: failure.hint.clone().map(|text| (text.zh, text.en)),
            vendor_code: failure.vendor_code,
            retry_after_ms: failure.retry_after_ms,
            request_id: failure.request_id.clone(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            reason: reason(refusal.reason),
            cause: Default::default(),
            message: refusal.message.into(),
            hint: refusal.hint.map(|(zh, en)| Text::new(zh, en)),
            vendor_code: refusal.vendor_code,
            retry_after_ms: refusal.retry_after_ms,
            request_id: refusal.request_id,
        }
    }
}

/// The contract's name of a reason. Reasons with data do not come from a vendor's answer; should one arrive here, its
/// name is kept and its data is not.
fn name(reason: &Reason) -> &str {
    match reason {
        Reason::InvalidConfig(_) => "invalid-config",
        Reason::CredentialsRefused => "credentials-refused",
        Reason::NotPermitted => "not-permitted",
        Reason::LoginRejected => "login-rejected",
        Reason::NotFound => "not-found",
        Reason::InvalidArgument(_) => "invalid-argument",
        Reason::RateLimited => "rate-limited",
        Reason::Unavailable => "unavailable",
        Reason::Conflict => "conflict",
        Reason::MassRemovalBlocked(_) => "mass-removal-blocked",
        Reason::CursorExpired => "cursor-expired",
        Reason::Unsupported => "unsupported",
        Reason::UnexpectedAnswer => "unexpected-answer",
        Reason::Other(name) => name,
    }
}

fn reason(name: String) -> Reason {
    match name.as_str() {
        "credentials-refused" => Reason::CredentialsRefused,
        "not-permitted" => Reason::NotPermitted,
        "login-rejected" => Reason::LoginRejected,
        "not-found" => Reason::NotFound,
        "rate-limited" => Reason::RateLimited,
        "unavailable" => Reason::Unavailable,
        "conflict" => Reason::Conflict,
        "cursor-expired" => Reason::CursorExpired,
        "unsupported" => Reason::Unsupported,
        "unexpected-answer" => Reason::UnexpectedAnswer,
        _ => Reason::Other(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(sensitive: Option<SensitiveFields>) -> Outcome {
        Outcome::Member(Identity {
            id: "zhangsan".into(),
            name: Some("张三".into()),
            departments: vec!["2".into(), "4294967295".into()],
            roles: vec!["buyer".into()],
            in_directory: true,
            in_visible_range: false,
            sensitive,
        })
    }

    #[test]
    fn an_outcome_survives_storage_whole() {
        let sensitive = SensitiveFields {
            gender: Some("male".into()),
            avatar: Some("a".into()),
            qr_code: Some("q".into()),
            mobile: Some("m".into()),
            email: Some("e".into()),
            business_email: Some("b".into()),
            address: None,
        };
        let warning = Problem {
            path: "sensitive".into(),
            code: "not-read".into(),
            severity: Severity::Warning,
            message: "m".into(),
            hint: "h".into(),
        };
        for outcome in [
            identity(Some(sensitive)),
            identity(None),
            Outcome::LinkedMember(LinkedIdentity { organisation_id: "ww2".into(), id: "lisi".into() }),
            Outcome::Outsider(OutsiderIdentity { open_id: Some("o".into()), external_id: None }),
        ] {
            let exchange = Exchange {
                outcome,
                return_to: Some("/x".into()),
                state_verified: true,
                warnings: vec![warning.clone()],
            };
            let json = serde_json::to_string(&Record::Done(Box::new(exchange.clone().into()))).unwrap();
            let Ok(Record::Done(ending)) = serde_json::from_str(&json) else { panic!("{json}") };
            assert_eq!(Exchange::from(*ending), exchange);
        }
    }

    #[test]
    fn a_failure_survives_storage_whole() {
        for reason in [
            Reason::CredentialsRefused,
            Reason::NotPermitted,
            Reason::LoginRejected,
            Reason::NotFound,
            Reason::RateLimited,
            Reason::Unavailable,
            Reason::Conflict,
            Reason::CursorExpired,
            Reason::Unsupported,
            Reason::UnexpectedAnswer,
            Reason::Other("answer-too-large".into()),
        ] {
            let mut failure = Failure::new(reason, "message")
                .with_hint(Text::new("中", "en"))
                .with_vendor_code(40029)
                .with_retry_after_ms(5);
            failure.request_id = Some("17600".into());
            let json = serde_json::to_string(&Record::Failed(Box::new((&failure).into()))).unwrap();
            let Ok(Record::Failed(refusal)) = serde_json::from_str(&json) else { panic!("{json}") };
            assert_eq!(Failure::from(*refusal), failure);
        }
    }

    #[test]
    fn the_key_tells_nothing_and_tells_everything_apart() {
        let keys = [
            key("code", "state", None),
            key("code", "state", Some("binding")),
            key("code", "statebinding", None),
            key("codestate", "binding", None),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!key.contains("code") && !key.contains("state"), "{key}");
            assert!(!keys[..index].contains(key), "{key}");
        }
    }
}
