//! Takes values out of a document by the table of fields.
//!
//! A key may stand on top or under `authConfig`, some have a second name. Where it stands more than once the values
//! must agree; the one under `authConfig`, where a platform writes, is looked at first.

use super::{
    document::Node,
    placeholder,
    problem::{Finding, Problems, quoted},
    suggestion as unknown,
};
use crate::config::field::{self, Field, NESTED};

/// A document being read, and what was found wrong so far.
pub(crate) struct Reader<'a> {
    sections: Vec<Section<'a>>,
    pub(crate) problems: Problems,
}

/// An object in which keys are looked for.
#[derive(Clone)]
struct Section<'a> {
    /// What comes before a key in a path: empty or ending with `.`.
    prefix: String,
    entries: &'a [(String, Node)],
}

/// A value with its place.
struct Found<'a> {
    path: String,
    node: &'a Node,
}

/// A text that is neither blank nor a placeholder, without space around it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// Where it stands.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl<'a> Reader<'a> {
    /// Looks at the shape of the document: repeated and unknown keys on every level.
    pub(crate) fn new(root: &'a Node, mut problems: Problems) -> Self {
        let mut sections = Vec::new();
        if let Node::Object(entries) = root {
            let top = Section { prefix: String::new(), entries };
            match last(entries, NESTED) {
                Some(Node::Object(entries)) => {
                    sections.push(Section { prefix: format!("{NESTED}."), entries });
                }
                Some(node) if !node.is_blank() => problems.add(NESTED, wrong_type(node, "an object")),
                _ => {}
            }
            sections.push(top);
        }
        for section in &sections {
            inspect(section, None, &mut problems);
        }
        let mut reader = Self { sections, problems };
        for field in field::FIELDS.iter().filter(|field| field.secret) {
            for found in reader.places(field) {
                if let Node::Text(text) = found.node {
                    reader.problems.hide(text.trim_matches(is_space));
                }
            }
        }
        reader
    }

    /// Where a key stands, or would be expected.
    fn path(&self, field: &Field) -> String {
        format!("{}{}", self.sections.first().map_or("", |section| &section.prefix), field.key)
    }

    /// Every place at which the field has a value, the first choice first.
    fn places(&self, field: &Field) -> Vec<Found<'a>> {
        let (group, name) = field.split();
        let mut places = Vec::new();
        for section in &self.sections {
            let section = match group {
                None => section.clone(),
                Some(group) => match last(section.entries, group) {
                    Some(Node::Object(entries)) => Section { prefix: format!("{}{group}.", section.prefix), entries },
                    _ => continue,
                },
            };
            for name in [Some(name), field.alias].into_iter().flatten() {
                if let Some(node) = last(section.entries, name).filter(|node| !node.is_blank()) {
                    places.push(Found { path: format!("{}{name}", section.prefix), node });
                }
            }
        }
        places
    }

    /// The places of a field with a value: of a secret, where the host puts its stand-ins.
    pub(crate) fn paths(&self, field: &Field) -> Vec<String> {
        self.places(field).into_iter().map(|found| found.path).collect()
    }

    /// The value of a field; reports places that disagree and a required field that is missing.
    fn find(&mut self, field: &Field) -> Option<Found<'a>> {
        let mut places = self.places(field).into_iter();
        let Some(first) = places.next() else {
            if field.required {
                let path = self.path(field);
                self.problems.add(&path, missing(field));
            }
            return None;
        };
        for other in places {
            if !agree(first.node, other.node) {
                let message = format!("{} and {} have different values; expected one value", first.path, other.path);
                let hint = (
                    format!("请只保留 {} 与 {} 中的一个", first.path, other.path),
                    format!("keep only one of {} and {}", first.path, other.path),
                );
                self.problems.add(&other.path, Finding::error("conflict", message, hint));
            }
        }
        Some(first)
    }

    /// The field as text. What is not text, or still a placeholder, is reported.
    pub(crate) fn text(&mut self, field: &Field) -> Option<Value> {
        let found = self.find(field)?;
        match found.node {
            Node::Text(text) => self.clean(field, found.path, text),
            node => {
                self.problems.add(&found.path, wrong_type(node, "text"));
                None
            }
        }
    }

    /// The field as text, where a whole number may stand for its digits.
    pub(crate) fn number_text(&mut self, field: &Field) -> Option<Value> {
        let found = self.find(field)?;
        match found.node {
            Node::Whole(number) => Some(Value { path: found.path, text: number.to_string() }),
            Node::Text(text) => self.clean(field, found.path, text),
            Node::Number(_) => {
                let message = "found a number that is negative, fractional or too large; expected a whole number";
                let hint = ("请填写整数，例如 1000002", "write a whole number such as 1000002");
                self.problems.add(&found.path, Finding::error("malformed", message, hint));
                None
            }
            node => {
                self.problems.add(&found.path, wrong_type(node, "a whole number or text"));
                None
            }
        }
    }

    /// The field as a list of texts.
    pub(crate) fn list(&mut self, field: &Field) -> Option<Vec<Value>> {
        let found = self.find(field)?;
        let Node::List(items) = found.node else {
            self.problems.add(&found.path, wrong_type(found.node, "a list of text"));
            return None;
        };
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}.{index}", found.path);
            match item {
                Node::Text(text) => values.extend(self.clean(field, path, text)),
                node => self.problems.add(&path, wrong_type(node, "text")),
            }
        }
        Some(values)
    }

    /// Whether an object of this name has any value.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        let is_object = |node: &&Node| matches!(node, Node::Object(_));
        let mut groups = self.sections.iter().filter_map(|section| last(section.entries, group)).filter(is_object);
        groups.any(|node| !node.is_blank())
    }

    /// Reports a field of a group that needs it.
    pub(crate) fn need(&mut self, field: &Field) {
        if self.places(field).is_empty() {
            let path = self.path(field);
            self.problems.add(&path, missing(field));
        }
    }

    fn clean(&mut self, field: &Field, path: String, text: &str) -> Option<Value> {
        let trimmed = text.trim_matches(is_space);
        if trimmed != text {
            let message = "space around the value; it is ignored";
            let hint = ("请删除值首尾的空白字符", "remove the space around the value");
            self.problems.add(&path, Finding::warning("whitespace", message, hint));
        }
        if let Some(finding) = placeholder::find(field, trimmed) {
            self.problems.add(&path, finding);
            return None;
        }
        Some(Value { path, text: trimmed.to_owned() })
    }
}

