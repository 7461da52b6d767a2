//! Whom the host trusts to name a server.
//!
//! The operating system's roots are used, because a company adds its own authority there; where the system has none
//! (a minimal container), the bundled Mozilla roots take their place, and the log says so. The operator may add roots
//! for one deployment. Verification cannot be turned off.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::error::EgressError;

/// The roots added to those of the system.
#[derive(Debug, Clone, Default)]
pub struct TrustedRoots {
    additional: Vec<CertificateDer<'static>>,
}

impl TrustedRoots {
    /// Adds every certificate of a PEM text.
    ///
    /// # Errors
    /// When it holds no certificate or one that cannot be read.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<(), EgressError> {
        let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| EgressError::Roots(format!("the PEM text cannot be read: {error}")))?;
        if found.is_empty() {
            return Err(EgressError::Roots("the PEM text holds no certificate".to_owned()));
        }
        self.additional.extend(found);
        Ok(())
    }

    /// The TLS configuration that trusts these roots.
    pub(super) fn client_config(&self) -> Result<ClientConfig, EgressError> {
        let mut store = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "some root certificates of the system cannot be read");
        }
        store.add_parsable_certificates(system.certs);
        if store.is_empty() {
            tracing::warn!("the system has no root certificates: the bundled ones are used");
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for root in &self.additional {
            store
                .add(root.clone())
                .map_err(|error| EgressError::Roots(format!("an additional root is not usable: {error}")))?;
        }
        // Named here and not taken from the process, so that another library's default cannot change it.
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(EgressError::Tls)?;
        Ok(builder.with_root_certificates(store).with_no_client_auth())
    }
}
