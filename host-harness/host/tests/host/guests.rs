//! Components made for tests: of any world, and of our world with functions that misbehave.
//!
//! `wit-component` makes a core module for a world whose functions do nothing; its text is changed here and there, and
//! it becomes a component again. So a hostile guest is a few lines of WebAssembly and needs no toolchain.

use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, WorldId};

/// A component of the world `name` of this WIT text, whose functions trap.
pub fn of_text(wit: &str, name: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(name)).unwrap();
    let module = module(&resolve, world);
    encode(&resolve, world, module)
}

/// The core module of a world.
pub fn module(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    dummy_module(resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync))
}

fn encode(resolve: &Resolve, world: WorldId, mut module: Vec<u8>) -> Vec<u8> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// Where the contract lies, for whichever crate uses this.
fn wit() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("wit"));
    folders.find(|folder| folder.is_dir()).unwrap()
}

/// The world of the contract that every element has.
pub fn contract() -> (Resolve, WorldId) {
    contract_world(BASE)
}

fn contract_world(name: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit()).unwrap();
    let world = resolve.select_world(&[package], Some(name)).unwrap();
    (resolve, world)
}

/// The world of the contract with one more import, of this package.
fn with_import(name: &str, interface: &str, package: &str) -> (Resolve, WorldId) {
    let imports = format!("import types;\n import {interface};");
    of_world(name, &format!("{}\n{package}", contract_text().replace("import types;", &imports)))
}

fn of_world(name: &str, text: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", text).unwrap();
    let world = resolve.select_world(&[package], Some(name)).unwrap();
    (resolve, world)
}

/// The world of the contract with some of WASI.
fn with_wasi(name: &str) -> (Resolve, WorldId) {
    let imports = "import types;\n import wasi:io/poll@0.2.0;\n import wasi:clocks/monotonic-clock@0.2.0;\n import \
                   wasi:cli/exit@0.2.0;\n import wasi:cli/stdout@0.2.0;\n import wasi:cli/stderr@0.2.0;\n import wasi:random/random@0.2.0;";
    of_world(name, &format!("{}\n{WASI}", contract_text().replace("import types;", imports)))
}

