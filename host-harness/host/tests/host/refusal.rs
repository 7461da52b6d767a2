//! What is no component of our world is refused before it is instantiated, in words.

use bundled_component::bundled_component;
use organisation_host::{
    ComponentFile, Digest, ElementError, Host, Limits, LoadError,
    trust::{Signature, TrustedKey},
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::{
    element::options,
    guests::{self, Guest, contract_text, of_text},
};

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
    let host = host();
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
        let error = host.load(&component).unwrap_err();
        assert!(matches!(error, LoadError::World(_)), "{name}: {error}");
        let message = error.to_string();
        for words in words {
            assert!(message.contains(words), "{name}: {message}");
        }
    }
}

#[test]
fn what_has_one_cause_stands_on_one_line() {
    let two = "import types;\n import wasi:filesystem/preopens@0.2.0;\n import wasi:filesystem/types@0.2.0;";
    let files =
        "package wasi:filesystem@0.2.0 { interface preopens { probe: func(); } interface types { probe: func(); } }";
    let text = format!("{}\n{files}", contract_text().replace("import types;", two));
    let acknowledge = "@since(version = 0.1.0)\n    acknowledge: func(cursor: string) -> result<_, error>;";
    let history = "@since(version = 0.1.0)\n    history: func() -> result<list<report>, error>;";
    let functions = contract_text().replace(acknowledge, "").replace(history, "");
    let host = host();
    for (name, component, words) in [
        (
            "imports",
            of_text(&text, "organisation-element"),
            vec!["imports wasi:filesystem/preopens@0.2.0, wasi:filesystem/types@0.2.0, which"],
        ),
        (
            "functions",
            of_text(&functions, "organisation-element"),
            vec!["has no function acknowledge, history; it has"],
        ),
        (
            "a record that all functions answer",
            changed("request-id: option<string>,", ""),
            vec![
                "directory@0.1.0.abandon, result.error, and ",
                " more places: expected record {reason, message, hint, vendor-code, retry-after-ms, request-id}, found",
            ],
        ),
    ] {
        let problems = host.inspect(&component).unwrap().world.problems;
        let [problem] = &problems[..] else { panic!("{name}: {problems:#?}") };
        for words in words {
            assert!(problem.to_string().contains(words), "{name}: {problem}");
        }
    }
}

#[test]
fn a_component_that_offers_more_or_a_later_patch_is_loaded() {
    let more = changed("export login;", "export login;\n export extra: interface { run: func(); }");
    let patch = of_text(&contract_text().replace("0.1.0", "0.1.4"), "organisation-element");
    let host = host();
    for component in [more, patch] {
        host.load(&component).unwrap();
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

/// A custom section is bytes behind a name: what stands in it changes nothing about what the component is.
#[test]
fn custom_sections_that_lie_change_nothing() {
    let section = |name: &str, content: &[u8]| {
        let mut body = vec![u8::try_from(name.len()).unwrap()];
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(content);
        let mut section = vec![0];
        // A length as WebAssembly writes it, seven bits at a time.
        let mut length = body.len();
        while length > 127 {
            section.push(u8::try_from(length & 127).unwrap() | 128);
            length >>= 7;
        }
        section.push(u8::try_from(length).unwrap());
        section.extend(body);
        section
    };
    let world = b"lowcode:organisation/organisation-element@9.9.9";
    let lies = [
        section("component-type", world),
        section("component-type:organisation-element", &[0xff; 300]),
        section("component-name", &[0xff; 40]),
        section("producers", b"\x01\x0cprocessed-by\xff"),
        section("lowcode:organisation", b"trust me"),
    ]
    .concat();
    let host = host();
    let honest = Guest::default().build();
    let liar = [&honest[..], &lies].concat();
    let loaded = host.load(&liar).unwrap();
    assert_eq!(loaded.inspection().world, host.load(&honest).unwrap().inspection().world);
    assert_eq!(loaded.digest(), Digest::of(&liar), "but it is another file");

    // They make no component of our world out of one of another, and hide no end that is missing.
    let other = of_text("package a:b; world w { export run: func(); }", "w");
    assert!(matches!(host.load(&[&other[..], &lies].concat()), Err(LoadError::World(_))));
    let torn = section("component-type", &[0; 300]);
    let error = host.load(&[&honest[..], &torn[..200]].concat()).unwrap_err();
    assert!(matches!(error, LoadError::Invalid(_)), "{error}");
}

#[test]
fn a_pin_refuses_another_component_with_both_digests() {
    let host = host();
    let component = host.load(&Guest::default().build()).unwrap();
    let pinned = |digest: Digest| {
        let options = options(Limits::default()).component_digest(Some(digest));
        host.element(&component, options)
    };
    pinned(component.digest()).unwrap();
    let other = Digest::of(b"another file");
    let error = pinned(other).unwrap_err();
    assert!(
        matches!(error, ElementError::Digest { expected, found, .. } if expected == other && found == component.digest())
    );
    let message = error.to_string();
    for part in ["acme", "organisation", &other.to_string(), &component.digest().to_string()] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn where_keys_are_trusted_what_they_have_not_signed_is_refused() {
    let pair = |seed: u8| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let key = |seed: u8| TrustedKey::parse(pair(seed).public_key().as_ref()).unwrap();
    let component = Guest::default().build();
    let file = |signer: Option<u8>, signed: &[u8]| {
        let file = ComponentFile::of(component.clone());
        match signer {
            Some(seed) => file.signed(Signature::parse(pair(seed).sign(signed).as_ref()).unwrap()),
            None => file,
        }
    };
    let host = |keys: &[u8]| {
        Host::builder().parallel_calls(1).trusted_keys(keys.iter().map(|seed| key(*seed))).build().unwrap()
    };
    for (name, keys, file, refusal) in [
        ("no keys, unsigned", &[][..], file(None, b""), None),
        ("no keys, signed by anybody", &[], file(Some(1), b"something else"), None),
        ("signed", &[1], file(Some(1), &component), None),
        ("signed by the second", &[1, 2], file(Some(2), &component), None),
        ("unsigned", &[1], file(None, b""), Some("is not signed")),
        ("signed by somebody", &[1, 2], file(Some(3), &component), Some("is of none of the 2 trusted keys")),
        ("a signature of another file", &[1], file(Some(1), b"another"), Some("or of another file")),
    ] {
        match (host(keys).load_file(&file), refusal) {
            (Ok(_), None) => {}
            (Err(error @ (LoadError::Unsigned(_) | LoadError::Untrusted { .. })), Some(words)) => {
                let message = error.to_string();
                assert!(message.contains(words), "{name}: {message}");
                assert!(message.contains(&Digest::of(&component).to_string()), "{name}: {message}");
            }
            (found, expected) => panic!("{name}: {expected:?}, found {:?}", found.map(drop)),
        }
    }
    // Bytes that come without any file.
    let host = host(&[1]);
    assert!(matches!(host.load(&component), Err(LoadError::Unsigned(_))));
    // What is part of the program is trusted like it, where it was said to be; the same bytes from elsewhere are not.
    assert!(matches!(host.load(bundled_component()), Err(LoadError::Unsigned(_))));
    let host = Host::builder().parallel_calls(1).trusted_keys([key(1)]).bundled(bundled_component()).build().unwrap();
    host.load(bundled_component()).unwrap();
    let elsewhere = bundled_component().to_vec();
    assert!(matches!(host.load(&elsewhere), Err(LoadError::Unsigned(_))));
}
