//! What the simulated vendor takes and sends, for an examination.

use std::{error::Error, net::Ipv4Addr};

use axum::{Router, extract::RawQuery, http::Method};
use organisation_conform::Samples;
use organisation_host::contract::{callbacks::IncomingRequest, from_json, types::Body};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};
use wecom_simulator::{Control, DEMO_AGENT_ID, Event, PURCHASE_TEMPLATE, Receiver, corp::Callback};

/// What the app's console shows for its callbacks. It guards nothing: both ends are made for one examination.
const TOKEN: &str = "conformCallbackToken";
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// The keys of a configuration by which a component reads what the simulated vendor sends.
pub fn callback() -> Value {
    json!({ "token": TOKEN, "encodingAESKey": KEY })
}

/// The samples with a request for approval and a delivery where they hold none. The simulated app sends to this program from
/// then on, where nobody listens any more.
///
/// # Errors
/// The simulated vendor sends nothing.
pub async fn samples(control: &Control, samples: Samples) -> Result<Samples, Box<dyn Error + Send + Sync>> {
    let approval = match samples.approval {
        Some(approval) => approval,
        None => from_json(json!({
            "template": PURCHASE_TEMPLATE,
            "applicant": "wangwu",
            "fields": [{ "id": "Money-1700000000001", "value": { "plain": { "money": "700" } } }],
        }))?,
    };
    let deliveries = if samples.deliveries.is_empty() { vec![delivery(control).await?] } else { samples.deliveries };
    Ok(Samples { approval: Some(approval), deliveries })
}

/// What the app's own route gets when a member comes into the app's visible range.
async fn delivery(control: &Control) -> Result<IncomingRequest, Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (sender, mut arrived) = mpsc::channel(1);
    let keep = move |method: Method, RawQuery(query): RawQuery, body: String| {
        let (route, method, query) = ("wecom".to_owned(), method.as_str().to_owned(), query.unwrap_or_default());
        let request = IncomingRequest { route, method, query, headers: Vec::new(), body: Some(Body::Text(body)) };
        // Where there is no room the first one is there already, and a repetition is the same.
        let _ = sender.try_send(request);
        std::future::ready(())
    };
    let router = Router::new().fallback(keep);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let app = Receiver::App(DEMO_AGENT_ID);
    control.set_callback(app, Some(Callback::new(url, TOKEN, KEY)))?;
    control.deliver(app, &Event::subscribe("wangwu")).await?;
    serving.abort();
    arrived.try_recv().map_err(|_| "the simulated vendor delivered nothing".into())
}
