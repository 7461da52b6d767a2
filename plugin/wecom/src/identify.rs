//! What only WeCom knows about a login code: where it is asked about, what the answer names, and which refusals leave
//! the code untouched.

use organisation_kit::{
    calls::LoginCode,
    config::Common,
    contract::login::{LinkedIdentity, OutsiderIdentity, SensitiveFields},
    failure::Failure,
    vendor::{Identified, IdentifyError},
};

use crate::{
    api::{answer, client::WeComClient},
    config::Config,
    wire::login::{IdentityAnswer, parse_detail, parse_identity},
};

/// Asks who stands behind a code (doc 91023), on the legacy path where the current one does not exist.
pub(crate) fn identify(
    client: &WeComClient<'_>,
    common: &Common,
    code: LoginCode<'_>,
) -> Result<Identified, IdentifyError> {
    let answer = client.calls.present(code, &[Config::auth_get_user_info, Config::user_get_user_info]);
    let (call, text) =
        answer.map_err(|failure| IdentifyError { may_retry: answer::may_leave_code_unspent(&failure), failure })?;
    // A sound answer has spent the code.
    let spent = |failure| IdentifyError { failure, may_retry: false };
    let answer = answer::read(&call, &text, parse_identity).map_err(spent)?;
    named(common, answer).ok_or_else(|| spent(answer::without(&call, "identity")))
}

/// Whom an answer names, if anybody. Members of linked organisations come as `CorpId/userid`; our own corp id in front is
/// no link.
fn named(common: &Common, answer: IdentityAnswer) -> Option<Identified> {
    if let Some(id) = &answer.member_id {
        let (corp, id) = id.split_once('/').unwrap_or((&common.organisation, id));
        let id = id.to_owned();
        return Some(if common.ids.is_same(corp, &common.organisation) {
            Identified::Member { id, proof: answer.user_ticket }
        } else {
            Identified::Linked(LinkedIdentity { organisation_id: corp.to_owned(), id })
        });
    }
    let outsider = OutsiderIdentity { open_id: answer.open_id, external_id: answer.external_userid };
    (outsider.open_id.is_some() || outsider.external_id.is_some()).then_some(Identified::Outsider(outsider))
}

/// What a member consented to (doc 95833).
pub(crate) fn consented(
    client: &WeComClient<'_>,
    common: &Common,
    id: &str,
    ticket: &str,
) -> Result<SensitiveFields, Failure> {
    let call = client.config().auth_get_user_detail(ticket);
    let answer = client.calls.with_retries(&call, |text| answer::read(&call, text, parse_detail))?;
    if answer.userid.is_some_and(|found| !common.ids.is_same(&found, id)) {
        return Err(answer::without(&call, "fields of that member"));
    }
    Ok(answer.fields)
}
