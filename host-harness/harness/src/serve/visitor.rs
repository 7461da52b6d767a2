//! Who opens a page: looked up anew for each, so that nobody who left, or lost what entry asks for, goes on with an open one.

use axum::http::HeaderMap;
use organisation_fleet::tenants::Tenant;
use organisation_host::contract::{directory::Member, types::Reason};

use super::{
    binding::CookieScope,
    refusal::{Refuse, SignInRefusal},
    service::Service,
    sessions::{Session, Sessions, Token},
    sign_in::hurried,
};

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Visitor {
    pub token: Token,
    pub session: Session,
    /// As the copy has the person; `None` where it has not.
    pub member: Option<Member>,
}

/// Who a browser says it is.
pub enum Seen {
    Visitor(Box<Visitor>),
    /// Somebody whose session has just ended, since the person is no member any more, or has no role.
    Ended,
    Nobody,
}

/// Looks at the session of a request.
///
/// # Errors
/// Storage or element do not answer: nobody is let in then.
pub async fn seen(
    service: &Service,
    tenant: &Tenant,
    headers: &HeaderMap,
    scope: &CookieScope,
) -> Result<Seen, SignInRefusal> {
    let refused = Refuse(headers);
    let sessions = Sessions::new(service.storage(), tenant);
    let found = sessions.find(headers, scope).await.map_err(|error| refused.unavailable(&error))?;
    let Some((token, session)) = found else { return Ok(Seen::Nobody) };
    let member = match &session.member {
        Some(id) => refused.unless_unknown(hurried(tenant).find_member(id).reported().await)?,
        None => None,
    };
    if !session.holds(member.as_ref(), tenant.sign_in) {
        sessions.end(&token).await.map_err(|error| refused.unavailable(&error))?;
        return Ok(Seen::Ended);
    }
    Ok(Seen::Visitor(Box::new(Visitor { token, session, member })))
}

/// Whether an element says with this that it does not know a member. A copy of another organisation knows nobody.
pub fn is_unknown(reason: &Reason) -> bool {
    matches!(reason, Reason::NotFound | Reason::Conflict)
}
