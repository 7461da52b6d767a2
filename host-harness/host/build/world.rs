//! Reads the expected world from the WIT files, so that the contract is written once.

use std::{collections::BTreeMap, path::Path};

use wit_parser::{Function, InterfaceId, Resolve, Stability, Type, TypeDefKind, TypeId, WorldItem};

use crate::shape::{FunctionSignature, Interface, Shape, World};

/// The worlds of these names as JSON of one: what a component must have is in the first, what it may have in the second, which
/// includes the first.
pub fn read(wit: &Path, base: &str, full: &str) -> Result<String, String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).map_err(|error| format!("{}: {error:?}", wit.display()))?;
    let select =
        |name| resolve.select_world(&[package], Some(name)).map_err(|error| format!("{}: {error:?}", wit.display()));
    let (needed, all) = (&resolve.worlds[select(base)?], &resolve.worlds[select(full)?]);
    let version =
        resolve.packages[package].name.version.as_ref().ok_or("the package of the contract has no version")?;
    let needed = interfaces(&resolve, needed.exports.values())?;
    let exports = interfaces(&resolve, all.exports.values())?;
    let read = World {
        name: resolve.packages[package].name.interface_id(base),
        version: version.to_string(),
        imports: interfaces(&resolve, all.imports.values())?,
        optional: exports.keys().filter(|name| !needed.contains_key(*name)).cloned().collect(),
        exports,
        since: since(&resolve, all.exports.values())?,
    };
    serde_json::to_string(&read).map_err(|error| format!("cannot write the contract as JSON: {error}"))
}

fn interfaces<'a>(
    resolve: &Resolve,
    items: impl Iterator<Item = &'a WorldItem>,
) -> Result<BTreeMap<String, Interface>, String> {
    let mut interfaces = BTreeMap::new();
    for item in items {
        let WorldItem::Interface { id, .. } = item else {
            return Err("the contract's worlds are made of interfaces only".to_owned());
        };
        let name = full_name(resolve, *id)?;
        let functions = resolve.interfaces[*id].functions.iter();
        interfaces.insert(name, functions.map(|(name, f)| (name.clone(), signature(resolve, f))).collect());
    }
    Ok(interfaces)
}

fn since<'a>(
    resolve: &Resolve,
    items: impl Iterator<Item = &'a WorldItem>,
) -> Result<BTreeMap<String, String>, String> {
    let mut since = BTreeMap::new();
    for item in items {
        let WorldItem::Interface { id, .. } = item else { continue };
        let name = full_name(resolve, *id)?;
        let mut note = |name: String, stability: &Stability| match stability {
            Stability::Stable { since: version, .. } => Ok(since.insert(name, version.to_string())),
            _ => Err(format!("{name} does not say since when it is there")),
        };
        let interface = &resolve.interfaces[*id];
        for function in interface.functions.values() {
            note(format!("{name}.{}", function.name), &function.stability)?;
        }
        note(name, &interface.stability)?;
    }
    Ok(since)
}

fn full_name(resolve: &Resolve, id: InterfaceId) -> Result<String, String> {
    let interface = &resolve.interfaces[id];
    let (Some(package), Some(name)) = (interface.package, &interface.name) else {
        return Err("every interface of the contract has a name".to_owned());
    };
    let package = &resolve.packages[package].name;
    Ok(format!("{}:{}/{name}", package.namespace, package.name))
}

fn signature(resolve: &Resolve, function: &Function) -> FunctionSignature {
    FunctionSignature {
        params: function.params.iter().map(|param| (param.name.clone(), shape(resolve, &param.ty))).collect(),
        result: function.result.as_ref().map(|result| shape(resolve, result)),
    }
}

fn shape(resolve: &Resolve, of: &Type) -> Shape {
    let plain = |name: &str| Shape::Plain(name.to_owned());
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
        Type::F32 => plain("f32"),
        Type::F64 => plain("f64"),
        Type::Char => plain("char"),
        Type::String => plain("string"),
        Type::ErrorContext => plain("error-context"),
        Type::Id(id) => defined(resolve, *id),
    }
}

fn defined(resolve: &Resolve, id: TypeId) -> Shape {
    let of = |of: &Type| shape(resolve, of);
    let boxed = |of: &Option<Type>| of.as_ref().map(|of| Box::new(shape(resolve, of)));
    match &resolve.types[id].kind {
        TypeDefKind::Type(alias) => of(alias),
        TypeDefKind::List(item) => Shape::List(Box::new(of(item))),
        TypeDefKind::Option(item) => Shape::Option(Box::new(of(item))),
        TypeDefKind::Result(result) => Shape::Result(boxed(&result.ok), boxed(&result.err)),
        TypeDefKind::Tuple(tuple) => Shape::Tuple(tuple.types.iter().map(of).collect()),
        TypeDefKind::Record(record) => {
            Shape::Record(record.fields.iter().map(|field| (field.name.clone(), of(&field.ty))).collect())
        }
        TypeDefKind::Variant(variant) => {
            Shape::Variant(variant.cases.iter().map(|case| (case.name.clone(), case.ty.as_ref().map(of))).collect())
        }
        TypeDefKind::Enum(labels) => Shape::Enum(labels.cases.iter().map(|case| case.name.clone()).collect()),
        TypeDefKind::Flags(flags) => Shape::Flags(flags.flags.iter().map(|flag| flag.name.clone()).collect()),
        // The contract promises to use none of these; should it ever, nothing found equals this text.
        other => Shape::Plain(other.as_str().to_owned()),
    }
}
