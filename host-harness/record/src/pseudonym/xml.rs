//! XML in the form in which vendors send messages: elements, texts, and sections of characters. Texts are replaced where they stand,
//! everything else stays to the byte.

use super::{Pseudonyms, place};

/// The start and the end of a section of characters.
const SECTION: (&str, &str) = ("<![CDATA[", "]]>");

/// The text with pseudonyms, where it is XML of this form; nothing where it is none, or has what such messages have not: attributes, a
/// document type, comments, instructions.
pub(super) fn replaced(pseudonyms: &mut Pseudonyms, text: &str) -> Option<String> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    if !rest.starts_with('<') {
        return None;
    }
    let mut replaced = text[..text.len() - rest.len()].to_owned();
    let mut open: Vec<String> = Vec::new();
    while !rest.is_empty() {
        let name = open.last().cloned().unwrap_or_default();
        if rest.starts_with(SECTION.0) || !rest.starts_with('<') {
            let (plain, written, after) = characters(rest)?;
            let bare = plain.trim();
            if bare.is_empty() {
                replaced.push_str(written);
            } else {
                let (before, behind) = plain.split_once(bare)?;
                let new = format!("{before}{}{behind}", pseudonyms.text(&name, bare));
                match new == plain {
                    true => replaced.push_str(written),
                    false if written.contains(SECTION.0) => replaced.push_str(&in_section(&new)),
                    false => replaced.push_str(&escaped(&new)),
                }
            }
            rest = after;
            continue;
        }
        let (tag, after) = rest[1..].split_once('>')?;
        rest = after;
        let (is_end, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        if tag.is_empty()
            || tag.contains(|c: char| c.is_whitespace() || matches!(c, '!' | '?' | '=' | '"' | '\'' | '<' | '&'))
        {
            return None;
        }
        if is_end {
            open.pop().filter(|name| name == tag)?;
        }
        let name = pseudonyms.element(tag);
        let (slash, end) = (if is_end { "/" } else { "" }, if is_empty { "/" } else { "" });
        replaced.push_str(&format!("<{slash}{name}{end}>"));
        if !is_end && !is_empty {
            open.push(tag.to_owned());
        }
    }
    open.is_empty().then_some(replaced)
}

impl Pseudonyms {
    /// The name of an element of XML.
    fn element(&mut self, name: &str) -> String {
        let is_known = self.vocabulary.is_of_contract(name)
            || self.vocabulary.has_name(name)
            || place::is_name_of_vendors(name)
            || name == "xml";
        if is_known { name.to_owned() } else { self.atom(name) }
    }
}

/// The characters up to the next tag, plain and as they are written, and what comes after them.
fn characters(text: &str) -> Option<(String, &str, &str)> {
    let (mut plain, mut rest) = (String::new(), text);
    loop {
        if let Some(section) = rest.strip_prefix(SECTION.0) {
            let (characters, after) = section.split_once(SECTION.1)?;
            plain.push_str(characters);
            rest = after;
        } else if rest.starts_with('<') || rest.is_empty() {
            return Some((plain, &text[..text.len() - rest.len()], rest));
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            plain.push_str(&unescaped(&rest[..end])?);
            rest = &rest[end..];
        }
    }
}

fn in_section(text: &str) -> String {
    format!("{}{}{}", SECTION.0, text.replace("]]>", "]]]]><![CDATA[>"), SECTION.1)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescaped(text: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = after.split_once(';')?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            name => match name.strip_prefix('#')?.strip_prefix(['x', 'X']) {
                Some(digits) => number(digits, 16)?,
                None => number(&name[1..], 10)?,
            },
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new(b"FromUserName MsgType Content CreateTime Department").with_words(&["event", "click"], &["sys"])
    }

    #[test]
    fn texts_are_replaced_and_the_form_stays() {
        let form = |who: &str, content: &str, odd: &str| {
            format!(
                "\u{feff}<xml>\n <FromUserName><![CDATA[{who}]]></FromUserName> <CreateTime>1764450000</CreateTime><MsgType>event</MsgType>\
                 <fromusername>{who}</fromusername><Content>{content}</Content><Department><![CDATA[1,22]]></Department>\
                 <Empty></Empty><None/><Department/>{odd}</xml>"
            )
        };
        let original = form("ZhangSan", " wang &amp; er&#60;<![CDATA[<sili>]]> ", "<LiSi>x</LiSi>");
        let mut pseudonyms = pseudonyms();
        assert_eq!(pseudonyms.document(&original, false), original, "while they are collected nothing changes");
        pseudonyms.complete();
        let found = pseudonyms.document(&original, false);
        for private in ["ZhangSan", "wang", "LiSi", "sili"] {
            assert!(!found.contains(private), "{private}: {found}");
        }
        for kept in [
            "\u{feff}<xml>\n <FromUserName><![CDATA[U",
            "]]></FromUserName> <CreateTime>1764450000</CreateTime><MsgType>event</MsgType><fromusername>U",
            "<Department><![CDATA[1,22]]></Department>",
            "/><Department/>",
        ] {
            assert!(found.contains(kept), "{kept}: {found}");
        }
        assert_eq!(replaced(&mut pseudonyms, &found).map(drop), Some(()), "what comes is such a message: {found}");
    }

    #[test]
    fn what_is_no_such_message_is_not_looked_into() {
        for text in [
            "",
            "xml",
            "{}",
            "<xml>",
            "<xml></yml>",
            "<xml a=\"b\"/>",
            "<!DOCTYPE xml><xml/>",
            "<!-- a --><xml/>",
            "<xml>&who;</xml>",
            "<xml><![CDATA[a</xml>",
            "<>a</>",
        ] {
            assert_eq!(replaced(&mut pseudonyms(), text), None, "{text}");
        }
    }
}
