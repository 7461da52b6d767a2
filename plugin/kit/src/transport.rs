//! What HTTP itself says about a call: no answer, another status than 200, an answer that is not what it should be.
//! Pure. What a vendor says *inside* a sound answer is the vendor's own business.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    config::field::{PROXY, PROXY_PASSWORD, PROXY_USERNAME},
    contract::{
        http::{Failure as Http, HttpError, Response},
        types::{Body, Reason},
    },
    failure::{Cause, Failure},
    locale::Text,
};

/// How long to wait after status 429 where the server does not say.
const RETRY_AFTER_MS: u64 = 60_000;

/// Whom a call goes to, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Destination {
    /// The vendor's name in Chinese and English.
    pub vendor: (&'static str, &'static str),
    /// The key of the configuration that holds the address of its API.
    pub address: &'static str,
}

/// The text of an answer with status 200. `call` names the call in messages; `secrets` are masked in the host's words.
///
/// # Errors
/// Everything else.
pub fn text(
    destination: &Destination,
    call: &dyn fmt::Display,
    outcome: Result<Response, HttpError>,
    secrets: &[String],
) -> Result<String, Failure> {
    let response = outcome.map_err(|error| unanswered(destination, call, &error, secrets))?;
    if response.status != 200 {
        return Err(wrong_status(destination, call, &response));
    }
    let text = match response.body {
        Body::Text(text) => Some(text),
        body => bytes(body).and_then(|bytes| String::from_utf8(bytes).ok()),
    };
    text.ok_or_else(|| not_json(destination, call, ("不是 UTF-8 文本", "is not UTF-8")))
}

/// The content of a body, in whichever form a host delivers it; nothing where its base64 is none.
pub fn bytes(body: Body) -> Option<Vec<u8>> {
    match body {
        Body::Text(text) => Some(text.into_bytes()),
        Body::Bytes(bytes) => Some(bytes),
        Body::Base64(text) => STANDARD.decode(text).ok(),
    }
}

/// The body as text where it is text, in whichever form a host delivers it.
pub fn as_text(body: Body) -> Body {
    match body {
        Body::Bytes(bytes) => String::from_utf8(bytes).map_or_else(|error| Body::Bytes(error.into_bytes()), Body::Text),
        Body::Base64(text) => match STANDARD.decode(&text) {
            Ok(bytes) => as_text(Body::Bytes(bytes)),
            Err(_) => Body::Base64(text),
        },
        text @ Body::Text(_) => text,
    }
}

/// For an answer that is no JSON: it comes from somebody between here and the vendor.
pub fn not_json(destination: &Destination, call: &dyn fmt::Display, (zh, en): (&str, &str)) -> Failure {
    let Destination { vendor: (vendor_zh, vendor_en), address } = destination;
    unexpected(call, (zh, en))
        .with_hint(text! { "返回内容不是来自{vendor_zh}的 JSON：请检查 {address} 以及中间的代理或网关",
        "this is no JSON of {vendor_en}: check {address} and any proxy or gateway on the way" })
}

/// For JSON that does not have the documented shape. Says where, never what: the text of a JSON error can quote the
/// value.
pub fn unreadable(destination: &Destination, call: &dyn fmt::Display, error: &serde_json::Error) -> Failure {
    // An error without a place was made by this component, of names of fields alone.
    let place = match error.line() {
        0 => error.to_string(),
        line => format!("{:?} at line {line} column {}", error.classify(), error.column()),
    };
    let Text { zh, en } = text!("无法读取（{place}）", "cannot be read ({place})");
    if error.is_data() { malformed(destination, call, (&zh, &en)) } else { not_json(destination, call, (&zh, &en)) }
}

