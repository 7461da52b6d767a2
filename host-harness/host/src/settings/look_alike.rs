//! Characters that look like the punctuation of JSON and are not: typographic quotes, full-width signs. Word processors, chat
//! programs and Chinese input methods write them by themselves.

/// Where such a character stands, and what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "第 {line} 行第 {column} 个字符 {} 不是 JSON 的符号，应为半角的 {} / line {line}, character {column}: {} is no punctuation of \
     JSON, which has {} there", self.shown(), self.meant.chinese(), self.shown(), self.meant.english()
)]
pub struct LookAlike {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The character.
    pub found: char,
    meant: Meant,
}

/// What JSON has instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Sign(char),
    Space,
}

impl Meant {
    fn of(character: char) -> Option<Self> {
        Some(match character {
            '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '‛' | '「' | '」' | '『' | '』' | '〝' | '〞' | '〟' | '«'
            | '»' | '＂' | '＇' | '\'' | '`' | '´' | '′' | '″' => Self::Sign('"'),
            '：' | '︰' | '﹕' => Self::Sign(':'),
            '，' | '、' | '﹐' => Self::Sign(','),
            '｛' | '﹛' => Self::Sign('{'),
            '｝' | '﹜' => Self::Sign('}'),
            '［' | '【' | '〔' => Self::Sign('['),
            '］' | '】' | '〕' => Self::Sign(']'),
            '－' | '−' | '–' | '—' => Self::Sign('-'),
            '．' => Self::Sign('.'),
            '０'..='９' => Self::Sign(char::from_digit(u32::from(character) - u32::from('０'), 10)?),
            '\u{a0}' | '\u{3000}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2000}'..='\u{200a}' => Self::Space,
            _ => return None,
        })
    }

    fn chinese(self) -> String {
        match self {
            Self::Sign(sign) => sign.to_string(),
            Self::Space => "空格".to_owned(),
        }
    }

    fn english(self) -> String {
        match self {
            Self::Sign(sign) => sign.to_string(),
            Self::Space => "an ordinary space".to_owned(),
        }
    }
}

impl LookAlike {
    /// The character, or its number where nobody would see it.
    fn shown(&self) -> String {
        match self.meant {
            Meant::Sign(_) => self.found.to_string(),
            Meant::Space => format!("U+{:04X}", u32::from(self.found)),
        }
    }

    /// The next step, in Chinese and English.
    pub fn hint(&self) -> &'static str {
        "请在英文输入状态下改为半角符号（值内的中文不受影响），并检查文件中其他同样的地方 / write it with the keyboard in English, \
         as everywhere else in the file that is not within quotes; text within quotes stays as it is"
    }

    /// Finds the character for which a parser gave up at this line and column (counted from 1, in bytes), if it is one of
    /// these: where it stands itself, or within the string that it was to begin or to end.
    pub fn at(text: &str, line: usize, column: usize) -> Option<Self> {
        let begin: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let failed = (begin + column).min(text.len());
        let mut string = None;
        let mut escaped = false;
        let mut last_string = 0..0;
        for (at, character) in text.char_indices().take_while(|(at, _)| *at < failed) {
            match (string, character) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(since), '"') => (string, last_string) = (None, since..at),
                (Some(_), _) => {}
                (None, '"') => string = Some(at),
                (None, _) if Meant::of(character).is_some() => return Self::of(text, at),
                (None, _) => {}
            }
        }
        // A string that such a quote was to end went on to the next straight one, or to the end of the line.
        let (range, is_open) = string.map_or((last_string, false), |since| (since..failed, true));
        let within = text.get(range.clone())?;
        let ends_a_value = |(at, quote): &(usize, char)| {
            let rest = within[at + quote.len_utf8()..].trim_start_matches([' ', '\t', '\r']);
            let is_last = is_open && (rest.is_empty() || rest.starts_with('\n'));
            !quote.is_ascii()
                && Meant::of(*quote) == Some(Meant::Sign('"'))
                && (is_last || rest.starts_with([',', ':', '}', ']', '，', '：', '｝', '］']))
        };
        let quote = within.char_indices().find(ends_a_value);
        Self::of(text, range.start + quote?.0)
    }

    fn of(text: &str, at: usize) -> Option<Self> {
        let found = text.get(at..)?.chars().next()?;
        let before = text.get(..at)?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let (line, column) = (1 + before.matches('\n').count(), 1 + line.chars().count());
        Some(Self { line, column, found, meant: Meant::of(found)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reported of a text that is no JSON.
    fn report(text: &str) -> Option<String> {
        let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        LookAlike::at(text, error.line(), error.column()).map(|found| found.to_string())
    }

    #[test]
    fn the_character_is_named_with_its_place_and_what_is_meant() {
        for (text, line, column, found, meant) in [
            ("{“corpId”: \"ww1\"}", 1, 2, "“", "\""),
            ("{\"corpId\": “ww1”}", 1, 12, "“", "\""),
            ("{\n  \"名称\": ‘ww1’\n}", 2, 9, "‘", "\""),
            ("{\"a\": 「ww1」}", 1, 7, "「", "\""),
            ("{'a': 1}", 1, 2, "'", "\""),
            ("{\"a\"：1}", 1, 5, "：", ":"),
            ("{\"企业\"：1}", 1, 6, "：", ":"),
            ("{\"a\": 1，\"b\": 2}", 1, 8, "，", ","),
            ("｛\"a\": 1}", 1, 1, "｛", "{"),
            ("{\"a\": 1｝", 1, 8, "｝", "}"),
            ("{\"a\": ［1]}", 1, 7, "［", "["),
            ("{\"a\": １}", 1, 7, "１", "1"),
            ("{\u{3000}\"a\": 1}", 1, 2, "U+3000", "an ordinary space"),
            ("{\"a\":\u{a0}1}", 1, 6, "U+00A0", "an ordinary space"),
            // Begun with a straight quote, ended with another.
            ("{\"a\": \"ww1”, \"b\": 2}", 1, 11, "”", "\""),
            ("{\n\"a\": \"ww1”,\n\"b\": 2}", 2, 10, "”", "\""),
            ("{\n\"a\": \"ww1”\n}", 2, 10, "”", "\""),
            ("{\"a”: 1}", 1, 4, "”", "\""),
            ("{\"a\": \"他说“好”了”}", 1, 14, "”", "\""),
        ] {
            let report = report(text).unwrap_or_else(|| panic!("{text}: nothing was found"));
            for words in [
                format!("第 {line} 行第 {column} 个字符 {found} 不是"),
                format!("line {line}, character {column}: {found} is no punctuation of JSON, which has {meant} there"),
            ] {
                assert!(report.contains(&words), "{text}: {report}");
            }
        }
    }

    #[test]
    fn other_mistakes_are_not_blamed_on_text_within_quotes() {
        for text in [
            "{\"a\": \"“好”\" x}",
            "{\"a\": \"“好”，\" \"b\": 1}",
            "{\"a\": \"：\",}",
            "{\"a\": \"\\\"”\", hidden}",
            "{\"a\": \"企业",
            "{\"a\": 企业}",
            "{",
            "",
        ] {
            assert_eq!(report(text), None, "{text}");
        }
    }
}
