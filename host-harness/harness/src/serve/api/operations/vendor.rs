//! Calls of the vendor's API that the contract has no function for.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_fleet::tenants::ApiScope::Vendor;
use organisation_host::contract::{types::Body, vendor::ApiRequest};

use super::{Operation, Takes, post, run};
use crate::view::record::record;

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation {
        takes: Takes::Record("request"),
        ..post(
            "vendor-calls",
            Vendor,
            "vendor.call",
            "调用接口 Call the vendor's API as the app",
            run!(|mut call| {
                let request: ApiRequest = call.record()?;
                let mut response = call.element.call_vendor(&request).await?;
                // A list of numbers is no file.
                if let Body::Bytes(bytes) = &response.body {
                    response.body = Body::Base64(STANDARD.encode(bytes));
                }
                Ok(record(&response)?)
            }),
        )
    }]
}
