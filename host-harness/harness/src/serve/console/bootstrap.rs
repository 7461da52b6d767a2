//! The token of the first start. Somebody has to name the first administrator, and nobody is one yet: so the first host of a storage
//! makes a token, prints it once, and whoever has it may open the console of one tenant that has no administrators, for an
//! hour. It is good for a day, and void where it is presented too late.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use maud::html;
use organisation_host::{
    Called, Decision, Digest,
    storage::{ApplyOutcome, Op, Scope, Storage, StorageError},
};
use organisation_pages::Language;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::super::{
    binding::CookieScope,
    frame::Frame,
    home,
    page::Page,
    refusal::Refuse,
    service::Service,
    sessions::{Session, Sessions, Token, now_ms},
    sign_in::hurried,
};

const NAMESPACE: &str = "console";
const KEY: &str = "bootstrap";
const BYTES: usize = 24;
/// How long it is good, in milliseconds.
const LASTS_MS: u64 = 24 * 60 * 60 * 1_000;

/// A token that was made just now, in clear for the last time.
pub struct Bootstrap(pub String);

/// What is kept of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    digest: String,
    /// Milliseconds since 1970.
    made_ms: u64,
    /// The tenant that it opened, or for which it came too late.
    spent: Option<String>,
}

/// What became of a token that somebody presented.
#[derive(Debug, PartialEq, Eq)]
pub enum Presented {
    /// It is good, until somebody spends it.
    Good(Unspent),
    /// It was spent before, by this or another host.
    Spent,
    /// It was made too long ago.
    Expired,
    /// There is no such token.
    Unknown,
}

/// A token that is good.
#[derive(Debug, PartialEq, Eq)]
pub struct Unspent {
    kept: Kept,
    version: u64,
}

impl Bootstrap {
    /// Makes the token of this storage, where none was ever made.
    ///
    /// # Errors
    /// The storage, or the machine has no randomness.
    pub async fn at_first_start(storage: &dyn Storage) -> Result<Option<Self>, StorageError> {
        Self::made_at(storage, now_ms()).await
    }

    async fn made_at(storage: &dyn Storage, made_ms: u64) -> Result<Option<Self>, StorageError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|error| StorageError::Other(error.to_string()))?;
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let kept = text(&Kept { digest: digest(&token), made_ms, spent: None })?;
        let ops = vec![Op::check_absent(KEY), Op::put(KEY, kept)];
        Ok(match storage.apply(&Scope::of_host(NAMESPACE)?, ops).await? {
            ApplyOutcome::Applied(_) => Some(Self(token)),
            ApplyOutcome::Conflict(_) => None,
        })
    }

    /// Looks at a token, and spends nothing.
    ///
    /// # Errors
    /// The storage.
    pub async fn look_at(storage: &dyn Storage, token: &str) -> Result<Presented, StorageError> {
        let found = storage.get_many(&Scope::of_host(NAMESPACE)?, &[KEY.to_owned()]).await?.pop().flatten();
        let Some(found) = found else { return Ok(Presented::Unknown) };
        let kept: Kept = serde_json::from_str(&found.value).map_err(|error| StorageError::Other(error.to_string()))?;
        Ok(if kept.digest != digest(token) {
            Presented::Unknown
        } else if kept.spent.is_some() {
            Presented::Spent
        } else if now_ms().saturating_sub(kept.made_ms) >= LASTS_MS {
            Presented::Expired
        } else {
            Presented::Good(Unspent { kept, version: found.version })
        })
    }
}

impl Unspent {
    /// Spends it for a tenant: once, whatever hosts there are. `false` where somebody else was faster.
    ///
    /// # Errors
    /// The storage.
    pub async fn spend(self, storage: &dyn Storage, tenant: &str) -> Result<bool, StorageError> {
        let spent = text(&Kept { spent: Some(tenant.to_owned()), ..self.kept })?;
        let ops = vec![Op::check_version(KEY, self.version), Op::put(KEY, spent)];
        let outcome = storage.apply(&Scope::of_host(NAMESPACE)?, ops).await?;
        Ok(matches!(outcome, ApplyOutcome::Applied(_)))
    }
}

fn digest(token: &str) -> String {
    Digest::of(token.as_bytes()).to_string()
}

fn text(kept: &Kept) -> Result<String, StorageError> {
    serde_json::to_string(kept).map_err(|error| StorageError::Other(error.to_string()))
}

/// Asks whether to spend the token that stands in the address: whatever only looks at an address spends nothing.
pub async fn page(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let refused = Refuse(&headers);
    let tenant = match refused.tenant(&service, &tenant) {
        Ok(tenant) => tenant,
        Err(refusal) => return refusal.into_response(),
    };
    let language = Language::of(&headers);
    let query = query.unwrap_or_default();
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    let token = token.map(|(_, token)| token.into_owned()).unwrap_or_default();
    let content = html! {
        p {
            (language.pick(
                "首次启动时打印的令牌可打开此应用的管理控制台一小时，用来完成设置并指定首位管理员。令牌只能使用一次。",
                "The token that was printed at the first start opens the console of this app for an hour, to set it up and to name \
                 the first administrator. It is good once.",
            ))
        }
        form method="post" action="bootstrap" {
            div.field {
                label for="token" { (language.pick("令牌", "Token")) }
                input #token name="token" value=(token) autocomplete="off" required;
            }
            button { (language.pick("打开控制台", "Open the console")) }
        }
    };
    Frame {
        // The address holds the token, so no link leads back to it.
        language: None,
        product: tenant.name.to_string(),
        title: language.pick("首次设置", "First set-up").to_owned(),
        content: Some(content),
        ..Frame::default()
    }
    .answer(StatusCode::OK)
}

