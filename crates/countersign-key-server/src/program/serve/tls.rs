//! TLS by rustls, with *ring* for its cryptography.

use std::path::Path;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::program::failure::Failure;

/// The protocols offered, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Reads a certificate chain and its key, both in PEM.
pub(super) fn config(certificates: &Path, key: &Path) -> Result<RustlsConfig, Failure> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificates).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unusable("--tls-cert", certificates, error))?;
    if chain.is_empty() {
        let none = "there is no certificate in it; give a chain in PEM";
        return Err(unusable("--tls-cert", certificates, none));
    }
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("--tls-key", key, error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("--tls-cert", certificates, error))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| unusable("--tls-key", key, error))?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

fn unusable(option: &str, path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::unusable(option, &path.display().to_string(), why)
}
