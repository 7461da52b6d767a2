//! A JSON document as a tree that keeps what a typed reading would lose: repeated keys, their order, and values of
//! the wrong type, so that every one of them can be reported.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use serde_json::Number;

use super::{field::Words, problem::Finding};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    #[serde(deserialize_with = "entries")]
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn kind(&self) -> Words {
        match self {
            Self::Null => ("空值", "null"),
            Self::Bool(_) => ("布尔值", "a boolean"),
            Self::Number(_) => ("数字", "a number"),
            Self::Text(_) => ("文本", "text"),
            Self::List(_) => ("列表", "a list"),
            Self::Object(_) => ("对象", "an object"),
        }
    }

    /// Whether a form left the value open: `null`, blank text, or an object of nothing else.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Object(entries) => entries.iter().all(|(_, node)| node.is_blank()),
            _ => false,
        }
    }
}

/// Reads a document, whose root must be an object. What the encoding did to it is reported apart.
pub(super) fn parse(document: &str) -> (Option<Node>, Vec<Finding>) {
    let text = document.strip_prefix('\u{feff}').unwrap_or(document);
    let mut findings = Vec::new();
    if text.len() < document.len() {
        findings.push(finding! { warning "byte-order-mark":
            "文档以字节顺序标记（BOM）开头，JSON 不应有", "the document starts with a byte order mark, which JSON does not have";
            "请将文件另存为不带 BOM 的 UTF-8", "save the file as UTF-8 without a byte order mark" });
    }
    let finding = match serde_json::from_str(text) {
        _ if text.trim().is_empty() => finding! { error "empty-document":
        "文档为空，应为 JSON 对象", "the document is empty; expected a JSON object";
        "请填写元素的配置", "fill in the configuration of the element" },
        Err(error) => unreadable(text, &error),
        Ok(root @ Node::Object(_)) => {
            let damaged = finding! { warning "encoding":
            "文档中有在读取之前就已损坏的字符", "the document has characters that were damaged before it came here";
            SAVE_AS_UTF_8 };
            findings.extend(text.contains('\u{fffd}').then_some(damaged));
            return (Some(root), findings);
        }
        Ok(root) => {
            let (zh, en) = root.kind();
            finding! { error "not-an-object":
            "文档是{zh}，应为 JSON 对象", "the document is {en}; expected a JSON object";
            "配置应为 {{…}} 形式的 JSON 对象", "the configuration has to be a JSON object: {{…}}" }
        }
    };
    findings.push(finding);
    (None, findings)
}

const SAVE_AS_UTF_8: Words = (
    "文件可能以 GBK 或 UTF-16 保存：请用编辑器另存为 UTF-8",
    "the file was probably saved as GBK or UTF-16: save it as UTF-8 with your editor",
);
/// What is typed with a Chinese input method or completed by a word processor; the last sign of each group is the one
/// that JSON has in its place.
const TYPOGRAPHIC: &str = "“”„‟＂「」‘’‚＇\" ：: ，、, ｛{ ｝} ［【[ ］】]";
/// How typographic signs or a byte order mark begin when UTF-8 is read as GBK or Latin-1, or GBK as Latin-1.
const MISREAD: &str = "鈥锛锘âï¡£\u{fffd}\0";

