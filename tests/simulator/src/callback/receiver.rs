//! Who is told: an app, or the contact-sync assistant.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::Uri;
use serde::Serialize;

use crate::cipher::Key;
use crate::corp::{Callback, Corp, CorpError};
use crate::pages::redirect::append;

/// A receiver of callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Receiver {
    /// A self-built app, by its id.
    App(u64),
    /// The contact-sync assistant (通讯录同步): changes of contacts go to it alone.
    Contacts,
}

/// Why callback settings are not taken, or nothing can be delivered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// The app is unknown.
    #[error(transparent)]
    Corp(#[from] CorpError),
    /// The contact-sync assistant is switched off.
    #[error("the contact-sync assistant is switched off")]
    NoContactSync,
    /// Nobody saved an address.
    #[error("no callback address is saved for this receiver")]
    NoAddress,
    /// The token is not 1 to 32 letters and digits.
    #[error("the token is not 1 to 32 letters and digits")]
    Token,
    /// The key is not 43 letters and digits.
    #[error("the EncodingAESKey is not 43 letters and digits")]
    AesKey,
    /// The simulator talks to loopback only.
    #[error("{0:?} is not http:// and a loopback address; the simulator delivers to nothing else")]
    NotLoopback(String),
    /// The message is too large for its length to be written.
    #[error("the message is larger than 4 GiB")]
    TooLarge,
    /// The address did not answer the check as it must.
    #[error("echostr校验失败 the address failed the check: {0}")]
    Check(String),
}

impl Receiver {
    /// The settings saved for this receiver.
    pub(crate) fn settings(self, corp: &Corp) -> Option<&Callback> {
        match self {
            Self::App(id) => corp.app(id)?.callback.as_ref(),
            Self::Contacts => corp.contact_sync()?.callback.as_ref(),
        }
    }

    /// Saves settings, or takes them out.
    pub(crate) fn save(self, corp: &mut Corp, callback: Option<Callback>) -> Result<(), CallbackError> {
        match self {
            Self::App(id) => Ok(corp.update_app(id, |app| app.callback = callback)?),
            Self::Contacts => {
                let sync = corp.contact_sync().cloned().ok_or(CallbackError::NoContactSync)?;
                corp.set_contact_sync(Some(crate::corp::ContactSync { callback, ..sync }));
                Ok(())
            }
        }
    }
}

/// A loopback address that was read: where to connect, and what to ask for.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(super) socket: SocketAddr,
    /// `Host` of the requests.
    pub(super) host: String,
    /// Path and query.
    path: String,
}

impl Address {
    /// Reads `http://`, a loopback address or `localhost`, and whatever follows.
    pub(crate) fn read(url: &str) -> Result<Self, CallbackError> {
        let foreign = || CallbackError::NotLoopback(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| foreign())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(foreign)?;
        let ip = match host.trim_matches(['[', ']']) {
            "localhost" => IpAddr::from(Ipv4Addr::LOCALHOST),
            text => text.parse().ok().filter(IpAddr::is_loopback).ok_or_else(foreign)?,
        };
        Ok(Self {
            socket: SocketAddr::new(ip, uri.port_u16().unwrap_or(80)),
            host: uri.authority().map(ToString::to_string).unwrap_or_default(),
            path: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        })
    }

    /// The path with these pairs added to its query.
    pub(super) fn path(&self, pairs: &[(&str, &str)]) -> String {
        append(&self.path, pairs)
    }
}

/// Settings that were read.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: Address,
    pub(super) token: String,
    pub(super) key: Key,
}

impl Target {
    pub(super) fn read(callback: &Callback) -> Result<Self, CallbackError> {
        let token = callback.token.reveal();
        if token.is_empty() || token.len() > 32 || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(CallbackError::Token);
        }
        let key = Key::read(callback.aes_key.reveal()).ok_or(CallbackError::AesKey)?;
        Ok(Self { address: Address::read(&callback.url)?, token: token.to_owned(), key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_talked_to() {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let no = |url: &str| Err(CallbackError::NotLoopback(url.to_owned()));
        for (url, token, aes_key, expected) in [
            ("http://127.0.0.1:8080/a?b=c", "t1", key, Ok("/a?b=c&n=1")),
            ("http://localhost:8080", "t1", key, Ok("/?n=1")),
            ("http://[::1]:8080/x", "t1", key, Ok("/x?n=1")),
            ("https://127.0.0.1:8080/", "t1", key, no("https://127.0.0.1:8080/")),
            ("http://app.example.com/", "t1", key, no("http://app.example.com/")),
            ("http://10.0.0.1/", "t1", key, no("http://10.0.0.1/")),
            ("nonsense", "t1", key, no("nonsense")),
            ("http://127.0.0.1/", "", key, Err(CallbackError::Token)),
            ("http://127.0.0.1/", "a-b", key, Err(CallbackError::Token)),
            ("http://127.0.0.1/", "t", &key[1..], Err(CallbackError::AesKey)),
        ] {
            let target = Target::read(&Callback::new(url, token, aes_key));
            let path = target.map(|target| target.address.path(&[("n", "1")]));
            assert_eq!(path.as_deref(), expected.as_ref().copied(), "{url}");
        }
    }

    #[test]
    fn a_query_is_encoded_as_in_the_vector_of_the_fact_sheet() {
        let target = Target::read(&Callback::new(
            "http://127.0.0.1/",
            "simTok3n2026",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        ));
        let echostr = "4j/AuRx71kQlxVlzbpsMWP+Og8qWy03352leL6FF/IyeJiZE7HrGGeglvn9EuFoJyAOyIDwXuh5tR4lv5XvBug==";
        let path = target.unwrap().address.path(&[
            ("msg_signature", "852d36dd08958c35207ef98fcc7ac0e90c8c062d"),
            ("timestamp", "1760000000"),
            ("nonce", "nonce-A1"),
            ("echostr", echostr),
        ]);
        assert_eq!(
            path,
            "/?msg_signature=852d36dd08958c35207ef98fcc7ac0e90c8c062d&timestamp=1760000000&nonce=nonce-A1&echostr=\
             4j%2FAuRx71kQlxVlzbpsMWP%2BOg8qWy03352leL6FF%2FIyeJiZE7HrGGeglvn9EuFoJyAOyIDwXuh5tR4lv5XvBug%3D%3D"
        );
    }
}
