//! The exports beyond an element's world, for vendors that can serve them.

use super::{Answered, Component, Imports, with_config};
use crate::{
    capability::{ApprovalSearch, Approvals, Callbacks, Messaging, VendorCall, Web},
    contract::{approvals, callbacks, messaging, vendor as api, web},
    failure::Failure,
    messages,
    vendor::Vendor,
};

/// Runs an export that asks the vendor.
fn calling<V: Vendor, T>(work: impl FnOnce(&V::Client<'_>) -> Result<T, Failure>) -> Answered<T> {
    with_config::<V, T>(|config| work(&V::client(&Imports, config)))
}

impl<V: VendorCall> api::Guest for Component<V> {
    fn call(request: api::ApiRequest) -> Answered<api::ApiResponse> {
        calling::<V, _>(|client| V::call(client, &request))
    }
}

impl<V: Messaging> messaging::Guest for Component<V> {
    fn send(message: messaging::Message) -> Answered<messaging::Sent> {
        with_config::<V, _>(|config| messages::send::<V>(&Imports, config, &V::client(&Imports, config), message))
    }

    fn recall(message_id: String) -> Answered<()> {
        calling::<V, _>(|client| V::recall(client, &message_id))
    }

    fn update_card(update: messaging::CardUpdate) -> Answered<Vec<messaging::InvalidRecipient>> {
        with_config::<V, _>(|config| messages::update_card::<V>(&Imports, config, &V::client(&Imports, config), update))
    }

    fn upload(request: messaging::UploadRequest) -> Answered<messaging::Media> {
        calling::<V, _>(|client| V::upload(client, &request))
    }
}

impl<V: Approvals> approvals::Guest for Component<V> {
    fn describe_template(id: String) -> Answered<approvals::Template> {
        calling::<V, _>(|client| V::describe_template(client, &id))
    }

    fn submit(request: approvals::ApprovalRequest) -> Answered<String> {
        calling::<V, _>(|client| V::submit(client, &request))
    }

    fn detail(number: String) -> Answered<approvals::Approval> {
        calling::<V, _>(|client| V::detail(client, &number))
    }

    fn search(
        begin: u64,
        end: u64,
        filter: approvals::SearchFilter,
        cursor: Option<String>,
        limit: u32,
    ) -> Answered<approvals::SearchPage> {
        let search = ApprovalSearch { begin, end, filter: &filter, cursor: cursor.as_deref(), limit };
        calling::<V, _>(|client| V::search(client, &search))
    }

    fn notify(number: String, link: Option<String>) -> Answered<Vec<String>> {
        calling::<V, _>(|client| V::notify(client, &number, link.as_deref()))
    }
}

impl<V: Callbacks> callbacks::Guest for Component<V> {
    fn handle(request: callbacks::IncomingRequest) -> Answered<callbacks::Handled> {
        with_config::<V, _>(|config| V::handle(&Imports, config, &request))
    }

    fn follow_up(task: callbacks::FollowUpTask) -> Answered<Vec<callbacks::FollowUpTask>> {
        with_config::<V, _>(|config| V::follow_up(&Imports, config, &V::client(&Imports, config), &task))
    }
}

impl<V: Web> web::Guest for Component<V> {
    fn js_sdk_signature(request: web::SignatureRequest) -> Answered<web::PageSignature> {
        calling::<V, _>(|client| V::js_sdk_signature(client, &request))
    }
}
