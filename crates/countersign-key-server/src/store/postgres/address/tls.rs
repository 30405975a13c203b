//! Whom to believe that they are the database.

use std::path::Path;
use std::sync::Arc;

use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::misconfigured;
use crate::store::{StoreError, StoreErrorKind};

/// The authorities in the file `sslrootcert`, and no others, as libpq does: an operator with an
/// authority of their own does not want all the public ones to vouch for the database. Without
/// the file, the public ones.
pub(super) fn roots(path: Option<&Path>) -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = path else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let refused = |why: &dyn std::fmt::Display| {
        misconfigured(format!(
            "sslrootcert={} in the PostgreSQL address: {why}; name a PEM file with the \
             certificate of the authority that signed the server's",
            path.display().to_string().escape_debug()
        ))
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refused(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refused(&error))?;
        roots.add(certificate).map_err(|error| refused(&error))?;
    }
    if roots.is_empty() {
        return Err(refused(&"there is no certificate in it"));
    }
    Ok(roots)
}

/// TLS with *ring* for its cryptography.
pub(super) fn connector(roots: RootCertStore) -> Result<MakeRustlsConnect, StoreError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            StoreError::new(StoreErrorKind::Misconfigured, "TLS cannot be set up").because(error)
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