/// For JSON that lacks what it is for, or says something else than was asked.
pub fn malformed(destination: &Destination, call: &dyn fmt::Display, (zh, en): (&str, &str)) -> Failure {
    let (vendor_zh, vendor_en) = destination.vendor;
    unexpected(call, (zh, en)).with_hint(text! {
    "{vendor_zh}返回的内容与接口文档不符：请稍后重试；若反复出现，请将此信息反馈给平台运维",
    "{vendor_en} answered otherwise than documented: try again later; if it stays, report this" })
}

fn unexpected(call: &dyn fmt::Display, (zh, en): (&str, &str)) -> Failure {
    failure! { UnexpectedAnswer: "{call} 的返回内容{zh}", "the answer of {call} {en}" }
        .with_cause(Cause::Passing)
        .maybe_done()
}

/// For a status other than 200.
pub fn wrong_status(destination: &Destination, call: &dyn fmt::Display, response: &Response) -> Failure {
    let (status, Destination { vendor: (zh, en), address }) = (response.status, destination);
    let (reason, cause) = match status {
        429 => (Reason::RateLimited, Cause::Other),
        500.. => (Reason::Unavailable, Cause::Passing),
        404 => (Reason::UnexpectedAnswer, Cause::NoSuchAddress),
        _ => (Reason::UnexpectedAnswer, Cause::Other),
    };
    let hint = match status {
        429 => text!("请求过于频繁，请稍后重试", "too many requests: try again later"),
        500.. => text!("{zh}服务暂时不可用，请稍后重试", "{en} is unavailable for now: try again later"),
        404 => text! { "该地址没有接口 {call}：请检查 {address}，或所用的{zh}版本是否提供此接口",
        "there is no {call} at this address: check {address}, or whether this {en} has it" },
        300..400 => text! { "该地址发生了跳转：请检查 {address}（通常应为 https 地址）",
        "the address redirects elsewhere: check {address} (it usually has to be https)" },
        _ => text! { "请求被中间的代理或网关拒绝：请检查 {address} 与网络出口",
        "a proxy or gateway refused the request: check {address} and the way out of the network" },
    };
    let message = text! { "{call} 返回 HTTP 状态 {status}，而不是 200",
    "{call} answered with HTTP status {status} instead of 200" };
    let mut failure = Failure::new(reason, message).with_cause(cause).with_hint(hint);
    failure.retry_after_ms = match status {
        429 => retry_after_ms(response).or(Some(RETRY_AFTER_MS)),
        500.. => retry_after_ms(response),
        _ => None,
    };
    failure.may_be_done = !(300..500).contains(&status);
    failure
}

/// The header in its form with seconds; the form with a date is not read.
fn retry_after_ms(response: &Response) -> Option<u64> {
    let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("retry-after"))?;
    header.value.trim().parse::<u64>().ok()?.checked_mul(1_000)
}

/// For a request that got no answer.
pub fn unanswered(
    destination: &Destination,
    call: &dyn fmt::Display,
    error: &HttpError,
    secrets: &[String],
) -> Failure {
    let mut failure = explain(destination, call, &error.failure, secrets);
    failure.cause = match &error.failure {
        Http::TooLarge(_) => Cause::AnswerTooLarge,
        Http::BudgetExhausted | Http::Denied(_) | Http::Proxy(Some(400..=499)) => Cause::Other,
        _ => Cause::Passing,
    };
    failure.may_be_done = error.may_have_reached_server;
    let detail = brief(&error.message, secrets);
    if !detail.is_empty() {
        failure.message.zh.push_str(&format!("：{detail}"));
        failure.message.en.push_str(&format!(": {detail}"));
    }
    failure
}

