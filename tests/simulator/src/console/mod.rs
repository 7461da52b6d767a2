//! The console at `/console` and the control endpoints below `/sim/`: play the organisation from a second window.
//!
//! Both are open to whoever reaches the port, which is loopback; requests that a page of another site sends are refused.

mod action;
mod activity;
mod desk;
mod fields;
mod people;
mod receivers;
mod view;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HOST, LOCATION, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use axum::routing::get;
use serde_json::{Value, json};

use crate::api::{parse_query, query_value};
use crate::control::Control;
use crate::corp::{Corp, TrustedAddresses};
use crate::pages::{html, redirect::append};
use crate::world::Shared;
use action::EFFECTS;
use fields::Fields;

pub(crate) fn router() -> Router<Shared> {
    Router::new().route("/console", get(show)).route("/sim/{action}", get(report).post(act))
}

async fn show(State(shared): State<Shared>, uri: Uri) -> Response<Body> {
    let query = parse_query(uri.query().unwrap_or_default());
    let control = Control(shared);
    let search = query_value(&query, "search").unwrap_or_default();
    html(view::console(&control, search, query_value(&query, "problem")))
}

async fn report(State(shared): State<Shared>, Path(name): Path<String>, uri: Uri) -> Response<Body> {
    let query = parse_query(uri.query().unwrap_or_default());
    let control = Control(shared);
    let value = match name.as_str() {
        "state" => Ok(state(&control.corp(), control.now())),
        "log" => Ok(json!(control.requests())),
        "counts" => Ok(json!(control.counts())),
        "actions" => Ok(json!({
            "actions": action::all()
                .map(|one| (one.name, one.fields))
                .chain([receivers::SAVE])
                .collect::<std::collections::BTreeMap<_, _>>(),
            "effects": EFFECTS,
        })),
        "inbox" => Ok(json!(control.inbox(query_value(&query, "member").unwrap_or_default()))),
        "messages" => Ok(json!({"counts": control.message_counts(), "inboxes": control.inboxes()})),
        "deliveries" => Ok(json!(control.deliveries())),
        "approvals" => Ok(json!(control.approvals())),
        "templates" => {
            let templates = control.templates().into_iter();
            Ok(templates.map(|one| json!({"id": one.id, "name": one.name(), "controls": one.controls})).collect())
        }
        "routes" => Ok(json!(crate::routes())),
        "truth" => {
            let app = query_value(&query, "agentid").and_then(|id| id.parse().ok()).unwrap_or_default();
            control.truth(app).map(|truth| json!(truth)).map_err(|error| (StatusCode::NOT_FOUND, error.to_string()))
        }
        _ => Err((StatusCode::NOT_FOUND, format!("there is no report {name:?}"))),
    };
    match value {
        Ok(value) => answer(StatusCode::OK, &value),
        Err((status, message)) => answer(status, &json!({ "error": message })),
    }
}

async fn act(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if is_foreign(&headers) {
        return answer(StatusCode::FORBIDDEN, &json!({"error": "actions are taken from the console's own pages only"}));
    }
    let control = Control(shared);
    let result = match Fields::read(&body) {
        Ok(fields) if name == receivers::SAVE.0 => receivers::save(&control, &fields).await,
        Ok(fields) => action::run(&control, &name, &fields),
        Err(error) => Err(error),
    };
    let from_form =
        headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    match (result, from_form) {
        (Ok(_), true) => back("/console"),
        (Err(error), true) => back(&append("/console", &[("problem", &error.to_string())])),
        (Ok(value), false) => answer(StatusCode::OK, &value),
        (Err(error), false) => answer(StatusCode::BAD_REQUEST, &json!({"error": error.to_string()})),
    }
}

/// Whether a browser sends this on behalf of another site.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text(ORIGIN) {
        None => false,
        Some(origin) => origin.split_once("://").map(|(_, host)| host) != text(HOST),
    }
}

fn state(corp: &Corp, now: u64) -> Value {
    let apps = corp.apps().map(|app| {
        json!({
            "agentid": app.id, "name": app.name, "enabled": app.enabled, "secret": app.secret.hint(),
            "created_before_2022": app.created_before_2022, "home_url": app.home_url,
            "trusted_domains": app.trusted_domains, "login_callback_domain": app.login_callback_domain,
            "trusted_addresses": match &app.trusted_addresses {
                TrustedAddresses::Any => json!("any"),
                TrustedAddresses::Only(list) => json!(list),
            },
            "visible_departments": app.visible.departments().collect::<Vec<_>>(),
            "visible_members": app.visible.members().collect::<Vec<_>>(),
            "visible_tags": app.visible.tags().collect::<Vec<_>>(),
        })
    });
    let departments = corp.departments().map(|one| json!({"id": one.id, "name": one.name, "parent": one.parent}));
    let members = corp.members().map(|one| {
        let departments: Vec<u64> = one.departments.iter().map(|place| place.department).collect();
        json!({"id": one.id, "name": one.name, "departments": departments, "status": one.status.number()})
    });
    json!({
        "corp_id": corp.id(), "now": now, "apps": apps.collect::<Vec<_>>(),
        "departments": departments.collect::<Vec<_>>(), "members": members.collect::<Vec<_>>(),
    })
}

fn answer(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}

/// Sends a browser back to the page after a form, so that a reload does not repeat it.
fn back(target: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(target) = HeaderValue::from_str(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}
