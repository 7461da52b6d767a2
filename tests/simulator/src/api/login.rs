//! Exchange of login codes and user tickets (docs 91023, 98176, 95833), in both spellings.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::call::Call;
use crate::corp::{App, Corp, Gender, Member, SensitiveField};
use crate::credentials::{Code, CodeState, TICKET_LIFETIME, Visitor};

/// The keys of one edition of `getuserinfo`.
struct Casing {
    member: &'static str,
    openid: &'static str,
    legacy: bool,
}

/// `auth/getuserinfo`.
pub(crate) fn user_info(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    exchange(call, &Casing { member: "userid", openid: "openid", legacy: false })
}

/// The older `user/getuserinfo`: capitalised keys, and `DeviceId`.
pub(crate) fn legacy_user_info(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    exchange(call, &Casing { member: "UserId", openid: "OpenId", legacy: true })
}

/// Consumes a code. It is spent only when it is answered: a refusal leaves it for the app it belongs to.
fn exchange(call: &mut Call<'_>, casing: &Casing) -> Result<Answer, Refusal> {
    let now = call.world.now();
    let text = call.query("code").ok_or(41008)?.to_owned();
    match call.world.credentials.code_state(&text, now) {
        CodeState::Unknown => return Err(40029.into()),
        CodeState::Used => return Err(call.world.behaviour.switches.used_code.into()),
        CodeState::Expired => return Err(call.world.behaviour.switches.expired_code.into()),
        CodeState::Fresh => {}
    }
    let code = call.world.credentials.code(&text).ok_or(40029)?.clone();
    let app = call.app()?.clone();
    if !trusts(&app, &code.host) {
        return Err(50001.into());
    }
    call.world.credentials.spend_code(&text);
    let mut fields = match &code.visitor {
        Visitor::Member(id) => {
            // A member who left between the sign-in and the exchange has no identity any more.
            let member = call.view.corp.member(id).ok_or(40029)?.clone();
            let mut fields = vec![(casing.member, Value::from(member.id.clone()))];
            fields.extend(ticket(call, &app, &code, &member, casing.legacy));
            fields
        }
        Visitor::LinkedMember { corp, id } => vec![(casing.member, Value::from(format!("{corp}/{id}")))],
        Visitor::Outsider { openid, external_userid } => {
            let external = external_userid.iter().map(|id| ("external_userid", Value::from(id.as_str())));
            [(casing.openid, Value::from(openid.as_str()))].into_iter().chain(external).collect()
        }
    };
    if casing.legacy {
        fields.push(("DeviceId", Value::from("")));
    }
    Ok(Answer::ok(fields))
}

/// The user ticket: only after `snsapi_privateinfo` with this app named, for a member in range.
fn ticket(call: &mut Call<'_>, app: &App, code: &Code, member: &Member, legacy: bool) -> Vec<(&'static str, Value)> {
    let Some(consent) = code.consent.clone().filter(|_| code.app == Some(app.id) && call.view.range.member(member))
    else {
        return Vec::new();
    };
    let now = call.world.now();
    let world = &mut *call.world;
    let ticket = world.credentials.issue_ticket(member.id.clone(), app.id, consent, (now, &mut world.random));
    let lifetime = legacy.then(|| ("expires_in", Value::from(TICKET_LIFETIME.as_secs())));
    [("user_ticket", Value::from(ticket.reveal()))].into_iter().chain(lifetime).collect()
}

/// Whether a code that was sent to `host` may be consumed by `app`: in-app trusted domains or the browser's callback domain.
fn trusts(app: &App, host: &str) -> bool {
    app.trusted_domains.iter().chain(&app.login_callback_domain).any(|domain| domain.eq_ignore_ascii_case(host))
}

/// `auth/getuserdetail` and its older twin.
pub(crate) fn user_detail(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let now = call.world.now();
    let app = call.app()?.clone();
    let text = call.text("user_ticket").ok_or(84090)?;
    let ticket = call.world.credentials.ticket(text).filter(|ticket| ticket.app == app.id).ok_or(84015)?.clone();
    if ticket.expires <= now {
        return Err(84014.into());
    }
    let corp: &Corp = &call.view.corp;
    let member = corp.member(&ticket.member).ok_or(60111)?;
    if !call.view.range.member(member) {
        return Err(60021.into());
    }
    if app.sensitive_fields.is_empty() && call.world.behaviour.switches.refuse_ungranted_detail {
        return Err(92001.into());
    }
    let shown: BTreeSet<_> = app.sensitive_fields.intersection(&ticket.consent).copied().collect();
    let mut fields = vec![("userid", Value::from(member.id.as_str()))];
    fields.extend(SensitiveField::ALL.into_iter().filter_map(|field| detail(member, field, shown.contains(&field))));
    Ok(Answer::ok(fields))
}

/// One sensitive field: gender and avatar have a stand-in where they are not granted, the others are missing.
fn detail(member: &Member, field: SensitiveField, granted: bool) -> Option<(&'static str, Value)> {
    let stand_in = match field {
        SensitiveField::Gender => Some(Gender::Unknown.text()),
        SensitiveField::Avatar => Some("https://wework.qpic.cn/default/0"),
        _ => None,
    };
    let text = if granted { Some(sensitive_text(member, field)) } else { stand_in };
    text.map(|text| (field.name(), Value::from(text)))
}

/// The text of a sensitive field.
pub(crate) fn sensitive_text(member: &Member, field: SensitiveField) -> &str {
    match field {
        SensitiveField::Avatar => &member.avatar,
        SensitiveField::Gender => member.gender.text(),
        SensitiveField::Mobile => &member.mobile,
        SensitiveField::Email => &member.email,
        SensitiveField::BizMail => &member.biz_mail,
        SensitiveField::QrCode => &member.qr_code,
        SensitiveField::Address => &member.address,
    }
}
