//! Whether sign-in pages may return to the configured address.
//!
//! The workspace entry needs the app's trusted domain, whole host and port. The browser entry accepts the callback
//! domain as well, which no API tells, so a mismatch is fatal for one entry and open for the other.

use super::console;
use crate::{
    config::{Config, authority},
    wire::agent::Agent,
};
use organisation_kit::{text, verdict::Checked};

/// Compares the redirect address with the domain that `agent/get` tells.
pub(super) fn judge(config: &Config, agent: &Agent) -> Checked {
    let Some(redirect) = config.common.redirect_uri.as_ref().map(authority) else {
        return Checked::skipped(
            "no-redirect-uri",
            ("未配置 redirectUri，无法与可信域名比较", "redirectUri is not configured, so there is nothing to compare"),
        )
        .hint("需要登录时请配置 redirectUri", "configure redirectUri if members are to sign in");
    };
    let Some(domain) = &agent.redirect_domain else {
        return Checked::skipped(
            "unreadable",
            ("企业微信返回的可信域名无法识别", "the trusted domain that WeCom answers cannot be read"),
        );
    };
    let trusted: Vec<_> = domains(domain).collect();
    let (zh, en) = (trusted.join("、"), trusted.join(", "));
    let finding = if trusted.is_empty() {
        Checked::failed("no-trusted-domain", ("应用没有可信域名", "the app has no trusted domain"))
    } else if trusted.contains(&redirect) {
        let message = text!("{redirect} 是应用的可信域名", "{redirect} is the trusted domain of the app");
        return Checked::ok("trusted", message).fact("redirect-host", redirect);
    } else if trusted.iter().any(|domain| host(domain) == host(&redirect)) {
        Checked::failed(
            "port-mismatch",
            text! { "可信域名 {zh} 与登录地址 {redirect} 端口不同",
            "the trusted domain {en} has another port than the redirect address {redirect}" },
        )
    } else {
        Checked::failed(
            "domain-mismatch",
            text! { "可信域名 {zh} 与登录地址 {redirect} 不一致",
            "the trusted domain {en} is not the host of the redirect address {redirect}" },
        )
    };
    finding
        .hint(
            format!(
                "从工作台登录需要将 {redirect} 设为应用的可信域名（网页授权及JS-SDK）；浏览器扫码登录还可使用「企业微信授权登录」中的授权回调域，接口无法读取"
            ),
            format!(
                "for sign-in from the workspace make {redirect} the trusted domain of the app (Web Authorization and \
                 JS-SDK); sign-in in a browser may instead use the callback domain under WeCom Login, which no API \
                 tells"
            ),
        )
        .page(console::APPS)
        .fact("redirect-host", redirect)
        .fact("trusted-domain", trusted.join(","))
}

/// The domains of the field, which holds one today. A scheme or a slash, which the console refuses, is left out.
fn domains(field: &str) -> impl Iterator<Item = String> {
    field.split([',', ';', '|', ' ']).filter_map(|domain| {
        let domain = domain.split_once("://").map_or(domain, |(_, rest)| rest);
        let domain = domain.split('/').next().unwrap_or_default().to_ascii_lowercase();
        (!domain.is_empty()).then_some(domain)
    })
}

/// The host of an authority; the brackets of an address hold its colons.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}
