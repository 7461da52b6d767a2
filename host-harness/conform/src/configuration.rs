//! What the element makes of configuration documents: its own, and many that are wrong.

use organisation_host::{
    Element, ElementError, Limits,
    contract::{
        directory::Strategy,
        element::Validation,
        login::{AuthorizationRequest, Entry},
        types::Severity,
    },
    settings::Document,
};
use serde_json::{Map, Value, json};

use super::{
    description::{asked_nothing, reached},
    promise::{
        INVALID_CONFIG, PROBLEM_ORDER, ROUTE_HEADERS, SAME_ANSWER, SECRET_ANSWERS, SECRET_KEYS, SECRET_PLACES,
        UNREADABLE, VALID, VALIDATE_PURE,
    },
    trial::Trial,
};

/// Looks at `validate-config`.
pub(super) async fn examine(trial: &Trial, element: &Element) {
    let document = trial.subject.settings.expose();
    if let Ok(called) = element.validate_config(document).reported().await {
        trial.expect(&VALIDATE_PURE, asked_nothing(&called.report), || reached(&called.report));
    }
    for _ in 0..2 {
        let Some(validation) = trial.ask_infallible(element.validate_config(document)).await else { return };
        trial.expect(&SAME_ANSWER, validation == trial.validation, || {
            "`validate-config` answers otherwise each time, to the same document".to_owned()
        });
    }
    look_at(trial, "its own document", &trial.validation);
    if trial.validation.routes.is_empty() {
        trial.findings.skip(&[&ROUTE_HEADERS], "the configuration names no route");
    }
    let own: Map<String, Value> = serde_json::from_str(document).unwrap_or_default();
    for (what, text) in wrong(&own) {
        let Some(validation) = trial.ask_infallible(element.validate_config(&text)).await else { continue };
        look_at(trial, &what, &validation);
        if serde_json::from_str::<Map<String, Value>>(&text).is_err() {
            let is_kept = !validation.valid && validation.summary.is_empty();
            trial.expect(&UNREADABLE, is_kept, || format!("{what}: found {validation:?}"));
        }
    }
    secrets(trial, element, &own).await;
}

/// What holds for every validation.
fn look_at(trial: &Trial, what: &str, validation: &Validation) {
    let Validation { valid, destinations, problems, routes, .. } = validation;
    let has_error = problems.iter().any(|problem| problem.severity == Severity::Error);
    trial.expect(&VALID, *valid != has_error, || format!("{what}: valid is {valid}, the problems are {problems:?}"));
    let place = |problem: &organisation_host::contract::types::Problem| {
        (problem.severity != Severity::Error, problem.path.clone())
    };
    trial.expect(&PROBLEM_ORDER, problems.is_sorted_by_key(place), || format!("{what}: found {problems:?}"));
    trial.look_at_problems(problems);
    let is_secret = |key: &String| trial.description.fields.iter().any(|field| field.secret && field.key == *key);
    for route in routes {
        let is_kept = route.headers.len() <= 16 && route.headers.iter().all(|name| is_header(name));
        trial.expect(&ROUTE_HEADERS, is_kept, || format!("{what}: {} names {:?}", route.name, route.headers));
    }
    for destination in destinations {
        trial.expect(&SECRET_KEYS, destination.secrets.iter().all(is_secret), || {
            format!("{what}: {} gets {:?}", destination.host, destination.secrets)
        });
    }
}

/// Whether a route may name this header.
fn is_header(name: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte);
    let is_brought_along = ["authorization", "cookie", "proxy-authorization"].contains(&name);
    !name.is_empty() && name.bytes().all(is_letter) && !is_brought_along
}

/// Documents that are wrong, each with a name.
fn wrong(own: &Map<String, Value>) -> Vec<(String, String)> {
    let whole = [
        ("an empty text", String::new()),
        ("a brace", "{".to_owned()),
        ("an empty object", "{}".to_owned()),
        ("an empty list", "[]".to_owned()),
        ("null", "null".to_owned()),
        ("a text", "\"text\"".to_owned()),
        ("U+0000", "\0".to_owned()),
        ("a hundred thousand brackets", "[".repeat(100_000)),
        ("a key of a megabyte", json!({ "x".repeat(1 << 20): 1 }).to_string()),
    ];
    let mut documents: Vec<_> = whole.map(|(what, text)| (what.to_owned(), text)).into_iter().collect();
    for key in own.keys() {
        let mut without = own.clone();
        without.remove(key);
        documents.push((format!("without {key}"), Value::Object(without).to_string()));
        let values = [
            Value::Null,
            json!(-1),
            json!(1.5),
            json!(true),
            json!([]),
            json!({}),
            json!(""),
            json!(" \u{0}\u{202e}\n"),
        ];
        for value in values.into_iter().chain([json!("长".repeat(100_000))]) {
            let what = format!("{key} = {:.20}", value.to_string());
            let mut with = own.clone();
            with.insert(key.clone(), value);
            documents.push((what, Value::Object(with).to_string()));
        }
    }
    documents
}

/// Every secret field is named where it stands, and its value is in no answer, sound or not.
async fn secrets(trial: &Trial, element: &Element, own: &Map<String, Value>) {
    for (number, field) in trial.description.fields.iter().filter(|field| field.secret).enumerate() {
        let canary = format!("conform{number}Canary7Q2mXw");
        trial.platform.keep_secret("the value of a secret field", &canary);
        let mut document = own.clone();
        put(&mut document, &field.key, Value::String(canary.clone()));
        let text = Value::Object(document).to_string();
        let Some(validation) = trial.ask_infallible(element.validate_config(&text)).await else { continue };
        let is_named = validation.secrets.iter().any(|place| place.key == field.key && place.path == field.key);
        trial.expect(&SECRET_PLACES, is_named, || {
            format!("a value stands at {}, found {:?}", field.key, validation.secrets)
        });
        trial.expect(&SECRET_ANSWERS, !format!("{validation:?}").contains(&canary), || {
            format!("the answer holds the value of {}", field.key)
        });
    }
}

/// Puts a value at a path with `.` between levels.
fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let below = object.entry(first.to_owned()).or_insert_with(|| json!({}));
            if !below.is_object() {
                *below = json!({});
            }
            if let Some(below) = below.as_object_mut() {
                put(below, rest, value);
            }
        }
    }
}

/// What the functions answer that need a configuration, where there is none.
pub(super) async fn unsound(trial: &Trial) -> Result<(), ElementError> {
    let Ok(nothing) = Document::parse("{}") else { return Ok(()) };
    let element = trial.element_of("unsound", nothing, Limits::default())?;
    let Some(validation) = trial.ask_infallible(element.validate()).await else { return Ok(()) };
    if validation.valid {
        trial.findings.skip(&[&INVALID_CONFIG], "an empty document is a sound configuration of this element");
        return Ok(());
    }
    let expected = ["invalid-config"];
    let request = AuthorizationRequest::new(Entry::Browser);
    trial.refused(&INVALID_CONFIG, "check-connection", &expected, element.check_connection()).await;
    trial.refused(&INVALID_CONFIG, "authorization-url", &expected, element.authorization_url(&request)).await;
    trial.refused(&INVALID_CONFIG, "begin", &expected, element.begin(&Strategy::Automatic)).await;
    trial.refused(&INVALID_CONFIG, "sync-member", &expected, element.sync_member("somebody")).await;
    Ok(())
}
