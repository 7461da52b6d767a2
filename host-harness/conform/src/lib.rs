//! Holds a component against the promises of the contract, sentence by sentence.
//!
//! [`conform`] plays the platform: it asks every function, sound and unsound, watches what goes over the border, lets vendor and
//! store fail, lets calls die and goes on. What it cannot play is the vendor: the configuration names one, such as a test server on
//! this machine, whose organisation must not change meanwhile. Without a sound configuration the pure functions alone are
//! looked at.
//!
//! Nothing here knows a vendor. Each [`Finding`] names the sentence of `wit/` that was looked at, how often, and what broke it.
//! That nothing was broken is no proof; that something was is one.

mod administration;
mod approvals;
mod audit;
mod callbacks;
mod clock;
mod configuration;
mod connection;
mod copy;
mod death;
mod description;
mod findings;
mod messaging;
mod platform;
mod promise;
mod removal;
mod retirement;
mod sign_in;
mod sync;
mod trial;
mod trouble;
mod vendor_call;
mod web;

use std::sync::Arc;

use async_trait::async_trait;
use organisation_host::{
    BuildError, ComponentFile, Digest, ElementError, FailedCall, Host, LoadError,
    contract::{approvals::ApprovalRequest, callbacks::IncomingRequest, element::Description},
    egress::OperatorList,
    settings::Document,
    storage::Clock,
};

use serde::Deserialize;

use clock::ForwardClock;
pub use findings::Finding;
pub use promise::Promise;
use trial::Trial;

/// Somebody who signs in at the vendor.
#[async_trait]
pub trait Person: Send + Sync {
    /// Opens a sign-in URL, does what its page asks, and answers the address to which the vendor sends the browser.
    ///
    /// # Errors
    /// Why nobody got in, in one line.
    async fn sign_in(&self, url: &str) -> Result<String, String>;
}

/// Whoever administers the organisation at the vendor.
#[async_trait]
pub trait VendorAdmin: Send + Sync {
    /// Takes a member out of the app's sight. The vendor need not say why.
    ///
    /// # Errors
    /// Why not, in one line.
    async fn remove_member(&self, id: &str) -> Result<(), String>;
}

/// What only the vendor can make: what needs one is left out without it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Samples {
    /// A request for approval that the vendor accepts, however often; its summary and key are replaced.
    pub approval: Option<ApprovalRequest>,
    /// What the vendor sent to a route of the configuration just now, as it arrived; each brings at least one event.
    pub deliveries: Vec<IncomingRequest>,
}

/// What is examined, and with what.
#[derive(Clone)]
pub struct Subject {
    /// The configuration. It has to name a vendor that answers.
    pub settings: Document,
    /// What the element may reach.
    pub operator: OperatorList,
    /// Who signs in; without one no exchange is examined that ends well.
    pub person: Option<Arc<dyn Person>>,
    /// Takes members away at the end; without one it is not examined who may go.
    pub vendor_admin: Option<Arc<dyn VendorAdmin>>,
    /// What only the vendor can make.
    pub samples: Samples,
    /// What is looked at; usually all of [`Part::ALL`].
    pub parts: Vec<Part>,
}

/// What came of an examination.
#[derive(Debug, Clone)]
pub struct Conformance {
    /// The component.
    pub component: Digest,
    /// What it calls itself: id and version.
    pub element: (String, String),
    /// Why the pure functions alone were looked at: the configuration is not sound, or the vendor is not there.
    pub hindrance: Option<String>,
    /// One finding for each promise.
    pub findings: Vec<Finding>,
}

impl Conformance {
    /// Whether no promise was broken.
    pub fn conforms(&self) -> bool {
        self.findings.iter().all(Finding::is_kept)
    }
}

