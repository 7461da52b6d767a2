//! Texts that look like others and say nothing of them: made of a number and a shape alone.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

/// A text of this shape with this number. Ids keep their order where their numbers do.
pub(super) fn like(text: &str, number: u64) -> String {
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        // Addresses that documents use.
        return match address {
            IpAddr::V4(_) => format!("198.51.{}.{}", 100 + number / 250 % 100, number % 250 + 1),
            IpAddr::V6(_) if text.starts_with('[') => format!("[2001:db8::{number:x}]"),
            IpAddr::V6(_) => format!("2001:db8::{number:x}"),
        };
    }
    if let Some((local, domain)) = text.split_once('@')
        && !local.is_empty()
        && domain.contains('.')
        && text.is_ascii()
    {
        return format!("p{number:05}@mail.example");
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return digits(text.len(), number);
    }
    if is_opaque(text) {
        return opaque(text, number);
    }
    // A telephone number has no letters.
    if is_id(text) && text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return id(text, number);
    }
    letters(text, number)
}

/// The same in the spelling of another text.
pub(super) fn spelt_like(pseudonym: &str, text: &str) -> String {
    let is_upper = text.chars().next().is_some_and(char::is_uppercase);
    if is_upper && is_id(text) && !is_opaque(text) { capitalised(pseudonym) } else { pseudonym.to_owned() }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// As many digits, seven at least, the first no zero: numbers keep their order.
fn digits(length: usize, number: u64) -> String {
    format!("1{number:0width$}", width = length.max(7) - 1)
}

/// A token, ticket, key or hash: long, and of no language.
fn is_opaque(text: &str) -> bool {
    let of_token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+' | b'/' | b'=' | b'.');
    // Few keys have no digit in them.
    let is_long = text.len() >= 32 || text.bytes().any(|b| b.is_ascii_digit());
    text.len() >= 16 && is_long && text.bytes().all(of_token)
}

fn is_id(text: &str) -> bool {
    let of_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@');
    text.len() <= 64 && text.bytes().all(of_id)
}

/// Letters before the number tell a vendor's kinds apart and sort as the original's first character does.
fn id(text: &str, number: u64) -> String {
    match text.bytes().next() {
        Some(b'0'..=b'9') => format!("0{number:06}"),
        Some(b'A'..=b'Z') => format!("U{number:06}"),
        _ => format!("u{number:06}"),
    }
}

/// Of each character another of its kind. What kind of id it is says its beginning: two or three letters before hexadecimal digits.
fn opaque(text: &str, number: u64) -> String {
    let hex = |text: &str| text.len() >= 12 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    let is_kind = |at: &usize| hex(&text[*at..]) && text[..*at].bytes().all(|b| b.is_ascii_lowercase());
    let kind = (0..=3).find(is_kind).unwrap_or(0);
    let is_hex = hex(&text[kind..]);
    let mut source = Bytes::of(number);
    let mut made: String = text[..kind].to_owned();
    let last = text.len() - 1;
    for (at, byte) in text.bytes().enumerate().skip(kind) {
        let one_of = |letters: &[u8], drawn: u8| char::from(letters[usize::from(drawn) % letters.len()]);
        made.push(match byte {
            // The last character of a key in base64 has bits that must be zero.
            _ if at == last && text.len() == 43 => 'A',
            b'0'..=b'9' => one_of(b"0123456789", source.next()),
            b'a'..=b'f' if is_hex => one_of(b"abcdef", source.next()),
            b'a'..=b'z' => one_of(b"abcdefghijklmnopqrstuvwxyz", source.next()),
            b'A'..=b'Z' => one_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", source.next()),
            other => char::from(other),
        });
    }
    made
}

/// How files of a kind begin, at which byte. Whoever takes files looks there.
const BEGINNINGS: &[(usize, &[u8])] = &[
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"\xff\xd8\xff"),
    (0, b"GIF87a"),
    (0, b"GIF89a"),
    (0, b"#!AMR\n"),
    (0, b"%PDF-"),
    (0, b"PK\x03\x04"),
    (4, b"ftyp"),
];

/// As many bytes that say nothing, with the beginning of the kind of file.
pub(super) fn neutral(bytes: &[u8]) -> Vec<u8> {
    let mut neutral = vec![0; bytes.len()];
    for (at, beginning) in BEGINNINGS {
        let place = *at..at + beginning.len();
        if bytes.get(place.clone()) == Some(beginning) {
            neutral[place].copy_from_slice(beginning);
        }
    }
    neutral
}

