//! Does a component meet the contract? Answered before it is instantiated, in words.
//!
//! A component must export the three interfaces of the world, and may export the further ones of the contract, all of them with
//! exactly its types; it may export more, since a host probes capabilities interface by interface. It may import less than the world offers, and
//! nothing else than the world and the few WASI interfaces that every guest's standard library brings along.
//! Versions follow the rule of the component model: `0.1.3` serves who asks for `0.1.0`, `0.2.0` does not. A component of an
//! older `0.1.x` need not have what came after it.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};
use wasmtime::{
    Engine,
    component::{
        Component,
        types::{ComponentFunc, ComponentItem, Type},
    },
};

use super::shape::{FunctionSignature, Interface, Shape, World};

const EXPECTED_TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/world.json"));

/// The world that this host serves, as the build script read it from `wit/`.
static EXPECTED: LazyLock<World> = LazyLock::new(|| {
    // The build script wrote this text with the same types, so it cannot fail at run time; the test below reads it.
    serde_json::from_str(EXPECTED_TEXT)
        .unwrap_or_else(|error| unreachable!("the build script wrote an unreadable world: {error}"))
});

/// The WASI 0.2 interfaces that the host serves, all of them without any content: no arguments, no variables, a closed
/// standard input. What is not here (file system, sockets) a component may not even import.
pub(crate) const WASI_INTERFACES: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];
const WASI_VERSION: &str = "0.2.0";

/// What a component imports and exports, and where that parts from the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldReport {
    /// The world that is expected, such as `lowcode:organisation/organisation-element@0.1.0`.
    pub world: String,
    /// Imported interfaces with versions, sorted.
    pub imports: Vec<String>,
    /// Exported interfaces with versions, sorted.
    pub exports: Vec<String>,
    /// What stands against running it; empty for a component that this host can run.
    pub problems: Vec<WorldProblem>,
}

impl WorldReport {
    /// Whether the host can run the component.
    pub fn fits(&self) -> bool {
        self.problems.is_empty()
    }
}

/// One reason why a component does not fit. The text names what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WorldProblem {
    /// An export of the world is not there at all.
    #[error("expected the export {expected}, found none of that name; build the component against this world")]
    MissingExport {
        /// The interface with its version.
        expected: String,
    },
    /// The interface is there in a version that this host does not serve.
    #[error("expected {expected}, found {found}; build the component and the host against the same version")]
    Version {
        /// The interface with the version of this host.
        expected: String,
        /// What the component has.
        found: String,
    },
    /// The component asks for something that this host does not lend.
    #[error(
        "the component imports {}, which this host does not provide; an element gets {allowed} only", found.join(", ")
    )]
    ForeignImport {
        /// The names of the imports.
        found: Vec<String>,
        /// What it may import.
        allowed: String,
    },
    /// Functions of an interface are missing.
    #[error(
        "{interface} has no function {}; it has the version of this host, but not its functions", functions.join(", ")
    )]
    MissingFunction {
        /// The interface with its version.
        interface: String,
        /// The functions.
        functions: Vec<String>,
    },
    /// Functions have another type than in the contract.
    #[error("{}: expected {expected}, found {found}", shortened(places))]
    Type {
        /// Wherever it is so: interface with version, function, and where in its signature.
        places: Vec<String>,
        /// What the contract says.
        expected: String,
        /// What the component says.
        found: String,
    },
}

/// The first of several places, and how many more there are.
fn shortened(places: &[String]) -> String {
    match places {
        [] => String::new(),
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, rest @ ..] => format!("{first}, and {} more places", rest.len()),
    }
}

/// Makes one problem of those that have one cause, such as a record without a field that many functions answer.
fn fold(problems: Vec<WorldProblem>) -> Vec<WorldProblem> {
    let mut folded: Vec<WorldProblem> = Vec::new();
    for mut problem in problems {
        if !folded.iter_mut().any(|former| former.takes(&mut problem)) {
            folded.push(problem);
        }
    }
    folded
}

impl WorldProblem {
    /// Takes over what another one names, where both are the same otherwise.
    fn takes(&mut self, other: &mut Self) -> bool {
        let (own, others) = match (self, other) {
            (
                Self::ForeignImport { found, allowed },
                Self::ForeignImport { found: others, allowed: others_allowed },
            ) if allowed == others_allowed => (found, others),
            (
                Self::MissingFunction { interface, functions },
                Self::MissingFunction { interface: others_interface, functions: others },
            ) if interface == others_interface => (functions, others),
            (
                Self::Type { places, expected, found },
                Self::Type { places: others, expected: others_expected, found: others_found },
            ) if (&*expected, &*found) == (&*others_expected, &*others_found) => (places, others),
            _ => return false,
        };
        own.append(others);
        true
    }
}

