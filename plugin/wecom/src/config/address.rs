//! Addresses: where sign-in returns to, which servers are called, and the trusted domain (fact sheet §2.4, §9.2).

use url::{Host, Url};

use super::{
    field::Field,
    problem::{Finding, Problems, quoted},
    reader::{Reader, Value},
};

/// Where sign-in pages return to.
pub(super) fn redirect_uri(reader: &mut Reader<'_>, field: &Field) -> Option<Url> {
    let Value { path, text } = reader.text(field)?;
    let problems = &mut reader.problems;
    let url = web(problems, &path, &text)?;
    warn_plain_http(problems, &path, &url);
    warn_address(problems, &path, &url);
    if has_default_port(&text) {
        let message = "the port is the default one of the scheme; it is left out, since WeCom compares hosts as text";
        let hint = ("请去掉地址中的默认端口", "leave the default port out of the address");
        problems.add(&path, Finding::warning("default-port", message, hint));
    }
    if url.fragment().is_some() {
        let message = "the address has a fragment; code and state come in the query before it";
        let hint = (
            "地址含 # 片段：code 与 state 会出现在 # 之前，请确认页面能够读取",
            "code and state stand before the #: see that the page reads them there, or use an address without it",
        );
        problems.add(&path, Finding::warning("fragment", message, hint));
    }
    for (name, value) in url.query_pairs() {
        if matches!(&*name, "code" | "state") {
            let message = format!("the query has {name}, which WeCom appends as well");
            let hint = (format!("请从地址中去掉参数 {name}"), format!("take {name} out of the query"));
            problems.add(&path, Finding::warning("reserved-parameter", message, hint));
        }
        if has_foreign_scheme(&value) {
            let message = "the query carries an address with a scheme other than http or https";
            let hint = (
                "企业微信会拒绝参数中带有其他协议地址的回跳地址，请将其保存在服务端",
                "WeCom refuses such redirect addresses: keep the inner address on the server",
            );
            problems.add(&path, Finding::warning("nested-url", message, hint));
        }
    }
    Some(url)
}

/// A server below whose address `tail` lies. Comes without a slash at the end, except for the bare host.
pub(super) fn base(reader: &mut Reader<'_>, field: &Field, tail: &str) -> Option<Url> {
    let Some(Value { path, text }) = reader.text(field) else {
        // Absent means the default; a value that could not be read has been reported.
        let default = field.default.and_then(|default| Url::parse(default).ok());
        return default.filter(|_| reader.paths(field).is_empty());
    };
    let problems = &mut reader.problems;
    let mut url = web(problems, &path, &text)?;
    if url.query().is_some() || url.fragment().is_some() {
        let message = "the address has a query or a fragment; expected scheme, host, port and path only";
        let hint = ("请去掉地址中 ? 或 # 之后的内容", "leave out what follows ? or #");
        problems.add(&path, Finding::error("malformed", message, hint));
        return None;
    }
    warn_plain_http(problems, &path, &url);
    let below = url.path().trim_end_matches('/').to_owned();
    let prefix = tail
        .match_indices('/')
        .map(|(end, _)| &tail[..end])
        .chain([tail])
        .rev()
        .find_map(|part| below.strip_suffix(part).and_then(|rest| rest.strip_suffix('/')));
    if let Some(prefix) = prefix {
        let message = format!("the path ends with a part of {tail}, which the element appends itself; it is left out");
        let hint = (format!("请去掉地址末尾的 {tail}"), format!("leave out {tail} at the end"));
        problems.add(&path, Finding::warning("path", message, hint));
        url.set_path(prefix);
    } else {
        url.set_path(&below);
    }
    Some(url)
}

/// Servers, each a host (`cdn.example.com`, over https) or an address without a path (`http://127.0.0.1:7080`).
pub(super) fn servers(reader: &mut Reader<'_>, field: &Field) -> Vec<Url> {
    let values = reader.list(field).unwrap_or_default();
    let problems = &mut reader.problems;
    let server = |Value { path, text }: Value| {
        let text = if text.contains("://") { text } else { format!("https://{text}") };
        let url = web(problems, &path, &text)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            let message = format!("found {}; expected a host, or scheme, host and port only", quoted(&text));
            let hint = ("只写域名，例如 cdn.example.com", "write the host only, such as cdn.example.com");
            problems.add(&path, Finding::error("malformed", message, hint));
            return None;
        }
        warn_plain_http(problems, &path, &url);
        Some(url)
    };
    values.into_iter().filter_map(server).collect()
}

/// A proxy for the host.
pub(super) fn proxy(reader: &mut Reader<'_>, field: &Field) -> Option<Url> {
    let Value { path, text } = reader.text(field)?;
    let problems = &mut reader.problems;
    let url = web(problems, &path, &text)?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        let message = format!("found {}; expected scheme, host and port only", quoted(&text));
        let hint = ("代理地址只写协议、主机与端口", "a proxy is a scheme, a host and a port");
        problems.add(&path, Finding::error("malformed", message, hint));
        return None;
    }
    Some(url)
}

