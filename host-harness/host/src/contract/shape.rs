//! The shape of a world: its interfaces, functions and types without the names of types, so that what a component
//! says it is can be compared with what the host expects.
//!
//! The build script reads the expected world from `wit/` into these types; [`super::world`] reads the found one from a
//! component. Pure: no wasmtime and no WIT parser here, because both sides include this file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

/// The functions of an interface by name. An interface of types only has none.
pub type Interface = BTreeMap<String, FunctionSignature>;

/// A world: interfaces by their name without version, such as `lowcode:organisation/login`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// The name of the world with its package and version.
    pub name: String,
    /// The version of the package, such as `0.1.0`.
    pub version: String,
    /// What the host provides.
    pub imports: BTreeMap<String, Interface>,
    /// What the component provides, or may provide.
    pub exports: BTreeMap<String, Interface>,
    /// The exports that it need not have.
    pub optional: BTreeSet<String>,
    /// Since which version of the package there is each interface (`lowcode:organisation/login`) and each function
    /// (`lowcode:organisation/login.exchange-code`) of the exports.
    pub since: BTreeMap<String, String>,
}

/// The parameters and the result of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionSignature {
    /// Names and types, in order.
    pub params: Vec<(String, Shape)>,
    /// The result, where there is one.
    pub result: Option<Shape>,
}

/// A type, with names only where they matter for compatibility: fields, cases, labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// `bool`, `u32`, `string` … or what the contract does not use, such as a resource.
    Plain(String),
    /// A list.
    List(Box<Shape>),
    /// An option.
    Option(Box<Shape>),
    /// A result; either side may be without value.
    Result(Option<Box<Shape>>, Option<Box<Shape>>),
    /// A tuple.
    Tuple(Vec<Shape>),
    /// Fields in order.
    Record(Vec<(String, Shape)>),
    /// Cases in order.
    Variant(Vec<(String, Option<Shape>)>),
    /// Labels in order.
    Enum(Vec<String>),
    /// Flags in order.
    Flags(Vec<String>),
}

/// The first place where two signatures part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Parameter, then fields and cases, joined by dots; `result` for the result.
    pub at: String,
    /// What the contract says there.
    pub expected: String,
    /// What the component says there.
    pub found: String,
}

impl FunctionSignature {
    /// Where `found` parts from this signature, if it does.
    pub fn difference(&self, found: &Self) -> Option<Difference> {
        let names = |signature: &Self| {
            let names: Vec<&str> = signature.params.iter().map(|(name, _)| name.as_str()).collect();
            format!("({})", names.join(", "))
        };
        if names(self) != names(found) {
            return Some(Difference { at: "parameters".to_owned(), expected: names(self), found: names(found) });
        }
        let params = self.params.iter().zip(&found.params).find_map(|((name, a), (_, b))| a.difference(b, name));
        params.or_else(|| optional(self.result.as_ref(), found.result.as_ref(), "result"))
    }
}

impl Shape {
    fn difference(&self, found: &Self, at: &str) -> Option<Difference> {
        let below = |name: &str| format!("{at}.{name}");
        match (self, found) {
            (Self::List(a), Self::List(b)) | (Self::Option(a), Self::Option(b)) => a.difference(b, at),
            (Self::Result(ok, error), Self::Result(found_ok, found_error)) => {
                optional(ok.as_deref(), found_ok.as_deref(), &below("ok"))
                    .or_else(|| optional(error.as_deref(), found_error.as_deref(), &below("error")))
            }
            (Self::Tuple(a), Self::Tuple(b)) if a.len() == b.len() => {
                a.iter().zip(b).enumerate().find_map(|(index, (a, b))| a.difference(b, &below(&index.to_string())))
            }
            (Self::Record(a), Self::Record(b)) if same_names(a, b) => {
                a.iter().zip(b).find_map(|((name, a), (_, b))| a.difference(b, &below(name)))
            }
            (Self::Variant(a), Self::Variant(b)) if same_names(a, b) => {
                a.iter().zip(b).find_map(|((name, a), (_, b))| optional(a.as_ref(), b.as_ref(), &below(name)))
            }
            (a, b) if a == b => None,
            (a, b) => Some(Difference { at: at.to_owned(), expected: a.to_string(), found: b.to_string() }),
        }
    }
}

