//! Stores with something in them.

use countersign_core::{Algorithm, Timestamp};

use super::make_keyring;
use crate::credential::{AuthScheme, CredentialId, Principal};
use crate::seal::{Keyring, MasterKey};
use crate::store::{Creation, CredentialStore, Life, NewRecord, Record, Revision};

pub(super) fn record(id: &str, keyring: &Keyring) -> Record {
    let principal = Principal::parse("dave \u{e9} \"quoted\"").unwrap();
    let id = CredentialId::parse(id).unwrap();
    let secret = format!("the secret of {id}");
    Record {
        sealed: keyring.seal(&id, &principal, secret.as_bytes()).unwrap(),
        id,
        principal,
        scheme: AuthScheme::HmacAuth,
        algorithm: Algorithm::Sha256,
        created_at: Timestamp::from_unix(1000),
        life: Life::default(),
        last_used_at: None,
        revision: Revision::FIRST,
    }
}

pub(super) async fn fill(store: &dyn CredentialStore, master: &MasterKey, records: usize) {
    let keyring = make_keyring(store, master).await.unwrap();
    for number in 0..records {
        let new = NewRecord::from(record(&format!("id-{number}"), &keyring));
        assert_eq!(store.create(new).await.unwrap(), Creation::Created);
    }
}
