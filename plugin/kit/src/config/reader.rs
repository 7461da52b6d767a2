//! Takes values out of a document by the table of fields.
//!
//! A key may stand on top or under `authConfig`, some have a second name. Where it stands more than once the values
//! must agree; the one under `authConfig`, where a platform writes, is looked at first.

use super::{
    address,
    document::{self, Node},
    element::Element,
    field::{Field, Kind, Words},
    placeholder,
    problem::{Finding, Problems},
    secret::{MASK, Secret},
    shown::{is_harmless_key, shown, shown_key},
    suggestion,
    values::{Value, Values},
};
use crate::contract::element::SecretPlace;

/// The object under which a platform may put the keys.
const NESTED: &str = "authConfig";

/// What came of a document.
pub(super) struct Reading {
    pub(super) values: Values,
    /// Where in the document secrets stand, sound or not.
    pub(super) secrets: Vec<SecretPlace>,
    pub(super) problems: Problems,
}

/// Reads a document as far as that is possible, and finds everything that is wrong with it.
pub(super) fn read(element: &Element, document: &str) -> Reading {
    let mut problems = Problems::default();
    let (root, findings) = document::parse(document);
    for finding in findings {
        problems.add("", finding);
    }
    let mut reader = Reader {
        element,
        prefix: String::new(),
        places: Vec::new(),
        unknown: Vec::new(),
        problems,
        values: Values::default(),
    };
    let mut secrets = Vec::new();
    if let Some(Node::Object(entries)) = &root {
        reader.sections(entries);
        for field in element.fields.iter().filter(|field| field.is_secret()) {
            for path in reader.places_of(field).map(|place| place.path.clone()) {
                secrets.push(SecretPlace { key: field.key.to_owned(), path });
            }
        }
        for field in element.fields {
            reader.field(field);
        }
        reader.report_unknown();
    }
    let Reader { values, mut problems, .. } = reader;
    problems.sort();
    Reading { values, secrets, problems }
}

struct Reader<'a> {
    element: &'a Element,
    /// What comes before a key that is missing: empty or `authConfig.`.
    prefix: String,
    /// Every known key with a value, the first choice first.
    places: Vec<Place<'a>>,
    unknown: Vec<Unknown>,
    problems: Problems,
    values: Values,
}

/// A known key with a value.
struct Place<'a> {
    field: &'static Field,
    path: String,
    node: &'a Node,
    is_alias: bool,
}

/// A key that is not in the table.
struct Unknown {
    path: String,
    key: String,
    group: Option<String>,
    /// The keys that it can stand for.
    meant: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    /// Finds the keys, known and unknown, of the top and of `authConfig`.
    fn sections(&mut self, top: &'a [(String, Node)]) {
        match last(top, NESTED) {
            Some(Node::Object(nested)) => {
                self.prefix = format!("{NESTED}.");
                self.object(&format!("{NESTED}."), nested, None);
            }
            Some(node) if !node.is_blank() => self.problems.add(NESTED, wrong_type(node, OBJECT)),
            _ => {}
        }
        let nested = self.places.len();
        self.object("", top, None);
        for section in [0..nested, nested..self.places.len()] {
            self.places[section].sort_by_key(|place| place.is_alias);
        }
    }

