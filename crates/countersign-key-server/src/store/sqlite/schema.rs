//! The tables, and how files of earlier versions come to have them.
//!
//! Invariants: a migration is never changed once it was released, only followed by others; each
//! happens in a transaction of its own together with the number that says so, so that one which is
//! interrupted never happened and one which is repeated does nothing.

use std::time::Instant;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::file::BUSY_TIMEOUT;
use super::trouble::Failure;

/// Marks the files of this store: `Ctsn`.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"Ctsn");

/// The n-th makes schema n of schema n - 1; 0 is an empty file.
const MIGRATIONS: &[&str] = &[
    // Times are seconds since 1970. `credentials_active` counts the active credentials of a
    // principal without passing over all that were deleted or expired before them.
    "CREATE TABLE credentials (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        principal TEXT NOT NULL,
        scheme TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        deleted_at INTEGER,
        expires_at INTEGER,
        rotated_to TEXT,
        last_used_at INTEGER,
        revision INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX credentials_by_principal ON credentials (principal);
    CREATE INDEX credentials_active ON credentials (principal, expires_at)
        WHERE state = 'active' AND deleted_at IS NULL;
    CREATE TABLE retries (
        key BLOB PRIMARY KEY,
        fingerprint BLOB NOT NULL,
        credential INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX retries_by_time ON retries (until);
    CREATE TABLE keyring (
        single INTEGER PRIMARY KEY CHECK (single = 1),
        sealed BLOB NOT NULL,
        revision INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tokens (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT,
        scope TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        revoked_at INTEGER
    ) STRICT;
    CREATE TABLE readiness (
        single INTEGER PRIMARY KEY CHECK (single = 1),
        times_asked INTEGER NOT NULL
    ) STRICT;
    INSERT INTO readiness VALUES (1, 0);",
    // The entries of the agent API.
    "CREATE TABLE entries (
        kind TEXT NOT NULL,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        forget_after INTEGER,
        sealed BLOB NOT NULL,
        PRIMARY KEY (kind, owner, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX entries_by_time ON entries (forget_after) WHERE forget_after IS NOT NULL;",
];

/// Makes a new or an older file one of this version.
///
/// # Errors
/// When it is not this store's or of a newer version; then it is left as it is.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Failure> {
    migrate(connection, MIGRATIONS)
}

fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), Failure> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let found = schema_of(connection, known)?;
    use_wal(connection)?;
    // Nothing to do is the usual case, and takes no lock.
    if found == known {
        return Ok(());
    }
    for (schema, migration) in (1..).zip(migrations) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another program may have been first.
        if schema_of(&transaction, known)? >= schema {
            continue;
        }
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Which schema the file has, of the `known`.
fn schema_of(connection: &Connection, known: i64) -> Result<i64, Failure> {
    // One statement, so that it sees one state of the file.
    let statement = "SELECT (SELECT application_id FROM pragma_application_id),
                            (SELECT user_version FROM pragma_user_version),
                            (SELECT count(*) FROM sqlite_schema)";
    let (application, found, tables): (i32, i64, i64) =
        connection.query_row(statement, [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    match (application, found, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION_ID, ..) if found > known => Err(Failure::Newer { found, known }),
        (APPLICATION_ID, 0.., _) => Ok(found),
        _ => Err(Failure::Foreign),
    }
}

/// Turns the log on, which the file remembers.
fn use_wal(connection: &Connection) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        // SQLite does not wait by itself when two programs do this to a new file at once.
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            row.get::<_, String>(0)
        }) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(Failure::NoWal),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads a page of the file.
pub(super) fn read_something(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("SELECT times_asked FROM readiness")?
        .query_row([], |_| Ok(()))
}

/// Changes a page of the file.
pub(super) fn write_something(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE readiness SET times_asked = times_asked + 1")?
        .execute([])?;
    Ok(())
}

