//! Taking over the credentials of the original, yar, from its CouchDB database.
//!
//! Invariants:
//! * The original's database is only read.
//! * What is there already is never changed: an id with another secret or principal is reported.
//! * No two ids of the store have one secret afterwards, unless they had it before.
//! * It may be cut off and started again: what was taken over is found to be there.
//! * No secret is in the report. The original named a document after the api key in it; such a
//!   name is cut short.

mod document;
mod report;

use std::collections::HashMap;

use countersign_core::{Algorithm, Timestamp};
use subtle::ConstantTimeEq as _;

use self::document::{Original, Reading};
pub use self::report::{ImportReport, Left, Reason};
use super::MaintenanceError;
use crate::credential::{AuthScheme, CredentialId};
use crate::seal::{Keyring, MARK_LEN};
use crate::store::couchdb::{Database, ForeignDocument};
use crate::store::{
    Creation, CredentialStore, Life, Listing, NewRecord, Record, Revision, State, Which,
};

/// How many records of the store are read at a time.
const PAGE: usize = 500;

/// Who has which secret: a keyed hash of it, so that not all of them are in memory in the clear.
type Owners = HashMap<[u8; MARK_LEN], CredentialId>;

/// Takes over the credentials in the database at `source`, whose address is as
/// [`CouchStore::connect`](crate::store::couchdb::CouchStore::connect) takes it, into `store`.
///
/// Deleted ones come as deleted, at `now`. What was created at a time that the document does not
/// tell was created at `now`. Documents that cannot be taken over are left, and reported. What was
/// taken over before is not looked at again: a deletion in the original since then is not.
///
/// It keeps some 100 bytes in memory for each credential.
///
/// # Errors
/// When either database cannot be read or written; what was taken over until then stays.
pub async fn import_yar(
    source: &str,
    store: &dyn CredentialStore,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<ImportReport, MaintenanceError> {
    let source = Database::new(source)?;
    source.must_exist().await?;
    let mut import = Import {
        store,
        keyring,
        now,
        owners: owners(store, keyring).await?,
        report: ImportReport::default(),
    };
    let mut last: Option<String> = None;
    loop {
        let page = source.documents_after(last.as_deref()).await?;
        let Some(end) = page.last() else {
            return Ok(import.report);
        };
        last = Some(end.id.clone());
        for document in page {
            import.take_over(document).await?;
        }
    }
}

async fn owners(
    store: &dyn CredentialStore,
    keyring: &Keyring,
) -> Result<Owners, MaintenanceError> {
    let mut owners = Owners::new();
    let mut listing = Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: PAGE,
    };
    loop {
        let page = store.list(&listing).await?;
        for record in page.records {
            let secret = open(keyring, &record)?;
            owners.insert(mark(keyring, &secret), record.id);
        }
        if page.next.is_none() {
            return Ok(owners);
        }
        listing.after = page.next;
    }
}

fn open(keyring: &Keyring, record: &Record) -> Result<impl AsRef<[u8]> + use<>, MaintenanceError> {
    let opened = keyring.open(&record.id, &record.principal, &record.sealed);
    opened.map_err(|error| {
        let id = record.id.as_str();
        MaintenanceError::new(format!("the credential {id:?}: {error}")).because(error)
    })
}

fn mark(keyring: &Keyring, secret: &impl AsRef<[u8]>) -> [u8; MARK_LEN] {
    keyring.mark(&[b"secret of an import", secret.as_ref()])
}

struct Import<'a> {
    store: &'a dyn CredentialStore,
    keyring: &'a Keyring,
    now: Timestamp,
    owners: Owners,
    report: ImportReport,
}

impl Import<'_> {
    async fn take_over(&mut self, mut document: ForeignDocument) -> Result<(), MaintenanceError> {
        match document::read(&mut document) {
            Reading::Alien => self.report.others = self.report.others.saturating_add(1),
            Reading::Invalid { name, problem } => {
                self.report.leave(&name, Reason::Invalid(problem));
            }
            Reading::Credential { name, original } => self.keep(&name, &original).await?,
        }
        Ok(())
    }

    async fn keep(&mut self, name: &str, original: &Original) -> Result<(), MaintenanceError> {
        let new = self.record(original)?;
        let id = new.id.clone();
        if let Some(kept) = self.store.get(&id).await? {
            return self.compare(name, original, &kept);
        }
        let mark = mark(self.keyring, &original.secret.as_bytes());
        if self.owners.contains_key(&mark) {
            self.report.leave(name, Reason::SharedSecret);
            return Ok(());
        }
        match self.store.create(NewRecord::from(new)).await? {
            Creation::Created => {
                self.report.created = self.report.created.saturating_add(1);
                self.owners.insert(mark, id);
                Ok(())
            }
            // Somebody else has just created it.
            _ => match self.store.get(&id).await? {
                Some(kept) => self.compare(name, original, &kept),
                None => Err(MaintenanceError::new(
                    "a credential could not be created; import again",
                )),
            },
        }
    }

    fn record(&self, original: &Original) -> Result<Record, MaintenanceError> {
        let id = match &original.id {
            Some(id) => id.clone(),
            None => self.keyring.handle_of(&original.secret),
        };
        let sealed = self
            .keyring
            .seal(&id, &original.principal, original.secret.as_bytes())?;
        let (scheme, algorithm) = match original.algorithm {
            Some(algorithm) => (AuthScheme::Mac, algorithm),
            None => (AuthScheme::Basic, Algorithm::Sha256),
        };
        Ok(Record {
            id,
            principal: original.principal.clone(),
            scheme,
            algorithm,
            created_at: original.created_at.unwrap_or(self.now),
            life: Life {
                state: State::Active,
                deleted_at: original.is_deleted.then_some(self.now),
                expires_at: None,
                rotated_to: None,
            },
            last_used_at: None,
            sealed,
            revision: Revision::FIRST,
        })
    }

    fn compare(
        &mut self,
        name: &str,
        original: &Original,
        kept: &Record,
    ) -> Result<(), MaintenanceError> {
        let secret = open(self.keyring, kept)?;
        let same_secret = secret.as_ref().ct_eq(original.secret.as_bytes());
        let same_use = match original.algorithm {
            Some(algorithm) => kept.scheme == AuthScheme::Mac && kept.algorithm == algorithm,
            None => kept.scheme == AuthScheme::Basic,
        };
        if bool::from(same_secret) && same_use && kept.principal == original.principal {
            self.report.already_there = self.report.already_there.saturating_add(1);
        } else {
            self.report.leave(name, Reason::TakenId);
        }
        Ok(())
    }
}
