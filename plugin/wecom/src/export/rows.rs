//! Takes a JSON document of any length apart into the rows of its one list, piece by piece.
//!
//! JSON libraries want the whole text, or keep their place on the stack, which no call of a component outlives. This
//! scanner only counts brackets and minds strings; what a row says is for `serde_json`. Its whole state is a few
//! numbers and the row that is under way, so it can be stored in the middle of a document.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// Bytes of one row at most: those of a member.
pub const ROW_BYTES: usize = crate::vendor::wire::member::MEMBER_BYTES;
/// Bytes of a key of the root object that are kept.
const WORD_BYTES: usize = 32;
/// Bytes after the document at most: white space and padding.
const END_BYTES: usize = 64;
/// Depth inside the root object, and inside the list.
const ROOT: u32 = 1;
const LIST: u32 = 2;

/// Why a document is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not begin with an object, or goes on after its end.
    NoDocument,
    /// An element of the list is no object.
    NoRow,
    /// A row is larger than [`ROW_BYTES`].
    RowTooLarge,
    /// It ends before its end, or has no such list.
    Incomplete,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    state: State,
    /// The row under way, or what came after the document.
    tail: Vec<u8>,
    /// The last text in the root object.
    word: Vec<u8>,
}

/// The stored form of a scanner between two pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    state: State,
    /// The last text in the root object.
    word: String,
    /// The row under way, in Base64: a piece may end within a character.
    tail: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    depth: u32,
    in_text: bool,
    is_escaped: bool,
    /// Whether the list that is open is the one that is wanted.
    in_list: bool,
    has_list: bool,
    is_over: bool,
}

impl Rows {
    /// Where another scanner was.
    pub fn resume(bookmark: &Bookmark) -> Option<Self> {
        let Bookmark { state, word, tail } = bookmark;
        Some(Self { state: *state, tail: STANDARD.decode(tail).ok()?, word: word.as_bytes().to_vec() })
    }

    /// Where this scanner is.
    pub fn bookmark(&self) -> Bookmark {
        Bookmark {
            state: self.state,
            word: String::from_utf8_lossy(&self.word).into_owned(),
            tail: STANDARD.encode(&self.tail),
        }
    }

    /// Hands out the rows of `list` that end in these bytes.
    pub fn feed<E: From<Fault>>(
        &mut self,
        list: &str,
        bytes: &[u8],
        mut row: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let State { mut depth, mut in_text, mut is_escaped, mut in_list, .. } = self.state;
        // Where the row under way begins in these bytes.
        let mut start = if in_list && depth > LIST { Some(0) } else { None };
        for (at, &byte) in bytes.iter().enumerate() {
            if in_text {
                if is_escaped {
                    is_escaped = false;
                } else if byte == b'\\' {
                    is_escaped = true;
                } else if byte == b'"' {
                    in_text = false;
                    continue;
                }
                if depth == ROOT && self.word.len() < WORD_BYTES {
                    self.word.push(byte);
                }
                continue;
            }
            match byte {
                _ if self.state.is_over => {
                    if self.tail.len() >= END_BYTES {
                        return Err(Fault::NoDocument.into());
                    }
                    self.tail.push(byte);
                }
                b'{' | b'[' => {
                    if depth == 0 && byte == b'[' {
                        return Err(Fault::NoDocument.into());
                    }
                    if depth == ROOT && byte == b'[' && self.word == list.as_bytes() {
                        (in_list, self.state.has_list) = (true, true);
                    } else if depth == LIST && in_list {
                        if byte == b'[' {
                            return Err(Fault::NoRow.into());
                        }
                        start = Some(at);
                    }
                    depth += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(Fault::NoDocument)?;
                    match depth {
                        0 => self.state.is_over = true,
                        ROOT => in_list = false,
                        LIST if in_list => {
                            let begin = start.take().unwrap_or_default();
                            if self.tail.len() + at - begin >= ROW_BYTES {
                                return Err(Fault::RowTooLarge.into());
                            }
                            if self.tail.is_empty() {
                                row(&bytes[begin..=at])?;
                            } else {
                                self.tail.extend_from_slice(&bytes[begin..=at]);
                                row(&self.tail)?;
                                self.tail.clear();
                            }
                        }
                        _ => {}
                    }
                }
                b'"' if depth == 0 => return Err(Fault::NoDocument.into()),
                b'"' if depth == LIST && in_list => return Err(Fault::NoRow.into()),
                b'"' => {
                    in_text = true;
                    if depth == ROOT {
                        self.word.clear();
                    }
                }
                byte if byte.is_ascii_whitespace() => {}
                _ if depth == 0 => return Err(Fault::NoDocument.into()),
                b',' => {}
                // `null` instead of a list means an empty one.
                b'n' if depth == ROOT && self.word == list.as_bytes() => self.state.has_list = true,
                _ if depth == LIST && in_list => return Err(Fault::NoRow.into()),
                _ => {}
            }
        }
        if let Some(begin) = start {
            self.tail.extend_from_slice(&bytes[begin..]);
        }
        if self.tail.len() > ROW_BYTES {
            return Err(Fault::RowTooLarge.into());
        }
        self.state = State { depth, in_text, is_escaped, in_list, ..self.state };
        Ok(())
    }

