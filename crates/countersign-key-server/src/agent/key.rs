//! Keys that were made for an account, as they are kept.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::AgentError;
use super::algorithm::{Algorithm, NAMESPACES};
use super::names::{KeyName, UserName};
use super::private_key::{PlaceOfKey, SealedPrivateKey};
use super::signature::SIGNATURE_LEN;
use crate::registry::{OperationError, Registry};
use crate::seal::UnsealError;
use crate::store::{EntryId, EntryKind};

/// A key of an account.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    /// The namespace under which the algorithm was asked for.
    pub(crate) namespace: &'static str,
    pub(crate) public: Vec<u8>,
    /// The host that was asked for it: what opens the private key is signed over it.
    pub(super) host: String,
    pub(super) created_at: Timestamp,
    sealed: SealedPrivateKey,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    local_name: String,
    namespace: String,
    host: String,
    created: i64,
    public: String,
    private: String,
}

impl Key {
    /// Seals a new private key so that only the key signature opens it.
    pub(super) fn seal(
        new: NewKey<'_>,
        private: &[u8],
        public: Vec<u8>,
        created_at: Timestamp,
    ) -> Result<Self, AgentError> {
        let place = new.place();
        Ok(Self {
            sealed: SealedPrivateKey::seal(private, new.key_signature, &place)?,
            algorithm: new.algorithm,
            namespace: new.namespace,
            public,
            host: new.host.to_owned(),
            created_at,
        })
    }

    /// Keeps it, if its id is free.
    pub(super) async fn add(
        &self,
        registry: &Registry,
        user: &UserName,
        id: &KeyName,
    ) -> Result<(), AgentError> {
        let kept = Kept {
            local_name: self.algorithm.local_name().to_owned(),
            namespace: self.namespace.to_owned(),
            host: self.host.clone(),
            created: self.created_at.as_unix(),
            public: STANDARD.encode(&self.public),
            private: STANDARD.encode(self.sealed.to_bytes()),
        };
        let text = serde_json::to_vec(&kept).map_err(|_| unreadable())?;
        if registry.add_entry(entry(user, id), &text, None).await? {
            Ok(())
        } else {
            Err(AgentError::KeyExists)
        }
    }

    /// The key of `user` with this id, if there is one.
    pub(super) async fn find(
        registry: &Registry,
        user: &UserName,
        id: &KeyName,
    ) -> Result<Option<Self>, AgentError> {
        let Some(text) = registry.entry(&entry(user, id)).await? else {
            return Ok(None);
        };
        let read = || -> Option<Self> {
            let kept: Kept = serde_json::from_slice(&text).ok()?;
            let namespace = namespace(&kept.namespace)?;
            Some(Self {
                algorithm: Algorithm::find(&kept.local_name, namespace)?,
                namespace,
                public: STANDARD.decode(kept.public).ok()?,
                host: kept.host,
                created_at: Timestamp::from_unix(kept.created),
                sealed: SealedPrivateKey::from_bytes(&STANDARD.decode(kept.private).ok()?)?,
            })
        };
        read().map(Some).ok_or_else(unreadable)
    }

    /// The private key, if this key signature opens it.
    pub(super) fn open(
        &self,
        user: &UserName,
        id: &KeyName,
        key_signature: &[u8; SIGNATURE_LEN],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let place = NewKey {
            algorithm: self.algorithm,
            namespace: self.namespace,
            host: &self.host,
            user,
            id,
            key_signature,
        };
        self.sealed.open(key_signature, &place.place())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, ***)", self.algorithm.local_name())
    }
}

/// A key that is to be made.
#[derive(Clone, Copy)]
pub(super) struct NewKey<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) namespace: &'static str,
    pub(super) host: &'a str,
    pub(super) user: &'a UserName,
    pub(super) id: &'a KeyName,
    pub(super) key_signature: &'a [u8; SIGNATURE_LEN],
}

impl<'a> NewKey<'a> {
    /// What its private key belongs to.
    fn place(&self) -> PlaceOfKey<'a> {
        PlaceOfKey {
            account: self.user.as_str(),
            host: self.host,
            local_name: self.algorithm.local_name(),
            namespace: self.namespace,
            id: self.id.as_str(),
        }
    }
}

/// The namespace that is spelled like this, if it is one.
pub(crate) fn namespace(text: &str) -> Option<&'static str> {
    NAMESPACES.into_iter().find(|it| *it == text)
}

fn entry(user: &UserName, id: &KeyName) -> EntryId {
    EntryId::new(EntryKind::AgentKey, user.as_str(), id.as_str())
}

fn unreadable() -> AgentError {
    tracing::error!("a key is kept in a form that this server does not know");
    OperationError::Unreadable(UnsealError::Damaged).into()
}
