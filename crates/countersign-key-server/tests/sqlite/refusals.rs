//! What is not opened.

use std::fs;

use countersign_key_server::store::StoreErrorKind;
use countersign_key_server::store::sqlite::SqliteStore;
use rusqlite::Connection;

use crate::support::{Folder, refusal};

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let no_databases: [&[u8]; 4] = [
        b"\n",
        b"[[key]]\nid = \"test123\"\n",
        b"SQLite format 2\0",
        &[0; 8192],
    ];
    for content in no_databases {
        fs::write(folder.database(), content).unwrap();
        let text = folder.refusal(StoreErrorKind::Incompatible);
        assert!(text.contains("no SQLite database"), "{text}");
        assert_eq!(fs::read(folder.database()).unwrap(), content);
    }
}

#[test]
fn the_database_of_another_program_is_refused_and_left_as_it_is() {
    let theirs = [
        "CREATE TABLE theirs (a)",
        "PRAGMA application_id = 77",
        "PRAGMA user_version = 1",
        "CREATE TABLE theirs (a); PRAGMA application_id = 77; PRAGMA user_version = 99",
    ];
    for theirs in theirs {
        let folder = Folder::new();
        let connection = Connection::open(folder.database()).unwrap();
        connection.execute_batch(theirs).unwrap();
        drop(connection);
        let before = fs::read(folder.database()).unwrap();
        let text = folder.refusal(StoreErrorKind::Incompatible);
        assert!(text.contains("another program"), "{text}");
        assert_eq!(fs::read(folder.database()).unwrap(), before);
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "something was left beside it");
    }
}

#[tokio::test]
async fn bad_221_a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = Folder::with_records(3).await;
    let connection = Connection::open(folder.database()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(folder.database()).unwrap();
    let text = folder.refusal(StoreErrorKind::Incompatible);
    assert!(
        text.contains("newer version") && text.contains("99"),
        "{text}"
    );
    assert_eq!(fs::read(folder.database()).unwrap(), before);
}

#[test]
fn a_path_where_no_file_can_be_is_refused() {
    let folder = Folder::new();
    fs::write(folder.path().join("file"), "").unwrap();
    // None of these can be made by anybody, the system's administrator included.
    for name in ["missing/creds.db", "file/creds.db"] {
        let text = refusal(&folder.path().join(name), StoreErrorKind::Misconfigured);
        assert!(text.contains("folder"), "{text}");
    }
    let text = refusal(folder.path(), StoreErrorKind::Misconfigured);
    assert!(text.contains("is a folder"), "{text}");
    let nameless = SqliteStore::open("").unwrap_err();
    assert_eq!(nameless.kind(), StoreErrorKind::Misconfigured);
}
