//! Answers around signing in: the access token, the exchange of a code, and what a member consented to.
//!
//! None of these types has a `Debug` form: all hold what must not be seen.

use serde::{Deserialize, Serialize};

use super::tolerant;

/// The answer of `gettoken` (doc 91039).
#[derive(Deserialize)]
pub struct TokenAnswer {
    /// The token, up to 512 bytes or more.
    pub access_token: String,
    /// Seconds; normally 7,200.
    #[serde(deserialize_with = "tolerant::number")]
    pub expires_in: u64,
}

/// The answer of `auth/getuserinfo` (docs 91023, 98176) and of its legacy path, whose keys are capitalised.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct IdentityAnswer {
    // Two fields each instead of an alias: an answer that has both spellings would be a duplicate field.
    #[serde(deserialize_with = "tolerant::optional_text")]
    userid: Option<String>,
    #[serde(rename = "UserId", deserialize_with = "tolerant::optional_text")]
    legacy_userid: Option<String>,
    #[serde(deserialize_with = "tolerant::optional_text")]
    openid: Option<String>,
    #[serde(rename = "OpenId", deserialize_with = "tolerant::optional_text")]
    legacy_openid: Option<String>,
    /// A customer of the company, when the follower is in the visible range.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub external_userid: Option<String>,
    /// Proof of consent, good for 1,800 s. After `snsapi_privateinfo` only, for members in the visible range.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub user_ticket: Option<String>,
}

impl IdentityAnswer {
    /// The id of a member; `CorpId/userid` for one of a linked organisation.
    pub fn member_id(&self) -> Option<&str> {
        self.userid.as_deref().or(self.legacy_userid.as_deref())
    }

    /// The id of somebody who is no member.
    pub fn open_id(&self) -> Option<&str> {
        self.openid.as_deref().or(self.legacy_openid.as_deref())
    }
}

/// The body of a call of `auth/getuserdetail` (doc 95833).
#[derive(Serialize, Deserialize)]
pub struct DetailRequest {
    /// The ticket of [`IdentityAnswer::user_ticket`].
    pub user_ticket: String,
}

/// The answer of `auth/getuserdetail` (doc 95833). What was not granted is missing or empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DetailAnswer {
    /// The member whom the ticket is about.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub userid: Option<String>,
    /// `1` male, `2` female, `0` unknown or not granted.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub gender: Option<String>,
    /// URL of a picture; the default picture when not granted.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub avatar: Option<String>,
    /// URL of the member's QR code.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub qr_code: Option<String>,
    /// Mobile number.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub mobile: Option<String>,
    /// Personal e-mail address.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub email: Option<String>,
    /// Address of the company's own mail.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub biz_mail: Option<String>,
    /// Postal address.
    #[serde(deserialize_with = "tolerant::optional_text")]
    pub address: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(json: &str) -> (Option<String>, Option<String>, Option<String>, Option<String>) {
        let answer: IdentityAnswer = serde_json::from_str(json).unwrap();
        (
            answer.member_id().map(str::to_owned),
            answer.open_id().map(str::to_owned),
            answer.external_userid,
            answer.user_ticket,
        )
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
            assert_eq!(serde_json::from_str::<TokenAnswer>(json).map(|answer| answer.expires_in).unwrap(), 7200);
        }
    }

    #[test]
    fn empty_details_are_absent() {
        let json = r#"{"userid":"zhangsan","gender":"0","mobile":"","email":null,"biz_mail":"z@example.com"}"#;
        let answer: DetailAnswer = serde_json::from_str(json).unwrap();
        assert_eq!(answer.userid.as_deref(), Some("zhangsan"));
        assert_eq!((answer.mobile, answer.email, answer.qr_code), (None, None, None));
        assert_eq!(answer.biz_mail.as_deref(), Some("z@example.com"));
    }
}
