//! What a page inside the vendor's client needs.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::contract::web::{PageSignature, SignatureRequest};

impl Element {
    /// Signs the address of a page.
    pub async fn js_sdk_signature(&self, request: &SignatureRequest) -> CallResult<Answered<PageSignature>> {
        self.call("web.js-sdk-signature", (request,)).await
    }
}
