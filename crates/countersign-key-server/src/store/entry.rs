//! What a store keeps for the agent API: sealed entries that are written once.

use countersign_core::Timestamp;

use crate::seal::Sealed;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// An account. Its owner is the user name, its name is empty.
    Account,
    /// A key of an account, by its id.
    AgentKey,
    /// A nonce that the owner has used, by its hash.
    Nonce,
    /// A session that was ended before its time, by its id.
    EndedSession,
    /// What session tokens are signed with. It belongs to nobody.
    TokenKey,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Account,
        Self::AgentKey,
        Self::Nonce,
        Self::EndedSession,
        Self::TokenKey,
    ];

    /// Its name: `account`, `agent-key`, `nonce`, `ended-session`, `token-key`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::AgentKey => "agent-key",
            Self::Nonce => "nonce",
            Self::EndedSession => "ended-session",
            Self::TokenKey => "token-key",
        }
    }

    /// The kind with this name, which is matched exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What an entry is found under. Every byte of the owner and the name counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// What it is.
    pub kind: EntryKind,
    /// Whose it is; empty if nobody's.
    pub owner: String,
    /// What tells it from the owner's others of its kind; at most 512 bytes, as the owner.
    pub name: String,
}

impl EntryId {
    /// The id of these parts.
    pub fn new(kind: EntryKind, owner: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind,
            owner: owner.into(),
            name: name.into(),
        }
    }
}

/// An entry as it is kept: everything but what it says in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is found under.
    pub id: EntryId,
    /// What it says.
    pub sealed: Sealed,
    /// The last second in which it is needed; always, if there is none.
    pub forget_after: Option<Timestamp>,
}
