//! From a destination to a TCP connection, by way of checked addresses only.
//!
//! The addresses that were checked are the addresses that are connected to: there is no second resolution in between,
//! so a name that changes its answer (DNS rebinding) gains nothing. Addresses written as the host are checked again
//! here although the policy has done so: the connector alone is then enough to keep this promise.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
    vec,
};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use tokio::time::timeout;
use tower_service::Service;

use super::{
    address::AddressClass,
    cause::innermost,
    destination::{Destination, is_localhost},
    error::{HttpError, HttpFailure},
    parse::read_url,
    permits::Permits,
    policy::denied,
    resolver::LookUps,
    socket::Socket,
};

tokio::task_local! {
    /// Whose request it is that a connection is opened for. The HTTP library hands a connector nothing but the URL.
    pub(super) static TENANT: Arc<str>;
}

/// Which addresses the connections of one pool may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressPolicy {
    /// Public ones only.
    Public,
    /// Those of hosts that the operator wrote.
    WrittenHosts,
}

impl AddressPolicy {
    fn admits_literal(self, ip: IpAddr) -> bool {
        self == Self::WrittenHosts || AddressClass::of(ip) == AddressClass::Public
    }

    fn admits_resolved(self, name: &str, ip: IpAddr) -> bool {
        let class = AddressClass::of(ip);
        match self {
            Self::Public => class == AddressClass::Public,
            // Plain http to `localhost` is allowed because it stays on this machine, so it has to.
            Self::WrittenHosts if is_localhost(name) => class == AddressClass::Loopback,
            Self::WrittenHosts => class.admitted_for_written_name(),
        }
    }
}

/// Opens TCP connections to addresses that its [`AddressPolicy`] admits.
#[derive(Clone)]
pub(super) struct CheckedConnector {
    pub(super) lookups: LookUps,
    pub(super) addresses: AddressPolicy,
    /// Bounds the wait for a permit, and then the attempts to connect, all addresses together.
    pub(super) timeout: Duration,
    pub(super) connections: Arc<Permits>,
    /// Counts the connections made.
    pub(super) opened: Arc<AtomicU64>,
}

/// A failure to connect that is already explained. It passes through the HTTP library unchanged; whatever else comes
/// out of connecting is therefore a failure of TLS.
#[derive(Debug)]
pub(super) struct ConnectFailure(pub(super) HttpError);

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ConnectFailure {}

impl CheckedConnector {
    /// The addresses of a destination, all of which are admitted.
    async fn addresses(&self, destination: &Destination, tenant: &Arc<str>) -> Result<Vec<SocketAddr>, ConnectFailure> {
        let addresses = self.addresses;
        if let Some(ip) = destination.ip() {
            return match addresses.admits_literal(ip) {
                true => Ok(vec![unported(ip)]),
                false => Err(refused(destination, addresses, AddressClass::of(ip))),
            };
        }
        let name = destination.host.to_string();
        let found = self.lookups.resolve(tenant, &name).await;
        let found = found.map_err(|reason| unresolved(destination, &reason))?;
        let admitted: Vec<_> =
            found.iter().copied().filter(|ip| addresses.admits_resolved(&name, *ip)).map(unported).collect();
        if !admitted.is_empty() {
            return Ok(admitted);
        }
        // Of several, the one that an operator could admit is the one worth naming.
        let mut classes = found.iter().map(|ip| AddressClass::of(*ip));
        let nameable = classes.clone().find(|class| class.admitted_for_written_name());
        Err(match nameable.or_else(|| classes.next()) {
            Some(class) => refused(destination, addresses, class),
            None => unresolved(destination, "the answer was empty"),
        })
    }

    /// The way to these addresses.
    fn tcp(&self, addresses: Vec<SocketAddr>) -> HttpConnector<Resolved> {
        let mut tcp = HttpConnector::new_with_resolver(Resolved(addresses));
        // TLS is put around this connector, so it sees https as well.
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(self.timeout));
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        tcp.set_nodelay(true);
        tcp
    }
}

/// An address whose port the HTTP library puts in, from the URL.
fn unported(ip: IpAddr) -> SocketAddr {
    SocketAddr::new(ip, 0)
}

impl Service<Uri> for CheckedConnector {
    type Response = Socket;
    type Error = ConnectFailure;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        // Now, since the library may go on with what follows in a task of its own.
        let tenant = tenant();
        Box::pin(async move {
            let destination = destination(&uri)?;
            // First, since a name that nobody answers for takes long, and a permit is for connections.
            let addresses = connector.addresses(&destination, &tenant).await?;
            let permit = timeout(connector.timeout, connector.connections.acquire(&tenant)).await;
            let permit = permit.map_err(|_| no_permit(&destination, &connector.connections))?;
            let stream = connector.tcp(addresses).call(uri).await.map_err(|error| explain(&destination, &error))?;
            connector.opened.fetch_add(1, Ordering::Relaxed);
            Ok(Socket { stream, _permit: permit })
        })
    }
}

