//! A JSON document as a tree that keeps what a typed reading would lose: repeated keys, their order, and values of
//! the wrong type, so that every one of them can be reported.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::problem::Finding;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Whole(u64),
    /// Negative, fractional or very large: nothing that a key of ours can be.
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The kind of value, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Whether a form left the value open: `null`, blank text, or an object of nothing else.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Object(entries) => entries.iter().all(|(_, node)| node.is_blank()),
            _ => false,
        }
    }
}

/// Reads a document, whose root must be an object. A byte order mark is reported apart and skipped.
pub(crate) fn parse(document: &str) -> (Option<Node>, Vec<Finding>) {
    let mut findings = Vec::new();
    let text = match document.strip_prefix('\u{feff}') {
        Some(rest) => {
            findings.push(Finding::warning(
                "byte-order-mark",
                "the document starts with a byte order mark, which JSON does not have",
                ("请将文件另存为不带 BOM 的 UTF-8", "save the file as UTF-8 without a byte order mark"),
            ));
            rest
        }
        None => document,
    };
    if text.trim().is_empty() {
        findings.push(Finding::error(
            "empty-document",
            "the document is empty; expected a JSON object",
            ("请填写企业 ID、AgentID 与 Secret", "fill in corpId, agentId and secret"),
        ));
        return (None, findings);
    }
    let root = match serde_json::from_str(text) {
        Ok(root @ Node::Object(_)) => return (Some(root), findings),
        Ok(root) => root,
        Err(error) => {
            // The texts of syntax errors are fixed ("trailing comma at line 3 column 1") and quote nothing; other
            // errors, which can, do not occur since any JSON makes a node.
            findings.push(Finding::error(
                "invalid-json",
                format!("the document is not valid JSON: {error}"),
                (
                    format!("请检查第 {} 行第 {} 列附近的 JSON 语法", error.line(), error.column()),
                    format!("check the JSON near line {} column {}", error.line(), error.column()),
                ),
            ));
            return (None, findings);
        }
    };
    findings.push(Finding::error(
        "not-an-object",
        format!("the document is {}; expected a JSON object", root.kind()),
        ("配置应为 {…} 形式的 JSON 对象", "the configuration has to be a JSON object: {…}"),
    ));
    (None, findings)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(u64::try_from(value).map_or(Node::Number(value as f64), Node::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_no_object_is_explained_without_quoting_it() {
        for (document, codes, message) in [
            ("", vec!["empty-document"], "the document is empty"),
            (" \n\t", vec!["empty-document"], "the document is empty"),
            ("\u{feff}", vec!["byte-order-mark", "empty-document"], "the document is empty"),
            ("{", vec!["invalid-json"], "EOF while parsing an object at line 1 column 1"),
            ("{\n  \"a\": S3CRET\n}", vec!["invalid-json"], "expected value at line 2 column 8"),
            ("{\"a\": \"S3CRET\",}", vec!["invalid-json"], "trailing comma at line 1 column 16"),
            ("{'a': 1}", vec!["invalid-json"], "key must be a string at line 1 column 2"),
            ("{\"a\":1} S3CRET", vec!["invalid-json"], "trailing characters at line 1 column 9"),
            ("[1]", vec!["not-an-object"], "the document is a list"),
            ("\"S3CRET\"", vec!["not-an-object"], "the document is text"),
            ("null", vec!["not-an-object"], "the document is null"),
            ("7", vec!["not-an-object"], "the document is a number"),
            ("true", vec!["not-an-object"], "the document is a boolean"),
        ] {
            let (root, findings) = parse(document);
            assert_eq!(root, None);
            assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), codes, "{document}");
            let last = &findings[findings.len() - 1];
            assert!(last.message.contains(message), "{}", last.message);
            assert!(!format!("{findings:?}").contains("S3CRET"), "{findings:?}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let (root, findings) = parse(&"[".repeat(100_000));
        assert_eq!((root, findings[0].code), (None, "invalid-json"));
    }

    #[test]
    fn a_tree_keeps_order_repetition_and_types() {
        let (root, findings) = parse("\u{feff}{\"b\":1,\"a\":[null,true,-1,1.5,\"x\"],\"b\":{}}");
        let list = vec![Node::Null, Node::Bool(true), Node::Number(-1.0), Node::Number(1.5), Node::Text("x".into())];
        let entries = [("b", Node::Whole(1)), ("a", Node::List(list)), ("b", Node::Object(Vec::new()))];
        assert_eq!(root, Some(Node::Object(entries.map(|(key, node)| (key.to_owned(), node)).to_vec())));
        assert_eq!(findings.len(), 1);
    }
}
