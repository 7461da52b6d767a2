//! Whether calls from this address are accepted, and whether the app is there and enabled: both from `agent/get`.

use super::credentials;
use crate::{
    config::Config,
    element::verdict::{Finding, Page},
    failure::Failure,
    vendor::{codes, wire::agent::Agent},
};

/// `agent/get` names another app: by number (doc 90227), in older reports as a lack of privilege, or as a number that
/// does not exist.
const OTHER_APP: [i64; 3] = [301_002, 60011, 40056];
/// The app is disabled, or lost its permissions because nobody used it.
const DISABLED: [i64; 3] = [50003, 48006, 60031];

/// Whether the address of this host is trusted. WeCom looks at the token, then at the address, then at parameters;
/// where it looks whether the app is enabled is not documented.
pub(in crate::element) fn trusted_ip(asked: &Result<Agent, Failure>) -> Finding {
    let accepted =
        || Finding::ok("accepted", ("企业微信接受来自本机地址的调用", "WeCom accepts calls from this address"));
    match asked {
        Ok(_) => accepted(),
        Err(failure) => match failure.vendor_code {
            Some(codes::UNTRUSTED_ADDRESS) => {
                let finding = Finding::failed(
                    "address-not-trusted",
                    match codes::untrusted_address(failure) {
                        Some(address) => (
                            format!("出口地址 {address} 不在企业可信 IP 中"),
                            format!("the outgoing address {address} is not among the trusted addresses"),
                        ),
                        None => (
                            "出口地址不在企业可信 IP 中（企业微信未告知该地址）".to_owned(),
                            "the outgoing address, which WeCom does not tell, is not among the trusted ones".to_owned(),
                        ),
                    },
                );
                let finding = finding.caused_by(failure).page(Page::Apps);
                match codes::untrusted_address(failure) {
                    Some(address) => finding.fact("address", address),
                    None => finding,
                }
            }
            Some(code) if OTHER_APP.contains(&code) => accepted(),
            _ => super::hidden(),
        },
    }
}

/// Whether the app is the configured one and enabled.
pub(in crate::element) fn enabled(config: &Config, asked: &Result<Agent, Failure>) -> Finding {
    match asked {
        Ok(agent) if agent.agent_id.is_some_and(|id| id != config.agent_id) => other_app(config),
        Ok(agent) if agent.closed => disabled(),
        Ok(agent) => {
            let finding = Finding::ok("enabled", ("应用已启用", "the app is enabled"));
            if agent.name.is_empty() { finding } else { finding.fact("name", &agent.name) }
        }
        Err(failure) => match failure.vendor_code {
            Some(codes::UNTRUSTED_ADDRESS) => super::hidden(),
            Some(code) if OTHER_APP.contains(&code) => other_app(config).caused_by(failure),
            Some(code) if DISABLED.contains(&code) => disabled().caused_by(failure),
            _ => credentials::broken(failure),
        },
    }
}

fn other_app(config: &Config) -> Finding {
    Finding::failed(
        "wrong-agent",
        (
            format!("AgentID {} 与 Secret 不属于同一应用", config.agent_id),
            format!("agent id {} is not the app of this secret", config.agent_id),
        ),
    )
    .hint("请在应用页面核对 AgentId 与 Secret", "compare agent id and secret with the page of the app")
    .page(Page::Apps)
}

fn disabled() -> Finding {
    Finding::failed("app-disabled", ("应用已停用", "the app is disabled"))
        .hint("请管理员在应用页面启用该应用", "the administrator enables the app on its page")
        .page(Page::Apps)
}
