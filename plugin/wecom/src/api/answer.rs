//! From an HTTP outcome to the text of a sound answer, or to the reason why there is none.
//!
//! Pure. WeCom answers business failures with status 200 and an `errcode`; everything else (another status, a page of
//! HTML, JSON that is no object) comes from a proxy, a wrong address or a broken edge, and is refused.

use crate::{
    contract::{http, types::Reason},
    failure::Failure,
    text::Text,
    vendor::{
        api::Api,
        codes::{self, Class},
        wire::status,
    },
};

/// A call without a sound answer, with what its caller must know in order to decide about repeating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// For whoever asked.
    pub failure: Failure,
    /// Where it broke.
    pub cause: Cause,
    /// `false` only where WeCom certainly did not get the request.
    pub reached: bool,
}

/// Where a call broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There was no token to call with.
    Token,
    /// The host forbade it or a limit of the call is used up.
    Host,
    /// No connection, or it broke.
    Transport,
    /// The answer is larger than was allowed.
    TooLarge,
    /// An HTTP status other than 200.
    Status(u16),
    /// The answer is no JSON object of the documented shape.
    Unreadable,
    /// WeCom's error code.
    Vendor(i64),
}

impl Cause {
    /// Whether the same idempotent call, repeated at once, may well succeed.
    pub fn is_passing(self) -> bool {
        match self {
            Self::Transport | Self::Unreadable => true,
            Self::Status(status) => status >= 500,
            Self::Vendor(code) => codes::lookup(code).class == Class::Busy,
            Self::Token | Self::Host | Self::TooLarge => false,
        }
    }

    /// Whether the token was refused: another token may do. These codes come before anything else is looked at, so
    /// that repeating the call with a new token is safe even where the call is not idempotent.
    pub fn is_stale_token(self) -> bool {
        matches!(self, Self::Vendor(40001 | 40014 | 42001))
    }
}

impl Miss {
    fn answered(cause: Cause, failure: Failure) -> Self {
        Self { failure, cause, reached: true }
    }
}

/// Judges one outcome. `secrets` are masked in whatever text of the host or the vendor is passed on.
pub fn judge(api: Api, outcome: Result<http::Response, http::HttpError>, secrets: &[String]) -> Result<String, Miss> {
    let response = outcome.map_err(|error| unanswered(api, &error, secrets))?;
    if response.status != 200 {
        return Err(wrong_status(api, &response));
    }
    let text = match response.body {
        http::Body::Text(text) => text,
        http::Body::Bytes(bytes) => String::from_utf8(bytes).map_err(|_| malformed(api, "is not UTF-8"))?,
    };
    // A derived `Deserialize` reads a list as well, so the root has to be looked at.
    match text.trim_start().chars().next() {
        Some('{') => {}
        None => return Err(malformed(api, "is empty")),
        Some('<') => return Err(malformed(api, "is a page of HTML")),
        Some(_) => return Err(malformed(api, "is no JSON object")),
    }
    let status = status::parse(&text).map_err(|error| unreadable(api, &error))?;
    match status.errcode {
        None | Some(0) if status.errmsg.contains("Warning") => {
            // "ok. Warning: wrong json format.": the request was understood in part or not at all.
            Err(malformed(api, "carries a warning, so that it may be incomplete"))
        }
        None | Some(0) => Ok(text),
        Some(code) => {
            let failure = codes::failure(code, &masked(&status.errmsg, secrets), api.path());
            Err(Miss::answered(Cause::Vendor(code), failure))
        }
    }
}

/// A miss for an answer whose JSON does not have the documented shape. Says where, never what: the text of a JSON
/// error can quote the value.
pub fn unreadable(api: Api, error: &serde_json::Error) -> Miss {
    let place = format!("cannot be read ({:?} at line {} column {})", error.classify(), error.line(), error.column());
    malformed(api, &place)
}

/// A miss for an answer that lacks what it is for.
pub fn without(api: Api, field: &str) -> Miss {
    malformed(api, &format!("has no {field}"))
}

fn malformed(api: Api, what: &str) -> Miss {
    let failure =
        Failure::new(Reason::UnexpectedAnswer, format!("the answer of {} {what}", api.path())).with_hint(Text::new(
            "企业微信接口返回了无法识别的内容：请检查 apiBaseUrl 以及中间的代理或网关",
            "the vendor's answer cannot be read: check apiBaseUrl and any proxy or gateway on the way",
        ));
    Miss::answered(Cause::Unreadable, failure)
}

fn wrong_status(api: Api, response: &http::Response) -> Miss {
    let status = response.status;
    let message = format!("{} answered with HTTP status {status} instead of 200", api.path());
    let failure = match status {
        429 => Failure::new(Reason::RateLimited, message)
            .with_retry_after_ms(retry_after_ms(response).unwrap_or(60_000))
            .with_hint(Text::new("请求过于频繁，请稍后重试", "too many requests: try again later")),
        500.. => {
            let failure = Failure::new(Reason::Unavailable, message).with_hint(Text::new(
                "企业微信服务暂时不可用，请稍后重试",
                "WeCom is unavailable for now: try again later",
            ));
            match retry_after_ms(response) {
                Some(milliseconds) => failure.with_retry_after_ms(milliseconds),
                None => failure,
            }
        }
        404 => Failure::new(Reason::UnexpectedAnswer, message).with_hint(Text::new(
            format!("该地址没有接口 {}：请检查 apiBaseUrl，或所用的企业微信版本是否提供此接口", api.path()),
            format!("there is no {} at this address: check apiBaseUrl, or whether this WeCom has it", api.path()),
        )),
        300..400 => Failure::new(Reason::UnexpectedAnswer, message).with_hint(Text::new(
            "该地址发生了跳转：请检查 apiBaseUrl（通常应为 https 地址）",
            "the address redirects elsewhere: check apiBaseUrl (it usually has to be https)",
        )),
        _ => Failure::new(Reason::UnexpectedAnswer, message).with_hint(Text::new(
            "请求被中间的代理或网关拒绝：请检查 apiBaseUrl 与网络出口",
            "a proxy or gateway refused the request: check apiBaseUrl and the way out of the network",
        )),
    };
    Miss::answered(Cause::Status(status), failure)
}