/// The text of the contract as one file, to be changed and parsed again.
pub fn contract_text() -> String {
    let mut files: Vec<_> = std::fs::read_dir(wit()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let text: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let package = "package lowcode:organisation@0.1.0;\n";
    format!("{package}{}", text.replace(package, ""))
}

/// A component of our world. Every function answers zeros (empty texts, empty lists, `ok`) at once, but for those that
/// are given another body.
#[derive(Clone, Default)]
pub struct Guest {
    bodies: Vec<(&'static str, String)>,
    items: String,
    modules: String,
    further: Option<(&'static str, &'static str)>,
    wasi: bool,
    full: bool,
}

/// The worlds of the contract.
const BASE: &str = "organisation-element";
const FULL: &str = "organisation-element-full";

/// What a standard library might import of WASI.
const WASI: &str = "package wasi:io@0.2.0 {
        interface poll { resource pollable { block: func(); } }
        interface error { resource error; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream {
                blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            }
        }
    }
    package wasi:clocks@0.2.0 {
        interface monotonic-clock {
            use wasi:io/poll@0.2.0.{pollable};
            subscribe-duration: func(when: u64) -> pollable;
        }
    }
    package wasi:random@0.2.0 {
        interface random { get-random-bytes: func(len: u64) -> list<u8>; }
    }
    package wasi:cli@0.2.0 {
        interface exit { exit: func(status: result); }
        interface stdout {
            use wasi:io/streams@0.2.0.{output-stream};
            get-stdout: func() -> output-stream;
        }
        interface stderr {
            use wasi:io/streams@0.2.0.{output-stream};
            get-stderr: func() -> output-stream;
        }
    }";

impl Guest {
    /// Gives an export, such as `element@0.1.0#describe`, another body; the last one given counts. `call <import>` stands for a call of an import,
    /// such as `call <log@0.1.0 write>`.
    pub fn with(mut self, export: &'static str, body: &str) -> Self {
        self.bodies.push((export, body.to_owned()));
        self
    }

    /// Adds globals, data or functions to the module.
    pub fn items(mut self, items: &str) -> Self {
        self.items.push_str(items);
        self
    }

    /// Adds another core module with these items, and an instance of it, to the component.
    pub fn module(mut self, items: &str) -> Self {
        let name = format!("$other{}", self.modules.len());
        self.modules.push_str(&format!("(core module {name} {items})\n(core instance (instantiate {name}))\n"));
        self
    }

    /// Writes these words to its standard error and gives up, as a panic does, in place of an export. They lie at 4096.
    pub fn panics(self, export: &'static str, words: &[u8]) -> Self {
        let bytes: String = words.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let body = format!(
            "call <wasi:cli/stderr@0.2.0 get-stderr>
             i32.const 4096\n i32.const {}\n i32.const 8192
             call <wasi:io/streams@0.2.0 [method]output-stream.blocking-write-and-flush>
             unreachable",
            words.len()
        );
        self.wasi().items(&format!("(data (i32.const 4096) \"{bytes}\")")).with(export, &body)
    }

    /// Imports a little of WASI as well: `wasi:io/poll`, `wasi:clocks/monotonic-clock`, `wasi:random/random`, `wasi:cli/exit`,
    /// and the standard streams it can write to.
    pub fn wasi(mut self) -> Self {
        self.wasi = true;
        self
    }

    /// Imports an interface that is no part of the contract, of this package.
    #[allow(dead_code, reason = "the tests of the program leave it out")]
    pub fn importing(mut self, interface: &'static str, package: &'static str) -> Self {
        self.further = Some((interface, package));
        self
    }

    /// Has all interfaces of the contract.
    #[allow(dead_code, reason = "the tests of the program use it")]
    pub fn full(mut self) -> Self {
        self.full = true;
        self
    }

    /// The component.
    pub fn build(self) -> Vec<u8> {
        let name = if self.full { FULL } else { BASE };
        let (resolve, world) = match self.further {
            Some((interface, package)) => with_import(name, interface, package),
            None if self.wasi => with_wasi(name),
            None => contract_world(name),
        };
        let text = wasmprinter::print_bytes(module(&resolve, world)).unwrap();
        let text = self.rewrite(&text);
        let module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let component = encode(&resolve, world, module);
        if self.modules.is_empty() {
            return component;
        }
        let text = wasmprinter::print_bytes(component).unwrap();
        let end = text.rfind(')').unwrap();
        let text = format!("{}{})", &text[..end], self.modules);
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn rewrite(&self, text: &str) -> String {
        let imports: Vec<String> = text.lines().filter_map(import_name).collect();
        let exports: Vec<(String, usize)> = text.lines().filter_map(export_name).collect();
        for (export, _) in &self.bodies {
            assert!(exports.iter().any(|(name, _)| is(name, export)), "no export {export} in {exports:?}");
        }
        let mut rewritten = Vec::new();
        let mut current = None;
        let mut answers = false;
        for line in text.lines() {
            let trimmed = line.trim_start();
            if let Some(index) = trimmed.strip_prefix("(func (;").and_then(number) {
                current = Some(index);
                answers = trimmed.contains("(result");
            }
            if trimmed.starts_with("(memory (;0;) ") {
                rewritten.push("(memory (;0;) 2)".to_owned());
            } else if trimmed == "unreachable" {
                let name = exports.iter().find(|(_, index)| Some(*index) == current).map(|(name, _)| name.as_str());
                rewritten.push(self.body(name.unwrap_or_default(), answers, &imports));
            } else {
                rewritten.push(line.to_owned());
            }
        }
        let end = rewritten.iter().rposition(|line| line.trim() == ")").unwrap();
        rewritten.insert(end, self.items.clone());
        rewritten.join("\n")
    }

    fn body(&self, name: &str, answers: bool, imports: &[String]) -> String {
        let own = self.bodies.iter().rfind(|(export, _)| is(name, export)).map(|(_, body)| body.clone());
        let body = own.unwrap_or_else(|| match (name, answers) {
            // All that the host hands over lies at the same place; nothing here keeps it.
            ("cabi_realloc", _) => "i32.const 65536".to_owned(),
            (_, true) => "i32.const 0".to_owned(),
            (_, false) => String::new(),
        });
        imports
            .iter()
            .enumerate()
            .fold(body, |body, (index, import)| body.replace(&format!("call <{import}>"), &format!("call {index}")))
    }
}

fn is(name: &str, export: &str) -> bool {
    name.strip_prefix("lowcode:organisation/").unwrap_or(name) == export
}

/// `(import "lowcode:organisation/log@0.1.0" "write" (func …` → `log@0.1.0 write`
fn import_name(line: &str) -> Option<String> {
    let mut parts = line.trim_start().strip_prefix("(import \"")?.split('"');
    let module = parts.next()?;
    let name = parts.nth(1)?;
    Some(format!("{} {name}", module.strip_prefix("lowcode:organisation/").unwrap_or(module)))
}

/// `(export "lowcode:organisation/element@0.1.0#describe" (func 7))` → name and 7
fn export_name(line: &str) -> Option<(String, usize)> {
    let (name, rest) = line.trim_start().strip_prefix("(export \"")?.split_once('"')?;
    Some((name.to_owned(), number(rest.trim_start().strip_prefix("(func ")?)?))
}

fn number(text: &str) -> Option<usize> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
