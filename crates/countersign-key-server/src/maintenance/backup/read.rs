//! Reading a backup: all of it is checked before any of it is used.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::line::{End, Header, Line, VERSION, decode};
use crate::maintenance::{MaintenanceError, hexadecimal};
use crate::store::{Entry, Record, TokenRecord};

/// The longest line: a record has at most a few KiB, a keyring 43 bytes for each re-keying.
const MAX_LINE: u64 = 1 << 20;

/// A backup that is whole.
pub(super) struct Backup {
    name: String,
    lines: BufReader<File>,
    hash: Sha256,
    number: u64,
    /// The sealed keyring.
    pub(super) keyring: Vec<u8>,
    /// What the end says there is.
    pub(super) end: End,
}

/// What a line between the header and the end is.
pub(super) enum Item {
    Record(Record),
    Token(TokenRecord),
    Entry(Entry),
}

impl Backup {
    /// Opens the file `path` and checks the whole of it.
    pub(super) fn open(path: &Path) -> Result<Self, MaintenanceError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| {
            MaintenanceError::new(format!("the backup {name:?} cannot be read: {error}"))
                .because(error)
        })?;
        let mut backup = Self {
            name,
            lines: BufReader::new(file),
            hash: Sha256::new(),
            number: 0,
            keyring: Vec::new(),
            end: End {
                records: 0,
                tokens: 0,
                entries: 0,
                sha256: String::new(),
            },
        };
        backup.keyring = backup.header()?;
        let (mut records, mut tokens, mut entries) = (0_u64, 0_u64, 0_u64);
        loop {
            match backup.following()? {
                Ok(Item::Record(_)) => records = records.saturating_add(1),
                Ok(Item::Token(_)) => tokens = tokens.saturating_add(1),
                Ok(Item::Entry(_)) => entries = entries.saturating_add(1),
                Err(end) => {
                    if (end.records, end.tokens, end.entries) != (records, tokens, entries) {
                        return Err(backup.wrong("its counts are not those of its lines"));
                    }
                    backup.end = end;
                    break;
                }
            }
        }
        backup.rewind()?;
        Ok(backup)
    }

    /// The next record or token, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, MaintenanceError> {
        self.following().map(Result::ok)
    }

    fn rewind(&mut self) -> Result<(), MaintenanceError> {
        let rewound = self.lines.seek(SeekFrom::Start(0));
        rewound.map_err(|error| self.unreadable(error))?;
        self.hash = Sha256::new();
        self.number = 0;
        self.header().map(drop)
    }

    fn header(&mut self) -> Result<Vec<u8>, MaintenanceError> {
        let foreign = "it does not begin like a backup of this program";
        let Some((Line::CountersignBackup(header), _)) = self.line()? else {
            return Err(self.wrong(foreign));
        };
        let Header { version, .. } = header;
        if !(1..=VERSION).contains(&version) {
            return Err(self.wrong(&format!(
                "its format is version {version}, and this program reads versions 1 to {VERSION}"
            )));
        }
        decode(&header.keyring).ok_or_else(|| self.wrong("its keyring is not base64"))
    }

    fn following(&mut self) -> Result<Result<Item, End>, MaintenanceError> {
        let cut = "it ends before its last line: it was cut off";
        let (line, before) = self.line()?.ok_or_else(|| self.wrong(cut))?;
        let member = match line {
            Line::Record(line) => line.parse().map(Item::Record),
            Line::Token(line) => line.parse().map(Item::Token),
            Line::Entry(line) => line.parse().map(Item::Entry),
            Line::CountersignBackup(_) => return Err(self.wrong("it begins twice")),
            Line::End(end) => {
                if end.sha256 != hexadecimal(&before.finalize()) {
                    return Err(self.wrong("its SHA-256 is another: it was changed or damaged"));
                }
                if self.line()?.is_some() {
                    return Err(self.wrong("it goes on after its end"));
                }
                return Ok(Err(end));
            }
        };
        match member {
            Ok(item) => Ok(Ok(item)),
            Err(member) => Err(self.wrong(&format!("{member} is none"))),
        }
    }

    /// The next line, and the hash of all before it.
    fn line(&mut self) -> Result<Option<(Line, Sha256)>, MaintenanceError> {
        let mut text = Vec::new();
        let mut bounded = (&mut self.lines).take(MAX_LINE);
        let read = bounded.read_until(b'\n', &mut text);
        read.map_err(|error| self.unreadable(error))?;
        if text.is_empty() {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        if text.last() != Some(&b'\n') {
            return Err(self.wrong("it ends in the middle of a line: it was cut off"));
        }
        // The error's own text may quote what is in the file.
        let line = serde_json::from_slice(&text)
            .map_err(|_| self.wrong("it is not a line of a backup: it was changed or damaged"))?;
        let before = self.hash.clone();
        self.hash.update(&text);
        Ok(Some((line, before)))
    }

    fn wrong(&self, what: &str) -> MaintenanceError {
        MaintenanceError::new(format!(
            "the backup {:?} is refused, and nothing is restored; line {}: {what}",
            self.name, self.number
        ))
    }

    fn unreadable(&self, error: io::Error) -> MaintenanceError {
        MaintenanceError::new(format!(
            "the backup {:?} cannot be read: {error}",
            self.name
        ))
        .because(error)
    }
}