/// Whose request is under way. There always is one; what belongs to nobody would share the permits of nobody.
fn tenant() -> Arc<str> {
    TENANT.try_with(Arc::clone).unwrap_or_default()
}

fn no_permit(destination: &Destination, connections: &Permits) -> ConnectFailure {
    let limits = connections.limits();
    let message = format!(
        "no connection to {destination}: none came free of the {} that a tenant may have open, or of the {} of this host",
        limits.tenant, limits.host
    );
    ConnectFailure(HttpError::before_sending(HttpFailure::Connect, message))
}

fn destination(uri: &Uri) -> Result<Destination, ConnectFailure> {
    read_url(&uri.to_string()).ok().and_then(|url| Destination::of(&url).ok()).ok_or_else(|| {
        ConnectFailure(HttpError::invalid_request("the url has no destination; write http:// or https:// and a host"))
    })
}

/// The refusal of an address: with the option that would admit it, or without where none would.
fn refused(destination: &Destination, addresses: AddressPolicy, class: AddressClass) -> ConnectFailure {
    let leads = format!("it leads to a {} address, which", class.describe());
    let written_by_address = destination.ip().is_some();
    ConnectFailure(if addresses == AddressPolicy::Public && (written_by_address || class.admitted_for_written_name()) {
        denied(destination, &leads)
    } else {
        let message = format!("{destination} is denied: {leads} no name may lead to; correct the name's DNS records");
        HttpError::before_sending(HttpFailure::Denied { option: None }, message)
    })
}

fn unresolved(destination: &Destination, reason: &str) -> ConnectFailure {
    let message = format!("the name {} has no address: {reason}", destination.host);
    ConnectFailure(HttpError::before_sending(HttpFailure::Dns, message))
}

fn explain(destination: &Destination, error: &(dyn std::error::Error + 'static)) -> ConnectFailure {
    let message = format!("no connection to {destination}: {}", innermost(error));
    ConnectFailure(HttpError::before_sending(HttpFailure::Connect, message))
}

/// The addresses that were found, whatever name is asked for.
#[derive(Clone)]
struct Resolved(Vec<SocketAddr>);

impl Service<Name> for Resolved {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{permits::PermitLimits, resolver::SystemResolver},
        *,
    };

    #[test]
    fn the_address_policy_decides_by_name_and_class() {
        for (addresses, name, ip, admitted) in [
            (AddressPolicy::Public, "a.example", "8.8.8.8", true),
            (AddressPolicy::Public, "a.example", "127.0.0.1", false),
            (AddressPolicy::Public, "a.example", "10.0.0.1", false),
            (AddressPolicy::Public, "a.example", "::ffff:8.8.8.8", false),
            (AddressPolicy::Public, "localhost", "127.0.0.1", false),
            (AddressPolicy::WrittenHosts, "a.example", "8.8.8.8", true),
            (AddressPolicy::WrittenHosts, "a.example", "10.0.0.1", true),
            (AddressPolicy::WrittenHosts, "a.example", "127.0.0.1", true),
            (AddressPolicy::WrittenHosts, "a.example", "169.254.169.254", false),
            (AddressPolicy::WrittenHosts, "a.example", "0.0.0.0", false),
            (AddressPolicy::WrittenHosts, "a.example", "::ffff:10.0.0.1", false),
            (AddressPolicy::WrittenHosts, "localhost", "127.0.0.1", true),
            (AddressPolicy::WrittenHosts, "localhost", "::1", true),
            (AddressPolicy::WrittenHosts, "localhost", "8.8.8.8", false),
        ] {
            assert_eq!(addresses.admits_resolved(name, ip.parse().unwrap()), admitted, "{addresses:?} {name} {ip}");
        }
        assert!(!AddressPolicy::Public.admits_literal("127.0.0.1".parse().unwrap()));
        assert!(AddressPolicy::WrittenHosts.admits_literal("169.254.169.254".parse().unwrap()));
    }

    #[tokio::test]
    async fn an_address_written_as_the_host_is_checked_here_too() {
        let limits = PermitLimits { host: 1, tenant: 1 };
        let lookups = LookUps::new(Arc::new(SystemResolver), Duration::ZERO, limits);
        let (connections, opened) = (Arc::new(Permits::new(limits)), Arc::new(AtomicU64::new(0)));
        let second = Duration::from_secs(1);
        let mut connector = CheckedConnector {
            lookups,
            addresses: AddressPolicy::Public,
            timeout: second,
            connections,
            opened: Arc::clone(&opened),
        };
        for uri in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://10.0.0.1/", "http://2130706433/"] {
            let ConnectFailure(error) = connector.call(uri.parse().unwrap()).await.err().unwrap();
            assert!(matches!(error.kind, HttpFailure::Denied { option: Some(_) }), "{uri}: {error}");
        }
        assert_eq!(opened.load(Ordering::Relaxed), 0);
    }
}
