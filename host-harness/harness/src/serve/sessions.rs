//! Sessions: who is signed in in which browser. They are kept in the tenant's part of the storage, so that every host knows them and
//! a sign-out counts on all of them at once. What is stored is a digest: who reads the database can be nobody.

use std::{
    collections::HashSet,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::HeaderMap;
use organisation_fleet::tenants::{SignIn, Tenant};
use organisation_host::{
    Digest,
    contract::directory::{Member, MemberStatus},
    storage::{FingerprintKey, Op, Scope, Storage, StorageError},
};
use serde::{Deserialize, Serialize};

use super::binding::CookieScope;

/// Beside the tenant's elements: none of theirs can be called so, and it goes with the tenant.
const NAMESPACE: &str = "(sessions)";
/// How the name of a session's cookie begins.
const COOKIE: &str = "org_session_";
/// How long a session lasts, used or not.
const SECONDS: u32 = 12 * 3_600;
/// Of a value that nobody guesses.
const BYTES: usize = 32;
/// How long after a sign-in its person may change what concerns others, in milliseconds.
const FRESH_MS: u64 = 15 * 60 * 1_000;
/// How long the session of somebody lasts whom the copy does not have, in milliseconds: nothing says when such a person leaves or is
/// retired, so a new sign-in has to.
const UNKNOWN_MS: u64 = 60 * 60 * 1_000;
/// How long the session of the first start lasts, in milliseconds. Nobody can show again who it is of.
const BOOTSTRAP_MS: u64 = 60 * 60 * 1_000;

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The member's id; nothing for whoever holds the token of the first start.
    pub member: Option<String>,
    /// What people call the person.
    pub name: String,
    /// Milliseconds since 1970.
    pub began_ms: u64,
    /// Whether the copy held the person then.
    pub was_in_directory: bool,
}

impl Session {
    /// One that begins now.
    pub fn new(member: Option<String>, name: String, was_in_directory: bool) -> Self {
        Self { member, name, began_ms: now_ms(), was_in_directory }
    }

    /// Whether the person has just shown who it is.
    pub fn is_fresh(&self) -> bool {
        self.is_fresh_at(now_ms())
    }

    fn is_fresh_at(&self, now_ms: u64) -> bool {
        self.fresh_until_ms().is_none_or(|until| now_ms < until)
    }

    /// Until when that counts; without end for whoever came by the token of the first start.
    pub fn fresh_until_ms(&self) -> Option<u64> {
        self.member.is_some().then(|| self.began_ms.saturating_add(FRESH_MS))
    }

    /// Whether it goes on for a member whom the copy shows so, `None` for one whom it does not know.
    pub fn holds(&self, member: Option<&Member>, demanded: SignIn) -> bool {
        self.holds_at(now_ms(), member, demanded)
    }

    fn holds_at(&self, now_ms: u64, member: Option<&Member>, demanded: SignIn) -> bool {
        let age = now_ms.saturating_sub(self.began_ms);
        if self.member.is_none() {
            return age < BOOTSTRAP_MS;
        }
        let Some(member) = member else { return !self.was_in_directory && age < UNKNOWN_MS };
        let is_there = matches!(member.status, MemberStatus::Active | MemberStatus::NotActivated);
        is_there && !(demanded.role_required && member.roles.is_empty())
    }
}

/// What a browser holds of a session, and a host makes.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// # Errors
    /// The machine has no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// What a form of this session carries, so that no other site can send it.
    pub fn form_proof(&self, tenant: &str, key: &FingerprintKey) -> String {
        key.fingerprint(&["form", tenant, &self.0])
    }

    /// The cookie.
    pub fn cookie(&self, scope: &CookieScope, tenant: &str) -> String {
        scope.common_cookie(&cookie_name(tenant), &self.0, SECONDS)
    }

    fn key(&self) -> String {
        format!("session/{}", Digest::of(self.0.as_bytes()))
    }
}

/// A cookie that takes the place of the session's and is gone at once.
pub fn no_cookie(scope: &CookieScope, tenant: &str) -> String {
    scope.common_cookie(&cookie_name(tenant), "", 0)
}

/// The names under which a browser holds something that may be a session.
pub struct Held<'a>(HashSet<&'a str>);

impl<'a> Held<'a> {
    /// What this browser holds.
    pub fn of(headers: &'a HeaderMap, scope: &CookieScope) -> Self {
        Self(scope.held_names(COOKIE, headers).collect())
    }

    /// Whether something of this tenant is among it.
    pub fn holds(&self, tenant: &str) -> bool {
        self.0.contains(&*cookie_name(tenant))
    }
}

/// One of each tenant: a browser may be signed in to several.
fn cookie_name(tenant: &str) -> String {
    let digest = Digest::of(tenant.as_bytes()).to_string();
    format!("{COOKIE}{}", digest.get(..16).unwrap_or(&digest))
}

