//! Signs members in: `cargo run -- COMPONENT.wasm ELEMENT_FOLDER 127.0.0.1:7070 [ALLOWED_HOST…]`, then open what it prints.
mod cookie;
use std::{collections::HashMap, error::Error};

use axum::extract::{Query, State};
use axum::{Router, http::StatusCode, response, routing::get};
use organisation_host::{ComponentFile, Element, ElementOptions, Host, contract::login, egress, settings, storage};

fn failed(error: impl ToString) -> (StatusCode, String) {
    (StatusCode::BAD_GATEWAY, error.to_string())
}

async fn go(State(element): State<Element>) -> response::Result<impl response::IntoResponse> {
    let (cookie, binding) = cookie::new().map_err(failed)?;
    let mut request = login::AuthorizationRequest::new(login::Entry::Browser);
    request.browser_binding = Some(binding);
    let page = element.authorization_url(&request).await.map_err(failed)?;
    Ok((cookie, response::Redirect::to(&page.url)))
}

type Pairs = Query<HashMap<String, String>>;
async fn back(State(element): State<Element>, query: Pairs, bound: cookie::Bound) -> response::Result<String> {
    let [code, state] = ["code", "state"].map(|key| query.get(key).cloned().unwrap_or_default());
    let mut request = login::ExchangeRequest::new(code, state);
    request.browser_binding = Some(bound.0);
    let exchange = element.exchange_code(&request).await.map_err(failed)?;
    Ok(format!("{:?}", exchange.outcome))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [component, folder, listen, hosts @ ..] = &arguments[..] else { return Err("see the top of main.rs".into()) };
    let folder = settings::ElementFolder::load(folder.as_ref(), &settings::Variables::default())?;
    let (host, storage) = (Host::builder().build()?, storage::open("memory:", Default::default()).await?);
    let mut options = ElementOptions::new("default", folder.name, folder.settings, storage);
    options.operator = egress::OperatorList::whatever_is_needed_and(egress::AllowList::parse(hosts)?);
    let (file, loader) = (ComponentFile::read(component.as_ref())?, host.clone());
    let component = tokio::task::spawn_blocking(move || loader.load_file(&file)).await??;
    let element = host.element(&component, options)?;
    let app = Router::new().route("/", get(go)).route("/callback", get(back)).with_state(element);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
