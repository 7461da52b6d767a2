//! Token and key of callbacks, made here: whoever sets an app up need not think of any, nor take what somebody else has seen.

/// What is made, by the last part of the key: letters and digits, so many. A key is 32 bytes in base64 without the sign at the end.
const LENGTHS: [(&str, usize); 2] = [("token", 32), ("encodingAESKey", 43)];
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// How long a value is that can be made for a key of the configuration; nothing where none can.
pub fn length(key: &str) -> Option<usize> {
    let (_, last) = key.rsplit_once('.')?;
    LENGTHS.iter().find(|(name, _)| *name == last).map(|(_, length)| *length)
}

/// So many random letters and digits.
///
/// # Errors
/// The machine has no randomness.
pub fn text(length: usize) -> Result<String, getrandom::Error> {
    let mut text = String::new();
    while text.len() < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes)?;
        // What is beyond a whole number of letters would make the first ones more frequent.
        let letters = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(LETTERS[usize::from(byte % 62)]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_here_is_as_the_vendor_takes_it() {
        for (key, expected) in [
            ("callback.token", Some(32)),
            ("contactCallback.encodingAESKey", Some(43)),
            ("callback.maxAgeSeconds", None),
            ("token", None),
        ] {
            assert_eq!(length(key), expected, "{key}");
        }
        for (_, length) in LENGTHS {
            let (one, other) = (text(length).unwrap(), text(length).unwrap());
            assert!(one.len() == length && one.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{one}");
            assert_ne!(one, other);
        }
    }
}
