//! Issuing credentials.

use countersign_core::{Algorithm, Timestamp};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Caller, OperationError, Registry, TRIES};
use crate::credential::{AuthScheme, CredentialId, Principal, generate};
use crate::store::{Creation, Idempotency, Life, NewRecord, Record, Revision};

/// How long an idempotency key is remembered, in seconds: a day, longer than any retry.
const IDEMPOTENCY_LIFE: i64 = 24 * 60 * 60;

/// What is to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// To whom.
    pub principal: Principal,
    /// For which scheme.
    pub scheme: AuthScheme,
    /// For which hash function, where the scheme [has one](AuthScheme::has_algorithm).
    pub algorithm: Algorithm,
}

/// A credential that was issued, now or, when the request is a retry, then.
#[derive(Debug)]
pub struct Issued {
    /// The credential.
    pub record: Record,
    /// Its secret; `None` when it was deleted since.
    pub secret: Option<Zeroizing<String>>,
}

impl Registry {
    /// Issues a credential. With an idempotency key, the same caller gets the same credential
    /// again for a day.
    ///
    /// # Errors
    /// When the principal has too many, the key was used for something else, or the store does
    /// not tell: then it may have been issued, and the caller should retry with the same key.
    pub async fn create(
        &self,
        caller: &Caller,
        new: &NewCredential,
        idempotency_key: Option<&str>,
    ) -> Result<Issued, OperationError> {
        let now = self.now();
        let asked = [
            b"create".as_slice(),
            new.principal.as_str().as_bytes(),
            new.scheme.name().as_bytes(),
            new.algorithm.name().as_bytes(),
        ];
        let idempotency = idempotency_key.map(|key| retry_of(caller, key, &asked, now));
        for _ in 0..TRIES {
            let (record, secret) = self.drawn(new, now)?;
            let kept = NewRecord {
                record: record.clone(),
                idempotency: idempotency.clone(),
                max_active: self.max_active,
            };
            match self.ask(self.store.create(kept)).await? {
                Creation::Created => {
                    let secret = Some(secret);
                    return Ok(Issued { record, secret });
                }
                Creation::IdTaken => {}
                obstacle => return self.instead(obstacle, idempotency.as_ref()).await,
            }
        }
        Err(OperationError::Contended)
    }

    /// A new credential with a secret of its own, not yet kept.
    pub(super) fn drawn(
        &self,
        new: &NewCredential,
        now: Timestamp,
    ) -> Result<(Record, Zeroizing<String>), OperationError> {
        let drawn = generate(new.scheme)?;
        let id = match new.scheme {
            AuthScheme::Basic => self.keyring.handle_of(&drawn.secret),
            _ => CredentialId::already_checked(drawn.id.as_str().to_owned()),
        };
        let sealed = self
            .keyring
            .seal(&id, &new.principal, drawn.secret.as_bytes())?;
        let record = Record {
            id,
            principal: new.principal.clone(),
            scheme: new.scheme,
            algorithm: new.algorithm,
            created_at: now,
            life: Life::default(),
            last_used_at: None,
            sealed,
            revision: Revision::FIRST,
        };
        Ok((record, drawn.secret))
    }

    /// What the caller gets when nothing was created.
    pub(super) async fn instead(
        &self,
        obstacle: Creation,
        idempotency: Option<&Idempotency>,
    ) -> Result<Issued, OperationError> {
        let (id, fingerprint) = match obstacle {
            Creation::Repeated { id, fingerprint } => (id, fingerprint),
            Creation::LimitReached => return Err(OperationError::LimitReached),
            Creation::Created | Creation::IdTaken => return Err(OperationError::Contended),
        };
        if idempotency.is_none_or(|it| it.fingerprint != fingerprint) {
            return Err(OperationError::IdempotencyKeyReused);
        }
        let record = self
            .ask(self.store.get(&id))
            .await?
            .ok_or(OperationError::Unknown)?;
        let secret = match record.life.deleted_at {
            None => Some(self.reveal(&record)?),
            Some(_) => None,
        };
        Ok(Issued { record, secret })
    }
}

/// The retry that a request with this key may be. A key is its caller's own.
pub(super) fn retry_of(caller: &Caller, key: &str, asked: &[&[u8]], now: Timestamp) -> Idempotency {
    let token: &[u8] = match caller {
        Caller::Anonymous => b"",
        Caller::Token(token) => token.id.as_str().as_bytes(),
    };
    Idempotency {
        key: hash(&[token, key.as_bytes()]),
        fingerprint: hash(asked),
        until: now.plus(IDEMPOTENCY_LIFE),
    }
}

/// A hash of parts, each preceded by its length so that no two lists of parts are the same bytes.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hash.update(length.to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
