//! Command lines that cannot be carried out: what is wrong is said where the reader looks for it.

use crate::bed::{Bed, program, run};

#[test]
fn what_cannot_be_understood_is_a_usage_error_in_the_format_asked_for() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&[][..], "no command"),
        (&["nonsense"], "nonsense"),
        (&["chek"], "check"),
        (&["changes", "--limit", "0"], "0"),
        (&["changes", "--limit", "-1"], "-1"),
        (&["acknowledge"], "CURSOR"),
        (&["login-url"], "--entry"),
        (&["login-url", "--entry", "door"], "workspace-consent"),
        (&["sync", "--watch", "soon"], "no duration"),
        (&["sync", "--watch", "10ms"], "shortest"),
        (&["sync", "--strategy", "magic"], "export"),
        (&["members", "--status", "gone"], "left-range"),
        (&["members", "--below", "2", "--department", "2"], "--department"),
        (&["departments", "--parent", "2", "--roots"], "--roots"),
        (&["plan", "--limit", "0"], "0"),
        (&["sync", "--history", "--dry-run"], "--dry-run"),
        (&["sync", "--history", "--strategy", "walk"], "--strategy"),
        (&["sync", "--watch", "1h", "--history"], "--history"),
        (&["tenant"], "export"),
        (&["tenant", "export"], "FILE"),
        (&["check"], "needs an element"),
        (&["sync"], "needs an element"),
        (&["validate"], "needs an element"),
        (&["homepage-url", "app.example.com/desk"], "write https://app.example.com/desk"),
        (&["homepage-url", "https%3A%2F%2Fapp.example.com%2Fdesk"], "write it plainly: https://app.example.com/desk"),
        (&["login-url", "--entry", "browser", "--redirect-uri", "app.example.com"], "write https://app.example.com"),
        (&["login-url", "--entry", "browser", "--return-to", "%2Fdesk%3Fa%3D1"], "write it plainly: /desk?a=1"),
        (&["serve", "--public-url", "app.example.com"], "write https://app.example.com"),
        (&["serve", "--public-url", "https%3A%2F%2Fapp.example.com"], "write it plainly: https://app.example.com"),
        (&["serve", "--listen", "localhost:7070"], "write 127.0.0.1:7070"),
        (&["simulate", "--listen", ":7080"], "write 127.0.0.1:7080"),
    ] {
        let json: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        let error = run(program(home.path(), &json)).fails(2, "usage");
        assert!(error.to_string().contains(words), "{arguments:?}: {error}");

        let text = run(program(home.path(), arguments));
        assert_eq!((text.code, &*text.stdout), (2, ""), "{arguments:?}: {}", text.stderr);
        assert!(!text.stderr.is_empty());
    }
}