    /// What came after the document, when it is complete.
    pub fn finish(&self) -> Result<&[u8], Fault> {
        if self.state.is_over && self.state.has_list { Ok(&self.tail) } else { Err(Fault::Incomplete) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::{Value, json};

    use super::*;

    /// The rows of a document that comes in pieces of this size, stored and read back between any two of them.
    fn rows(document: &[u8], piece: usize) -> Result<(Vec<String>, Vec<u8>), Fault> {
        let mut scanner = Rows::default();
        let mut rows = Vec::new();
        for bytes in document.chunks(piece) {
            scanner.feed("userlist", bytes, |row| {
                rows.push(String::from_utf8_lossy(row).into_owned());
                Ok::<_, Fault>(())
            })?;
            let stored = serde_json::to_string(&scanner.bookmark()).unwrap();
            scanner = Rows::resume(&serde_json::from_str(&stored).unwrap()).unwrap();
        }
        scanner.finish().map(|end| (rows, end.to_vec()))
    }

    #[test]
    fn documents_come_apart_into_rows() {
        let none: &[&str] = &[];
        for (name, document, expected, end) in [
            ("empty", r#"{"userlist":[]}"#, none, ""),
            ("null", r#"{"userlist":null}"#, none, ""),
            ("white space", " {\n\"userlist\" : [ { } ,\t{} ] } \n", &["{ }", "{}"], " \n"),
            (
                "around",
                r#"{"errcode":0,"errmsg":"userlist","a":[1,[2],{"b":[3]}],"userlist":[{"x":1}],"z":{"userlist":[{"no":1}]}}"#,
                &[r#"{"x":1}"#],
                "",
            ),
            (
                "brackets in texts",
                r#"{"userlist":[{"a":"}]\"[{\\"},{"b":[{"c":"\\"}]}]}"#,
                &[r#"{"a":"}]\"[{\\"}"#, r#"{"b":[{"c":"\\"}]}"#],
                "",
            ),
            ("padding", "{\"userlist\":[{}]}\u{2}\u{2}", &["{}"], "\u{2}\u{2}"),
        ] {
            for piece in [1, 2, 3, 7, 1_000] {
                let (rows, rest) = rows(document.as_bytes(), piece).unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
                assert_eq!(
                    (rows.iter().map(String::as_str).collect::<Vec<_>>(), &*rest),
                    (expected.to_vec(), end.as_bytes()),
                    "{name}, {piece}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_such_document_is_refused() {
        let large = format!(r#"{{"userlist":[{{"a":"{}"}}]}}"#, "x".repeat(ROW_BYTES));
        for (document, expected) in [
            ("", Fault::Incomplete),
            ("{}", Fault::Incomplete),
            (r#"{"userlist":7}"#, Fault::Incomplete),
            (r#"{"userlist":[{"a":1}"#, Fault::Incomplete),
            (r#"{"userlist":[{"a":"#, Fault::Incomplete),
            ("[]", Fault::NoDocument),
            ("<html>", Fault::NoDocument),
            ("\"userlist\"", Fault::NoDocument),
            ("}", Fault::NoDocument),
            (r#"{"userlist":[1]}"#, Fault::NoRow),
            (r#"{"userlist":["a"]}"#, Fault::NoRow),
            (r#"{"userlist":[[]]}"#, Fault::NoRow),
            (r#"{"userlist":[null]}"#, Fault::NoRow),
            (&*large, Fault::RowTooLarge),
        ] {
            assert_eq!(rows(document.as_bytes(), 4_096), Err(expected), "{}", &document[..document.len().min(40)]);
        }
        let endless = format!(r#"{{"userlist":[]}}{}"#, " ".repeat(END_BYTES + 1));
        assert_eq!(rows(endless.as_bytes(), 10), Err(Fault::NoDocument));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\PC\"\\\\\\[\\]{}]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec(("[a-z\"\\\\{]{0,8}", inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_document_comes_apart_as_a_json_library_reads_it(
            list in vec(vec(("[a-z]{0,6}", value()), 0..4), 0..6),
            before in value(),
            after in value(),
            piece in 1_usize..60,
        ) {
            let list: Vec<Value> = list.into_iter().map(|fields| Value::Object(fields.into_iter().collect())).collect();
            let document = json!({ "before": before, "userlist": list, "z": after }).to_string();
            let (rows, end) = rows(document.as_bytes(), piece).unwrap();
            let read: Vec<Value> = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
            prop_assert_eq!(read, list);
            prop_assert!(end.is_empty());
        }

        #[test]
        fn any_bytes_are_borne(bytes in vec(any::<u8>(), 0..200), piece in 1_usize..50) {
            let _ = rows(&bytes, piece);
        }
    }
}
