//! What HTTP itself says about a call: no answer, another status than 200, an answer that is not what it should be.
//! Pure. What a vendor says *inside* a sound answer is the vendor's own business.

use std::fmt;

use crate::{
    config::field::{PROXY, PROXY_PASSWORD, PROXY_USERNAME},
    contract::{
        http::{Body, Failure as Http, HttpError, Response},
        types::Reason,
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
    match response.body {
        Body::Text(text) => Ok(text),
        Body::Bytes(bytes) => {
            String::from_utf8(bytes).map_err(|_| not_json(destination, call, ("不是 UTF-8 文本", "is not UTF-8")))
        }
    }
}

/// For an answer that is no JSON: it comes from somebody between here and the vendor.
pub fn not_json(destination: &Destination, call: &dyn fmt::Display, (zh, en): (&str, &str)) -> Failure {
    let Destination { vendor, address, .. } = destination;
    unexpected(call, (zh, en)).with_hint(Text::new(
        format!("返回内容不是来自{}的 JSON：请检查 {address} 以及中间的代理或网关", vendor.0),
        format!("this is no JSON of {}: check {address} and any proxy or gateway on the way", vendor.1),
    ))
}

/// For JSON that does not have the documented shape. Says where, never what: the text of a JSON error can quote the
/// value.
pub fn unreadable(destination: &Destination, call: &dyn fmt::Display, error: &serde_json::Error) -> Failure {
    // An error without a place was made by this component, of names of fields alone.
    let place = match error.line() {
        0 => error.to_string(),
        line => format!("{:?} at line {line} column {}", error.classify(), error.column()),
    };
    let what = (format!("无法读取（{place}）"), format!("cannot be read ({place})"));
    if error.is_data() {
        malformed(destination, call, (&what.0, &what.1))
    } else {
        not_json(destination, call, (&what.0, &what.1))
    }
}

/// For JSON that lacks what it is for, or says something else than was asked.
pub fn malformed(destination: &Destination, call: &dyn fmt::Display, (zh, en): (&str, &str)) -> Failure {
    let Destination { vendor, .. } = destination;
    unexpected(call, (zh, en)).with_hint(Text::new(
        format!("{}返回的内容与接口文档不符：请稍后重试；若反复出现，请将此信息反馈给平台运维", vendor.0),
        format!("{} answered otherwise than documented: try again later; if it stays, report this", vendor.1),
    ))
}

fn unexpected(call: &dyn fmt::Display, (zh, en): (&str, &str)) -> Failure {
    let message = (format!("{call} 的返回内容{zh}"), format!("the answer of {call} {en}"));
    Failure::new(Reason::UnexpectedAnswer, message).with_cause(Cause::Passing)
}

/// For a status other than 200.
pub fn wrong_status(destination: &Destination, call: &dyn fmt::Display, response: &Response) -> Failure {
    let (status, Destination { vendor, address, .. }) = (response.status, destination);
    let reason = match status {
        429 => Reason::RateLimited,
        500.. => Reason::Unavailable,
        _ => Reason::UnexpectedAnswer,
    };
    let mut failure = Failure::new(
        reason,
        (
            format!("{call} 返回 HTTP 状态 {status}，而不是 200"),
            format!("{call} answered with HTTP status {status} instead of 200"),
        ),
    );
    failure.cause = match status {
        404 => Cause::NoSuchAddress,
        500.. => Cause::Passing,
        _ => Cause::Other,
    };
    failure.retry_after_ms = match status {
        429 => retry_after_ms(response).or(Some(RETRY_AFTER_MS)),
        500.. => retry_after_ms(response),
        _ => None,
    };
    let hint = match status {
        429 => Text::new("请求过于频繁，请稍后重试", "too many requests: try again later"),
        500.. => Text::new(
            format!("{}服务暂时不可用，请稍后重试", vendor.0),
            format!("{} is unavailable for now: try again later", vendor.1),
        ),
        404 => Text::new(
            format!("该地址没有接口 {call}：请检查 {address}，或所用的{}版本是否提供此接口", vendor.0),
            format!("there is no {call} at this address: check {address}, or whether this {} has it", vendor.1),
        ),
        300..400 => Text::new(
            format!("该地址发生了跳转：请检查 {address}（通常应为 https 地址）"),
            format!("the address redirects elsewhere: check {address} (it usually has to be https)"),
        ),
        _ => Text::new(
            format!("请求被中间的代理或网关拒绝：请检查 {address} 与网络出口"),
            format!("a proxy or gateway refused the request: check {address} and the way out of the network"),
        ),
    };
    failure.with_hint(hint)
}

/// The header in its form with seconds; the form with a date is not read.
fn retry_after_ms(response: &Response) -> Option<u64> {
    let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("retry-after"))?;
    header.value.trim().parse::<u64>().ok()?.checked_mul(1_000)
}

