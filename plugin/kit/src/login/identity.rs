//! From what WeCom says about a code to an identity of the contract.
//!
//! By now the code is spent, so whatever cannot be read about a known member on the way becomes a warning: the
//! sign-in holds. Only the local copy has to answer, because roles come from it.

use crate::{
    config::Config,
    contract::{
        login::{Identity, LinkedIdentity, Outcome, OutsiderIdentity, SensitiveFields},
        types::{Problem, Reason, Severity},
    },
    directory::{lookup, member::Member},
    failure::Failure,
    login::state::Door,
    platform::Platform,
    text::Text,
    vendor::{
        answer,
        api::Api,
        client::{Call, Client},
        rows::members,
        wire::{
            login::{DetailAnswer, DetailRequest, IdentityAnswer},
            member::{self, ID_BYTES},
        },
    },
};

/// Codes of `user/get` that mean: not within the app's visible range, or no longer there (docs 90196, 90313).
const NOT_VISIBLE: [i64; 4] = [40003, 50002, 60011, 60111];

/// Who came, and what could not be read about them.
pub(super) struct Seen {
    pub(super) outcome: Outcome,
    pub(super) warnings: Vec<Problem>,
}

/// Finds out who came. `door` is unknown for a home page URL.
///
/// # Errors
/// `unexpected-answer` when WeCom names nobody; what storage fails with.
pub(super) fn resolve<P: Platform>(
    platform: &P,
    config: &Config,
    client: &Client<'_, P>,
    door: Option<Door>,
    answer: IdentityAnswer,
) -> Result<Seen, Failure> {
    let mut warnings = Vec::new();
    let outcome = match answer.member_id() {
        Some(id) => match split(id, &config.corp_id)? {
            (None, id) => {
                let reader = Reader { platform, config, client };
                Outcome::Member(reader.member(id, door, answer.user_ticket.clone(), &mut warnings)?)
            }
            (Some(organisation), id) => {
                Outcome::LinkedMember(LinkedIdentity { organisation_id: organisation.to_owned(), id: id.to_owned() })
            }
        },
        None if answer.open_id().is_some() || answer.external_userid.is_some() => Outcome::Outsider(OutsiderIdentity {
            open_id: answer.open_id().map(str::to_owned),
            external_id: answer.external_userid,
        }),
        None => return Err(nobody("names nobody")),
    };
    Ok(Seen { outcome, warnings })
}

/// Takes `CorpId/userid`, the form of linked organisations, apart. Our own corp id in front is no link.
fn split<'t>(id: &'t str, corp_id: &str) -> Result<(Option<&'t str>, &'t str), Failure> {
    let (organisation, id) = match id.split_once('/') {
        None => (None, id),
        Some((organisation, id)) if organisation == corp_id => (None, id),
        Some((organisation, id)) => (Some(organisation), id),
    };
    // Half an id, or text of any length that becomes part of a key, must not pass for a member.
    let is_id = |text: &str| (1..=ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
    if is_id(id) && organisation.is_none_or(is_id) { Ok((organisation, id)) } else { Err(nobody("holds no sound id")) }
}

fn nobody(what: &str) -> Failure {
    Failure::new(Reason::UnexpectedAnswer, format!("the answer of {} {what}", Api::AuthGetUserInfo.path())).with_hint(
        Text::new(
            "企业微信未返回登录者的身份，请重新登录；若持续出现请联系平台支持",
            "WeCom did not say who signs in: sign in again, and tell the platform's support if it happens again",
        ),
    )
}

struct Reader<'r, 'a, P: Platform> {
    platform: &'r P,
    config: &'r Config,
    client: &'r Client<'a, P>,
}

impl<P: Platform> Reader<'_, '_, P> {
    fn member(
        &self,
        id: &str,
        door: Option<Door>,
        ticket: Option<String>,
        warnings: &mut Vec<Problem>,
    ) -> Result<Identity, Failure> {
        let mut identity = match lookup::find(self.platform, id)? {
            Some(found) if found.present => Identity {
                id: found.id,
                name: Some(found.name).filter(|name| !name.is_empty()),
                departments: found.departments,
                roles: found.roles,
                in_directory: true,
                in_visible_range: true,
                sensitive: None,
            },
            // Who has left the range holds no role until a sync has seen them return.
            _ => self.stranger(id, ticket.is_some(), warnings),
        };
        match ticket {
            Some(ticket) => match self.details(&identity.id, ticket) {
                Ok(fields) => identity.sensitive = Some(fields),
                Err(failure) => warnings.push(self.warning("sensitive", "sensitive-fields-not-read", failure)),
            },
            None if door == Some(Door::WorkspaceConsent) => {
                let failure = Failure::new(
                    Reason::NotPermitted,
                    "the consent page brought no ticket for sensitive fields: the member is outside the visible \
                     range or the app id is wrong",
                )
                .with_hint(Text::new(
                    "未获得敏感信息授权：请确认该成员在应用可见范围内，且 agentId 正确",
                    "no sensitive fields were granted: check that the member is in the visible range and agentId is right",
                ));
                warnings.push(self.warning("sensitive", "sensitive-fields-not-granted", failure));
            }
            None => {}
        }
        Ok(identity)
    }

    /// A member whom the local copy does not hold as present. WeCom gives a ticket to members in the visible range
    /// only, so a ticket proves the range even where the member cannot be read.
    fn stranger(&self, id: &str, has_ticket: bool, warnings: &mut Vec<Problem>) -> Identity {
        let mut identity = Identity {
            id: id.to_owned(),
            name: None,
            departments: Vec::new(),
            roles: Vec::new(),
            in_directory: false,
            in_visible_range: has_ticket,
            sensitive: None,
        };
        match self.read(id) {
            Ok(member) => {
                identity.id = member.id;
                identity.name = Some(member.name).filter(|name| !name.is_empty());
                identity.departments = member.departments.into_iter().map(|membership| membership.id).collect();
                identity.in_visible_range = true;
            }
            Err(failure) if failure.vendor_code.is_some_and(|code| NOT_VISIBLE.contains(&code)) => {}
            Err(failure) => warnings.push(self.warning("member", "member-not-read", failure)),
        }
        identity
    }

    fn read(&self, id: &str) -> Result<Member, Failure> {
        let call = Call::get(Api::UserGet, vec![("userid", id.to_owned())]);
        let text = self.client.read_text(&call)?;
        let row = member::parse(&text).map_err(|error| answer::unreadable(&call, &error).failure)?;
        let found = members([row]).into_iter().find(|member| same(&member.id, id));
        found.ok_or_else(|| answer::without(&call, "member of that id").failure)
    }

    /// What the member consented to (doc 95833). Absent is what is not granted, not set, or `0` for the gender.
    fn details(&self, id: &str, ticket: String) -> Result<SensitiveFields, Failure> {
        let api = Api::AuthGetUserDetail;
        let body = serde_json::to_string(&DetailRequest { user_ticket: ticket })
            .map_err(|error| answer::unreadable(&api, &error).failure)?;
        let answer: DetailAnswer = self.client.read(&Call::post(api, body))?;
        if answer.userid.is_some_and(|found| !same(&found, id)) {
            return Err(answer::without(&api, "fields of that member").failure);
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

    fn warning(&self, path: &str, code: &str, failure: Failure) -> Problem {
        let hint = failure.hint.map(|hint| hint.show(self.config.locale)).unwrap_or_default();
        Problem {
            path: path.to_owned(),
            code: code.to_owned(),
            severity: Severity::Warning,
            message: failure.message.line(self.config.locale),
            hint,
        }
    }
}

/// Member ids compare ignoring case.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests;
