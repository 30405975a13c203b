//! The one thread that writes.
//!
//! Invariants:
//! * Jobs are done in the order in which they came. Those that wait are done in one transaction,
//!   each in a savepoint of its own, so that one that fails takes nothing from the others.
//! * A caller is answered when that transaction is committed and on the disk, or has failed; when
//!   it fails, no job of it was done and all callers are told.
//! * A job that was accepted is done, whether its caller waits for it or not.

use std::io;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::file::DatabaseFile;
use super::trouble::Failure;
use crate::store::StoreError;

/// How many jobs wait before a caller must wait to hand in another: a tenth of a second's work.
const QUEUE: usize = 1024;

/// How many jobs are committed together. Beyond that the cost of the `fsync` is shared well
/// enough, and callers would wait for each other.
const BATCH: usize = 256;

/// Hands jobs to the thread. When the last one is dropped, the thread does what it has accepted
/// and ends.
#[derive(Debug)]
pub(super) struct Writer {
    messages: mpsc::Sender<Message>,
    file: Arc<DatabaseFile>,
}

enum Message {
    Job(Box<dyn Job>),
    /// Nothing more is accepted, and the sender is told when the file is closed.
    Close(oneshot::Sender<()>),
}

/// Something to write, and somebody to tell.
trait Job: Send {
    /// Does it, inside a transaction.
    fn run(&mut self, connection: &Connection) -> Result<(), Failure>;

    /// Tells the caller. `committed` is whether what was done is on the disk.
    fn answer(self: Box<Self>, committed: Result<(), Failure>);
}

struct Work<T, F> {
    todo: Option<F>,
    done: Result<T, Failure>,
    caller: oneshot::Sender<Result<T, Failure>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), Failure> {
        let work = self.todo.take().ok_or(Failure::Closed)?;
        self.done = work(connection).map_err(Failure::from);
        match &self.done {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.clone()),
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), Failure>) {
        // A caller who has gone away is none to tell.
        let _ = self.caller.send(committed.and(self.done));
    }
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub(super) fn start(connection: Connection, file: Arc<DatabaseFile>) -> io::Result<Self> {
        let (messages, received) = mpsc::channel(QUEUE);
        let of_thread = file.clone();
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || write_all(connection, &of_thread, received))?;
        Ok(Self { messages, file })
    }

    /// Does `work` in a transaction; its result when that is on the disk.
    ///
    /// # Errors
    /// When it is not.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        let job = Message::Job(Box::new(Work {
            todo: Some(work),
            done: Err(Failure::Closed),
            caller,
        }));
        let answer = match self.messages.send(job).await {
            Ok(()) => answer.await.unwrap_or(Err(Failure::Closed)),
            Err(_) => Err(Failure::Closed),
        };
        answer.map_err(|failure| failure.trouble(self.file.path()))
    }

    /// Waits until everything that was accepted is written and the file is closed.
    pub(super) async fn close(&self) {
        let (caller, closed) = oneshot::channel();
        if self.messages.send(Message::Close(caller)).await.is_ok() {
            // The thread tells, or is gone: closed either way.
            let _ = closed.await;
        }
    }
}

fn write_all(connection: Connection, file: &DatabaseFile, mut messages: mpsc::Receiver<Message>) {
    let mut received = Vec::with_capacity(BATCH);
    let mut closers = Vec::new();
    while messages.blocking_recv_many(&mut received, BATCH) > 0 {
        let mut batch = Vec::with_capacity(received.len());
        for message in received.drain(..) {
            match message {
                Message::Job(job) => batch.push(job),
                Message::Close(caller) => {
                    messages.close();
                    closers.push(caller);
                }
            }
        }
        let committed = commit(&connection, file, &mut batch);
        for job in batch {
            job.answer(committed.clone());
        }
    }
    // The last to close the file leaves no log. What cannot be moved now is when it is opened.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    drop(connection);
    for caller in closers {
        let _ = caller.send(());
    }
}

fn commit(
    connection: &Connection,
    file: &DatabaseFile,
    batch: &mut [Box<dyn Job>],
) -> Result<(), Failure> {
    if batch.is_empty() {
        return Ok(());
    }
    if file.was_moved() {
        return Err(Failure::Moved);
    }
    // Takes the lock at once: one that began by reading could not be sure to get it later.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for job in batch {
        savepoint(connection, "SAVEPOINT job")?;
        let done = job.run(connection);
        // After some troubles SQLite has undone the whole transaction by itself.
        if connection.is_autocommit() {
            return done.and(Err(Failure::Undone));
        }
        if done.is_err() {
            savepoint(connection, "ROLLBACK TO job")?;
        }
        savepoint(connection, "RELEASE job")?;
    }
    Ok(transaction.commit()?)
}

fn savepoint(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests;
