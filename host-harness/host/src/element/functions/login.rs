//! Sign-in.

use super::super::Element;
use crate::call::{Answered, Call};
use crate::contract::login::{Authorization, AuthorizationRequest, Exchange, ExchangeRequest, LoginParameters};

impl Element {
    /// What a page needs to embed the vendor's login widget.
    pub fn login_config<'a>(&'a self, request: &'a AuthorizationRequest) -> Call<'a, Answered<LoginParameters>> {
        self.call("login.login-config", (request,))
    }

    /// The URL to which a browser is sent to sign in.
    pub fn authorization_url<'a>(&'a self, request: &'a AuthorizationRequest) -> Call<'a, Answered<Authorization>> {
        self.call("login.authorization-url", (request,))
    }

    /// The URL to paste into the vendor's console as the app's home page.
    pub fn homepage_url<'a>(&'a self, target: &'a str) -> Call<'a, Answered<String>> {
        self.call("login.homepage-url", (target,))
    }

    /// Turns code and state into an identity.
    pub fn exchange_code<'a>(&'a self, request: &'a ExchangeRequest) -> Call<'a, Answered<Exchange>> {
        self.call("login.exchange-code", (request,))
    }
}