/// Space, also the invisible kinds that come along when a value is copied from a page.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// The last entry of this name, which is the one that most JSON readers take.
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

/// Repeated and unknown keys of a section and of the groups in it.
fn inspect(section: &Section<'_>, group: Option<&str>, problems: &mut Problems) {
    let known = field::known_keys(group);
    for (index, (key, node)) in section.entries.iter().enumerate() {
        let path = format!("{}{key}", section.prefix);
        if let Some((_, earlier)) = section.entries[..index].iter().rev().find(|(other, _)| other == key) {
            problems.add(&path, repeated(earlier == node));
        }
        // Only the top level has `authConfig`, and only that one is read.
        if group.is_none() && section.prefix.is_empty() && key == NESTED {
            continue;
        }
        if !known.contains(&key.as_str()) {
            problems.add(&path, unknown::key(key, group));
            continue;
        }
        let inner = field::known_keys(Some(key));
        if group.is_some() || inner.is_empty() {
            continue;
        }
        match node {
            Node::Object(entries) => {
                let prefix = format!("{path}.");
                inspect(&Section { prefix, entries }, Some(key), problems);
            }
            node if node.is_blank() => {}
            node => problems.add(&path, wrong_type(node, "an object")),
        }
    }
}

fn repeated(is_same: bool) -> Finding {
    let hint = ("请删除重复的配置项", "remove the repetition");
    if is_same {
        Finding::warning("duplicate-key", "the key stands twice with the same value", hint)
    } else {
        Finding::error("duplicate-key", "the key stands twice with different values; expected one", hint)
    }
}

fn missing(field: &Field) -> Finding {
    let (label_zh, label_en) = field.label;
    let (place_zh, place_en) = match field.place {
        Some((zh, en)) => (format!("（{zh}）"), format!(" ({en})")),
        None => (String::new(), String::new()),
    };
    let hint = (format!("请填写{label_zh}{place_zh}"), format!("fill in the {label_en}{place_en}"));
    Finding::error("missing", format!("{} is missing or empty; expected the {label_en}", field.key), hint)
}

fn wrong_type(node: &Node, expected: &str) -> Finding {
    let zh = match expected {
        "text" => "请改为加引号的文本",
        "an object" => "请改为 {…} 形式的对象",
        "a list of text" => "请改为文本列表，例如 [\"name\"]",
        _ => "请改为整数或加引号的文本",
    };
    let message = format!("found {}; expected {expected}", node.kind());
    Finding::error("wrong-type", message, (zh, format!("write {expected}")))
}

/// A value that does not have its shape. Secret values are never quoted.
pub(crate) fn malformed(field: &Field, value: &str, expected: &str, hint: (&str, &str)) -> Finding {
    let found = if field.secret { "a value of another shape".to_owned() } else { quoted(value) };
    Finding::error("malformed", format!("found {found}; expected {expected}"), hint)
}
