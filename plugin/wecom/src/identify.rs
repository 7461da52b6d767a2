//! What only WeCom knows about a login code: where it is asked about, what the answer names, and which refusals leave
//! the code untouched.

use crate::{
    api::{
        answer::{self, Cause, Miss},
        client::{Call, Client},
        codes::{self, Class},
        endpoint::Api,
    },
    contract::login::{LinkedIdentity, OutsiderIdentity, SensitiveFields},
    failure::Failure,
    kit::{
        config::Common,
        vendor::{Identified, IdentifyError},
    },
    platform::Platform,
    wire::login::{DetailAnswer, DetailRequest, IdentityAnswer},
};

/// Codes that come before the code is looked at: the address, the app or the permission is refused.
const BEFORE_THE_CODE: [i64; 13] =
    [41001, 48001, 48002, 48004, 48005, 48006, 48010, 50003, 50006, 60020, 60031, 301_002, 301_007];

/// Asks who stands behind a code (doc 91023), on the legacy path where the current one does not exist.
pub(crate) fn identify<P: Platform>(
    client: &Client<'_, P>,
    common: &Common,
    code: &str,
) -> Result<Identified, IdentifyError> {
    let call = |api| Call::get(api, vec![("code", code.to_owned())]);
    let (api, outcome) = match client.once(&call(Api::AuthGetUserInfo)) {
        Err(miss) if miss.cause == Cause::Status(404) => {
            (Api::UserGetUserInfo, client.once(&call(Api::UserGetUserInfo)))
        }
        outcome => (Api::AuthGetUserInfo, outcome),
    };
    let text = outcome.map_err(|Miss { failure, cause, .. }| IdentifyError { failure, may_retry: may_retry(cause) })?;
    // A sound answer has spent the code.
    let spent = |failure| IdentifyError { failure, may_retry: false };
    let answer = serde_json::from_str(&text).map_err(|error| spent(answer::unreadable(api, &error).failure))?;
    named(common, answer).ok_or_else(|| spent(answer::without(api, "identity").failure))
}

/// Whether the same code may well work later. Only an error of WeCom's own that is about the code says no: everything
/// else comes before the code is looked at, or leaves open whether it was, and a code that is spent is refused by name
/// the next time.
fn may_retry(cause: Cause) -> bool {
    match cause {
        Cause::Vendor(code) => {
            matches!(codes::lookup(code).class, Class::Busy | Class::Token | Class::Wait)
                || BEFORE_THE_CODE.contains(&code)
        }
        _ => true,
    }
}

/// Whom an answer names, if anybody. Members of linked organisations come as `CorpId/userid`; our own corp id in front is
/// no link.
fn named(common: &Common, answer: IdentityAnswer) -> Option<Identified> {
    if let Some(id) = answer.member_id() {
        let (corp, id) = id.split_once('/').unwrap_or((&common.organisation, id));
        let id = id.to_owned();
        return Some(if common.ids.is_same(corp, &common.organisation) {
            Identified::Member { id, proof: answer.user_ticket.clone() }
        } else {
            Identified::Linked(LinkedIdentity { organisation_id: corp.to_owned(), id })
        });
    }
    let outsider =
        OutsiderIdentity { open_id: answer.open_id().map(str::to_owned), external_id: answer.external_userid };
    (outsider.open_id.is_some() || outsider.external_id.is_some()).then_some(Identified::Outsider(outsider))
}

/// What a member consented to (doc 95833). Absent is what is not granted, not set, or `0` for the gender.
pub(crate) fn consented<P: Platform>(
    client: &Client<'_, P>,
    common: &Common,
    id: &str,
    ticket: &str,
) -> Result<SensitiveFields, Failure> {
    let api = Api::AuthGetUserDetail;
    let body = serde_json::to_string(&DetailRequest { user_ticket: ticket.to_owned() })
        .map_err(|error| answer::unreadable(api, &error).failure)?;
    let answer: DetailAnswer = client.read(&Call { api, query: Vec::new(), body: Some(body) })?;
    if answer.userid.is_some_and(|found| !common.ids.is_same(&found, id)) {
        return Err(answer::without(api, "fields of that member").failure);
    }
    Ok(SensitiveFields {
        gender: answer.gender.and_then(|gender| match gender.as_str() {
            "1" => Some("male".to_owned()),
            "2" => Some("female".to_owned()),
            _ => None,
        }),
        avatar: answer.avatar,
        qr_code: answer.qr_code,
        mobile: answer.mobile,
        email: answer.email,
        business_email: answer.biz_mail,
        address: answer.address,
    })
}
