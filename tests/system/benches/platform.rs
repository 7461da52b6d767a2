//! The figures of what a platform asks beside sign-in and sync: what the vendor sends, messages to roles, and roles by rules.
//!
//! ```text
//! cargo bench -p system-tests --bench platform                # a company of 10,000
//! cargo bench -p system-tests --bench platform -- 100000      # of another size
//! ```
//!
//! Nothing here passes or fails: a figure beside its budget is for a person to judge. The store is in memory, so that times are
//! those of host and component; simulator and host share the processors. Compare the figures of one run only.
#![allow(clippy::print_stdout, reason = "a table on standard output is what this program is for")]

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use organisation_host::{
    CallReport, Called,
    contract::{
        administration::{RoleRule, RuleScope},
        callbacks::IncomingRequest,
        from_json,
        login::Entry,
        messaging::Message,
        types::Body,
    },
};
use serde_json::json;
use system_tests::{Setting, Stage, sync::PLAIN};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use wecom_simulator::{DEMO_AGENT_ID, Event, Generator, Receiver, corp::Callback, demo};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Events, and messages of each kind.
const ROUNDS: usize = 1_000;
const TOKEN: &str = "AppToken2026";
const AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const APP: Receiver = Receiver::App(DEMO_AGENT_ID);
const ACTOR: &str = "bench";

fn main() -> Outcome<()> {
    // Cargo adds `--bench`; what remains is the size.
    let members = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        println!("command  cargo bench -p system-tests --bench platform -- {members}");
        println!("build    {}\n", if cfg!(debug_assertions) { "debug: these times mean nothing" } else { "release" });
        println!("{:<66} {:>12} {:>12}", "what", "measured", "budget");
        callbacks().await?;
        messages(members).await?;
        rules(members).await
    })
}

fn line(what: &str, measured: impl ToString, budget: &str) {
    println!("{what:<66} {:>12} {budget:>12}", measured.to_string());
}

fn milliseconds(microseconds: u64) -> String {
    format!("{:.2} ms", microseconds as f64 / 1e3)
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The answer and its report.
fn taken<T>(called: organisation_host::CallResult<organisation_host::Answered<T>>) -> Outcome<(T, CallReport)> {
    let Called { value, report } = called?;
    Ok((value.map_err(|error| error.message)?, report))
}

/// What the vendor sends: proven, decrypted, read, and known when it comes again.
async fn callbacks() -> Outcome<()> {
    let callback = json!({ "callback": { "token": TOKEN, "encodingAESKey": AES_KEY } });
    let stage = Setting::new(demo()).config(callback).start().await;
    let sent = deliveries(&stage).await?;
    let (mut walls, mut guest, mut keeping) = (Vec::new(), Vec::new(), Vec::new());
    for request in &sent {
        let (handled, report) = taken(stage.element.handle_callback(request).reported().await)?;
        if handled.response.status != 200 || handled.events.len() != 1 {
            return Err(format!("a delivery was not taken: {handled:?}").into());
        }
        let started = Instant::now();
        stage.element.keep_events(&handled.events).await?;
        keeping.push(u64::try_from(started.elapsed().as_micros())?);
        walls.push(report.wall_us);
        guest.push(report.guest_cpu_us);
    }
    line("what the vendor sent is answered, wall, median", milliseconds(median(walls)), "≤ 2 ms");
    line("  guest CPU, median", milliseconds(median(guest)), "");
    line("  its event is kept, in memory, median", milliseconds(median(keeping)), "");
    let mut again = Vec::new();
    for request in &sent {
        again.push(taken(stage.element.handle_callback(request).reported().await)?.1.wall_us);
    }
    line("the same delivery once more, wall, median", milliseconds(median(again)), "");
    Ok(())
}

/// What members wrote, as it arrives at the app's address.
async fn deliveries(stage: &Stage) -> Outcome<Vec<IncomingRequest>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/", listener.local_addr()?);
    let arrived: Arc<Mutex<Vec<IncomingRequest>>> = Arc::default();
    let kept = Arc::clone(&arrived);
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    text.push_str(&String::from_utf8_lossy(&buffer[..count]));
                    if let Some(request) = whole(&text) {
                        kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                        // Whoever went away sends it again.
                        let _ = stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                            .await;
                        return;
                    }
                }
            });
        }
    });
    stage.control.set_callback(APP, Some(Callback::new(address, TOKEN, AES_KEY)))?;
    for number in 0..ROUNDS {
        stage.control.emit(APP, &Event::text_message("lisi", &format!("message {number}")))?;
    }
    stage.control.settled().await;
    server.abort();
    let arrived = std::mem::take(&mut *arrived.lock().unwrap_or_else(PoisonError::into_inner));
    if arrived.len() == ROUNDS { Ok(arrived) } else { Err(format!("{} deliveries arrived", arrived.len()).into()) }
}

/// A request once all of it is there.
fn whole(text: &str) -> Option<IncomingRequest> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let query = lines.next()?.split(' ').nth(1)?.split_once('?')?.1.to_owned();
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    })?;
    (body.len() >= length).then(|| IncomingRequest {
        route: "wecom".to_owned(),
        method: "POST".to_owned(),
        query,
        headers: vec![],
        body: Some(Body::Text(body.to_owned())),
    })
}

