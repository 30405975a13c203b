//! TLS to CouchDB.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::store::{StoreError, StoreErrorKind};

/// Trusts the public authorities, and besides them those in the PEM file `authorities`.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub(super) fn config(authorities: Option<&Path>) -> Result<ClientConfig, StoreError> {
    let wrong = |message: String| StoreError::new(StoreErrorKind::Misconfigured, message);
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = authorities {
        let shown = path.display();
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(format!("the file of authorities {shown}: {error}")))?;
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(wrong(format!(
                "the file of authorities {shown} holds no certificate; it must be in PEM form"
            )));
        }
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(format!("TLS cannot be set up: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
