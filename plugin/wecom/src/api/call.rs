//! One use of an endpoint, and the count of all uses.

use std::{collections::BTreeMap, fmt};

use url::Url;

use crate::vendor::{
    api::Api,
    wire::{export::Order, login::DetailRequest},
};

/// A call before it has a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The endpoint.
    pub api: Api,
    /// Query pairs, not yet encoded and without the token.
    pub query: Vec<(&'static str, String)>,
    /// A JSON document.
    pub body: Option<String>,
}

impl Call {
    /// A call without a body.
    pub fn get(api: Api, query: Vec<(&'static str, String)>) -> Self {
        Self { api, query, body: None }
    }

    /// The absolute URL. Every value is encoded exactly once; the token, where there is one, comes first.
    pub(crate) fn url(&self, base: &Url, token: Option<&str>) -> String {
        let mut url = endpoint(base, &format!("cgi-bin/{}", self.api.path()));
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
    pub(crate) fn secrets(&self) -> Vec<String> {
        let in_body = match (self.api, &self.body) {
            (Api::AuthGetUserDetail, Some(body)) => {
                serde_json::from_str(body).ok().map(|request: DetailRequest| request.user_ticket)
            }
            (Api::ExportUser | Api::ExportDepartment, Some(body)) => {
                serde_json::from_str(body).ok().map(|order: Order<'_>| order.encoding_aeskey.into_owned())
            }
            _ => None,
        };
        let in_query = self.query.iter().filter(|(name, _)| matches!(*name, "corpsecret" | "code"));
        in_query.map(|(_, value)| value.clone()).chain(in_body).filter(|value| !value.is_empty()).collect()
    }
}

impl fmt::Debug for Call {
    /// Names only: values may be a secret, a code or a ticket.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.query.iter().map(|(name, _)| *name).collect();
        formatter.debug_struct("Call").field("api", &self.api).field("query", &names).finish_non_exhaustive()
    }
}

/// The URL of a path below a base, whose own path, if any, is kept: `https://proxy.example/wecom` + `cgi-bin/gettoken`.
pub fn endpoint(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// What a client has sent so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests by [`Api::path`], repetitions included.
    pub calls: BTreeMap<&'static str, u64>,
    /// How many of them repeated an earlier one.
    pub retries: u64,
    /// Ranges of files that were asked for; not among the calls.
    pub downloads: u64,
}

impl Usage {
    /// All requests.
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_encoded_once() {
        let call = Call::get(Api::UserGet, vec![("userid", "张 三+&=%2F@x".to_owned())]);
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
        let bare = Call::get(Api::DepartmentList, Vec::new());
        assert_eq!(
            bare.url(&Url::parse("https://a.example").unwrap(), None),
            "https://a.example/cgi-bin/department/list"
        );
    }

    #[test]
    fn neither_debug_nor_anything_else_shows_a_secret_value() {
        let exchange = Call::get(Api::AuthGetUserInfo, vec![("code", "C0DE".to_owned())]);
        let detail = Call {
            api: Api::AuthGetUserDetail,
            query: Vec::new(),
            body: Some(r#"{"user_ticket":"T1CKET"}"#.to_owned()),
        };
        assert_eq!(format!("{exchange:?}"), r#"Call { api: AuthGetUserInfo, query: ["code"], .. }"#);
        let order = Call {
            api: Api::ExportUser,
            query: Vec::new(),
            body: Some(r#"{"encoding_aeskey":"K3Y","block_size":20000}"#.to_owned()),
        };
        assert!(!format!("{detail:?}{order:?}").contains("T1CKET") && !format!("{order:?}").contains("K3Y"));
        assert_eq!(order.secrets(), ["K3Y"]);
        assert_eq!(exchange.secrets(), ["C0DE"]);
        assert_eq!(detail.secrets(), ["T1CKET"]);
        assert!(Call::get(Api::UserGet, vec![("userid", "zhangsan".to_owned())]).secrets().is_empty());
    }
}
