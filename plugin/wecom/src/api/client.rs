//! The one client through which every call goes: the kit's calls, with WeCom's own token, refusals and files.

use std::ops::Range;

use super::answer;
use crate::{
    config::Config,
    export::download::{self, Piece},
    wire::token::TokenAnswer,
};
use organisation_kit::{
    calls::{Api, Call, Calls},
    contract::http::Request,
    failure::Failure,
    platform::Platform,
    transport::Destination,
    vendor::unanswered,
};

/// A client for one call of the component.
pub struct WeComClient<'a> {
    pub(crate) calls: Calls<'a, Config>,
}

impl Api for Config {
    type Token = TokenAnswer;
    const DESTINATION: Destination = Destination { vendor: ("企业微信", "WeCom"), address: "apiBaseUrl" };

    fn credential(&self) -> Vec<&str> {
        vec![self.corp_id(), &self.common.application, self.secret.expose(), self.api_base.as_str()]
    }

    fn token_call(&self) -> Call {
        self.get_token()
    }

    fn add_token(&self, request: &mut Request, token: &str) {
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        request.url = match request.url.split_once('?') {
            Some((address, query)) => format!("{address}?access_token={token}&{query}"),
            None => format!("{}?access_token={token}", request.url),
        };
    }

    fn judge(&self, call: &Call, text: String, secrets: &[String]) -> Result<String, Failure> {
        answer::judge(call, text, secrets)
    }
}

impl<'a> WeComClient<'a> {
    /// A client for the credential of this configuration.
    pub(crate) fn new(platform: &'a dyn Platform, config: &'a Config) -> Self {
        Self { calls: Calls::new(platform, config) }
    }

    pub(crate) fn config(&self) -> &'a Config {
        self.calls.api()
    }

    /// Fetches ranges of one file side by side; answers come in the order of the ranges. No token is involved and
    /// nothing is repeated.
    pub(crate) fn download(&self, url: &str, size: u64, ranges: &[Range<u64>]) -> Vec<Result<Piece, Failure>> {
        let requests: Vec<_> = ranges.iter().map(|range| download::request(url, range, ranges.len() == 1)).collect();
        self.calls.count_downloads(requests.len());
        let mut outcomes = self.calls.platform().send_all(&requests).into_iter();
        let judge = |range| download::judge(url, range, size, outcomes.next().ok_or_else(unanswered)?);
        ranges.iter().map(judge).collect()
    }
}

#[cfg(test)]
mod tests;
