//! How long the pages of the administrator's console take at the server, for a tenant with many members.
//!
//! ```text
//! cargo bench -p org-harness --bench console                # a company of 100,000
//! cargo bench -p org-harness --bench console -- 10000       # of another size
//! ```
//!
//! Nothing here passes or fails: a figure beside its budget is for a person to judge. The program serves from a SQLite file; the
//! simulated WeCom and whoever asks run beside it on the same processors. A time is that from the request to the first byte of
//! its answer, and *calls* are those of the component that the page made, with what they asked of the storage.
#![allow(clippy::print_stdout, reason = "a table on standard output is what this program is for")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

#[cfg(unix)]
#[allow(dead_code, reason = "the tests of the program use all of it")]
#[path = "../tests/cli/bed.rs"]
mod bed;
#[cfg(unix)]
#[allow(dead_code, reason = "the tests of the program use all of it")]
#[path = "../tests/cli/visitor.rs"]
mod visitor;
#[cfg(unix)]
#[allow(dead_code, reason = "the tests of the program use all of it")]
#[path = "../tests/cli/web.rs"]
mod web;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    // Cargo adds `--bench`; what remains is the size.
    let members = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measured::all(members));
}

#[cfg(unix)]
mod measured {
    use std::{
        fs::File,
        io::{Read as _, Seek as _, SeekFrom, Write as _},
        net::TcpStream,
        path::PathBuf,
        time::{Duration, Instant},
    };

    use serde_json::{Value, json};
    use wecom_simulator::Generator;

    use crate::{
        bed::Bed,
        visitor::Visitor,
        web::{PATIENCE, Serving, declare, serve, tenant},
    };

    /// Requests of each page, after the first.
    const ROUNDS: usize = 20;

    /// What the component was asked for one page.
    #[derive(Default)]
    struct Work {
        calls: usize,
        storage: u64,
        guest: Duration,
    }

    /// The file of call reports, read on from where it ended last.
    struct Reports {
        file: PathBuf,
        at: u64,
    }

    impl Reports {
        /// What has come since. Reports are written by a thread of their own, a moment after a call.
        fn since(&mut self) -> Work {
            std::thread::sleep(Duration::from_millis(200));
            let mut file = File::open(&self.file).unwrap();
            file.seek(SeekFrom::Start(self.at)).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
            self.at += u64::try_from(text.len()).unwrap();
            let mut work = Work::default();
            for report in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
                work.calls += 1;
                work.storage += report["host_calls"]["storage"].as_u64().unwrap_or_default();
                work.guest += Duration::from_micros(report["guest_cpu_us"].as_u64().unwrap_or_default());
            }
            work
        }
    }

    pub async fn all(members: usize) {
        let departments = members.div_ceil(20);
        let bed = Bed::of(Generator::sized(1, members, departments).generate().unwrap()).await;
        let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
        bed.run(&["--tenant", "acme", "sync"]).exits(0);
        let mut reports = Reports { file: bed.home().join("reports.jsonl"), at: 0 };
        let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--reports", reports.file.to_str().unwrap()]);
        let mut visitor = Visitor::new(&host);
        let token = host.hello["bootstrap"].as_str().unwrap().split_once("?token=").unwrap().1.to_owned();
        let opened = visitor.ask("POST", "/t/acme/admin/bootstrap", &[], &format!("token={token}"));
        assert_eq!(opened.status, 303, "{opened:#?}");
        let cookies = visitor.cookies();

        println!("command  cargo bench -p org-harness --bench console -- {members}");
        println!("build    {}", if cfg!(debug_assertions) { "debug: these times mean little" } else { "release" });
        println!("company  {members} members in {departments} departments; budget of a page ≤ 300 ms\n");
        println!(
            "{:<46} {:>9} {:>9} {:>9} {:>6} {:>8} {:>9} {:>8}",
            "page", "first", "median", "slowest", "calls", "storage", "guest", "bytes"
        );
        let name =
            bed.control().read(|corp| corp.members().nth(members / 2).map(|member| member.name.clone())).unwrap();
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        for path in [
            "".to_owned(),
            "/members".to_owned(),
            "/departments".to_owned(),
            "/departments?parent=1".to_owned(),
            "/members?department=2".to_owned(),
            "/members?department=2&below=true".to_owned(),
            format!("/members?search={name}"),
            "/members?search=nobody-is-called-so".to_owned(),
            "/members?status=resigned".to_owned(),
            "/sync".to_owned(),
            "/changes".to_owned(),
            "/roles".to_owned(),
        ] {
            let path = format!("/t/acme/admin{path}");
            let _ = reports.since();
            let (first, bytes) = first_byte(&host, &path, &cookies);
            let Work { calls, storage, guest } = reports.since();
            let mut times: Vec<Duration> = (0..ROUNDS).map(|_| first_byte(&host, &path, &cookies).0).collect();
            times.sort_unstable();
            let shown: String = path.chars().take(45).collect();
            println!(
                "{shown:<46} {:>9} {:>9} {:>9} {calls:>6} {storage:>8} {:>9} {bytes:>8}",
                milliseconds(first),
                milliseconds(times[ROUNDS / 2]),
                milliseconds(times[ROUNDS - 1]),
                milliseconds(guest),
            );
        }
    }

    fn milliseconds(time: Duration) -> String {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    }

    /// Asks for a page; the time to its first byte, and its size.
    fn first_byte(host: &Serving, path: &str, cookies: &str) -> (Duration, usize) {
        let mut stream = TcpStream::connect(&host.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncookie: {cookies}\r\n\r\n", host.address);
        let began = Instant::now();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = vec![0];
        stream.read_exact(&mut answer).unwrap();
        let time = began.elapsed();
        stream.read_to_end(&mut answer).unwrap();
        let is_page = answer.starts_with(b"HTTP/1.1 200 ");
        assert!(is_page, "{path}: {}", String::from_utf8_lossy(&answer));
        (time, answer.len())
    }
}
