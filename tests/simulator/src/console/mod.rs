//! The console at `/console` and the control endpoints below `/sim/`: play the organisation from a second window.
//!
//! The console has three rooms: the company's WeCom as its administrator sees it, the phone of a member, and a workbench with
//! what no company has. Its forms send the same actions as programs do. All of it is open to whoever reaches the port, which is
//! loopback; requests that a page of another site sends are refused.

mod action;
mod bench;
mod company;
mod desk;
mod fields;
mod people;
mod phone;
mod receivers;
mod scene;
mod workbench;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HOST, LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use maud::html as markup;
use organisation_pages::{local_path, secured};
use serde_json::{Value, json};

use crate::api::{parse_query, query_value};
use crate::control::Control;
use crate::corp::{Corp, TrustedAddresses};
use crate::file::OrganisationFile;
use crate::pages::{html, redirect::append};
use crate::world::Shared;
use bench::EFFECTS;
pub(crate) use bench::faults_of;
use fields::Fields;
pub(crate) use phone::owner as phone_owner;
use scene::{Room, SCRIPT, SCRIPT_PATH, STYLE, STYLE_PATH, Scene};

/// Enough for the file of an organisation of 300,000 members.
const LARGEST_FILE: usize = 64 << 20;

pub(crate) fn router() -> Router<Shared> {
    let console = Router::new()
        .route("/console", get(async |scene: Scene| html(company::home(&scene))))
        .route("/console/search", get(async |scene: Scene| html(company::search(&scene))))
        .route(
            "/console/department/{id}",
            get(async |scene: Scene, Path(id): Path<String>| {
                found(&scene, Room::Company, id.parse().ok().and_then(|id| company::department(&scene, id)))
            }),
        )
        .route(
            "/console/member/{id}",
            get(async |scene: Scene, Path(id): Path<String>| {
                found(&scene, Room::Company, company::member(&scene, &id))
            }),
        )
        .route(
            "/console/app/{id}",
            get(async |scene: Scene, Path(id): Path<String>| {
                found(&scene, Room::Company, id.parse().ok().and_then(|id| company::app(&scene, id)))
            }),
        )
        .route("/console/app/{id}/secret", post(secret))
        .route("/console/phone", get(async |scene: Scene| html(phone::choose(&scene))))
        .route("/console/phone/{member}", get(take_phone))
        .route(
            "/console/phone/{member}/{screen}",
            get(async |scene: Scene, Path((member, screen)): Path<(String, String)>| {
                found(&scene, Room::Phone, phone::phone(&scene, &member, &screen))
            }),
        )
        .route("/console/workbench", get(async || Redirect::to("/console/workbench/state")))
        .route(
            "/console/workbench/{page}",
            get(async |scene: Scene, Path(page): Path<String>| {
                found(&scene, Room::Workbench, workbench::workbench(&scene, &page))
            }),
        )
        .merge(organisation_pages::router(""))
        .layer(map_response(secured))
        // Browsers say where a form comes from only where a page may be named to its own site.
        .layer(map_response(async |mut response: Response<Body>| {
            response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
            response
        }))
        .route(
            SCRIPT_PATH,
            get(async || ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")], SCRIPT)),
        )
        .route(
            STYLE_PATH,
            get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")], STYLE)),
        );
    Router::new()
        .route("/sim/{action}", get(report).post(act).layer(DefaultBodyLimit::max(LARGEST_FILE)))
        .merge(console)
}

impl axum::extract::FromRequestParts<Shared> for Scene {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        shared: &Shared,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::new(Control(shared.clone()), &parts.uri, &parts.headers))
    }
}

