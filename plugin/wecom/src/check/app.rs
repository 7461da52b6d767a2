//! Whether calls from this address are accepted, and whether the app is there and enabled: both from `agent/get`.

use super::{console, credentials};
use crate::{
    api::codes::{APP_DISABLED, OTHER_APP, UNTRUSTED_ADDRESS, untrusted_address},
    config::{Config, authority},
    wire::agent::Agent,
};
use organisation_kit::{failure::Failure, text, verdict::Checked};

/// Whether the address that calls come from is trusted: this host's, or that of the proxy. WeCom looks at the token, then
/// at the address, then at parameters; where it looks whether the app is enabled is not documented.
pub(super) fn trusted_ip(config: &Config, asked: &Result<Agent, Failure>) -> Checked {
    let proxy = config.proxy.as_ref().map(authority);
    let finding = match asked {
        Ok(_) => accepted(proxy.as_deref()),
        Err(failure) if UNTRUSTED_ADDRESS.include(failure) => not_trusted(failure, proxy.as_deref()),
        Err(failure) if OTHER_APP.include(failure) => accepted(proxy.as_deref()),
        Err(_) => return Checked::hidden(),
    };
    match proxy {
        Some(proxy) => finding.fact("proxy", proxy),
        None => finding,
    }
}

fn accepted(proxy: Option<&str>) -> Checked {
    match proxy {
        None => Checked::ok("accepted", ("企业微信接受来自本机地址的调用", "WeCom accepts calls from this address")),
        Some(proxy) => Checked::ok(
            "accepted",
            text! { "企业微信接受来自代理 {proxy} 的调用",
            "WeCom accepts calls from the address of the proxy {proxy}" },
        ),
    }
}

fn not_trusted(failure: &Failure, proxy: Option<&str>) -> Checked {
    let address = untrusted_address(failure);
    let (shown_zh, shown_en) = match address {
        Some(address) => (format!(" {address} "), format!(" {address}")),
        None => ("（企业微信未告知）".to_owned(), ", which WeCom does not tell,".to_owned()),
    };
    let message = match proxy {
        None => text! { "出口地址{shown_zh}不在企业可信 IP 中",
        "the outgoing address{shown_en} is not among the trusted addresses" },
        Some(proxy) => text! { "代理 {proxy} 的出口地址{shown_zh}不在企业可信 IP 中",
        "the outgoing address{shown_en} of the proxy {proxy} is not among the trusted addresses" },
    };
    let finding = Checked::failed("address-not-trusted", message).caused_by(failure).page(console::APPS);
    match address {
        Some(address) => finding.fact("address", address),
        None => finding,
    }
}

/// Whether the app is the configured one and enabled.
pub(super) fn enabled(config: &Config, asked: &Result<Agent, Failure>) -> Checked {
    match asked {
        Ok(agent) if agent.agent_id.is_some_and(|id| id != config.agent_id) => other_app(config),
        Ok(agent) if agent.closed => disabled(),
        Ok(agent) => {
            let finding = Checked::ok("enabled", ("应用已启用", "the app is enabled"));
            if agent.name.is_empty() { finding } else { finding.fact("name", &agent.name) }
        }
        Err(failure) if UNTRUSTED_ADDRESS.include(failure) => Checked::hidden(),
        Err(failure) if OTHER_APP.include(failure) => other_app(config).caused_by(failure),
        Err(failure) if APP_DISABLED.include(failure) => disabled().caused_by(failure),
        Err(failure) => credentials::broken(failure),
    }
}

fn other_app(config: &Config) -> Checked {
    let id = config.agent_id;
    let message = text!("AgentID {id} 与 Secret 不属于同一应用", "agent id {id} is not the app of this secret");
    Checked::failed("wrong-agent", message)
        .hint("请在应用页面核对 AgentId 与 Secret", "compare agent id and secret with the page of the app")
        .page(console::APPS)
}

fn disabled() -> Checked {
    Checked::failed("app-disabled", ("应用已停用", "the app is disabled"))
        .hint("请管理员在应用页面启用该应用", "the administrator enables the app on its page")
        .page(console::APPS)
}
