//! Messages for engineers: words that are nobody's stay, every other is replaced where it stands.

use super::{Pseudonyms, place};

impl Pseudonyms {
    /// Words for engineers, such as an `errmsg`: those that are nobody's stay.
    pub(super) fn words(&mut self, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '-');
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            // A telephone number may be written in groups.
            if let Some(number) = groups_of_digits(rest) {
                replaced.push_str(&self.atom(number));
                rest = &rest[number.len()..];
                continue;
            }
            let inside = is_of_word(first);
            let end = rest.find(|c| is_of_word(c) != inside).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            let bare = word.trim_end_matches('.');
            if inside {
                replaced.push_str(&self.word(bare));
                replaced.push_str(&word[bare.len()..]);
            } else {
                replaced.push_str(word);
            }
        }
        replaced
    }

    /// What a component has put together with blanks: each piece is replaced that is no word of the component, since the component
    /// puts the same together again. Where digits stand beside digits it is one number.
    pub(super) fn pieces(&mut self, text: &str) -> String {
        let pieces: Vec<&str> = text.split(' ').collect();
        let is_number = |piece: &str| piece.bytes().any(|b| b.is_ascii_digit()) && !piece.contains("://");
        let is_short = |piece: &str| piece.len() < 7 && is_number(piece);
        if pieces.windows(2).any(|two| is_number(two[0]) && is_number(two[1]) && (is_short(two[0]) || is_short(two[1])))
        {
            return self.atom(text);
        }
        let pieces: Vec<String> = pieces.into_iter().map(|piece| self.piece(piece)).collect();
        pieces.join(" ")
    }

    fn piece(&mut self, piece: &str) -> String {
        match piece.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => format!("{scheme}://{}", self.address(rest)),
            _ if piece.chars().any(char::is_alphanumeric) => match self.lookup(piece) {
                Some(known) => known,
                // Were it replaced here, it would be everywhere.
                None if self.vocabulary.has(piece) => piece.to_owned(),
                None => self.atom(piece),
            },
            _ => piece.to_owned(),
        }
    }

    fn word(&mut self, word: &str) -> String {
        if let Some(known) = self.lookup(word) {
            return known;
        }
        let lower = word.to_ascii_lowercase();
        let is_short = word.is_ascii() && word.len() < 4 || word.len() < 7 && word.bytes().all(|b| b.is_ascii_digit());
        if is_short || place::COMMON_WORDS.contains(&&*lower) || self.vocabulary.has(&lower) {
            return word.to_owned();
        }
        let top = word.rsplit_once('.').map_or("", |(_, top)| top);
        let is_address = word.parse::<std::net::IpAddr>().is_ok();
        if is_address || !top.is_empty() && top.bytes().all(|b| b.is_ascii_alphabetic()) && !word.contains('@') {
            return self.host(word);
        }
        self.atom(word)
    }
}

/// Groups of digits at the start of a text, with one sign between them, that are seven digits or more together.
fn groups_of_digits(text: &str) -> Option<&str> {
    let is_between = |b: u8| matches!(b, b' ' | b'-' | b'(' | b')' | b'+');
    let bytes = text.as_bytes();
    if !matches!(bytes.first(), Some(b'+' | b'(' | b'0'..=b'9')) {
        return None;
    }
    let (mut end, mut digits, mut signs) = (0, 0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            (end, digits, signs) = (at + 1, digits + 1, 0);
        } else if is_between(*byte) && signs < 2 {
            signs += 1;
        } else {
            break;
        }
    }
    let is_part = text[end..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.'));
    let group = &text[..end];
    let is_several = group.bytes().any(is_between);
    (digits >= 7 && is_several && !is_part).then_some(group)
}
