//! Making a backup.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use countersign_core::Timestamp;
use sha2::{Digest as _, Sha256};

use super::line::{End, EntryLine, Header, Line, RecordLine, TokenLine, VERSION, encode};
use crate::maintenance::{MaintenanceError, hexadecimal};
use crate::store::{CredentialStore, Listing, Which};

/// How many records are read at a time: a few hundred KiB.
const PAGE: usize = 500;

/// The random bytes in the name of the unfinished file.
const NAME_BYTES: usize = 8;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackedUp {
    /// How many records, deleted ones too.
    pub records: u64,
    /// How many tokens, revoked ones too.
    pub tokens: u64,
    /// How many entries of the agent API.
    pub entries: u64,
}

/// Writes everything that `store` keeps into the file `path`, which only its owner can read. A
/// file that is there already is replaced once the new one is complete and on the disk.
///
/// Blocks its thread while it writes.
///
/// # Errors
/// When the store cannot be read, has no keyring, or is re-keyed meanwhile; when the file cannot
/// be written. A file that was there is then still the old one.
pub async fn back_up(
    store: &dyn CredentialStore,
    path: &Path,
    now: Timestamp,
) -> Result<BackedUp, MaintenanceError> {
    let mut unfinished = Unfinished::create(path).map_err(|error| cannot_write(path, error))?;
    let written = write_all(store, &mut unfinished.lines, now)
        .await
        .map_err(|trouble| match trouble {
            Trouble::Io(error) => cannot_write(path, error),
            Trouble::Other(error) => error,
        })?;
    unfinished
        .finish(path)
        .map_err(|error| cannot_write(path, error))?;
    Ok(written)
}

fn cannot_write(path: &Path, error: io::Error) -> MaintenanceError {
    let path = path.display();
    MaintenanceError::new(format!("the backup {path:?} cannot be written: {error}")).because(error)
}

enum Trouble {
    Io(io::Error),
    Other(MaintenanceError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl<E: Into<MaintenanceError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

async fn write_all(
    store: &dyn CredentialStore,
    lines: &mut Lines,
    now: Timestamp,
) -> Result<BackedUp, Trouble> {
    let Some((keyring, revision)) = store.keyring().await? else {
        return Err(MaintenanceError::new(
            "the key store has no keyring yet: there is nothing to back up",
        )
        .into());
    };
    lines.write(&Line::CountersignBackup(Header {
        version: VERSION,
        made_at: now.as_unix(),
        store: store.kind().to_owned(),
        keyring: encode(&keyring),
    }))?;
    let mut written = BackedUp {
        records: 0,
        tokens: 0,
        entries: 0,
    };
    let mut listing = Listing {
        principal: None,
        which: Which::WithDeleted,
        after: None,
        limit: PAGE,
    };
    loop {
        let page = store.list(&listing).await?;
        for record in &page.records {
            lines.write(&Line::Record(RecordLine::from(record)))?;
            written.records = written.records.saturating_add(1);
        }
        match page.next {
            Some(next) => listing.after = Some(next),
            None => break,
        }
    }
    for token in store.tokens().await? {
        lines.write(&Line::Token(TokenLine::from(&token)))?;
        written.tokens = written.tokens.saturating_add(1);
    }
    let mut last = None;
    loop {
        let page = store.entries(last.as_ref(), PAGE).await?;
        for entry in &page {
            lines.write(&Line::Entry(EntryLine::from(entry)))?;
            written.entries = written.entries.saturating_add(1);
        }
        match page.into_iter().next_back() {
            Some(entry) => last = Some(entry.id),
            None => break,
        }
    }
    // What was sealed with a data key that is not in the header would never open again.
    if store.keyring().await?.map(|(_, revision)| revision) != Some(revision) {
        return Err(MaintenanceError::new(
            "the key store was re-keyed while the backup ran; run it again",
        )
        .into());
    }
    let sha256 = hexadecimal(&lines.hash.clone().finalize());
    lines.write(&Line::End(End {
        records: written.records,
        tokens: written.tokens,
        entries: written.entries,
        sha256,
    }))?;
    Ok(written)
}

struct Lines {
    file: BufWriter<File>,
    hash: Sha256,
}

impl Lines {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.file.write_all(&text)
    }
}

/// A file under a name of its own, removed unless it is finished.
struct Unfinished {
    lines: Lines,
    path: PathBuf,
    done: bool,
}

impl Unfinished {
    fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "give the path of a file")
        })?;
        let mut random = [0; NAME_BYTES];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let mut own_name = std::ffi::OsString::from(".");
        own_name.push(name);
        own_name.push(format!(".{}.unfinished", hexadecimal(&random)));
        let path = path.with_file_name(own_name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = BufWriter::new(options.open(&path)?);
        let hash = Sha256::new();
        Ok(Self {
            lines: Lines { file, hash },
            path,
            done: false,
        })
    }

    fn finish(mut self, path: &Path) -> io::Result<()> {
        self.lines.file.flush()?;
        self.lines.file.get_ref().sync_all()?;
        std::fs::rename(&self.path, path)?;
        self.done = true;
        // The new name is on the disk when its folder is.
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.done {
            // There is nobody left to tell that it stays.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
