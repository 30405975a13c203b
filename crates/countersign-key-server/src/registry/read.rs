//! Finding credentials, and showing their secrets.

use zeroize::Zeroizing;

use super::{OperationError, Registry};
use crate::credential::{CredentialId, Principal};
use crate::seal::{Keyring, UnsealError};
use crate::store::{Listing, Record, Which};

/// A page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPage {
    /// The credentials.
    pub records: Vec<Record>,
    /// What to ask for the next page with; `None` after the last.
    pub next: Option<String>,
}

impl Registry {
    /// The credential that a caller calls `presented`: its id or handle, or the api key of a
    /// `basic` credential. Deleted ones only when asked for.
    ///
    /// # Errors
    /// When the store cannot tell.
    pub async fn find(
        &self,
        presented: &str,
        which: Which,
    ) -> Result<Option<Record>, OperationError> {
        let Ok(id) = CredentialId::parse(presented) else {
            return Ok(None);
        };
        let mut found = self.ask(self.store.get(&id)).await?;
        if found.is_none() && !Keyring::is_handle(&id) {
            let handle = self.keyring.handle_of(presented);
            found = self.ask(self.store.get(&handle)).await?;
        }
        Ok(found.filter(|it| which == Which::WithDeleted || it.life.deleted_at.is_none()))
    }

    /// What may be written down of an id that a caller named and nobody has: it may be the api
    /// key of somebody elsewhere, so it is hashed.
    pub fn disguise(&self, presented: &str) -> CredentialId {
        self.keyring.handle_of(presented)
    }

    /// The secret of a credential, as text.
    ///
    /// # Errors
    /// When it does not open.
    pub fn reveal(&self, record: &Record) -> Result<Zeroizing<String>, OperationError> {
        let mut opened = self
            .keyring
            .open(&record.id, &record.principal, &record.sealed)
            .map_err(|error| {
                tracing::error!(credential = %record.id, %error, "a secret cannot be opened");
                OperationError::Unreadable(error)
            })?;
        String::from_utf8(std::mem::take(&mut *opened))
            .map(Zeroizing::new)
            .map_err(|error| {
                drop(Zeroizing::new(error.into_bytes()));
                tracing::error!(credential = %record.id, "a secret is no text");
                OperationError::Unreadable(UnsealError::Damaged)
            })
    }

    /// Notes that a credential was used, to be written down later.
    pub fn note_use(&self, record: &Record) {
        self.usage.note(record, self.now());
    }

    /// A page of the credentials of `principal`, or of everybody.
    ///
    /// # Errors
    /// When the cursor is none of this listing, or the store cannot be read.
    pub async fn list(
        &self,
        principal: Option<Principal>,
        which: Which,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<ListedPage, OperationError> {
        let after = match cursor {
            None => None,
            Some(text) => Some(
                self.position_of(text, principal.as_ref(), which)
                    .ok_or(OperationError::InvalidCursor)?,
            ),
        };
        let listing = Listing {
            principal,
            which,
            after,
            limit,
        };
        let page = self.ask(self.store.list(&listing)).await?;
        let next = page
            .next
            .map(|position| self.cursor_at(&position, listing.principal.as_ref(), which));
        Ok(ListedPage {
            records: page.records,
            next,
        })
    }
}
