//! `inspect`, `describe`, and components that misbehave.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_host::Digest;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::{
    bed::{Bed, program, run},
    guests::Guest,
};

#[test]
fn the_component_of_the_program_fits() {
    let home = tempfile::tempdir().unwrap();
    let seen = run(program(home.path(), &["inspect", "--format", "json"])).exits(0);
    assert_eq!(seen["digest"].as_str().unwrap().len(), 64);
    assert_eq!(seen["size"], bundled_component::bundled_component().len());
    assert_eq!(seen["world"], "lowcode:organisation/organisation-element@0.1.0");
    let list = |key: &str| -> Vec<String> { serde_json::from_value(seen[key].clone()).unwrap() };
    assert!(list("imports").contains(&"lowcode:organisation/http@0.1.0".to_owned()));
    for interface in ["element", "login", "directory"] {
        assert!(list("exports").contains(&format!("lowcode:organisation/{interface}@0.1.0")), "{interface}");
    }
    assert!(!list("imports").iter().any(|name| name.contains("sockets") || name.contains("filesystem")));
}

/// Registries of components read these custom sections.
#[test]
fn the_component_of_the_program_says_what_it_is() {
    let component = bundled_component::bundled_component();
    let section = |text: &str| component.windows(text.len()).any(|window| window == text.as_bytes());
    for text in
        ["\u{8}licensesMIT OR Apache-2.0", "\u{7}version0.1.0", "\u{b}descriptionThe WeCom organisation element"]
    {
        assert!(section(text), "{text:?}");
    }
}

#[test]
fn any_file_is_looked_at() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    for (content, words) in
        [(&b"hello"[..], "does not begin like WebAssembly"), (b"", "empty"), (b"\0asm\x01\0\0\0", "core module")]
    {
        std::fs::write(&file, content).unwrap();
        let arguments = ["inspect", "--format", "json", "--component", file.to_str().unwrap()];
        let seen = run(program(home.path(), &arguments)).exits(1);
        assert_eq!((&seen["fits"], &seen["size"]), (&false.into(), &content.len().into()));
        assert!(seen["problems"][0].as_str().unwrap().contains(words), "{seen}");

        let error = run(program(home.path(), &["describe", "--format=json", arguments[3], arguments[4]]));
        error.fails(2, "component");
    }
}

/// 100 MB that take no room on the disk; nothing of them is read.
#[test]
fn a_file_larger_than_any_component_is_not_read() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("large.wasm");
    std::fs::File::create(&file).unwrap().set_len(100_000_000).unwrap();
    let arguments = ["inspect", "--format", "json", "--component", file.to_str().unwrap()];
    let seen = run(program(home.path(), &arguments)).exits(1);
    assert_eq!((&seen["size"], &seen["digest"]), (&100_000_000.into(), &serde_json::Value::Null));
    assert!(seen["problems"][0].as_str().unwrap().contains("at most 33554432 are loaded"), "{seen}");
    run(program(home.path(), &["describe", "--format=json", arguments[3], arguments[4]])).fails(2, "component");
}

#[test]
fn a_pinned_digest_refuses_every_other_component() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("element.wasm");
    let component = Guest::default().build();
    std::fs::write(&file, &component).unwrap();
    let (own, other) = (Digest::of(&component).to_string(), Digest::of(b"another").to_string());
    let command = |command: &str, digest: &str| {
        let pin = format!("--component-digest={digest}");
        let arguments = [command, "--format=json", &pin, "--component", file.to_str().unwrap()];
        run(program(home.path(), &arguments))
    };
    for digest in [&own, &format!("sha256:{own}")] {
        command("inspect", digest).exits(0);
        command("describe", digest).exits(0);
    }
    let error = command("describe", &other).fails(2, "component");
    let seen = command("inspect", &other).exits(1);
    assert_eq!(seen["digest"], *own);
    for text in [error["message"].as_str().unwrap(), seen["problems"][0].as_str().unwrap()] {
        assert!(text.contains(&own) && text.contains(&other), "{text}");
    }
    command("describe", "sha256:12").fails(2, "usage");
}

