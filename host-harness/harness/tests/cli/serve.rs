//! `serve`: sign-ins of several tenants, what an operator sees, changes while it runs, and its end.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    time::Duration,
};

use organisation_host::Digest;
use rustix::process::Signal;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;
use wecom_simulator::{Browser, Choice, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET};

use crate::{
    bed::{Bed, program, run},
    guests::Guest,
    web::{Answer, Serving, declare, serve, tenant, until},
};

mod refusals;
mod sign_in;

/// Goes to the vendor's page and back, and answers the query of the return.
async fn sign_in(location: &str, member: &str) -> String {
    let target = Browser::desktop().sign_in(location, &Choice::Member(member.into())).await.unwrap();
    target.split_once('?').unwrap().1.to_owned()
}

/// Where a sign-in leads that begins at this path, and the cookie that the browser has from then on.
fn begin(host: &Serving, path: &str) -> (String, String) {
    let answer = host.get(path, &[]);
    assert_eq!(answer.status, 302, "{answer:#?}");
    (answer.header("location").unwrap().to_owned(), cookie_of(&answer))
}

/// The page to which a sign-in of this tenant leads.
fn arrive(host: &Serving, tenant: &str, answer: &Answer) -> Answer {
    assert_eq!(answer.status, 303, "{answer:#?}");
    let page = host.get(&format!("/t/{tenant}/"), &[("cookie", &answer.cookies())]);
    assert_eq!(page.status, 200, "{page:#?}");
    page
}

fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

/// What an element is configured with, and what its host is started with, are written by two people.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_address_that_leads_elsewhere_is_warned_of_once() {
    let bed = Bed::new().await;
    let returning_to = |name: &str, address: &str| {
        let mut configuration = bed.configuration();
        configuration["redirectUri"] = json!(address);
        tenant(&bed, name, &json!({"element": {"name": "org", "configuration": configuration}}))
    };
    let here = returning_to("here", "https://app.example.com/org/t/here/callback");
    let elsewhere = returning_to("elsewhere", "https://app.example.com/cb");
    let file = declare(&bed, &[here.clone(), elsewhere.clone()]);
    let public = "https://app.example.com/org";
    let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--public-url", public, "--reload", "1s"]);
    let log = || fs::read_to_string(bed.home().join("serve.log")).unwrap();
    let warnings = || log().lines().filter(|line| line.contains("do not come back")).count();
    until("the host warns", || warnings() == 1);
    let line = log().lines().find(|line| line.contains("do not come back")).unwrap().to_owned();
    for part in ["WARN", "elsewhere", "https://app.example.com/cb", "/org/t/elsewhere/callback", "redirectUri"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert_eq!(host.get("/t/elsewhere/login", &[]).status, 302, "it is no error");
    declare(&bed, &[here, elsewhere, returning_to("new", "https://app.example.com/org/t/here/callback")]);
    until("the host warns of a new one", || warnings() == 2);
    assert!(!log().lines().any(|line| line.contains("do not come back") && line.contains("\"here\"")), "{}", log());
}

