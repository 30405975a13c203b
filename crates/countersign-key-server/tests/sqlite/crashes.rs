//! What was acknowledged survives `kill -9`.

use crate::child::{Part, Process, check, this_program};
use crate::support::Folder;

/// How often the writing process is killed.
const KILLS: u64 = 110;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed_110_times() {
    let folder = Folder::new();
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let whose = format!("round-{round}");
        let mut writer = Process::start(this_program(), Part::WriteOn, &folder.database(), &whose);
        // Killed after another number of lines each time, the first among the very first writes.
        let enough = (round * 7919 % 97) * (round % 4);
        let mut lines = Vec::new();
        for line in 0..=enough {
            let told = writer.told();
            lines.push(told.unwrap_or_else(|| panic!("it ended at line {line} by itself")));
        }
        writer.kill();
        // What is still in the pipe was acknowledged too.
        lines.extend(std::iter::from_fn(|| writer.told()));
        drop(writer);
        let store = folder.open();
        check(&store, &whose, &lines).await;
        acknowledged += lines.len();
    }
    assert!(
        acknowledged > 5_000,
        "too little was written: {acknowledged}"
    );
    let connection = rusqlite::Connection::open(folder.database()).unwrap();
    let sound: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
}