/// Bytes that follow from a number.
pub(crate) struct Bytes {
    number: u64,
    block: u64,
    drawn: Vec<u8>,
}

impl Bytes {
    pub(crate) fn of(number: u64) -> Self {
        Self { number, block: 0, drawn: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> u8 {
        if self.drawn.is_empty() {
            let parts = [self.number, self.block].map(u64::to_le_bytes).concat();
            self.drawn = Sha256::digest(parts).to_vec();
            self.block += 1;
        }
        self.drawn.pop().unwrap_or_default()
    }
}

/// Of each letter another of its kind, so that the number can be read from the end. Blanks and signs stay.
fn letters(text: &str, number: u64) -> String {
    const HAN: u64 = 0x4E00;
    let mut left = number;
    let mut draw = |of: u64| {
        let drawn = left % of;
        left /= of;
        drawn
    };
    let letter = |base: u64, drawn: u64| u32::try_from(base + drawn).ok().and_then(char::from_u32);
    let replaced: Vec<char> = text
        .chars()
        .rev()
        .map(|c| {
            let other = match c {
                '0'..='9' => letter(u64::from(b'0'), draw(10)),
                'a'..='z' => letter(u64::from(b'a'), draw(26)),
                'A'..='Z' => letter(u64::from(b'A'), draw(26)),
                c if !c.is_alphanumeric() => None,
                c if c.len_utf8() == 2 => letter(0x430, draw(32)),
                c if c.len_utf8() == 3 => letter(HAN, draw(0x4000)),
                _ => letter(0x2_0000, draw(0x4000)),
            };
            other.unwrap_or(c)
        })
        .collect();
    let mut made: String = replaced.into_iter().rev().collect();
    let has_letters = text.chars().any(char::is_alphanumeric);
    if left > 0 && has_letters {
        made.push_str(&left.to_string());
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_stay_and_contents_go() {
        for (text, number, made) in [
            ("zhangsan", 7, "u000007"),
            ("Zhang.San-2", 7, "U000007"),
            ("1001", 7, "1000007"),
            ("0571-8888-4321", 7, "0000-0000-0007"),
            ("13812345678", 7, "10000000007"),
            ("+86 138-1234-5678", 12, "+00 000-0000-0012"),
            ("张三", 1, "一丁"),
            ("王 小二", 0x4001, "一 丁丁"),
            ("me@corp.example.com", 3, "p00003@mail.example"),
            ("10.1.2.3", 3, "198.51.100.4"),
            ("Straße 5", 27, ""),
            ("🙂", 5, "🙂"),
        ] {
            let found = like(text, number);
            // Its letters are of two kinds.
            let is_as_made =
                if made.is_empty() { found.chars().count() == 8 && found.ends_with(" 7") } else { found == made };
            assert!(is_as_made, "{text}: {found}");
        }
        let corp = like("ww21c67da6767865c2", 5);
        assert!(corp.starts_with("ww") && corp.len() == 18 && corp != "ww21c67da6767865c2", "{corp}");
        assert!(corp[2..].bytes().all(|b| b.is_ascii_hexdigit()));
        let key = like("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", 5);
        assert!(key.ends_with('A') && key.len() == 43, "{key}");
        assert_ne!(like("abcdefghijklmnop0", 1), like("abcdefghijklmnop0", 2));
    }

    #[test]
    fn of_bytes_length_and_kind_stay() {
        for (name, bytes, expected) in [
            ("picture", &b"\x89PNG\r\n\x1a\nzhangsan"[..], &b"\x89PNG\r\n\x1a\n\0\0\0\0\0\0\0\0"[..]),
            ("film", b"\0\0\x01\x18ftypmp42", b"\0\0\0\0ftyp\0\0\0\0"),
            ("text", b"zhangsan", b"\0\0\0\0\0\0\0\0"),
            ("nothing", b"", b""),
        ] {
            assert_eq!(neutral(bytes), expected, "{name}");
        }
    }

    #[test]
    fn ids_keep_their_order_and_spelling() {
        let mut ids = ["007", "Adam", "Zhang", "adam", "li", "zhang"].into_iter().enumerate();
        let made: Vec<String> = ids.by_ref().map(|(at, id)| like(id, at as u64 + 1)).collect();
        assert!(made.is_sorted(), "{made:?}");
        assert_eq!(spelt_like("u000003", "ZhangSan"), "U000003");
        assert_eq!(spelt_like("u000003", "zhangsan"), "u000003");
    }
}