/// The functions that every component has: their interface with its version, and their name.
pub fn expected_functions() -> impl Iterator<Item = (String, &'static str)> {
    let interfaces = EXPECTED.exports.iter();
    interfaces.flat_map(|(interface, functions)| {
        functions.keys().map(move |function| (format!("{interface}@{}", EXPECTED.version), function.as_str()))
    })
}

/// What a function such as `login.exchange-code` takes and answers.
pub(super) fn signature_of(function: &str) -> Option<&'static FunctionSignature> {
    let (interface, function) = function.split_once('.')?;
    let package = EXPECTED.name.split('/').next()?;
    EXPECTED.exports.get(&format!("{package}/{interface}"))?.get(function)
}

/// The world of the contract as JSON, made from `wit/`: for tests, and for hosts in languages whose tools give no types.
pub fn world_json() -> &'static str {
    EXPECTED_TEXT
}

/// Names all that a judgement depends on beside the component, so that none is believed that was kept before the contract
/// or the code here has changed.
pub(crate) fn judge_version() -> String {
    let mut hasher = blake3::Hasher::new();
    for text in [EXPECTED_TEXT, include_str!("world.rs"), include_str!("shape.rs")] {
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(16).collect()
}

/// Compares a component with the world of this host.
pub(crate) fn judge(engine: &Engine, component: &Component) -> WorldReport {
    let component = component.component_type();
    let imports: BTreeMap<String, Found> =
        component.imports(engine).map(|(name, item)| (name.to_owned(), read(engine, &item.ty))).collect();
    let exports: BTreeMap<String, Found> =
        component.exports(engine).map(|(name, item)| (name.to_owned(), read(engine, &item.ty))).collect();
    let mut problems = judge_imports(&EXPECTED, &imports);
    problems.extend(judge_exports(&EXPECTED, &exports));
    WorldReport {
        world: EXPECTED.name.clone(),
        imports: imports.into_keys().collect(),
        exports: exports.into_keys().collect(),
        problems: fold(problems),
    }
}

/// An import or export: an interface, or something that the contract does not know on this level.
enum Found {
    Interface(Interface),
    Other,
}

fn judge_imports(expected: &World, found: &BTreeMap<String, Found>) -> Vec<WorldProblem> {
    let allowed = || {
        let own: Vec<&str> = expected.imports.keys().map(String::as_str).collect();
        format!("{} and wasi:cli, wasi:clocks, wasi:io, wasi:random", own.join(", "))
    };
    let mut problems = Vec::new();
    for (full_name, item) in found {
        let (name, version) = split(full_name);
        let Found::Interface(functions) = item else {
            problems.push(WorldProblem::ForeignImport { found: vec![full_name.clone()], allowed: allowed() });
            continue;
        };
        if WASI_INTERFACES.contains(&name) {
            if !compatible(WASI_VERSION, version) {
                let expected = format!("{name}@{WASI_VERSION}");
                problems.push(WorldProblem::Version { expected, found: full_name.clone() });
            }
        } else if let Some(interface) = expected.imports.get(name) {
            if compatible(&expected.version, version) {
                problems.extend(judge_functions(full_name, functions, interface, Direction::Import));
            } else {
                let expected = format!("{name}@{}", expected.version);
                problems.push(WorldProblem::Version { expected, found: full_name.clone() });
            }
        } else {
            problems.push(WorldProblem::ForeignImport { found: vec![full_name.clone()], allowed: allowed() });
        }
    }
    problems
}

fn judge_exports(expected: &World, found: &BTreeMap<String, Found>) -> Vec<WorldProblem> {
    let mut problems = Vec::new();
    for (name, interface) in &expected.exports {
        let wanted = format!("{name}@{}", expected.version);
        let candidates: Vec<(&String, &Found)> = found.iter().filter(|(full, _)| split(full).0 == name).collect();
        let fitting = candidates.iter().find_map(|(full, item)| match item {
            Found::Interface(functions) if compatible(&expected.version, split(full).1) => Some((*full, functions)),
            _ => None,
        });
        match (fitting, candidates.first()) {
            (Some((full, functions)), _) => {
                let is_newer = |function: &str| is_newer(expected, &format!("{name}.{function}"), split(full).1);
                let older =
                    interface.iter().filter(|(function, _)| functions.contains_key(*function) || !is_newer(function));
                let needed = older.map(|(function, signature)| (function.clone(), signature.clone())).collect();
                problems.extend(judge_functions(full, &needed, functions, Direction::Export));
            }
            (None, Some((full, _))) => {
                problems.push(WorldProblem::Version { expected: wanted, found: (*full).clone() });
            }
            (None, None) if expected.optional.contains(name) => {}
            (None, None) if is_newer(expected, name, newest_version(expected, found)) => {}
            (None, None) => problems.push(WorldProblem::MissingExport { expected: wanted }),
        }
    }
    problems
}

/// Whether an interface or function came into the contract after a version.
fn is_newer(expected: &World, name: &str, than: &str) -> bool {
    let since = expected.since.get(name).and_then(|version| patch(version));
    since.is_some_and(|since| patch(than).is_some_and(|patch| since > patch))
}

/// The newest version of the contract's interfaces among what a component exports; that is the one it was built for.
fn newest_version<'a>(expected: &World, found: &'a BTreeMap<String, Found>) -> &'a str {
    let own = found.keys().map(|full| split(full)).filter(|(name, _)| expected.exports.contains_key(*name));
    own.map(|(_, version)| version).max_by_key(|version| patch(version)).unwrap_or_default()
}

