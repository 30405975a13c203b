use std::path::PathBuf;
use std::time::Duration;

use super::{KeysFile, Reloaded};
use crate::keys::testing::{TemporaryDirectory, find};

const EVERY: Duration = Duration::from_secs(5);
const TWICE: Duration = Duration::from_secs(10);

fn entry(id: &str) -> String {
    format!("[[key]]\nid = \"{id}\"\nprincipal = \"p\"\nsecret = \"the long secret of {id}\"\n")
}

struct Fixture {
    directory: TemporaryDirectory,
    path: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let directory = TemporaryDirectory::new();
        let path = directory.write("keys.toml", entry("a"));
        Self { directory, path }
    }

    /// As an editor does it.
    fn replace(&self, text: &str) {
        let next = self.directory.write("keys.toml.next", text);
        std::fs::rename(next, &self.path).unwrap();
    }

    fn open(&self) -> KeysFile {
        KeysFile::open(&self.path).unwrap()
    }
}

async fn knows(keys: &KeysFile, id: &str) -> bool {
    find(keys, id).await.unwrap().is_some()
}

/// Lets the watcher look at least once. The clock stands still while it reads.
async fn a_while() {
    tokio::time::sleep(TWICE).await;
}

#[tokio::test]
async fn a_reload_by_hand_tells_whether_anything_changed() {
    let fixture = Fixture::new();
    let keys = fixture.open();
    assert_eq!(keys.reload().unwrap(), Reloaded::Unchanged);
    fixture.replace(&(entry("b") + &entry("c")));
    assert!(knows(&keys, "a").await && !knows(&keys, "b").await);
    assert_eq!(keys.clone().reload().unwrap(), Reloaded::Changed);
    assert!(!knows(&keys, "a").await && knows(&keys, "b").await);
    assert_eq!(keys.key_count(), 2);
}

#[tokio::test]
async fn a_reload_by_hand_of_a_bad_file_is_an_error_and_keeps_the_keys() {
    let fixture = Fixture::new();
    let keys = fixture.open();
    for bad in ["", "[[key]", "[[key]]\nid = \"b\""] {
        fixture.replace(bad);
        for _ in 0..2 {
            let error = keys.reload().unwrap_err();
            assert_eq!(error.path(), fixture.path);
        }
        assert!(knows(&keys, "a").await);
    }
    fixture.replace(&entry("a"));
    assert_eq!(keys.reload().unwrap(), Reloaded::Unchanged);
}

#[test]
fn without_a_file_there_is_nothing_to_open() {
    let directory = TemporaryDirectory::new();
    let error = KeysFile::open(directory.path().join("none.toml")).unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert!(KeysFile::open(directory.path()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_watched_file_is_taken_over_when_it_changes() {
    let fixture = Fixture::new();
    let keys = fixture.open().watch(EVERY);
    for (old, new) in [("a", "b"), ("b", "c")] {
        fixture.replace(&entry(new));
        assert!(knows(&keys, old).await);
        a_while().await;
        assert!(knows(&keys, new).await && !knows(&keys, old).await);
    }
    // Written in place, in the same length, and within the tick of some clock.
    std::fs::write(&fixture.path, entry("d")).unwrap();
    a_while().await;
    assert!(knows(&keys, "d").await);
}

#[tokio::test(start_paused = true)]
async fn a_changed_secret_file_is_taken_over_too() {
    let fixture = Fixture::new();
    fixture.replace("[[key]]\nid = \"a\"\nprincipal = \"p\"\nsecret_file = \"a.secret\"\n");
    fixture
        .directory
        .write("a.secret", "the first secret of a\n");
    let keys = fixture.open().watch(EVERY);
    fixture
        .directory
        .write("a.secret", "the other secret of a\n");
    a_while().await;
    let found = find(&keys, "a").await.unwrap().unwrap();
    assert_eq!(found.keys()[0].secret().expose(), b"the other secret of a");
}

#[cfg(feature = "tracing")]
#[tokio::test(start_paused = true)]
async fn a_bad_version_keeps_the_keys_and_is_logged_once() {
    let logs = crate::keys::testing::Logs::capture();
    let fixture = Fixture::new();
    let keys = fixture.open().watch(EVERY);
    let versions = ["[[key]", "[[key]] ", "[[key]]\nsecret = \"a secret\""];
    for (seen, bad) in (1..).zip(versions) {
        fixture.replace(bad);
        a_while().await;
        a_while().await;
        assert!(knows(&keys, "a").await);
        assert_eq!(logs.count("ERROR"), seen, "{}", logs.text());
    }
    std::fs::remove_file(&fixture.path).unwrap();
    a_while().await;
    a_while().await;
    assert!(knows(&keys, "a").await);
    assert_eq!(logs.count("ERROR"), 4, "{}", logs.text());
    assert!(!logs.text().contains("a secret"), "{}", logs.text());

    fixture.replace(&entry("b"));
    a_while().await;
    assert!(knows(&keys, "b").await);
    assert_eq!((logs.count("ERROR"), logs.count("keys reloaded")), (4, 1));
}

#[cfg(feature = "tracing")]
#[test]
fn bad_58_a_short_secret_is_logged_by_the_name_of_its_key() {
    let logs = crate::keys::testing::Logs::capture();
    let fixture = Fixture::new();
    let short = "[[key]]\nid = \"test123\"\nprincipal = \"p\"\nsecret = \"shorty\"\n";
    fixture.replace(&(entry("a") + short));
    let keys = fixture.open();
    assert_eq!(logs.count("WARN"), 1, "{}", logs.text());
    assert!(logs.text().contains("key=test123"), "{}", logs.text());
    assert_eq!(keys.reload().unwrap(), Reloaded::Unchanged);
    assert_eq!(logs.count("WARN"), 1, "{}", logs.text());
    assert!(!logs.text().contains("shorty"), "{}", logs.text());
}

#[tokio::test(start_paused = true)]
async fn the_watcher_ends_with_the_last_clone() {
    let fixture = Fixture::new();
    let alive = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let keys = fixture.open().watch(EVERY);
    let clone = keys.clone();
    drop(keys);
    a_while().await;
    assert_eq!(alive(), 1);
    drop(clone);
    tokio::task::yield_now().await;
    assert_eq!(alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn watching_anew_replaces_the_watcher() {
    let fixture = Fixture::new();
    let keys = fixture.open().watch(Duration::MAX).watch(Duration::ZERO);
    fixture.replace(&entry("b"));
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(knows(&keys, "b").await);
    let alive = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(alive, 1);
}

#[test]
fn bad_57_debug_shows_no_key() {
    let fixture = Fixture::new();
    let shown = format!("{:?}", fixture.open());
    assert!(
        shown.contains("key_count: 1") && !shown.contains("secret"),
        "{shown}"
    );
}
