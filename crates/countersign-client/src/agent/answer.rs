//! Answers, as they are read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::account::CreatedAccount;
use super::key::{KeyAlgorithm, PublicKey, SharedSecret, StoredKey};
use super::session::Session;
use crate::secret::SecretText;
use crate::wire::Malformed;

/// An answer with success, and what it says.
pub(super) trait Answered: serde::de::DeserializeOwned {
    type Said;

    fn read(self) -> Result<Self::Said, Malformed>;
}

#[derive(Deserialize)]
pub(super) struct SessionBody {
    jwt: SecretText,
    expires: i64,
}

impl Answered for SessionBody {
    type Said = Session;

    fn read(self) -> Result<Session, Malformed> {
        let end = Timestamp::from_unix(self.expires);
        Session::new(self.jwt.expose(), end)
            .map_err(|_| "answered with a token that cannot be shown to it".to_owned())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedBody {
    created: i64,
    enabled: bool,
    can_relay: bool,
    #[serde(flatten)]
    session: SessionBody,
}

impl Answered for CreatedBody {
    type Said = CreatedAccount;

    fn read(self) -> Result<CreatedAccount, Malformed> {
        Ok(CreatedAccount {
            created_at: Timestamp::from_unix(self.created),
            is_enabled: self.enabled,
            can_relay: self.can_relay,
            session: self.session.read()?,
        })
    }
}

/// An answer that says nothing besides yes.
#[derive(Deserialize)]
pub(super) struct NothingBody {}

impl Answered for NothingBody {
    type Said = ();

    fn read(self) -> Result<(), Malformed> {
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlgorithmBody {
    local_name: String,
    namespace: String,
    security_strength: Option<u32>,
    safe: bool,
    slow: bool,
    pqc: bool,
    score: u32,
}

impl AlgorithmBody {
    fn read(self) -> KeyAlgorithm {
        KeyAlgorithm {
            local_name: self.local_name,
            namespace: self.namespace,
            security_strength: self.security_strength,
            is_safe: self.safe,
            is_slow: self.slow,
            is_post_quantum: self.pqc,
            score: self.score,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct AlgorithmsBody {
    algorithms: Vec<AlgorithmBody>,
}

impl Answered for AlgorithmsBody {
    type Said = Vec<KeyAlgorithm>;

    fn read(self) -> Result<Vec<KeyAlgorithm>, Malformed> {
        let algorithms = self.algorithms.into_iter();
        Ok(algorithms.map(AlgorithmBody::read).collect())
    }
}

#[derive(Deserialize)]
pub(super) struct StoredBody {
    created: i64,
    updated: i64,
}

impl Answered for StoredBody {
    type Said = StoredKey;

    fn read(self) -> Result<StoredKey, Malformed> {
        Ok(StoredKey {
            created_at: Timestamp::from_unix(self.created),
            updated_at: Timestamp::from_unix(self.updated),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct PublicKeyBody {
    key: String,
    #[serde(rename = "Algorithm")]
    algorithm: AlgorithmBody,
}

impl Answered for PublicKeyBody {
    type Said = PublicKey;

    fn read(self) -> Result<PublicKey, Malformed> {
        Ok(PublicKey {
            bytes: bytes(&self.key)?,
            algorithm: self.algorithm.read(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct SignatureBody {
    signature: String,
}

impl Answered for SignatureBody {
    type Said = Vec<u8>;

    fn read(self) -> Result<Vec<u8>, Malformed> {
        bytes(&self.signature)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SharedSecretBody {
    shared_secret: SecretText,
}

impl Answered for SharedSecretBody {
    type Said = SharedSecret;

    fn read(self) -> Result<SharedSecret, Malformed> {
        let secret = bytes(self.shared_secret.expose())?;
        Ok(SharedSecret(Zeroizing::new(secret)))
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, Malformed> {
    let bytes = STANDARD.decode(text);
    bytes.map_err(|_| "answered with something else than base64".to_owned())
}