/// The header in its form with seconds; the form with a date is left out, since WeCom itself sends neither.
fn retry_after_ms(response: &http::Response) -> Option<u64> {
    let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("retry-after"))?;
    header.value.trim().parse::<u64>().ok()?.checked_mul(1_000)
}

fn unanswered(api: Api, error: &http::HttpError, secrets: &[String]) -> Miss {
    use http::Failure as Http;
    let unavailable = |what: &str, zh: &str, en: &str| {
        (
            Cause::Transport,
            Failure::new(Reason::Unavailable, format!("{}: {what}", api.path())).with_hint(Text::new(zh, en)),
        )
    };
    let (cause, failure) = match &error.failure {
        Http::Denied(option) if option.is_empty() => (
            Cause::Host,
            Failure::new(Reason::NotPermitted, format!("{}: the host's policy refuses the destination", api.path()))
                .with_hint(Text::new(
                    "平台不允许访问该地址，且没有可放行的选项：请检查 apiBaseUrl",
                    "the platform refuses this address and no option admits it: check apiBaseUrl",
                )),
        ),
        Http::Denied(option) => (
            Cause::Host,
            Failure::new(Reason::NotPermitted, format!("{}: the host's policy refuses the destination", api.path()))
                .with_hint(Text::new(
                    format!("平台不允许访问该地址：请平台运维设置 {option} 放行"),
                    format!("the platform refuses this address: its operator admits it with {option}"),
                )),
        ),
        Http::Dns => unavailable(
            "the name of the server does not resolve",
            "无法解析接口域名：请检查 DNS 与 apiBaseUrl",
            "the name of the API server does not resolve: check DNS and apiBaseUrl",
        ),
        Http::Connect => unavailable(
            "no connection to the server",
            "无法连接接口服务器：请检查网络出口与 apiBaseUrl",
            "the API server cannot be reached: check the way out of the network and apiBaseUrl",
        ),
        Http::Tls => unavailable(
            "no trusted TLS connection",
            "无法建立受信任的 TLS 连接：请检查证书、系统时间与中间代理",
            "no trusted TLS connection: check the certificate, the clock and any proxy on the way",
        ),
        // Credentials do not mend themselves, and neither does a proxy that does not let this destination through.
        Http::Proxy(Some(407)) => (
            Cause::Host,
            Failure::new(Reason::NotPermitted, format!("{}: the proxy asks for other credentials", api.path()))
                .with_hint(Text::new(
                    "代理要求登录：请检查 proxyUsername 与 proxyPassword",
                    "the proxy asks for other credentials: check proxyUsername and proxyPassword",
                )),
        ),
        Http::Proxy(Some(status @ 400..=499)) => (
            Cause::Host,
            Failure::new(
                Reason::NotPermitted,
                format!("{}: the proxy refuses the destination (HTTP {status})", api.path()),
            )
            .with_hint(Text::new(
                "代理不允许访问该接口地址：请代理管理员放行，或检查 proxy 与 apiBaseUrl",
                "the proxy does not let this address through: its administrator admits it, or proxy or apiBaseUrl is \
                 another",
            )),
        ),
        Http::Proxy(_) => unavailable(
            "the proxy does not work",
            "代理无法使用：请检查 proxy 以及代理到接口服务器的网络",
            "the proxy does not work: check proxy, and the proxy's own way to the API server",
        ),
        Http::Timeout => unavailable(
            "no answer in time",
            "接口响应超时，请稍后重试",
            "the API did not answer in time: try again later",
        ),
        Http::TooLarge(limit) => (
            Cause::TooLarge,
            Failure::new(
                Reason::Other("answer-too-large".to_owned()),
                format!("the answer of {} is larger than {limit} bytes", api.path()),
            )
            .with_hint(Text::new(
                format!("返回内容超过 {limit} 字节：请平台运维提高上限"),
                format!("the answer is larger than {limit} bytes: ask the operator for a higher limit"),
            )),
        ),
        Http::BudgetExhausted => (
            Cause::Host,
            Failure::new(
                Reason::Other("budget-exhausted".to_owned()),
                format!("{}: a limit of this call is used up", api.path()),
            )
            .with_hint(Text::new(
                "本次调用的资源额度已用尽：请重试，或请平台运维提高额度",
                "a limit of this call is used up: try again, or ask the operator for more",
            )),
        ),
        Http::Other(kind) => unavailable(
            &format!("the request failed ({})", brief(kind, secrets)),
            "接口请求失败，请稍后重试",
            "the request failed: try again later",
        ),
    };
    let mut failure = failure;
    let detail = brief(&error.message, secrets);
    if !detail.is_empty() {
        failure.message = Text::new(format!("{}：{detail}", failure.message.zh), format!("{}: {detail}", failure.message.en));
    }
    Miss { failure, cause, reached: error.may_have_reached_server }
}

/// The host's words in one short line, cut before a query in case a host forgets that it must not show one.
fn brief(message: &str, secrets: &[String]) -> String {
    let before_query = message.split('?').next().unwrap_or_default();
    let line: String = before_query.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    masked(line.trim(), secrets)
}

/// The text with every secret replaced, plain or percent-encoded.
fn masked(text: &str, secrets: &[String]) -> String {
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