#[test]
fn where_keys_are_trusted_a_component_must_be_signed() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let pair = |seed: u8| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let (file, key) = (path("element.wasm"), path("trusted.pem"));
    let component = Guest::default().build();
    std::fs::write(&file, &component).unwrap();
    // As `openssl pkey -pubout` writes it.
    let der = [&b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"[..], pair(1).public_key().as_ref()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
    std::fs::write(&key, pem).unwrap();

    let command =
        |arguments: &[&str]| run(program(home.path(), &[&["--format=json", "--component", &file], arguments].concat()));
    let trusting = ["--trusted-key", &key];
    let signature = |seed: u8| pair(seed).sign(&component).as_ref().to_vec();
    let base64 = format!("{}\n", STANDARD.encode(signature(1))).into_bytes();
    for (name, signed, verdict, exit) in [
        ("unsigned", None, "missing", 1),
        ("signed", Some(signature(1)), "valid", 0),
        ("signed, as text", Some(base64), "valid", 0),
        ("signed by somebody", Some(signature(2)), "untrusted", 1),
    ] {
        if let Some(signed) = signed {
            std::fs::write(path("element.wasm.sig"), signed).unwrap();
        }
        let seen = command(&["inspect", trusting[0], trusting[1]]).exits(exit);
        assert_eq!((&seen["signature"], &seen["fits"]), (&verdict.into(), &(exit == 0).into()), "{name}");
        let described = command(&["describe", trusting[0], trusting[1]]);
        if exit == 0 {
            described.exits(0);
        } else {
            described.fails(2, "component");
        }
    }
    assert_eq!(command(&["inspect"]).exits(0)["signature"], "unchecked");
    std::fs::write(path("element.wasm.sig"), "no signature").unwrap();
    assert!(command(&["inspect"]).fails(2, "component")["message"].as_str().unwrap().contains("64 bytes"));

    // The program's own needs no signature; a private key is no key to trust.
    run(program(home.path(), &["describe", "--format=json", trusting[0], trusting[1]])).exits(0);
    std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\n").unwrap();
    let error = command(&["describe", trusting[0], trusting[1]]).fails(2, "usage");
    assert!(error["message"].as_str().unwrap().contains("private key"), "{error}");
}