/// Spends the token and begins a session of an hour.
pub async fn redeem(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match begun(&service, &tenant, &uri, &headers, body).await {
        Ok(response) | Err(response) => response,
    }
}

/// The order matters: what strangers send costs a look at the storage, within the limits of sign-ins; and a storage that fails on
/// the way leaves the token good, since it is spent last.
async fn begun(
    service: &Service,
    tenant: &str,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let refused = Refuse(headers);
    let (tenant, _permit) = refused.unless_let_in(service, tenant).map_err(IntoResponse::into_response)?;
    let form = refused.form(service, body).await.map_err(IntoResponse::into_response)?;
    let token = form_urlencoded::parse(&form.bytes).find(|(name, _)| name == "token");
    let token = token.map(|(_, token)| token.into_owned()).unwrap_or_default();
    let storage = service.storage();
    let unavailable = |error: StorageError| refused.unavailable(&error).into_response();
    let used = ["令牌已使用过", "This token was used before"];
    let unspent = match Bootstrap::look_at(storage, token.trim()).await.map_err(unavailable)? {
        Presented::Good(unspent) => unspent,
        Presented::Spent => return Err(refusal(used)),
        Presented::Expired => {
            return Err(refusal(["令牌已过期（有效期 24 小时）", "This token has expired: it was good for 24 hours"]));
        }
        Presented::Unknown => return Err(refusal(["令牌不正确", "There is no such token"])),
    };
    let administrators = match hurried(&tenant).administrators().reported().await {
        Ok(Called { value: Err(error), .. }) if super::super::visitor::is_unknown(&error.reason) => Vec::new(),
        called => refused.unless_answered(called).map_err(IntoResponse::into_response)?.0,
    };
    if !administrators.is_empty() {
        // Nobody needs it any more, and it may stand in a log.
        unspent.spend(storage, &tenant.name).await.map_err(unavailable)?;
        return Err(refusal([
            "此应用已有管理员，令牌就此作废",
            "This app has administrators, so no token opens its console: this one is void now",
        ]));
    }
    let decision = Decision {
        actor: "bootstrap".to_owned(),
        action: "console.bootstrap".to_owned(),
        subject: None,
        before: None,
        after: None,
    };
    tenant.element.add_to_audit(decision).await.map_err(unavailable)?;
    let token = Token::new().map_err(|error| refused.failed(error.to_string(), None).into_response())?;
    let session = Session::new(None, "bootstrap".to_owned(), false);
    let sessions = Sessions::new(storage, &tenant);
    sessions.begin(&token, &session).await.map_err(unavailable)?;
    if !unspent.spend(storage, &tenant.name).await.map_err(unavailable)? {
        sessions.end(&token).await.map_err(unavailable)?;
        return Err(refusal(used));
    }
    if let Some(first) = service.first_run() {
        first.console_is_open();
    }
    // The cookie is for all of the tenant's addresses, as that of a sign-in.
    let above: Uri = uri.path().trim_end_matches("/admin/bootstrap").parse().map_err(|_| unavailable_address())?;
    let above: Uri = format!("{}/", above.path()).parse().map_err(|_| unavailable_address())?;
    let scope = CookieScope::of(&above, headers, service.public_url());
    let cookie = [(header::SET_COOKIE, token.cookie(&scope, &tenant.name))];
    Ok((cookie, home::sent("../admin")).into_response())
}

fn unavailable_address() -> Response {
    StatusCode::BAD_REQUEST.into_response()
}

fn refusal(heading: [&str; 2]) -> Response {
    let hint = "运营者可执行 the operator can run: org-harness --tenant TENANT admins set ID".to_owned();
    Page { heading, hint: Some(hint), ..Page::default() }.answer(StatusCode::FORBIDDEN)
}

#[cfg(test)]
mod tests {
    use organisation_host::storage::{MemoryStorage, Options};

    use super::*;

    #[tokio::test]
    async fn a_token_is_made_once_and_good_once() {
        let storage = MemoryStorage::new(Options::default());
        let look_at = async |token: &str| Bootstrap::look_at(&storage, token).await.unwrap();
        assert_eq!(look_at("").await, Presented::Unknown);
        let Bootstrap(token) = Bootstrap::at_first_start(&storage).await.unwrap().unwrap();
        assert!(Bootstrap::at_first_start(&storage).await.unwrap().is_none());
        for guess in ["", "guess"] {
            assert_eq!(look_at(guess).await, Presented::Unknown, "{guess}");
        }
        // Two look at it at the same time; whoever looks without going on leaves it good.
        let (Presented::Good(one), Presented::Good(other)) = (look_at(&token).await, look_at(&token).await) else {
            panic!("nobody has spent it");
        };
        assert!(one.spend(&storage, "acme").await.unwrap());
        assert!(!other.spend(&storage, "globex").await.unwrap());
        assert_eq!(look_at(&token).await, Presented::Spent);
    }

    #[tokio::test]
    async fn a_token_is_good_for_a_day() {
        for (age, is_good) in [(LASTS_MS / 2, true), (LASTS_MS, false)] {
            let storage = MemoryStorage::new(Options::default());
            let Bootstrap(token) = Bootstrap::made_at(&storage, now_ms() - age).await.unwrap().unwrap();
            let found = Bootstrap::look_at(&storage, &token).await.unwrap();
            assert_eq!(matches!(found, Presented::Good(_)), is_good, "{age}: {found:?}");
            assert_eq!(found == Presented::Expired, !is_good, "{age}");
        }
    }
}
