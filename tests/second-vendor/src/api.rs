//! The calls of a client: tokens, units, people.

use std::{collections::BTreeMap, ops::Bound};

use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{HeaderMap, Response, header},
};
use serde_json::{Value, json};

use crate::{
    control::{Answer, Route},
    organisation::{Person, Unit},
    world::{Shared, TOKEN_LIFE_MS, World},
};

type Parameters = Query<BTreeMap<String, String>>;

pub(crate) async fn token(State(shared): State<Shared>, body: Bytes) -> Response<Body> {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let field = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let by_code = field("grant_type") == "authorization_code";
    let route = if by_code { Route::Code } else { Route::Token };
    let given = [field("organisation"), field("client_id"), field("client_secret")];
    answer(&shared, route, None, |world| {
        let known = &world.organisation;
        if given != [&known.id, &known.client_id, &known.client_secret].map(String::as_str) {
            return Err(Answer::refusal(401, "client-refused"));
        }
        match field("grant_type").as_str() {
            "client_credentials" => {
                Ok(json!({ "access_token": world.issue_token(), "expires_in": TOKEN_LIFE_MS / 1_000 }))
            }
            "authorization_code" => match world.spend_code(&field("code")) {
                Some(person) => Ok(json!({ "person": person })),
                None => Err(Answer::refusal(400, "code-refused")),
            },
            _ => Err(Answer::refusal(400, "bad-request")),
        }
    })
    .await
}

pub(crate) async fn units(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Parameters,
) -> Response<Body> {
    answer(&shared, Route::Units, Some(&headers), |world| {
        let (rows, next) = page(world, &world.organisation.units, query.get("page"), |_| true)?;
        Ok(json!({ "units": rows.into_iter().map(unit_row).collect::<Vec<_>>(), "next": next }))
    })
    .await
}

pub(crate) async fn unit(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Response<Body> {
    answer(&shared, Route::Unit, Some(&headers), |world| {
        world.organisation.units.get(&id).map(unit_row).ok_or_else(not_found)
    })
    .await
}

pub(crate) async fn people(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Parameters,
) -> Response<Body> {
    answer(&shared, Route::People, Some(&headers), |world| {
        let unit = query.get("unit").map(String::as_str).ok_or_else(|| Answer::refusal(400, "bad-request"))?;
        if !unit.is_empty() && !world.organisation.units.contains_key(unit) {
            return Err(not_found());
        }
        let is_asked = |person: &Person| match unit {
            "" => person.units.is_empty(),
            unit => person.units.iter().any(|place| place.unit == unit),
        };
        let (rows, next) = page(world, &world.organisation.people, query.get("page"), is_asked)?;
        Ok(json!({ "people": rows.into_iter().map(person_row).collect::<Vec<_>>(), "next": next }))
    })
    .await
}

pub(crate) async fn person(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Response<Body> {
    answer(&shared, Route::Person, Some(&headers), |world| {
        world.organisation.people.get(&id).map(person_row).ok_or_else(not_found)
    })
    .await
}

/// Counts a call and answers it: with what a test wants, with a refusal of its token where it takes one, or rightly.
async fn answer(
    shared: &Shared,
    route: Route,
    headers: Option<&HeaderMap>,
    right: impl FnOnce(&mut World) -> Result<Value, Answer>,
) -> Response<Body> {
    let latency = shared.lock().latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let mut world = shared.lock();
    let answer = match world.count(route) {
        Some(answer) => answer,
        None if headers.is_some_and(|headers| !is_admitted(&world, headers)) => Answer::refusal(401, "token-refused"),
        None => match right(&mut world) {
            Ok(value) => Answer { status: 200, retry_after: None, body: value.to_string() },
            Err(refusal) => refusal,
        },
    };
    let mut response = Response::builder().status(answer.status).header(header::CONTENT_TYPE, "application/json");
    if let Some(seconds) = answer.retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    response.body(answer.body.into()).unwrap_or_else(|error| unreachable!("a status of a test is sound: {error}"))
}

fn is_admitted(world: &World, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|token| world.knows_token(token))
}

/// The rows after a cursor, and the cursor after them.
fn page<'a, T>(
    world: &World,
    rows: &'a BTreeMap<String, T>,
    cursor: Option<&String>,
    is_asked: impl Fn(&T) -> bool,
) -> Result<(Vec<&'a T>, Option<String>), Answer> {
    let after = match cursor.filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => Bound::Excluded(read_cursor(cursor).ok_or_else(|| Answer::refusal(400, "bad-page"))?),
        None => Bound::Unbounded,
    };
    let mut asked = rows.range((after, Bound::Unbounded)).filter(|(_, row)| is_asked(row));
    let page: Vec<_> = asked.by_ref().take(world.page_size).collect();
    let next = page.last().filter(|_| asked.next().is_some()).map(|(id, _)| write_cursor(id));
    Ok((page.into_iter().map(|(_, row)| row).collect(), next))
}

/// A cursor says after which id the list goes on, in a form that invites nobody to read it.
fn write_cursor(after: &str) -> String {
    after.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect()
}

fn read_cursor(cursor: &str) -> Option<String> {
    let digits: Vec<char> = cursor.chars().collect();
    let byte = |pair: &[char]| Some((pair[0].to_digit(16)? * 16 + pair.get(1)?.to_digit(16)?) as u8 ^ 0x5a);
    String::from_utf8(digits.chunks(2).map(byte).collect::<Option<_>>()?).ok()
}

fn unit_row(unit: &Unit) -> Value {
    let Unit { id, name, parent, rank, heads } = unit;
    json!({ "id": id, "name": name, "parent": parent, "rank": rank, "heads": heads })
}

fn person_row(person: &Person) -> Value {
    let Person { id, name, account, badge, state, units, title, phone, email, manager } = person;
    let places: Vec<_> =
        units.iter().map(|place| json!({ "unit": place.unit, "head": place.head, "rank": place.rank })).collect();
    json!({
        "id": id, "name": name, "account": account, "badge": badge, "state": state.name(), "units": places,
        "title": title, "phone": phone, "email": email, "manager": manager,
    })
}

fn not_found() -> Answer {
    Answer::refusal(404, "not-found")
}