/// What happened to a request without an answer, and the next step.
fn explain(destination: &Destination, call: &dyn fmt::Display, cause: &Http, secrets: &[String]) -> Failure {
    let (address, proxy) = (destination.address, PROXY.key);
    let (user, password) = (PROXY_USERNAME.key, PROXY_PASSWORD.key);
    match cause {
        Http::BudgetExhausted => Failure::budget_exhausted(&call.to_string()),
        Http::Denied(None) => failure! { NotPermitted:
        "{call}：平台策略拒绝访问该地址", "{call}: the host's policy refuses the destination";
        "平台不允许访问该地址，且没有可放行的选项：请检查 {address}",
        "the platform refuses this address and no option admits it: check {address}" },
        Http::Denied(Some(option)) => failure! { NotPermitted:
        "{call}：平台策略拒绝访问该地址", "{call}: the host's policy refuses the destination";
        "平台不允许访问该地址：请平台运维设置 {option} 放行",
        "the platform refuses this address: its operator admits it with {option}" },
        Http::Dns => failure! { Unavailable:
        "{call}：无法解析服务器域名", "{call}: the name of the server does not resolve";
        "无法解析接口域名：请检查 DNS 与 {address}",
        "the name of the API server does not resolve: check DNS and {address}" },
        Http::Connect => failure! { Unavailable:
        "{call}：无法连接服务器", "{call}: no connection to the server";
        "无法连接接口服务器：请检查网络出口与 {address}",
        "the API server cannot be reached: check the way out of the network and {address}" },
        Http::Tls => failure! { Unavailable:
        "{call}：没有受信任的 TLS 连接", "{call}: no trusted TLS connection";
        "无法建立受信任的 TLS 连接：请检查证书、系统时间与中间代理",
        "no trusted TLS connection: check the certificate, the clock and any proxy on the way" },
        // Credentials do not mend themselves, and neither does a proxy that does not let this destination through.
        Http::Proxy(Some(407)) => failure! { NotPermitted:
        "{call}：代理要求登录", "{call}: the proxy asks for other credentials";
        "代理要求登录：请检查 {user} 与 {password}",
        "the proxy asks for other credentials: check {user} and {password}" },
        Http::Proxy(Some(status @ 400..=499)) => failure! { NotPermitted:
        "{call}：代理拒绝访问该地址（HTTP {status}）", "{call}: the proxy refuses the destination (HTTP {status})";
        "代理不允许访问该接口地址：请代理管理员放行，或检查 {proxy} 与 {address}",
        "the proxy does not let this address through: its administrator admits it, or {proxy} or {address} is another" },
        Http::Proxy(_) => failure! { Unavailable:
        "{call}：代理无法使用", "{call}: the proxy does not work";
        "代理无法使用：请检查 {proxy} 以及代理到接口服务器的网络",
        "the proxy does not work: check {proxy}, and the proxy's own way to the API server" },
        Http::Timeout => failure! { Unavailable:
        "{call}：未及时响应", "{call}: no answer in time";
        "接口响应超时，请稍后重试", "the API did not answer in time: try again later" },
        Http::TooLarge(limit) => failure! { Other("answer-too-large".to_owned()):
        "{call}：返回内容超过 {limit} 字节", "{call}: the answer is larger than {limit} bytes";
        "返回内容超过 {limit} 字节：请平台运维提高上限",
        "the answer is larger than {limit} bytes: ask the operator for a higher limit" },
        Http::Other(kind) => {
            let kind = brief(kind, secrets);
            failure! { Unavailable:
            "{call}：请求失败（{kind}）", "{call}: the request failed ({kind})";
            "接口请求失败，请稍后重试", "the request failed: try again later" }
        }
    }
}

/// The host's words in one short line, cut before a query in case a host forgets that it must not show one.
fn brief(message: &str, secrets: &[String]) -> String {
    let before_query = message.split('?').next().unwrap_or_default();
    let line: String = before_query.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    masked(line.trim(), secrets)
}

/// The text with every secret replaced, plain or percent-encoded.
pub fn masked(text: &str, secrets: &[String]) -> String {
    let mut masked = text.to_owned();
    for secret in secrets {
        let encoded = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        for spelling in [secret, &encoded] {
            if masked.contains(spelling.as_str()) {
                masked = masked.replace(spelling.as_str(), "***");
            }
        }
    }
    masked
}

#[cfg(test)]
mod tests;
