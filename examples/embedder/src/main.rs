//! Signs members in: `cargo run -- COMPONENT.wasm ELEMENT_FOLDER 127.0.0.1:7070 [ALLOWED_HOST…]`, then open what it prints.
use std::{collections::HashMap, error::Error};

use axum::{Router, extract, http::StatusCode, response::Redirect, routing::get};
use organisation_host::{ComponentFile, Element, ElementOptions, Host, contract::login, egress, settings, storage};

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [component, folder, listen, hosts @ ..] = &arguments[..] else {
        return Err("see the first line of main.rs".into());
    };
    let folder = settings::ElementFolder::load(folder.as_ref(), &settings::Variables::default())?;
    let (host, storage) = (Host::builder().build()?, storage::open("memory:", Default::default()).await?);
    let mut options = ElementOptions::new("default", folder.name, folder.settings, storage);
    options.operator = egress::OperatorList::whatever_is_needed_and(egress::AllowList::parse(hosts)?);
    let element = host.element(&host.load_file(&ComponentFile::read(component.as_ref())?)?, options)?;
    let app = Router::new().route("/", get(go)).route("/callback", get(back)).with_state(element);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
