//! Opened, closed, dropped, opened again.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign_key_server::store::{
    CredentialStore as _, Revision, Scope, TokenHash, TokenId, TokenRecord,
};

use crate::child::{Part, Process, this_program};
use crate::support::{Folder, at, check, create, numbered, unavailable};

/// Waits for what another thread is about to do.
async fn until(what: &str, is: impl Fn() -> bool) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = Folder::new();
    let token = TokenRecord {
        id: TokenId::parse("t1").unwrap(),
        name: Some("gateway".into()),
        scope: Scope::Lookup,
        hash: TokenHash([1; 32]),
        created_at: at(0),
        revoked_at: None,
    };
    let store = folder.open();
    create(&store, 0..50).await;
    assert!(store.put_keyring(b"ring", None).await.unwrap());
    assert!(store.add_token(token.clone()).await.unwrap());
    store.close().await;
    for _ in 0..3 {
        let store = folder.open();
        check(&store, 0..50).await;
        let ring = store.keyring().await.unwrap();
        assert_eq!(ring, Some((b"ring".to_vec(), Revision::FIRST)));
        assert_eq!(store.tokens().await.unwrap(), std::slice::from_ref(&token));
        store.close().await;
    }
}

#[tokio::test]
async fn a_closed_store_leaves_one_file_and_refuses_further_work() {
    let folder = Folder::new();
    let store = folder.open();
    create(&store, 0..10).await;
    store.close().await;
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let refused = [
        unavailable(store.get(&numbered(0).id).await),
        unavailable(store.create(numbered(11).into()).await),
        unavailable(store.tokens().await),
        unavailable(store.ready().await),
    ];
    assert!(
        refused.iter().all(|it| it.contains("closed")),
        "{refused:?}"
    );
    store.close().await;
}

#[tokio::test]
async fn a_dropped_store_lets_go_of_its_file() {
    let folder = Folder::new();
    let store = folder.open();
    create(&store, 0..10).await;
    assert!(folder.log().exists());
    drop(store);
    // The last connection, which the thread had, takes the log with it.
    until("the log is gone", || !folder.log().exists()).await;
    check(&folder.open(), 0..10).await;
}

#[tokio::test]
async fn a_write_is_made_although_its_caller_has_gone() {
    let folder = Folder::new();
    let store = folder.open();
    let mut create = store.create(numbered(0).into());
    let once =
        std::future::poll_fn(|context| std::task::Poll::Ready(create.as_mut().poll(context)));
    assert!(once.await.is_pending());
    drop(create);
    // It was handed over before this one, and they are done in order.
    crate::support::create(&store, 1..2).await;
    check(&store, 0..2).await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let store = folder.open();
    create(&store, 0..1).await;
    let mut files = 0;
    for file in fs::read_dir(folder.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert_eq!(files, 3);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_acknowledged_that_goes_into_a_file_that_was_moved_away() {
    let folder = Folder::new();
    let store = folder.open();
    create(&store, 0..3).await;
    let elsewhere = folder.path().join("elsewhere.db");
    fs::rename(folder.database(), &elsewhere).unwrap();
    for text in [
        unavailable(store.create(numbered(3).into()).await),
        unavailable(store.ready().await),
    ] {
        assert!(text.contains("moved"), "{text}");
    }
    fs::write(folder.database(), "another file").unwrap();
    unavailable(store.create(numbered(3).into()).await);
    fs::rename(&elsewhere, folder.database()).unwrap();
    store.ready().await.unwrap();
    create(&store, 3..4).await;
    check(&store, 0..4).await;
}

#[test]
fn a_name_that_means_something_to_sqlite_is_just_the_name_of_a_file() {
    for name in [":memory:", "file:creds.db?mode=memory"] {
        let folder = Folder::new();
        let mut command = this_program();
        command.current_dir(folder.path());
        let mut opened = Process::start(command, Part::Open, Path::new(name), "");
        assert_eq!(opened.told().as_deref(), Some("opened"));
        assert!(folder.path().join(name).is_file());
    }
}
