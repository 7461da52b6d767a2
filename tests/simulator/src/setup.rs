//! What a simulator starts with.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::behaviour::Behaviour;
use crate::clock::Clock;
use crate::console::faults_of;
use crate::corp::Corp;
use crate::demo::demo;
use crate::faults::Fault;
use crate::file::{FileError, OrganisationFile};

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

    /// A simulator of the organisation in a file, with its latency, and the faults to arm once it runs. An app without a secret has that of
    /// the demonstration's app of its id, or a new one.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn of_file(text: &[u8]) -> Result<(Self, Vec<Fault>), FileError> {
        let file = OrganisationFile::parse(text)?;
        let faults = faults_of(&file).map_err(|error| FileError::Fault(error.to_string()))?;
        let mut setup = Self::new(file.corp(&demo(), &mut fastrand::Rng::new())?);
        if let Some(latency) = file.latency {
            setup.behaviour.latency = Duration::from_millis(latency);
        }
        Ok((setup, faults))
    }
}
