//! What the element says of itself, and what its configuration makes it say.

use organisation_kit::contract::{
    call,
    element::{
        ConfigField, Description, Destination, Guest, IncomingRoute, Proxy, SecretPlace, Setting, Validation, Verdict,
    },
    types::{Error, Reason},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Probe, asked, error};

/// The part of a configuration that says how it is to be judged.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Judgement {
    destinations: Vec<Destination>,
    proxy: Option<Proxy>,
    places: Vec<SecretPlace>,
    routes: Vec<IncomingRoute>,
    /// Functions of the host to ask while it is judged, such as `settings.get`: a host lends none of them then.
    ask: Vec<String>,
}

/// What kind of error it is, or all of it.
fn kind(answer: &Value) -> String {
    let error = &answer["error"];
    match (&error["failure"], error.as_object().and_then(|error| error.keys().next())) {
        (Value::Null, None) => answer.to_string(),
        (Value::Null, Some(kind)) => kind.clone(),
        (failure, _) => failure.to_string(),
    }
}

/// Fields whose value is a secret; the last one the element computes with.
const SECRETS: [(&str, bool); 4] = [("secret", false), ("password", false), ("nested.secret", false), ("key", true)];

impl Guest for Probe {
    fn describe(locale: String) -> Description {
        // A host may ask how much is left; what it lends nobody here is asked for in `validate-config`.
        let _ = call::remaining();
        let title = if locale.starts_with("zh") { "探针" } else { "Probe" };
        let field = |key: &str, secret, in_clear| ConfigField {
            key: key.to_owned(),
            label: key.to_owned(),
            help: String::new(),
            required: false,
            secret,
            in_clear,
            pattern: None,
            default: None,
            where_to_find: None,
        };
        let secrets = SECRETS.iter().map(|(key, in_clear)| field(key, true, *in_clear));
        Description {
            id: "example.probe".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            title: title.to_owned(),
            summary: String::new(),
            fields: secrets.chain([field("name", false, false)]).collect(),
            capabilities: ["element.describe", "element.validate-config", "vendor.call", "callbacks.handle"]
                .map(str::to_owned)
                .to_vec(),
            ids_ignore_case: false,
        }
    }

    fn validate_config(config: String) -> Validation {
        let judgement: Judgement = serde_json::from_str(&config).unwrap_or_default();
        let answers = judgement.ask.iter().map(|function| {
            let arguments = match function.as_str() {
                "http.send" => json!({ "request": { "method": "GET", "url": "https://vendor.example/" } }),
                _ => json!({ "keys": ["a"] }),
            };
            let answer = asked::answer(function, arguments).unwrap_or_else(Value::String);
            Setting { key: function.clone(), value: kind(&answer) }
        });
        Validation {
            valid: true,
            summary: answers.collect(),
            destinations: judgement.destinations,
            proxy: judgement.proxy,
            secrets: judgement.places,
            routes: judgement.routes,
            files: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn check_connection() -> Result<Vec<Verdict>, Error> {
        Err(error(Reason::Unsupported, "this element only asks"))
    }
}
