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
    for (options, members, element) in [
        (&[][..], 25, "simulated"),
        (&["--members", "40", "--departments", "5", "--seed", "3"], 40, "simulated-40-5-3"),
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
