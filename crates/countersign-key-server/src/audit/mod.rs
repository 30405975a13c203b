//! The audit log: one JSON line for every mutation, every secret that is read and every
//! verification.
//!
//! A mutation has two lines: one with the result `begun`, written before anything changes, and
//! one with what became of it. Without the first there is no mutation, without a line no secret
//! leaves. Two lines of one request have the same `request` number.
//!
//! ```json
//! {"time":"2026-01-01T00:00:00Z","request":7,"caller":"k3v9","address":"192.0.2.1",
//!  "operation":"delete","credential":"a55ace63109841ddaa8a100b75974c91",
//!  "principal":"dave@example.com","result":"done"}
//! ```
//!
//! Invariants: a line holds no secret. `basic` credentials, whose api key is their secret, are
//! called by their handle, and so is an id that nobody has: it may be a key of somebody elsewhere.
//! A line is one write; text from the wire is escaped.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::Timestamp;
use serde::Serialize;

use crate::registry::time::Rfc3339;

/// Where audit lines go. Clones write to the same place.
#[derive(Clone)]
pub struct AuditLog(Option<Arc<Mutex<Sink>>>);

struct Sink {
    writer: Box<dyn Write + Send>,
    /// The last write failed, perhaps in the middle of a line.
    broken_off: bool,
}

/// One line.
#[derive(Serialize)]
pub(crate) struct Entry<'a> {
    #[serde(serialize_with = "rfc_3339")]
    pub(crate) time: Timestamp,
    pub(crate) request: u64,
    /// The id of a token, or `anonymous`.
    pub(crate) caller: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    pub(crate) operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<&'a str>,
    /// Of a listing: those whose secrets were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) principal: Option<&'a str>,
    pub(crate) result: &'a str,
}

impl AuditLog {
    /// Writes no lines.
    pub fn off() -> Self {
        Self(None)
    }

    /// Writes each line to `writer`, with one call.
    pub fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(Sink {
            writer: Box::new(writer),
            broken_off: false,
        }))))
    }

    /// Writes to the standard error.
    pub fn stderr() -> Self {
        Self::to_writer(io::stderr())
    }

    /// Appends to the file `path`, which is made if need be, for its owner only.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn file(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self::to_writer(options.open(path)?))
    }

    /// Whether lines are written at all.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes a line, and returns when the operating system has it.
    pub(crate) fn write(&self, entry: &Entry<'_>) -> io::Result<()> {
        let Some(sink) = &self.0 else {
            return Ok(());
        };
        let mut line = Vec::with_capacity(256);
        line.push(b'\n');
        serde_json::to_writer(&mut line, entry)?;
        line.push(b'\n');
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        // After a line that broke off the next one begins on a line of its own.
        let skipped = usize::from(!sink.broken_off);
        let line = line.get(skipped..).unwrap_or_default();
        let written = sink
            .writer
            .write_all(line)
            .and_then(|()| sink.writer.flush());
        sink.broken_off = written.is_err();
        written
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() {
            "AuditLog(on)"
        } else {
            "AuditLog(off)"
        })
    }
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn rfc_3339<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    Rfc3339(*time).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes of each third write and then fails.
    #[derive(Clone, Default)]
    struct Flaky(Arc<Mutex<(Vec<u8>, u32)>>);

    impl Write for Flaky {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut kept = self.0.lock().unwrap();
            kept.1 = kept.1.saturating_add(1);
            match kept.1 {
                2 => {
                    kept.0.extend_from_slice(&bytes[..5]);
                    Ok(5)
                }
                3 => Err(io::ErrorKind::StorageFull.into()),
                _ => {
                    kept.0.extend_from_slice(bytes);
                    Ok(bytes.len())
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn entry(principal: &str) -> Entry<'_> {
        Entry {
            time: Timestamp::from_unix(0),
            request: 1,
            caller: "anonymous",
            address: None,
            operation: "create",
            credential: None,
            credentials: None,
            principal: Some(principal),
            result: "begun",
        }
    }

    #[test]
    fn a_line_that_broke_off_does_not_swallow_the_next() {
        let sink = Flaky::default();
        let log = AuditLog::to_writer(sink.clone());
        assert!(log.write(&entry("a")).is_ok());
        assert!(log.write(&entry("b")).is_err());
        assert!(log.write(&entry("c")).is_ok());
        let text = String::from_utf8(sink.0.lock().unwrap().0.clone()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].contains(r#""a""#) && lines[2].contains(r#""c""#));
        assert_eq!(lines[1], &lines[0][..5]);
    }

    #[test]
    fn text_from_the_wire_stays_on_its_line() {
        let sink = Flaky::default();
        let log = AuditLog::to_writer(sink.clone());
        log.write(&entry("a\"\n\u{1b}[31m\u{2028}")).unwrap();
        let text = String::from_utf8(sink.0.lock().unwrap().0.clone()).unwrap();
        assert_eq!(text.trim_end().lines().count(), 1, "{text:?}");
        assert!(text.contains(r#"a\"\n\u001b[31m"#), "{text:?}");
    }
}
