//! Answers for programs.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;

/// A JSON document.
pub fn document(status: StatusCode, view: &impl Serialize) -> Response {
    match serde_json::to_string(view) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written: this is a defect of the host");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
