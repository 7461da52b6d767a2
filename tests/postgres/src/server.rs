//! One server: made, started, and sure to end.
//!
//! A shell holds it. The shell reads from a pipe whose other end this process has; when the process is gone, also by a
//! signal or a panic, the read ends, and the shell stops the server and removes its folder.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::programs::Programs;
use crate::{PASSWORD, USER};

pub(crate) const HOST: &str = "127.0.0.1";

/// Somebody else may take the port between its choice and its use.
pub(crate) const ATTEMPTS: u32 = 5;

/// `$1` is the folder, `$2` the signal that ends the server, what follows its command. Signals from the terminal go to the server as well; the shell
/// outlives them to clear up.
const HOLD: &str = r#"
folder=$1; signal=$2; shift 2
trap '' INT TERM HUP
"$@" >"$folder/log" 2>&1 & server=$!
read -r _
kill "-$signal" "$server" 2>/dev/null
wait "$server"
rm -rf "$folder"
"#;

/// What serves tests: many connections, little memory, and no waiting for the disk, since nothing has to survive a power
/// failure.
const SETTINGS: &[&str] =
    &["max_connections=300", "shared_buffers=32MB", "fsync=off", "full_page_writes=off", "ssl=on"];

/// A server that runs.
pub(crate) struct Server {
    port: u16,
    /// Who vouches for its certificate.
    authority: String,
    /// Its end of the pipe closes with this process.
    hold: ChildStdin,
    shell: Child,
}

impl Server {
    pub(crate) fn start(programs: &Programs) -> Self {
        Self::started(|| Self::try_start(programs))
    }

    /// A standby that follows this server.
    pub(crate) fn standby(&self, programs: &Programs) -> Self {
        Self::started(|| self.try_standby(programs))
    }