/// The last number of `0.1.3`, which is what counts within a track.
fn patch(version: &str) -> Option<u64> {
    let mut parts = version.split('+').next()?.split('.');
    parts.nth(2)?.parse().ok()
}

/// Who has to have the function: `needed` by one side, `offered` by the other.
fn judge_functions(name: &str, needed: &Interface, offered: &Interface, direction: Direction) -> Vec<WorldProblem> {
    let mut problems = Vec::new();
    for (function, needed) in needed {
        let Some(offered) = offered.get(function) else {
            problems
                .push(WorldProblem::MissingFunction { interface: name.to_owned(), functions: vec![function.clone()] });
            continue;
        };
        let (expected, found) = match direction {
            Direction::Import => (offered, needed),
            Direction::Export => (needed, offered),
        };
        if let Some(difference) = expected.difference(found) {
            let super::shape::Difference { at, expected, found } = difference;
            problems.push(WorldProblem::Type { places: vec![format!("{name}.{function}, {at}")], expected, found });
        }
    }
    problems
}

/// The contract stands on the host's side of an import and on the component's side of an export.
#[derive(Clone, Copy)]
enum Direction {
    Import,
    Export,
}

pub(super) fn split(full_name: &str) -> (&str, &str) {
    full_name.split_once('@').unwrap_or((full_name, ""))
}

/// Whether a component of version `found` and a host of version `expected` understand each other: equal up to the first
/// part that is not zero.
pub(super) fn compatible(expected: &str, found: &str) -> bool {
    fn track(version: &str) -> Option<Vec<&str>> {
        // A pre-release is compatible with itself only.
        if version.contains('-') {
            return Some(vec![version]);
        }
        let parts: Vec<&str> = version.split('+').next()?.split('.').collect();
        let significant = parts.iter().position(|part| *part != "0")?;
        parts.get(..=significant).map(<[_]>::to_vec)
    }
    expected == found || track(expected).is_some_and(|expected| track(found) == Some(expected))
}

fn read(engine: &Engine, item: &ComponentItem) -> Found {
    let ComponentItem::ComponentInstance(instance) = item else { return Found::Other };
    let functions = instance.exports(engine).filter_map(|(name, item)| match item.ty {
        ComponentItem::ComponentFunc(function) => Some((name.to_owned(), signature(&function))),
        _ => None,
    });
    Found::Interface(functions.collect())
}

fn signature(function: &ComponentFunc) -> FunctionSignature {
    FunctionSignature {
        params: function.params().map(|(name, of)| (name.to_owned(), shape(&of))).collect(),
        result: function.results().next().map(|of| shape(&of)),
    }
}

