//! Signs members in: `cargo run -p host-harness --example embed -- ELEMENT_FOLDER`, then open http://127.0.0.1:7070/
use std::{collections::HashMap, error::Error, path::PathBuf};

use axum::{Router, extract, http::StatusCode, response::Redirect, routing::get};
use host_harness::{Element, ElementOptions, Host, bundled_component, contract::login, egress, settings, storage};

type Answer<T> = Result<T, (StatusCode, String)>;

fn failed(error: impl ToString) -> (StatusCode, String) {
    (StatusCode::BAD_GATEWAY, error.to_string())
}

async fn go(extract::State(element): extract::State<Element>) -> Answer<Redirect> {
    let request = login::AuthorizationRequest::new(login::Entry::Browser);
    let answer = element.authorization_url(&request).await.map_err(failed)?.value;
    answer.map(|authorization| Redirect::to(&authorization.url)).map_err(|error| failed(error.message))
}

async fn back(
    extract::State(element): extract::State<Element>,
    extract::Query(query): extract::Query<HashMap<String, String>>,
) -> Answer<String> {
    let [code, state] = ["code", "state"].map(|key| query.get(key).cloned().unwrap_or_default());
    let answer = element.exchange_code(&login::ExchangeRequest::new(code, state)).await.map_err(failed)?.value;
    answer.map(|exchange| format!("{:?}", exchange.outcome)).map_err(|error| failed(error.message))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("name an element folder")?;
    let folder = settings::ElementFolder::load(&folder, &settings::Variables::default())?;
    let (host, storage) = (Host::builder().build()?, storage::open("memory:", Default::default()).await?);
    let mut options = ElementOptions::new("default", folder.name, folder.settings, storage);
    options.operator = egress::OperatorList::whatever_is_needed_and(egress::AllowList::default());
    let element = host.element(&host.load(bundled_component())?, options)?;
    let app = Router::new().route("/", get(go)).route("/callback", get(back)).with_state(element);
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:7070").await?, app).await?)
}
