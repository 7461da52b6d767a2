//! Calls of the vendor's API.

use super::super::Element;
use crate::call::{Answered, Call};
use crate::contract::vendor::{ApiRequest, ApiResponse};

impl Element {
    /// Makes one call of the vendor's API.
    pub fn call_vendor<'a>(&'a self, request: &'a ApiRequest) -> Call<'a, Answered<ApiResponse>> {
        self.call("vendor.call", (request,))
    }
}
