//! The key store of `--key-store`, and its master key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::address::Address;
use super::arguments::StoreArguments;
use super::failure::Failure;
use crate::maintenance::master_key_of;
use crate::seal::MasterKey;
use crate::store::couchdb::CouchStore;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{CredentialStore, StoreError};

/// Whether a database may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    /// If there is none, it is made.
    MadeIfMissing,
    /// There must be one: without it there is nothing to do.
    Required,
}

/// Where a key store and its master key are, whether they are there or not.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) address: Address,
    master_key_file: Option<PathBuf>,
}

impl Place {
    pub(super) fn of(arguments: &StoreArguments) -> Result<Self, Failure> {
        let address = Address::parse("--key-store", &arguments.key_store)?;
        let given = arguments.master_key_file.clone();
        Ok(Self {
            master_key_file: given.or_else(|| address.default_master_key_file()),
            address,
        })
    }

    /// The file of the master key.
    pub(super) fn master_key_file(&self) -> Result<&Path, Failure> {
        self.master_key_file.as_deref().ok_or_else(|| {
            Failure::usage(format!(
                "the key store {} needs --master-key-file (or COUNTERSIGN_MASTER_KEY_FILE): the \
                 file with its master key, which is made on the first start",
                self.address.shown()
            ))
        })
    }

    /// Opens the store.
    pub(super) async fn open(self, existence: Existence) -> Result<KeyStore, Failure> {
        if let (Address::Sqlite(path), Existence::Required) = (&self.address, existence)
            && !path.exists()
        {
            return Err(Failure::failed(format!(
                "there is no key store {}; name the right one with --key-store",
                self.address.shown()
            )));
        }
        let store = connect(&self.address).await?;
        Ok(KeyStore { store, place: self })
    }
}

/// An open key store.
#[derive(Debug)]
pub(super) struct KeyStore {
    pub(super) store: Arc<dyn CredentialStore>,
    pub(super) place: Place,
}

impl KeyStore {
    /// The master key, which is made for a store that is new and for no other.
    pub(super) async fn master_key(&self) -> Result<MasterKey, Failure> {
        let path = self.place.master_key_file()?;
        master_key_of(&*self.store, path).await.map_err(|error| {
            let shown = self.place.address.shown();
            Failure::failed(format!("the key store {shown} cannot be opened: {error}"))
        })
    }
}

async fn connect(address: &Address) -> Result<Arc<dyn CredentialStore>, Failure> {
    let trouble = |error: StoreError| {
        let (place, error) = (address.shown(), error.to_string());
        // Most errors say by themselves where they happened.
        if error.contains(place.trim_start_matches("sqlite:")) {
            Failure::failed(format!("the key store cannot be opened: {error}"))
        } else {
            Failure::failed(format!("the key store {place} cannot be opened: {error}"))
        }
    };
    Ok(match address {
        Address::Sqlite(path) => Arc::new(SqliteStore::open(path).map_err(trouble)?),
        Address::Postgres(url) => Arc::new(PostgresStore::connect(url).await.map_err(trouble)?),
        Address::Couchdb(url) => Arc::new(CouchStore::connect(url).await.map_err(trouble)?),
    })
}
