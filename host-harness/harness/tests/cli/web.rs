//! Hosts that serve, and a small client for them: one request a connection, nothing followed.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::bed::{Bed, program};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
    }

    /// All cookies that a browser gets, as it sends them back.
    pub fn cookies(&self) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        set.filter_map(|(_, value)| value.split(';').next()).collect::<Vec<_>>().join("; ")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// A host under way. It is killed when it goes.
pub struct Serving {
    child: Child,
    pub address: String,
    /// What it printed first.
    pub hello: Value,
}

impl Serving {
    /// Starts the program, which is to serve, and waits until it does.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let hello: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let address = hello["address"].as_str().unwrap_or_else(|| panic!("{hello}")).replace("http://", "");
        Self { child, address, hello }
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers)
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        send(&self.address, method, path, headers, "")
    }

    pub fn post(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        self.send("POST", path, headers, form)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        send(&self.address, method, path, headers, body)
    }

    /// Asks the listener for operators.
    pub fn get_as_operator(&self, path: &str) -> Answer {
        let address = self.hello["admin_address"].as_str().unwrap_or_else(|| panic!("{}", self.hello));
        send(address.trim_start_matches("http://"), "GET", path, &[], "")
    }

    /// The value of a metric with exactly these labels, 0 where it was never counted.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics", &[]).body;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    pub fn ended(mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the host does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Asks whoever listens there, by this name.
pub fn send(host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let headers = format!("host: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}");
    write!(stream, "{method} {path} HTTP/1.1\r\n{headers}\r\n{body}").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A tenant of the bed's organisation.
pub fn tenant(bed: &Bed, name: &str, further: &Value) -> Value {
    let mut tenant = json!({
        "name": name,
        "element": {"name": "org", "configuration": bed.configuration()},
        "grants": {"hosts": [bed.address()]},
    });
    tenant.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    tenant
}

/// Writes the file of tenants.
pub fn declare(bed: &Bed, tenants: &[Value]) -> PathBuf {
    let file = bed.home().join("tenants.json");
    fs::write(&file, json!({"tenants": tenants}).to_string()).unwrap();
    file
}

/// A host on a port of its own, with its log in `serve.log`.
pub fn serve(bed: &Bed, arguments: &[&str]) -> Serving {
    let mut all = vec!["--format", "json", "serve", "--listen", "127.0.0.1:0"];
    all.extend(arguments);
    Serving::start(program(bed.home(), &all), &bed.home().join("serve.log"))
}
