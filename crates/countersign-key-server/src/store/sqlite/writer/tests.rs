//! Batches in which something fails.

use std::time::Duration;

use tokio::task::JoinSet;

use super::*;
use crate::store::StoreErrorKind;

/// A writer to a new file with one table, and another connection to that file.
struct Bench {
    _folder: tempfile::TempDir,
    writer: Arc<Writer>,
    other: Connection,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bench.db");
        let file = Arc::new(DatabaseFile::find_or_create(&path).unwrap());
        let connection = file.connect().unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA foreign_keys = ON;
                 CREATE TABLE notes (note INTEGER PRIMARY KEY, filler BLOB);
                 CREATE TABLE bound (
                     note INTEGER REFERENCES notes DEFERRABLE INITIALLY DEFERRED
                 );",
            )
            .unwrap();
        Self {
            _folder: folder,
            other: file.connect().unwrap(),
            writer: Arc::new(Writer::start(connection, file).unwrap()),
        }
    }

    /// Hands in notes 0 to 9, which are committed together because the file is locked until
    /// all are handed in. Gives which were acknowledged.
    async fn ten_at_once(
        &self,
        work: impl Fn(&Connection, i64) -> rusqlite::Result<()> + Copy + Send + 'static,
    ) -> Vec<i64> {
        self.other.execute_batch("BEGIN IMMEDIATE").unwrap();
        // One that the thread takes by itself, so that the ten wait while it waits.
        let mut first = Box::pin(self.writer.write(|_| Ok(())));
        assert!(poll_once(&mut first).await.is_none());
        self.until_waiting(0).await;
        let mut callers = JoinSet::new();
        for n in 0..10 {
            let writer = self.writer.clone();
            callers.spawn(async move { (n, writer.write(move |it| work(it, n)).await) });
        }
        self.until_waiting(10).await;
        self.other.execute_batch("ROLLBACK").unwrap();
        first.await.unwrap();
        let answers = callers.join_all().await;
        let mut acknowledged: Vec<_> = answers
            .into_iter()
            .filter_map(|(n, answer)| answer.ok().map(|()| n))
            .collect();
        acknowledged.sort_unstable();
        acknowledged
    }

    async fn until_waiting(&self, jobs: usize) {
        while self.writer.messages.capacity().abs_diff(QUEUE) != jobs {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn notes(&self) -> Vec<i64> {
        let mut notes = self.other.prepare("SELECT note FROM notes").unwrap();
        let notes = notes.query_map([], |row| row.get(0)).unwrap();
        notes.map(Result::unwrap).collect()
    }
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

fn note(connection: &Connection, n: i64) -> rusqlite::Result<()> {
    connection.execute("INSERT INTO notes (note) VALUES (?1)", [n])?;
    Ok(())
}

#[tokio::test]
async fn a_job_that_fails_is_undone_and_takes_nothing_from_the_others() {
    let bench = Bench::new();
    let acknowledged = bench
        .ten_at_once(|connection, n| {
            note(connection, n)?;
            match n {
                3 | 7 => connection.execute_batch("INSERT INTO nowhere VALUES (1)"),
                _ => Ok(()),
            }
        })
        .await;
    assert_eq!(acknowledged, [0, 1, 2, 4, 5, 6, 8, 9]);
    assert_eq!(bench.notes(), acknowledged);
}

#[tokio::test]
async fn when_the_commit_fails_nothing_was_done_and_all_are_told() {
    let bench = Bench::new();
    let acknowledged = bench
        .ten_at_once(|connection, n| {
            note(connection, n)?;
            match n {
                // Refused only when it is committed.
                5 => connection.execute_batch("INSERT INTO bound VALUES (99)"),
                _ => Ok(()),
            }
        })
        .await;
    assert!(acknowledged.is_empty(), "{acknowledged:?}");
    assert!(bench.notes().is_empty());
    bench.writer.write(|it| note(it, 1)).await.unwrap();
    assert_eq!(bench.notes(), [1]);
}

#[tokio::test]
async fn when_a_job_undoes_the_transaction_all_are_told() {
    let bench = Bench::new();
    let acknowledged = bench
        .ten_at_once(|connection, n| {
            note(connection, n)?;
            match n {
                // As SQLite does by itself after some troubles with the disk.
                5 => connection.execute_batch("ROLLBACK; INSERT INTO nowhere VALUES (1)"),
                _ => Ok(()),
            }
        })
        .await;
    assert!(acknowledged.is_empty(), "{acknowledged:?}");
    assert!(bench.notes().is_empty());
    bench.writer.write(|it| note(it, 1)).await.unwrap();
    assert_eq!(bench.notes(), [1]);
}

#[tokio::test]
async fn bad_220_a_full_disk_is_told_of_and_passes() {
    let bench = Bench::new();
    let pages = |connection: &Connection, most: i64| {
        connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))
    };
    let long_note = |connection: &Connection| {
        let insert = "INSERT INTO notes (filler) VALUES (zeroblob(4000))";
        connection.execute(insert, []).map(drop)
    };
    bench.writer.write(move |it| pages(it, 10)).await.unwrap();
    let mut kept = 0;
    let error = loop {
        match bench.writer.write(long_note).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("no space left"), "{error}");
    assert!(kept > 0);
    assert_eq!(bench.notes().len(), kept);
    bench.writer.write(move |it| pages(it, 1000)).await.unwrap();
    bench.writer.write(long_note).await.unwrap();
    assert_eq!(bench.notes().len(), kept + 1);
}

#[tokio::test]
async fn what_was_accepted_before_the_store_is_closed_is_done() {
    let bench = Bench::new();
    let mut callers = JoinSet::new();
    for n in 0..500 {
        let writer = bench.writer.clone();
        callers.spawn(async move { writer.write(move |it| note(it, n)).await.is_ok() });
    }
    tokio::task::yield_now().await;
    bench.writer.close().await;
    let done = callers.join_all().await;
    let done = done.into_iter().filter(|done| *done).count();
    assert_eq!(bench.notes().len(), done);
    assert!(done > 0, "it was closed before anything was handed in");
    assert!(bench.writer.write(|_| Ok(())).await.is_err());
}