/// The sessions of one tenant.
pub struct Sessions<'a> {
    storage: &'a dyn Storage,
    tenant: &'a str,
}

impl<'a> Sessions<'a> {
    /// Those in this storage.
    pub fn new(storage: &'a dyn Storage, tenant: &'a Tenant) -> Self {
        Self { storage, tenant: &tenant.name }
    }

    /// Begins one. What a browser held before is never taken on, so that nobody can give it a session that he knows.
    ///
    /// # Errors
    /// The storage.
    pub async fn begin(&self, token: &Token, session: &Session) -> Result<(), StorageError> {
        let value = serde_json::to_string(session).map_err(|error| StorageError::Other(error.to_string()))?;
        let put = Op::put(token.key(), value).with_ttl_ms(u64::from(SECONDS) * 1_000).sealed();
        self.storage.apply(&self.scope()?, vec![put]).await.map(drop)
    }

    /// The one that this browser has.
    ///
    /// # Errors
    /// The storage.
    pub async fn find(
        &self,
        headers: &HeaderMap,
        scope: &CookieScope,
    ) -> Result<Option<(Token, Session)>, StorageError> {
        let tokens: Vec<Token> = scope
            .held(&cookie_name(self.tenant), headers)
            .filter(|value| value.len() == 2 * BYTES)
            .take(4)
            .map(|value| Token(value.to_owned()))
            .collect();
        if tokens.is_empty() {
            return Ok(None);
        }
        let keys: Vec<String> = tokens.iter().map(Token::key).collect();
        let found = self.storage.get_many(&self.scope()?, &keys).await?;
        Ok(tokens.into_iter().zip(found).find_map(|(token, entry)| {
            let session = serde_json::from_str(&entry?.value).ok()?;
            Some((token, session))
        }))
    }

    /// Ends one, on every host.
    ///
    /// # Errors
    /// The storage.
    pub async fn end(&self, token: &Token) -> Result<(), StorageError> {
        self.storage.apply(&self.scope()?, vec![Op::delete(token.key())]).await.map(drop)
    }

    fn scope(&self) -> Result<Scope, StorageError> {
        Scope::new(self.tenant, NAMESPACE)
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(status: MemberStatus, roles: &[&str]) -> Member {
        let text = serde_json::json!({
            "id": "lisi", "alternate_ids": [], "name": "李四", "status": "active", "departments": [], "direct_leaders": [],
            "attributes": [], "roles": roles, "suspended_roles": [],
        });
        let member: Member = organisation_host::contract::from_json(text).unwrap();
        Member { status, ..member }
    }

    #[test]
    fn a_session_ends_with_what_its_sign_in_stood_on() {
        let known = Session::new(Some("lisi".to_owned()), "李四".to_owned(), true);
        let unknown = Session { was_in_directory: false, ..known.clone() };
        let demanded = |role_required| SignIn { role_required, ..SignIn::default() };
        use MemberStatus::{Active, Disabled, LeftRange, NotActivated, Resigned};
        for (session, now, role_required, holds) in [
            (&known, Some(member(Active, &[])), false, true),
            (&known, Some(member(NotActivated, &[])), false, true),
            (&known, Some(member(LeftRange, &[])), false, false),
            (&known, Some(member(Resigned, &["clerk"])), true, false),
            (&known, Some(member(Disabled, &[])), false, false),
            (&known, Some(member(Active, &[])), true, false),
            (&known, Some(member(Active, &["clerk"])), true, true),
            (&known, None, false, false),
            (&unknown, None, false, true),
            (&unknown, Some(member(Resigned, &[])), false, false),
        ] {
            assert_eq!(session.holds(now.as_ref(), demanded(role_required)), holds, "{session:?} {now:?}");
        }
    }

    #[test]
    fn what_concerns_others_may_be_changed_for_a_quarter_of_an_hour() {
        let session = Session { began_ms: 1_000_000, ..Session::new(Some(String::new()), String::new(), false) };
        for (now, expected) in [(999_999, true), (1_000_000, true), (1_899_999, true), (1_900_000, false)] {
            assert_eq!(session.is_fresh_at(now), expected, "{now}");
        }
        let first = Session { member: None, ..session };
        for (now, expected) in [(1_000_000, true), (4_599_999, true), (4_600_000, false)] {
            assert_eq!(first.holds_at(now, None, SignIn::default()), expected, "{now}");
            // Of somebody whom the copy has not, nothing says that the person was retired.
            let unknown = Session { member: Some("lisi".to_owned()), ..first.clone() };
            assert_eq!(unknown.holds_at(now, None, SignIn::default()), expected, "{now}");
        }
    }
}