    /// Finds the keys of one object.
    fn object(&mut self, prefix: &str, entries: &'a [(String, Node)], group: Option<&str>) {
        for (index, (key, node)) in entries.iter().enumerate() {
            let path = format!("{prefix}{key}");
            if let Some((_, earlier)) = entries[..index].iter().rev().find(|(other, _)| other == key) {
                self.problems.add(&path, repeated(earlier == node));
            }
            // The last one is the one that most JSON readers take.
            let is_last = entries[index + 1..].iter().all(|(other, _)| other != key);
            let fields = self.element.fields;
            let is_named = |field: &&&'static Field| {
                let (own_group, name) = field.split();
                own_group == group && (name == key || field.alias == Some(key))
            };
            if let Some(field) = fields.iter().find(is_named) {
                if is_last && !node.is_blank() {
                    if let (true, Node::Text(text)) = (field.is_secret(), node) {
                        self.problems.hide(text.trim_matches(is_space));
                    }
                    self.places.push(Place { field, path, node, is_alias: field.alias == Some(key) });
                }
            } else if group.is_none() && fields.iter().any(|field| field.split().0 == Some(key)) {
                match node {
                    node if node.is_blank() || !is_last => {}
                    Node::Object(inner) => self.object(&format!("{path}."), inner, Some(key)),
                    node => self.problems.add(&path, wrong_type(node, OBJECT)),
                }
            } else if group.is_some() || !prefix.is_empty() || key != NESTED {
                let meant = suggestion::meant(self.element, group, key);
                let is_secret = |key: &&str| fields.iter().any(|field| field.key == *key && field.is_secret());
                if let (true, Node::Text(text)) = (meant.iter().any(is_secret), node) {
                    self.problems.hide(text.trim_matches(is_space));
                }
                let path = if is_harmless_key(key) { path } else { format!("{prefix}{MASK}") };
                self.unknown.push(Unknown { path, key: key.clone(), group: group.map(str::to_owned), meant });
            }
        }
    }

    /// The places of a field; its own name comes before the other one.
    fn places_of(&self, field: &Field) -> impl Iterator<Item = &Place<'a>> {
        self.places.iter().filter(|place| place.field.key == field.key)
    }

    /// Reads one field.
    fn field(&mut self, field: &'static Field) {
        let places: Vec<_> = self.places_of(field).map(|place| (place.path.clone(), place.node)).collect();
        let Some((path, node)) = places.first() else {
            if self.is_needed(field) {
                self.report_missing(field);
            } else if let Some(value) =
                field.default.and_then(|text| judge(field, text, &self.values, &mut Vec::new()).ok())
            {
                self.values.insert(field, value, false);
            }
            return;
        };
        for (other, _) in places[1..].iter().filter(|(_, other)| !agree(node, other)) {
            let message = (
                format!("{path} 与 {other} 的值不同，应只有一个值"),
                format!("{path} and {other} have different values; expected one value"),
            );
            let hint = (format!("请只保留 {path} 与 {other} 中的一个"), format!("keep only one of {path} and {other}"));
            self.problems.add(other, Finding::error("conflict", message, hint));
        }
        let value = match (field.kind, *node) {
            (Kind::Words { .. }, Node::List(items)) => {
                let words = self.items(field, path, items).into_iter().filter_map(|value| match value {
                    Value::Words(words) => Some(words),
                    _ => None,
                });
                Some((Value::Words(words.flatten().collect()), false))
            }
            (Kind::Servers { .. }, Node::List(items)) => {
                let urls = self.items(field, path, items).into_iter().filter_map(|value| match value {
                    Value::Url(url) => Some(url),
                    _ => None,
                });
                Some((Value::Urls(urls.collect()), false))
            }
            (Kind::Words { .. } | Kind::Servers { .. }, node) => self.mistyped(path, node, LIST),
            (Kind::Number, Node::Whole(number)) => self.text(field, path, &number.to_string()),
            (Kind::Number, Node::Number(number)) => self.text(field, path, &number.to_string()),
            (_, Node::Text(text)) => self.text(field, path, text),
            (Kind::Number, node) => self.mistyped(path, node, NUMBER),
            (_, node) => self.mistyped(path, node, TEXT),
        };
        if let Some((value, is_doubtful)) = value {
            self.values.insert(field, value, is_doubtful);
        }
    }

    fn items(&mut self, field: &'static Field, path: &str, items: &[Node]) -> Vec<Value> {
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}.{index}");
            let value = match item {
                Node::Text(text) => self.text(field, &path, text),
                node => self.mistyped(&path, node, TEXT),
            };
            values.extend(value.map(|(value, _)| value));
        }
        values
    }

    /// Judges a text; tells as well whether something was noted about it.
    fn text(&mut self, field: &'static Field, path: &str, text: &str) -> Option<(Value, bool)> {
        let trimmed = text.trim_matches(is_space);
        if trimmed != text {
            let message = ("值的首尾有空白字符，已忽略", "space around the value; it is ignored");
            let hint = ("请删除值首尾的空白字符", "remove the space around the value");
            self.problems.add(path, Finding::warning("whitespace", message, hint));
        }
        let mut notes = Vec::new();
        let value = judge(field, trimmed, &self.values, &mut notes);
        if let Some(finding) = placeholder::find(field, trimmed, value.is_ok()) {
            if finding.is_error() {
                self.problems.add(path, finding);
                return None;
            }
            notes.push(finding);
        }
        let is_doubtful = !notes.is_empty();
        for note in notes {
            self.problems.add(path, note);
        }
        match value {
            Ok(value) => Some((value, is_doubtful)),
            Err(finding) => {
                self.problems.add(path, finding);
                None
            }
        }
    }

    fn mistyped(&mut self, path: &str, node: &Node, expected: Words) -> Option<(Value, bool)> {
        self.problems.add(path, wrong_type(node, expected));
        None
    }

    /// Whether the document has to have this field: an object may be left out as a whole.
    fn is_needed(&self, field: &Field) -> bool {
        let (group, _) = field.split();
        let is_begun = || {
            self.places.iter().any(|place| place.field.split().0 == group)
                || self.unknown.iter().any(|unknown| unknown.group.as_deref() == group)
        };
        field.required && (group.is_none() || is_begun())
    }

    /// Reports a required field, together with the unknown keys that stand for it.
    fn report_missing(&mut self, field: &Field) {
        let (label_zh, label_en) = field.label;
        let (place_zh, place_en) = match field.place {
            Some((zh, en)) => (format!("（{zh}）"), format!(" ({en})")),
            None => (String::new(), String::new()),
        };
        let mut message = (
            format!("缺少 {} 或其值为空，应为{label_zh}", field.key),
            format!("{} is missing or empty; expected the {label_en}", field.key),
        );
        let mut hint = (format!("请填写{label_zh}{place_zh}"), format!("fill in the {label_en}{place_en}"));
        let stands_for = |unknown: &&Unknown| unknown.meant.contains(&field.key);
        let written: Vec<_> = self.unknown.iter().filter(stands_for).map(|unknown| shown_key(&unknown.key)).collect();
        if let Some(found) = written.first() {
            message.0.push_str(&format!("；{} 可能就是它", found.zh));
            message.1.push_str(&format!("; {} probably stands for it", found.en));
            hint = (
                format!("请将 {} 改为 {}", found.zh, field.key),
                format!("write {} instead of {}", field.key, found.en),
            );
        }
        let path = format!("{}{}", self.prefix, field.key);
        self.problems.add(&path, Finding::error("missing", message, hint));
    }

    /// Reports the unknown keys that no missing field accounts for.
    fn report_unknown(&mut self) {
        for Unknown { path, key, group, meant } in &self.unknown {
            let is_missing = |field: &&&Field| self.is_needed(field) && self.places_of(field).next().is_none();
            let missing = self.element.fields.iter().filter(is_missing);
            if missing.into_iter().all(|field| !meant.contains(&field.key)) {
                let known = self.element.keys(group.as_deref());
                self.problems.add(path, suggestion::unknown_key(key, meant, &known));
            }
        }
    }
}

