//! The file: found or made, looked at before SQLite may touch it, and connected to.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::store::{StoreError, StoreErrorKind};

/// How long to wait for another program's write to end. It takes milliseconds; a caller who is
/// kept longer than this is better told.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

/// How many pages of 4 KiB the log holds before they are moved into the file: SQLite's own
/// default. What is opened after a crash is read again, so this bounds the time it takes.
const LOG_PAGES: u32 = 1000;

/// Above this many bytes the log is cut off once it is empty: four times its usual size.
const LOG_BYTES: u32 = 16 << 20;

/// How much of the file each connection keeps in memory, in KiB; the rest is in the system's.
const CACHE_KIB: u32 = 8192;

/// More statements than there are in this store: each is compiled once for a connection.
const STATEMENTS: usize = 64;

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The bytes of the header that follows from it.
const HEADER_LEN: usize = 100;

/// A database file that was there and sound when the store was opened.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    /// Absolute, so that neither a change of the working directory nor a name that SQLite has a
    /// meaning of its own for, such as `:memory:`, leads elsewhere.
    path: PathBuf,
    #[cfg(unix)]
    identity: (u64, u64),
}

impl DatabaseFile {
    /// # Errors
    /// When it cannot be made, or is no SQLite database or a part of one.
    pub(super) fn find_or_create(path: &Path) -> Result<Self, StoreError> {
        let refused = |kind, what: String| {
            let path = path.display();
            StoreError::new(kind, format!("the database file {path}: {what}"))
        };
        let refused_because = |doing: &str, error: io::Error| {
            refused(
                StoreErrorKind::Misconfigured,
                format!("cannot be {doing}: {error}; see that its folder is there and writable"),
            )
            .because(error)
        };
        let path = std::path::absolute(path).map_err(|error| refused_because("found", error))?;
        match create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refused_because("made", error)),
        }
        let metadata = fs::metadata(&path).map_err(|error| refused_because("opened", error))?;
        if !metadata.is_file() {
            let what = "is a folder or a device; name a file".into();
            return Err(refused(StoreErrorKind::Misconfigured, what));
        }
        let log = fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len());
        let header = header(&path).map_err(|error| refused_because("read", error))?;
        inspect(&header, metadata.len(), log).map_err(|(kind, what)| refused(kind, what))?;
        Ok(Self {
            path,
            #[cfg(unix)]
            identity: identity(&metadata),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether another file, or none, is to be found where this one was.
    #[cfg(unix)]
    pub(super) fn was_moved(&self) -> bool {
        !fs::metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity)
    }

    /// Elsewhere the system does not let a file be moved while it is open.
    #[cfg(not(unix))]
    pub(super) fn was_moved(&self) -> bool {
        false
    }

    /// A connection that neither makes the file nor reads its name as a URI.
    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        // Each connection is used by one thread at a time, so it needs no lock of SQLite's.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // `fullfsync` is for macOS, whose `fsync` alone leaves data in the disk's memory.
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON;
             PRAGMA wal_autocheckpoint = {LOG_PAGES};
             PRAGMA journal_size_limit = {LOG_BYTES};
             PRAGMA cache_size = -{CACHE_KIB};
             PRAGMA cell_size_check = ON;
             PRAGMA trusted_schema = OFF;"
        ))?;
        Ok(connection)
    }
}

/// Makes an empty file that its owner alone can read; SQLite gives the files beside it the same
/// mode.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()?;
    // The name of a new file is on the disk when its folder is.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// The header, or as much of it as there is.
fn header(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(HEADER_LEN);
    let most = u64::try_from(HEADER_LEN).unwrap_or(u64::MAX);
    File::open(path)?.take(most).read_to_end(&mut header)?;
    Ok(header)
}

/// Refuses what SQLite would repair by guessing: a file of which a part is missing. `length` and
/// `log` are the bytes of the file and of the log beside it.
fn inspect(header: &[u8], length: u64, log: u64) -> Result<(), (StoreErrorKind, String)> {
    if header.is_empty() {
        if log == 0 {
            return Ok(());
        }
        let what = "is empty although a log lies beside it; restore both from a backup";
        return Err((StoreErrorKind::Damaged, what.into()));
    }
    if !header.starts_with(MAGIC) {
        let what = "is no SQLite database; name another file";
        return Err((StoreErrorKind::Incompatible, what.into()));
    }
    // With a log the file may be behind: then the log says how long it must be.
    let whole = if log == 0 { whole(header) } else { None };
    match whole {
        Some(whole) if length < whole => Err((
            StoreErrorKind::Damaged,
            format!(
                "is truncated: {length} of its {whole} bytes are there; restore it from a backup"
            ),
        )),
        None if header.len() < HEADER_LEN => Err((
            StoreErrorKind::Damaged,
            format!("is truncated: {length} bytes are there; restore it from a backup"),
        )),
        _ => Ok(()),
    }
}

/// How many bytes the file must have, if its header says so
/// (<https://sqlite.org/fileformat2.html#in_header_database_size>).
fn whole(header: &[u8]) -> Option<u64> {
    let number = |at: usize| {
        let bytes = header.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    };
    let page_size = match u16::from_be_bytes(*header.get(16..)?.first_chunk()?) {
        1 => 65_536,
        size => u64::from(size),
    };
    let (changes, valid_for) = (number(24)?, number(92)?);
    let pages = number(28).filter(|_| changes == valid_for)?;
    u64::from(pages).checked_mul(page_size)
}
