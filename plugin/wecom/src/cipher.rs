//! AES-256 in CBC mode as WeCom uses it for export files and deliveries: the first half of the key is the initialisation
//! vector, and the padding goes to blocks of 32 bytes.

use std::fmt;

use aes::Aes256;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use cbc::{
    Decryptor, Encryptor,
    cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit},
};

use organisation_kit::platform::Platform;

/// Bytes of a cipher block.
pub(crate) const BLOCK: usize = 16;
/// Largest padding.
const PADDING: usize = 32;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Characters of a key: 32 bytes of Base64 without the `=` at the end.
const LENGTH: usize = 43;
/// WeCom's own keys have bits beyond the 32 bytes that mean nothing.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// An `EncodingAESKey`: that of a callback, or one made for an export and good for nothing else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EncodingKey {
    text: String,
    bytes: [u8; 32],
}

impl EncodingKey {
    pub(crate) fn random(platform: &dyn Platform) -> Self {
        let mut text = String::with_capacity(LENGTH);
        while text.len() < LENGTH {
            let mut random = [0; 64];
            platform.random(&mut random);
            // 248 is the largest multiple of 62 in a byte: what lies above would make some letters likelier.
            let letters = random.iter().filter(|&&byte| byte < 248).map(|&byte| ALPHABET[usize::from(byte) % 62]);
            text.extend(letters.take(LENGTH - text.len()).map(char::from));
        }
        Self::parse(&text).unwrap_or_else(|| unreachable!("43 letters and digits are a key"))
    }

    /// Reads a key, also one with blanks that came along when it was copied; `None` when it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text: String = text.split_whitespace().collect();
        let is_key = text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let bytes = BASE64.decode(format!("{text}=")).ok().filter(|_| is_key)?;
        Some(Self { text, bytes: bytes.try_into().ok()? })
    }

    /// As WeCom wants it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for EncodingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EncodingKey(***)")
    }
}

/// Decrypts the whole in place, and tells how many bytes of it are text; nothing when it was not encrypted so.
pub(crate) fn decrypt(key: &EncodingKey, bytes: &mut [u8]) -> Option<usize> {
    let (blocks, rest) = Array::slice_as_chunks_mut(bytes);
    if !rest.is_empty() {
        return None;
    }
    let (aes, vector) = of(key);
    Decryptor::inner_iv_init(&aes, &Array::from(vector)).decrypt_blocks(blocks);
    unpadded(bytes)
}

/// Pads and encrypts.
pub(crate) fn encrypt(key: &EncodingKey, mut bytes: Vec<u8>) -> Vec<u8> {
    let count = PADDING - bytes.len() % PADDING;
    // At most 32.
    bytes.resize(bytes.len() + count, count as u8);
    let (blocks, _) = Array::slice_as_chunks_mut(&mut bytes);
    let (aes, vector) = of(key);
    Encryptor::inner_iv_init(&aes, &Array::from(vector)).encrypt_blocks(blocks);
    bytes
}

/// The cipher and its initialisation vector.
fn of(key: &EncodingKey) -> (Aes256, [u8; BLOCK]) {
    let mut vector = [0; BLOCK];
    vector.copy_from_slice(&key.bytes[..BLOCK]);
    (Aes256::new(&Array::from(key.bytes)), vector)
}

/// How many bytes stand before the padding. A wrong key or a cut file has none.
fn unpadded(text: &[u8]) -> Option<usize> {
    let count = usize::from(*text.last()?);
    let length = text.len().checked_sub(count)?;
    let is_padding = (1..=PADDING).contains(&count) && text[length..].iter().all(|&byte| usize::from(byte) == count);
    is_padding.then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakePlatform;

    #[test]
    fn keys_are_43_letters_and_digits_and_never_shown() {
        let platform = FakePlatform::new();
        let (one, other) = (EncodingKey::random(&platform), EncodingKey::random(&platform));
        assert_ne!(one, other);
        for key in [one, other] {
            assert!(key.text().len() == 43 && key.text().bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert_eq!(EncodingKey::parse(key.text()).as_ref(), Some(&key));
            assert!(!format!("{key:?}").contains(key.text()));
        }
        // WeCom's own keys have bits at the end that mean nothing.
        let [plain, odd] =
            ["h8", "h9"].map(|end| EncodingKey::parse(&format!("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH{end}")));
        assert_eq!(plain.unwrap().bytes, odd.unwrap().bytes);
        let blanks = EncodingKey::parse(" AAECAwQFBgcICQoLDA0O DxAREhMUFRYXGBkaGxwdHh8\u{a0}").unwrap();
        assert_eq!(blanks.text().len(), 43);
        for text in ["", "abc", &"a".repeat(42), &"a".repeat(44), &"+".repeat(43)] {
            assert_eq!(EncodingKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_encrypted_is_decrypted() {
        let key = EncodingKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        for length in [0, 1, 15, 16, 31, 32, 33, 4_096] {
            let plain: Vec<u8> = (0..length).map(|index: usize| index as u8).collect();
            let mut bytes = encrypt(&key, plain.clone());
            assert!(bytes.len().is_multiple_of(32) && bytes.len() > length, "{length}");
            assert_eq!(decrypt(&key, &mut bytes), Some(length));
            assert_eq!(bytes[..length], plain);
        }
    }

    #[test]
    fn paddings() {
        for (name, text, expected) in [
            ("nothing", &b""[..], None),
            ("one", &[1], Some(0)),
            ("a whole block of 32", &[32; 32], Some(0)),
            ("white space before it", b"\n \x02\x02", Some(2)),
            ("ten line feeds", &[10; 10], Some(0)),
            ("text before it", b"x\x02\x02", Some(1)),
            ("zero", &[0], None),
            ("too large", &[33; 33], None),
            ("too few", &[3, 3], None),
            ("unequal", &[2, 3, 3], None),
        ] {
            assert_eq!(unpadded(text), expected, "{name}");
        }
    }

    #[test]
    fn bytes_that_are_no_blocks_are_refused() {
        let key = EncodingKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        for length in [0, 1, 15, 17] {
            assert_eq!(decrypt(&key, &mut vec![7; length]), None, "{length}");
        }
    }
}
