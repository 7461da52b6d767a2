//! Addresses: where sign-in returns to, which servers are called, and the app's domain.
//! What is written another way than expected is explained with the address that was probably meant.

use percent_encoding::percent_decode_str;
use url::{Host, Position, Url};

use super::{
    field::{Field, Kind, REDIRECT_URI},
    problem::Finding,
    shown::{has_name, is_opaque, shown, shown_url},
    values::Values,
};
use crate::locale::Text;

/// Bytes of a host without a dot, from which on it has to consist of words.
const LONG_NAME: usize = 32;
/// Encodings on top of each other that are taken off to show what was meant.
const LAYERS: usize = 3;

/// Where sign-in pages return to.
pub(super) fn redirect(field: &Field, text: &str, notes: &mut Vec<Finding>) -> Result<Url, Finding> {
    let url = absolute(field, text)?;
    notes.extend(plain_http(&url).into_iter().chain(compared(&url, text)));
    if url.fragment().is_some() {
        notes.push(finding! { warning "fragment":
            "地址含 # 片段，而 code 与 state 会出现在 # 之前", "the address has a fragment; code and state come in the query before it";
            "请确认页面能够读取 # 之前的 code 与 state，或改用不含 # 的地址",
            "code and state stand before the #: see that the page reads them there, or use an address without it" });
    }
    for (name, _) in url.query_pairs().filter(|(name, _)| matches!(&**name, "code" | "state")) {
        notes.push(finding! { warning "reserved-parameter":
        "地址参数中已有 {name}，登录返回时会再附加一个", "the query has {name}, which a sign-in appends as well";
        "请从地址中去掉参数 {name}", "take {name} out of the query" });
    }
    let begins_hex = |text: &str| text.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    if url.query().is_some_and(|query| query.split("%25").skip(1).any(begins_hex)) {
        notes.push(finding! { warning "encoded-twice":
        "地址的参数被百分号编码了两次", "the query is percent-encoded twice";
        "请只编码一次：%25 应为 %", "encode the values of the query once only: % instead of %25" });
    }
    Ok(url)
}

/// A server to whose address `tail` is appended. Comes without a slash at the end, except for the bare host.
pub(super) fn base(field: &Field, text: &str, tail: &str, notes: &mut Vec<Finding>) -> Result<Url, Finding> {
    let mut url = absolute(field, text)?;
    let is_more = url.query().is_some() || url.fragment().is_some();
    let path = url.path().trim_end_matches('/').to_owned();
    let begins = |long: &str, short: &str| format!("{long}/").starts_with(&format!("{short}/"));
    let begins_call = |rest: &str| begins(rest, tail) || begins(tail, rest);
    let call = path.match_indices('/').map(|(at, _)| at).find(|at| begins_call(&path[at + 1..]));
    url.set_path(&path[..call.unwrap_or(path.len())]);
    url.set_query(None);
    url.set_fragment(None);
    let hint = write(field.kind, &url);
    if is_more {
        return Err(finding! { error "malformed": "地址含有 ? 或 # 之后的内容，应只含协议、主机、端口与路径",
        "the address has a query or a fragment; expected scheme, host, port and path only"; hint });
    }
    if call.is_some() {
        notes.push(finding! { warning "path": "地址中已含 {tail} 或其一部分，组件会自行添加；已忽略从此处起的内容",
        "the path goes on with {tail}, which the element appends itself; it is left out from there"; hint });
    }
    notes.extend(plain_http(&url));
    Ok(url)
}

/// A server that was written as a host (`cdn.example.com`, over https) or as an address without a path.
pub(super) fn server(field: &Field, text: &str, notes: &mut Vec<Finding>) -> Result<Url, Finding> {
    let url = bare(field, &complete(field, text))?;
    notes.extend(plain_http(&url));
    Ok(url)
}

/// An address of scheme, host and port.
pub(super) fn bare(field: &Field, text: &str) -> Result<Url, Finding> {
    let url = absolute(field, text)?;
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if is_bare { Ok(url) } else { Err(explain(field, text)) }
}

