//! What the agent API keeps: entries, sealed on their way in and opened on their way out.

use countersign_core::Timestamp;
use zeroize::Zeroizing;

use super::{OperationError, Registry};
use crate::store::{Entry, EntryId};

impl Registry {
    /// Seals what a new entry says and keeps it. `false` when there is one with its id already: of
    /// racing calls exactly one is told `true`.
    pub(crate) async fn add_entry(
        &self,
        id: EntryId,
        says: &[u8],
        forget_after: Option<Timestamp>,
    ) -> Result<bool, OperationError> {
        let sealed = self.keyring.seal_entry(&id, says)?;
        let entry = Entry {
            id,
            sealed,
            forget_after,
        };
        self.ask(self.store.add_entry(entry)).await
    }

    /// What an entry says, if there is one.
    pub(crate) async fn entry(
        &self,
        id: &EntryId,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, OperationError> {
        let Some(sealed) = self.ask(self.store.entry(id)).await? else {
            return Ok(None);
        };
        let opened = self.keyring.open_entry(id, &sealed).map_err(|error| {
            let kind = id.kind.name();
            tracing::error!(kind, %error, "an entry cannot be opened");
            OperationError::Unreadable(error)
        })?;
        Ok(Some(opened))
    }

    /// Removes the entries that nobody needs any more.
    pub(crate) async fn forget_entries(&self) -> Result<u64, OperationError> {
        self.ask(self.store.forget_entries(self.now())).await
    }
}
