//! What is no component of our world is refused before it is instantiated, in words.

use host_harness::{Host, LoadError, bundled_component};

use crate::guests::{self, Guest, contract_text, of_text};

fn host() -> Host {
    Host::builder().parallel_calls(2).build().unwrap()
}

/// The contract with something else in it, as a component.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let text = contract_text();
    assert!(text.contains(from), "the contract says {from:?}");
    of_text(&text.replace(from, to), "organisation-element")
}

#[test]
fn a_component_of_the_world_is_loaded() {
    let component = host().load(&Guest::default().build()).unwrap();
    assert_eq!(component.capabilities().into_iter().collect::<Vec<_>>(), ["directory", "element", "login"]);
    assert!(component.inspection().world.fits());
}

#[test]
fn other_bytes_are_refused_in_words() {
    let (resolve, world) = guests::contract();
    let good = Guest::default().build();
    let half = &good[..good.len() / 2];
    let mut broken = good.clone();
    let middle = broken.len() / 2;
    broken[middle..].fill(0xff);
    let module = guests::module(&resolve, world);
    let cases: [(&str, &[u8], &str); 6] = [
        ("core module", &module, "not a component: it is a core module"),
        ("empty", b"", "not a component: the file is empty"),
        ("text", b"(component)", "not a component: it is WebAssembly text"),
        ("random", &[0x17; 4096], "not a component: it does not begin like WebAssembly"),
        ("truncated", half, "the component is damaged"),
        ("broken", &broken, "the component is damaged"),
    ];
    let host = host();
    for (name, bytes, words) in cases {
        let message = host.load(bytes).unwrap_err().to_string();
        assert!(message.contains(words), "{name}: {message}");
    }
}

#[test]
fn another_world_is_refused_with_expected_and_found() {
    let empty = "package a:b; world w { export run: func(); }";
    let sockets = "import types;\n    import wasi:sockets/network@0.2.0;";
    let with_package = |from: &str, to: &str, package: &str| {
        let text = contract_text().replace(from, to);
        of_text(&format!("{text}\n{package}"), "organisation-element")
    };
    let network = "package wasi:sockets@0.2.0 { interface network { probe: func(); } }";
    let files = "package wasi:filesystem@0.2.0 { interface preopens { probe: func(); } }";
    for (name, component, words) in [
        (
            "another world",
            of_text(empty, "w"),
            vec!["expected the export lowcode:organisation/login@0.1.0, found none"],
        ),
        (
            "another version",
            of_text(&contract_text().replace("0.1.0", "0.2.0"), "organisation-element"),
            vec![
                "expected lowcode:organisation/login@0.1.0, found lowcode:organisation/login@0.2.0",
                "expected lowcode:organisation/http@0.1.0, found lowcode:organisation/http@0.2.0",
            ],
        ),
        (
            "missing interface",
            changed("@since(version = 0.1.0)\n    export login;", ""),
            vec!["expected the export lowcode:organisation/login@0.1.0, found none"],
        ),
        (
            "sockets",
            with_package("import types;", sockets, network),
            vec!["imports wasi:sockets/network@0.2.0, which this host does not provide"],
        ),
        (
            "file system",
            with_package("import types;", "import types;\n import wasi:filesystem/preopens@0.2.0;", files),
            vec!["imports wasi:filesystem/preopens@0.2.0"],
        ),
        (
            "a function of the world itself",
            changed("import types;", "import types;\n import shout: func();"),
            vec!["imports shout, which this host does not provide"],
        ),
        (
            "a missing function",
            changed("@since(version = 0.1.0)\n    acknowledge: func(cursor: string) -> result<_, error>;", ""),
            vec!["lowcode:organisation/directory@0.1.0 has no function acknowledge"],
        ),
        (
            "another type of a result",
            changed(
                "homepage-url: func(target: string) -> result<string, error>;",
                "homepage-url: func(target: string) -> result<u32, error>;",
            ),
            vec!["login@0.1.0.homepage-url, result.ok: expected string, found u32"],
        ),
        (
            "another field",
            changed("state-verified: bool,", "state-checked: bool,"),
            vec![
                "login@0.1.0.exchange-code, result.ok: expected record {outcome, return-to, state-verified, warnings}",
            ],
        ),
        (
            "an import with another type",
            changed("get: func() -> string;", "get: func() -> list<u8>;"),
            vec!["settings@0.1.0.get, result: expected string, found list<u8>"],
        ),
        (
            "an import that the host does not have",
            changed("get: func() -> string;", "get: func() -> string;\n put: func(text: string);"),
            vec!["settings@0.1.0 has no function put"],
        ),
    ] {
        let error = host().load(&component).unwrap_err();
        assert!(matches!(error, LoadError::World(_)), "{name}: {error}");
        let message = error.to_string();
        for words in words {
            assert!(message.contains(words), "{name}: {message}");
        }
    }
}

#[test]
fn a_component_that_offers_more_or_a_later_patch_is_loaded() {
    let more = changed("export login;", "export login;\n export extra: interface { run: func(); }");
    let patch = of_text(&contract_text().replace("0.1.0", "0.1.4"), "organisation-element");
    for component in [more, patch] {
        host().load(&component).unwrap();
    }
}

#[test]
fn what_does_not_fit_can_be_inspected() {
    let component = of_text("package a:b; world w { export run: func(); }", "w");
    let inspection = host().inspect(&component).unwrap();
    assert_eq!(inspection.world.exports, ["run"]);
    assert!(!inspection.world.fits());
    assert_eq!(inspection.size, component.len());
    let json = serde_json::to_value(&inspection).unwrap();
    assert_eq!(json["world"], "lowcode:organisation/organisation-element@0.1.0");
    assert_eq!(json["problems"][0]["kind"], "missing-export");
}

#[test]
fn the_bundled_component_is_a_component_of_this_world() {
    let world = host().inspect(bundled_component()).unwrap().world;
    assert!(world.fits(), "{:?}", world.problems);
}
