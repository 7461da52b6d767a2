//! The calls that this element makes, one function for each endpoint. They are named for WeCom's own paths below
//! `/cgi-bin/`, under which they are also told and counted.

use organisation_kit::{
    calls::Call,
    contract::types::{Body, Header},
};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::multipart::Form;
use crate::config::Config;

/// The body of `export/user` and `export/department`.
#[derive(Serialize)]
struct Order<'a> {
    encoding_aeskey: &'a str,
    block_size: u32,
}

/// The body of `auth/getuserdetail`.
#[derive(Serialize)]
struct Ticket<'a> {
    user_ticket: &'a str,
}

/// The body of `message/recall`.
#[derive(Serialize)]
struct Recall<'a> {
    msgid: &'a str,
}

/// Milliseconds for a file of 20 MB.
const UPLOAD_TIMEOUT_MS: u32 = 60_000;

/// Members of one file of an export at most that are asked for. WeCom takes 10,000 to 1,000,000; small files take little
/// memory, and cost little when one has to be fetched anew.
const BLOCK_SIZE: u32 = 10_000;

/// Under this the calls of `vendor.call` are counted; messages name their paths.
pub(crate) const VENDOR_CALL: &str = "vendor.call";

impl Config {
    /// Doc 91039: the only call that presents the secret.
    pub(crate) fn get_token(&self) -> Call {
        let (corp_id, secret) = (self.corp_id(), self.secret.expose());
        self.get("gettoken", &[("corpid", corp_id), ("corpsecret", secret)]).hiding(secret)
    }

    /// Doc 90227: the app and its visible range.
    pub(crate) fn agent_get(&self) -> Call {
        self.get("agent/get", &[("agentid", &self.common.application)])
    }

    /// Doc 90208: departments with names; of one and all below it where an id is given.
    pub(crate) fn department_list(&self, id: Option<&str>) -> Call {
        match id {
            Some(id) => self.about("department/list", "id", id),
            None => self.get("department/list", &[]),
        }
    }

    /// Doc 95351: one department.
    pub(crate) fn department_get(&self, id: &str) -> Call {
        self.about("department/get", "id", id)
    }

    /// Doc 90196: one member.
    pub(crate) fn user_get(&self, id: &str) -> Call {
        self.about("user/get", "userid", id)
    }

    /// Doc 90201: the direct members of a department.
    pub(crate) fn user_list(&self, department: &str) -> Call {
        self.about("user/list", "department_id", department)
    }

    /// Doc 90200: the direct members of a department, ids and names only.
    pub(crate) fn user_simple_list(&self, department: &str) -> Call {
        self.about("user/simplelist", "department_id", department)
    }

    /// Doc 90213: members and departments of a tag.
    pub(crate) fn tag_get(&self, id: &str) -> Call {
        self.about("tag/get", "tagid", id)
    }

    /// Doc 91023: turns a login code into an id, which spends the code.
    pub(crate) fn auth_get_user_info(&self, code: &str) -> Call {
        self.get("auth/getuserinfo", &[("code", code)])
    }

    /// The legacy path of the same, which old private deployments have alone.
    pub(crate) fn user_get_user_info(&self, code: &str) -> Call {
        self.get("user/getuserinfo", &[("code", code)])
    }

    /// Doc 95833: what a member consented to.
    pub(crate) fn auth_get_user_detail(&self, user_ticket: &str) -> Call {
        self.post("auth/getuserdetail", &Ticket { user_ticket }).hiding(user_ticket)
    }

    /// Docs 94849 to 94854: orders files of all visible members, encrypted with a key.
    pub(crate) fn export_user(&self, key: &str) -> Call {
        self.order("export/user", key)
    }

    /// Likewise of all visible departments.
    pub(crate) fn export_department(&self, key: &str) -> Call {
        self.order("export/department", key)
    }

    /// Likewise: how an order stands.
    pub(crate) fn export_get_result(&self, job: &str) -> Call {
        self.get("export/get_result", &[("jobid", job)])
    }

    /// Doc 90506: the ticket with which pages of the organisation sign.
    pub(crate) fn get_jsapi_ticket(&self) -> Call {
        self.get("get_jsapi_ticket", &[])
    }

    /// Likewise of the app.
    pub(crate) fn ticket_get(&self) -> Call {
        self.get("ticket/get", &[("type", "agent_config")])
    }

    /// Doc 90236: a message of the app.
    pub(crate) fn message_send(&self, body: &Value) -> Call {
        self.post("message/send", body)
    }

    /// Doc 94867: takes a message back.
    pub(crate) fn message_recall(&self, message_id: &str) -> Call {
        self.post("message/recall", &Recall { msgid: message_id })
    }

    /// Doc 94888: changes a card, which spends the response code.
    pub(crate) fn message_update_template_card(&self, body: &Value, response_code: &str) -> Call {
        self.post("message/update_template_card", body).hiding(response_code)
    }

    /// Docs 90253 and 90256: a file, temporary or (`None`) for use inside messages.
    pub(crate) fn media_upload(&self, kind: Option<&str>, form: Form) -> Call {
        let mut call = match kind {
            Some(kind) => self.get("media/upload", &[("type", kind)]),
            None => self.get("media/uploadimg", &[]),
        };
        call.request.method = "POST".to_owned();
        call.request.timeout_ms = Some(UPLOAD_TIMEOUT_MS);
        call.request.headers.push(Header { name: "content-type".to_owned(), value: form.media_type });
        call.request.body = Some(Body::Bytes(form.content));
        call
    }

