//! One use of an endpoint.

use std::fmt;

use url::Url;

use super::endpoint::Endpoint;
use crate::wire::{export::Order, login::DetailRequest};

/// A call before it has a token. Shown, it is the endpoint and whom the call is about, as `user/get?userid=zhangsan`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The endpoint.
    pub(crate) endpoint: Endpoint,
    /// Query pairs, not yet encoded and without the token.
    pub(crate) query: Vec<(&'static str, String)>,
    /// A JSON document.
    pub(crate) body: Option<String>,
}

/// Query values that name a department, member or tag. All others may be a secret.
const SUBJECTS: [&str; 4] = ["department_id", "id", "tagid", "userid"];

impl Call {
    /// A call without a body.
    pub(crate) fn get(endpoint: Endpoint, query: Vec<(&'static str, String)>) -> Self {
        Self { endpoint, query, body: None }
    }

    /// A call with a JSON document.
    pub(crate) fn post(endpoint: Endpoint, body: String) -> Self {
        Self { endpoint, query: Vec::new(), body: Some(body) }
    }

    /// A question for the members of a department.
    pub(crate) fn list(department: &str) -> Self {
        Self::get(Endpoint::UserList, vec![("department_id", department.to_owned())])
    }

    /// A question about one member.
    pub(crate) fn member(id: &str) -> Self {
        Self::get(Endpoint::UserGet, vec![("userid", id.to_owned())])
    }

    /// A question about one department.
    pub(crate) fn department(id: &str) -> Self {
        Self::get(Endpoint::DepartmentGet, vec![("id", id.to_owned())])
    }

    /// The absolute URL. Every value is encoded exactly once; the token, where there is one, comes first.
    pub(super) fn url(&self, base: &Url, token: Option<&str>) -> String {
        let mut url = below(base, &format!("cgi-bin/{}", self.endpoint.path()));
        if token.is_some() || !self.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            if let Some(token) = token {
                pairs.append_pair("access_token", token);
            }
            for (name, value) in &self.query {
                pairs.append_pair(name, value);
            }
        }
        url.into()
    }

    /// The values that must not be repeated in any text, whoever sends them back.
    pub(super) fn secrets(&self) -> Vec<String> {
        let in_body = match (self.endpoint, &self.body) {
            (Endpoint::AuthGetUserDetail, Some(body)) => {
                serde_json::from_str(body).ok().map(|request: DetailRequest| request.user_ticket)
            }
            (Endpoint::ExportUser | Endpoint::ExportDepartment, Some(body)) => {
                serde_json::from_str(body).ok().map(|order: Order<'_>| order.encoding_aeskey.into_owned())
            }
            _ => None,
        };
        let in_query = self.query.iter().filter(|(name, _)| matches!(*name, "corpsecret" | "code"));
        in_query.map(|(_, value)| value.clone()).chain(in_body).filter(|value| !value.is_empty()).collect()
    }
}

/// The URL of a path below a base, whose own path, if any, is kept: `https://proxy.example/wecom` + `cgi-bin/gettoken`.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.endpoint.path())?;
        match self.query.iter().find(|(name, _)| SUBJECTS.contains(name)) {
            Some((name, value)) => write!(formatter, "?{name}={value}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Call {
    /// Names only: values may be a secret, a code or a ticket.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.query.iter().map(|(name, _)| *name).collect();
        formatter.debug_struct("Call").field("endpoint", &self.endpoint).field("query", &names).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_encoded_once() {
        let call = Call::member("张 三+&=%2F@x");
        for (base, token, expected) in [
            (
                "https://qyapi.weixin.qq.com",
                Some("t/0+k="),
                "https://qyapi.weixin.qq.com/cgi-bin/user/get?access_token=t%2F0%2Bk%3D&userid=\
                 %E5%BC%A0+%E4%B8%89%2B%26%3D%252F%40x",
            ),
            (
                "http://127.0.0.1:8080/wecom/",
                None,
                "http://127.0.0.1:8080/wecom/cgi-bin/user/get?userid=%E5%BC%A0+%E4%B8%89%2B%26%3D%252F%40x",
            ),
        ] {
            assert_eq!(call.url(&Url::parse(base).unwrap(), token), expected);
        }
        let bare = Call::get(Endpoint::DepartmentList, Vec::new());
        assert_eq!(
            bare.url(&Url::parse("https://a.example").unwrap(), None),
            "https://a.example/cgi-bin/department/list"
        );
    }

    #[test]
    fn a_call_names_whom_it_is_about_and_nothing_secret() {
        let get = |endpoint, name, value: &str| Call::get(endpoint, vec![(name, value.to_owned())]);
        for (call, expected) in [
            (Call::member("LiSi"), "user/get?userid=LiSi"),
            (Call::department("7"), "department/get?id=7"),
            (get(Endpoint::UserList, "department_id", "31"), "user/list?department_id=31"),
            (get(Endpoint::TagGet, "tagid", "4"), "tag/get?tagid=4"),
            (Call::get(Endpoint::DepartmentList, Vec::new()), "department/list"),
            (get(Endpoint::AuthGetUserInfo, "code", "C0DE"), "auth/getuserinfo"),
            (get(Endpoint::GetToken, "corpsecret", "s3cret"), "gettoken"),
        ] {
            assert_eq!(call.to_string(), expected);
        }
    }

    #[test]
    fn neither_debug_nor_anything_else_shows_a_secret_value() {
        let exchange = Call::get(Endpoint::AuthGetUserInfo, vec![("code", "C0DE".to_owned())]);
        let detail = Call::post(Endpoint::AuthGetUserDetail, r#"{"user_ticket":"T1CKET"}"#.to_owned());
        assert_eq!(format!("{exchange:?}"), r#"Call { endpoint: AuthGetUserInfo, query: ["code"], .. }"#);
        let order = Call::post(Endpoint::ExportUser, r#"{"encoding_aeskey":"K3Y","block_size":20000}"#.to_owned());
        assert!(!format!("{detail:?}{order:?}").contains("T1CKET") && !format!("{order:?}").contains("K3Y"));
        assert_eq!(order.secrets(), ["K3Y"]);
        assert_eq!(exchange.secrets(), ["C0DE"]);
        assert_eq!(detail.secrets(), ["T1CKET"]);
        assert!(Call::member("zhangsan").secrets().is_empty());
    }
}
