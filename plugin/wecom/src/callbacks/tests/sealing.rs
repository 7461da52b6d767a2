//! WeCom's side of it, written a second time from the primitives: what it sends to a route.

use aes::Aes256;
use base64::{Engine, engine::general_purpose::STANDARD};
use cbc::{
    Decryptor, Encryptor,
    cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit},
};
use organisation_kit::contract::{callbacks::IncomingRequest, types::Body};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::{Digest, Sha1};

pub(super) const CORP: &str = "ww0123456789abcdef";
pub(super) const TOKEN: &str = "simTok3n2026";
/// Bytes 0 to 31.
pub(super) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
pub(super) const CONTACT_TOKEN: &str = "contacts2026";
/// Bytes 31 to 0.
pub(super) const CONTACT_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

/// What one side of a route knows.
#[derive(Clone)]
pub(super) struct Side {
    pub(super) token: &'static str,
    pub(super) key: [u8; 32],
    pub(super) receiver: &'static str,
}

pub(super) fn app() -> Side {
    Side { token: TOKEN, key: std::array::from_fn(|index| index as u8), receiver: CORP }
}

pub(super) fn contacts() -> Side {
    Side { token: CONTACT_TOKEN, key: std::array::from_fn(|index| 31 - index as u8), receiver: CORP }
}

/// One request, with its parts in the test's hand.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) signature: String,
    pub(super) timestamp: String,
    pub(super) nonce: String,
    pub(super) encrypted: String,
}

impl Side {
    /// Pads and encrypts bytes as they are.
    pub(super) fn encrypt(&self, plain: &[u8]) -> String {
        let padding = 32 - plain.len() % 32;
        let mut bytes = plain.to_vec();
        bytes.resize(plain.len() + padding, padding as u8);
        self.encrypt_blocks(bytes)
    }

    pub(super) fn encrypt_blocks(&self, mut bytes: Vec<u8>) -> String {
        let mut vector = [0; 16];
        vector.copy_from_slice(&self.key[..16]);
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut bytes);
        assert!(rest.is_empty());
        Encryptor::<Aes256>::new(&Array::from(self.key), &Array::from(vector)).encrypt_blocks(blocks);
        STANDARD.encode(bytes)
    }

    /// What the other side has sealed for it.
    pub(super) fn open(&self, encrypted: &str) -> String {
        let mut bytes = STANDARD.decode(encrypted).unwrap();
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut bytes);
        assert!(rest.is_empty());
        let mut vector = [0; 16];
        vector.copy_from_slice(&self.key[..16]);
        Decryptor::<Aes256>::new(&Array::from(self.key), &Array::from(vector)).decrypt_blocks(blocks);
        let padding = usize::from(*bytes.last().unwrap());
        assert!(bytes.len().is_multiple_of(32) && (1..=32).contains(&padding), "{padding}");
        bytes.truncate(bytes.len() - padding);
        let message = bytes[20..].strip_suffix(self.receiver.as_bytes()).unwrap();
        assert_eq!(bytes[16..20], u32::try_from(message.len()).unwrap().to_be_bytes());
        String::from_utf8(message.to_vec()).unwrap()
    }

    pub(super) fn seal(&self, random: &[u8; 16], message: &str) -> String {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        self.encrypt(&[&random[..], &length, message.as_bytes(), self.receiver.as_bytes()].concat())
    }

    pub(super) fn sign(&self, timestamp: &str, nonce: &str, encrypted: &str) -> String {
        let mut parts = [self.token, timestamp, nonce, encrypted];
        parts.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn sent(&self, timestamp: &str, nonce: &str, encrypted: &str) -> Sent {
        Sent {
            signature: self.sign(timestamp, nonce, encrypted),
            timestamp: timestamp.into(),
            nonce: nonce.into(),
            encrypted: encrypted.into(),
        }
    }

    pub(super) fn message(&self, message: &str) -> Sent {
        self.sent("1790000000", "31415926", &self.seal(b"fedcba9876543210", message))
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Sent {
    fn query(&self) -> String {
        let (signature, timestamp, nonce) = (encoded(&self.signature), &self.timestamp, encoded(&self.nonce));
        format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}")
    }

    pub(super) fn check(&self, route: &str) -> IncomingRequest {
        let query = format!("{}&echostr={}", self.query(), encoded(&self.encrypted));
        IncomingRequest { route: route.into(), method: "GET".into(), query, headers: vec![], body: None }
    }

    pub(super) fn delivery(&self, route: &str) -> IncomingRequest {
        let encrypted = &self.encrypted;
        let body = format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>\
             <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        );
        self.with_body(route, Body::Text(body))
    }

    pub(super) fn with_body(&self, route: &str, body: Body) -> IncomingRequest {
        IncomingRequest {
            route: route.into(),
            method: "POST".into(),
            query: self.query(),
            headers: vec![],
            body: Some(body),
        }
    }
}