fn shape(of: &Type) -> Shape {
    let plain = |name: &str| Shape::Plain(name.to_owned());
    let boxed = |of: Option<Type>| of.map(|of| Box::new(shape(&of)));
    match of {
        Type::Bool => plain("bool"),
        Type::U8 => plain("u8"),
        Type::U16 => plain("u16"),
        Type::U32 => plain("u32"),
        Type::U64 => plain("u64"),
        Type::S8 => plain("s8"),
        Type::S16 => plain("s16"),
        Type::S32 => plain("s32"),
        Type::S64 => plain("s64"),
        Type::Float32 => plain("f32"),
        Type::Float64 => plain("f64"),
        Type::Char => plain("char"),
        Type::String => plain("string"),
        Type::List(list) => Shape::List(Box::new(shape(&list.ty()))),
        Type::Option(option) => Shape::Option(Box::new(shape(&option.ty()))),
        Type::Result(result) => Shape::Result(boxed(result.ok()), boxed(result.err())),
        Type::Tuple(tuple) => Shape::Tuple(tuple.types().map(|of| shape(&of)).collect()),
        Type::Record(record) => {
            Shape::Record(record.fields().map(|field| (field.name.to_owned(), shape(&field.ty))).collect())
        }
        Type::Variant(variant) => {
            Shape::Variant(variant.cases().map(|case| (case.name.to_owned(), case.ty.as_ref().map(shape))).collect())
        }
        Type::Enum(labels) => Shape::Enum(labels.names().map(str::to_owned).collect()),
        Type::Flags(flags) => Shape::Flags(flags.names().map(str::to_owned).collect()),
        Type::Map(_) => plain("map"),
        Type::FixedLengthList(_) => plain("fixed-length list"),
        Type::Own(_) | Type::Borrow(_) => plain("resource"),
        Type::Future(_) => plain("future"),
        Type::Stream(_) => plain("stream"),
        Type::ErrorContext => plain("error-context"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_world_is_readable_and_complete() {
        let names = |interfaces: &BTreeMap<String, Interface>| interfaces.keys().cloned().collect::<Vec<_>>().join(" ");
        let names = |interfaces| names(interfaces).replace("lowcode:organisation/", "");
        assert_eq!(names(&EXPECTED.imports), "audit call http log settings storage types");
        let every = "administration approvals callbacks directory element login messaging vendor web";
        assert_eq!(names(&EXPECTED.exports), every);
        let needed = EXPECTED.exports.keys().filter(|name| !EXPECTED.optional.contains(*name));
        assert!(needed.eq(["directory", "element", "login"].map(|name| format!("lowcode:organisation/{name}")).iter()));
        assert_eq!(EXPECTED.version, "0.1.0");
    }

    /// A host of 0.1.1, whose contract has one function and one interface more.
    #[test]
    fn a_component_may_lack_what_came_after_it() {
        let mut newer = EXPECTED.clone();
        "0.1.1".clone_into(&mut newer.version);
        let login = "lowcode:organisation/login";
        let function = newer.exports[login]["homepage-url"].clone();
        newer.exports.get_mut(login).unwrap().insert("later".to_owned(), function.clone());
        let greetings = "lowcode:organisation/greetings";
        newer.exports.insert(greetings.to_owned(), Interface::from([("send".to_owned(), function)]));
        for name in [greetings, "lowcode:organisation/greetings.send", "lowcode:organisation/login.later"] {
            newer.since.insert(name.to_owned(), "0.1.1".to_owned());
        }
        let found = |world: &World, version: &str, lacks: &[&str]| -> BTreeMap<String, Found> {
            let mut exports = world.exports.clone();
            for lacking in lacks {
                match lacking.split_once('.') {
                    Some((interface, function)) => {
                        exports.get_mut(interface).unwrap().remove(function).unwrap();
                    }
                    None => {
                        exports.remove(*lacking).unwrap();
                    }
                }
            }
            let named = |(name, functions)| (format!("{name}@{version}"), Found::Interface(functions));
            exports.into_iter().map(named).collect()
        };
        let later = "lowcode:organisation/login.later";
        let old = "lowcode:organisation/login.exchange-code";
        for (world, version, lacks, problems) in [
            (&*EXPECTED, "0.1.0", &[][..], 0),
            (&newer, "0.1.1", &[], 0),
            (&newer, "0.1.1", &[later], 1),
            (&newer, "0.1.1", &[greetings], 1),
            (&newer, "0.1.1", &["lowcode:organisation/messaging"], 0),
            (&newer, "0.1.1", &["lowcode:organisation/messaging.recall"], 1),
            (&newer, "0.1.0", &[old], 1),
            (&newer, "0.1.0", &["lowcode:organisation/login"], 1),
        ] {
            let problems_found = judge_exports(&newer, &found(world, version, lacks));
            assert_eq!(problems_found.len(), problems, "{version} without {lacks:?}: {problems_found:?}");
        }
        assert_eq!(judge_exports(&newer, &found(&newer, "0.1.0", &[later, greetings])), []);
    }

    #[test]
    fn versions_are_compatible_within_their_track() {
        for (expected, found, fits) in [
            ("0.1.0", "0.1.0", true),
            ("0.1.0", "0.1.7", true),
            ("0.1.0", "0.2.0", false),
            ("0.1.0", "1.1.0", false),
            ("0.1.0", "", false),
            ("0.2.0", "0.2.6", true),
            ("0.2.0", "0.3.0", false),
            ("1.2.3", "1.9.0", true),
            ("0.1.0", "0.1.0-draft", false),
            ("0.0.1", "0.0.2", false),
        ] {
            assert_eq!(compatible(expected, found), fits, "{expected} {found}");
        }
    }
}
