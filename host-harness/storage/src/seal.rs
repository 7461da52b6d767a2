//! Sealing: values encrypted at rest with a key of the host.
//!
//! XChaCha20-Poly1305 with a random nonce of 192 bits, long enough to be drawn at random for ever. Scope and key are
//! authenticated with the value, so a row that somebody copies to another key or tenant does not open there. What
//! sealing does not hide: keys, lengths, versions, times; nor does it notice that an older file was put back.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{Scope, StorageError};

/// Stands before every sealed value, so that a later form can be distinguished from this one.
const FORM: &str = "x1:";

/// The length of a key, in bytes.
const KEY_BYTES: usize = 32;
/// The length of a nonce, in bytes.
const NONCE_BYTES: usize = 24;

/// The host's key for sealed values: 32 bytes, wiped from memory when the last holder goes.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why a text is no sealing key. Says nothing about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealingKeyError {
    /// It is not base64.
    #[error("the sealing key is not base64: expected 44 characters that stand for 32 random bytes")]
    NotBase64,
    /// It has the wrong length.
    #[error("the sealing key has {0} bytes, expected 32 random bytes in base64")]
    Length(usize),
}

impl SealingKey {
    /// A key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key from standard base64, as a configuration holds it.
    pub fn from_base64(text: &str) -> Result<Self, SealingKeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| SealingKeyError::NotBase64)?);
        if bytes.len() != KEY_BYTES {
            return Err(SealingKeyError::Length(bytes.len()));
        }
        // From one wiped buffer into the other, without a copy on the stack.
        let mut key = Self(Zeroizing::default());
        key.0.copy_from_slice(&bytes);
        Ok(key)
    }

    /// The key itself, to derive others from.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals a value into text that opens only with this key, at this key of this scope.
    pub(crate) fn seal(&self, scope: &Scope, key: &str, value: &str) -> Result<String, StorageError> {
        let nonce = XNonce::try_generate()
            .map_err(|_| StorageError::Other("the system gave no random bytes to seal a value".into()))?;
        let place = place(scope, key);
        let sealed = self
            .cipher()
            .encrypt(&nonce, Payload { msg: value.as_bytes(), aad: &place })
            .map_err(|_| StorageError::Other("a value could not be sealed".into()))?;
        let mut text = String::with_capacity(FORM.len() + (NONCE_BYTES + sealed.len()).div_ceil(3) * 4);
        text.push_str(FORM);
        STANDARD_NO_PAD.encode_string([nonce.as_slice(), &sealed].concat(), &mut text);
        Ok(text)
    }

    /// Opens what [`SealingKey::seal`] made.
    pub(crate) fn open(&self, scope: &Scope, key: &str, text: &str) -> Result<String, StorageError> {
        let unreadable = |why: &str| StorageError::Other(format!("a sealed value cannot be read: {why}"));
        let text = text.strip_prefix(FORM).ok_or_else(|| unreadable("its form is unknown to this program"))?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| unreadable("it is damaged"))?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(|| unreadable("it is cut short"))?;
        let nonce = XNonce::try_from(nonce).map_err(|_| unreadable("it is cut short"))?;
        let place = place(scope, key);
        let value = self.cipher().decrypt(&nonce, Payload { msg: sealed, aad: &place }).map_err(|_| {
            unreadable("it was sealed with another sealing key, or altered; configure the key it was written with")
        })?;
        String::from_utf8(value).map_err(|_| unreadable("it is no text"))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(<hidden>)")
    }
}

/// The place a value belongs to, each part after its length: no two places have the same bytes.
fn place(scope: &Scope, key: &str) -> Vec<u8> {
    let parts = [FORM, scope.tenant(), scope.element(), key];
    parts.into_iter().flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_at_its_place_with_its_key() {
        let scope = |tenant, element| Scope::new(tenant, element).unwrap();
        let key = SealingKey::new([7; 32]);
        let home = scope("acme", "wecom");
        let sealed = key.seal(&home, "token", "secret 值").unwrap();
        assert!(!sealed.contains("secret"));
        assert_ne!(sealed, key.seal(&home, "token", "secret 值").unwrap(), "the nonce is random");
        let cut = &sealed[..sealed.len() - 8];
        let short = &sealed[..FORM.len() + 8];
        let unknown = format!("x2:{}", &sealed[FORM.len()..]);
        let other = SealingKey::new([8; 32]);
        for (name, key, scope, at, text, opens) in [
            ("as sealed", &key, &home, "token", &*sealed, true),
            ("another sealing key", &other, &home, "token", &*sealed, false),
            ("another key", &key, &home, "token2", &*sealed, false),
            ("another tenant", &key, &scope("acme2", "wecom"), "token", &*sealed, false),
            ("parts shifted", &key, &scope("acmew", "ecom"), "token", &*sealed, false),
            ("cut", &key, &home, "token", cut, false),
            ("cut within the nonce", &key, &home, "token", short, false),
            ("unknown form", &key, &home, "token", &*unknown, false),
            ("plain text", &key, &home, "token", "plain", false),
        ] {
            assert_eq!(key.open(scope, at, text).ok().as_deref(), opens.then_some("secret 值"), "{name}");
        }
    }

    #[test]
    fn a_key_is_read_from_base64_and_never_shown() {
        let text = STANDARD.encode([b'K'; 32]);
        let key = SealingKey::from_base64(&format!("{text}\n")).unwrap();
        assert_eq!(*key.0, [b'K'; 32]);
        assert_eq!(format!("{key:?}"), "SealingKey(<hidden>)");
        assert_eq!(SealingKey::from_base64("not base64!").unwrap_err(), SealingKeyError::NotBase64);
        assert_eq!(SealingKey::from_base64("AAAA").unwrap_err(), SealingKeyError::Length(3));
    }
}
