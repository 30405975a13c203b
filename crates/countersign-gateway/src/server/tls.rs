//! TLS by rustls, with *ring* for its cryptography.

use std::path::Path;
use std::sync::Arc;

use countersign::BoxError;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::GatewayError;

/// The protocols offered, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Reads a certificate chain and its key, both in PEM.
pub(crate) fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, GatewayError> {
    let of = |path: &Path| {
        let path = path.to_owned();
        move |source: BoxError| GatewayError::Tls { path, source }
    };
    let chain = read_chain(certificates).map_err(of(certificates))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| of(key)(error.into()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| of(certificates)(error.into()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| of(key)(error.into()))?;
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, BoxError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
    if chain.is_empty() {
        return Err("there is no certificate in it".into());
    }
    Ok(chain)
}
