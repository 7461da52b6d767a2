//! A simulator, an element folder for it, and a way to start the program.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use wecom_simulator::{Control, Corp, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Setup, Simulator};

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Standard output as the one JSON document that it must be.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Asserts the exit code and answers the document.
    #[track_caller]
    pub fn exits(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{self:#?}");
        self.json()
    }

    /// Asserts an error with this exit code and reason and answers it.
    #[track_caller]
    pub fn fails(&self, code: i32, reason: &str) -> Value {
        let document = self.exits(code);
        let error = &document["error"];
        assert_eq!(error["reason"], reason, "{self:#?}");
        let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["error"]);
        for key in ["message", "hint", "vendor_code"] {
            assert!(error.get(key).is_some(), "{key} is missing: {error}");
        }
        error.clone()
    }
}

/// The program with a home of its own. Compiled code is shared by all tests, so that only the first one compiles.
pub fn program(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_org-harness"));
    command
        .args(arguments)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("org-harness-cache"))
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end. Nothing it prints may hold the app's secret.
pub fn run(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    let ended = Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!format!("{ended:?}").contains(DEMO_SECRET), "a secret was printed: {ended:#?}");
    ended
}

/// The program without an element, with this text on standard input.
pub fn run_with_input(home: &Path, arguments: &[&str], input: impl AsRef<[u8]>) -> Ended {
    let mut command = program(home, arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_ref()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Presses Ctrl-C.
#[cfg(unix)]
pub fn interrupt(child: &Child) {
    let id = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
}

/// A simulator with an element folder for it.
pub struct Bed {
    home: TempDir,
    simulator: Simulator,
}

impl Bed {
    /// The organisation of the demo.
    pub async fn new() -> Self {
        Self::of(wecom_simulator::demo()).await
    }

    /// This organisation.
    pub async fn of(corp: Corp) -> Self {
        let bed =
            Self { home: tempfile::tempdir().unwrap(), simulator: Simulator::start(Setup::new(corp)).await.unwrap() };
        bed.write("org", &bed.configuration());
        bed
    }

    pub fn control(&self) -> Control {
        self.simulator.control()
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        self.simulator.address().to_string()
    }

    /// A sound configuration.
    pub fn configuration(&self) -> Value {
        let base = self.simulator.base_url();
        json!({
            "corpId": DEMO_CORP_ID, "agentId": DEMO_AGENT_ID, "secret": DEMO_SECRET,
            "redirectUri": "https://app.example.com/callback", "locale": "en",
            "apiBaseUrl": base, "loginBaseUrl": base, "oauthBaseUrl": base,
        })
    }

    /// Writes an element folder and answers its path.
    pub fn write(&self, name: &str, configuration: &Value) -> PathBuf {
        let folder = self.home.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("e.json"), r#"{"type":"corps.QywxInnerType","title":"组织"}"#).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), configuration.to_string()).unwrap();
        folder
    }

    /// The program about the sound element, with JSON answers. Options stand before and after the command.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let element = self.home.path().join("org");
        let address = self.address();
        let mut all = vec!["--format", "json", "--element", element.to_str().unwrap()];
        all.extend(arguments);
        all.extend(["--allow-host", &address]);
        program(self.home.path(), &all)
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let command = self.command(arguments);
        // The simulator answers on other threads meanwhile.
        tokio::task::block_in_place(|| run(command))
    }

    /// Runs a command line without the element's options.
    pub fn run_plain(&self, arguments: &[&str]) -> Ended {
        let command = program(self.home.path(), arguments);
        tokio::task::block_in_place(|| run(command))
    }
}