/// Messages to a role that a rule gives to everybody, and to one of a few.
async fn messages(members: usize) -> Outcome<()> {
    let stage = synced(members).await?;
    let few = ids(&stage, 12).await?;
    for id in &few {
        taken(stage.element.set_member_roles(id, &["few".to_owned()], ACTOR).reported().await)?;
    }
    set_rules(&stage, &[RoleRule { role: "all".to_owned(), scope: RuleScope::Everybody }]).await?;
    println!("\n{members} members");
    let message = |role: &str, text: &str| -> Outcome<Message> {
        Ok(from_json(json!({ "to": { "roles": [role] }, "content": { "text": text }, "sharing": "free" }))?)
    };
    let (sent, report) = taken(stage.element.send_message(&message("all", "to all")?).reported().await)?;
    line("a message to the role of all, wall", milliseconds(report.wall_us), "");
    line("  guest CPU", milliseconds(report.guest_cpu_us), "");
    line("  parts, of at most 1,000 members", sent.parts.len(), &format!("{}", members.div_ceil(1_000)));
    line("  requests", report.http.requests, &format!("≤ {}", members.div_ceil(1_000) + 1));
    let (mut walls, mut beyond, mut requests) = (Vec::new(), Vec::new(), 0);
    for number in 0..ROUNDS {
        // A member gets so many messages of an app in a minute.
        stage.control.advance(Duration::from_secs(60));
        let (_, report) =
            taken(stage.element.send_message(&message("few", &format!("message {number}"))?).reported().await)?;
        let http: u64 = report.http.exchanges.iter().map(|exchange| exchange.duration_us).sum();
        walls.push(report.wall_us);
        beyond.push(report.wall_us.saturating_sub(http));
        requests += report.http.requests;
    }
    line("a message to a role of 12, wall, median of 1,000", milliseconds(median(walls)), "");
    line("  beyond HTTP, median", milliseconds(median(beyond)), "");
    line("  requests of all, tokens included", requests, "");
    Ok(())
}

/// What rules cost: the change of them, and whoever signs in.
async fn rules(members: usize) -> Outcome<()> {
    let stage = synced(members).await?;
    println!("\n{members} members, rules");
    line("sign-in without rules, beyond HTTP, median of 100", milliseconds(sign_ins(&stage).await?), "");
    let rule = |number: usize| RoleRule { role: format!("role-{number}"), scope: RuleScope::Everybody };
    for (what, rules) in [
        ("a rule for everybody", vec![rule(0)]),
        ("200 rules in its place", (0..200).map(rule).collect()),
        ("no rule", vec![]),
    ] {
        let (calls, wall, guest) = set_rules(&stage, &rules).await?;
        line(&format!("{what}: until all have it, wall"), format!("{:.2} s", wall.as_secs_f64()), "");
        line("  guest CPU", format!("{:.2} s", guest.as_secs_f64()), "");
        line("  calls", calls, "");
        let sign_in = milliseconds(sign_ins(&stage).await?);
        line(&format!("  sign-in with {} rules, beyond HTTP, median of 100", rules.len()), sign_in, "");
    }
    Ok(())
}

async fn synced(members: usize) -> Outcome<Stage> {
    let corp = Generator::sized(1, members, members.div_ceil(20)).generate()?;
    let stage = Setting::new(corp).start().await;
    stage.complete(&PLAIN).await;
    Ok(stage)
}

/// The first members of the copy.
async fn ids(stage: &Stage, count: u32) -> Outcome<Vec<String>> {
    let everybody = organisation_host::contract::directory::MemberFilter {
        department: None,
        below: false,
        status: None,
        search: None,
        role: None,
    };
    let (page, _) = taken(stage.element.members(&everybody, None, count).reported().await)?;
    Ok(page.members.into_iter().map(|member| member.id).collect())
}

/// Changes the rules, and goes on until every member has what they give.
async fn set_rules(stage: &Stage, rules: &[RoleRule]) -> Outcome<(usize, Duration, Duration)> {
    let (mut calls, mut guest, started) = (0, Duration::ZERO, Instant::now());
    loop {
        let (state, report) = taken(stage.element.set_role_rules(rules, ACTOR).reported().await)?;
        calls += 1;
        guest += Duration::from_micros(report.guest_cpu_us);
        if !state.spreading {
            return Ok((calls, started.elapsed(), guest));
        }
    }
}

/// What signing in takes beyond the vendor's HTTP, in microseconds.
async fn sign_ins(stage: &Stage) -> Outcome<u64> {
    let id = ids(stage, 1).await?.pop().ok_or("nobody is there")?;
    let mut beyond = Vec::new();
    for _ in 0..100 {
        let arrival = stage.arrive(Entry::Browser, &id).await;
        let (_, report) = taken(stage.element.exchange_code(&arrival.request()).reported().await)?;
        let http: u64 = report.http.exchanges.iter().map(|exchange| exchange.duration_us).sum();
        beyond.push(report.wall_us.saturating_sub(http));
    }
    Ok(median(beyond))
}
