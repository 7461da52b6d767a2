//! The contract keeps its own rules, and the component that is built is exactly what the contract says.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bundled_component::bundled_component;
use organisation_host::Host;
use organisation_kit::vendor::Vendor as _;
use wecom_organisation::WeCom;
use wit_parser::{
    Docs, Function, FunctionKind, Interface, Package, Resolve, Stability, Type, TypeDef, TypeDefKind, WorldItem,
};

const PACKAGE: &str = "lowcode:organisation@0.1.0";

/// The WIT files, parsed.
fn contract() -> (Resolve, Package) {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let (package, _) = resolve.push_dir(wit).expect("the WIT files are valid");
    let package = resolve.packages[package].clone();
    (resolve, package)
}

/// Something in the contract that has a name, a version and a comment.
struct Item<'a> {
    name: String,
    stability: &'a Stability,
    docs: &'a Docs,
}

fn items<'a>(resolve: &'a Resolve, package: &Package) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for (name, id) in &package.interfaces {
        let Interface { stability, docs, functions, types, .. } = &resolve.interfaces[*id];
        items.push(Item { name: name.clone(), stability, docs });
        for (function, Function { stability, docs, .. }) in functions {
            items.push(Item { name: format!("{name}.{function}"), stability, docs });
        }
        for (of, id) in types {
            let TypeDef { stability, docs, kind, .. } = &resolve.types[*id];
            // `use types.{error}` makes an alias here; its home is where it is defined.
            if !matches!(kind, TypeDefKind::Type(Type::Id(_))) {
                items.push(Item { name: format!("{name}.{of}"), stability, docs });
            }
        }
    }
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        items.push(Item { name: name.clone(), stability: &world.stability, docs: &world.docs });
    }
    items
}

#[test]
fn the_package_has_its_name_and_version() {
    assert_eq!(contract().1.name.to_string(), PACKAGE);
}

#[test]
fn every_item_says_since_when_it_is_there() {
    let (resolve, package) = contract();
    let mut missing: Vec<String> = items(&resolve, &package)
        .into_iter()
        .filter(|item| !matches!(item.stability, Stability::Stable { deprecated: None, .. }))
        .map(|item| item.name)
        .collect();
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        for (key, item) in world.imports.iter().chain(&world.exports) {
            let stability = match item {
                WorldItem::Interface { stability, .. } => stability,
                WorldItem::Function(function) => &function.stability,
                WorldItem::Type { id, .. } => &resolve.types[*id].stability,
            };
            if !matches!(stability, Stability::Stable { .. }) {
                missing.push(format!("{name} {}", resolve.name_world_key(key)));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "without @since");
}

#[test]
fn every_item_has_a_comment() {
    let (resolve, package) = contract();
    let silent: Vec<String> = items(&resolve, &package)
        .into_iter()
        .filter(|item| item.docs.contents.as_ref().is_none_or(|text| text.trim().is_empty()))
        .map(|item| item.name)
        .collect();
    assert_eq!(silent, Vec::<String>::new(), "without a doc comment");
}

#[test]
fn a_host_in_any_language_can_serve_it() {
    let (resolve, package) = contract();
    for id in package.interfaces.values() {
        for (name, function) in &resolve.interfaces[*id].functions {
            assert!(matches!(function.kind, FunctionKind::Freestanding), "{name} is a plain, synchronous function");
        }
    }
    for (_, of) in &resolve.types {
        let kind = &of.kind;
        let plain = !matches!(
            kind,
            TypeDefKind::Resource
                | TypeDefKind::Handle(_)
                | TypeDefKind::Future(_)
                | TypeDefKind::Stream(_)
                | TypeDefKind::Map(..)
                | TypeDefKind::FixedLengthList(..)
                | TypeDefKind::Flags(_)
        );
        assert!(plain, "{:?} is a {}", of.name, kind.as_str());
    }
}

#[test]
fn there_is_one_error_and_it_is_imported_only() {
    let (resolve, package) = contract();
    for (name, id) in &package.worlds {
        let exports: Vec<String> = resolve.worlds[*id].exports.keys().map(|key| resolve.name_world_key(key)).collect();
        assert!(!exports.iter().any(|export| export.contains("/types@")), "{name} exports {exports:?}");
    }
    let defined = package.interfaces.values().filter(|id| {
        let error = resolve.interfaces[**id].types.get("error");
        error.is_some_and(|id| matches!(resolve.types[*id].kind, TypeDefKind::Record(_)))
    });
    assert_eq!(defined.count(), 1);
}

#[test]
fn the_component_is_exactly_its_world_and_what_std_brings() {
    let host = Host::builder().parallel_calls(1).build().unwrap();
    let world = host.inspect(bundled_component()).unwrap().world;
    assert!(world.fits(), "{:?}", world.problems);

    let own = |names: &[String]| -> BTreeSet<String> {
        let own = names.iter().filter_map(|name| name.strip_prefix("lowcode:organisation/"));
        own.map(str::to_owned).collect()
    };
    let named = |names: &[&str]| names.iter().map(|name| format!("{name}@0.1.0")).collect::<BTreeSet<_>>();
    let further = WeCom::element().further;
    let audit: &[&str] = if further.contains(&"administration") { &["audit"] } else { &[] };
    let imports = [&["call", "http", "log", "settings", "storage", "types"][..], audit].concat();
    assert_eq!(own(&world.imports), named(&imports), "the trail is imported by whoever decides something");
    assert_eq!(own(&world.exports), named(&[&["directory", "element", "login"][..], further].concat()));
    assert_eq!(own(&world.exports).len(), world.exports.len(), "nothing else is exported: {:?}", world.exports);

    let foreign: BTreeSet<&str> = world
        .imports
        .iter()
        .filter(|name| !name.starts_with("lowcode:organisation/"))
        .filter_map(|name| name.split_once('/').map(|(package, _)| package))
        .collect();
    let lent = BTreeSet::from(["wasi:cli", "wasi:clocks", "wasi:io", "wasi:random"]);
    assert!(foreign.is_subset(&lent), "{foreign:?}");
}

#[test]
fn an_element_names_every_function_that_works() {
    let (resolve, package) = contract();
    let exported: BTreeSet<String> = ["element", "login", "directory"]
        .iter()
        .chain(WeCom::element().further)
        .flat_map(|name| {
            let functions = &resolve.interfaces[package.interfaces[*name]].functions;
            functions.keys().map(move |function| format!("{name}.{function}"))
        })
        .collect();
    let named: BTreeSet<String> = WeCom::element().describe("en").capabilities.into_iter().collect();
    assert_eq!(named, exported);
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_kit_names_no_vendor() {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin/kit");
    let names = ["wecom", "wechat", "weixin", "qyapi", "wxwork", "微信", "企微", "rollcall"];
    let sources = files(&kit);
    assert!(sources.len() > 50, "only {sources:?}");
    let mut found = Vec::new();
    for path in sources {
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        found.extend(
            names.iter().filter(|name| text.contains(**name)).map(|name| format!("{name} in {}", path.display())),
        );
    }
    assert_eq!(found, Vec::<String>::new());
}
