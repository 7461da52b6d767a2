//! Through a proxy on loopback: what it gets to see, what its failures are, and whom it serves.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use organisation_egress::{
    AllowList, Budget, Destination, Egress, EgressOptions, HttpFailure, OperatorList, Outbound, Policy, Proxy, Request,
    TrustedRoots,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    server::{Server, answer},
    support::{FakeResolver, egress, egress_with, generous, list, text},
    tls,
};

/// What a proxy does with a connection once it has read a head.
#[derive(Clone, Copy)]
enum Manner {
    /// Passes everything on to this port of 127.0.0.1, whatever the destination.
    PassOn(u16),
    /// The same, for whoever presents these credentials.
    Ask(u16, &'static str),
    /// Answers with these bytes and closes.
    Answer(&'static [u8]),
    /// Says nothing any more.
    Hang,
}

struct FakeProxy {
    port: u16,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl FakeProxy {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, connections: Arc::default(), heads: Arc::default() };
        let (connections, heads) = (Arc::clone(&proxy.connections), Arc::clone(&proxy.heads));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, SeqCst);
                tokio::spawn(serve(stream, manner, Arc::clone(&heads)));
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, manner: Manner, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    heads.lock().unwrap().push(head.clone());
    let port = match manner {
        Manner::PassOn(port) => port,
        Manner::Ask(port, credentials) if head.contains(&format!("proxy-authorization: {credentials}\r\n")) => port,
        Manner::Ask(..) => {
            let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(refusal).await;
            return;
        }
        Manner::Answer(bytes) => {
            let _ = stream.write_all(bytes).await;
            return;
        }
        Manner::Hang => std::future::pending().await,
    };
    let mut onward = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    if head.starts_with("CONNECT ") {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nx-proxy: yes\r\n\r\n").await.unwrap();
    } else {
        onward.write_all(head.as_bytes()).await.unwrap();
    }
    let _ = copy_bidirectional(&mut stream, &mut onward).await;
}

fn proxy(url: &str) -> Proxy {
    Proxy::new(Destination::of(&url::Url::parse(url).unwrap()).unwrap())
}

/// A call whose configuration needs `needed` through a proxy, for an operator who wrote `written`.
fn call_through(egress: &Egress, proxy: Proxy, needed: &[&str], written: &[&str]) -> Outbound {
    let policy = Policy::new("acme", list(needed), OperatorList::only(list(written))).with_proxy(proxy);
    egress.for_call(Arc::new(policy), Arc::new(Budget::new(generous())))
}

#[tokio::test]
async fn https_goes_through_a_tunnel_whose_end_this_host_does_not_resolve() {
    let (port, pem) = tls::start().await;
    let proxy_server = FakeProxy::start(Manner::Ask(port, "Basic bWU6cHc=")).await;
    let mut roots = TrustedRoots::default();
    roots.add_pem(pem.as_bytes()).unwrap();
    let resolver = FakeResolver::new(&[("proxy.test", &[&["127.0.0.1"]])]);
    let options = EgressOptions::default().resolver(resolver.clone()).roots(roots);
    let egress = Egress::new(&options).unwrap();
    let at = format!("http://proxy.test:{}", proxy_server.port);
    let outbound =
        call_through(&egress, proxy(&at).with_credentials("me", "pw"), &["tls.test:8443"], &["tls.test:8443", &at]);
    for path in ["/1?code=hidden", "/2"] {
        let response = outbound.send(Request::get(format!("https://tls.test:8443{path}"))).await.unwrap();
        // The server sees an ordinary request, and nothing that was meant for the proxy.
        assert!(text(&response).starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{}", text(&response));
        assert!(text(&response).contains("host: tls.test:8443\r\n") && !text(&response).contains("proxy-"));
    }
    let connect =
        "CONNECT tls.test:8443 HTTP/1.1\r\nhost: tls.test:8443\r\nproxy-authorization: Basic bWU6cHc=\r\n\r\n";
    assert_eq!(proxy_server.heads(), [connect], "one tunnel, kept, and nothing of what went through it");
    assert_eq!(resolver.asked(), 1, "only the proxy's own name");
}

#[tokio::test]
async fn what_comes_out_of_a_tunnel_is_the_servers() {
    let (port, pem) = tls::start_answering([("/407", answer("407 Odd", &[], b"server"))]).await;
    let proxy_server = FakeProxy::start(Manner::PassOn(port)).await;
    let mut roots = TrustedRoots::default();
    roots.add_pem(pem.as_bytes()).unwrap();
    let egress = Egress::new(&EgressOptions::default().roots(roots)).unwrap();
    let at = proxy_server.url();
    let outbound = call_through(&egress, proxy(&at), &["tls.test"], &["tls.test", &at]);
    let response = outbound.send(Request::get("https://tls.test/407")).await.unwrap();
    assert_eq!((response.status, text(&response)), (407, "server"));
}

#[tokio::test]
async fn a_proxy_may_itself_speak_tls() {
    let server = Server::start([]).await;
    let (acceptor, pem) = tls::acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("https://tls.test:{}", listener.local_addr().unwrap().port());
    let heads = Arc::default();
    let manner = Manner::PassOn(server.port);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(acceptor.accept(stream).await.unwrap(), manner, heads).await;
    });
    let mut roots = TrustedRoots::default();
    roots.add_pem(pem.as_bytes()).unwrap();
    let resolver = FakeResolver::new(&[("tls.test", &[&["127.0.0.1"]])]);
    let egress = Egress::new(&EgressOptions::default().resolver(resolver).roots(roots)).unwrap();
    let outbound = call_through(&egress, proxy(&at), &["http://plain.test"], &["http://plain.test", &at]);
    let response = outbound.send(Request::get("http://plain.test/p")).await.unwrap();
    assert!(text(&response).starts_with("GET http://plain.test/p HTTP/1.1\r\n"), "{}", text(&response));
}

