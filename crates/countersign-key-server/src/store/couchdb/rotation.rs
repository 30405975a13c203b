//! Creating a credential, and creating one in the place of another.

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::credential::{CredentialDocument, Versioned};
use super::database::Write;
use super::document::{Draft, Kind, place_of_credential};
use super::inner::{ATTEMPTS, Inner};
use super::intent::{Claim, Intent};
use super::trouble::{contended, damaged, misconfigured};
use crate::credential::CredentialId;
use crate::store::{Creation, Life, NewRecord, Revision, Rotation, State, StoreError};

/// How a credential changes when another takes its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Replacement {
    id: String,
    revision: u32,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated_to: Option<String>,
}

/// What became of the credential that is to be replaced.
pub(super) enum Replaced {
    /// It is replaced, by now or before.
    Done,
    /// It was changed in another way before, so this can never happen.
    Stale,
    Unknown,
}

impl Replacement {
    pub(super) fn new(id: &CredentialId, expected: Revision, life: &Life) -> Self {
        Self {
            id: id.as_str().to_owned(),
            revision: expected.number(),
            state: life.state.name().to_owned(),
            deleted_at: life.deleted_at.map(Timestamp::as_unix),
            expires_at: life.expires_at.map(Timestamp::as_unix),
            rotated_to: life.rotated_to.as_ref().map(|id| id.as_str().to_owned()),
        }
    }

    fn life(&self) -> Option<Life> {
        let rotated_to = match &self.rotated_to {
            None => None,
            Some(text) => Some(CredentialId::parse(text.as_str()).ok()?),
        };
        Some(Life {
            state: State::from_name(&self.state)?,
            deleted_at: self.deleted_at.map(Timestamp::from_unix),
            expires_at: self.expires_at.map(Timestamp::from_unix),
            rotated_to,
        })
    }
}

impl Inner {
    pub(super) async fn create(&self, new: NewRecord) -> Result<Creation, StoreError> {
        let now = new.record.created_at;
        if new.max_active.is_some() {
            return self.refuse_to_count(&new, now).await;
        }
        let credential = CredentialDocument::new(&new.record, self.next_order())?;
        let Some(idempotency) = &new.idempotency else {
            return Ok(if self.place(&credential).await? {
                Creation::Created
            } else {
                Creation::IdTaken
            });
        };
        let intent = Intent::new(idempotency, credential.clone(), None);
        let claimed = match self.claim(idempotency, &intent, now).await? {
            Claim::Claimed(claimed) => claimed,
            Claim::Repeated(creation) => return Ok(creation),
        };
        if !self.place(&credential).await? {
            self.release(claimed).await;
            return Ok(Creation::IdTaken);
        }
        self.sweep_sometimes(now).await;
        Ok(Creation::Created)
    }

    pub(super) async fn rotate(
        &self,
        id: &CredentialId,
        expected: Revision,
        life: Life,
        successor: NewRecord,
    ) -> Result<Rotation, StoreError> {
        let now = successor.record.created_at;
        if successor.max_active.is_some() {
            let repeated = self.refuse_to_count(&successor, now).await?;
            return Ok(Rotation::NotCreated(repeated));
        }
        // A retry is recognised before the revision, which the first attempt has changed.
        if let Some(idempotency) = &successor.idempotency
            && let Some(repeated) = self.recall(idempotency, now).await?
        {
            return Ok(Rotation::NotCreated(repeated));
        }
        let Some(old) = self.credential(id.as_str()).await? else {
            return Ok(Rotation::Unknown);
        };
        if old.document.revision() != expected {
            return Ok(Rotation::Stale);
        }
        let credential = CredentialDocument::new(&successor.record, self.next_order())?;
        let replacement = Replacement::new(id, expected, &life);
        let mut claimed = None;
        if let Some(idempotency) = &successor.idempotency {
            let intent = Intent::new(idempotency, credential.clone(), Some(replacement.clone()));
            match self.claim(idempotency, &intent, now).await? {
                Claim::Claimed(it) => claimed = Some(it),
                Claim::Repeated(repeated) => return Ok(Rotation::NotCreated(repeated)),
            }
        }
        let rotation = if self.place(&credential).await? {
            match self
                .replace(&replacement, &credential.id, Some(old))
                .await?
            {
                Replaced::Done => return Ok(Rotation::Rotated),
                Replaced::Stale => Rotation::Stale,
                Replaced::Unknown => Rotation::Unknown,
            }
        } else {
            Rotation::NotCreated(Creation::IdTaken)
        };
        if !matches!(rotation, Rotation::NotCreated(_)) {
            self.withdraw(&credential).await?;
        }
        if let Some(claimed) = claimed {
            self.release(claimed).await;
        }
        Ok(rotation)
    }

