//! AES-256 in CBC mode as WeCom uses it for export files: the first half of the key is the initialisation vector, and
//! the padding goes to blocks of 32 bytes (fact sheet §4.4).

use std::fmt;

use aes::Aes256;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use cbc::{
    Decryptor,
    cipher::{Array, BlockModeDecrypt, InnerIvInit, KeyInit},
};

use crate::platform::Platform;

/// Bytes of a cipher block.
pub const BLOCK: usize = 16;
/// Largest padding.
pub const PADDING: usize = 32;

/// The characters of a key.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Characters of a key: 32 bytes of Base64 without the `=` at the end.
const LENGTH: usize = 43;
/// WeCom's own keys have bits beyond the 32 bytes that mean nothing (quirk 15 of the scenarios).
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// An `encoding_aeskey`: made for one export, and good for nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    text: String,
    bytes: [u8; 32],
}

impl Key {
    /// A fresh key.
    pub fn random<P: Platform>(platform: &P) -> Self {
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

    /// Reads a key; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let is_key = text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let bytes = BASE64.decode(format!("{text}=")).ok().filter(|_| is_key)?;
        Some(Self { text: text.to_owned(), bytes: bytes.try_into().ok()? })
    }

    /// As WeCom wants it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(***)")
    }
}

/// Decrypts a file piece by piece.
pub struct Chain {
    aes: Aes256,
    /// The last block of ciphertext, which the next one is chained to.
    last: [u8; BLOCK],
}

impl Chain {
    /// At the beginning of a file.
    pub fn new(key: &Key) -> Self {
        let mut last = [0; BLOCK];
        last.copy_from_slice(&key.bytes[..BLOCK]);
        Self::resume(key, last)
    }

    /// Where another chain was.
    pub fn resume(key: &Key, last: [u8; BLOCK]) -> Self {
        Self { aes: Aes256::new(&Array::from(key.bytes)), last }
    }

    /// Where the chain is.
    pub fn last(&self) -> [u8; BLOCK] {
        self.last
    }

    /// Decrypts whole blocks in place; `false` when the bytes are none.
    pub fn decrypt(&mut self, bytes: &mut [u8]) -> bool {
        let (blocks, rest) = Array::slice_as_chunks_mut(bytes);
        let Some(last) = blocks.last().filter(|_| rest.is_empty()) else { return rest.is_empty() };
        let last: [u8; BLOCK] = (*last).into();
        Decryptor::inner_iv_init(&self.aes, &Array::from(self.last)).decrypt_blocks(blocks);
        self.last = last;
        true
    }
}

/// Whether a text's end is a padding, white space before it allowed. A wrong key or a cut file has none.
pub fn is_padding(end: &[u8]) -> bool {
    let Some(&count) = end.last() else { return false };
    let count = usize::from(count);
    if count == 0 || count > PADDING || count > end.len() {
        return false;
    }
    let (before, padding) = end.split_at(end.len() - count);
    padding.iter().all(|&byte| usize::from(byte) == count) && before.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakePlatform;

    #[test]
    fn the_vector_of_the_fact_sheet_is_read_in_pieces_of_any_size() {
        // Fact sheet §7.8, vector B5.
        let key = Key::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        assert_eq!(Key::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9").unwrap().bytes, key.bytes);
        let cipher = base64::engine::general_purpose::STANDARD
            .decode("zc0cIoqf9jcloBJz5Dg0dNwMtDaSRQnfyJf7+y5eKZVTIlfYpH2oExyGE68z010uhCGxy9kFZrnOCPKENm+ip4t9ubH7q2hu2DGmpTI39Wx8ClU2BpbSdDz7eEjWO1Ui")
            .unwrap();
        let expected = r#"{"userlist":[{"userid":"zhangsan","name":"张三","department":[1,2],"open_userid":""}]}"#;
        for piece in [16, 32, 48, 80, 96] {
            let mut plain = cipher.clone();
            let mut chain = Chain::new(&key);
            for piece in plain.chunks_mut(piece) {
                chain = Chain::resume(&key, chain.last());
                assert!(chain.decrypt(piece));
            }
            assert_eq!(plain[..expected.len()], *expected.as_bytes(), "pieces of {piece}");
            assert!(is_padding(&plain[expected.len()..]));
        }
    }

    #[test]
    fn bytes_that_are_no_blocks_are_not_touched() {
        let key = Key::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let mut bytes = [7; 17];
        assert!(!Chain::new(&key).decrypt(&mut bytes));
        assert_eq!(bytes, [7; 17]);
        assert!(Chain::new(&key).decrypt(&mut []));
    }

    #[test]
    fn keys_are_43_letters_and_digits_and_never_shown() {
        let platform = FakePlatform::new();
        let (one, other) = (Key::random(&platform), Key::random(&platform));
        assert_ne!(one, other);
        for key in [one, other] {
            assert!(key.text().len() == 43 && key.text().bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert_eq!(Key::parse(key.text()).as_ref(), Some(&key));
            assert!(!format!("{key:?}").contains(key.text()));
        }
        for text in ["", "abc", &"a".repeat(42), &"a".repeat(44), &"+".repeat(43)] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }

    #[test]
    fn paddings() {
        for (name, end, expected) in [
            ("nothing", &b""[..], false),
            ("one", &[1], true),
            ("a whole block of 32", &[32; 32], true),
            ("white space before it", b"\n \x02\x02", true),
            ("ten line feeds", &[10; 10], true),
            ("text before it", b"x\x02\x02", false),
            ("zero", &[0], false),
            ("too large", &[33; 33], false),
            ("too few", &[3, 3], false),
            ("unequal", &[2, 3, 3], false),
        ] {
            assert_eq!(is_padding(end), expected, "{name}");
        }
    }
}
