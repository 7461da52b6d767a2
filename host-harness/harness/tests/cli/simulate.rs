//! `simulate`: what it prints works when it is typed.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::Value;

use crate::bed::{interrupt, program, run};

#[cfg(unix)]
#[test]
fn the_printed_commands_work_until_ctrl_c() {
    let home = tempfile::tempdir().unwrap();
    // The one of the page about the simulator, with an app of another company and a secret of its own, and without faults.
    let page = include_str!("../../../../docs/simulator.md");
    let (_, rest) = page.split_once("```json").unwrap();
    let mut file: Value = serde_json::from_str(rest.split("```").next().unwrap()).unwrap();
    file["corp_id"] = "wwother".into();
    file["apps"][0]["agentid"] = 10.into();
    file["apps"][0]["trusted_domains"] = serde_json::json!(["app.other.example"]);
    file["apps"][0]["login_callback_domain"] = "app.other.example".into();
    file["faults"] = Value::Array(Vec::new());
    let path = home.path().join("other corp.json");
    std::fs::write(&path, format!("\u{feff}{file}")).unwrap();
    for (options, members, element) in [
        (&[][..], 25, "simulated"),
        (&["--members", "40", "--departments", "5", "--seed", "3"], 40, "simulated-40-5-3"),
        (&["--organisation", path.to_str().unwrap()], 1, "simulated-wwother-other-corp"),
    ] {
        let arguments = [&["simulate", "--listen", "127.0.0.1:0", "--format", "json"][..], options].concat();
        let mut child = program(home.path(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            text.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let seen: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(seen["members"], members);
        assert!(seen["element"].as_str().unwrap().ends_with(element), "{seen}");
        let (element, host) = (seen["element"].as_str().unwrap(), seen["allow_host"].as_str().unwrap());
        for command in ["validate", "check", "sync", "members"] {
            let arguments = ["--element", element, "--allow-host", host, "--format", "json", command];
            run(program(home.path(), &arguments)).exits(0);
            let start = format!("--element {element} --allow-host {host} {command}");
            let commands = seen["commands"].as_array().unwrap();
            assert!(commands.iter().any(|typed| typed.as_str().unwrap().ends_with(&start)), "{commands:?}");
        }
        interrupt(&child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn an_address_in_use_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error =
        run(program(home.path(), &["simulate", "--format", "json", "--listen", &address])).fails(1, "simulation");
    assert!(error["message"].as_str().unwrap().contains("choose another port"), "{error}");
}

#[test]
fn a_file_that_is_no_organisation_is_refused_where_it_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("organisation.json");
    let simulate = |further: &[&str]| {
        let file =
            ["simulate", "--format", "json", "--listen", "127.0.0.1:0", "--organisation", path.to_str().unwrap()];
        run(program(home.path(), &[&file[..], further].concat()))
    };
    for (text, words) in [
        ("{\n  \"corp_id\": \"ww1\",\n  oops", "line 3 column 3"),
        ("{\n  \"corp_id\": \"ww1\", \"name\": \"a\",\n  \"departmets\": []}", "line 3 column 14"),
        ("{\"corp_id\": \"ww1\", \"name\": \"a\"}", "no app"),
        (
            "{\"corp_id\": \"ww1\", \"name\": \"a\", \"apps\": [{\"agentid\": 1, \"name\": \"a\", \"visible\": {\"departments\": [9]}}]}",
            "app 1: department 9",
        ),
        ("{\"corp_id\": \"ww1\", \"name\": \"a\", \"faults\": [{\"effect\": \"magic\"}]}", "a fault"),
        ("", "line 1 column 0"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = simulate(&[]).fails(2, "usage");
        assert!(error["message"].as_str().unwrap().contains(words), "{text}: {error}");
    }
    assert_eq!(simulate(&["--members", "3"]).code, 2, "one or the other");
    std::fs::remove_file(&path).unwrap();
    assert_ne!(simulate(&[]).code, 0);
}
