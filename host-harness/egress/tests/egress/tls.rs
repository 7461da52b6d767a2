//! TLS with a certificate authority made for the test.

use std::{collections::HashMap, sync::Arc, time::Duration};

use organisation_egress::{Egress, EgressOptions, HttpFailure, Request, TrustedRoots};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    server::{Reply, Seen, serve},
    support::{FakeResolver, call, generous, text},
};

/// What speaks TLS as `tls.test`, with a fresh certificate, which comes as PEM.
pub(crate) fn acceptor() -> (TlsAcceptor, String) {
    let certified = rcgen::generate_simple_self_signed(["tls.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certified.cert.pem())
}

/// Serves `tls.test`; answers port and certificate.
pub(crate) async fn start() -> (u16, String) {
    start_answering([]).await
}

/// The same, with these answers by path.
pub(crate) async fn start_answering<'a>(replies: impl IntoIterator<Item = (&'a str, Reply)>) -> (u16, String) {
    let replies: HashMap<String, Reply> = replies.into_iter().map(|(path, reply)| (path.to_owned(), reply)).collect();
    let replies = Arc::new(replies);
    let (acceptor, pem) = acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, replies) = (acceptor.clone(), Arc::clone(&replies));
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, replies, Arc::new(Seen::default())).await;
                }
            });
        }
    });
    (port, pem)
}

/// A server that takes connections and says nothing.
async fn start_silent() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    port
}

/// Not the request's own time limit, which does not bound a connection that is made in the background.
#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let port = start_silent().await;
    let resolver = FakeResolver::new(&[("tls.test", &[&["127.0.0.1"]])]);
    let connect_timeout = Duration::from_millis(100);
    let egress = Egress::new(&EgressOptions::default().resolver(resolver).connect_timeout(connect_timeout)).unwrap();
    let outbound = call(&egress, generous(), &[&format!("tls.test:{port}")]);
    let error = outbound.send(Request::get(format!("https://tls.test:{port}/"))).await.unwrap_err();
    assert_eq!(error.kind, HttpFailure::Timeout, "{error}");
    assert!(error.message.contains("ready for a request within 400ms"), "{error}");
    assert!(!error.may_have_reached_server);
}

/// A server that answers the first bytes, whatever they are, in plain text.
pub(crate) async fn start_plain() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read_u8().await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    port
}

fn egress(pem: Option<&str>) -> Egress {
    let mut roots = TrustedRoots::default();
    if let Some(pem) = pem {
        roots.add_pem(pem.as_bytes()).unwrap();
    }
    let resolver = FakeResolver::new(&[("tls.test", &[&["127.0.0.1"]]), ("other.test", &[&["127.0.0.1"]])]);
    Egress::new(&EgressOptions::default().resolver(resolver).roots(roots)).unwrap()
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_name_the_host() {
    let (port, pem) = start().await;
    let plain = start_plain().await;
    for (case, pem, host, port, said) in [
        ("not trusted", None, "tls.test", port, "UnknownIssuer"),
        ("another name", Some(&pem[..]), "other.test", port, "not valid for name"),
        ("no tls at all", Some(&pem[..]), "tls.test", plain, "no TLS session"),
    ] {
        let entry = format!("{host}:{port}");
        let error = call(&egress(pem), generous(), &[&entry])
            .send(Request::get(format!("https://{entry}/?code=hidden")))
            .await
            .unwrap_err();
        assert_eq!((&error.kind, error.may_have_reached_server), (&HttpFailure::Tls, false), "{case}: {error}");
        assert!(error.message.contains(said) && !error.message.contains("hidden"), "{case}: {error}");
    }
    let entry = format!("tls.test:{port}");
    let egress = egress(Some(&pem));
    let outbound = call(&egress, generous(), &[&entry]);
    for path in ["/1", "/2"] {
        // The final dot of a full name must not reach the certificate check.
        let response = outbound.send(Request::get(format!("https://TLS.test.:{port}{path}"))).await.unwrap();
        assert!(text(&response).starts_with(&format!("GET {path} ")));
        assert!(text(&response).contains(&format!("host: tls.test:{port}")));
    }
    assert_eq!(egress.connections_opened(), 1);
}

#[test]
fn additional_roots_must_be_certificates() {
    for pem in ["", "not pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        assert!(TrustedRoots::default().add_pem(pem.as_bytes()).is_err(), "{pem:?}");
    }
}
