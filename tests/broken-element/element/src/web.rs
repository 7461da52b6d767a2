//! Promises about pages.

use organisation_kit::contract::{
    types::Error,
    web::{Guest, PageSignature, SignatureRequest},
};

use crate::{Broken, Sound, breaks, secret, spoilt};

impl Guest for Broken {
    fn js_sdk_signature(mut request: SignatureRequest) -> Result<PageSignature, Error> {
        if breaks("page-on-a-trusted-host") {
            request.url = request.url.replace("elsewhere.example", "app.example.com");
        }
        let mut signature = spoilt(<Sound as Guest>::js_sdk_signature(request))?;
        if breaks("page-calls-are-json") {
            signature.calls.iter_mut().for_each(|call| call.arguments.push('}'));
        }
        if breaks("page-signature-time") {
            signature.timestamp *= 1_000;
        }
        if breaks("keeps-secrets/in-an-answer") {
            signature.nonce = secret();
        }
        if breaks("page-signature-expires") {
            signature.expires_at /= 1_000;
        }
        Ok(signature)
    }
}
