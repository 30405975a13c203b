//! Rotating credentials: a successor, and an end for the old one.

use countersign_core::Timestamp;

use super::create::retry_of;
use super::{Caller, Expectation, Issued, NewCredential, OperationError, Registry, TRIES};
use crate::credential::CredentialId;
use crate::store::{Creation, Life, NewRecord, Record, Revision, Rotation};

/// The longest time for which the old credential can go on, in seconds: 30 days.
pub const MAX_OVERLAP: u32 = 30 * 24 * 60 * 60;

/// A revision that no record has: with it a store recognises a retry and does nothing else.
const NO_REVISION: Revision = Revision::from_number(0);

impl Registry {
    /// Issues a credential in place of `id`, which may be used for `overlap` seconds more (0: not
    /// from now on), or until it expires anyway. The new one has the same principal, scheme and
    /// algorithm, and does not expire. More than [`MAX_OVERLAP`] counts as that.
    ///
    /// # Errors
    /// When there is no such credential, it is not active or was rotated before, it has another
    /// revision, or the store does not tell: then it may have been done, and the caller should
    /// retry with the same idempotency key.
    pub async fn rotate(
        &self,
        caller: &Caller,
        id: &CredentialId,
        overlap: u32,
        expected: &Expectation,
        idempotency_key: Option<&str>,
    ) -> Result<Issued, OperationError> {
        let now = self.now();
        let overlap = overlap.min(MAX_OVERLAP);
        let (asked, seconds) = (id.as_str().as_bytes(), overlap.to_be_bytes());
        let idempotency =
            idempotency_key.map(|key| retry_of(caller, key, &[b"rotate", asked, &seconds], now));
        for _ in 0..TRIES {
            let old = self.ask(self.store.get(id)).await?;
            let old = old.ok_or(OperationError::Unknown)?;
            let obstacle = obstacle(&old, expected, now);
            if let (Some(obstacle), None) = (obstacle, &idempotency) {
                return Err(obstacle);
            }
            let new = NewCredential {
                principal: old.principal.clone(),
                scheme: old.scheme,
                algorithm: old.algorithm,
            };
            let (record, secret) = self.drawn(&new, now)?;
            let life = Life {
                expires_at: Some(last_second(&old, overlap, now)),
                rotated_to: Some(record.id.clone()),
                ..old.life
            };
            let successor = NewRecord {
                record: record.clone(),
                idempotency: idempotency.clone(),
                max_active: self.max_active,
            };
            let revision = match obstacle {
                None => old.revision,
                Some(_) => NO_REVISION,
            };
            let rotation = self.store.rotate(id, revision, life, successor);
            match (self.ask(rotation).await?, obstacle) {
                (Rotation::NotCreated(repeated @ Creation::Repeated { .. }), _) => {
                    return self.instead(repeated, idempotency.as_ref()).await;
                }
                (_, Some(obstacle)) => return Err(obstacle),
                (Rotation::Rotated, None) => {
                    let secret = Some(secret);
                    return Ok(Issued { record, secret });
                }
                (Rotation::Stale | Rotation::NotCreated(Creation::IdTaken), None) => {}
                (Rotation::NotCreated(other), None) => {
                    return self.instead(other, idempotency.as_ref()).await;
                }
                (Rotation::Unknown, None) => return Err(OperationError::Unknown),
            }
        }
        Err(OperationError::Contended)
    }
}

/// Why `old` cannot be rotated, if it cannot.
fn obstacle(old: &Record, expected: &Expectation, now: Timestamp) -> Option<OperationError> {
    if old.life.deleted_at.is_some() {
        return Some(OperationError::Unknown);
    }
    if !expected.allows(old.revision) {
        return Some(OperationError::Stale);
    }
    let rotatable = old.life.is_active(now) && old.life.rotated_to.is_none();
    (!rotatable).then_some(OperationError::NotRotatable)
}

/// The last second in which `old` may be used.
fn last_second(old: &Record, overlap: u32, now: Timestamp) -> Timestamp {
    // Without an overlap it is of no use in the present second either.
    let end = match overlap {
        0 => now.plus(-1),
        seconds => now.plus(i64::from(seconds)),
    };
    old.life.expires_at.map_or(end, |earlier| earlier.min(end))
}
