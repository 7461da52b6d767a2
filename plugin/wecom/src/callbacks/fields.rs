//! The fields of a message, of XML or JSON.
//!
//! WeCom repeats an element for each of a list and spells a few names differently from page to page (doc 90269), so names are
//! looked up without regard to case, and what may stand several times is a list also where it stands once.

use organisation_kit::store;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

/// Elements, texts and the like of a document at most.
const NODES: u32 = 20_000;
/// Elements within one another at most. WeCom's approvals have eight.
const DEPTH: usize = 32;

/// Elements that are lists, however often they stand.
const LISTS: [&str; 14] = [
    "ApprovalNode",
    "Attach",
    "Comments",
    "Details",
    "Item",
    "MediaIds",
    "NodeList",
    "Notifyer",
    "NotifyNode",
    "OptionId",
    "SelectedItem",
    "SpRecord",
    "SubNodeList",
    "item",
];

/// See the module.
#[derive(Debug, PartialEq)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a message; nothing where it is neither, has a document type or attributes, or is larger than any of WeCom's.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('{') {
            return serde_json::from_str(text).ok().map(Self);
        }
        if !has_plain_tags(text) {
            return None;
        }
        let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).ok()?;
        object(document.root_element(), 0).map(Self)
    }

    /// The text at a path; a number by its digits. Of a list the first.
    pub(super) fn text(&self, path: &[&str]) -> Option<String> {
        text_of(at(&self.0, path)?)
    }

    /// The text at a path without blanks around it, where there is any.
    pub(super) fn word(&self, path: &[&str]) -> Option<String> {
        word_of(at(&self.0, path)?)
    }

    /// The number at a path.
    pub(super) fn number(&self, path: &[&str]) -> Option<u64> {
        self.word(path)?.parse().ok()
    }

    /// What stands at a path, one by one; nothing where there is none.
    pub(super) fn list(&self, path: &[&str]) -> Vec<&Value> {
        at(&self.0, path).map(items).unwrap_or_default()
    }

    /// The words of a list that is written with commas.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let text = self.text(&[name]).unwrap_or_default();
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    /// All of it, as JSON.
    pub(super) fn json(&self) -> String {
        store::to_json(&self.0)
    }
}

/// What stands in an object under a name, in any case.
pub(super) fn field<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The elements of a list, or the one that there is.
pub(super) fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        value => vec![value],
    }
}

/// A word in a value, as [`Fields::word`].
pub(super) fn word_of(value: &Value) -> Option<String> {
    let text = text_of(value)?;
    let word = text.trim();
    (!word.is_empty()).then(|| word.to_owned())
}

fn at<'v>(object: &'v Map<String, Value>, path: &[&str]) -> Option<&'v Value> {
    let (name, rest) = path.split_first()?;
    let value = field(object, name)?;
    if rest.is_empty() {
        return Some(value);
    }
    let object = items(value).into_iter().next().and_then(Value::as_object)?;
    at(object, rest)
}

fn text_of(value: &Value) -> Option<String> {
    match items(value).into_iter().next()? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether no element has an attribute, as in all that WeCom sends, and there is no document type. A parser compares all
/// attributes of an element with one another, and keeps all names of outer elements for each inner one, so that half a
/// megabyte of either keeps it busy for minutes.
fn has_plain_tags(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let end = match tag {
            _ if tag.starts_with("![CDATA[") => "]]>",
            _ if tag.starts_with("!--") => "-->",
            _ if tag.starts_with('?') => "?>",
            _ if tag.starts_with('!') => return false,
            _ => ">",
        };
        let Some((tag, after)) = tag.split_once(end) else { return false };
        if end == ">" && tag.contains('=') {
            return false;
        }
        rest = after;
    }
    true
}

/// The elements of an element, by name.
fn object(element: Node<'_, '_>, depth: usize) -> Option<Map<String, Value>> {
    if depth > DEPTH {
        return None;
    }
    let mut object = Map::new();
    for child in element.children().filter(Node::is_element) {
        let value = match child.children().any(|inner| inner.is_element()) {
            true => Value::Object(self::object(child, depth + 1)?),
            false => Value::String(child.children().filter_map(|inner| inner.text()).collect()),
        };
        let name = child.tag_name().name();
        match object.get_mut(name) {
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None if LISTS.contains(&name) => drop(object.insert(name.to_owned(), Value::Array(vec![value]))),
            None => drop(object.insert(name.to_owned(), value)),
        }
    }
    Some(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let xml = "<xml><A><![CDATA[x]]></A><N>7</N><L><I>1</I></L><L><I>2</I></L><E><![CDATA[]]></E></xml>";
        let json = r#"{"A":"x","N":7,"L":[{"I":"1"},{"I":"2"}],"E":""}"#;
        for text in [xml, json, &format!("\u{feff}\n{xml}\n"), &format!("<?xml version=\"1.0\"?>{xml}")] {
            let fields = Fields::parse(text).unwrap();
            assert_eq!(fields.text(&["a"]).as_deref(), Some("x"), "{text}");
            assert_eq!(fields.number(&["n"]), Some(7));
            assert_eq!(fields.text(&["L", "I"]).as_deref(), Some("1"));
            assert_eq!(fields.list(&["L"]).len(), 2);
            assert_eq!((fields.text(&["E"]).as_deref(), fields.word(&["E"])), (Some(""), None));
            assert_eq!((fields.text(&["B"]), fields.text(&["A", "I"]), fields.text(&["L"])), (None, None, None));
        }
        let sheet = "<xml><SpRecord><Details><Speech>好</Speech></Details></SpRecord></xml>";
        assert_eq!(Fields::parse(sheet).unwrap().json(), r#"{"SpRecord":[{"Details":[{"Speech":"好"}]}]}"#);
        assert_eq!(
            Fields::parse("<xml><T> a &amp; <![CDATA[<b>]]> </T></xml>").unwrap().text(&["T"]).as_deref(),
            Some(" a & <b> ")
        );
    }

    #[test]
    fn bombs_and_rubbish_are_refused() {
        let deep = |count: usize| format!("<xml>{}{}</xml>", "<a>".repeat(count), "</a>".repeat(count));
        let wide = format!("<xml>{}</xml>", "<a/>".repeat(NODES as usize));
        let spaces = format!(
            "<xml>{}{}</xml>",
            (0..9_000).map(|n| format!("<a xmlns:n{n}=\"u\">")).collect::<String>(),
            "</a>".repeat(9_000)
        );
        let attributes = format!("<xml {}/>", (0..70_000).map(|n| format!("a{n}=\"\" ")).collect::<String>());
        assert!(Fields::parse(&deep(DEPTH)).is_some());
        for text in [
            "",
            "xml",
            "[1]",
            "{\"a\":",
            "<xml>",
            "<xml><a></xml>",
            "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml>&a;</xml>",
            "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\"><xml/>",
            "<xml>&a;</xml>",
            "<xml>&#0;</xml>",
            &deep(DEPTH + 2),
            &deep(200_000),
            &wide,
            &attributes,
            &spaces,
            "<xml a=\"b\"/>",
            "<xml><![CDATA[<a></xml>",
            "<xml><!-- </xml>",
            &format!("{{\"a\":{}", "[".repeat(200_000)),
        ] {
            assert_eq!(Fields::parse(text), None, "{}", &text[..text.len().min(60)]);
        }
    }
}