fn optional(expected: Option<&Shape>, found: Option<&Shape>, at: &str) -> Option<Difference> {
    match (expected, found) {
        (Some(expected), Some(found)) => expected.difference(found, at),
        (None, None) => None,
        (expected, found) => {
            let show = |shape: Option<&Shape>| shape.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            Some(Difference { at: at.to_owned(), expected: show(expected), found: show(found) })
        }
    }
}

fn same_names<T, U>(a: &[(String, T)], b: &[(String, U)]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((a, _), (b, _))| a == b)
}

impl fmt::Display for Shape {
    /// One level deep: enough to see what is different, short enough for a message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, kind: &str, names: &mut dyn Iterator<Item = &String>| {
            let names: Vec<&str> = names.map(String::as_str).collect();
            write!(f, "{kind} {{{}}}", names.join(", "))
        };
        match self {
            Self::Plain(name) => f.write_str(name),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Option(item) => write!(f, "option<{item}>"),
            Self::Result(..) => f.write_str("result"),
            Self::Tuple(items) => write!(f, "tuple of {}", items.len()),
            Self::Record(fields) => list(f, "record", &mut fields.iter().map(|(name, _)| name)),
            Self::Variant(cases) => list(f, "variant", &mut cases.iter().map(|(name, _)| name)),
            Self::Enum(labels) => list(f, "enum", &mut labels.iter()),
            Self::Flags(labels) => list(f, "flags", &mut labels.iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &str) -> Shape {
        Shape::Plain(name.to_owned())
    }

    fn record(fields: &[(&str, Shape)]) -> Shape {
        Shape::Record(fields.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect())
    }

    fn variant(cases: &[(&str, Option<Shape>)]) -> Shape {
        Shape::Variant(cases.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect())
    }

    #[test]
    fn the_first_difference_is_found_and_named() {
        let text = || plain("string");
        let ok = |shape: Shape| Shape::Result(Some(Box::new(shape)), None);
        for (expected, found, at, words) in [
            (text(), text(), "", ("", "")),
            (text(), plain("u32"), "result", ("string", "u32")),
            (ok(text()), ok(plain("bool")), "result.ok", ("string", "bool")),
            (ok(text()), Shape::Result(None, None), "result.ok", ("string", "nothing")),
            (Shape::List(Box::new(text())), text(), "result", ("list<string>", "string")),
            (record(&[("id", text())]), record(&[("id", plain("u64"))]), "result.id", ("string", "u64")),
            (record(&[("id", text())]), record(&[("name", text())]), "result", ("record {id}", "record {name}")),
            (variant(&[("other", Some(text()))]), variant(&[("other", None)]), "result.other", ("string", "nothing")),
            (
                Shape::Enum(vec!["a".into(), "b".into()]),
                Shape::Enum(vec!["b".into(), "a".into()]),
                "result",
                ("enum {a, b}", "enum {b, a}"),
            ),
        ] {
            let signature = |shape: Shape| FunctionSignature { params: Vec::new(), result: Some(shape) };
            let difference = signature(expected).difference(&signature(found));
            let seen = difference.as_ref().map_or(("", "", ""), |d| (&*d.at, &*d.expected, &*d.found));
            assert_eq!(seen, (at, words.0, words.1));
        }
    }

    #[test]
    fn parameters_are_compared_by_name_and_order() {
        let function = |names: &[&str]| FunctionSignature {
            params: names.iter().map(|name| ((*name).to_owned(), plain("string"))).collect(),
            result: None,
        };
        let difference = function(&["cursor", "limit"]).difference(&function(&["cursor"])).unwrap();
        assert_eq!((&*difference.expected, &*difference.found), ("(cursor, limit)", "(cursor)"));
    }
}
