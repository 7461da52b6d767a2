//! What arrives at a route, as the host hands it over.

use organisation_kit::contract::{
    callbacks::{FollowUpTask, Guest, Handled, IncomingRequest, OutgoingResponse},
    types::{Body, Error, Reason},
};
use serde_json::json;

use crate::{Probe, error};

impl Guest for Probe {
    /// Answers the request itself, as JSON, but for its body.
    fn handle(request: IncomingRequest) -> Result<Handled, Error> {
        let IncomingRequest { route, method, query, headers, body } = request;
        let headers: Vec<_> = headers.into_iter().map(|header| json!([header.name, header.value])).collect();
        let seen = json!({
            "route": route, "method": method, "query": query, "headers": headers, "has_body": body.is_some(),
        });
        let response = OutgoingResponse { status: 200, body: Body::Text(seen.to_string()) };
        Ok(Handled { response, events: Vec::new(), follow_ups: Vec::new() })
    }

    fn follow_up(_: FollowUpTask) -> Result<Vec<FollowUpTask>, Error> {
        Err(error(Reason::Unsupported, "this element leaves nothing to do"))
    }
}