/// Why a document is no JSON. The texts of syntax errors are fixed ("trailing comma at line 3 column 1") and quote nothing;
/// other errors, which can, do not occur since any JSON makes a node.
fn unreadable(text: &str, error: &serde_json::Error) -> Finding {
    let (line, column) = (error.line(), error.column());
    // Columns count bytes. The parser stops at a sign, or behind the text that a wrong sign left open.
    let current = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before: Vec<_> = current.char_indices().take_while(|(at, _)| *at <= column).map(|(_, c)| c).collect();
    if text.contains('\0') || before.iter().rev().take(3).any(|c| MISREAD.contains(*c)) {
        return finding! { error "encoding":
        "文档不是有效的 JSON：第 {line} 行第 {column} 列有语法错误", "the document is not valid JSON: {error}"; SAVE_AS_UTF_8 };
    }
    // A quotation mark may stand far before the place; any other sign may belong to a text there.
    let sign = before.iter().rev().enumerate().find_map(|(distance, found)| {
        let meant = TYPOGRAPHIC.split(' ').find(|group| group.contains(*found))?.chars().next_back()?;
        (*found != meant && (distance < 3 || meant == '"')).then_some((found, meant))
    });
    let hint = match sign {
        Some((found, meant)) => (
            format!("第 {line} 行有中文或排版符号 {found}：请改为英文半角符号 {meant}"),
            format!("line {line} has the typographic sign {found}: write {meant} (plain ASCII) in its place"),
        ),
        None => (
            format!("请检查第 {line} 行第 {column} 列附近的 JSON 语法"),
            format!("check the JSON near line {line} column {column}"),
        ),
    };
    finding! { error "invalid-json":
    "文档不是有效的 JSON：第 {line} 行第 {column} 列有语法错误", "the document is not valid JSON: {error}"; hint }
}

/// The entries of an object in order, repeated ones included.
fn entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Node)>, D::Error> {
    struct Entries;

    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(String, Node)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = access.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }
    }

    deserializer.deserialize_map(Entries)
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
            assert!(last.message.en.contains(message), "{}", last.message.en);
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
        let fraction = Number::from_f64(1.5).unwrap();
        let list = vec![
            Node::Null,
            Node::Bool(true),
            Node::Number((-1).into()),
            Node::Number(fraction),
            Node::Text("x".into()),
        ];
        let entries = [("b", Node::Number(1.into())), ("a", Node::List(list)), ("b", Node::Object(Vec::new()))];
        assert_eq!(root, Some(Node::Object(entries.map(|(key, node)| (key.to_owned(), node)).to_vec())));
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn signs_and_encodings_that_json_does_not_have_are_told_with_a_way_out() {
        for (document, code, hint) in [
            ("{“a”: 1}", "invalid-json", "the typographic sign “: write \" (plain ASCII)"),
            ("{\"a\"：1}", "invalid-json", "the typographic sign ：: write : "),
            ("{\n  \"a\": ‘x’\n}", "invalid-json", "line 2 has the typographic sign ‘: write \""),
            ("{\"a\": \"x\"，\"b\": 1}", "invalid-json", "the typographic sign ，: write ,"),
            ("｛\"a\": 1｝", "invalid-json", "the typographic sign ｛: write {"),
            ("{\"a\": 1｝", "invalid-json", "the typographic sign ｝: write }"),
            ("{\"a”: \"x\"}", "invalid-json", "the typographic sign ”: write \""),
            ("{\"a\": \"说明：见附件\",}", "invalid-json", "check the JSON near line 1 column"),
            ("{\u{fffd}\u{fffd}a\u{fffd}\u{fffd}: 1}", "encoding", "save it as UTF-8"),
            ("{鈥渁鈥?: 1}", "encoding", "save it as UTF-8"),
            ("{¡°a¡±: 1}", "encoding", "save it as UTF-8"),
            ("ï»¿{\"a\": 1}", "encoding", "save it as UTF-8"),
            ("{\0\"\0a\0\"\0:\0[\0]\0}\0", "encoding", "save it as UTF-8"),
            ("{\"a\": \"\u{fffd}\u{fffd}\"}", "encoding", "save it as UTF-8"),
            ("{\"a\": }", "invalid-json", "check the JSON near line 1 column 7"),
        ] {
            let (_, findings) = parse(document);
            assert_eq!(findings.len(), 1, "{document}");
            assert_eq!(findings[0].code, code, "{document}");
            assert!(findings[0].hint.en.contains(hint), "{document}: {}", findings[0].hint.en);
        }
    }
}
