//! The key of an export: 43 characters that a caller sends with its job.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// 43 characters hold 258 bits. The last two are unused and often not zero, also in the vendor's own example.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A key for AES-256. It has no `Debug`: it must not be printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// Reads an `encoding_aeskey`: 43 characters of `[A-Za-z0-9]`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() != 43 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        LENIENT.decode(format!("{text}=")).ok()?.try_into().ok().map(Self)
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// The initial vector is the first half of the key.
    pub(crate) fn vector(&self) -> [u8; 16] {
        let mut vector = [0; 16];
        vector.copy_from_slice(&self.0[..16]);
        vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_bits_are_ignored_and_everything_else_is_strict() {
        let plain = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let bytes: Vec<u8> = (0..32).collect();
        for (text, expected) in [
            (plain.to_owned(), true),
            (plain.replace("Hh8", "Hh9"), true),
            (plain[1..].to_owned(), false),
            (format!("{plain}="), false),
            (plain.replace("AAE", "AA+"), false),
            (plain.replace("AAE", "AA/"), false),
            (plain.replace("AAEC", "钥C"), false),
            (String::new(), false),
        ] {
            let read = Key::read(&text).map(|key| key.bytes().to_vec());
            assert_eq!(read, expected.then(|| bytes.clone()), "{text}");
        }
    }
}
