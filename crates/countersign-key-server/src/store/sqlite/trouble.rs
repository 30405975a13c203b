//! What went wrong, as a sentence for the operator.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};

use crate::store::{StoreError, StoreErrorKind};

/// Why something was not done. Shared by all callers whose changes were to be committed together.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// What SQLite says.
    Sqlite(Arc<rusqlite::Error>),
    /// The file was moved or deleted while it is open: what is written now would be lost.
    Moved,
    /// The transaction ended before it was committed.
    Undone,
    /// The store was closed.
    Closed,
    /// It is another program's database.
    Foreign,
    /// It has a newer schema than this program knows.
    Newer { found: i64, known: i64 },
    /// The file system has no shared memory for SQLite's WAL.
    NoWal,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl Failure {
    /// The error for the caller, which names the file `path`.
    pub(super) fn trouble(&self, path: &Path) -> StoreError {
        let path = path.display();
        let (kind, message) = match self {
            Self::Sqlite(error) => {
                let (kind, what) = explain(error);
                let message = format!("the database file {path}: {what}");
                return StoreError::new(kind, message).because(error.clone());
            }
            Self::Moved => (
                StoreErrorKind::Unavailable,
                format!(
                    "the database file {path} was moved, replaced or deleted while it is in use; \
                     put it back, or stop the server and start it with the file it is to use"
                ),
            ),
            Self::Undone => (
                StoreErrorKind::Unavailable,
                format!("the database file {path}: the change was undone; try it again"),
            ),
            Self::Closed => (
                StoreErrorKind::Unavailable,
                format!("the database file {path} is closed: the server is shutting down"),
            ),
            Self::Foreign => (
                StoreErrorKind::Incompatible,
                format!("the database file {path} belongs to another program; name another file"),
            ),
            Self::Newer { found, known } => (
                StoreErrorKind::Incompatible,
                format!(
                    "the database file {path} was made by a newer version of this program (its \
                     schema is {found}, and this version knows {known}); run that version"
                ),
            ),
            Self::NoWal => (
                StoreErrorKind::Misconfigured,
                format!(
                    "the database file {path} lies on a file system on which SQLite cannot keep a \
                     write-ahead log, such as a network one; put it on a local disk"
                ),
            ),
        };
        StoreError::new(kind, message)
    }
}

fn explain(error: &rusqlite::Error) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Damaged, Unavailable};
    let error = match error {
        rusqlite::Error::SqliteFailure(error, _) => error,
        rusqlite::Error::SqlInputError { .. } => {
            return (Damaged, "its tables were changed; restore it from a backup");
        }
        _ => {
            let what = "a row of it cannot be understood, as if another program had changed it; \
                        restore it from a backup";
            return (Damaged, what);
        }
    };
    match error.code {
        ErrorCode::DiskFull => (
            Unavailable,
            "there is no space left on its disk; free some, then it goes on by itself",
        ),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => (
            Unavailable,
            "it is locked by another program for too long; find and end that program",
        ),
        ErrorCode::ReadOnly if error.extended_code == ffi::SQLITE_READONLY_DBMOVED => (
            Unavailable,
            "it was moved or deleted while it is in use; put it back",
        ),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => (
            Unavailable,
            "it or its folder is read-only; make them writable for the server's user",
        ),
        ErrorCode::CannotOpen => (
            Unavailable,
            "it or the files beside it, -wal and -shm, cannot be opened; see that its folder is \
             there and writable, and that the server may have enough files open",
        ),
        ErrorCode::SystemIoFailure if error.extended_code == ffi::SQLITE_IOERR_WRITE => (
            Unavailable,
            "it cannot be written; its disk has no space left for this user, or fails: free some \
             space, or see the system's log",
        ),
        ErrorCode::SystemIoFailure => (
            Unavailable,
            "its disk fails; see the system's log, and check the disk",
        ),
        ErrorCode::OutOfMemory => (Unavailable, "the server is out of memory"),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => (
            Damaged,
            "it is damaged; keep a copy of it, and restore it from a backup",
        ),
        ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => {
            (Damaged, "its tables were changed; restore it from a backup")
        }
        _ => (Unavailable, "SQLite cannot do what it was asked for"),
    }
}
