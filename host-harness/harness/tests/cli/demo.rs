//! `demo`: the story comes to its end, and what it keeps can be read.

use crate::bed::{program, run};

#[test]
fn the_demonstration_comes_out_as_expected() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept");
    let story = run(program(home.path(), &["demo", "--format", "json", "--keep", kept.to_str().unwrap()])).exits(0);
    assert_eq!(story["ok"], true, "{story:#}");
    let steps: Vec<&str> =
        story["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(
        steps,
        [
            "validate",
            "check",
            "sign-in-browser",
            "sign-in-workspace",
            "first-sync",
            "departments",
            "reorganise",
            "second-sync",
            "changes",
            "roles",
            "message",
            "approval",
            "expired-token",
            "rate-limit",
            "wrong-secret",
            "untrusted-ip",
            "replayed-code",
        ]
    );
    let step = |name: &str| &story["steps"][steps.iter().position(|step| *step == name).unwrap()]["result"];
    assert_eq!(step("sign-in-browser")["member"]["id"], "wangwu");
    assert_eq!(step("sign-in-workspace")["member"]["id"], "lisi");
    assert_eq!(step("first-sync")["totals"]["members"], 22);
    assert_eq!(step("second-sync")["members"]["resigned"], 1);
    assert_eq!(step("changes")["changes"].as_array().unwrap().len(), 5);
    assert_eq!(step("rate-limit")["report"]["waits"], 1);
    assert_eq!(step("replayed-code")["reason"], "login-rejected");

    let element = kept.join("demo");
    let storage = format!("sqlite:{}", kept.join("organisation.db").display());
    let arguments = ["--format", "json", "--element", element.to_str().unwrap(), "--storage", &storage];
    let members = run(program(home.path(), &[&arguments[..], &["members", "--status", "resigned"]].concat())).exits(0);
    assert_eq!(members[0]["id"], "sunqi");

    let again = program(home.path(), &["demo", "--format", "json", "--keep", kept.to_str().unwrap()]);
    run(again).fails(2, "usage");
}

#[test]
fn a_person_can_follow_it() {
    let home = tempfile::tempdir().unwrap();
    let story = run(program(home.path(), &["demo"]));
    assert_eq!(story.code, 0, "{story:#?}");
    for words in
        ["1. 检查配置", "研发中心", "member-resigned", "198.51.100.23", "everything came out as expected", "simulate"]
    {
        assert!(story.stdout.contains(words), "{words} is missing: {}", story.stdout);
    }
    assert!(!story.stdout.contains('✗') && !story.stdout.contains('\u{1b}'), "{}", story.stdout);
    assert_eq!(story.stderr, "");
}
