//! Files of which a part is missing or wrong.

use std::fs;

use countersign_key_server::store::{CredentialStore as _, StoreErrorKind};

use crate::support::{Folder, numbered};

const RECORDS: usize = 300;
const PAGE: usize = 4096;

#[tokio::test]
async fn a_truncated_file_is_refused_and_left_as_it_is() {
    let folder = Folder::with_records(RECORDS).await;
    let whole = fs::read(folder.database()).unwrap();
    for length in [
        1,
        15,
        50,
        99,
        100,
        PAGE - 1,
        PAGE,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        fs::write(folder.database(), &whole[..length]).unwrap();
        let kind = match length {
            // Too little to tell what it was.
            ..16 => StoreErrorKind::Incompatible,
            _ => StoreErrorKind::Damaged,
        };
        let text = folder.refusal(kind);
        assert_eq!(
            kind == StoreErrorKind::Damaged,
            text.contains("truncated"),
            "{text}"
        );
        assert_eq!(fs::read(folder.database()).unwrap(), whole[..length]);
    }
    fs::write(folder.database(), &whole).unwrap();
    crate::support::check(&folder.open(), 0..RECORDS).await;
}

#[tokio::test]
async fn a_garbled_header_is_refused_and_left_as_it_is() {
    let folder = Folder::with_records(RECORDS).await;
    let whole = fs::read(folder.database()).unwrap();
    // The page size, the format, the type of the schema's page, and all of that page.
    for (from, to) in [(16, 18), (18, 20), (100, 101), (100, PAGE)] {
        let mut garbled = whole.clone();
        garbled[from..to].fill(0xa5);
        fs::write(folder.database(), &garbled).unwrap();
        let text = folder.refusal(StoreErrorKind::Damaged);
        assert!(text.contains("restore it from a backup"), "{text}");
        assert_eq!(fs::read(folder.database()).unwrap(), garbled);
    }
}

#[tokio::test]
async fn no_record_on_a_garbled_page_is_said_not_to_be_there() {
    let folder = Folder::with_records(RECORDS).await;
    let whole = fs::read(folder.database()).unwrap();
    let mut damaged = 0;
    for page in 1..whole.len() / PAGE {
        for garbage in [0x00, 0xa5] {
            let mut garbled = whole.clone();
            garbled[page * PAGE..(page + 1) * PAGE].fill(garbage);
            fs::write(folder.database(), &garbled).unwrap();
            let store = folder.open();
            for n in 0..RECORDS {
                match store.get(&numbered(n).id).await {
                    Ok(found) => assert_eq!(found, Some(numbered(n)), "page {page}"),
                    Err(error) => {
                        assert_eq!(error.kind(), StoreErrorKind::Damaged, "{error}");
                        damaged += 1;
                    }
                }
            }
            store.close().await;
        }
    }
    assert!(damaged > RECORDS, "no page of a record was garbled");
}

#[tokio::test]
async fn an_empty_file_beside_a_log_is_refused() {
    let folder = Folder::with_records(RECORDS).await;
    let whole = fs::read(folder.database()).unwrap();
    fs::write(folder.database(), []).unwrap();
    // SQLite would remove the log, and with it what is perhaps the last copy of something.
    fs::write(folder.log(), &whole).unwrap();
    let text = folder.refusal(StoreErrorKind::Damaged);
    assert!(text.contains("log"), "{text}");
    assert_eq!(fs::read(folder.log()).unwrap(), whole);
}

#[tokio::test]
async fn a_row_that_another_program_wrote_is_an_error_and_not_a_missing_record() {
    let folder = Folder::with_records(3).await;
    let connection = rusqlite::Connection::open(folder.database()).unwrap();
    connection
        .execute(
            "UPDATE credentials SET scheme = 'unheard-of' WHERE position = 2",
            [],
        )
        .unwrap();
    let store = folder.open();
    let error = store.get(&numbered(1).id).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Damaged, "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("unheard-of"), "{shown}");
    crate::support::check(&store, [0, 2].into_iter()).await;
}