    fn started(start: impl Fn() -> Result<Self, String>) -> Self {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            match start() {
                Ok(server) => return server,
                Err(log) => last = log,
            }
        }
        panic!("the PostgreSQL server does not start: {last}");
    }

    /// Ends it at once, as the loss of its machine would, and waits until it is gone.
    pub(crate) fn kill(self) {
        let Self { hold, mut shell, .. } = self;
        drop(hold);
        shell.wait().expect("the shell ends with the server");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    fn try_start(programs: &Programs) -> Result<Self, String> {
        let (folder, user) = folder();
        let data = folder.join("data");
        let password = folder.join("password");
        fs::write(&password, PASSWORD).expect("a file in a folder of ours");
        user.own(&password);
        let made = user
            .command(&programs.path("initdb"))
            .arg("--pgdata")
            .arg(&data)
            .arg("--pwfile")
            .arg(&password)
            .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"])
            .current_dir(&folder)
            .output()
            .expect("initdb stands beside the server");
        assert!(made.status.success(), "initdb fails: {}", String::from_utf8_lossy(&made.stderr));

        let identity = Identity::new();
        for (name, text) in [("server.crt", &identity.certificate), ("server.key", &identity.key)] {
            let path = data.join(name);
            fs::write(&path, text).expect("a file in a folder of ours");
            user.own(&path);
            keep_private(&path);
        }
        Self::run(programs, &folder, &user, identity.authority)
    }

    fn try_standby(&self, programs: &Programs) -> Result<Self, String> {
        let (folder, user) = folder();
        let copied = user
            .command(&programs.path("pg_basebackup"))
            .arg("--pgdata")
            .arg(folder.join("data"))
            .args(["--host", HOST, "--port", &self.port.to_string(), "--username", USER, "--no-password", "--no-sync"])
            .args(["--write-recovery-conf", "--checkpoint", "fast"])
            .env("PGPASSWORD", PASSWORD)
            .current_dir(&folder)
            .output()
            .expect("pg_basebackup stands beside the server");
        assert!(copied.status.success(), "no standby: {}", String::from_utf8_lossy(&copied.stderr));
        Self::run(programs, &folder, &user, self.authority.clone())
    }

    /// Runs what lies in the folder.
    fn run(programs: &Programs, folder: &Path, user: &User, authority: String) -> Result<Self, String> {
        let data = folder.join("data");
        let port = free_port();
        let mut hold = held(user, folder, "QUIT", &programs.path("postgres"));
        hold.arg("-D").arg(&data).arg("-k").arg(folder).args(["-h", HOST, "-p", &port.to_string()]);
        for setting in SETTINGS {
            hold.args(["-c", setting]);
        }
        let mut shell = hold.stdin(Stdio::piped()).spawn().expect("a shell");
        let hold = shell.stdin.take().expect("it was piped");
        if is_ready(&data, &mut shell) {
            return Ok(Self { port, authority, hold, shell });
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        drop(hold);
        let _ = shell.wait();
        Err(log)
    }
}

/// A program that the shell holds, in its folder; its arguments follow.
pub(crate) fn held(user: &User, folder: &Path, signal: &str, program: &Path) -> Command {
    let mut hold = user.command(Path::new("sh"));
    hold.args(["-c", HOLD, "sh"]).arg(folder).arg(signal).arg(program).current_dir(folder);
    hold
}

/// A folder for a server, and whose that is.
pub(crate) fn folder() -> (PathBuf, User) {
    let folder = tempfile::Builder::new().prefix("postgres-for-tests-").tempdir().expect("a temporary folder").keep();
    let user = User::for_server(&folder);
    user.own(&folder);
    (folder, user)
}

/// The server's certificate for TLS, and who signed it.
struct Identity {
    authority: String,
    certificate: String,
    key: String,
}

impl Identity {
    fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().expect("random bytes");
        let authority = CertifiedIssuer::self_signed(authority, authority_key).expect("sound parameters");
        let key = KeyPair::generate().expect("random bytes");
        let certificate = CertificateParams::new([HOST.to_owned()]).expect("an address");
        let certificate = certificate.signed_by(&key, &authority).expect("sound parameters");
        Self { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// The server takes no key that others may read.
pub(crate) fn keep_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a file of ours");
    }
    #[cfg(not(unix))]
    let _ = path;
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((HOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Waits until the server says in its lock file that it admits connections; `false` when it ended or takes too long.
fn is_ready(data: &Path, hold: &mut Child) -> bool {
    for _ in 0..1_200 {
        let lock = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        if lock.lines().nth(7).is_some_and(|state| ["ready", "standby"].contains(&state.trim_end())) {
            return true;
        }
        let ended = lock.is_empty() && fs::read_to_string(data.join("../log")).is_ok_and(|log| log.contains("FATAL"));
        if ended || hold.try_wait().is_ok_and(|status| status.is_some()) {
            return false;
        }
        sleep(Duration::from_millis(25));
    }
    false
}

/// Whose process the server is: PostgreSQL refuses to run as root.
pub(crate) enum User {
    Same,
    #[cfg(unix)]
    Other {
        user: u32,
        group: u32,
    },
}

impl User {
    /// The user of this process, unless that is root, to whom the new folder then belongs.
    #[cfg(unix)]
    fn for_server(folder: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        if fs::metadata(folder).expect("it was just made").uid() != 0 {
            return Self::Same;
        }
        let id = |option: &str, name: &str| -> Option<u32> {
            let output = Command::new("id").args([option, name]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        let other = ["postgres", "nobody"].iter().find_map(|name| Some((id("-u", name)?, id("-g", name)?)));
        let Some((user, group)) = other else {
            panic!(
                "PostgreSQL does not run as root, and there is neither a user postgres nor nobody: run the tests as another"
            )
        };
        Self::Other { user, group }
    }

    #[cfg(not(unix))]
    fn for_server(_: &Path) -> Self {
        Self::Same
    }

    pub(crate) fn command(&self, program: &Path) -> Command {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "nothing is changed there"))]
        let mut command = Command::new(program);
        #[cfg(unix)]
        if let Self::Other { user, group } = self {
            use std::os::unix::process::CommandExt as _;
            command.uid(*user).gid(*group);
        }
        command
    }

    pub(crate) fn own(&self, path: &Path) {
        #[cfg(unix)]
        if let Self::Other { user, group } = self {
            std::os::unix::fs::chown(path, Some(*user), Some(*group)).expect("root may give away");
        }
        #[cfg(not(unix))]
        let _ = path;
    }
}