    /// Creates a credential's document. `false` when there is another creation in its place.
    pub(super) async fn place(&self, credential: &CredentialDocument) -> Result<bool, StoreError> {
        let place = credential.place();
        match self
            .database
            .write(&place, None, &credential.to_draft()?)
            .await?
        {
            Write::Written(_) => Ok(true),
            Write::Conflict => match self.creation_at(&place).await? {
                Some(creation) => Ok(creation == credential.creation),
                None => Err(damaged(
                    "a credential was removed from CouchDB by something else; delete \
                     credentials with the key server only",
                )),
            },
        }
    }

    /// Which creation the document at `place` is of. That of a withdrawn one is nobody's.
    pub(super) async fn creation_at(&self, place: &str) -> Result<Option<String>, StoreError> {
        match self.database.read(place).await? {
            None => Ok(None),
            Some(found) if found.kind == Kind::Withdrawn => Ok(Some(String::new())),
            Some(found) => Versioned::from_found(found).map(|it| Some(it.document.creation)),
        }
    }

    /// The document of a credential.
    pub(super) async fn credential(&self, id: &str) -> Result<Option<Versioned>, StoreError> {
        match self.database.read(&place_of_credential(id)).await? {
            Some(found) if found.kind != Kind::Withdrawn => Versioned::from_found(found).map(Some),
            _ => Ok(None),
        }
    }

    /// Writes a credential's document in the place of the revision `rev`.
    pub(super) async fn save(
        &self,
        rev: &str,
        document: &CredentialDocument,
    ) -> Result<Write, StoreError> {
        let new = document.to_draft()?;
        self.database
            .write(&document.place(), Some(rev), &new)
            .await
    }

    /// Changes the replaced credential, unless that is done already: `known` is what was read of
    /// it just before.
    pub(super) async fn replace(
        &self,
        replacement: &Replacement,
        successor: &str,
        mut known: Option<Versioned>,
    ) -> Result<Replaced, StoreError> {
        let life = replacement.life().ok_or_else(|| {
            damaged("an idempotency key in CouchDB was changed by something else")
        })?;
        for attempt in 0..ATTEMPTS {
            let read = match known.take() {
                Some(known) => Some(known),
                None => self.credential(&replacement.id).await?,
            };
            let Some(Versioned {
                rev,
                document: mut old,
            }) = read
            else {
                return Ok(Replaced::Unknown);
            };
            if old.successors.iter().any(|it| it == successor) {
                return Ok(Replaced::Done);
            }
            if old.revision().number() != replacement.revision {
                return Ok(Replaced::Stale);
            }
            old.live(&life);
            old.advance();
            old.successors.push(successor.to_owned());
            if let Write::Written(_) = self.save(&rev, &old).await? {
                return Ok(Replaced::Done);
            }
            self.give_way(attempt).await;
        }
        Err(contended())
    }

    /// Takes a successor back of which nobody was told.
    pub(super) async fn withdraw(&self, successor: &CredentialDocument) -> Result<(), StoreError> {
        let withdrawn = Draft::empty(Kind::Withdrawn);
        for attempt in 0..ATTEMPTS {
            match self.credential(&successor.id).await? {
                Some(found) if found.document.creation == successor.creation => {
                    let place = successor.place();
                    let write = self.database.write(&place, Some(&found.rev), &withdrawn);
                    if let Write::Written(_) = write.await? {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
            self.give_way(attempt).await;
        }
        Err(contended())
    }

    /// A retry is answered all the same; everything else cannot be.
    async fn refuse_to_count(
        &self,
        new: &NewRecord,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        if let Some(idempotency) = &new.idempotency
            && let Some(repeated) = self.recall(idempotency, now).await?
        {
            return Ok(repeated);
        }
        Err(misconfigured(
            "CouchDB cannot count the active credentials of a principal while others \
             create some: start the server without --max-active-per-principal, or keep credentials in \
             SQLite or PostgreSQL",
        ))
    }
}