#[test]
fn an_element_describes_itself_in_two_languages() {
    let home = tempfile::tempdir().unwrap();
    let described =
        |locale: &str| run(program(home.path(), &["describe", "--locale", locale, "--format", "json"])).exits(0);
    let (zh, en) = (described("zh"), described("en"));
    assert_eq!((&zh["id"], &zh["version"]), (&en["id"], &en["version"]));
    assert_ne!(zh["title"], en["title"]);
    let secret = en["fields"].as_array().unwrap().iter().find(|field| field["key"] == "secret").unwrap();
    assert_eq!((&secret["required"], &secret["secret"]), (&true.into(), &true.into()));
    for key in ["label", "help", "pattern", "default", "where_to_find"] {
        assert!(secret.get(key).is_some(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_stopped_ends_with_3() {
    let bed = Bed::new().await;
    let file = bed.home().join("guest.wasm");
    // The first breaks off. The second asks for 4 GiB of memory, which no limit allows, and breaks off when it is refused.
    let grow = "i32.const 65535\n memory.grow\n i32.const -1\n i32.eq\n if\n unreachable\n end\n i32.const 0";
    let guest =
        Guest::default().with("directory@0.1.0#overview", "unreachable").with("directory@0.1.0#acknowledge", grow);
    std::fs::write(&file, guest.build()).unwrap();
    for (command, reason) in [(&["overview"][..], "trap"), (&["acknowledge", "x"], "limit")] {
        let arguments: Vec<&str> = ["--component", file.to_str().unwrap()].iter().chain(command).copied().collect();
        let error = bed.run(&arguments).fails(3, reason);
        assert!(error["message"].as_str().unwrap().contains("directory."), "{error}");
    }
}

#[test]
fn a_panic_is_told_in_its_own_words() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("guest.wasm");
    std::fs::write(&file, Guest::default().panics("element@0.1.0#describe", b"at a.rs:1:2:\nmoon").build()).unwrap();
    let describe = |format: &str| {
        let arguments = ["describe", "--report", "--format", format, "--component", file.to_str().unwrap()];
        run(program(home.path(), &arguments))
    };
    let words = r"it wrote: at a.rs:1:2:\nmoon";
    let told = describe("json");
    assert!(told.fails(3, "trap")["message"].as_str().unwrap().ends_with(words), "{}", told.stderr);
    let report = told.stderr.lines().find(|line| line.starts_with('{')).unwrap();
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    assert_eq!(report["output"], r"at a.rs:1:2:\nmoon");
    let text = describe("text").stderr;
    assert!(text.contains("error (trap): ") && text.contains(words), "{text}");
}

/// Only where the next call may end otherwise is anybody asked to call again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_limit_leaves_to_do_depends_on_the_function() {
    let bed = Bed::new().await;
    let file = bed.home().join("guest.wasm");
    let grow = "i32.const 65535\n memory.grow\n i32.const -1\n i32.eq\n if\n unreachable\n end\n i32.const 0";
    for (export, command, words) in [
        ("element@0.1.0#describe", "describe", "every call ends like this"),
        ("element@0.1.0#validate-config", "validate", "every call ends like this"),
        ("directory@0.1.0#advance", "sync", "the run goes on where it was"),
        ("directory@0.1.0#overview", "overview", "the next call begins anew"),
    ] {
        std::fs::write(&file, Guest::default().with(export, grow).build()).unwrap();
        let error = bed.run(&["--component", file.to_str().unwrap(), command]).fails(3, "limit");
        assert!(error["hint"].as_str().unwrap().contains(words), "{command}: {error}");
        let message = error["message"].as_str().unwrap();
        let is_alone = matches!(command, "describe" | "validate");
        assert_eq!(message.contains("of element org of tenant default"), !is_alone, "{command}: {message}");
        assert!(!message.contains("none"), "{command}: {message}");
    }
}

/// A component whose lists go round: every page is empty and its cursor is `round`.
fn going_round() -> Guest {
    let word = |number: u32| number.to_le_bytes().map(|byte| format!("\\{byte:02x}")).concat();
    let words = |numbers: &[u32]| numbers.iter().map(|number| word(*number)).collect::<String>();
    // Each is `ok` and a page: records, then a cursor that is there; the plan's names its run first, the feed's says at
    // its end that more follows.
    let pages = [
        (1024, words(&[0, 0, 0, 0, 1, 2048, 5])),
        (1152, words(&[0, 0, 0, 0, 0, 0, 1, 2048, 5])),
        (1280, words(&[0, 0, 0, 0, 2048, 5, 1])),
    ];
    let data: String = pages.iter().map(|(at, page)| format!("(data (i32.const {at}) \"{page}\")")).collect();
    Guest::default()
        .items(&format!("(data (i32.const 2048) \"round\") {data}"))
        .with("directory@0.1.0#members", "i32.const 1024")
        .with("directory@0.1.0#departments", "i32.const 1024")
        .with("directory@0.1.0#plan", "i32.const 1152")
        .with("directory@0.1.0#changes", "i32.const 1280")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_goes_round_ends_a_command() {
    let bed = Bed::new().await;
    let file = bed.home().join("guest.wasm");
    std::fs::write(&file, going_round().build()).unwrap();
    let ended = |command: &[&str]| bed.run(&[&["--component", file.to_str().unwrap()], command].concat());
    for (command, function) in [
        (&["members"][..], "directory.members"),
        (&["departments", "--roots"], "directory.departments"),
        (&["plan"], "directory.plan"),
        (&["changes", "--after", "round"], "directory.changes"),
    ] {
        let error = ended(command).fails(1, "broken-promise");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(function) && message.contains("none comes twice"), "{message}");
    }
    assert_eq!(ended(&["changes"]).exits(0)["cursor"], "round", "one page of the feed is no list");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_go_to_standard_error() {
    let bed = Bed::new().await;
    let ended = bed.run(&["check", "--report"]);
    ended.exits(0);
    let reports: Vec<serde_json::Value> =
        ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), 1, "{}", ended.stderr);
    assert_eq!(reports[0]["function"], "element.check-connection");
    assert_eq!(reports[0]["outcome"]["kind"], "answered");
    assert!(reports[0]["http"]["requests"].as_u64().unwrap() > 0);
    assert!(!ended.stderr.contains("access_token="), "{}", ended.stderr);
}