#[test]
fn without_an_element_the_next_step_is_named() {
    let home = tempfile::tempdir().unwrap();
    let error = run(program(home.path(), &["--format=json", "check"])).fails(2, "usage");
    let hint = error["hint"].as_str().unwrap();
    for words in ["--element DIR", "e.json", "org-harness simulate"] {
        assert!(hint.contains(words), "{hint}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["sync", "--help"], &["--version"]] {
        let ended = run(program(home.path(), arguments));
        assert_eq!((ended.code, &*ended.stderr), (0, ""), "{arguments:?}");
        assert!(!ended.stdout.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_name_what_is_not_usable() {
    let bed = Bed::new().await;
    let element = bed.home().join("org");
    let element = element.to_str().unwrap();
    let not_a_database = bed.home().join("text");
    std::fs::write(&not_a_database, "no database, but long enough to look at".repeat(20)).unwrap();
    let sqlite = format!("sqlite:{}", not_a_database.display());
    for (arguments, reason, words) in [
        (&["--element", "/nowhere", "check"][..], "invalid-config", "/nowhere is not an element folder"),
        (&["--element", element, "--storage", "postgres://me:hidden@db/x", "overview"], "usage", "needs the key"),
        (&["--element", element, "--storage", "mongodb:x", "overview"], "storage", "mongodb"),
        (
            &["--element", element, "--storage", "/var/lib/org.db", "overview"],
            "storage",
            "write sqlite:/var/lib/org.db",
        ),
        (&["--element", element, "--storage", "me:hidden@db/x", "overview"], "storage", "write postgres:// before it"),
        (&["--element", element, "--storage", "sqlite:", "overview"], "storage", "path"),
        (&["--element", element, "--storage", &sqlite, "overview"], "storage", "text"),
        (&["--element", element, "--allow-host", "http://a/b", "overview"], "usage", "http://a/b"),
        (
            &["--element", element, "--allow-host", "https%3A%2F%2Fapi.example.com%2F", "overview"],
            "usage",
            "percent-encoded; write https://api.example.com",
        ),
        (&["--element", element, "--component", "missing.wasm", "overview"], "file", "missing.wasm"),
        (&["--element", element, "--component", element, "overview"], "file", "org"),
        (&["--element", element, "--tenant", "", "overview"], "invalid-name", "tenant"),
        (&["--element", element, "--env", "ORG_HARNESS_UNSET", "check"], "invalid-config", "ORG_HARNESS_UNSET"),
    ] {
        let arguments: Vec<&str> = ["--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
        let error = bed.run_plain(&arguments).fails(2, reason);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words) && !message.contains("hidden"), "{arguments:?}: {message}");
    }
}

/// What follows an option, or stands where an id, a cursor or an address is expected, reaches the component whatever it
/// begins with.
#[tokio::test(flavor = "multi_thread")]
async fn values_that_begin_with_a_hyphen_are_values() {
    let bed = Bed::new().await;
    bed.run(&["sync"]).exits(0);
    for (arguments, reason) in [
        (&["exchange", "--code", "-gIW5", "--state", "x"][..], "login-rejected"),
        (&["exchange", "--state", "x", "--code", "--gIW5", "--browser-binding", "-b"], "login-rejected"),
        (&["exchange", "--code", "-gIW5", "--state", "-x"], "invalid-argument"),
        (&["login-url", "--entry", "browser", "--return-to", "-x"], "invalid-argument"),
        (&["login-url", "--redirect-uri", "-x", "--entry", "browser"], "invalid-argument"),
        (&["homepage-url", "-x"], "invalid-argument"),
        (&["changes", "--after", "-_8"], "invalid-argument"),
        (&["acknowledge", "-_8"], "invalid-argument"),
        (&["member", "-zhangsan"], "not-found"),
        (&["member", "--refresh", "-zhangsan"], "not-found"),
        (&["department", "-1"], "not-found"),
    ] {
        bed.run(arguments).fails(1, reason);
    }
    assert_eq!(bed.run(&["members", "--department", "-1"]).exits(0), serde_json::json!([]));
    assert_eq!(
        bed.run(&["members", "--below", "-1", "--search", "-x", "--role", "-y"]).exits(0),
        serde_json::json!([])
    );
    assert_eq!(bed.run(&["departments", "--parent", "-1", "--search", "-x"]).exits(0), serde_json::json!([]));
    assert_eq!(bed.run(&["members", "--tenant", "-acme"]).exits(0), serde_json::json!([]));
    bed.run(&["login-url", "--entry", "browser", "--browser-binding", "-b"]).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_encoded_twice_is_warned_of() {
    let bed = Bed::new().await;
    for (query, warned) in [("https%253A%252F%252Fb.example", true), ("https%3A%2F%2Fb.example", false)] {
        let ended = bed.run(&["homepage-url", &format!("https://app.example.com/desk?next={query}")]);
        ended.exits(0);
        assert_eq!(ended.stderr.contains("percent-encoded twice"), warned, "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_is_granted_by_name() {
    let bed = Bed::new().await;
    let mut configuration = bed.configuration();
    configuration["secret"] = "{{APP_SECRET}}".into();
    let element = bed.write("secretive", &configuration);
    let arguments = ["--format", "json", "--element", element.to_str().unwrap(), "validate"];

    let refused = bed.run_plain(&arguments).exits(2);
    assert!(refused["problems"][0]["message"].as_str().unwrap().contains("--env APP_SECRET"), "{refused}");

    let mut command = program(bed.home(), &arguments);
    command.args(["--env", "APP_SECRET"]).env("APP_SECRET", wecom_simulator::DEMO_SECRET);
    assert_eq!(run(command).exits(0)["valid"], true);
}
