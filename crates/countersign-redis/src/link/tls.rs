//! TLS by rustls, with *ring* for its cryptography.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use countersign_core::ConfigError;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::fault::Fault;

/// Whom to trust, and what to show.
#[derive(Clone)]
pub(crate) struct Tls(TlsConnector);

impl Tls {
    pub(crate) fn new(
        ca_file: Option<&Path>,
        identity: Option<(&Path, &Path)>,
    ) -> Result<Self, ConfigError> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("TLS", "versions", &error))?
            .with_root_certificates(roots(ca_file)?);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some((chain, key)) => {
                let certificates = certificates(chain)?;
                let private = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| unusable("replay client key", key.display(), &error))?;
                config
                    .with_client_auth_cert(certificates, private)
                    .map_err(|error| unusable("replay client key", key.display(), &error))?
            }
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Fault::Tls("its name cannot be in a certificate".to_owned()))?;
        self.0
            .connect(name, stream)
            .await
            .map_err(|error| Fault::Tls(error.to_string()))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates(path)? {
                roots
                    .add(certificate)
                    .map_err(|error| unusable("replay CA file", path.display(), &error))?;
            }
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable("replay CA file", path.display(), &error))?;
    if found.is_empty() {
        let none = "there is no certificate in it; give a file of PEM";
        return Err(unusable("replay CA file", path.display(), &none));
    }
    Ok(found)
}

fn unusable(key: &'static str, value: impl fmt::Display, fix: &dyn fmt::Display) -> ConfigError {
    ConfigError::new(key, value.to_string(), fix.to_string())
}
