//! What WeCom answers: other versions of it, proxies in between and errors answer whatever they like.

use organisation_kit::{
    calls::LoginCode,
    capability::{ApprovalSearch, Approvals, Messaging, VendorCall, Web},
    contract::{
        approvals::SearchFilter,
        http::Response,
        messaging::{MediaKind, UploadRequest},
        types::Body,
        vendor::ApiRequest,
        web::{Identity, SignatureRequest},
    },
    failure::Failure,
    fake::{self, FakePlatform},
    vendor::{Client, ListRequest, Listed, Vendor},
};
use wecom_organisation::WeCom;

use crate::outside::{self, HOST, SECRET};

/// No made-up answer holds it.
const ACCESS_TOKEN: &str = "t0ken-of-the-app-that-nobody-may-see";

/// The first byte says which call is made, the second how the answer comes; the rest is the answer to all but the token.
pub(crate) fn answer(bytes: &[u8]) {
    let &[call, manner, ref body @ ..] = bytes else { return };
    let status = [200, 200, 200, 500, 302, 404, 429, 0][usize::from(manner % 8)];
    let body = match str::from_utf8(body) {
        Ok(text) if manner < 128 => Body::Text(text.to_owned()),
        _ => Body::Bytes(body.to_vec()),
    };
    let platform = FakePlatform::new();
    platform.serve(move |request| {
        if fake::path(request).ends_with("/gettoken") {
            let token = format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{ACCESS_TOKEN}","expires_in":7200}}"#);
            return fake::ok(token);
        }
        Ok(Response { status, headers: vec![], body: body.clone() })
    });
    if let Err(failure) = ask(&platform, call) {
        let shown = format!("{failure:?}");
        assert!(!shown.contains(ACCESS_TOKEN) && !shown.contains(SECRET), "{shown}");
    }
    outside::assert_quiet(&platform, &[ACCESS_TOKEN, SECRET]);
}

fn ask(platform: &FakePlatform, call: u8) -> Result<(), Failure> {
    let config = outside::config();
    let client = WeCom::client(platform, &config);
    match call % 14 {
        0 => WeCom::detail(&client, "202601080001").map(drop),
        1 => {
            let filter =
                SearchFilter { template: None, applicant: None, departments: vec![], status: None, kind: None };
            let (begin, end) = (fake::START_MS - 86_400_000, fake::START_MS);
            WeCom::search(&client, &ApprovalSearch { begin, end, filter: &filter, cursor: None, limit: 100 }).map(drop)
        }
        2 => WeCom::describe_template(&client, "3TkSampleTemplate01").map(drop),
        3 => client.member("zhangsan").map(drop),
        4 => client.department("2").map(drop),
        5 => {
            let mut listed = client.list(&[ListRequest { department: "2", cursor: None }], Some(1 << 20));
            if let Some(Ok(Listed::Here(list))) = listed.pop() {
                // A row that cannot be read is a note or an error of the run, and no panic.
                drop(client.read_list("2", list, |_| Ok(())));
            }
            Ok(())
        }
        6 => {
            drop(client.identify(LoginCode::new("code-0123456789")));
            Ok(())
        }
        7 => client.check().map(drop),
        8 => {
            let url = format!("https://{HOST}/");
            let request = SignatureRequest { url, identity: Identity::App, functions: vec![] };
            WeCom::js_sdk_signature(&client, &request).map(drop)
        }
        9 => {
            let (kind, file_name) = (MediaKind::File, "a.txt".to_owned());
            let request = UploadRequest { kind, file_name, content: Body::Text("seven or more".to_owned()) };
            WeCom::upload(&client, &request).map(drop)
        }
        10 => WeCom::recall(&client, "message-1"),
        11 => {
            let (method, path) = ("GET".to_owned(), "/cgi-bin/agent/get".to_owned());
            let request = ApiRequest { method, path, query: vec![], payload: None, idempotency_key: None };
            WeCom::call(&client, &request).map(drop)
        }
        12 => client.tag_members("3").map(drop),
        _ => WeCom::notify(&client, "202601080001", None).map(drop),
    }
}
