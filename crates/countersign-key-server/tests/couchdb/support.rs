//! Records to be kept.

use countersign_core::{Algorithm, Timestamp};
use countersign_key_server::credential::{AuthScheme, CredentialId, Principal};
use countersign_key_server::seal::Sealed;
use countersign_key_server::store::{
    Idempotency, Life, Listing, NewRecord, Record, Revision, Which,
};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_700_000_000 + seconds)
}

pub(crate) fn id(text: &str) -> CredentialId {
    CredentialId::parse(text).unwrap()
}

pub(crate) fn record(name: &str) -> Record {
    Record {
        id: id(name),
        principal: Principal::parse("dave \"&?\" @example.com").unwrap(),
        scheme: AuthScheme::Mac,
        algorithm: Algorithm::Sha256,
        created_at: at(0),
        life: Life::default(),
        last_used_at: None,
        sealed: Sealed::from_bytes(*b"sealed"),
        revision: Revision::FIRST,
    }
}

pub(crate) fn with_key(record: Record, key: u8) -> NewRecord {
    let idempotency = Idempotency {
        key: [key; 32],
        fingerprint: [key; 32],
        until: at(1000),
    };
    NewRecord {
        idempotency: Some(idempotency),
        ..record.into()
    }
}

pub(crate) fn everything() -> Listing {
    Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: 1000,
    }
}
