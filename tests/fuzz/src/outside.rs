//! What stands around the element: its configuration, and WeCom's side of the cipher.

use aes::Aes256;
use base64::{Engine, engine::general_purpose::STANDARD};
use cbc::{
    Encryptor,
    cipher::{Array, BlockModeEncrypt, KeyIvInit},
};
use organisation_kit::{fake::FakePlatform, vendor::Vendor};
use sha1::{Digest, Sha1};
use wecom_organisation::{WeCom, config::Config};

pub(crate) const CORP: &str = "ww0123456789abcdef";
pub(crate) const TOKEN: &str = "simTok3n2026";
/// Bytes 0 to 31.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
pub(crate) const SECRET: &str = "s3cret-abcdefghijklmnopqrstuvwxyz0123456789";
/// The host of the app's pages.
pub(crate) const HOST: &str = "app.example.com";

pub(crate) fn config() -> Config {
    let document = format!(
        r#"{{"corpId":"{CORP}","agentId":1000002,"secret":"{SECRET}","redirectUri":"https://{HOST}/login/callback",
        "callback":{{"token":"{TOKEN}","encodingAESKey":"{KEY}"}}}}"#
    );
    WeCom::element().parse(&document, WeCom::build).unwrap()
}

/// Panics where a secret was logged.
pub(crate) fn assert_quiet(platform: &FakePlatform, secrets: &[&str]) {
    for line in platform.logs.borrow().iter() {
        assert!(secrets.iter().all(|secret| !line.contains(secret)), "a secret was logged: {line}");
    }
}

/// A message as it is sealed, padded to blocks of 32 bytes.
pub(crate) fn seal(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let mut plain = [b"fedcba9876543210", &length[..], message, CORP.as_bytes()].concat();
    let padding = 32 - plain.len() % 32;
    plain.resize(plain.len() + padding, u8::try_from(padding).unwrap());
    let key: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    let mut vector = [0; 16];
    vector.copy_from_slice(&key[..16]);
    let (blocks, _) = Array::slice_as_chunks_mut(&mut plain);
    Encryptor::<Aes256>::new(&Array::from(key), &Array::from(vector)).encrypt_blocks(blocks);
    plain
}

/// Query and encrypted text of a delivery with a sound signature.
pub(crate) fn signed(ciphertext: &[u8]) -> (String, String) {
    let (timestamp, nonce, encrypted) = ("1790000000", "31415926", STANDARD.encode(ciphertext));
    let mut parts = [TOKEN, timestamp, nonce, &encrypted];
    parts.sort_unstable();
    let signature = hexadecimal(&Sha1::digest(parts.concat()));
    (format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}"), encrypted)
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
