//! `inspect`, `describe`, and components that misbehave.

use crate::{
    bed::{Bed, program, run},
    guests::Guest,
};

#[test]
fn the_component_of_the_program_fits() {
    let home = tempfile::tempdir().unwrap();
    let seen = run(program(home.path(), &["inspect", "--format", "json"])).exits(0);
    assert_eq!(seen["digest"].as_str().unwrap().len(), 64);
    assert_eq!(seen["size"], host_harness::bundled_component().len());
    assert_eq!(seen["world"], "lowcode:organisation/organisation-element@0.1.0");
    let list = |key: &str| -> Vec<String> { serde_json::from_value(seen[key].clone()).unwrap() };
    assert!(list("imports").contains(&"lowcode:organisation/http@0.1.0".to_owned()));
    for interface in ["element", "login", "directory"] {
        assert!(list("exports").contains(&format!("lowcode:organisation/{interface}@0.1.0")), "{interface}");
    }
    assert!(!list("imports").iter().any(|name| name.contains("sockets") || name.contains("filesystem")));
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
