//! Whose components a host loads: signatures beside component files, and the keys that an operator trusts.
//!
//! A signature is ed25519 over the whole file, 64 bytes or their base64, in `FILE.sig` beside `FILE`. Keys and signatures
//! are as OpenSSL makes them:
//!
//! ```text
//! openssl genpkey -algorithm ed25519 -out signing.pem
//! openssl pkey -in signing.pem -pubout -out trusted.pem
//! openssl pkeyutl -sign -inkey signing.pem -rawin -in element.wasm -out element.wasm.sig
//! ```

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{ED25519, UnparsedPublicKey};

/// The bytes of a key.
const KEY: usize = 32;
/// The bytes of a signature.
const SIGNATURE: usize = 64;
/// What stands before the key in the usual structure around it (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The public key of somebody whose components may be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrustedKey([u8; KEY]);

/// A signature of a component file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE]);

/// Why bytes are no key or no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// No public key.
    #[error(
        "not an ed25519 public key: expected 32 bytes, their base64, or a PEM file as `openssl pkey -pubout` writes it"
    )]
    Key,
    /// A private key, which nobody but its owner should have.
    #[error("this is a private key; name the public one, and keep this from the host: `openssl pkey -in FILE -pubout`")]
    PrivateKey,
    /// No signature.
    #[error("not an ed25519 signature: expected 64 bytes or their base64, found {found} bytes")]
    Signature {
        /// How many there are.
        found: usize,
    },
}

impl TrustedKey {
    /// Reads a key: 32 bytes, their base64, or PEM or DER as OpenSSL writes them.
    ///
    /// # Errors
    /// See [`TrustError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        if let Ok(key) = bytes.try_into() {
            return Ok(Self(key));
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if text.contains("PRIVATE KEY") {
            return Err(TrustError::PrivateKey);
        }
        let base64: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let der = if base64.is_empty() { bytes.to_vec() } else { STANDARD.decode(base64).unwrap_or_default() };
        let key = der.strip_prefix(&SPKI[..]).unwrap_or(&der);
        key.try_into().map(Self).map_err(|_| TrustError::Key)
    }

    /// Whether the owner of this key signed these bytes.
    pub fn signed(&self, bytes: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, &signature.0).is_ok()
    }
}

impl Signature {
    /// Reads a signature: 64 bytes or their base64.
    ///
    /// # Errors
    /// See [`TrustError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let wrong = || TrustError::Signature { found: bytes.len() };
        match bytes.try_into() {
            Ok(signature) => Ok(Self(signature)),
            Err(_) => {
                let decoded = STANDARD.decode(bytes.trim_ascii()).map_err(|_| wrong())?;
                decoded.as_slice().try_into().map(Self).map_err(|_| wrong())
            }
        }
    }
}

impl fmt::Display for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedKey({self})")
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    fn pair() -> (TrustedKey, Ed25519KeyPair) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        (TrustedKey::parse(pair.public_key().as_ref()).unwrap(), pair)
    }

    #[test]
    fn keys_are_read_in_every_form() {
        let (key, pair) = pair();
        let raw = pair.public_key().as_ref();
        let der = [&SPKI[..], raw].concat();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
        let base64 = format!("{}\n", STANDARD.encode(raw));
        for (name, form) in [("raw", raw), ("der", &der), ("pem", pem.as_bytes()), ("base64", base64.as_bytes())] {
            assert_eq!(TrustedKey::parse(form), Ok(key), "{name}");
        }
        let private = b"-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n";
        for (form, error) in [
            (&b""[..], TrustError::Key),
            (b"abc", TrustError::Key),
            (&raw[1..], TrustError::Key),
            (&der[1..], TrustError::Key),
            (private, TrustError::PrivateKey),
        ] {
            assert_eq!(TrustedKey::parse(form), Err(error), "{form:?}");
        }
    }

    #[test]
    fn signatures_are_read_and_checked() {
        let (key, pair) = pair();
        let signed = pair.sign(b"component");
        let raw = signed.as_ref();
        let base64 = format!("{}\n", STANDARD.encode(raw));
        for form in [raw, base64.as_bytes()] {
            let signature = Signature::parse(form).unwrap();
            assert!(key.signed(b"component", &signature));
            assert!(!key.signed(b"Component", &signature));
            let other = TrustedKey::parse(&[9; 32]).unwrap();
            assert!(!other.signed(b"component", &signature));
        }
        for form in [&b""[..], &raw[1..], b"no signature at all"] {
            assert_eq!(Signature::parse(form), Err(TrustError::Signature { found: form.len() }));
        }
    }
}