/// `host` or `host:port`, compared with the address to which sign-in returns.
pub(super) fn domain(field: &Field, text: &str, known: &Values, notes: &mut Vec<Finding>) -> Result<String, Finding> {
    let redirect = known.url(REDIRECT_URI.key);
    // The scheme of the redirect address says which port is the default one.
    let address = format!("{}://{text}", redirect.as_ref().map_or("https", Url::scheme));
    let url = web(&address).filter(|_| is_plain_host(text) && !text.contains(['/', '\\', '?', '#', '@']));
    let Some(url) = url else { return Err(explain(field, text)) };
    notes.extend(compared(&url, &address));
    let domain = authority(&url);
    if let Some(redirect) = redirect.as_ref().map(authority).filter(|redirect| *redirect != domain) {
        notes.push(finding! { warning "mismatch":
        "登录回跳地址在 {redirect}，可信域名是 {domain}；从工作台登录时两者须一致",
        "the redirect address is on {redirect}, the trusted domain is {domain}; sign-in from the workspace needs the \
         same host and port";
        "工作台登录要求回跳地址的域名与端口和可信域名完全一致；浏览器扫码登录可另设授权回调域",
        "for sign-in from the workspace both must be the same, port included; the browser entry may have a callback \
         domain of its own" });
    }
    Ok(domain)
}

/// Host, and the port where it is not the default one: what is registered with a vendor and compared there.
pub fn authority(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

/// Whether an address, or a host alone, writes its host in ASCII and without escapes. This component carries no tables
/// of Unicode, and without them two readers of one name may disagree about it.
pub fn is_plain_host(text: &str) -> bool {
    let is_plain = |rest: &str| {
        let rest = rest.trim_start_matches(['/', '\\']);
        let host = rest.split(['/', '\\', '?', '#']).next().and_then(|authority| authority.rsplit('@').next());
        host.is_some_and(|host| host.is_ascii() && !host.contains('%'))
    };
    // A parser takes `https:host` for an address as well, so not the slashes but the colon ends the scheme; in `host:80`,
    // which has none, that leaves the port.
    text.split_once(':').map_or_else(|| is_plain(text), |(first, rest)| is_plain(first) && is_plain(rest))
}

/// An absolute address that nobody has to explain, with user info or without.
fn web(text: &str) -> Option<Url> {
    let is_clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    // A parser takes any letters for a host, also those of a secret.
    let is_host = |name: &str| name.len() < LONG_NAME || name.contains('.') || !is_opaque(name);
    let is_web = |url: &Url| is_clean && matches!(url.scheme(), "https" | "http") && url.domain().is_none_or(is_host);
    parse(text).filter(is_web)
}

/// An address, as a browser reads it. Its reader must not be given a host beyond ASCII.
pub(super) fn parse(text: &str) -> Option<Url> {
    is_plain_host(text).then(|| Url::parse(text).ok()).flatten()
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn absolute(field: &Field, text: &str) -> Result<Url, Finding> {
    let url = web(text).or_else(|| web(&complete(field, text)).filter(has_user));
    let url = url.ok_or_else(|| explain(field, text))?;
    let (zh, en) = match field.kind {
        Kind::Proxy => (
            "将其分别填写在 proxyUsername 与 proxyPassword 中",
            "write user name and password in proxyUsername and proxyPassword",
        ),
        _ => ("去掉地址中的用户名与密码", "take user name and password out of the address"),
    };
    let finding = finding! { error "user-info":
    "地址中含有用户名或密码，不应有", "the address has a user name or password; expected none"; "请{zh}", "{en}" };
    if has_user(&url) { Err(finding) } else { Ok(url) }
}

/// Why a value is no address of this kind, and what was probably meant.
fn explain(field: &Field, text: &str) -> Finding {
    let meant = |text: &str| {
        let url = web(&complete(field, text)).filter(|url| has_name(url) && !has_user(url))?;
        Some(write(field.kind, &url))
    };
    if let Some(hint) = decoded(text).and_then(|plain| meant(&plain)) {
        return finding! { error "percent-encoded":
        "地址经过了百分号编码，应直接填写原文", "the address is percent-encoded; expected it plainly"; hint };
    }
    let ascii = ascii_signs(text);
    if let Some(hint) = meant(&ascii).filter(|_| ascii != text) {
        return finding! { error "malformed":
        "地址中有全角符号，应为英文半角符号", "the address has full-width signs; expected the ASCII ones"; hint };
    }
    if !is_plain_host(text) {
        return finding! { error "malformed": "域名含有 ASCII 以外的字符，应为以 xn-- 开头的 ASCII 形式",
        "the host has characters beyond ASCII; expected its ASCII form, which begins with xn--";
        "请将域名写成 ASCII（Punycode，xn-- 开头）形式", "write the host in its ASCII form (punycode, xn--…)" };
    }
    let example = match field.kind {
        Kind::Redirect => "https://app.example.com/login",
        Kind::Domain => "app.example.com",
        Kind::Servers { .. } => "cdn.example.com",
        Kind::Proxy => "http://proxy.example.com:3128",
        _ => "https://gateway.example.com",
    };
    let such_as = (format!("请填写，例如 {example}"), format!("write one such as {example}"));
    if text.contains("://") && text.to_ascii_lowercase().starts_with("socks") {
        return finding! { error "malformed":
        "不支持 SOCKS 代理，支持 http 与 https 代理", "SOCKS is not supported; an http or https proxy is"; such_as };
    }
    let expected = match field.kind {
        Kind::Domain => ("不含协议与路径的域名（及端口）", "a host, or a host and a port, without scheme and path"),
        Kind::Servers { .. } => ("域名，或只含协议、主机与端口的地址", "a host, or scheme, host and port only"),
        Kind::Proxy => ("http 或 https 代理的协议、主机与端口", "scheme, host and port of a proxy, with http or https"),
        _ => ("以 https:// 或 http:// 开头的完整地址", "an absolute address with https or http"),
    };
    Finding::malformed(&shown(text), expected, meant(text).unwrap_or_else(|| such_as.into()))
}

/// The address with the scheme that goes without saying, where it has none.
fn complete(field: &Field, text: &str) -> String {
    if text.contains("://") {
        return text.to_owned();
    }
    let plain = format!("http://{text}");
    let is_plain = match field.kind {
        Kind::Base { .. } => parse(&plain).is_some_and(|url| is_loopback(&url)),
        kind => matches!(kind, Kind::Proxy),
    };
    if is_plain { plain } else { format!("https://{text}") }
}

/// An address as a field of this kind writes it, without what could be a secret.
pub(super) fn written(kind: Kind, url: &Url) -> String {
    match kind {
        Kind::Domain => authority(url),
        Kind::Servers { .. } if url.scheme() == "https" => authority(url),
        Kind::Servers { .. } | Kind::Proxy => url.origin().ascii_serialization(),
        // A parser completes the bare host.
        Kind::Base { .. } if url.path() == "/" => shown_url(url).trim_end_matches('/').to_owned(),
        _ => shown_url(url),
    }
}

fn write(kind: Kind, url: &Url) -> Text {
    let address = written(kind, url);
    text!("请写成 {address}", "write {address}")
}

/// What was meant by a text whose start, up to the path of an address, is percent-encoded: as browsers and libraries do it
/// when an address becomes part of another one, and a second time when that does.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let is_encoded = |text: &str| {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().is_some_and(|start| start.contains('%'))
    };
    let mut plain = text.to_owned();
    for _ in 0..LAYERS {
        if is_encoded(&plain) {
            plain = percent_decode_str(&plain).decode_utf8().ok()?.into_owned();
        }
    }
    (plain != text && !is_encoded(&plain)).then_some(plain)
}