/// For a request that got no answer.
fn unanswered(destination: &Destination, call: &dyn fmt::Display, error: &HttpError, secrets: &[String]) -> Failure {
    let mut failure = explain(destination, call, &error.failure, secrets);
    failure.cause = match &error.failure {
        Http::BudgetExhausted => Cause::CallLimit,
        Http::TooLarge(_) => Cause::AnswerTooLarge,
        Http::Denied(_) | Http::Proxy(Some(400..=499)) => Cause::Other,
        _ => Cause::Passing,
    };
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
    let (reason, (zh, en), hint) = match cause {
        Http::BudgetExhausted => return Failure::call_limit(&call.to_string()),
        Http::Denied(option) => (
            Reason::NotPermitted,
            ("平台策略拒绝访问该地址".to_owned(), "the host's policy refuses the destination".to_owned()),
            if option.is_empty() {
                (
                    format!("平台不允许访问该地址，且没有可放行的选项：请检查 {address}"),
                    format!("the platform refuses this address and no option admits it: check {address}"),
                )
            } else {
                (
                    format!("平台不允许访问该地址：请平台运维设置 {option} 放行"),
                    format!("the platform refuses this address: its operator admits it with {option}"),
                )
            },
        ),
        Http::Dns => (
            Reason::Unavailable,
            ("无法解析服务器域名".to_owned(), "the name of the server does not resolve".to_owned()),
            (
                format!("无法解析接口域名：请检查 DNS 与 {address}"),
                format!("the name of the API server does not resolve: check DNS and {address}"),
            ),
        ),
        Http::Connect => (
            Reason::Unavailable,
            ("无法连接服务器".to_owned(), "no connection to the server".to_owned()),
            (
                format!("无法连接接口服务器：请检查网络出口与 {address}"),
                format!("the API server cannot be reached: check the way out of the network and {address}"),
            ),
        ),
        Http::Tls => (
            Reason::Unavailable,
            ("没有受信任的 TLS 连接".to_owned(), "no trusted TLS connection".to_owned()),
            (
                "无法建立受信任的 TLS 连接：请检查证书、系统时间与中间代理".to_owned(),
                "no trusted TLS connection: check the certificate, the clock and any proxy on the way".to_owned(),
            ),
        ),
        // Credentials do not mend themselves, and neither does a proxy that does not let this destination through.
        Http::Proxy(Some(407)) => (
            Reason::NotPermitted,
            ("代理要求登录".to_owned(), "the proxy asks for other credentials".to_owned()),
            (
                format!("代理要求登录：请检查 {user} 与 {password}"),
                format!("the proxy asks for other credentials: check {user} and {password}"),
            ),
        ),
        Http::Proxy(Some(status @ 400..=499)) => (
            Reason::NotPermitted,
            (
                format!("代理拒绝访问该地址（HTTP {status}）"),
                format!("the proxy refuses the destination (HTTP {status})"),
            ),
            (
                format!("代理不允许访问该接口地址：请代理管理员放行，或检查 {proxy} 与 {address}"),
                format!(
                    "the proxy does not let this address through: its administrator admits it, or {proxy} or \
                     {address} is another"
                ),
            ),
        ),
        Http::Proxy(_) => (
            Reason::Unavailable,
            ("代理无法使用".to_owned(), "the proxy does not work".to_owned()),
            (
                format!("代理无法使用：请检查 {proxy} 以及代理到接口服务器的网络"),
                format!("the proxy does not work: check {proxy}, and the proxy's own way to the API server"),
            ),
        ),
        Http::Timeout => (
            Reason::Unavailable,
            ("未及时响应".to_owned(), "no answer in time".to_owned()),
            ("接口响应超时，请稍后重试".to_owned(), "the API did not answer in time: try again later".to_owned()),
        ),
        Http::TooLarge(limit) => (
            Reason::Other("answer-too-large".to_owned()),
            (format!("返回内容超过 {limit} 字节"), format!("the answer is larger than {limit} bytes")),
            (
                format!("返回内容超过 {limit} 字节：请平台运维提高上限"),
                format!("the answer is larger than {limit} bytes: ask the operator for a higher limit"),
            ),
        ),
        Http::Other(kind) => {
            let kind = brief(kind, secrets);
            (
                Reason::Unavailable,
                (format!("请求失败（{kind}）"), format!("the request failed ({kind})")),
                ("接口请求失败，请稍后重试".to_owned(), "the request failed: try again later".to_owned()),
            )
        }
    };
    Failure::new(reason, (format!("{call}：{zh}"), format!("{call}: {en}"))).with_hint(hint.into())
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
