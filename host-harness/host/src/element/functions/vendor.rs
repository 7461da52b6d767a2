//! Calls of the vendor's API.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::contract::vendor::{ApiRequest, ApiResponse};

impl Element {
    /// Makes one call of the vendor's API.
    pub async fn call_vendor(&self, request: &ApiRequest) -> CallResult<Answered<ApiResponse>> {
        self.call("vendor.call", (request,)).await
    }
}
