//! The bytes of a document as text, or which encoding they look like.
//!
//! JSON is UTF-8. Editors on Chinese Windows save GBK or UTF-16 unless they are set otherwise, and "not UTF-8" alone helps
//! nobody there: the message says what the file looks like and how to save it.

use zeroize::Zeroizing;

/// Why bytes are no text that can be read. Quotes nothing of them: they may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("文件不是 UTF-8 编码{} / the file is not in UTF-8{}", self.likely.chinese(), self.english())]
pub struct EncodingError {
    likely: Likely,
    /// Where the first character that is not UTF-8 stands: line and column, counted from 1, the column in characters. Absent
    /// where the whole file is in another encoding.
    at: Option<(usize, usize)>,
}

/// What the bytes look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likely {
    Utf16,
    Utf32,
    /// GBK, or the larger GB18030 that holds it.
    Gb18030,
    Unknown,
}

impl Likely {
    fn chinese(self) -> &'static str {
        match self {
            Self::Utf16 => "，看起来是 UTF-16",
            Self::Utf32 => "，看起来是 UTF-32",
            Self::Gb18030 => "，看起来是 GBK 或 GB18030",
            Self::Unknown => "",
        }
    }

    fn english(self) -> &'static str {
        match self {
            Self::Utf16 => ": it looks like UTF-16",
            Self::Utf32 => ": it looks like UTF-32",
            Self::Gb18030 => ": it looks like GBK or GB18030",
            Self::Unknown => "",
        }
    }
}

impl EncodingError {
    fn english(&self) -> String {
        match self.at {
            Some((line, column)) => format!("{}, first at line {line}, column {column}", self.likely.english()),
            None => self.likely.english().to_owned(),
        }
    }

    /// The next step, in Chinese and English.
    pub fn hint(&self) -> &'static str {
        "请用文本编辑器打开并另存为 UTF-8（记事本：另存为，编码选 UTF-8）/ open it in an editor and save it as UTF-8 (Notepad: \
         Save as, Encoding UTF-8)"
    }
}

/// The text of a file, which must be UTF-8. Bytes that are not are wiped from memory.
///
/// # Errors
/// See [`EncodingError`].
pub fn text_of_bytes(mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, EncodingError> {
    // UTF-16 of ASCII characters is UTF-8 as well, with a NUL after or before each.
    let whole = match &bytes[..] {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, _, ..] | [_, 0, 0, 0, ..] => Some(Likely::Utf32),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => Some(Likely::Utf16),
        _ => None,
    };
    if let Some(likely) = whole {
        return Err(EncodingError { likely, at: None });
    }
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(Zeroizing::new(String::from_utf8(std::mem::take(&mut *bytes)).unwrap_or_default())),
        Err(error) => {
            let sound = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            let line = sound.rsplit('\n').next().unwrap_or_default();
            let at = (1 + sound.matches('\n').count(), 1 + line.chars().count());
            let likely = if is_gb18030(&bytes) { Likely::Gb18030 } else { Likely::Unknown };
            Err(EncodingError { likely, at: Some(at) })
        }
    }
}

/// Whether all that is beyond ASCII has the form of characters of GB18030: two bytes, or four.
fn is_gb18030(mut bytes: &[u8]) -> bool {
    loop {
        bytes = match bytes {
            [] => return true,
            [0..=0x7f, rest @ ..]
            | [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, rest @ ..]
            | [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, rest @ ..] => rest,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn what_is_not_utf_8_is_named_by_what_it_looks_like() {
        let text = "{\"name\": \"企业\"}";
        let marked = format!("\u{feff}{text}");
        // 企业 in GBK, and a character that only the four bytes of GB18030 hold.
        let gbk = [&b"{\n  \"name\": \""[..], &[0xc6, 0xf3, 0xd2, 0xb5], b"\"}"].concat();
        let gb18030 = [&b"{\"name\": \""[..], &[0x82, 0x35, 0x8f, 0x33], b"\"}"].concat();
        let latin = b"{\"name\": \"caf\xe9\"}".to_vec();
        // Half of the file was saved by another program.
        let mixed = [text.as_bytes(), b"\n", &gbk].concat();
        for (name, bytes, words) in [
            ("UTF-16, little end, mark", utf16(&marked, u16::to_le_bytes), "looks like UTF-16"),
            ("UTF-16, big end, mark", utf16(&marked, u16::to_be_bytes), "looks like UTF-16"),
            ("UTF-16, little end", utf16(text, u16::to_le_bytes), "looks like UTF-16"),
            ("UTF-16, big end", utf16(text, u16::to_be_bytes), "looks like UTF-16"),
            ("UTF-16 of ASCII alone", utf16("{}", u16::to_le_bytes), "looks like UTF-16"),
            ("UTF-32", text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "looks like UTF-32"),
            ("GBK", gbk, "looks like GBK or GB18030, first at line 2, column 12"),
            ("GB18030", gb18030, "looks like GBK or GB18030, first at line 1, column 11"),
            ("Latin 1", latin, "is not in UTF-8, first at line 1, column 14"),
            ("mixed", mixed, "is not in UTF-8: it looks like GBK or GB18030, first at line 3, column 12"),
        ] {
            let error = text_of_bytes(Zeroizing::new(bytes)).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(words) && message.starts_with("文件不是 UTF-8 编码"), "{name}: {message}");
            assert!(error.hint().contains("save it as UTF-8") && error.hint().contains("另存为 UTF-8"));
        }
        for text in [text, &marked, "", "{", "\u{10ffff}"] {
            assert_eq!(*text_of_bytes(Zeroizing::new(text.as_bytes().to_vec())).unwrap(), text);
        }
    }
}
