//! The progress of a sync as it happens.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::json;

use super::first;
use crate::{
    bed::Bed,
    visitor::{Visitor, proof_in},
    web::{PATIENCE, Serving, declare, serve, tenant},
};

const EVENTS: &str = "/t/acme/admin/sync/events";

/// A stream under way, and how it was answered.
struct Stream {
    status: String,
    reader: BufReader<TcpStream>,
}

impl Stream {
    fn open(host: &Serving, cookies: &str) -> Self {
        let mut stream = TcpStream::connect(&host.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let address = &host.address;
        write!(stream, "GET {EVENTS} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncookie: {cookies}\r\n\r\n")
            .unwrap();
        let mut reader = BufReader::new(stream);
        let mut status = String::new();
        reader.read_line(&mut status).unwrap();
        Self { status: status.split(' ').nth(1).unwrap().to_owned(), reader }
    }

    /// All that comes until the host ends it.
    fn rest(mut self) -> String {
        let mut text = String::new();
        self.reader.read_to_string(&mut text).unwrap();
        text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_run() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    assert_eq!(someone.get(EVENTS).status, 400, "no run was started");
    assert_eq!(Visitor::new(&host).get(EVENTS).status, 303);
    someone.post("/t/acme/admin/sync", "/t/acme/admin/sync/start", &[("until", "complete")]);
    let answer = someone.get(EVENTS);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{answer:#?}");
    let (_, last) = answer.body.rsplit_once("event: progress").unwrap_or_else(|| panic!("{answer:#?}"));
    assert!(last.contains("同步已完成") && last.contains("hx-select=\"#sync\""), "{last}");
    assert!(last.contains("event: end\ndata: end"), "{last}");
    assert!(!someone.page("/t/acme/admin/sync").contains("sse-connect"), "nothing goes on any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_few_and_end_with_the_session() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    bed.control().configure(|behaviour| behaviour.latency = Duration::from_secs(15));
    someone.post("/t/acme/admin/sync", "/t/acme/admin/sync/start", &[("until", "complete")]);
    let page = someone.page("/t/acme/admin/sync");
    assert!(page.contains(&format!("sse-connect=\"{EVENTS}\"")) && page.contains("hx-ext=\"sse\""), "{page}");
    let cookies = someone.cookies();
    let streams = [Stream::open(&host, &cookies), Stream::open(&host, &cookies)];
    assert_eq!(Stream::open(&host, &cookies).status, "429");
    someone.ask("POST", "/t/acme/sign-out", &[], &format!("proof={}", proof_in(&page)));
    for stream in streams {
        assert_eq!(stream.status, "200");
        let text = stream.rest();
        assert!(text.contains("同步进行中") && text.contains("您的登录已结束"), "{text}");
        assert!(text.contains("event: end"), "{text}");
    }
    assert_eq!(Stream::open(&host, &cookies).status, "303");
}