#[tokio::test]
async fn a_server_in_a_tunnel_must_still_prove_who_it_is() {
    let (port, _) = tls::start().await;
    let proxy_server = FakeProxy::start(Manner::PassOn(port)).await;
    let at = proxy_server.url();
    let outbound = call_through(&egress(), proxy(&at), &["tls.test"], &["tls.test", &at]);
    let error = outbound.send(Request::get("https://tls.test/")).await.unwrap_err();
    assert_eq!(error.kind, HttpFailure::Tls, "{error}");
    assert!(error.message.contains(&format!("https://tls.test:443 (through the proxy {at})")), "{error}");
}

#[tokio::test]
async fn plain_http_goes_in_absolute_form() {
    let server = Server::start([]).await;
    let proxy_server = FakeProxy::start(Manner::Ask(server.port, "Basic OnB3")).await;
    let at = proxy_server.url();
    let entry = "http://plain.test:8080";
    let egress = egress_with(FakeResolver::new(&[]));
    let outbound = call_through(&egress, proxy(&at).with_credentials("", "pw"), &[entry], &[entry, &at]);
    for _ in 0..2 {
        let response = outbound.send(Request::get("http://plain.test:8080/p?a=1")).await.unwrap();
        assert!(text(&response).starts_with("GET http://plain.test:8080/p?a=1 HTTP/1.1\r\n"), "{}", text(&response));
        assert!(text(&response).contains("host: plain.test:8080\r\n"));
    }
    assert_eq!(proxy_server.connections.load(SeqCst), 1, "the connection is kept");

    // Other credentials have other connections: nobody sends with somebody else's.
    let other = call_through(&egress, proxy(&at).with_credentials("", "guess"), &[entry], &[entry, &at]);
    let error = other.send(Request::get("http://plain.test:8080/")).await.unwrap_err();
    assert_eq!(error.kind, HttpFailure::Proxy { status: Some(407) }, "{error}");
    // A server behind the proxy might say the same, so it is not certain that none has the request.
    assert!(error.may_have_reached_server && error.message.contains(&at), "{error}");
    assert_eq!(proxy_server.connections.load(SeqCst), 2);
}