/// The trusted domain as `host` or `host:port`, compared with the address to which sign-in returns.
pub(super) fn trusted_domain(reader: &mut Reader<'_>, field: &Field, redirect: Option<&Url>) -> Option<String> {
    let Value { path, text } = reader.text(field)?;
    let problems = &mut reader.problems;
    // The scheme of the redirect address says which port is the default one.
    let scheme = redirect.map_or("https", Url::scheme);
    if !is_plain_host(&text) {
        problems.add(&path, beyond_ascii());
        return None;
    }
    let parsed = Url::parse(&format!("{scheme}://{text}"));
    let (Ok(url), false) = (parsed, text.contains(['/', '\\', '?', '#', '@'])) else {
        let found = if text.contains('@') { "a value with user info".to_owned() } else { quoted(&text) };
        let message = format!("found {found}; expected a host, or a host and a port, without scheme and path");
        let hint = ("只填写域名（及端口），例如 app.example.com", "write the host only, such as app.example.com");
        problems.add(&path, Finding::error("malformed", message, hint));
        return None;
    };
    warn_address(problems, &path, &url);
    if has_default_port(&format!("{scheme}://{text}")) {
        let message = "the port is the default one; it is left out, since WeCom compares hosts as text";
        let hint = ("请去掉默认端口", "leave the default port out");
        problems.add(&path, Finding::warning("default-port", message, hint));
    }
    let domain = authority(&url);
    if let Some(redirect) = redirect.map(authority).filter(|redirect| *redirect != domain) {
        let message = format!(
            "the redirect address is on {redirect}, the trusted domain is {domain}; sign-in from the workspace needs \
             the same host and port"
        );
        let hint = (
            "工作台登录要求回跳地址的域名与端口和可信域名完全一致；浏览器扫码登录可另设授权回调域",
            "for sign-in from the workspace both must be the same, port included; the browser entry may have a \
             callback domain of its own",
        );
        problems.add(&path, Finding::warning("mismatch", message, hint));
    }
    Some(domain)
}

/// Host, and the port where it is not the default one: what WeCom compares.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn web(problems: &mut Problems, path: &str, text: &str) -> Option<Url> {
    absolute(problems, path, text, &["https", "http"])
}

fn absolute(problems: &mut Problems, path: &str, text: &str, schemes: &[&str]) -> Option<Url> {
    if !is_plain_host(text) {
        problems.add(path, beyond_ascii());
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()) && url.host().is_some());
    // What stands before an `@` may be a password, so nothing of such a value is quoted.
    let has_user = text.split(['?', '#']).next().is_some_and(|part| part.contains('@'));
    let Some(url) = url.filter(|_| !text.contains(|c: char| c.is_whitespace() || c.is_control())) else {
        let found = if has_user { "a value with user info".to_owned() } else { quoted(text) };
        let message = format!("found {found}; expected an absolute address with {}", schemes.join(" or "));
        let hint = (
            "请填写完整地址，例如 https://app.example.com/login",
            "write the whole address, such as https://app.example.com/login",
        );
        problems.add(path, Finding::error("malformed", message, hint));
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        let message = "the address has a user name or password; expected none";
        let hint = ("请去掉地址中的用户名与密码", "take user name and password out of the address");
        problems.add(path, Finding::error("user-info", message, hint));
        return None;
    }
    Some(url)
}

/// Whether an address, or a host alone, writes its host in ASCII and without escapes. This component carries no tables of
/// Unicode, and without them two readers of one name may disagree about it.
pub fn is_plain_host(text: &str) -> bool {
    // A parser takes `https:host` for an address as well, so not the slashes but the colon ends the scheme; in `host:80`,
    // which has none, that leaves the port.
    let hosts = text.split_once(':').map_or([text, ""], |(first, rest)| [first, rest]);
    hosts.into_iter().all(is_plain)
}

fn is_plain(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.is_ascii() && !host.contains('%')
}

fn beyond_ascii() -> Finding {
    let message = "the host has characters beyond ASCII; expected its ASCII form, which begins with xn--";
    let hint = ("请将域名写成 ASCII（Punycode，xn-- 开头）形式", "write the host in its ASCII form (punycode, xn--…)");
    Finding::error("malformed", message, hint)
}

fn warn_plain_http(problems: &mut Problems, path: &str, url: &Url) {
    if url.scheme() == "http" && !is_loopback(url) {
        let message = format!("{} is reached without encryption", authority(url));
        let hint = ("建议使用 https，否则内容可能被窃听", "use https: what is sent can be read on the way");
        problems.add(path, Finding::warning("plain-http", message, hint));
    }
}

fn warn_address(problems: &mut Problems, path: &str, url: &Url) {
    if !matches!(url.host(), Some(Host::Domain(_))) {
        let message = format!("{} is an address; WeCom admits names only as trusted domain", authority(url));
        let hint = ("可信域名不能是 IP，请使用域名", "a trusted domain cannot be an address: use a name");
        problems.add(path, Finding::warning("ip-address", message, hint));
    }
}

/// Whether requests to this host stay on the machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the text writes a port that its scheme implies; a parsed address no longer shows that.
fn has_default_port(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host_and_port = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = host_and_port.rsplit_once(':').map(|(_, port)| port);
    match scheme.to_ascii_lowercase().as_str() {
        "https" => port == Some("443"),
        "http" => port == Some("80"),
        _ => false,
    }
}

/// Whether the value starts, as an address would, with a scheme that is not of the web.
fn has_foreign_scheme(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, _)| {
        let is_scheme = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) && !scheme.is_empty();
        is_scheme && !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https")
    })
}
