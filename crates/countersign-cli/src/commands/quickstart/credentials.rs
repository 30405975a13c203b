//! One credential per scheme, issued by the key server.
//!
//! The key server keeps them, so the next quickstart finds them again. Every secret has a file of
//! its own besides, for `--secret-file`, written from what the key server says.

use std::path::{Path, PathBuf};

use countersign::{Algorithm, Scheme, SchemeId, SigningKey};
use countersign_client::{AdminClient, AuthScheme, ClientError, Listing, NewCredential};

use super::SCHEMES;
use crate::arguments::scheme;
use crate::failure::Failure;
use crate::private_file;

/// Whom they are issued to.
pub(super) const PRINCIPAL: &str = "quickstart";

/// A credential of one scheme.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) scheme: Box<dyn Scheme>,
    pub(super) key: SigningKey,
}

impl Credential {
    pub(super) fn id(&self) -> SchemeId {
        self.scheme.id()
    }
}

/// The file with the secret for `scheme` in `directory`.
pub(super) fn secret_file(directory: &Path, scheme: SchemeId) -> PathBuf {
    directory.join(format!("{scheme}.secret"))
}

/// The credentials that the key server has issued, in the order of [`SCHEMES`]; what is missing is
/// issued now.
pub(super) async fn prepare(
    key_server: &AdminClient,
    directory: &Path,
) -> Result<Vec<Credential>, Failure> {
    let mut issued = issued(key_server).await.map_err(|error| failed(&error))?;
    let mut credentials = Vec::new();
    for name in SCHEMES {
        let id = SchemeId::from_name(name)
            .ok_or_else(|| Failure::failed(format!("{name} is no scheme")))?;
        let (kind, algorithm) = kind_of(id);
        let earlier = issued.iter().position(|credential| {
            credential.scheme() == kind
                && (algorithm.is_none_or(|algorithm| credential.algorithm() == algorithm))
        });
        let credential = if let Some(index) = earlier {
            issued.remove(index)
        } else {
            let mut new = NewCredential::new(PRINCIPAL, kind);
            if let Some(algorithm) = algorithm {
                new = new.algorithm(algorithm);
            }
            let created = key_server.create(&new).await;
            created.map_err(|error| failed(&error))?
        };
        let key = credential
            .signing_key()
            .map_err(|error| Failure::failed(error.to_string()))?;
        let path = secret_file(directory, id);
        private_file::write(&path, key.secret().expose()).map_err(|error| {
            Failure::failed(format!("{} cannot be written: {error}", path.display()))
        })?;
        credentials.push(Credential {
            scheme: scheme::of(id, None)?,
            key,
        });
    }
    Ok(credentials)
}

/// What the quickstart was issued before, from the oldest on.
async fn issued(
    key_server: &AdminClient,
) -> Result<Vec<countersign_client::Credential>, ClientError> {
    let mut listed = key_server.list(Listing::of(PRINCIPAL));
    let mut issued = Vec::new();
    while let Some(credential) = listed.next().await {
        issued.push(credential?);
    }
    Ok(issued)
}

/// The kind of credential that a scheme of requests needs. Two schemes that share a kind have a
/// credential each, all the same.
fn kind_of(scheme: SchemeId) -> (AuthScheme, Option<Algorithm>) {
    match scheme {
        SchemeId::HMAC_AUTH => (AuthScheme::HmacAuth, Some(Algorithm::Sha1)),
        SchemeId::HMAC_AUTH_SHA256 => (AuthScheme::HmacAuth, Some(Algorithm::Sha256)),
        SchemeId::MOXIE => (AuthScheme::Moxie, None),
        SchemeId::MAC | SchemeId::MAC_DRAFT => (AuthScheme::Mac, None),
        SchemeId::BASIC => (AuthScheme::Basic, None),
        _ => (AuthScheme::AuthKey, None),
    }
}

fn failed(error: &ClientError) -> Failure {
    Failure::failed(format!("the key server: {error}"))
}
