//! Accounts: who may have keys made, and the password that they sign with.

use std::fmt;

use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::AgentError;
use super::names::UserName;
use crate::registry::{OperationError, Registry};
use crate::seal::UnsealError;
use crate::store::{EntryId, EntryKind};

/// What is kept of an account. The password is a key of HMAC, so it must be kept as it is; the
/// store seals it.
#[derive(Deserialize, Serialize)]
pub(super) struct Account {
    pub(super) password: String,
    pub(super) email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<String>,
    /// The principal of the API key that it was created with.
    pub(super) principal: String,
    /// In Unix seconds.
    pub(super) created: i64,
}

impl Account {
    /// Keeps a new account.
    pub(super) async fn add(&self, registry: &Registry, user: &UserName) -> Result<(), AgentError> {
        let text = Zeroizing::new(serde_json::to_vec(self).map_err(unreadable)?);
        if registry.add_entry(entry(user), &text, None).await? {
            Ok(())
        } else {
            Err(AgentError::AccountExists)
        }
    }

    /// The account of `user`, if there is one.
    pub(super) async fn find(
        registry: &Registry,
        user: &UserName,
    ) -> Result<Option<Self>, AgentError> {
        let kept = registry.entry(&entry(user)).await?;
        kept.map(|text| serde_json::from_slice(&text).map_err(unreadable))
            .transpose()
    }

    pub(super) fn created_at(&self) -> Timestamp {
        Timestamp::from_unix(self.created)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(***)")
    }
}

fn entry(user: &UserName) -> EntryId {
    EntryId::new(EntryKind::Account, user.as_str(), "")
}

/// An entry that opens was written here, so it is in a form that is known; unless a newer server
/// wrote it.
// The error's own text may quote a password.
fn unreadable(_: serde_json::Error) -> AgentError {
    tracing::error!("an account is kept in a form that this server does not know");
    OperationError::Unreadable(UnsealError::Damaged).into()
}
