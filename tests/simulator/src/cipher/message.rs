//! The cipher and the signature of callbacks (fact sheet section 7.7): AES-256-CBC over 16 random bytes, the length, the
//! message and the id of the receiver; SHA-1 over the four sorted texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::Key;

/// Why a text cannot be opened, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another token, or somebody else.
    #[error("the signature is wrong")]
    Signature,
    /// It is no base64.
    #[error("the cipher text is not base64")]
    Base64,
    /// It is no whole number of blocks.
    #[error("the cipher text is no whole number of blocks")]
    Cipher,
    /// Another key, or it is damaged.
    #[error("the padding is wrong")]
    Padding,
    /// The length in it does not fit.
    #[error("the length is out of bounds")]
    Length,
    /// It is for another organisation.
    #[error("the receiver is another one")]
    Receiver,
    /// The message is no UTF-8.
    #[error("the message is not UTF-8")]
    Text,
}

/// The signature of four texts, in lower-case hexadecimal digits.
pub fn signature(token: &str, timestamp: &str, nonce: &str, encrypted: &str) -> String {
    let mut parts = [token, timestamp, nonce, encrypted];
    parts.sort_unstable();
    let digest = Sha1::digest(parts.concat());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Encrypts a message for a receiver, with 16 bytes of chance before it.
///
/// # Errors
/// It has four gigabytes or more.
pub fn seal(key: &Key, prefix: [u8; 16], message: &[u8], receiver: &[u8]) -> std::io::Result<String> {
    let length = u32::try_from(message.len()).map_err(std::io::Error::other)?;
    let plain = [&prefix[..], &length.to_be_bytes(), message, receiver].concat();
    Ok(STANDARD.encode(key.encrypt(&plain)?))
}

/// What was encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The message.
    pub message: Vec<u8>,
    /// The id of the organisation that it is for.
    pub receiver: Vec<u8>,
}

/// Decrypts a message for whomever.
///
/// # Errors
/// `Base64`, `Cipher`, `Padding` or `Length`: it was not encrypted with this key.
pub fn opened(key: &Key, encrypted: &str) -> Result<Opened, OpenError> {
    let sealed = STANDARD.decode(encrypted).map_err(|_| OpenError::Base64)?;
    let plain = key.decrypt(&sealed)?;
    let length = plain.get(16..20).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).ok_or(OpenError::Length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| OpenError::Length)?;
    let (message, id) = plain.get(20..).and_then(|rest| rest.split_at_checked(length)).ok_or(OpenError::Length)?;
    Ok(Opened { message: message.to_vec(), receiver: id.to_vec() })
}

