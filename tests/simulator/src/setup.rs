//! What a simulator starts with.

use std::net::{Ipv4Addr, SocketAddr};

use crate::behaviour::Behaviour;
use crate::clock::Clock;
use crate::corp::Corp;

/// Organisation, behaviour, clock and address of a simulator to start.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The organisation.
    pub corp: Corp,
    /// Quirks, switches, limits, latency.
    pub behaviour: Behaviour,
    /// Real time unless given.
    pub clock: Clock,
    /// Where to listen; 127.0.0.1 and any free port unless given.
    pub listen: SocketAddr,
}

impl Setup {
    /// A simulator of this organisation, everything else as usual.
    pub fn new(corp: Corp) -> Self {
        Self {
            corp,
            behaviour: Behaviour::default(),
            clock: Clock::default(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }
}