/// Judges a clean text by the kind of its field.
fn judge(field: &Field, text: &str, known: &Values, notes: &mut Vec<Finding>) -> Result<Value, Finding> {
    let value = match field.kind {
        Kind::Text | Kind::Free => one_line(field, text).map(Value::Text),
        Kind::Secret(_) => one_line(field, text).map(|text| Value::Secret(Secret::new(text))),
        Kind::Number => number(text).map(Value::Number),
        Kind::Redirect => address::redirect(field, text, notes).map(Value::Url),
        Kind::Domain => address::domain(field, text, known.redirect().as_ref(), notes).map(Value::Text),
        Kind::Base { tail, .. } => address::base(field, text, tail, notes).map(Value::Url),
        Kind::Servers { .. } => address::server(field, text, notes).map(Value::Url),
        Kind::Proxy => address::bare(field, text).map(Value::Url),
        Kind::Word(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
        Kind::Word(words) => Err(suggestion::unknown_word(text, words)),
        Kind::Locale => locale(text).map(Value::Text),
        Kind::Words { known, .. } if known.contains(&text) => Ok(Value::Words([text.to_owned()].into())),
        Kind::Words { implied, .. } if implied.contains(&text) => Ok(Value::Words([].into())),
        Kind::Words { known, .. } => Err(suggestion::unknown_word(text, known)),
    }?;
    match (field.judge)(text) {
        Some(finding) if finding.is_error() => Err(finding),
        finding => {
            notes.extend(finding);
            Ok(value)
        }
    }
}

fn one_line(field: &Field, text: &str) -> Result<String, Finding> {
    if !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    let (zh, en) = field.label;
    Err(Finding::error(
        "malformed",
        ("值中含有控制字符", "the value has a control character in it; expected text on one line"),
        (format!("请重新复制{zh}"), format!("copy the {en} again")),
    ))
}

fn number(text: &str) -> Result<u64, Finding> {
    let is_short = text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| is_short && *number > 0).ok_or_else(|| {
        let hint = ("请填写整数，例如 1000002", "write a whole number such as 1000002");
        Finding::malformed(&shown(text), ("正整数", "a positive whole number"), hint)
    })
}

