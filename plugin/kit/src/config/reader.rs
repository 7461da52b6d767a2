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
    values::{FieldValue, Values},
};
use crate::{contract::element::SecretPlace, locale::Text, order};

/// The object under which a platform may put the keys.
const NESTED: &str = "authConfig";

/// Reads a document as far as that is possible: its values, where in it secrets stand, sound or not, and everything that
/// is wrong with it.
pub(super) fn read(element: &Element, document: &str) -> (Values, Vec<SecretPlace>, Problems) {
    let (root, findings) = document::parse(document);
    let (places, unknown, missing) = (Vec::new(), Vec::new(), Vec::new());
    let (problems, values) = (Problems::default(), Values::default());
    let mut reader = DocumentReader { element, prefix: "", places, unknown, missing, problems, values };
    findings.into_iter().for_each(|finding| reader.problems.add("", finding));
    if let Some(Node::Object(entries)) = &root {
        reader.sections(entries);
        element.fields.iter().for_each(|field| reader.field(field));
        reader.report_unknown();
    }
    reader.problems.sort();
    let secret = |place: &FieldPlace<'_>| SecretPlace { key: place.field.key.to_owned(), path: place.path.clone() };
    let secrets = element.fields.iter().filter(|field| field.is_secret());
    let secrets = secrets.flat_map(|field| reader.places_of(field)).map(secret).collect();
    (reader.values, secrets, reader.problems)
}

struct DocumentReader<'a> {
    element: &'a Element,
    /// What comes before a key that is missing: nothing or `authConfig.`.
    prefix: &'static str,
    /// Every known key with a value, the first choice first.
    places: Vec<FieldPlace<'a>>,
    unknown: Vec<Unknown<'a>>,
    missing: Vec<&'static str>,
    problems: Problems,
    values: Values,
}

#[derive(Clone)]
struct FieldPlace<'a> {
    field: &'static Field,
    path: String,
    node: &'a Node,
}

/// A key that is not in the table, and those of the table that it can stand for.
struct Unknown<'a> {
    path: String,
    key: &'a str,
    group: Option<&'static str>,
    meant: Vec<&'static str>,
}

impl<'a> DocumentReader<'a> {
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
    fn object(&mut self, prefix: &str, entries: &'a [(String, Node)], group: Option<&'static str>) {
        let (fields, first) = (self.element.fields, self.places.len());
        for (index, (key, node)) in entries.iter().enumerate() {
            let path = format!("{prefix}{key}");
            let is_same = |(other, _): &&(String, Node)| other == key;
            if entries[..index].iter().any(|entry| is_same(&entry)) {
                self.problems.add(&path, repeated());
            }
            // The last one is the one that most JSON readers take.
            let counts = !node.is_blank() && !entries[index + 1..].iter().any(|entry| is_same(&entry));
            let is_called = |field: &Field| field.split().1 == key || field.alias == Some(key);
            let own = fields.iter().find(|field| field.split().0 == group && is_called(field));
            let inner_group = fields.iter().find_map(|field| field.object_in(group, key));
            let is_unknown = own.is_none() && inner_group.is_none() && path != NESTED;
            let meant = if is_unknown { suggestion::meant(self.element, group, key) } else { Vec::new() };
            let is_meant = |field: &&Field| own.is_some_and(|own| own.key == field.key) || meant.contains(&field.key);
            if let (Node::Text(text), true) = (node, fields.iter().filter(is_meant).any(Field::is_secret)) {
                self.problems.hide(text.trim_matches(is_space));
            }
            match (own, inner_group, node) {
                _ if is_unknown => {
                    let path = if is_harmless_key(key) { path } else { format!("{prefix}{MASK}") };
                    self.unknown.push(Unknown { path, key, group, meant });
                }
                _ if !counts => {}
                (Some(field), ..) => self.places.push(FieldPlace { field, path, node }),
                (None, Some(_), Node::Object(inner)) => self.object(&format!("{path}."), inner, inner_group),
                (None, Some(_), node) => self.problems.add(&path, wrong_type(node, OBJECT)),
                _ => {}
            }
        }
        // The name of a field comes before its other one.
        let is_alias = |place: &FieldPlace<'_>| place.path.rsplit('.').next() != Some(place.field.split().1);
        let mut found = self.places.split_off(first);
        order::sort_by(&mut found, &|one, other| is_alias(one).cmp(&is_alias(other)));
        self.places.append(&mut found);
    }

