//! What follows from a choice on the page: a redirect with a code, a redirect without, or a refusal.

use std::collections::BTreeSet;

use super::redirect::append;
use super::request::{Entry, Refusal, SignIn};
use crate::api::{Query, query_value};
use crate::corp::{SensitiveField, Status};
use crate::credentials::{Caller, Visitor};
use crate::secret::random_text;
use crate::world::World;

const NO_PERMISSION: Refusal = Refusal {
    code: Some(50002),
    zh: "没有权限：你不在该应用的可见范围内",
    en: "no permission: you are outside the app's visible range",
};
const NO_ACCOUNT: Refusal = Refusal {
    code: Some(60111),
    zh: "该成员不存在、未激活、已禁用或已离职",
    en: "this member does not exist, is not activated, is disabled or has left",
};
const NO_CHOICE: Refusal = Refusal { code: Some(40058), zh: "请选择一个身份", en: "choose who signs in" };

/// The choice made on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Deny,
    SignIn(Visitor),
}

impl Decision {
    /// Reads the page's form: the buttons are named `member` or `choice`.
    pub(crate) fn read(form: &Query, random: &mut fastrand::Rng) -> Result<Self, Refusal> {
        if let Some(id) = query_value(form, "member") {
            return Ok(Self::SignIn(Visitor::Member(id.to_owned())));
        }
        let typed = query_value(form, "typed").unwrap_or_default().to_owned();
        let mut openid = |prefix: &str| format!("{prefix}{}", random_text(random, 26));
        Ok(match query_value(form, "choice") {
            Some("deny") => Self::Deny,
            Some("outsider") => Self::SignIn(Visitor::Outsider { openid: openid("o"), external_userid: None }),
            Some("customer") => {
                Self::SignIn(Visitor::Outsider { openid: openid("o"), external_userid: Some(openid("wm")) })
            }
            Some("linked") => {
                let corp = query_value(form, "linked_corp").ok_or(NO_CHOICE)?.to_owned();
                Self::SignIn(Visitor::LinkedMember { corp, id: typed })
            }
            Some("typed") if !typed.is_empty() => Self::SignIn(Visitor::Member(typed)),
            _ => return Err(NO_CHOICE),
        })
    }
}

/// Where the browser goes next.
pub(crate) fn decide(world: &mut World, sign_in: &SignIn, form: &Query) -> Result<String, Refusal> {
    let visitor = match Decision::read(form, &mut world.random)? {
        Decision::Deny => return Ok(with_state(sign_in, Vec::new())),
        Decision::SignIn(visitor) => admit(world, sign_in, visitor)?,
    };
    let granted = sign_in.app.and_then(|id| world.corp().app(id)).map(|app| app.sensitive_fields.clone());
    let consent =
        sign_in.private.then(|| consented(form).intersection(&granted.unwrap_or_default()).copied().collect());
    let now = world.now();
    let code =
        world.credentials.issue_code(visitor, sign_in.app, sign_in.host.clone(), consent, (now, &mut world.random));
    let appid = world.behaviour.quirks.redirect_with_appid.then(|| world.corp().id().to_owned());
    let mut pairs = vec![("code", code.reveal())];
    pairs.extend(appid.as_deref().map(|appid| ("appid", appid)));
    Ok(with_state(sign_in, pairs))
}

/// Checks the person: a member must be active, and in range for browser sign-in and for sensitive fields. A silent in-app
/// sign-in admits members out of range; the app decides then.
fn admit(world: &mut World, sign_in: &SignIn, visitor: Visitor) -> Result<Visitor, Refusal> {
    let needs_range = sign_in.private || sign_in.entry != Entry::Client;
    let Visitor::Member(id) = &visitor else {
        return if sign_in.private { Err(NO_PERMISSION) } else { Ok(visitor) };
    };
    let corp = world.corp().clone();
    let member = corp.member(id).filter(|member| member.status == Status::Active).ok_or(NO_ACCOUNT)?;
    let range = sign_in.app.and_then(|app| world.range(Caller::App(app)));
    if needs_range && !range.is_some_and(|range| range.member(member)) {
        return Err(NO_PERMISSION);
    }
    Ok(Visitor::Member(member.id.clone()))
}

fn consented(form: &Query) -> BTreeSet<SensitiveField> {
    form.iter().filter(|(name, _)| name == "consent").filter_map(|(_, field)| SensitiveField::named(field)).collect()
}

fn with_state<'a>(sign_in: &'a SignIn, mut pairs: Vec<(&'a str, &'a str)>) -> String {
    let state = sign_in.state.as_deref().map(|state| ("state", state));
    // Code first, state second, anything else after: the documented order.
    pairs.splice(pairs.len().min(1)..pairs.len().min(1), state);
    append(&sign_in.redirect, &pairs)
}
