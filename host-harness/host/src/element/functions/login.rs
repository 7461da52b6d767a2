//! Sign-in.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::contract::login::{Authorization, AuthorizationRequest, Exchange, ExchangeRequest, LoginParameters};

impl Element {
    /// What a page needs to embed the vendor's login widget.
    pub async fn login_config(&self, request: &AuthorizationRequest) -> CallResult<Answered<LoginParameters>> {
        self.call("login.login-config", (request,)).await
    }

    /// The URL to which a browser is sent to sign in.
    pub async fn authorization_url(&self, request: &AuthorizationRequest) -> CallResult<Answered<Authorization>> {
        self.call("login.authorization-url", (request,)).await
    }

    /// The URL to paste into the vendor's console as the app's home page.
    pub async fn homepage_url(&self, target: &str) -> CallResult<Answered<String>> {
        self.call("login.homepage-url", (target,)).await
    }

    /// Turns code and state into an identity.
    pub async fn exchange_code(&self, request: &ExchangeRequest) -> CallResult<Answered<Exchange>> {
        self.call("login.exchange-code", (request,)).await
    }
}
