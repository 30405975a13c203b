//! Several connections and several processes on one file.

use countersign_key_server::store::{
    CredentialStore as _, Listing, Scope, TokenHash, TokenId, TokenRecord, Which,
};
use rusqlite::Connection;

use crate::child::{self, Part, Process, this_program};
use crate::support::{Folder, at, check, create, numbered, unavailable};

#[tokio::test]
async fn bad_220_a_read_waits_for_no_writer_and_a_write_not_forever() {
    let folder = Folder::with_records(10).await;
    let store = folder.open();
    let other = Connection::open(folder.database()).unwrap();
    other
        .execute_batch("BEGIN EXCLUSIVE; UPDATE credentials SET principal = 'unfinished'")
        .unwrap();
    // The lock is held as long as these take: one that waits for it fails.
    check(&store, 0..10).await;
    let everything = Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: 100,
    };
    assert_eq!(store.list(&everything).await.unwrap().records.len(), 10);
    assert_eq!(store.keyring().await.unwrap(), None);
    for text in [
        unavailable(store.create(numbered(10).into()).await),
        unavailable(store.ready().await),
    ] {
        assert!(text.contains("locked by another program"), "{text}");
    }
    other.execute_batch("ROLLBACK").unwrap();
    create(&store, 10..11).await;
    store.ready().await.unwrap();
    check(&store, 0..11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_write_at_once_and_lose_nothing() {
    let folder = Folder::new();
    // All at once from the beginning: they make the file and its tables at once too.
    let mut others = ["eve", "mallory"].map(|whose| {
        (
            whose,
            Process::start(this_program(), Part::Write, &folder.database(), whose),
        )
    });
    let store = folder.open();
    let mut tokens = Vec::new();
    for n in 0..20 {
        let token = TokenRecord {
            id: TokenId::parse(&format!("token{n}")).unwrap(),
            name: None,
            scope: Scope::Admin,
            hash: TokenHash([n; 32]),
            created_at: at(0),
            revoked_at: None,
        };
        assert!(store.add_token(token.clone()).await.unwrap());
        tokens.push(token);
    }
    for (whose, process) in &mut others {
        let lines: Vec<_> = std::iter::from_fn(|| process.told()).collect();
        assert_eq!(lines.len(), 960, "{whose} was stopped");
        child::check(&store, whose, &lines).await;
    }
    assert_eq!(store.tokens().await.unwrap(), tokens);
}
