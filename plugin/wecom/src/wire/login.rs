//! Answers around signing in: the access token, the exchange of a code, and what a member consented to.
//!
//! None of these types has a `Debug` form: all hold what must not be seen.

use serde::Deserialize;

use organisation_kit::{contract::login::SensitiveFields, token::FetchedToken};

use super::{
    member::gender_of,
    tolerant::{self, UnreadableField, WireField, object},
};

/// The answer of `gettoken` (doc 91039): a token of up to 512 bytes or more, empty where there is none.
#[derive(Deserialize)]
#[serde(try_from = "WireField<RawToken>")]
pub struct TokenAnswer(FetchedToken);

object! {
    /// Its life in seconds, normally 7,200.
    struct RawToken {
        access_token: String,
        expires_in: u64,
    }
}

impl TryFrom<WireField<RawToken>> for TokenAnswer {
    type Error = UnreadableField;

    fn try_from(raw: WireField<RawToken>) -> Result<Self, UnreadableField> {
        let raw = raw.or_fail("the answer")?.unwrap_or_default();
        let token = raw.access_token.or_fail("access_token")?.unwrap_or_default();
        let seconds = raw.expires_in.value().ok_or(UnreadableField("expires_in"))?;
        Ok(Self(FetchedToken { token, life_ms: seconds.saturating_mul(1_000) }))
    }
}

impl From<TokenAnswer> for FetchedToken {
    fn from(TokenAnswer(fetched): TokenAnswer) -> Self {
        fetched
    }
}

/// The answer of `auth/getuserinfo` (docs 91023, 98176) and of its legacy path, whose keys are capitalised.
pub(crate) struct IdentityAnswer {
    /// The id of a member; `CorpId/userid` for one of a linked organisation.
    pub(crate) member_id: Option<String>,
    /// The id of somebody who is no member.
    pub(crate) open_id: Option<String>,
    /// A customer of the company, when the follower is in the visible range.
    pub(crate) external_userid: Option<String>,
    /// Proof of consent, good for 1,800 s. After `snsapi_privateinfo` only, for members in the visible range.
    pub(crate) user_ticket: Option<String>,
}

object! {
    struct RawIdentity {
        userid: String,
        legacy_userid = "UserId": String,
        openid: String,
        legacy_openid = "OpenId": String,
        external_userid: String,
        user_ticket: String,
    }
}

/// Reads the answer. Fails where any id cannot be read: nobody may be taken for somebody else.
pub(crate) fn parse_identity(text: &str) -> Result<IdentityAnswer, serde_json::Error> {
    let raw: RawIdentity = tolerant::parse(text)?;
    let id = |name, field: WireField<String>| field.or_fail(name).map(|id| id.filter(|id| !id.is_empty()));
    let (userid, legacy_userid) = (id("userid", raw.userid)?, id("UserId", raw.legacy_userid)?);
    let (openid, legacy_openid) = (id("openid", raw.openid)?, id("OpenId", raw.legacy_openid)?);
    Ok(IdentityAnswer {
        member_id: userid.or(legacy_userid),
        open_id: openid.or(legacy_openid),
        external_userid: id("external_userid", raw.external_userid)?,
        user_ticket: raw.user_ticket.text(),
    })
}

/// The answer of `auth/getuserdetail` (doc 95833).
pub(crate) struct DetailAnswer {
    /// The member whom the ticket is about.
    pub(crate) userid: Option<String>,
    /// Absent is what is not granted or not set, or cannot be read.
    pub(crate) fields: SensitiveFields,
}

object! {
    struct RawDetail {
        userid: String,
        gender: String,
        avatar: String,
        qr_code: String,
        mobile: String,
        email: String,
        biz_mail: String,
        address: String,
    }
}

/// Reads the answer. Fails where it cannot be read whom it is about.
pub(crate) fn parse_detail(text: &str) -> Result<DetailAnswer, serde_json::Error> {
    let raw: RawDetail = tolerant::parse(text)?;
    Ok(DetailAnswer {
        userid: raw.userid.or_fail("userid")?.filter(|id| !id.is_empty()),
        fields: SensitiveFields {
            gender: raw.gender.value().and_then(|gender| gender_of(&gender)),
            avatar: raw.avatar.text(),
            qr_code: raw.qr_code.text(),
            mobile: raw.mobile.text(),
            email: raw.email.text(),
            business_email: raw.biz_mail.text(),
            address: raw.address.text(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(json: &str) -> (Option<String>, Option<String>, Option<String>, Option<String>) {
        let answer = parse_identity(json).unwrap();
        (answer.member_id, answer.open_id, answer.external_userid, answer.user_ticket)
    }

    #[test]
    fn both_spellings_of_an_identity_are_read() {
        let some = |text: &str| Some(text.to_owned());
        for (json, expected) in [
            (
                r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","user_ticket":"dGlja2V0"}"#,
                (some("zhangsan"), None, None, some("dGlja2V0")),
            ),
            (
                r#"{"errcode":0,"errmsg":"ok","openid":"oSample","external_userid":"wmSample"}"#,
                (None, some("oSample"), some("wmSample"), None),
            ),
            (
                r#"{"UserId":"zhangsan","DeviceId":"d","user_ticket":"t","expires_in":1800}"#,
                (some("zhangsan"), None, None, some("t")),
            ),
            (r#"{"OpenId":"oSample","DeviceId":""}"#, (None, some("oSample"), None, None)),
            (r#"{"userid":"new","UserId":"old"}"#, (some("new"), None, None, None)),
            (r#"{"userid":"","UserId":"old","user_ticket":""}"#, (some("old"), None, None, None)),
            (r#"{"userid":10086}"#, (some("10086"), None, None, None)),
            (r#"{"userid":null,"openid":null}"#, (None, None, None, None)),
        ] {
            assert_eq!(ids(json), expected, "{json}");
        }
    }

    #[test]
    fn the_life_of_a_token_may_be_text() {
        for json in
            [r#"{"access_token":"t","expires_in":7200}"#, r#"{"errcode":0,"access_token":"t","expires_in":"7200"}"#]
        {
            assert_eq!(serde_json::from_str::<TokenAnswer>(json).map(|answer| answer.0.life_ms).unwrap(), 7_200_000);
        }
    }

    #[test]
    fn empty_details_are_absent() {
        let json = r#"{"userid":"zhangsan","gender":"0","mobile":"","email":null,"biz_mail":"z@example.com"}"#;
        let answer = parse_detail(json).unwrap();
        assert_eq!(answer.userid.as_deref(), Some("zhangsan"));
        let SensitiveFields { gender, mobile, email, qr_code, business_email, .. } = answer.fields;
        assert_eq!((gender, mobile, email, qr_code), (None, None, None, None));
        assert_eq!(business_email.as_deref(), Some("z@example.com"));
    }
}