/// The page, or the one that says that there is none.
fn found(scene: &Scene, room: Room, page: Option<String>) -> Response<Body> {
    let Some(page) = page else {
        let why = scene.say(
            "没有这样的页面、成员、部门或应用；可能刚被删除。",
            "There is no such page, member, department or app; it may just have been removed.",
        );
        let mut response = html(scene.render(room, scene.say("找不到", "Not found"), &markup! { p { (why) } }));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    html(page)
}

/// Shows a secret, or a new one: only after the press of a button of our own pages.
async fn secret(mut scene: Scene, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    if is_foreign(&headers) {
        return foreign();
    }
    // The switch of languages comes back to a page that can be asked for again.
    scene.here = format!("/console/app/{id}");
    let rotate = Fields::read(&body).is_ok_and(|fields| fields.given("rotate") == Some("1"));
    found(&scene, Room::Company, id.parse().ok().and_then(|id| company::secret(&scene, id, rotate)))
}

/// From now on this browser is the phone of the member.
async fn take_phone(scene: Scene, Path(id): Path<String>) -> Response<Body> {
    let Some(member) = scene.corp.member(&id) else { return found(&scene, Room::Phone, None) };
    let (base, ticket) =
        (format!("/console/phone/{}", crate::pages::redirect::encoded(&member.id)), scene.asked("ticket"));
    let target = if ticket.is_empty() {
        format!("{base}/workspace")
    } else {
        append(&format!("{base}/scan"), &[("ticket", ticket)])
    };
    let cookie = [(SET_COOKIE, phone::cookie(&member.id))];
    (cookie, Redirect::to(&target)).into_response()
}

async fn report(State(shared): State<Shared>, Path(name): Path<String>, uri: Uri) -> Response<Body> {
    let query = parse_query(uri.query().unwrap_or_default());
    let control = Control(shared);
    let value = match name.as_str() {
        "state" => Ok(state(&control.corp(), control.now())),
        "log" => Ok(json!(control.requests())),
        "counts" => Ok(json!(control.counts())),
        "calls" => Ok(json!(control.calls())),
        "organisation" => return text(OrganisationFile::of(&control.corp()).to_text()),
        "scans" => Ok(json!(control.waiting_sign_ins())),
        "snapshots" => Ok(json!(
            control
                .snapshots()
                .into_iter()
                .map(|(name, members)| json!({"name": name, "members": members}))
                .collect::<Vec<_>>()
        )),
        "actions" => Ok(json!({
            "actions": action::all()
                .map(|one| (one.name, one.fields))
                .chain([receivers::SAVE, bench::LOAD])
                .collect::<std::collections::BTreeMap<_, _>>(),
            "effects": EFFECTS.iter().map(|effect| match effect.value {
                "" => effect.name.to_owned(),
                value => format!("{}={value}", effect.name),
            }).collect::<Vec<_>>(),
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
        return foreign();
    }
    let control = Control(shared);
    let fields = if name == bench::LOAD.0 && body.trim_ascii_start().starts_with(b"{") {
        Ok(Fields::default())
    } else {
        Fields::read(&body)
    };
    let then = fields.as_ref().ok().and_then(|fields| fields.given("then")).and_then(page_of_ours).map(str::to_owned);
    let result = match fields {
        Ok(fields) if name == receivers::SAVE.0 => receivers::save(&control, &fields).await,
        Ok(_) if name == bench::LOAD.0 => bench::load(&control, &body),
        Ok(fields) => action::run(&control, &name, &fields),
        Err(error) => Err(error),
    };
    let from_form =
        headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    match (result, from_form) {
        (Ok(_), true) => back(then.as_deref().unwrap_or("/console")),
        (Err(error), true) => back(&append(then.as_deref().unwrap_or("/console"), &[("problem", &error.to_string())])),
        (Ok(value), false) => answer(StatusCode::OK, &value),
        (Err(error), false) => answer(StatusCode::BAD_REQUEST, &json!({"error": error.to_string()})),
    }
}

/// A page of the console, to which a form leads back.
fn page_of_ours(path: &str) -> Option<&str> {
    local_path(path).filter(|path| {
        let rest = path.strip_prefix("/console");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    })
}

fn foreign() -> Response<Body> {
    answer(StatusCode::FORBIDDEN, &json!({"error": "actions are taken from the console's own pages only"}))
}

/// Whether a browser sends this on behalf of another site.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // Newer browsers say it in a word, to servers of this machine and to those with TLS.
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match text(ORIGIN.as_str()) {
        None => false,
        Some(origin) => origin.split_once("://").map(|(_, host)| host) != text(HOST.as_str()),
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

/// JSON that is text already.
fn text(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}

fn answer(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = text(value.to_string());
    *response.status_mut() = status;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_pages_of_the_console_alone() {
        for (path, expected) in [
            ("/console", true),
            ("/console/app/1?at=2", true),
            ("/console?x=1", true),
            ("/consoles", false),
            ("/sim/state", false),
            ("//evil.example/console", false),
            ("https://evil.example/console", false),
            ("/console\r\nx: y", false),
            ("", false),
        ] {
            assert_eq!(page_of_ours(path).is_some(), expected, "{path:?}");
        }
    }
}
