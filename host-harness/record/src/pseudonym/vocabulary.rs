//! Words that are nobody's: those of the contract, and those that the component has in it as whole texts.
//!
//! Texts stand in a component without anything between them, so where one begins and ends is taken from the code: a constant
//! address with a constant length behind it, there or in a table of texts. A part of such a text is no word.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use memchr::memmem;
use organisation_host::contract::world_json;
use serde_json::Value;
use wasmparser::{BinaryReaderError, ConstExpr, DataKind, FunctionBody, Operator, Parser, Payload};

use super::place::{COMMON_WORDS, words_of_name};

/// The most bytes of a constant text.
const LONGEST: u32 = 4096;

/// Words that are nobody's.
pub(super) struct Vocabulary {
    contract: BTreeSet<String>,
    component: HashSet<String>,
    /// Of the component's words, without upper and lower case.
    folded: HashSet<String>,
    /// Of the component's words, the words of names: `contactCallback` has two.
    parts: HashSet<String>,
    /// Of a vendor's messages.
    vendor: HashSet<String>,
    /// Of a vendor, where it speaks itself.
    senders: HashSet<String>,
    bytes: Vec<u8>,
    /// Names of the arguments of each export, such as `directory.find-member`.
    parameters: BTreeMap<String, Vec<String>>,
}

impl Vocabulary {
    pub(super) fn of(component: &[u8]) -> Self {
        let mut contract = BTreeSet::from(["ok", "err", "true", "false"].map(str::to_owned));
        let mut parameters = BTreeMap::new();
        if let Ok(world) = serde_json::from_str::<Value>(world_json()) {
            texts(&world, &mut contract);
            for (interface, functions) in world["exports"].as_object().into_iter().flatten() {
                let interface = interface.rsplit('/').next().unwrap_or_default();
                for (function, signature) in functions.as_object().into_iter().flatten() {
                    let names = signature["params"].as_array().into_iter().flatten();
                    let names = names.map(|pair| pair[0].as_str().unwrap_or_default().to_owned());
                    parameters.insert(format!("{interface}.{function}"), names.collect());
                }
            }
        }
        let words = words_of(component);
        let folded = words.iter().map(|word| word.to_ascii_lowercase()).collect();
        let parts = words.iter().flat_map(|word| words_of_name(word)).collect();
        Self {
            contract,
            component: words,
            folded,
            parts,
            vendor: HashSet::new(),
            senders: HashSet::new(),
            bytes: component.to_vec(),
            parameters,
        }
    }

    /// Adds words of a vendor's messages.
    pub(super) fn add(&mut self, words: &[&str], senders: &[&str]) {
        self.vendor.extend(words.iter().map(|word| (*word).to_owned()));
        self.senders.extend(senders.iter().map(|sender| (*sender).to_owned()));
    }

    /// Whether an id is that of a vendor itself.
    pub(super) fn is_of_sender(&self, text: &str) -> bool {
        self.senders.contains(text)
    }

    /// Whether a text is a word of the vendor's messages.
    pub(super) fn is_of_vendor(&self, text: &str) -> bool {
        self.vendor.contains(text)
    }

    /// Whether the component has this name, in whatever spelling, or the vendor's messages have.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.vendor.contains(name) || is_word(name) && self.folded.contains(&name.to_ascii_lowercase())
    }

    /// Whether this word, in lower case, is part of a name that the component has.
    pub(super) fn has_part(&self, word: &str) -> bool {
        self.parts.contains(word) || COMMON_WORDS.contains(&word)
    }

    /// Whether a text is a word, as a whole.
    pub(super) fn has(&self, text: &str) -> bool {
        self.contract.contains(text) && is_word(text)
            || self.vendor.contains(text)
            || text.len() >= 4 && self.is_of_component(text)
    }

    /// Whether a text names a field of the contract.
    pub(super) fn is_of_contract(&self, text: &str) -> bool {
        self.contract.contains(text)
    }

    /// Whether the component has this word, however short.
    pub(super) fn is_of_component(&self, text: &str) -> bool {
        is_word(text) && self.component.contains(text)
    }

    /// Whether the component has this text in small letters somewhere. That says enough of a name in a structure of its own alone:
    /// where it writes a name, no length stands beside it.
    pub(super) fn is_in_component(&self, text: &str) -> bool {
        let is_name =
            text.len() >= 5 && text.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-' | b'/'));
        self.is_of_component(text) || is_name && memmem::find(&self.bytes, text.as_bytes()).is_some()
    }

    /// Whether the component itself knows this host.
    pub(super) fn has_host(&self, host: &str) -> bool {
        host.contains('.') && self.component.contains(host)
    }

    /// The name of an argument of an export.
    pub(super) fn parameter(&self, function: &str, at: usize) -> &str {
        self.parameters.get(function).and_then(|names| names.get(at)).map_or("", |name| name)
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'.' | b'/'))
}

