//! Signatures of pages inside the vendor's client.

use serde_json::Value;
use url::Url;

use super::{
    promise::{PAGE_CALLS, PAGE_EXPIRES, PAGE_HOST, PAGE_TIME, Promise},
    trial::Trial,
};
use organisation_host::{
    ElementError,
    contract::{
        login::{AuthorizationRequest, Entry},
        web::{Identity, SignatureRequest},
    },
};

const OF_PAGES: [&Promise; 4] = [&PAGE_HOST, &PAGE_CALLS, &PAGE_TIME, &PAGE_EXPIRES];
/// A function of the vendor's client, whatever it is called.
const FUNCTION: &str = "conformFunction";
/// A signature may be made a little before or after it is asked for.
const SLACK_SECONDS: u64 = 30;

/// Looks at signatures of pages on the host to which sign-ins return.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    if !trial.can("web.js-sdk-signature") {
        trial.findings.skip(&OF_PAGES, "the element signs no pages");
        return Ok(());
    }
    let element = trial.element("web")?;
    let request =
        |url: &str, identity| SignatureRequest { url: url.to_owned(), identity, functions: vec![FUNCTION.to_owned()] };
    let refusal = ["invalid-argument"];
    for url in ["https://elsewhere.example/", "javascript:alert(1)", "//elsewhere.example", "/page", ""] {
        let signature = request(url, Identity::Organisation);
        trial.refused(&PAGE_HOST, &format!("{url:?}"), &refusal, element.js_sdk_signature(&signature)).await;
    }
    let login = trial.ask(element.login_config(&AuthorizationRequest::new(Entry::Browser))).await;
    let host = match login {
        Some(Ok(login)) => Url::parse(&login.redirect_uri).ok().and_then(|url| url.join("/conform?a=1").ok()),
        _ => None,
    };
    let Some(page) = host else {
        trial.findings.skip(&[&PAGE_CALLS, &PAGE_TIME, &PAGE_EXPIRES], "login-config names no host of the app");
        return Ok(());
    };
    for identity in [Identity::Organisation, Identity::App] {
        let now = trial.now_ms();
        let asked = request(page.as_str(), identity);
        let one = trial.demand(&PAGE_HOST, element.js_sdk_signature(&asked)).await;
        let other = trial.demand(&PAGE_HOST, element.js_sdk_signature(&asked)).await;
        let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
        trial.expect(&PAGE_HOST, one.app_id == other.app_id && one.agent_id == other.agent_id, || {
            format!("the same page as {:?}, then as {:?}", (one.app_id, one.agent_id), (other.app_id, other.agent_id))
        });
        trial.expect(&PAGE_TIME, other.timestamp.abs_diff(now / 1_000) <= SLACK_SECONDS, || {
            format!("signed at {} s, it is {} ms", other.timestamp, now)
        });
        trial.expect(&PAGE_EXPIRES, other.expires_at > now, || format!("good until {}, it is {now}", other.expires_at));
        let are_json = other.calls.iter().all(|call| serde_json::from_str::<Value>(&call.arguments).is_ok());
        let names_function = other.calls.iter().any(|call| call.arguments.contains(FUNCTION));
        trial.expect(&PAGE_CALLS, are_json && names_function, || format!("found {:?}", other.calls));
    }
    Ok(())
}
