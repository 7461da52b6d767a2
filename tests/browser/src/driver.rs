//! `chromedriver`: found, started once for a test program, and gone with it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

/// The variable that says whether tests with a browser must, may or must not be carried out.
const WHETHER: &str = "BROWSER_TESTS";
const WHAT: &str = "chromedriver or Chromium (looked for in PATH; Debian: apt-get install chromium chromium-driver)";

/// A driver that runs, and the browser that it starts.
pub(crate) struct Driver {
    /// Such as `127.0.0.1:9515`.
    pub(crate) host: String,
    /// Path of the browser.
    pub(crate) browser: String,
    /// Its end of the pipe closes with this process.
    _hold: ChildStdin,
    _shell: Child,
}

/// The driver of this test program; `None` where tests with a browser are left out.
pub(crate) fn running() -> Option<&'static Driver> {
    static RUNNING: OnceLock<Option<Driver>> = OnceLock::new();
    RUNNING.get_or_init(|| wanted(programs()).map(|(driver, browser)| Driver::start(&driver, &browser))).as_ref()
}

/// What was found, unless the tests with a browser are to be left out, which is said once.
fn wanted(found: Option<(PathBuf, PathBuf)>) -> Option<(PathBuf, PathBuf)> {
    // Past the capture of the test program, which shows what a passing test writes to nobody. Nobody is there to be told
    // that the line could not be written.
    let say = |line: String| drop(writeln!(io::stderr(), "{line}"));
    match (std::env::var(WHETHER).as_deref(), found) {
        (Ok("omit"), _) => {
            say(format!("{WHETHER}=omit: tests with a browser are left out"));
            None
        }
        (Ok("require"), None) => panic!("{WHETHER}=require, and this machine lacks {WHAT}"),
        (Ok("require") | Err(_), Some(found)) => Some(found),
        (Err(_), None) => {
            say(format!("tests are left out: this machine lacks {WHAT}; {WHETHER}=require makes that a failure"));
            None
        }
        (Ok(other), _) => panic!("{WHETHER} is {other:?}: require or omit"),
    }
}

fn programs() -> Option<(PathBuf, PathBuf)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let find = |names: &[&str]| {
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
    };
    Some((find(&["chromedriver"])?, find(&["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"])?))
}

impl Driver {
    fn start(driver: &Path, browser: &Path) -> Self {
        // The shell waits for the end of its input, which comes with the end of this process even if that is killed.
        let script = "\"$0\" --port=0 & read -r _; kill $!";
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .arg(driver)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let hold = shell.stdin.take().expect("it was piped");
        let mut output = BufReader::new(shell.stdout.take().expect("it was piped"));
        let mut said = String::new();
        let port = loop {
            let mut line = String::new();
            let read = output.read_line(&mut line).expect("chromedriver speaks text");
            assert!(read > 0, "chromedriver does not start: {said}");
            said.push_str(&line);
            let number = line.trim().trim_end_matches('.').rsplit_once("on port ").map(|(_, port)| port);
            if let Some(port) = number.and_then(|port| port.parse::<u16>().ok()).filter(|port| *port != 0) {
                break port;
            }
        };
        // What it says later must not fill the pipe.
        std::thread::spawn(move || {
            let mut rest = [0; 4096];
            while matches!(output.read(&mut rest), Ok(1..)) {}
        });
        Self {
            host: format!("127.0.0.1:{port}"),
            browser: browser.to_string_lossy().into_owned(),
            _hold: hold,
            _shell: shell,
        }
    }
}