    fn order(&self, name: &'static str, key: &str) -> Call {
        self.post(name, &Order { encoding_aeskey: key, block_size: BLOCK_SIZE }).hiding(key)
    }

    /// A question about a department, member or tag, which messages name.
    fn about(&self, name: &'static str, key: &str, id: &str) -> Call {
        self.get(name, &[(key, id)]).about(format!("?{key}={id}"))
    }

    fn get(&self, name: &'static str, query: &[(&str, &str)]) -> Call {
        let mut url = self.address(name);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Call::get(name, url.into())
    }

    pub(crate) fn post(&self, name: &'static str, body: &impl Serialize) -> Call {
        Call::post(name, self.address(name).into(), body)
    }

    fn address(&self, name: &str) -> Url {
        below(&self.api_base, &format!("cgi-bin/{name}"))
    }
}

/// The URL of a path below a base, whose own path, if any, is kept: `https://proxy.example/wecom` + `cgi-bin/gettoken`.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use organisation_kit::{calls::Api, contract::types::Body};

    use super::*;
    use crate::fake;

    #[test]
    fn a_url_is_encoded_once_and_the_token_comes_first() {
        let call = |base: &str| {
            let config = Config { api_base: Url::parse(base).unwrap(), ..fake::config() };
            [config.user_get("张 三+&=%2F@x"), config.department_list(None)].map(|call| call.request)
        };
        let [member, _] = call("http://127.0.0.1:8080/wecom/");
        assert_eq!(
            member.url,
            "http://127.0.0.1:8080/wecom/cgi-bin/user/get?userid=%E5%BC%A0+%E4%B8%89%2B%26%3D%252F%40x"
        );
        let [mut member, mut list] = call("https://qyapi.weixin.qq.com");
        assert_eq!(list.url, "https://qyapi.weixin.qq.com/cgi-bin/department/list");
        for request in [&mut member, &mut list] {
            fake::config().add_token(request, "t/0+k=");
        }
        assert_eq!(
            member.url,
            "https://qyapi.weixin.qq.com/cgi-bin/user/get?access_token=t%2F0%2Bk%3D&userid=\
             %E5%BC%A0+%E4%B8%89%2B%26%3D%252F%40x"
        );
        assert_eq!(list.url, "https://qyapi.weixin.qq.com/cgi-bin/department/list?access_token=t%2F0%2Bk%3D");
    }

    #[test]
    fn every_call_is_the_documented_one_and_names_whom_it_is_about_and_nothing_secret() {
        let config = fake::config();
        for (call, method, shown, query_or_body) in [
            (config.get_token(), "GET", "gettoken", format!("corpid=ww21c67da6767865c2&corpsecret={}", fake::SECRET)),
            (config.agent_get(), "GET", "agent/get", "agentid=1000073".to_owned()),
            (config.department_list(None), "GET", "department/list", String::new()),
            (config.department_list(Some("7")), "GET", "department/list?id=7", "id=7".to_owned()),
            (config.department_get("7"), "GET", "department/get?id=7", "id=7".to_owned()),
            (config.user_get("LiSi"), "GET", "user/get?userid=LiSi", "userid=LiSi".to_owned()),
            (config.user_list("31"), "GET", "user/list?department_id=31", "department_id=31".to_owned()),
            (config.user_simple_list("31"), "GET", "user/simplelist?department_id=31", "department_id=31".to_owned()),
            (config.tag_get("4"), "GET", "tag/get?tagid=4", "tagid=4".to_owned()),
            (config.auth_get_user_info("C0DE"), "GET", "auth/getuserinfo", "code=C0DE".to_owned()),
            (config.user_get_user_info("C0DE"), "GET", "user/getuserinfo", "code=C0DE".to_owned()),
            (
                config.auth_get_user_detail("T1CKET"),
                "POST",
                "auth/getuserdetail",
                r#"{"user_ticket":"T1CKET"}"#.to_owned(),
            ),
            (
                config.export_user("K3Y"),
                "POST",
                "export/user",
                r#"{"encoding_aeskey":"K3Y","block_size":10000}"#.to_owned(),
            ),
            (
                config.export_department("K3Y"),
                "POST",
                "export/department",
                r#"{"encoding_aeskey":"K3Y","block_size":10000}"#.to_owned(),
            ),
            (config.export_get_result("job"), "GET", "export/get_result", "jobid=job".to_owned()),
            (config.get_jsapi_ticket(), "GET", "get_jsapi_ticket", String::new()),
            (config.ticket_get(), "GET", "ticket/get", "type=agent_config".to_owned()),
        ] {
            let request = &call.request;
            assert_eq!((request.method.as_str(), call.to_string().as_str()), (method, shown));
            assert_eq!(format!("{call:?}"), format!("Call({shown})"));
            let path = format!("https://qyapi.weixin.qq.com/cgi-bin/{}", call.name);
            match &request.body {
                Some(Body::Text(body)) => assert_eq!((&request.url, body), (&path, &query_or_body)),
                _ if query_or_body.is_empty() => assert_eq!(request.url, path),
                _ => assert_eq!(request.url, format!("{path}?{query_or_body}")),
            }
        }
    }
}
