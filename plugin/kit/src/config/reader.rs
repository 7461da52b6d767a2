//! Takes values out of a document by the table of fields.
//!
//! A key may stand on top or under `authConfig`, some have a second name. Where it stands more than once the values
//! must agree; the one under `authConfig`, where a platform writes, is looked at first.

use super::{
    document::{self, Node},
    element::Element,
    field::{Field, Kind, Words},
    judge::judge,
    placeholder,
    problem::{Finding, Problems},
    secret::MASK,
    shown::{is_harmless_key, shown_key},
    suggestion,
    values::{Value, Values},
};
use crate::{contract::element::SecretPlace, finding};

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
    let (root, findings) = document::parse(document);
    let mut problems = Problems::default();
    for finding in findings {
        problems.add("", finding);
    }
    let (places, unknown) = (Vec::new(), Vec::new());
    let mut reader = Reader { element, prefix: "", places, unknown, problems, values: Values::default() };
    if let Some(Node::Object(entries)) = &root {
        reader.sections(entries);
        for field in element.fields {
            reader.field(field);
        }
        reader.report_unknown();
    }
    reader.problems.sort();
    let secret = |place: &Place<'_>| SecretPlace { key: place.field.key.to_owned(), path: place.path.clone() };
    let secrets = element.fields.iter().filter(|field| field.is_secret());
    let secrets = secrets.flat_map(|field| reader.places_of(field)).map(secret).collect();
    Reading { values: reader.values, secrets, problems: reader.problems }
}

struct Reader<'a> {
    element: &'a Element,
    /// What comes before a key that is missing: nothing or `authConfig.`.
    prefix: &'static str,
    /// Every known key with a value, the first choice first.
    places: Vec<Place<'a>>,
    unknown: Vec<Unknown>,
    problems: Problems,
    values: Values,
}

