//! Answers around signing in: the exchange of a code, and what a member consented to.
//!
//! None of these types has a `Debug` form: all hold what must not be seen.

use organisation_kit::contract::login::SensitiveFields;

use super::{
    json_tree::{self, JsonTree},
    member::gender_of,
};

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

/// Reads the answer. Fails where any id cannot be read: nobody may be taken for somebody else.
pub(crate) fn parse_identity(text: &str) -> Result<IdentityAnswer, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let id = |key| JsonTree(&answer).at(key).text_or_fail(key);
    let (userid, legacy_userid) = (id("userid")?, id("UserId")?);
    let (openid, legacy_openid) = (id("openid")?, id("OpenId")?);
    Ok(IdentityAnswer {
        member_id: userid.or(legacy_userid),
        open_id: openid.or(legacy_openid),
        external_userid: id("external_userid")?,
        user_ticket: JsonTree(&answer).at("user_ticket").text(),
    })
}

/// The answer of `auth/getuserdetail` (doc 95833).
pub(crate) struct DetailAnswer {
    /// The member whom the ticket is about.
    pub(crate) userid: Option<String>,
    /// Absent is what is not granted or not set, or cannot be read.
    pub(crate) fields: SensitiveFields,
}

/// Reads the answer. Fails where it cannot be read whom it is about.
pub(crate) fn parse_detail(text: &str) -> Result<DetailAnswer, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let field = |key| JsonTree(&answer).at(key).text();
    Ok(DetailAnswer {
        userid: JsonTree(&answer).at("userid").text_or_fail("userid")?,
        fields: SensitiveFields {
            gender: field("gender").and_then(|gender| gender_of(&gender)),
            avatar: field("avatar"),
            qr_code: field("qr_code"),
            mobile: field("mobile"),
            email: field("email"),
            business_email: field("biz_mail"),
            address: field("address"),
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
    fn empty_details_are_absent() {
        let json = r#"{"userid":"zhangsan","gender":"0","mobile":"","email":null,"biz_mail":"z@example.com"}"#;
        let answer = parse_detail(json).unwrap();
        assert_eq!(answer.userid.as_deref(), Some("zhangsan"));
        let SensitiveFields { gender, mobile, email, qr_code, business_email, .. } = answer.fields;
        assert_eq!((gender, mobile, email, qr_code), (None, None, None, None));
        assert_eq!(business_email.as_deref(), Some("z@example.com"));
    }
}
