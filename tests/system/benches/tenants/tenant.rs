//! Tenants to measure with.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use organisation_host::{
    Element, ElementOptions, Host, LoadedComponent,
    contract::login::{AuthorizationRequest, Entry, ExchangeRequest},
    egress::{AllowList, Hook, OperatorList},
    settings::Document,
    storage::Storage,
};
use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET};

use crate::Outcome;

/// The configuration of an element for a vendor at this address.
pub fn configuration(base_url: &str) -> Value {
    json!({
        "corpId": DEMO_CORP_ID, "agentId": DEMO_AGENT_ID, "secret": DEMO_SECRET,
        "redirectUri": system_tests::stage::REDIRECT_URI, "locale": "en",
        "apiBaseUrl": base_url, "loginBaseUrl": base_url, "oauthBaseUrl": base_url,
    })
}

/// An element of a tenant.
pub fn element(
    host: &Host,
    component: &Arc<LoadedComponent>,
    storage: &Arc<dyn Storage>,
    tenant: String,
    base_url: &str,
    hook: Option<Arc<dyn Hook>>,
) -> Outcome<Element> {
    let settings = Document::parse(&configuration(base_url).to_string())?;
    let mut options = ElementOptions::new(tenant, "org", settings, Arc::clone(storage));
    let written = AllowList::parse([base_url.trim_start_matches("http://")])?;
    options.operator = OperatorList::whatever_is_needed_and(written);
    options.hooks = hook.into_iter().collect();
    Ok(host.element(component, options)?)
}

/// The address of a vendor that only hooks play.
pub const NOWHERE: &str = "http://127.0.0.1:9";

/// Both steps of a sign-in; how long they took.
pub async fn sign_in(element: &Element) -> Outcome<Duration> {
    let began = Instant::now();
    let state = element.authorization_url(&AuthorizationRequest::new(Entry::Browser)).await?.state;
    element.exchange_code(&ExchangeRequest::new("code", state)).await?;
    Ok(began.elapsed())
}

/// A quantile of times.
pub fn quantile(times: &mut [Duration], of: f64) -> Duration {
    times.sort_unstable();
    let at = ((times.len() as f64 - 1.0) * of).round().max(0.0) as usize;
    times.get(at).copied().unwrap_or_default()
}

/// Both of the usual quantiles.
pub fn quantiles(times: &mut [Duration]) -> String {
    let shown = |of| format!("{:.2}", quantile(times, of).as_secs_f64() * 1e3);
    let mut shown = shown;
    format!("{} / {} ms", shown(0.5), shown(0.99))
}
