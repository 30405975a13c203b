//! A disk that is full or read-only.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use countersign_key_server::store::sqlite::SqliteStore;
use countersign_key_server::store::{Creation, CredentialStore as _};

use crate::child::{Part, Process, tell, this_program};
use crate::support::{Folder, check, create, numbered, unavailable};

/// In the other process, which may not make files larger than it was started with, until somebody
/// lets it.
pub(crate) async fn fill(store: &SqliteStore) {
    let mut kept = 0;
    let refused = loop {
        match store.create(numbered(kept).into()).await {
            Ok(creation) => assert_eq!(creation, Creation::Created),
            refused => break unavailable(refused),
        }
        kept += 1;
    };
    assert!(kept > 10, "it was full from the beginning: {kept}");
    tell(&refused);
    // What this writes is less than a record: it may fit a few times more.
    let not_ready = loop {
        match store.ready().await {
            Ok(()) => {}
            refused => break unavailable(refused),
        }
    };
    tell(&not_ready);
    check(store, 0..kept).await;
    assert_eq!(store.get(&numbered(kept).id).await.unwrap(), None);
    let lift = [
        "--fsize=unlimited",
        "--pid",
        &std::process::id().to_string(),
    ];
    let lifted = Command::new("prlimit").args(lift).status();
    assert!(lifted.unwrap().success());
    store.ready().await.unwrap();
    create(store, kept..kept + 100).await;
    tell(&format!("{kept}"));
    store.close().await;
}

#[tokio::test]
async fn bad_220_on_a_full_disk_nothing_is_lost_and_it_goes_on_when_there_is_space() {
    let folder = Folder::new();
    // The system's own limit for the size of a file, of 512 or 1024 KiB: it binds everybody. The
    // signal that comes with it is ignored, so that the write fails.
    let program = this_program();
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -S -f 1024; exec \"$0\" \"$@\""])
        .arg(program.get_program());
    let mut process = Process::start(limited, Part::Fill, &folder.database(), "");
    for _ in ["create", "ready"] {
        let refused = process.told().expect("it failed");
        assert!(refused.contains("space"), "{refused}");
        assert!(refused.contains(folder.database().to_str().unwrap()));
    }
    let kept: usize = process.told().expect("it failed").parse().unwrap();
    assert_eq!(process.told(), None);
    check(&folder.open(), 0..kept + 100).await;
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What another process is told that tries to open the store and whom permissions bind.
fn opened_by_an_ordinary_user(folder: &Folder) -> String {
    let mut command = this_program();
    if fs::File::options()
        .append(true)
        .open(folder.database())
        .is_ok()
    {
        // This is the system's administrator, whom they do not. Somebody else may be unable to
        // reach this program's file, so it is copied.
        let program = folder.path().join("program");
        fs::copy(command.get_program(), &program).unwrap();
        set_mode(&program, 0o755);
        command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program);
    }
    let mut process = Process::start(command, Part::Open, &folder.database(), "");
    process.told().expect("it failed")
}

#[tokio::test]
async fn a_read_only_file_is_refused() {
    let folder = Folder::with_records(1).await;
    set_mode(folder.path(), 0o777);
    set_mode(&folder.database(), 0o444);
    let told = opened_by_an_ordinary_user(&folder);
    assert!(
        told.starts_with("Misconfigured") && told.contains("read-only"),
        "{told}"
    );
    assert!(told.contains(folder.database().to_str().unwrap()), "{told}");
}

#[tokio::test]
async fn a_read_only_folder_is_refused() {
    let folder = Folder::with_records(1).await;
    set_mode(&folder.database(), 0o666);
    set_mode(folder.path(), 0o555);
    let told = opened_by_an_ordinary_user(&folder);
    set_mode(folder.path(), 0o755);
    assert!(
        told.contains("folder") && told.contains("writable"),
        "{told}"
    );
    assert!(told.contains(folder.database().to_str().unwrap()), "{told}");
}
