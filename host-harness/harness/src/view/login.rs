//! The answers of `login-url`, `homepage-url` and `exchange`.

use organisation_host::contract::login::{
    Authorization, Exchange, Identity, LinkedIdentity, Outcome, OutsiderIdentity, SensitiveFields,
};
use serde::Serialize;

use super::{problem::ProblemView, time};

/// Where a browser is sent.
#[derive(Debug, Serialize)]
pub struct AuthorizationView {
    pub url: String,
    pub state: String,
    pub expires_at: String,
}

impl From<Authorization> for AuthorizationView {
    fn from(authorization: Authorization) -> Self {
        let Authorization { url, state, expires_at } = authorization;
        Self { url, state, expires_at: time(expires_at) }
    }
}

/// The URL for the vendor's console.
#[derive(Debug, Serialize)]
pub struct HomepageView {
    pub url: String,
}

/// Who has signed in.
#[derive(Debug, Serialize)]
pub struct ExchangeView {
    pub outcome: &'static str,
    pub member: Option<IdentityView>,
    pub linked_member: Option<LinkedView>,
    pub outsider: Option<OutsiderView>,
    pub state_verified: bool,
    pub return_to: Option<String>,
    pub warnings: Vec<ProblemView>,
}

/// A member of the organisation.
#[derive(Debug, Serialize)]
pub struct IdentityView {
    pub id: String,
    pub name: Option<String>,
    pub departments: Vec<String>,
    pub roles: Vec<String>,
    pub in_directory: bool,
    pub in_visible_range: bool,
    pub sensitive: Option<SensitiveView>,
}

/// What a member consented to.
#[derive(Debug, Serialize)]
pub struct SensitiveView {
    pub gender: Option<String>,
    pub avatar: Option<String>,
    pub qr_code: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    pub business_email: Option<String>,
    pub address: Option<String>,
}

/// A member of a linked organisation.
#[derive(Debug, Serialize)]
pub struct LinkedView {
    pub organisation_id: String,
    pub id: String,
}

/// Somebody who is no member.
#[derive(Debug, Serialize)]
pub struct OutsiderView {
    pub open_id: Option<String>,
    pub external_id: Option<String>,
}

impl ExchangeView {
    /// The member's name, or what stands for it.
    pub fn person(&self) -> Option<String> {
        self.member.as_ref().map(|member| member.name.clone().unwrap_or_else(|| member.id.clone()))
    }
}

impl From<Exchange> for ExchangeView {
    fn from(exchange: Exchange) -> Self {
        let Exchange { outcome, return_to, state_verified, warnings } = exchange;
        let mut view = Self {
            outcome: "member",
            member: None,
            linked_member: None,
            outsider: None,
            state_verified,
            return_to,
            warnings: warnings.into_iter().map(ProblemView::from).collect(),
        };
        match outcome {
            Outcome::Member(identity) => {
                if identity.roles.is_empty() {
                    view.warnings.push(no_role());
                }
                view.member = Some(identity.into());
            }
            Outcome::LinkedMember(LinkedIdentity { organisation_id, id }) => {
                view.outcome = "linked-member";
                view.linked_member = Some(LinkedView { organisation_id, id });
            }
            Outcome::Outsider(OutsiderIdentity { open_id, external_id }) => {
                view.outcome = "outsider";
                view.outsider = Some(OutsiderView { open_id, external_id });
            }
        }
        view
    }
}

/// Signing in says who somebody is. Whether a member without a role may enter is the platform's decision.
fn no_role() -> ProblemView {
    ProblemView {
        path: "roles".to_owned(),
        code: "no-role".to_owned(),
        severity: "warning",
        message: "the member has no application role, so the platform may refuse entry".to_owned(),
        hint: Some(
            "以 roles set ID ROLE 为该成员分配角色，或以 roles rules 设置规则 / give the member a role with `roles set ID ROLE`, or \
               many by rules with `roles rules`"
                .to_owned(),
        ),
    }
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        let Identity { id, name, departments, roles, in_directory, in_visible_range, sensitive } = identity;
        Self { id, name, departments, roles, in_directory, in_visible_range, sensitive: sensitive.map(Into::into) }
    }
}

impl From<SensitiveFields> for SensitiveView {
    fn from(fields: SensitiveFields) -> Self {
        let SensitiveFields { gender, avatar, qr_code, mobile, email, business_email, address } = fields;
        Self { gender, avatar, qr_code, mobile, email, business_email, address }
    }
}
