//! A key: 43 characters that a caller sends with its export, or that an administrator enters for callbacks.

use std::io::{self, Write as _};

use aes::Aes256;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use cbc::Decryptor;
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};

use super::message::OpenError;
use super::seal::{PADDED_TO, Seal};

/// 43 characters hold 258 bits. The last two are unused and often not zero, also in the vendor's own example.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A key for AES-256. It has no `Debug`: it must not be printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// Reads an `encoding_aeskey`: 43 characters of `[A-Za-z0-9]`.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() != 43 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        LENIENT.decode(format!("{text}=")).ok()?.try_into().ok().map(Self)
    }

    /// Pads and encrypts.
    ///
    /// # Errors
    /// The system has no memory for it.
    pub fn encrypt(&self, plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut seal = Seal::new(self, Vec::with_capacity(plain.len() + PADDED_TO));
        seal.write_all(plain)?;
        seal.finish()
    }

    /// Decrypts, and takes the padding away.
    ///
    /// # Errors
    /// `Cipher` or `Padding`: it was not encrypted with this key, or is damaged.
    pub fn decrypt(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut text = sealed.to_vec();
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut text);
        if !rest.is_empty() || blocks.is_empty() {
            return Err(OpenError::Cipher);
        }
        Decryptor::<Aes256>::new(&self.bytes().into(), &self.vector().into()).decrypt_blocks(blocks);
        let padding = text.last().copied().map_or(0, usize::from);
        let end = text.len().checked_sub(padding).filter(|_| (1..=PADDED_TO).contains(&padding));
        let end = end.ok_or(OpenError::Padding)?;
        if !text[end..].iter().all(|byte| usize::from(*byte) == padding) {
            return Err(OpenError::Padding);
        }
        text.truncate(end);
        Ok(text)
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
