//! The page on which a person signs in.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Query, State},
    http::{Response, StatusCode, header},
};
use maud::{DOCTYPE, Markup, html};

use crate::world::Shared;

pub(crate) async fn page(
    State(shared): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response<Body> {
    let parameter = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let is_chinese = parameter("lang").starts_with("zh");
    let mut world = shared.lock();
    let known = &world.organisation;
    let host = parameter("redirect_uri").strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    if parameter("client_id") != known.client_id || host != Some(known.return_host.as_str()) {
        return refusal(is_chinese, "应用或回跳地址未登记", "this client or its return address is not registered");
    }
    let chosen = parameter("as");
    if chosen.is_empty() {
        let people = known.people.values().filter(|person| person.state.may_sign_in());
        let link = |id: &str| {
            let mut link = form_urlencoded::Serializer::new(String::new());
            link.extend_pairs(&query).append_pair("as", id);
            format!("?{}", link.finish())
        };
        let title = if is_chinese { "以谁的身份登录？" } else { "Sign in as" };
        return answer(
            StatusCode::OK,
            &whole(
                title,
                &html! {
                    ul { @for person in people { li { a href=(link(&person.id)) { (person.name) } } } }
                },
            ),
        );
    }
    if !known.people.get(chosen).is_some_and(|person| person.state.may_sign_in()) {
        return refusal(is_chinese, "此人不能登录", "this person cannot sign in");
    }
    let code = world.issue_code(chosen);
    let mut back = form_urlencoded::Serializer::new(String::new());
    back.append_pair("code", &code).append_pair("state", parameter("state"));
    let address = parameter("redirect_uri");
    let join = if address.contains('?') { '&' } else { '?' };
    Response::builder()
        .status(StatusCode::FOUND)
        .header(header::LOCATION, format!("{address}{join}{}", back.finish()))
        .body(Body::empty())
        .unwrap_or_else(|_| refusal(is_chinese, "回跳地址无效", "the return address is no address"))
}

fn refusal(is_chinese: bool, zh: &str, en: &str) -> Response<Body> {
    answer(StatusCode::BAD_REQUEST, &whole(if is_chinese { zh } else { en }, &html! {}))
}

fn whole(title: &str, body: &Markup) -> Markup {
    html! { (DOCTYPE) meta charset="utf-8"; title { "Rollcall 花名册" } h1 { (title) } (body) }
}

fn answer(status: StatusCode, page: &Markup) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "text/html; charset=utf-8");
    response.body(page.0.clone().into()).unwrap_or_else(|error| unreachable!("a page is sound: {error}"))
}
