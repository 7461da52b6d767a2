//! What a page inside the vendor's client needs.

use super::super::Element;
use crate::call::{Answered, Call};
use crate::contract::web::{PageSignature, SignatureRequest};

impl Element {
    /// Signs the address of a page.
    pub fn js_sdk_signature<'a>(&'a self, request: &'a SignatureRequest) -> Call<'a, Answered<PageSignature>> {
        self.call("web.js-sdk-signature", (request,))
    }
}