#[tokio::test]
async fn what_fails_on_the_proxys_side_is_the_proxys() {
    const LONG: &[u8] = &[b'x'; 9000];
    let long: &'static [u8] = [b"HTTP/1.1 200 OK\r\n", LONG].concat().leak();
    for (manner, status, said) in [
        (Manner::Ask(1, "Basic nothing"), Some(407), "asks for other credentials"),
        (Manner::Answer(b"HTTP/1.1 403 Forbidden\r\n\r\n"), Some(403), "does not connect to a.test:443"),
        (Manner::Answer(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nbad"), Some(502), "status 502"),
        (Manner::Answer(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n"), Some(302), "status 302"),
        (Manner::Answer(b"HTTP/1.1\r\n\r\n"), None, "without a status"),
        (Manner::Answer(b"SSH-2.0-OpenSSH_9.9\r\n"), None, "is it a proxy?"),
        (Manner::Answer(b"HTTP/1.1 200 "), None, "ended the connection"),
        (Manner::Answer(b""), None, "ended the connection"),
        (Manner::Answer(long), None, "too great a length"),
    ] {
        let proxy_server = FakeProxy::start(manner).await;
        let at = proxy_server.url();
        let outbound = call_through(&egress(), proxy(&at), &["a.test"], &["a.test", &at]);
        let error = outbound.send(Request::get("https://a.test/?code=hidden")).await.unwrap_err();
        assert_eq!(error.kind, HttpFailure::Proxy { status }, "{said}: {error}");
        assert!(error.message.contains(said) && error.message.contains(&at), "{said}: {error}");
        assert!(!error.may_have_reached_server && !error.message.contains("hidden"), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let plain = tls::start_plain().await;
    let resolver = FakeResolver::new(&[("meta.test", &[&["169.254.169.254"]])]);
    let egress = egress_with(resolver);
    for (at, kind, said) in [
        (format!("http://127.0.0.1:{free}"), HttpFailure::Proxy { status: None }, "cannot be reached"),
        ("http://nowhere.test:3128".to_owned(), HttpFailure::Proxy { status: None }, "has no address"),
        (format!("https://127.0.0.1:{plain}"), HttpFailure::Proxy { status: None }, "offers no TLS session"),
        // Its address is checked like any other: no name leads to a metadata service.
        ("http://meta.test".to_owned(), HttpFailure::Denied { option: None }, "the proxy: "),
    ] {
        let outbound = call_through(&egress, proxy(&at), &["a.test"], &["a.test", &at]);
        let error = outbound.send(Request::get("https://a.test/")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{at}: {error}");
        assert!(error.message.contains(said) && !error.may_have_reached_server, "{at}: {error}");
    }
}

#[tokio::test]
async fn time_that_runs_out_at_the_proxy_names_it() {
    let proxy_server = FakeProxy::start(Manner::Hang).await;
    let at = proxy_server.url();
    let outbound = call_through(&egress(), proxy(&at), &["a.test"], &["a.test", &at]);
    let request = Request { timeout_ms: Some(40), ..Request::get("https://a.test/") };
    let error = outbound.send(request).await.unwrap_err();
    assert_eq!((&error.kind, error.may_have_reached_server), (&HttpFailure::Timeout, false), "{error}");
    assert!(error.message.contains(&format!("through the proxy {at}")), "{error}");
}

#[tokio::test]
async fn a_proxy_is_used_only_where_the_operator_wrote_it_and_for_what_is_allowed() {
    let server = Server::start([]).await;
    let proxy_server = FakeProxy::start(Manner::PassOn(server.port)).await;
    let at = proxy_server.url();
    let port = proxy_server.port;
    let name = format!("http://proxy.test:{port}");
    let egress = egress_with(FakeResolver::new(&[("proxy.test", &[&["127.0.0.1"]])]));
    for (case, at, written, url, option) in [
        ("not written", &at, vec!["http://a.test"], "http://a.test/", Some(format!("--allow-host 127.0.0.1:{port}"))),
        (
            "another port",
            &at,
            vec!["http://a.test", "127.0.0.1:1"],
            "http://a.test/",
            Some(format!("--allow-host 127.0.0.1:{port}")),
        ),
        (
            "a family of names",
            &name,
            vec!["http://a.test", "http://*.test"],
            "http://a.test/",
            Some(format!("--allow-host {name}")),
        ),
        // A proxy admits nothing: the real destination is checked first.
        ("destination not allowed", &at, vec![&at[..]], "https://a.test/", Some("--allow-host a.test".to_owned())),
        ("destination not needed", &at, vec!["b.test", &at], "https://b.test/", None),
        (
            "plain http not written",
            &at,
            vec!["a.test", &at],
            "http://a.test/",
            Some("--allow-host http://a.test".to_owned()),
        ),
        ("a private address", &at, vec!["*.test", &at], "https://10.0.0.7/", Some("--allow-host 10.0.0.7".to_owned())),
    ] {
        let needed = ["a.test", "http://a.test", "10.0.0.7"];
        let error = call_through(&egress, proxy(at), &needed, &written).send(Request::get(url)).await.unwrap_err();
        assert_eq!(error.kind, HttpFailure::Denied { option }, "{case}: {error}");
    }
    let anything = OperatorList::whatever_is_needed_and(AllowList::default());
    let policy = Policy::new("acme", list(&["a.test"]), anything).with_proxy(proxy(&at));
    let outbound = egress.for_call(Arc::new(policy), Arc::new(Budget::new(generous())));
    let error = outbound.send(Request::get("https://a.test/")).await.unwrap_err();
    let option = Some(format!("--allow-host 127.0.0.1:{port}"));
    assert_eq!(error.kind, HttpFailure::Denied { option }, "whatever is needed is no proxy: {error}");
    assert_eq!(proxy_server.connections.load(SeqCst), 0, "nothing of all this came to the proxy");
}

#[tokio::test]
async fn what_stays_on_this_machine_goes_through_no_proxy() {
    let server = Server::start([]).await;
    let proxy_server = FakeProxy::start(Manner::Answer(b"")).await;
    let (at, here) = (proxy_server.url(), server.url(""));
    let outbound = call_through(&egress(), proxy(&at), &[&here], &[&here, &at]);
    outbound.send(Request::get(server.url("/p"))).await.unwrap();
    assert_eq!((server.requests().len(), proxy_server.connections.load(SeqCst)), (1, 0));
}
