//! How much an embedder has to look through.

/// The most names in the root of the crate.
const MOST: usize = 60;

#[test]
fn the_root_of_the_crate_has_few_names() {
    let text = include_str!("../../src/lib.rs");
    let mut names = Vec::new();
    let mut rest = text;
    // Everything public stands at the beginning of a line; what a module holds does not.
    while let Some(at) = rest.find("\npub ") {
        let item = &rest[at + 5..];
        let end = item.find([';', '{']).unwrap();
        match item[..end].strip_prefix("mod ") {
            Some(name) => names.push(name.trim()),
            None => {
                let item = &item[..item.find(';').unwrap()];
                let listed = item.split_once('{').map_or(item, |(_, list)| list).trim_end_matches('}');
                names.extend(listed.split(',').map(str::trim).filter(|name| !name.is_empty()));
            }
        }
        rest = &rest[at + 5..];
    }
    assert!(names.contains(&"Element") && names.contains(&"settings"), "{names:?}");
    assert!(names.len() <= MOST, "{} names, at most {MOST}: {names:?}", names.len());
}