/// Nobody looks at a host that works. What its log says is at the default verbosity.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_says_once_that_periodic_syncs_stop_working_and_once_that_they_work_again() {
    let bed = Bed::new().await;
    let periodic = json!({"sync": {"every": "1s"}});
    let file = declare(&bed, &[tenant(&bed, "acme", &periodic), tenant(&bed, "idle", &json!({}))]);
    let reports = bed.home().join("reports.jsonl");
    let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--reports", reports.to_str().unwrap()]);
    let complete = || host.metric(r#"org_harness_sync_turns_total{outcome="complete",reason=""}"#);
    let paused = || host.metric(r#"org_harness_sync_turns_total{outcome="paused",reason="not-permitted"}"#);
    let troubled = || host.get("/health", &[]).json()["syncs_in_trouble"].clone();
    let log = || fs::read_to_string(bed.home().join("serve.log")).unwrap();
    until("a sync is complete", || complete() >= 1.0);
    assert_eq!(troubled(), json!(0));
    assert!(!log().contains("periodic syncs"), "{}", log());

    bed.control().change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"])).unwrap();
    until("syncs are paused again and again", || paused() >= 3.0);
    until("the host knows of it", || troubled() == json!(1));
    assert_eq!(host.get("/health", &[]).status, 200, "sign-ins are served all the same");
    let said: Vec<String> = log().lines().filter(|line| line.contains("periodic syncs")).map(str::to_owned).collect();
    assert_eq!(said.len(), 1, "{said:#?}");
    for part in ["WARN", "do not work any more", "acme", "not-permitted", "60020", "127.0.0.1"] {
        assert!(said[0].contains(part), "{part} is not in {}", said[0]);
    }

    let before = complete();
    bed.control().change(|corp| corp.trust_only(DEMO_AGENT_ID, &["127.0.0.1"])).unwrap();
    until("syncs are complete again and again", || complete() >= before + 2.0);
    until("the host knows of it", || troubled() == json!(0));
    let over = log().lines().filter(|line| line.contains("work again")).count();
    assert_eq!((over, log().lines().filter(|line| line.contains("periodic syncs")).count()), (1, 2), "{}", log());

    host.signal(Signal::INT);
    assert!(host.ended().success());
    let reports = fs::read_to_string(&reports).unwrap();
    let reports: Vec<Value> = reports.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |outcome: &str| reports.iter().filter(|report| report["periodic_sync"] == outcome).collect::<Vec<_>>();
    assert!(of("complete").len() >= 2 && of("paused").len() >= 3, "{reports:?}");
    let first = of("paused")[0];
    assert_eq!(
        (&first["tenant"], &first["vendor_code"], &first["failures"]),
        (&json!("acme"), &json!(60020), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_health_are_served_elsewhere_where_that_is_asked_for() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let tenants = ["--tenants", file.to_str().unwrap()];
    let together = serve(&bed, &tenants);
    assert_eq!(together.hello["admin_address"], json!(null));
    let apart = serve(&bed, &[&tenants[..], &["--admin-listen", "127.0.0.1:0", "--drain", "1h"]].concat());
    for path in ["/metrics", "/health"] {
        assert_eq!(together.get(path, &[]).status, 200, "{path}");
        let public = apart.get(path, &[]);
        assert!(public.status == 404 && public.body.contains("There is nothing here"), "{path}: {public:#?}");
        assert_eq!(apart.get_as_operator(path).status, 200, "{path}");
    }
    assert_eq!(apart.get("/t/acme/login", &[]).status, 302);
    for path in ["/t/acme/login", "/t/acme", "/"] {
        assert_eq!(apart.get_as_operator(path).status, 404, "{path}");
    }
    apart.signal(Signal::TERM);
    until("the host says that it stops", || apart.get_as_operator("/health").status == 503);
    assert_eq!(apart.get("/t/acme/login", &[]).status, 302);
    apart.signal(Signal::INT);
    assert!(apart.ended().success());
    let error = bed.run_plain(&["--format", "json", "--storage", "memory:", "serve", "--admin-listen", "192.0.2.1:1"]);
    error.fails(2, "listen");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_come_and_go_while_it_serves() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "one", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--reload", "1h"]);
    let status = |tenant: &str| host.get(&format!("/t/{tenant}/login"), &[]).status;
    assert_eq!((status("one"), status("two")), (302, 404));
    declare(&bed, &[tenant(&bed, "two", &json!({}))]);
    host.signal(Signal::HUP);
    until("the new tenant is served", || status("two") == 302);
    assert_eq!(status("one"), 404);
    fs::write(&file, "{").unwrap();
    host.signal(Signal::HUP);
    until("the mistake is reported", || host.get("/health", &[]).json()["troubles"] == 1);
    assert_eq!(status("two"), 302, "the former tenants are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_declared_in_the_storage() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "stored", &json!({}))]);
    let plain = |arguments: &[&str]| {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        let command = program(bed.home(), &all);
        tokio::task::block_in_place(|| run(command))
    };
    assert_eq!(plain(&["tenants", "put", file.to_str().unwrap()]).exits(0)["tenants"], json!(["stored"]));
    assert_eq!(plain(&["tenants", "list"]).exits(0)["tenants"], json!(["stored"]));
    let host = serve(&bed, &["--reload", "1s"]);
    assert_eq!(host.get("/t/stored/login", &[]).status, 302);
    assert_eq!(plain(&["tenants", "remove", "stored"]).exits(0)["tenants"], json!(["stored"]));
    assert_eq!(plain(&["tenants", "remove", "stored"]).exits(1)["tenants"], json!([]));
    until("the tenant is gone", || host.get("/t/stored/login", &[]).status == 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_says_so_before_it_refuses_anybody() {
    let bed = Bed::new().await;
    let periodic = json!({"sync": {"every": "1s"}});
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "periodic", &periodic)]);
    // Longer than this test waits for anything.
    let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--drain", "1h"]);
    let turns = || host.metric(r#"org_harness_sync_turns_total{outcome="complete",reason=""}"#);
    until("turns are taken", || turns() >= 2.0);
    host.signal(Signal::TERM);
    until("the host says that it stops", || host.get("/health", &[]).status == 503);
    let health = host.get("/health", &[]).json();
    assert_eq!(
        (&health["ready"], &health["stopping"], &health["storage"]),
        (&json!(false), &json!(true), &json!("ok"))
    );

    let answer = host.get("/t/acme/login", &[]);
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let query = sign_in(answer.header("location").unwrap(), "lisi").await;
    let answer = host.get(&format!("/t/acme/callback?{query}"), &[("cookie", &cookie)]);
    assert_eq!(answer.status, 303, "sign-ins are served on: {answer:#?}");
    declare(&bed, &[tenant(&bed, "late", &json!({})), tenant(&bed, "periodic", &periodic)]);
    until("changes of tenants are taken up", || host.get("/t/late/login", &[]).status == 302);
    until("no turn is claimed any more", || {
        let before = turns();
        // Longer than the tenant rests and the host looks.
        std::thread::sleep(Duration::from_secs(3));
        turns() == before
    });
    let members = |change: &str| host.metric(&format!(r#"org_harness_sync_members_total{{change="{change}"}}"#));
    // The first run adds everybody, and each further one meets them again.
    let added = members("added");
    assert!(added > 0.0 && members("unchanged") == (turns() - 1.0) * added, "{}", host.get("/metrics", &[]).body);
    assert_eq!(host.metric("org_harness_sync_members_met"), 0.0);
    let calls = host.metric(r#"org_harness_calls_total{function="directory.sync",outcome="answered",reason=""}"#);
    assert!(calls < 5.0 * turns(), "{calls} calls for {} turns: a call for every step", turns());

    host.signal(Signal::INT);
    assert!(host.ended().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_refused_at_once() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[json!({"name": "a", "elemnt": "x"})]);
    let error = bed.run_plain(&["--format", "json", "serve", "--tenants", file.to_str().unwrap()]);
    let error = error.fails(2, "invalid-tenants");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(r#"tenants.0.elemnt: is no known key; did you mean "element"?"#), "{message}");
    let error = bed.run_plain(&["--format", "json", "--storage", "memory:", "serve", "--listen", "192.0.2.1:1"]);
    error.fails(2, "listen");
    for (option, value, key) in
        [("--element", "e", "element"), ("--allow-host", "a", "grants.hosts"), ("--env", "A", "grants.variables")]
    {
        let error = bed.run_plain(&["--format", "json", option, value, "serve", "--tenants", file.to_str().unwrap()]);
        let error = error.fails(2, "usage");
        assert!(error["hint"].as_str().unwrap().contains(key), "{error}");
    }
}

/// Connections are common to all tenants, and a hanging vendor would keep them.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_one_tenant_keep_nobody_from_another() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "globex", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    bed.control().configure(|behaviour| behaviour.latency = Duration::from_secs(60));
    // They hold out for a while only, and one who comes before they are complete waits with them.
    let mut many: Vec<TcpStream> = Vec::new();
    until("all are connected and the next is refused", || {
        many = (0..64).map(|number| ask(&host, &format!("callback?code=c{number}&state={DEMO_CORP_ID}"))).collect();
        let mut next = ask(&host, "login");
        next.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut answer = [0; 8 << 10];
        let length = next.read(&mut answer).unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer[..length]);
        answer.starts_with("HTTP/1.1 503") && answer.contains("too many people")
    });
    assert_eq!(host.get("/t/globex/login", &[]).status, 302);
    assert_eq!(host.get("/health", &[]).status, 200);
    drop(many);
    until("who goes away makes room", || host.get("/t/acme/login", &[]).status == 302);
}

/// Asks something of tenant `acme`, and does not wait for an answer.
fn ask(host: &Serving, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&host.address).unwrap();
    write!(stream, "GET /t/acme/{path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    stream
}
