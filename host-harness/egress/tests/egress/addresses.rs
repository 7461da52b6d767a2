//! Names that lead where they must not, and grants that must not be shared.

use organisation_egress::{HttpFailure, Request};

use crate::{
    server::Server,
    support::{FakeResolver, call, call_unwritten, egress_with, generous},
};

#[tokio::test]
async fn a_name_that_leads_inside_is_denied_unless_that_very_name_is_written() {
    // The addresses that no name may lead to have no option either: the operator would have to write the address.
    for (address, option) in [
        ("127.0.0.1", true),
        ("::1", true),
        ("10.1.2.3", true),
        ("192.168.1.1", true),
        ("100.64.0.1", true),
        ("fd00::1", true),
        ("169.254.1.1", false),
        ("fe80::1", false),
        ("169.254.169.254", false),
        ("100.100.100.200", false),
        ("fd00:ec2::254", false),
        ("224.0.0.1", false),
        ("255.255.255.255", false),
        ("192.0.2.1", false),
        ("198.18.0.1", false),
        ("ff02::1", false),
        ("::", false),
        ("0.0.0.0", false),
        ("::ffff:127.0.0.1", false),
        ("::7f00:1", false),
        ("64:ff9b::a00:1", false),
        ("64:ff9b:1::a00:1", false),
        ("2002:a00:1::", false),
        ("2001:0:a00:1::1", false),
    ] {
        let resolver = FakeResolver::new(&[("evil.test", &[&[address]])]);
        let egress = egress_with(resolver.clone());
        let error = call_unwritten(&egress, &["evil.test"]).send(Request::get("https://evil.test/")).await.unwrap_err();
        let option = option.then(|| "--allow-host evil.test".to_owned());
        assert_eq!(error.kind, HttpFailure::Denied { option }, "{address}: {error}");
        assert!(!error.may_have_reached_server);

        // A family of names is not that very name.
        let error = call(&egress, generous(), &["*.test"]).send(Request::get("https://evil.test/")).await.unwrap_err();
        assert!(matches!(error.kind, HttpFailure::Denied { .. }), "{address}: {error}");
        assert_eq!((resolver.asked(), egress.connections_opened()), (2, 0), "{address}");
    }
}

#[tokio::test]
async fn a_written_name_may_lead_inside_but_not_to_metadata() {
    let server = Server::start([]).await;
    let entry = format!("http://intranet.test:{}", server.port);
    let resolver = FakeResolver::new(&[("intranet.test", &[&["169.254.169.254", "127.0.0.1"], &["169.254.169.254"]])]);
    let egress = egress_with(resolver);
    let response = call(&egress, generous(), &[&entry]).send(Request::get(&entry)).await.unwrap();
    assert_eq!(response.status, 200, "the admitted address of several is used");

    let egress = egress_with(FakeResolver::new(&[("intranet.test", &[&["169.254.169.254"]])]));
    let error = call(&egress, generous(), &[&entry]).send(Request::get(&entry)).await.unwrap_err();
    assert_eq!(error.kind, HttpFailure::Denied { option: None }, "the option is set already: {error}");
}

#[tokio::test]
async fn a_name_is_resolved_once_for_each_connection() {
    let server = Server::start([]).await;
    let entry = format!("http://rebind.test:{}", server.port);
    // Good when checked, and somewhere else if anyone asked again before connecting.
    let resolver = FakeResolver::new(&[("rebind.test", &[&["127.0.0.1"], &["169.254.169.254"]])]);
    let egress = egress_with(resolver.clone());
    call(&egress, generous(), &[&entry]).send(Request::get(&entry)).await.unwrap();
    assert_eq!((resolver.asked(), server.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_connection_opened_under_one_grant_serves_no_tenant_without_it() {
    let server = Server::start([]).await;
    let url = format!("http://app.localhost:{}/", server.port);
    let entry = format!("app.localhost:{}", server.port);
    let egress = egress_with(FakeResolver::new(&[("app.localhost", &[&["127.0.0.1"]])]));

    call(&egress, generous(), &[&entry]).send(Request::get(&url)).await.unwrap();
    let error = call_unwritten(&egress, &[&entry]).send(Request::get(&url)).await.unwrap_err();
    assert_eq!(error.kind, HttpFailure::Denied { option: Some(format!("--allow-host {entry}")) }, "{error}");
    assert_eq!(server.requests().len(), 1);

    // A tenant with a grant of its own shares it.
    call(&egress, generous(), &[&entry]).send(Request::get(&url)).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}