    fn places_of(&self, field: &Field) -> impl Iterator<Item = &FieldPlace<'a>> {
        self.places.iter().filter(|place| place.field.key == field.key)
    }

    fn field(&mut self, field: &'static Field) {
        let places: Vec<_> = self.places_of(field).cloned().collect();
        let value = if let Some((FieldPlace { path, node, .. }, others)) = places.split_first() {
            for FieldPlace { path: other, .. } in others.iter().filter(|other| !agree(node, other.node)) {
                self.problems.add(other, finding! { error "conflict":
                    "{path} 与 {other} 的值不同，应只有一个值", "{path} and {other} have different values; expected one value";
                    "请只保留 {path} 与 {other} 中的一个", "keep only one of {path} and {other}" });
            }
            self.value(field, path, node)
        } else if field.required && self.is_begun(field.split().0) {
            self.report_missing(field);
            None
        } else {
            field.default.and_then(|text| judge(field, text, &self.values, &mut Vec::new()).ok())
        };
        self.values.0.extend(value.map(|value| (field.key, value)));
    }

    /// Whether the document has anything of an object, which may be left out as a whole.
    fn is_begun(&self, group: Option<&str>) -> bool {
        group.is_none()
            || self.places.iter().any(|place| place.field.split().0 == group)
            || self.unknown.iter().any(|unknown| unknown.group == group)
    }

    fn value(&mut self, field: &Field, path: &str, node: &Node) -> Option<FieldValue> {
        let is_list = matches!(field.kind, Kind::Words { .. } | Kind::Servers { .. });
        let is_number = matches!(field.kind, Kind::Number | Kind::Count { .. });
        let expected = match node {
            Node::List(items) if is_list => {
                let mut values = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}.{index}");
                    match item {
                        Node::Text(text) => values.extend(self.text(field, &path, text)),
                        node => self.problems.add(&path, wrong_type(node, TEXT)),
                    }
                }
                values.retain(|value| !matches!(value, FieldValue::List(_)));
                return Some(FieldValue::List(values));
            }
            Node::Text(text) if !is_list => return self.text(field, path, text),
            Node::Number(number) if is_number => return self.text(field, path, &number.to_string()),
            _ if is_list => LIST,
            _ if is_number => NUMBER,
            _ => TEXT,
        };
        self.problems.add(path, wrong_type(node, expected));
        None
    }

    fn text(&mut self, field: &Field, path: &str, text: &str) -> Option<FieldValue> {
        let trimmed = text.trim_matches(is_space);
        let mut notes = Vec::new();
        let mut value = judge(field, trimmed, &self.values, &mut notes);
        match placeholder::find(field, trimmed, value.is_ok()) {
            Some(finding) if finding.is_error() => (notes, value) = (Vec::new(), Err(finding)),
            guess => notes.extend(guess),
        }
        if trimmed != text {
            notes.push(
                finding! { warning "whitespace": "值的首尾有空白字符，已忽略", "space around the value; it is ignored";
                "请删除值首尾的空白字符", "remove the space around the value" },
            );
        }
        notes.into_iter().for_each(|note| self.problems.add(path, note));
        value.map_err(|finding| self.problems.add(path, finding)).ok()
    }

    /// Reports a required field, together with the unknown key that stands for it.
    fn report_missing(&mut self, field: &Field) {
        let (key, (zh, en)) = (field.key, field.label);
        let written = self.unknown.iter().find(|unknown| unknown.meant.contains(&key));
        let hint = match (written.map(|unknown| shown_key(unknown.key)), field.place) {
            (Some(Text { zh, en }), _) => text!("请将 {zh} 改为 {key}", "write {key} instead of {en}"),
            (_, Some((at_zh, at_en))) => text!("请填写{zh}（{at_zh}）", "fill in the {en} ({at_en})"),
            _ => text!("请填写{zh}", "fill in the {en}"),
        };
        let finding = finding! { error "missing":
        "缺少 {key} 或其值为空，应为{zh}", "{key} is missing or empty; expected the {en}"; hint };
        self.missing.push(key);
        self.problems.add(&format!("{}{key}", self.prefix), finding);
    }

    /// Reports the unknown keys that no missing field accounts for.
    fn report_unknown(&mut self) {
        for Unknown { path, key, group, meant } in &self.unknown {
            if !self.missing.iter().any(|key| meant.contains(key)) {
                self.problems.add(path, suggestion::unknown_key(self.element, *group, key, meant));
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
        Node::Number(number) => Some(number.to_string()),
        _ => None,
    };
    a == b || text(a).is_some_and(|a| Some(a) == text(b))
}

/// An error also where both say the same: no host takes such a document.
fn repeated() -> Finding {
    finding! { error "duplicate-key":
    "该配置项重复出现，应只有一个", "the key stands twice; expected one";
    ("请删除重复的配置项", "remove the repetition") }
}

const TEXT: Words = ("加引号的文本", "text");
const OBJECT: Words = ("{…} 形式的对象", "an object");
const LIST: Words = ("文本列表，例如 [\"name\"]", "a list of text");
const NUMBER: Words = ("整数或加引号的文本", "a whole number or text");

fn wrong_type(node: &Node, (expected_zh, expected_en): Words) -> Finding {
    let (zh, en) = node.kind();
    finding! { error "wrong-type": "填写的是{zh}，应为{expected_zh}", "found {en}; expected {expected_en}";
    "请改为{expected_zh}", "write {expected_en}" }
}
