//! What all calls share: connections, answers on their way, look-ups; each tenant has a part, and gives it back.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use async_trait::async_trait;
use organisation_egress::{
    AllowEntry, AllowList, Budget, Egress, EgressOptions, HttpFailure, NetworkLimits, OperatorList, Outbound,
    PermitLimits, Policy, Request, Resolver,
};

use crate::{
    server::{Reply, Server, answer},
    support::generous,
};

const CONNECT: Duration = Duration::from_millis(200);

fn egress(limits: NetworkLimits) -> Egress {
    Egress::new(&EgressOptions::default().limits(limits).connect_timeout(CONNECT)).unwrap()
}

fn call_of(tenant: &str, egress: &Egress, servers: &[&Server]) -> Outbound {
    let entry = |server: &&Server| format!("127.0.0.1:{}", server.port).parse::<AllowEntry>().unwrap();
    let entries: AllowList = servers.iter().map(entry).collect();
    let policy = Policy::new(tenant, entries.clone(), OperatorList::only(entries));
    egress.for_call(Arc::new(policy), Arc::new(Budget::new(generous())))
}

#[tokio::test]
async fn a_tenant_opens_no_more_connections_than_its_part_and_others_go_on() {
    let hanging = || Server::start([("/hang", Reply::Hang)]);
    let servers = [hanging().await, hanging().await, Server::start([]).await];
    let [first, second, third] = &servers;
    let connections = PermitLimits { host: 3, tenant: 2 };
    let egress = egress(NetworkLimits::default().connections(connections));
    let hostile = call_of("hostile", &egress, &[first, second, third]);
    let hang = async |server: &Server| hostile.send(Request::get(server.url("/hang"))).await;
    let hangs = async { tokio::join!(hang(first), hang(second)) };
    tokio::pin!(hangs);
    while first.requests().is_empty() || second.requests().is_empty() {
        tokio::select! {
            answers = &mut hangs => panic!("{answers:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    let error = hostile.send(Request::get(third.url("/"))).await.unwrap_err();
    assert_eq!((error.kind, error.may_have_reached_server), (HttpFailure::Connect, false));
    assert!(error.message.contains("of the 2 that a tenant may have open"), "{}", error.message);
    assert_eq!(third.seen.connections.load(SeqCst), 0);
    call_of("other", &egress, &[third]).send(Request::get(third.url("/"))).await.unwrap();
}

#[tokio::test]
async fn a_tenants_own_idle_connections_make_room() {
    let servers = [Server::start([]).await, Server::start([]).await, Server::start([]).await];
    let connections = PermitLimits { host: 9, tenant: 2 };
    let egress = egress(NetworkLimits::default().connections(connections));
    for server in &servers {
        call_of("a", &egress, &[server]).send(Request::get(server.url("/"))).await.unwrap();
    }
    assert_eq!(egress.connections_opened(), 3);
    // Not once more at once: idle connections of others go with them.
    let (more, last) = (Server::start([]).await, Server::start([]).await);
    call_of("a", &egress, &[&more]).send(Request::get(more.url("/"))).await.unwrap();
    let error = call_of("a", &egress, &[&last]).send(Request::get(last.url("/"))).await.unwrap_err();
    assert_eq!(error.kind, HttpFailure::Connect, "{error}");
}

/// Answers for every name but one.
struct OneName;

#[async_trait]
impl Resolver for OneName {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match name {
            "silent.example" => std::future::pending().await,
            _ => Ok(vec![[127, 0, 0, 1].into()]),
        }
    }
}

#[tokio::test]
async fn a_name_that_nobody_answers_for_takes_no_connection() {
    let server = Server::start([]).await;
    let limits = NetworkLimits::default().connections(PermitLimits { host: 1, tenant: 1 });
    let resolver = Arc::new(OneName);
    let egress = Egress::new(&EgressOptions::default().limits(limits).resolver(resolver)).unwrap();
    let entry = |host: &str| format!("http://{host}:{}", server.port).parse::<AllowEntry>().unwrap();
    let entries: AllowList = [entry("silent.example"), entry("sound.example")].into_iter().collect();
    let policy = Policy::new("a", entries.clone(), OperatorList::only(entries));
    let call = egress.for_call(Arc::new(policy), Arc::new(Budget::new(generous())));
    let get = |host: &str| call.send(Request::get(format!("http://{host}:{}/", server.port)));
    let silent = get("silent.example");
    tokio::pin!(silent);
    tokio::select! {
        biased;
        answer = &mut silent => panic!("{answer:?}"),
        answer = get("sound.example") => drop(answer.unwrap()),
    }
}

#[tokio::test]
async fn idle_connections_make_room_when_all_that_there_may_be_are_open() {
    let servers = [Server::start([]).await, Server::start([]).await, Server::start([]).await];
    let egress = egress(NetworkLimits::default().connections(PermitLimits { host: 2, tenant: 2 }));
    for (server, tenant) in servers.iter().zip(["a", "b", "c"]) {
        call_of(tenant, &egress, &[server]).send(Request::get(server.url("/"))).await.unwrap();
    }
    // Kept again thereafter.
    let (last, opened) = (&servers[2], egress.connections_opened());
    call_of("a", &egress, &[last]).send(Request::get(last.url("/"))).await.unwrap();
    assert_eq!((opened, egress.connections_opened()), (3, 3));
}

#[tokio::test]
async fn answers_that_no_component_has_taken_over_have_a_sum_for_each_tenant_and_for_all() {
    let server = Server::start([("/", answer("200 OK", &[], &[b'x'; 400]))]).await;
    let answer_bytes = PermitLimits { host: 1_300, tenant: 1_000 };
    let egress = egress(NetworkLimits::default().answer_bytes(answer_bytes));
    let call = |tenant: &str| call_of(tenant, &egress, &[&server]);
    let get = || Request::get(server.url("/"));
    let (first, second, third, other) = (call("a"), call("a"), call("a"), call("b"));
    first.send(get()).await.unwrap();
    second.send(get()).await.unwrap();
    let error = third.send(get()).await.unwrap_err();
    assert_eq!((&error.kind, error.may_have_reached_server), (&HttpFailure::BudgetExhausted, true));
    assert!(error.message.contains("the 1000 bytes that all calls of a tenant"), "{}", error.message);
    other.send(get()).await.unwrap();
    let error = call("c").send(get()).await.unwrap_err();
    assert!(error.message.contains("the 1300 bytes that all calls of this host"), "{}", error.message);
    // What asks for something new has taken over what it got before, and what is over holds nothing.
    first.send(get()).await.unwrap();
    drop(second);
    third.send(get()).await.unwrap();
}
