//! Connections that only read.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;

use super::file::DatabaseFile;
use super::trouble::Failure;

/// A few connections, each used by one thread at a time and gone once the store is closed.
pub(super) struct Readers(Box<[Mutex<Option<Connection>>]>);

impl Readers {
    pub(super) fn open(file: &DatabaseFile, count: usize) -> rusqlite::Result<Self> {
        let connections = (0..count).map(|_| {
            let connection = file.connect()?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(Mutex::new(Some(connection)))
        });
        Ok(Self(connections.collect::<rusqlite::Result<_>>()?))
    }

    /// What `read` finds. Waits only when all connections are in use, for one read.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let connection = self.one().ok_or(Failure::Closed)?;
        let connection = connection.as_ref().ok_or(Failure::Closed)?;
        Ok(read(connection)?)
    }

    /// The first that is free, so that the fewest are in use and their caches are warm.
    fn one(&self) -> Option<MutexGuard<'_, Option<Connection>>> {
        let free = self
            .0
            .iter()
            .find_map(|connection| match connection.try_lock() {
                Ok(connection) => Some(connection),
                Err(TryLockError::Poisoned(connection)) => Some(connection.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            });
        free.or_else(|| Some(locked(self.0.first()?)))
    }

    /// Closes them, each after the read it is used for.
    pub(super) fn close(&self) {
        for connection in &self.0 {
            drop(locked(connection).take());
        }
    }
}

fn locked(connection: &Mutex<Option<Connection>>) -> MutexGuard<'_, Option<Connection>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
