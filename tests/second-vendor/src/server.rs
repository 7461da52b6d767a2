//! The service on a port of loopback.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{
    Router,
    routing::{get, post},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{api, authorize, clock::Clock, control::Control, organisation::Organisation, world::Shared};

/// What a service is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The organisation.
    pub organisation: Organisation,
    /// The clock.
    pub clock: Clock,
    /// Rows of a page.
    pub page_size: usize,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl Setup {
    /// This organisation in real time, on a free port of loopback, in pages of 50.
    pub fn new(organisation: Organisation) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { organisation, clock: Clock::default(), page_size: 50, listen }
    }
}

/// A running service. It takes no more connections when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    control: Control,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts a service on the current tokio runtime.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start(setup: Setup) -> std::io::Result<Self> {
        let Setup { organisation, clock, page_size, listen } = setup;
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let shared = Shared::new(organisation, clock, page_size);
        let router = Router::new()
            .route("/authorize", get(authorize::page))
            .route("/token", post(api::token))
            .route("/units", get(api::units))
            .route("/units/{id}", get(api::unit))
            .route("/people", get(api::people))
            .route("/people/{id}", get(api::person))
            .with_state(shared.clone());
        // It ends by itself only where the listener does.
        let accepting = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, control: Control(shared), accepting })
    }

    /// Where it is, such as `http://127.0.0.1:8080`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The handle that reads and changes it.
    pub fn control(&self) -> Control {
        self.control.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