/// Why a component cannot be examined.
#[derive(Debug, thiserror::Error)]
pub enum ConformError {
    /// There is no host.
    #[error(transparent)]
    Host(#[from] BuildError),
    /// The component does not fit the world.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// An element cannot be made of it.
    #[error(transparent)]
    Element(#[from] ElementError),
    /// It does not even say what it is, or whether its configuration is sound.
    #[error(transparent)]
    Call(#[from] Box<FailedCall>),
}

/// A part of the examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `describe` and `validate-config`.
    Configuration,
    /// `check-connection`.
    Connection,
    /// What the vendor sends.
    Callbacks,
    /// Sign-in.
    SignIn,
    /// Runs of the sync, the copy and its feed.
    Sync,
    /// Roles, administrators, and who is retired or erased.
    Administration,
    /// Messages to members.
    Messaging,
    /// Calls of the vendor's API by path.
    VendorCall,
    /// Requests for approval.
    Approvals,
    /// Signatures of pages.
    Web,
    /// A vendor and a store that fail.
    Trouble,
    /// Calls that are cut off, and small limits.
    Death,
    /// Members whom the vendor does not show any more.
    Removal,
}

impl Part {
    /// All parts, in the order in which they are examined.
    pub const ALL: [Self; 13] = [
        Self::Configuration,
        Self::Connection,
        Self::Callbacks,
        Self::SignIn,
        Self::Sync,
        Self::Administration,
        Self::Messaging,
        Self::VendorCall,
        Self::Approvals,
        Self::Web,
        Self::Trouble,
        Self::Death,
        Self::Removal,
    ];
}

/// Examines a component. `host` makes a host of a clock that is put forward where the contract speaks of minutes; storage is in
/// memory. `begins` is told each part. Takes half a minute for an organisation of some dozens. The vendor gets some thousands of
/// requests; members get messages, and requests for approval are made.
///
/// # Errors
/// See [`ConformError`]. What the component does wrong is a finding and no error.
pub async fn conform(
    host: impl FnOnce(Arc<dyn Clock>) -> Result<Host, BuildError>,
    file: &ComponentFile,
    subject: Subject,
    mut begins: impl FnMut(Part),
) -> Result<Conformance, ConformError> {
    let clock = Arc::new(ForwardClock::default());
    let host = host(Arc::clone(&clock) as _)?;
    let component = host.load_file(file)?;
    let (trial, element) = Trial::begin(host, component, subject, clock).await?;
    let mut begin = |part| {
        let is_wanted = trial.subject.parts.contains(&part);
        if is_wanted {
            begins(part);
        }
        is_wanted
    };
    if begin(Part::Configuration) {
        description::examine(&trial, &element).await;
        configuration::examine(&trial, &element).await;
        configuration::unsound(&trial).await?;
    }
    let hindrance = match trial.unsound() {
        Some(problems) => Some(format!("the configuration is not sound: {problems}")),
        None => trial.unreachable(&element).await,
    };
    if hindrance.is_none() {
        if begin(Part::Connection) {
            connection::examine(&trial, &element, "its own vendor").await;
        }
        // Before the clock is put forward: what the vendor sent may be refused once it is old.
        if begin(Part::Callbacks) {
            callbacks::examine(&trial).await?;
        }
        if begin(Part::SignIn) {
            sign_in::examine(&trial).await?;
        }
        if begin(Part::Sync) {
            sync::examine(&trial).await?;
        }
        if begin(Part::Administration) {
            administration::examine(&trial).await?;
        }
        if begin(Part::Messaging) {
            messaging::examine(&trial).await?;
        }
        if begin(Part::VendorCall) {
            vendor_call::examine(&trial).await?;
        }
        if begin(Part::Approvals) {
            approvals::examine(&trial).await?;
        }
        if begin(Part::Web) {
            web::examine(&trial).await?;
        }
        if begin(Part::Trouble) {
            trouble::examine(&trial).await?;
        }
        if begin(Part::Death) {
            death::examine(&trial).await?;
        }
        if begin(Part::Removal) {
            removal::examine(&trial).await?;
        }
    } else {
        trial.findings.skip(promise::ALL, "the configuration is not sound, or the vendor is not there");
    }
    let Description { id, version, .. } = trial.description.clone();
    Ok(Conformance {
        component: trial.component.digest(),
        element: (id, version),
        hindrance,
        findings: trial.findings.all(),
    })
}

#[cfg(test)]
mod tests {
    use organisation_host::contract::from_json;

    use super::*;

    #[test]
    fn the_samples_that_the_documentation_shows_can_be_read() {
        let text = include_str!("../../../docs/contract.md");
        let shown = text.split("```json").skip(1).filter_map(|block| block.split("```").next());
        let shown: Vec<_> = shown.filter(|block| block.contains("deliveries")).collect();
        assert_eq!(shown.len(), 1, "{shown:?}");
        let samples: Samples = from_json(serde_json::from_str(shown[0]).unwrap()).unwrap();
        assert!(samples.approval.is_some_and(|approval| approval.template == "T1"));
    }
}
