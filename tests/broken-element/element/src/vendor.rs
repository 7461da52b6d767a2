//! Promises about calls of the vendor's API by path.

use organisation_kit::contract::{
    settings,
    types::{Body, Error, Reason},
    vendor::{ApiRequest, ApiResponse, Guest},
};

use crate::{Broken, Sound, breaks, error, secret, send, spoilt};

impl Guest for Broken {
    fn call(mut request: ApiRequest) -> Result<ApiResponse, Error> {
        if breaks("call-once-under-a-key") || (breaks("call-key-refused") && !request.query.is_empty()) {
            request.idempotency_key = None;
        }
        if breaks("call-keeps-its-token") {
            request.query.clear();
        }
        let outside = breaks("call-inside-the-api") && !request.path.starts_with("/cgi-bin");
        if outside || (breaks("call-answers-no-token") && request.path.contains("token")) {
            let settings: serde_json::Value = serde_json::from_str(&settings::get()).unwrap_or_default();
            let base = settings["apiBaseUrl"].as_str().unwrap_or_default();
            send(format!("{base}{}", request.path));
        }
        match spoilt(<Sound as Guest>::call(request.clone())) {
            Err(Error { reason: Reason::Conflict, .. }) if breaks("call-stays-unknown") => {
                <Sound as Guest>::call(ApiRequest { idempotency_key: None, ..request })
            }
            Err(found) if breaks("keeps-secrets/in-an-error") => {
                Err(Error { message: format!("{} with {}", found.message, secret()), ..found })
            }
            Err(_) if breaks("call-not-repeated") => {
                <Sound as Guest>::call(ApiRequest { idempotency_key: None, ..request })
            }
            Ok(response) if breaks("call-answers-as-it-is") => match response.body {
                Body::Text(text) if serde_json::from_str::<serde_json::Value>(&text).is_err() => {
                    Err(error(Reason::UnexpectedAnswer))
                }
                body => Ok(ApiResponse { body, ..response }),
            },
            answer => answer,
        }
    }
}