/// The text with the signs that a Chinese input method puts in the place of those of an address.
fn ascii_signs(text: &str) -> String {
    let full_width = |c: char| char::from_u32(u32::from(c) - u32::from('！') + u32::from('!'));
    let sign = |c| if matches!(c, '！'..='～') { full_width(c).unwrap_or(c) } else { c };
    text.replace('。', ".").chars().map(sign).collect()
}

fn plain_http(url: &Url) -> Option<Finding> {
    let host = authority(url);
    let finding = finding! { warning "plain-http": "访问 {host} 时未加密", "{host} is reached without encryption";
    "建议使用 https，否则内容可能被窃听", "use https: what is sent can be read on the way" };
    (url.scheme() == "http" && !is_loopback(url)).then_some(finding)
}

/// What to look at in a host that vendors compare as text. A parsed address no longer shows the port that its scheme
/// implies, the text of it does.
fn compared(url: &Url, text: &str) -> impl Iterator<Item = Finding> {
    let host = authority(url);
    let not_a_name = finding! { warning "ip-address":
    "{host} 是 IP 地址，可信域名只能是域名", "{host} is an IP address; only a name can be a trusted domain";
    "可信域名不能是 IP，请使用域名", "a trusted domain cannot be an address: use a name" };
    let default_port = finding! { warning "default-port": "写出了协议的默认端口，已忽略：域名按文本比较",
    "the port is the default one of the scheme; it is left out, since hosts are compared as text";
    "请去掉默认端口", "leave the default port out" };
    let written = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let has_port = written.ends_with(if url.scheme() == "https" { ":443" } else { ":80" });
    let not_a_name = url.domain().is_none().then_some(not_a_name);
    not_a_name.into_iter().chain(has_port.then_some(default_port))
}

/// Whether requests to this host stay on the machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        name => name.is_some_and(|name| format!(".{name}").ends_with(".localhost")),
    }
}
