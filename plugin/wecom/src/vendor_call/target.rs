//! Method, path and query of a call. What is written otherwise than WeCom's documents write it is refused rather than brought
//! in order: then nobody here and nobody on the way can read two things in it.

use organisation_kit::{contract::vendor::ApiRequest, failure::Failure, invalid_argument};
use url::Url;

use super::refused;
use crate::api::call::below;

/// All of WeCom's API lies below it.
const ROOT: &str = "/cgi-bin/";
const PATH_BYTES: usize = 200;
/// Bytes of an address without its token: the host takes 8 KiB.
const URL_BYTES: usize = 6_144;

/// The address, which carries no token yet.
pub(super) fn judge(api_base: &Url, request: &ApiRequest) -> Result<String, Failure> {
    match (request.method.as_str(), &request.payload) {
        ("POST", _) | ("GET", None) => {}
        ("GET", Some(_)) => {
            return Err(invalid_argument! { "payload": "GET 请求不能带有 payload", "a GET carries no payload" });
        }
        _ => return Err(invalid_argument! { "method": "method 须为 GET 或 POST", "the method is GET or POST" }),
    }
    let path = rooted(&request.path)?;
    if let Some((zh, en)) = refused::path(path) {
        return Err(invalid_argument! { "path":
        "不能通过 vendor.call 调用该接口：{zh}", "this is not to be called with vendor.call: {en}" });
    }
    if let Some(name) = request.query.iter().map(|parameter| &parameter.name).find(|name| refused::parameter(name)) {
        let name = name.to_ascii_lowercase();
        return Err(invalid_argument! { "query":
        "不能自带参数 {name}：凭证由组件添加", "the parameter {name} is not the caller's: the component adds the credential" });
    }
    if request.query.iter().any(|parameter| parameter.name.is_empty()) {
        return Err(invalid_argument! { "query": "参数名不能为空", "a parameter has a name" });
    }
    let mut url = below(api_base, request.path.trim_start_matches('/'));
    if !request.query.is_empty() {
        let pairs = request.query.iter().map(|parameter| (&parameter.name, &parameter.value));
        url.query_pairs_mut().extend_pairs(pairs);
    }
    let found = url.as_str().len();
    if found > URL_BYTES {
        return Err(invalid_argument! { "query":
        "地址编码后为 {found} 字节，最多 {URL_BYTES} 字节", "the address has {found} bytes when encoded; at most {URL_BYTES}" });
    }
    Ok(url.into())
}

/// What stands behind the root.
fn rooted(path: &str) -> Result<&str, Failure> {
    let is_plain = |part: &str| {
        let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_letter)
    };
    let rest = path.strip_prefix(ROOT).filter(|rest| path.len() <= PATH_BYTES && rest.split('/').all(is_plain));
    rest.ok_or_else(|| {
        invalid_argument! { "path":
            "path 须为 {ROOT} 下的接口路径，例如 /cgi-bin/agent/get，不含域名、参数、转义与多余的斜杠",
            "the path is one below {ROOT}, such as /cgi-bin/agent/get, without host, parameters, escapes and further slashes" }
    })
}
