//! Keys that are made and kept on the server.

use std::fmt;

use countersign_core::{ConfigError, Timestamp};
use zeroize::Zeroizing;

use super::text::{Password, filled, part};

/// The namespace of the algorithms, unless another is chosen.
pub const NAMESPACE: &str = "urn:nf:iot:e2e:1.0";

/// A key of an account, with the password that opens it on the server, which does not keep it.
///
/// The password is bound to the algorithm, to the account and to the name under which the server
/// was reached when the key was made: under another name it does not open the key.
///
/// ```
/// use countersign_client::agent::{Key, Password};
///
/// # fn main() -> Result<(), countersign_core::ConfigError> {
/// let key = Key::new("ed448", "MyKey", Password::new("correct horse battery staple")?)?;
/// # let _ = key;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Key {
    local_name: Box<str>,
    namespace: Box<str>,
    id: Box<str>,
    password: Password,
}

impl Key {
    /// The key `id` for the algorithm `local_name` in [`NAMESPACE`].
    ///
    /// # Errors
    /// When the local name or the id is empty or has a colon.
    pub fn new(
        local_name: impl Into<String>,
        id: impl Into<String>,
        password: Password,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            local_name: part("local name of the algorithm", local_name)?,
            namespace: NAMESPACE.into(),
            id: part("id of the key", id)?,
            password,
        })
    }

    /// In another namespace. The one that the key was made in is the one to use it in.
    ///
    /// # Errors
    /// When it is empty.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Result<Self, ConfigError> {
        self.namespace = filled("namespace of the algorithm", namespace)?;
        Ok(self)
    }

    /// Its id, which no other key of the account has.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn local_name(&self) -> &str {
        &self.local_name
    }

    pub(super) fn namespace_name(&self) -> &str {
        &self.namespace
    }

    pub(super) fn password(&self) -> &Password {
        &self.password
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("local_name", &self.local_name)
            .field("namespace", &self.namespace)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What a server says of a key that it has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl StoredKey {
    /// When it was made.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it was last changed.
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }
}

/// An algorithm of keys, as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAlgorithm {
    pub(super) local_name: String,
    pub(super) namespace: String,
    pub(super) security_strength: Option<u32>,
    pub(super) is_safe: bool,
    pub(super) is_slow: bool,
    pub(super) is_post_quantum: bool,
    pub(super) score: u32,
}

impl KeyAlgorithm {
    /// Its name in the [`namespace`](KeyAlgorithm::namespace): what a [`Key`] is made with.
    pub fn local_name(&self) -> &str {
        &self.local_name
    }

    /// The namespace of the name.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// How many bits of work it takes to break; `None` where it depends on the key.
    pub fn security_strength(&self) -> Option<u32> {
        self.security_strength
    }

    /// Whether it is thought to have no constants that somebody chose for reasons of their own.
    pub fn is_safe(&self) -> bool {
        self.is_safe
    }

    /// Whether others of the same strength are much faster.
    pub fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// Whether it withstands quantum computers.
    pub fn is_post_quantum(&self) -> bool {
        self.is_post_quantum
    }

    /// How much the server recommends it: more is better.
    pub fn score(&self) -> u32 {
        self.score
    }
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) bytes: Vec<u8>,
    pub(super) algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// The key, in the form of its algorithm.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> &KeyAlgorithm {
        &self.algorithm
    }
}

/// A secret that two keys agree on. Wiped when dropped, shown by no `Debug`.
#[derive(Clone)]
pub struct SharedSecret(pub(super) Zeroizing<Vec<u8>>);

impl SharedSecret {
    /// The bytes: put them through a key derivation before they are used as a key.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(***)")
    }
}
