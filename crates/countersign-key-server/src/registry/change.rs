//! Changing and deleting credentials.

use countersign_core::Timestamp;

use super::{OperationError, Registry, TRIES};
use crate::credential::CredentialId;
use crate::store::{Change, Life, Record, Revision, State, Update};

/// What is to change about a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Its state from now on; `None`: as it is.
    pub state: Option<State>,
    /// Its end from now on.
    pub expiry: Expiry,
}

/// What is to become of the end of a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// It stays as it is.
    #[default]
    AsItIs,
    /// It has none.
    Never,
    /// This is the last second in which it may be used.
    At(Timestamp),
}

/// Which revision a caller means to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expectation {
    /// Whichever there is.
    #[default]
    Any,
    /// One of these.
    OneOf(Vec<Revision>),
}

impl Expectation {
    /// Whether a change of `revision` is meant.
    pub fn allows(&self, revision: Revision) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(revisions) => revisions.contains(&revision),
        }
    }
}

impl Registry {
    /// Deletes a credential; again: nothing happens. It can still be found by those who ask for
    /// deleted ones.
    ///
    /// # Errors
    /// When there is no such credential, it has another revision, or the store does not tell.
    pub async fn delete(
        &self,
        id: &CredentialId,
        expected: &Expectation,
    ) -> Result<Record, OperationError> {
        let now = self.now();
        self.change(id, expected, |record| match record.life.deleted_at {
            Some(_) => Ok(None),
            None => Ok(Some(Life {
                deleted_at: Some(now),
                ..record.life.clone()
            })),
        })
        .await
    }

    /// Changes the state and the end of a credential that is not deleted.
    ///
    /// # Errors
    /// When there is no such credential, it has another revision, or the store does not tell.
    pub async fn patch(
        &self,
        id: &CredentialId,
        patch: Patch,
        expected: &Expectation,
    ) -> Result<Record, OperationError> {
        self.change(id, expected, |record| {
            if record.life.deleted_at.is_some() {
                return Err(OperationError::Unknown);
            }
            let mut life = record.life.clone();
            life.state = patch.state.unwrap_or(life.state);
            match patch.expiry {
                Expiry::AsItIs => {}
                Expiry::Never => life.expires_at = None,
                Expiry::At(time) => life.expires_at = Some(time),
            }
            Ok((life != record.life).then_some(life))
        })
        .await
    }

    /// Changes the life of a credential to what `next` makes of it (`None`: it stays), and tries
    /// again when somebody else was quicker.
    async fn change(
        &self,
        id: &CredentialId,
        expected: &Expectation,
        next: impl Fn(&Record) -> Result<Option<Life>, OperationError>,
    ) -> Result<Record, OperationError> {
        for _ in 0..TRIES {
            let record = self.ask(self.store.get(id)).await?;
            let record = record.ok_or(OperationError::Unknown)?;
            let life = next(&record)?;
            if !expected.allows(record.revision) {
                return Err(OperationError::Stale);
            }
            let Some(life) = life else {
                return Ok(record);
            };
            let change = Change::Life(life);
            match self
                .ask(self.store.update(id, record.revision, change))
                .await?
            {
                Update::Updated(record) => return Ok(record),
                Update::Stale => {}
                Update::Unknown => return Err(OperationError::Unknown),
            }
        }
        Err(OperationError::Contended)
    }
}
