//! What callers hold for a while: access tokens, login codes and user tickets, with their lifetimes in simulated time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::clock::{UnixMillis, millis};
use crate::corp::SensitiveField;
use crate::secret::{Secret, random_text};

/// Lifetime of an access token (doc 91039).
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(7200);
/// Lifetime of a login code (doc 91023).
pub const CODE_LIFETIME: Duration = Duration::from_secs(300);
/// Lifetime of a user ticket (doc 91023).
pub const TICKET_LIFETIME: Duration = Duration::from_secs(1800);

/// Who holds a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// A self-built app.
    App(u64),
    /// The contact-sync assistant.
    ContactSync,
}

/// Whom a login code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// A member of the corp.
    Member(String),
    /// A member of an interlinked corp; known as `CorpId/userid`.
    LinkedMember {
        /// The other corp.
        corp: String,
        /// The member's id there.
        id: String,
    },
    /// Somebody outside.
    Outsider {
        /// Per-corp id of the person.
        openid: String,
        /// Present when the person is a customer.
        external_userid: Option<String>,
    },
}

/// A login code's content.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) visitor: Visitor,
    /// The app named by the sign-in address, if it named one.
    pub(crate) app: Option<u64>,
    /// Host of the redirect address, as written.
    pub(crate) host: String,
    /// Fields the person consented to; `Some` for `snsapi_privateinfo` with an app.
    pub(crate) consent: Option<BTreeSet<SensitiveField>>,
    expires: UnixMillis,
    used: bool,
}

/// A user ticket's content.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) member: String,
    pub(crate) app: u64,
    pub(crate) consent: BTreeSet<SensitiveField>,
    pub(crate) expires: UnixMillis,
}

#[derive(Clone, Debug)]
struct Token {
    caller: Caller,
    expires: UnixMillis,
}

/// What a token is worth now.
pub(crate) enum TokenState {
    Unknown,
    Expired,
    Valid(Caller),
}

/// What a code is worth now.
pub(crate) enum CodeState {
    Unknown,
    Used,
    Expired,
    Fresh,
}

/// All tokens, codes and tickets ever issued and not revoked.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    tokens: HashMap<Secret, Token>,
    current: HashMap<Caller, Secret>,
    codes: HashMap<Secret, Code>,
    tickets: HashMap<Secret, Ticket>,
}

impl Credentials {
    /// The caller's token and the milliseconds it has left; the same one while valid, if `same`.
    pub(crate) fn token(
        &mut self,
        caller: Caller,
        now: UnixMillis,
        same: bool,
        random: &mut fastrand::Rng,
    ) -> (Secret, u64) {
        let current = self.current.get(&caller).filter(|_| same);
        if let Some((secret, token)) = current.and_then(|secret| Some((secret, self.tokens.get(secret)?)))
            && token.expires > now
        {
            return (secret.clone(), token.expires - now);
        }
        let secret = Secret::new(random_text(random, 214));
        let lifetime = millis(TOKEN_LIFETIME);
        self.tokens.insert(secret.clone(), Token { caller, expires: now + lifetime });
        self.current.insert(caller, secret.clone());
        (secret, lifetime)
    }

    pub(crate) fn token_state(&self, token: &str, now: UnixMillis) -> TokenState {
        match self.tokens.get(&Secret::new(token)) {
            None => TokenState::Unknown,
            Some(token) if token.expires <= now => TokenState::Expired,
            Some(token) => TokenState::Valid(token.caller),
        }
    }

    /// Forgets tokens: they answer 40014 from now on.
    pub(crate) fn revoke(&mut self, of: Option<Caller>) {
        self.tokens.retain(|_, token| of.is_some_and(|caller| token.caller != caller));
        self.current.retain(|caller, _| of.is_some_and(|of| *caller != of));
    }

    /// Ends the lifetime of every token: they answer as expired.
    pub(crate) fn expire(&mut self, now: UnixMillis) {
        for token in self.tokens.values_mut() {
            token.expires = token.expires.min(now);
        }
    }

    pub(crate) fn issue_code(
        &mut self,
        visitor: Visitor,
        app: Option<u64>,
        host: String,
        consent: Option<BTreeSet<SensitiveField>>,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> Secret {
        let secret = Secret::new(random_text(random, 43));
        let expires = now + millis(CODE_LIFETIME);
        self.codes.insert(secret.clone(), Code { visitor, app, host, consent, expires, used: false });
        secret
    }

    pub(crate) fn code_state(&self, code: &str, now: UnixMillis) -> CodeState {
        match self.codes.get(&Secret::new(code)) {
            None => CodeState::Unknown,
            Some(code) if code.used => CodeState::Used,
            Some(code) if code.expires <= now => CodeState::Expired,
            Some(_) => CodeState::Fresh,
        }
    }

    pub(crate) fn code(&self, code: &str) -> Option<&Code> {
        self.codes.get(&Secret::new(code))
    }

    /// Marks a code as used.
    pub(crate) fn spend_code(&mut self, code: &str) {
        if let Some(code) = self.codes.get_mut(&Secret::new(code)) {
            code.used = true;
        }
    }

    pub(crate) fn issue_ticket(
        &mut self,
        member: String,
        app: u64,
        consent: BTreeSet<SensitiveField>,
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> Secret {
        let secret = Secret::new(random_text(random, 96));
        self.tickets.insert(secret.clone(), Ticket { member, app, consent, expires: now + millis(TICKET_LIFETIME) });
        secret
    }

    pub(crate) fn ticket(&self, ticket: &str) -> Option<&Ticket> {
        self.tickets.get(&Secret::new(ticket))
    }
}