/// A known key with a value.
#[derive(Clone)]
struct Place<'a> {
    field: &'static Field,
    path: String,
    node: &'a Node,
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
        match top.iter().rev().find(|(key, _)| key == NESTED) {
            Some((_, Node::Object(nested))) => {
                self.prefix = "authConfig.";
                self.object(self.prefix, nested, None);
            }
            Some((_, node)) if !node.is_blank() => self.problems.add(NESTED, wrong_type(node, OBJECT)),
            _ => {}
        }
        self.object("", top, None);
    }

    /// Finds the keys of one object.
    fn object(&mut self, prefix: &str, entries: &'a [(String, Node)], group: Option<&str>) {
        let (fields, first) = (self.element.fields, self.places.len());
        for (index, (key, node)) in entries.iter().enumerate() {
            let path = format!("{prefix}{key}");
            if let Some((_, earlier)) = entries[..index].iter().rev().find(|(other, _)| other == key) {
                self.problems.add(&path, repeated(earlier == node));
            }
            // The last one is the one that most JSON readers take.
            let counts = !node.is_blank() && entries[index + 1..].iter().all(|(other, _)| other != key);
            let is_called = |field: &Field| field.split().1 == key || field.alias == Some(key);
            let is_secret;
            if let Some(field) = fields.iter().find(|field| field.split().0 == group && is_called(field)) {
                is_secret = field.is_secret();
                if counts {
                    self.places.push(Place { field, path, node });
                }
            } else if group.is_none() && fields.iter().any(|field| field.split().0 == Some(key)) {
                is_secret = false;
                match node {
                    Node::Object(inner) if counts => self.object(&format!("{path}."), inner, Some(key)),
                    node if counts => self.problems.add(&path, wrong_type(node, OBJECT)),
                    _ => {}
                }
            } else if path == NESTED {
                continue;
            } else {
                let meant = suggestion::meant(self.element, group, key);
                is_secret = fields.iter().any(|field| field.is_secret() && meant.contains(&field.key));
                let path = if is_harmless_key(key) { path } else { format!("{prefix}{MASK}") };
                self.unknown.push(Unknown { path, key: key.clone(), group: group.map(str::to_owned), meant });
            }
            if let (true, Node::Text(text)) = (is_secret, node) {
                self.problems.hide(text.trim_matches(is_space));
            }
        }
        // The name of a field comes before its other one.
        self.places[first..].sort_by_key(|place| place.path.rsplit('.').next() != Some(place.field.split().1));
    }

    fn places_of(&self, field: &Field) -> impl Iterator<Item = &Place<'a>> {
        self.places.iter().filter(|place| place.field.key == field.key)
    }

    /// Reads one field.
    fn field(&mut self, field: &'static Field) {
        let places: Vec<_> = self.places_of(field).cloned().collect();
        let value = match places.split_first() {
            Some((Place { path, node, .. }, others)) => {
                for Place { path: other, .. } in others.iter().filter(|other| !agree(node, other.node)) {
                    self.problems.add(other, finding! { error "conflict":
                        "{path} 与 {other} 的值不同，应只有一个值", "{path} and {other} have different values; expected one value";
                        "请只保留 {path} 与 {other} 中的一个", "keep only one of {path} and {other}" });
                }
                self.value(field, path, node)
            }
            None if self.is_needed(field) => {
                self.report_missing(field);
                None
            }
            None => field.default.and_then(|text| judge(field, text, &self.values, &mut Vec::new()).ok()),
        };
        if let Some(value) = value {
            self.values.0.insert(field.key, value);
        }
    }

    fn value(&mut self, field: &Field, path: &str, node: &Node) -> Option<Value> {
        let expected = match (field.kind, node) {
            (Kind::Words { .. } | Kind::Servers { .. }, Node::List(items)) => {
                let mut values = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}.{index}");
                    match item {
                        Node::Text(text) => values.extend(self.text(field, &path, text)),
                        node => self.problems.add(&path, wrong_type(node, TEXT)),
                    }
                }
                values.retain(|value| !matches!(value, Value::List(_)));
                return Some(Value::List(values));
            }
            (Kind::Words { .. } | Kind::Servers { .. }, _) => LIST,
            (Kind::Number, Node::Whole(number)) => return self.text(field, path, &number.to_string()),
            (Kind::Number, Node::Number(number)) => return self.text(field, path, &number.to_string()),
            (_, Node::Text(text)) => return self.text(field, path, text),
            (Kind::Number, _) => NUMBER,
            _ => TEXT,
        };
        self.problems.add(path, wrong_type(node, expected));
        None
    }

    fn text(&mut self, field: &Field, path: &str, text: &str) -> Option<Value> {
        let trimmed = text.trim_matches(is_space);
        if trimmed != text {
            self.problems.add(
                path,
                finding! { warning "whitespace":
                "值的首尾有空白字符，已忽略", "space around the value; it is ignored";
                "请删除值首尾的空白字符", "remove the space around the value" },
            );
        }
        let mut notes = Vec::new();
        let judged = judge(field, trimmed, &self.values, &mut notes);
        let value = match placeholder::find(field, trimmed, judged.is_ok()) {
            Some(finding) if finding.is_error() => {
                notes.clear();
                Err(finding)
            }
            guess => {
                notes.extend(guess);
                judged
            }
        };
        notes.into_iter().for_each(|note| self.problems.add(path, note));
        value.map_err(|finding| self.problems.add(path, finding)).ok()
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

    /// Reports a required field, together with the unknown key that stands for it.
    fn report_missing(&mut self, field: &Field) {
        let (key, (zh, en)) = (field.key, field.label);
        let written = self.unknown.iter().find(|unknown| unknown.meant.contains(&key));
        let finding = if let Some(found) = written.map(|unknown| shown_key(&unknown.key)) {
            let (found_zh, found_en) = (found.zh, found.en);
            finding! { error "missing":
            "缺少 {key}，应为{zh}；{found_zh} 可能就是它",
            "{key} is missing; expected the {en}; {found_en} probably stands for it";
            "请将 {found_zh} 改为 {key}", "write {key} instead of {found_en}" }
        } else {
            let (place_zh, place_en) =
                field.place.map_or_else(Default::default, |(zh, en)| (format!("（{zh}）"), format!(" ({en})")));
            finding! { error "missing":
            "缺少 {key} 或其值为空，应为{zh}", "{key} is missing or empty; expected the {en}";
            "请填写{zh}{place_zh}", "fill in the {en}{place_en}" }
        };
        self.problems.add(&format!("{}{key}", self.prefix), finding);
    }

    /// Reports the unknown keys that no missing field accounts for.
    fn report_unknown(&mut self) {
        let is_missing = |field: &&Field| self.is_needed(field) && self.places_of(field).next().is_none();
        let missing: Vec<_> = self.element.fields.iter().filter(is_missing).map(|field| field.key).collect();
        for Unknown { path, key, group, meant } in &self.unknown {
            if !missing.iter().any(|key| meant.contains(key)) {
                let known = self.element.keys(group.as_deref());
                self.problems.add(path, suggestion::unknown_key(key, meant, &known));
            }
        }
    }
}

/// Space, also the invisible kinds that come along when a value is copied from a page.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Whether two places say the same, number or text.
fn agree(a: &Node, b: &Node) -> bool {
    let text = |node: &Node| match node {
        Node::Text(text) => Some(text.trim_matches(is_space).to_owned()),
        Node::Whole(number) => Some(number.to_string()),
        _ => None,
    };
    a == b || text(a).is_some_and(|a| Some(a) == text(b))
}

fn repeated(is_same: bool) -> Finding {
    let hint = ("请删除重复的配置项", "remove the repetition");
    if is_same {
        return finding! { warning "duplicate-key":
        "该配置项重复出现，值相同", "the key stands twice with the same value"; hint };
    }
    finding! { error "duplicate-key":
    "该配置项重复出现，值不同，应只有一个", "the key stands twice with different values; expected one"; hint }
}

const TEXT: Words = ("加引号的文本", "text");
const OBJECT: Words = ("{…} 形式的对象", "an object");
const LIST: Words = ("文本列表，例如 [\"name\"]", "a list of text");
const NUMBER: Words = ("整数或加引号的文本", "a whole number or text");

fn wrong_type(node: &Node, (expected_zh, expected_en): Words) -> Finding {
    let (zh, en) = node.kind();
    finding! { error "wrong-type":
    "填写的是{zh}，应为{expected_zh}", "found {en}; expected {expected_en}";
    "请改为{expected_zh}", "write {expected_en}" }
}
