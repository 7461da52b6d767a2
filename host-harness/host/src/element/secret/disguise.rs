//! Placeholders that a library has encoded on its way into a request. Whoever fills none in there must not send them
//! either: the server would get a placeholder and the engineer no message.

use memchr::memmem;

/// Encodings within encodings are undone so many times.
const ROUNDS: usize = 4;
/// No spelling of a scheme is longer, in bytes.
const LONGEST: usize = 96;
/// `secret://` in base64, at each of the three places at which it can begin, without the characters that depend on what
/// stands around it.
const BASE64: [&str; 3] = ["c2VjcmV0Oi8v", "NlY3JldDovL", "zZWNyZXQ6Ly"];

/// Whether the text holds a placeholder in any spelling: plain, percent-encoded, escaped as in JSON or HTML, in base64.
pub(super) fn holds_placeholder(text: &[u8]) -> bool {
    // No library encodes letters, so the word is where a spelling begins.
    memmem::find_iter(text, b"secret").any(|at| {
        let rest = text.get(at + 6..).unwrap_or_default();
        let mut rest = rest.get(..LONGEST.min(rest.len())).unwrap_or_default().to_vec();
        (0..ROUNDS).any(|_| {
            let is_plain = rest.starts_with(b"://");
            rest = decoded(&rest);
            is_plain
        })
    }) || BASE64.iter().any(|part| memmem::find(text, part.as_bytes()).is_some())
}

/// One encoding undone, whichever it is.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let (byte, length) = escape(rest).unwrap_or((*first, 1));
        decoded.push(byte);
        rest = rest.get(length..).unwrap_or(after);
    }
    decoded
}

/// The character that an escape at the beginning stands for, and the length of the escape.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let digits = |from: usize, to: usize, radix| {
        let digits = std::str::from_utf8(text.get(from..to)?).ok()?;
        u8::from_str_radix(digits.trim_start_matches('0'), radix).ok()
    };
    match text {
        [b'%', ..] => Some((digits(1, 3, 16)?, 3)),
        [b'\\', b'u', ..] => Some((digits(2, 6, 16)?, 6)),
        [b'\\', b'x', ..] => Some((digits(2, 4, 16)?, 4)),
        [b'\\', other @ (b'/' | b'\\'), ..] => Some((*other, 2)),
        [b'&', ..] => {
            let end = text.iter().take(12).position(|byte| *byte == b';')?;
            let byte = match text.get(1..end)? {
                [b'#', b'x' | b'X', ..] => digits(3, end, 16)?,
                [b'#', ..] => digits(2, end, 10)?,
                b"colon" => b':',
                b"sol" => b'/',
                b"amp" => b'&',
                _ => return None,
            };
            Some((byte, end + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn a_placeholder_is_found_in_every_spelling_of_a_library() {
        for text in [
            "secret://k?v=1",
            "a secret%3A%2F%2Fk",
            "secret%3a%2f%2fk",
            "secret:%2F%2Fk",
            "secret%253A%252F%252Fk",
            r"secret:\/\/k",
            r"secret:\\\/\\\/k",
            r"secret\u003a\u002f\u002Fk",
            r"secret:\x2f\x2fk",
            "secret&#58;&#x2F;&#47;k",
            "secret&colon;&sol;&sol;k",
            "secret:&amp;#47;&amp;#47;k",
        ] {
            assert!(holds_placeholder(text.as_bytes()), "{text}");
        }
        for before in ["", "a", "ab", "abc"] {
            assert!(holds_placeholder(STANDARD.encode(format!("{before}secret://k?v=1")).as_bytes()), "{before}");
        }
    }

    #[test]
    fn other_texts_hold_none() {
        for text in
            ["", "secret", "secret=1", "secret:", "secret:/k", "corpsecret%3D", "secret%", r"secret\u00", "secret&;"]
        {
            assert!(!holds_placeholder(text.as_bytes()), "{text}");
        }
    }
}