/// All texts and keys of a JSON value.
fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
            into.insert(text.replace('-', "_"));
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                into.insert(key.replace('-', "_"));
                texts(value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The words of a component; of what is none, such as plain text, those between signs.
fn words_of(component: &[u8]) -> HashSet<String> {
    let mut words = HashSet::new();
    // What cannot be read as a component has no word that is known as a whole.
    if component.starts_with(b"\0asm") {
        drop(read(component, &mut words));
    } else {
        split(component, &mut words);
    }
    words
}

/// The texts of the modules within a component.
fn read(component: &[u8], words: &mut HashSet<String>) -> Result<(), BinaryReaderError> {
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => std::mem::take(&mut module).finish(words),
            Payload::CodeSectionEntry(body) => module.constants(&body)?,
            Payload::DataSection(data) => {
                for segment in data {
                    let segment = segment?;
                    if let DataKind::Active { offset_expr, .. } = &segment.kind
                        && let Some(address) = address(offset_expr)?
                    {
                        module.data.push((address, segment.data));
                    }
                }
            }
            _ => {}
        }
    }
    module.finish(words);
    Ok(())
}

fn address(expression: &ConstExpr<'_>) -> Result<Option<u32>, BinaryReaderError> {
    Ok(match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    })
}

/// A core module, as far as its constant texts are concerned.
#[derive(Default)]
struct Module<'a> {
    data: Vec<(u32, &'a [u8])>,
    /// Two constants one after the other in the code: an address and a length, perhaps.
    pairs: HashSet<(u32, u32)>,
}

impl<'a> Module<'a> {
    fn constants(&mut self, body: &FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        let mut last = None;
        for operator in body.get_operators_reader()? {
            let Operator::I32Const { value } = operator? else {
                last = None;
                continue;
            };
            let value = value.cast_unsigned();
            if let Some(address) = last.filter(|_| value <= LONGEST) {
                self.pairs.insert((address, value));
            }
            last = Some(value);
        }
        Ok(())
    }

    fn text(&self, address: u32, length: u32) -> Option<&'a [u8]> {
        if !(1..=LONGEST).contains(&length) {
            return None;
        }
        let (start, data) =
            self.data.iter().find(|(start, data)| address >= *start && ((address - start) as usize) < data.len())?;
        data.get((address - start) as usize..)?.get(..length as usize)
    }

    fn finish(mut self, words: &mut HashSet<String>) {
        for (start, data) in &self.data {
            // Tables of texts are aligned in memory.
            let skipped = (4 - start % 4) % 4;
            let numbers: Vec<u32> = data
                .get(skipped as usize..)
                .unwrap_or_default()
                .chunks_exact(4)
                .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                .collect();
            self.pairs.extend(numbers.windows(2).map(|two| (two[0], two[1])).filter(|pair| pair.1 <= LONGEST));
        }
        for (address, length) in &self.pairs {
            if let Some(text) = self.text(*address, *length) {
                split(text, words);
            }
        }
    }
}

/// A text and the words in it.
fn split(text: &[u8], words: &mut HashSet<String>) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    for part in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))) {
        let part = part.trim_matches(['.', '/']);
        for word in [part].into_iter().chain(part.split('/')).filter(|word| !word.is_empty()) {
            words.insert(word.to_owned());
        }
    }
}
