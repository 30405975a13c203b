//! What PostgreSQL's errors mean here.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_rustls::rustls;

use crate::store::{StoreError, StoreErrorKind};

/// The most of PostgreSQL's own words that is repeated, in characters.
const MAX_QUOTE: usize = 300;

/// Why an operation did not end well.
pub(super) enum Trouble {
    /// What PostgreSQL said, or did not.
    Postgres(Error),
    /// What was found out already.
    Store(StoreError),
    /// Another call was faster: to be tried again.
    LostRace,
}

impl Trouble {
    /// Whether the same call may go well when tried again at once.
    pub(super) fn is_lost_race(&self) -> bool {
        match self {
            Self::LostRace => true,
            Self::Store(_) => false,
            Self::Postgres(error) => matches!(
                error.code(),
                Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
            ),
        }
    }

    /// Whether the connection may be used again: PostgreSQL has answered, and would answer another
    /// call better.
    pub(super) fn leaves_connection_sound(&self) -> bool {
        match self {
            Self::LostRace | Self::Store(_) => true,
            Self::Postgres(error) => error.as_db_error().is_some_and(|error| {
                error.parsed_severity() == Some(Severity::Error)
                    // A server that became a replica; a statement that is planned anew elsewhere.
                    && *error.code() != SqlState::READ_ONLY_SQL_TRANSACTION
                    && *error.code() != SqlState::FEATURE_NOT_SUPPORTED
                    && *error.code() != SqlState::UNDEFINED_PSTATEMENT
            }),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The unique constraint that a statement would have violated.
pub(super) fn violated_constraint(error: &Error) -> Option<&str> {
    let error = error.as_db_error()?;
    (*error.code() == SqlState::UNIQUE_VIOLATION).then_some(error.constraint()?)
}

/// What `error` means for the store at `shown`.
pub(super) fn explain(error: &Error, shown: &str) -> StoreError {
    let (kind, what) = match error.as_db_error() {
        Some(error) => of_server(error),
        None => of_connection(error),
    };
    StoreError::new(kind, format!("PostgreSQL at {shown}: {what}"))
}

/// What the server said. Of its words only the message is repeated: the detail can hold a row.
fn of_server(error: &DbError) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Damaged, Incompatible, Misconfigured, Unavailable};
    let code = error.code();
    let (kind, advice) = match *code {
        SqlState::INVALID_PASSWORD => (
            Misconfigured,
            "it refuses the password; give the right one in the address or its passfile",
        ),
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => (
            Misconfigured,
            "it does not let this user in from here; create the role, or allow it in pg_hba.conf",
        ),
        SqlState::INVALID_CATALOG_NAME => (
            Misconfigured,
            "there is no such database; create it, or name another in the address",
        ),
        SqlState::INVALID_SCHEMA_NAME => (
            Misconfigured,
            "no schema of the search path exists; create it, or set search_path for the role",
        ),
        SqlState::INSUFFICIENT_PRIVILEGE => (
            Misconfigured,
            "the role may not do that; grant it CREATE on the schema, or all rights on the \
             tables countersign_*",
        ),
        SqlState::UNDEFINED_PSTATEMENT | SqlState::DUPLICATE_PSTATEMENT => (
            Misconfigured,
            "a pooler in between changes the connection; let it pool sessions, not transactions",
        ),
        SqlState::CHARACTER_NOT_IN_REPERTOIRE | SqlState::UNTRANSLATABLE_CHARACTER => (
            Misconfigured,
            "it cannot keep a character; leave NUL out, and create the database with ENCODING \
             'UTF8'",
        ),
        SqlState::READ_ONLY_SQL_TRANSACTION => (
            Unavailable,
            "it takes no writes; it is a replica or set to read only, so point the address to \
             the primary",
        ),
        SqlState::DISK_FULL => (Unavailable, "its disk is full; make room"),
        SqlState::OUT_OF_MEMORY => (Unavailable, "it is out of memory"),
        SqlState::TOO_MANY_CONNECTIONS => (
            Unavailable,
            "it has too many connections; raise max_connections, or run fewer servers",
        ),
        SqlState::CANNOT_CONNECT_NOW | SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => {
            (Unavailable, "it is starting or stopping")
        }
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => (
            Unavailable,
            "the statement took too long; look whether it is overloaded or something holds a lock",
        ),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => {
            (Damaged, "its files are damaged; restore a backup")
        }
        SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_COLUMN
        | SqlState::UNDEFINED_FUNCTION
        | SqlState::DATATYPE_MISMATCH
        | SqlState::DUPLICATE_TABLE
        | SqlState::WRONG_OBJECT_TYPE => (
            Incompatible,
            "the tables countersign_* are not this program's; use another database, or the \
             version of the program that made them",
        ),
        _ if is_of_class(code, &["22", "23", "42"]) => (
            Incompatible,
            "the tables countersign_* are not as this program made them; undo the change",
        ),
        _ => (Unavailable, "it cannot do that now"),
    };
    let mut what = format!("{advice} (SQLSTATE {}: ", escaped(code.code()));
    let _ = write!(what, "{})", escaped(error.message()));
    (kind, what)
}

fn is_of_class(code: &SqlState, classes: &[&str]) -> bool {
    classes.iter().any(|class| code.code().starts_with(class))
}

/// What became of the connection.
fn of_connection(error: &Error) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Damaged, Incompatible, Misconfigured, Unavailable};
    let io = error.source().and_then(|it| it.downcast_ref::<io::Error>());
    let is_nonsense = |io: &io::Error| io.kind() == io::ErrorKind::InvalidInput;
    // The kinds have no other name outside of their crate.
    match (error.to_string().as_str(), io) {
        ("error connecting to server", Some(io)) => (
            Unavailable,
            format!("no connection: {}", escaped(&io.to_string())),
        ),
        ("error performing TLS handshake", Some(io)) => of_tls(io),
        ("error performing TLS handshake", None) => (
            Misconfigured,
            "it offers no TLS; turn ssl on there, or write sslmode=disable into the address if \
             the network may see the password"
                .into(),
        ),
        ("authentication error" | "invalid configuration", _) => (
            Misconfigured,
            "logging in failed; give the password in the address or its passfile, and the method \
             scram-sha-256 in pg_hba.conf"
                .into(),
        ),
        ("error parsing response from server" | "unexpected message from server", _) => {
            (Incompatible, NO_POSTGRESQL.into())
        }
        ("error communicating with the server", Some(io)) if is_nonsense(io) => {
            (Incompatible, NO_POSTGRESQL.into())
        }
        (text, _) if text.starts_with("error deserializing") => (
            Damaged,
            "a row cannot be read; somebody else has changed the tables countersign_*".into(),
        ),
        _ => (
            Unavailable,
            "the connection was lost; look whether it runs, and whether it is PostgreSQL that \
             answers there"
                .into(),
        ),
    }
}

const NO_POSTGRESQL: &str =
    "what answers there does not speak PostgreSQL's protocol; check host and port";

fn of_tls(error: &io::Error) -> (StoreErrorKind, String) {
    let inner = error.get_ref();
    match inner.and_then(|it| it.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => (
            StoreErrorKind::Misconfigured,
            format!(
                "its certificate is not to be trusted ({}); name the authority's file with \
                 sslrootcert, and the host as the certificate does",
                escaped(&why.to_string())
            ),
        ),
        None if error.kind() == io::ErrorKind::InvalidInput => (
            StoreErrorKind::Misconfigured,
            "no certificate can have the name of this host; give the name that the certificate \
             has"
            .into(),
        ),
        _ => (
            StoreErrorKind::Unavailable,
            format!("TLS failed: {}", escaped(&error.to_string())),
        ),
    }
}

/// Text from the wire, on one line and of bounded length.
fn escaped(text: &str) -> String {
    text.chars()
        .take(MAX_QUOTE)
        .flat_map(char::escape_debug)
        .collect()
}
