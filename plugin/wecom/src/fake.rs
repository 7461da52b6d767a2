//! The kit's fake platform, with this vendor's configuration and its way to say no.

use crate::config::{Config, field::ELEMENT};
pub(crate) use organisation_kit::fake::*;
use organisation_kit::{
    contract::http::{HttpError, Response},
    failure::Failure,
};

/// The secret of [`config`]; no text may ever show it.
pub(crate) const SECRET: &str = "s3cret-abcdefghijklmnopqrstuvwxyz0123456789";

/// The configuration of most tests, as a document.
pub(crate) fn document() -> String {
    format!(
        r#"{{"corpId":"ww21c67da6767865c2","agentId":1000073,"secret":"{SECRET}","redirectUri":"https://app.example.com/login/callback"}}"#
    )
}

impl Config {
    /// Reads a configuration.
    pub(crate) fn parse(document: &str) -> Result<Self, Failure> {
        ELEMENT.parse(document, Self::build)
    }
}

/// The configuration of most tests.
pub(crate) fn config() -> Config {
    Config::parse(&document()).unwrap()
}

/// A refusal, with hint and address as it sends them.
pub(crate) fn errcode(code: i64, errmsg: &str) -> Result<Response, HttpError> {
    ok(format!(
        r#"{{"errcode":{code},"errmsg":"{errmsg}, hint: [1760000000412345678901234], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e={code}"}}"#
    ))
}
