//! What a store keeps of a credential.

use countersign_core::{Algorithm, Timestamp};

use crate::credential::{AuthScheme, CredentialId, Principal};
use crate::seal::Sealed;

/// A credential as it is kept: everything but its secret in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is found under; never changes.
    pub id: CredentialId,
    /// Whose it is; never changes.
    pub principal: Principal,
    /// What it is for; never changes.
    pub scheme: AuthScheme,
    /// The hash function it is used with; meaningful where the scheme
    /// [has one](AuthScheme::has_algorithm). Never changes.
    pub algorithm: Algorithm,
    /// When it was created; never changes.
    pub created_at: Timestamp,
    /// What may change about it.
    pub life: Life,
    /// When it was last looked up or used in a verification, to the minute or so.
    pub last_used_at: Option<Timestamp>,
    /// Its secret.
    pub sealed: Sealed,
    /// How often it was changed; counts `life` and `sealed`, not `last_used_at`.
    pub revision: Revision,
}

/// The part of a credential that may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Whether its holder may use it.
    pub state: State,
    /// When it was deleted, if it was. Deleted credentials are kept, and stay deleted.
    pub deleted_at: Option<Timestamp>,
    /// The last second in which it may be used.
    pub expires_at: Option<Timestamp>,
    /// The credential that was issued in its place.
    pub rotated_to: Option<CredentialId>,
}

impl Life {
    /// Whether it counts as active at `now`: neither deleted, nor inactive, nor expired.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.state == State::Active
            && self.deleted_at.is_none()
            && self.expires_at.is_none_or(|last| now <= last)
    }
}

/// Whether a credential may be used by its holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It may.
    #[default]
    Active,
    /// It may not, for now.
    Inactive,
}

impl State {
    /// Its name on the wire: `active` or `inactive`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// The state with this name, which is matched exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Inactive]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// How often something was changed, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(u32);

impl Revision {
    /// Of what was never changed.
    pub const FIRST: Self = Self(1);

    /// The revision with this number.
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The one after it.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A record that is to be kept, and under which conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The record, which is kept as it is.
    pub record: Record,
    /// The retry it may be.
    pub idempotency: Option<Idempotency>,
    /// How many active credentials its principal may have with it, counted at its `created_at`. A
    /// rotation does not count the one that is replaced.
    pub max_active: Option<u32>,
}

impl From<Record> for NewRecord {
    fn from(record: Record) -> Self {
        Self {
            record,
            idempotency: None,
            max_active: None,
        }
    }
}

/// An `Idempotency-Key` and what it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// A hash of who sent it and the key.
    pub key: [u8; 32],
    /// A hash of what was asked for.
    pub fingerprint: [u8; 32],
    /// Until when it is remembered, at least; forgotten only at a creation after it, by that
    /// record's `created_at`.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_ends_after_its_last_second() {
        let now = Timestamp::from_unix(100);
        let until = |expires_at| Life {
            expires_at,
            ..Life::default()
        };
        assert!(until(None).is_active(now));
        assert!(until(Some(now)).is_active(now));
        assert!(!until(Some(now.plus(-1))).is_active(now));
        let inactive = Life {
            state: State::Inactive,
            ..Life::default()
        };
        let deleted = Life {
            deleted_at: Some(now),
            ..Life::default()
        };
        assert!(!inactive.is_active(now) && !deleted.is_active(now));
    }
}