/// The language that a tag names; a longer one such as `zh-CN` counts as its language.
fn locale(tag: &str) -> Result<String, Finding> {
    let language = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    if matches!(&*language, "zh" | "en") { Ok(language) } else { Err(suggestion::unknown_word(tag, &["zh", "en"])) }
}

/// Space, also the invisible kinds that come along when a value is copied from a page.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn last<'a>(entries: &'a [(String, Node)], name: &str) -> Option<&'a Node> {
    entries.iter().rev().find(|(key, _)| key == name).map(|(_, node)| node)
}

/// Whether two places say the same, number or text.
fn agree(a: &Node, b: &Node) -> bool {
    let text = |node: &Node| match node {
        Node::Text(text) => Some(text.trim_matches(is_space).to_owned()),
        Node::Whole(number) => Some(number.to_string()),
        _ => None,
    };
    match (text(a), text(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn repeated(is_same: bool) -> Finding {
    let hint = ("请删除重复的配置项", "remove the repetition");
    if is_same {
        Finding::warning(
            "duplicate-key",
            ("该配置项重复出现，值相同", "the key stands twice with the same value"),
            hint,
        )
    } else {
        let message =
            ("该配置项重复出现，值不同，应只有一个", "the key stands twice with different values; expected one");
        Finding::error("duplicate-key", message, hint)
    }
}

const TEXT: Words = ("加引号的文本", "text");
const OBJECT: Words = ("{…} 形式的对象", "an object");
const LIST: Words = ("文本列表，例如 [\"name\"]", "a list of text");
const NUMBER: Words = ("整数或加引号的文本", "a whole number or text");

fn wrong_type(node: &Node, (expected_zh, expected_en): Words) -> Finding {
    let (zh, en) = node.kind();
    let message = (format!("填写的是{zh}，应为{expected_zh}"), format!("found {en}; expected {expected_en}"));
    Finding::error("wrong-type", message, (format!("请改为{expected_zh}"), format!("write {expected_en}")))
}