/// How SQLite would go about a statement on these tables, step by step.
#[cfg(test)]
pub(super) fn plan(statement: &str) -> Vec<String> {
    let connection = Connection::open_in_memory().unwrap();
    for migration in MIGRATIONS {
        connection.execute_batch(migration).unwrap();
    }
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    let mut explained = connection.prepare(&explain).unwrap();
    let unbound: Vec<Option<i64>> = vec![None; explained.parameter_count()];
    let steps = explained.query_map(rusqlite::params_from_iter(unbound), |row| row.get(3));
    steps.unwrap().map(Result::unwrap).collect()
}

#[cfg(test)]
mod tests {
    use super::super::file::DatabaseFile;
    use super::*;

    /// What a later version might do: in several statements, and to the rows that are there.
    const LATER: &str = "ALTER TABLE tokens ADD COLUMN used_at INTEGER;
        CREATE TABLE audit (position INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT;
        INSERT INTO audit (line) SELECT id FROM tokens;";

    fn later() -> Vec<&'static str> {
        [MIGRATIONS, &[LATER]].concat()
    }

    /// A file of the present version with one token.
    fn present(folder: &tempfile::TempDir) -> DatabaseFile {
        let file = DatabaseFile::find_or_create(&folder.path().join("creds.db")).unwrap();
        let mut connection = file.connect().unwrap();
        prepare(&mut connection).unwrap();
        connection
            .execute_batch("INSERT INTO tokens VALUES (1, 't1', NULL, 'admin', x'00', 0, NULL)")
            .unwrap();
        file
    }

    fn schema(connection: &Connection) -> i64 {
        schema_of(connection, i64::MAX).unwrap()
    }

    fn tables(connection: &Connection) -> Vec<String> {
        let mut names = connection
            .prepare("SELECT name FROM sqlite_schema ORDER BY name")
            .unwrap();
        let names = names.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    }

    fn audited(connection: &Connection) -> i64 {
        let count = "SELECT count(*) FROM audit WHERE line = 't1'";
        connection.query_row(count, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn bad_221_an_older_file_becomes_one_of_this_version_once_and_keeps_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let file = present(&folder);
        let mut connection = file.connect().unwrap();
        let before = schema(&connection);
        for _ in 0..3 {
            migrate(&mut connection, &later()).unwrap();
            assert_eq!(schema(&connection), before + 1);
            assert_eq!(audited(&connection), 1);
        }
        drop(connection);
        migrate(&mut file.connect().unwrap(), &later()).unwrap();
    }

    #[test]
    fn bad_221_an_interrupted_migration_never_happened_and_can_be_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = present(&folder);
        let mut connection = file.connect().unwrap();
        let (schema_before, tables_before) = (schema(&connection), tables(&connection));
        // Half of it, and then the process is gone.
        let half = connection.transaction().unwrap();
        let (half_of_it, _) = LATER.split_once("INSERT").unwrap();
        half.execute_batch(half_of_it).unwrap();
        drop(half);
        drop(connection);
        let mut connection = file.connect().unwrap();
        assert_eq!(schema(&connection), schema_before);
        assert_eq!(tables(&connection), tables_before);
        migrate(&mut connection, &later()).unwrap();
        assert_eq!(audited(&connection), 1);
    }

    #[test]
    fn a_migration_that_fails_half_way_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = present(&folder).connect().unwrap();
        let (schema_before, tables_before) = (schema(&connection), tables(&connection));
        let failing = format!("{LATER} INSERT INTO nowhere VALUES (1)");
        let migrations = [MIGRATIONS, &[&failing]].concat();
        assert!(migrate(&mut connection, &migrations).is_err());
        assert_eq!(schema(&connection), schema_before);
        assert_eq!(tables(&connection), tables_before);
    }

    #[test]
    fn eight_programs_that_migrate_at_once_do_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = present(&folder);
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    let mut connection = file.connect().unwrap();
                    start.wait();
                    migrate(&mut connection, &later()).unwrap();
                });
            }
        });
        assert_eq!(audited(&file.connect().unwrap()), 1);
    }

    #[test]
    fn eight_programs_that_make_one_file_at_once_make_one_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("creds.db");
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    start.wait();
                    let file = DatabaseFile::find_or_create(&path).unwrap();
                    let mut connection = file.connect().unwrap();
                    prepare(&mut connection).unwrap();
                    read_something(&connection).unwrap();
                });
            }
        });
    }
}