/// Decrypts what was made for this receiver.
///
/// # Errors
/// As [`opened`]; it is for another receiver, or no UTF-8.
pub fn open(key: &Key, encrypted: &str, receiver: &str) -> Result<String, OpenError> {
    let Opened { message, receiver: id } = opened(key, encrypted)?;
    if id != receiver.as_bytes() {
        return Err(OpenError::Receiver);
    }
    String::from_utf8(message).map_err(|_| OpenError::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fact sheet's vectors (section 7.8): A is the vendor's own, B are ours.
    struct Vector {
        name: &'static str,
        receiver: &'static str,
        token: &'static str,
        key: &'static str,
        timestamp: &'static str,
        nonce: &'static str,
        prefix: [u8; 16],
        message: &'static str,
        encrypted: &'static str,
        signature: &'static str,
    }

    const OWN_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const VENDOR_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

    fn vectors() -> Vec<Vector> {
        let own = |name, prefix: &[u8; 16], timestamp, nonce, message, encrypted, signature| Vector {
            name,
            receiver: "ww0123456789abcdef",
            token: "simTok3n2026",
            key: OWN_KEY,
            timestamp,
            nonce,
            prefix: *prefix,
            message,
            encrypted,
            signature,
        };
        let vendor = |name, prefix: &[u8; 16], timestamp, nonce, message, encrypted, signature| Vector {
            name,
            receiver: "wx5823bf96d3bd56c7",
            token: "QDG6eK",
            key: VENDOR_KEY,
            timestamp,
            nonce,
            prefix: *prefix,
            message,
            encrypted,
            signature,
        };
        vec![
            vendor(
                "A, address",
                b"c41b64491c2468d0",
                "1409659589",
                "263014780",
                "1616140317555161061",
                "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
                "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
            ),
            vendor(
                "A, message",
                b"0960688932c47ef1",
                "1409659813",
                "1372623149",
                "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n\
                 <FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n\
                 <MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n\
                 <MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>",
                "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==",
                "477715d11cdb4164915debcba66cb864d751f3e6",
            ),
            own(
                "B1",
                b"0123456789abcdef",
                "1760000000",
                "nonce-A1",
                "7426153098812345678",
                "4j/AuRx71kQlxVlzbpsMWP+Og8qWy03352leL6FF/IyeJiZE7HrGGeglvn9EuFoJyAOyIDwXuh5tR4lv5XvBug==",
                "852d36dd08958c35207ef98fcc7ac0e90c8c062d",
            ),
            own(
                "B2",
                b"fedcba9876543210",
                "1760000101",
                "31415926",
                "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>1760000100</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[enter_agent]]></Event><EventKey><![CDATA[]]></EventKey><AgentID>1000002</AgentID></xml>",
                "wrNmYnsdngNwZHPRm4NnS0qYSa5jHJwmKnRwSuFvWXfcZokohHVNOvpJg5435mzzOlpd6jLI+zJXsWBgS9DluHnA7NwnuOBQiwTgm401laf/nYJPL1tFB70B/dyUXhIrSLiapTp9HrZayc+Bg0vQ90zTJB61veeA0cBYSWTCPPlzBz56JJub2ZjPXpMdzoYKD3RWHPAAXkPuNbp/1jIwRDpdEsyMPDO0/rVQrkBhK8ZyjGjPmrJtLKU3t85sNCad1+oKMG2i2aodPJ0qoZGOOebW+wkgV5bDXamX9JCq06/LnTyhrYKXDWq10+rnkNrHjVETvrUmHbRtzEVtMgB4E27cc1TRoKPe4QEcodb77YRkOKXVA5KgNSK90ASYyW5VSVWiZnw+BJbeuzi4nNewxSYGiZSXQtqUPechrIQc5UyHeScvchMNXSsJJjnpcruDZ0m4wBUnrT2ll8pa9PThXw==",
                "5cc5f576bdbf00c86323492f05b389a0c3f10167",
            ),
            own(
                "B3",
                b"ABCDEFGHIJKLMNOP",
                "1760000102",
                "27182818",
                "<xml><ToUserName><![CDATA[zhangsan]]></ToUserName><FromUserName><![CDATA[ww0123456789abcdef]]></FromUserName><CreateTime>1760000102</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content></xml>",
                "vyx3HuuV3UaeH6CffeASrzCRePiqtYB3Ui+g6tpJ/qQnVIXEh6x0zgN++jG2zGo6gAeM9aGKd8CwhkIfekAlsDYTodpO23z/mbT68Z7SQCaAJ49BGMappKJqOjCUrhQnWleGOc9w2YRkcNH3rCR+1vHy5/Ws+x0zP0+8ox78xsqerVYkgAMtMyfImTgTSr637zppiZQgcK2i0LVAxV02s/lOpUfo+1Om4H/4ZVwkWE1SB73d+scxnpVZBGrQlGhVtVFveEsY/q5n7+yPc0QqggzYGkqExiJQbeiMvY0MkPNU91eBudBtgpJMlzAMEqTwh/Rd948Fk3Un/8wfoMjwUlHTffgiTO9ygwQRHOnQVQbVXUjkRsD8eiqCDNJJSO7Y",
                "739aee9569ce9da4a9a576ca193377021e80cfeb",
            ),
            own(
                "B4, a whole block of padding",
                b"0123456789abcdef",
                "1760000103",
                "n-pad32",
                "xxxxxxxxxxxxxxxxxxxxxxxxxx",
                "4j/AuRx71kQlxVlzbpsMWLdwa700XSzOWDMkXDdU+WosU+ewEoBShSctEkjIMzDluDA/lOKCdUZUkeU4RUQWvlb25E9mxr2aw2oTfGSPUbVQb5xl1a82fEMwdygm5OKw",
                "c12b99d144a93e13c6fabdbeb1edb2df8632441c",
            ),
        ]
    }

    #[test]
    fn every_vector_of_the_fact_sheet_holds() {
        for vector in vectors() {
            let key = Key::read(vector.key).unwrap();
            let Vector { name, receiver, message, encrypted, .. } = vector;
            assert_eq!(signature(vector.token, vector.timestamp, vector.nonce, encrypted), vector.signature, "{name}");
            assert_eq!(open(&key, encrypted, receiver).as_deref(), Ok(message), "{name}");
            assert_eq!(
                seal(&key, vector.prefix, message.as_bytes(), receiver.as_bytes()).unwrap(),
                encrypted,
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_refused_in_the_order_of_the_checks() {
        let key = Key::read(OWN_KEY).unwrap();
        let good = seal(&key, [7; 16], b"message", b"corp").unwrap();
        let raw = |bytes: &[u8]| STANDARD.encode(key.encrypt(bytes).unwrap());
        let mut cut = STANDARD.decode(&good).unwrap();
        cut.truncate(31);
        for (encrypted, expected) in [
            (good.clone(), Ok("message".to_owned())),
            (good.replace('A', "*") + "*", Err(OpenError::Base64)),
            (String::new(), Err(OpenError::Cipher)),
            (STANDARD.encode(cut), Err(OpenError::Cipher)),
            (STANDARD.encode([0; 32]), Err(OpenError::Padding)),
            (raw(b"short"), Err(OpenError::Length)),
            (raw(&[[0_u8; 16].as_slice(), &[0, 0, 1, 0], b"x"].concat()), Err(OpenError::Length)),
            (seal(&key, [7; 16], b"message", b"other").unwrap(), Err(OpenError::Receiver)),
        ] {
            assert_eq!(open(&key, &encrypted, "corp"), expected, "{encrypted}");
        }
    }
}
